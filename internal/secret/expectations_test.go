package secret

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestJournalIsBounded(t *testing.T) {
	expectations := NewExpectations()
	for i := range 2 * mostEntries {
		name := client.ObjectKey{Namespace: "default", Name: fmt.Sprint(i)}
		if err := expectations.record(name, func() (string, error) { return "1", nil }); err != nil {
			t.Fatal(err)
		}
	}
	if known := len(expectations.entries.Keys()); known > mostEntries {
		t.Errorf("%d entries, want at most %d", known, mostEntries)
	}
}

// TestAWriteKeepsNoEventWaiting sees a Secret while it is being written: nobody waits for the API server's answer. What turns out
// to be newer than the write is reported after it, and what the write itself made is not.
func TestAWriteKeepsNoEventWaiting(t *testing.T) {
	expectations := NewExpectations()
	name := client.ObjectKey{Namespace: "default", Name: "one"}
	seen := func(version string) client.Object {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name, ResourceVersion: version}}
	}
	var reported []string
	err := expectations.record(name, func() (string, error) {
		for _, version := range []string{"9", "10", "11"} {
			if !expectations.Knows(seen(version), func() { reported = append(reported, version) }) {
				t.Errorf("version %s counts as news during the write", version)
			}
		}
		return "10", nil
	})
	if err != nil || !slices.Equal(reported, []string{"11"}) {
		t.Errorf("after the write of version 10, %v are reported, want [11]: %v", reported, err)
	}
	if expectations.Knows(seen("12"), nil) || !expectations.Knows(seen("10"), nil) {
		t.Error("after the write, a version is judged wrongly")
	}
}

// TestAHashIsNotWaitedForInVain gives up while another caller reads the key from an API server that does not answer.
func TestAHashIsNotWaitedForInVain(t *testing.T) {
	reading, answer := make(chan struct{}), make(chan struct{})
	kube := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			close(reading)
			<-answer
			return errors.New("no answer")
		},
	})
	hasher := &Hasher{Client: kube, Namespace: "operator"}
	ended := make(chan error)
	go func() {
		_, err := hasher.Hash(t.Context(), "scope", "value")
		ended <- err
	}()
	<-reading
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hasher.Hash(ctx, "scope", "value"); !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up gets %v", err)
	}
	close(answer)
	if err := <-ended; err == nil {
		t.Error("a key that cannot be read is used")
	}
}
