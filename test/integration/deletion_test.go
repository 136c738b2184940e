package integration

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// deletable are the subjects of which something in Auth0 is deleted.
var deletable = []string{
	"Auth0Client", "Auth0Connection", "Auth0ClientGrant", "Auth0Organization", "Auth0ResourceServer", "Auth0Role", "Auth0User", "Auth0User by sign-up",
}

// TestDeletionThatTakesAWhile has Auth0 accept a deletion and show the object for some time yet. The Kubernetes object stays until
// it is gone: somebody who makes it again at once must not meet what is left of it.
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

// TestDeletionLeavesWhatAnotherObjectHolds deletes objects whose thing in Auth0 became another one's since: its marker says so, or the
// status of an older object. Their own status still says that it is theirs.
func TestDeletionLeavesWhatAnotherObjectHolds(t *testing.T) {
	for kind, lose := range map[string]func(*environment, fixture, v1alpha1.Managed){
		"Auth0Client":         removeMarker("/api/v2/clients", "client_metadata"),
		"Auth0User":           removeMarker("/api/v2/users", "app_metadata"),
		"Auth0Connection":     removeMarker("/api/v2/connections", "metadata"),
		"Auth0Organization":   removeMarker("/api/v2/organizations", "metadata"),
		"Auth0Role":           loseToOlder,
		"Auth0ResourceServer": loseToOlder,
		"Auth0ClientGrant":    loseToOlder,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e, s := newEnvironment(t), subjects[kind]
			s.prepare(e)
			object := s.object(e, "one")
			e.create(object)
			e.eventuallyReady(object)
			lose(e, s, object)
			s.requireCount(e, 1)
		})
	}
}

// removeMarker has an object in Auth0 carry the marker of another Kubernetes object, and deletes the one that made it.
func removeMarker(route, metadata string) func(*environment, fixture, v1alpha1.Managed) {
	return func(e *environment, _ fixture, object v1alpha1.Managed) {
		e.stopOperator()
		path := route + "/" + url.PathEscape(object.(v1alpha1.Referent).GetIdentity().ID)
		e.dashboard("PATCH", path, map[string]any{metadata: map[string]any{"auth0_operator": "shop/other/0d9f8a3e-6d1c-4a57-9e0c-2f1f5f0a9c11"}})
		e.delete(object)
		e.startOperator()
		e.eventuallyGone(object)
	}
}

// loseToOlder has a younger object say that it took over what the older one holds, as after a change of leaders, and deletes it.
func loseToOlder(e *environment, s fixture, object v1alpha1.Managed) {
	e.eventually(func() error {
		// Kubernetes tells the ages of objects to a second.
		if time.Since(object.GetCreationTimestamp().Time) < time.Second {
			return errNotYet
		}
		return nil
	})
	younger := s.object(e, "two")
	e.create(younger)
	e.eventuallyStalled(younger, s.conflictReason)
	e.stopOperator()
	id := object.(v1alpha1.Referent).GetIdentity().ID
	status := fmt.Sprintf(`{"metadata":{"finalizers":[%q]},"status":{"id":%q,"owned":{"id":%q,"uid":%q}}}`, v1alpha1.Finalizer, id, id, younger.GetUID())
	for _, write := range []func() error{
		func() error {
			return e.kube.Patch(e.ctx, younger, client.RawPatch(types.MergePatchType, []byte(status)))
		},
		func() error {
			return e.kube.Status().Patch(e.ctx, younger, client.RawPatch(types.MergePatchType, []byte(status)))
		},
	} {
		if err := write(); err != nil {
			e.Fatal(err)
		}
	}
	e.delete(younger)
	e.startOperator()
	e.eventuallyGone(younger)
	e.reconcile(object)
	s.require(e, object)
}
