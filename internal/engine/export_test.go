package engine

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// AddTypes adds the types of kinds that exist only in tests to the group.
func AddTypes(objects ...runtime.Object) {
	groupScheme().AddKnownTypes(v1alpha1.SchemeGroupVersion, objects...)
}

// OpenQueue gives the loop a work queue, as a manager does. It returns a function that closes it.
func (r *Reconciler[O]) OpenQueue() (closes func()) {
	return r.queue.open(r.Kind, workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, time.Second)).ShutDown
}

// Inner returns the handler of the loop.
func (r *Reconciler[O]) Inner() any { return r.Handler }

// SetJoinDelay sets how long others may join a write of an assembled list.
func (r *Remote[O]) SetJoinDelay(delay time.Duration) { r.assembledLists.delay = delay }

// Joined returns how many objects joined the next write of an assembled list.
func (r *Remote[O]) Joined(tenant, list string) int {
	l := r.assembledLists.of(tenant + " " + list)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sharedWrite == nil {
		return 0
	}
	return l.sharedWrite.joined
}

// Differs reports whether a list that shows an object so requests a read of it.
func (r *Remote[O]) Differs(t *testing.T, object any, shown auth0.Document) bool {
	t.Helper()
	return r.snapshot.(*kindDriftDetector[O]).compare(t.Context(), nil, object.(O), shown) == differs
}
