package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// TestImportsForgetTheGone deletes users while they wait for their creation, deletes others by force while they share calls, and
// then deletes their tenant.
func TestImportsForgetTheGone(t *testing.T) {
	imports, tenant := &Imports{}, types.NamespacedName{Namespace: "a", Name: "main"}
	of := imports.of(tenant)
	joins, err := of.worthwhile("waits", time.Now(), func() {}, func() (int, error) { return 1, nil })
	if joins || err != nil {
		t.Fatalf("one user goes by import: %v", err)
	}
	refused, batches, came := &member{uid: "refused", batch: &batch{}}, &member{uid: "shares"}, &member{uid: "came", over: true}
	of.take(refused, false)
	for _, m := range []*member{batches, came} {
		of.batched[m.uid] = m
	}

	imports.keepOnly(map[types.UID]bool{})

	if len(of.waiting)+len(of.individually) > 0 || of.find("came", of.batched) != nil {
		t.Errorf("users that are gone are remembered: %v %v %v", of.waiting, of.individually, of.batched)
	}
	if of.find("shares", of.batched) != batches {
		t.Error("a user for whom a call is on its way was forgotten")
	}
	imports.Forget(tenant)
	if len(imports.tenants) > 0 || !of.gone {
		t.Error("a tenant that is gone is remembered")
	}
}

// TestImportsEndWithTheirCalls checks that the lease is not given back while a call is in flight.
func TestImportsEndWithTheirCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		imports, answered := &Imports{}, make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- imports.Start(ctx) }()
		imports.of(types.NamespacedName{}).setOff(&batch{}, func() { <-answered })
		cancel()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Errorf("the imports ended while a call was on its way: %v", err)
		default:
		}
		close(answered)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
