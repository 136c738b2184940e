package batch

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
	imports, tenant := &Batches{}, types.NamespacedName{Namespace: "a", Name: "main"}
	of := imports.Of(tenant)
	joins, err := of.Worthwhile("waits", time.Now(), func() {}, func() (int, error) { return 1, nil })
	if joins || err != nil {
		t.Fatalf("one user goes by import: %v", err)
	}
	refused, batches, came := &Member{UID: "refused", batch: &batch{}}, &Member{UID: "shares"}, &Member{UID: "came", over: true}
	of.Take(refused, false)
	for _, m := range []*Member{batches, came} {
		of.batched[m.UID] = m
	}

	imports.KeepOnly(map[types.UID]bool{})

	if len(of.waiting)+len(of.individually) > 0 || of.InListBatch("came") != nil {
		t.Errorf("users that are gone are remembered: %v %v %v", of.waiting, of.individually, of.batched)
	}
	if of.InListBatch("shares") != batches {
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
		imports, answered := &Batches{}, make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- imports.Start(ctx) }()
		imports.Of(types.NamespacedName{}).setOff(&batch{}, func() { <-answered })
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
