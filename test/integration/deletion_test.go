package integration

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// deletable are the subjects of which something in Auth0 is deleted.
var deletable = []string{
	"Auth0Client", "Auth0Connection", "Auth0ClientGrant", "Auth0Organization", "Auth0ResourceServer", "Auth0Role", "Auth0User", "Auth0User by sign-up",
}

// TestDeletionThatTakesAWhile has Auth0 accept a deletion and show the object for some time yet. The Kubernetes object stays until
// it is gone: somebody who makes it anew at once must not meet what is left of it.
func TestDeletionThatTakesAWhile(t *testing.T) {
	for _, kind := range deletable {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := subjects[kind]
			slow := &slowDeletion{}
			e := newEnvironment(t, func(o *simulator.Options) { o.Wrap = slow.wrap })
			s.prepare(e)
			object := s.object(e, "one")
			e.create(object)
			e.eventuallyReady(object)
			there := s.count(e)

			slow.isSlow.Store(true)
			e.delete(object)
			e.eventuallyReconciling(object, v1alpha1.ReasonDeleting, "waiting until it is gone")
			s.requireCount(e, there)

			slow.isSlow.Store(false)
			change(e, object, func(o v1alpha1.Managed) {
				o.SetAnnotations(map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "now"})
			})
			e.eventuallyGone(object)
			s.requireCount(e, there-1)
		})
	}
}

// slowDeletion accepts deletions that take no effect yet.
type slowDeletion struct{ isSlow atomic.Bool }

func (d *slowDeletion) wrap(auth0 http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ofObject := len(strings.Split(r.URL.EscapedPath(), "/")) == len(strings.Split("/api/v2/roles/id", "/"))
		if d.isSlow.Load() && r.Method == http.MethodDelete && ofObject {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		auth0.ServeHTTP(w, r)
	})
}
