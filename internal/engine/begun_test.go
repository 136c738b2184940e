package engine

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestALateEventIsNoNews has the event of a version come after a reconciliation began with that version, as with a cache that is
// ahead of its events: the event costs nothing. The event of a newer version counts.
func TestALateEventIsNoNews(t *testing.T) {
	role := func(version string) *v1alpha1.Auth0Role {
		return &v1alpha1.Auth0Role{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one", ResourceVersion: version}}
	}
	begun := newBegun()
	begun.note(role("20"))
	for version, want := range map[string]int{"9": 0, "20": 0, "21": 1, "100": 1} {
		queue := priorityqueue.New[reconcile.Request]("test")
		enqueueItself(begun).Update(t.Context(), event.UpdateEvent{ObjectOld: role("8"), ObjectNew: role(version)}, queue)
		if have := queue.Len(); have != want {
			t.Errorf("the event of version %s after the start with 20 adds %d objects, want %d", version, have, want)
		}
		queue.ShutDown()
	}
}
