package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// plantedRefusal is what Auth0 says in these tests.
const plantedRefusal = "planted words of Auth0"

// TestRefusalsCarryTheRequestID has the creation of every kind fail in every way: what quotes Auth0 names the request.
func TestRefusalsCarryTheRequestID(t *testing.T) {
	t.Parallel()
	for kind, s := range subjects {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			object := s.object(e, "one")
			for i, refusal := range []struct {
				status int
				code   string
			}{
				{http.StatusBadRequest, "invalid_body"},
				{http.StatusBadRequest, "invalid_request"},
				{http.StatusBadRequest, "operation_not_supported"},
				{http.StatusForbidden, "insufficient_scope"},
				{http.StatusForbidden, "access_denied"},
				{http.StatusForbidden, "invalid_grant"},
				{http.StatusNotFound, "inexistent_thing"},
				{http.StatusGone, "expired"},
				{http.StatusServiceUnavailable, "unavailable"},
			} {
				body, err := json.Marshal(map[string]any{"statusCode": refusal.status, "error": http.StatusText(refusal.status), "message": plantedRefusal, "errorCode": refusal.code})
				if err != nil {
					t.Fatal(err)
				}
				e.sim.ClearFaults()
				e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Status: refusal.status, Body: body})
				e.sim.ResetRequests()
				if i == 0 {
					e.create(object)
				} else {
					e.request(object)
				}
				e.eventually(func() error {
					if e.sim.Requests().Count(s.create.method, s.create.route) == 0 {
						return fmt.Errorf("%d %s: nothing was tried", refusal.status, refusal.code)
					}
					return e.quotes(object)
				})
			}
			for _, event := range e.events(object) {
				requireRequestID(t, event)
			}
		})
	}
}

// TestRefusedChangesCarryTheRequestID lets Auth0 refuse every write to what exists: the update and the deletion of each kind.
func TestRefusedChangesCarryTheRequestID(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(map[string]any{"statusCode": http.StatusBadRequest, "error": "Bad Request", "message": plantedRefusal, "errorCode": "invalid_body"})
	if err != nil {
		t.Fatal(err)
	}
	for kind, s := range subjects {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			object := s.declared(e)
			for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
				e.sim.AddFaults(simulator.Fault{Method: method, Status: http.StatusBadRequest, Body: body})
			}
			change(e, object, s.change)
			e.eventually(func() error { return e.quotes(object) })
			e.sim.ResetRequests()
			if err := e.kube.Delete(e.ctx, object); err != nil {
				t.Fatal(err)
			}
			e.eventually(func() error { return e.refusesDeletion(object) })
			for _, event := range e.events(object) {
				requireRequestID(t, event)
			}
			e.sim.ClearFaults()
		})
	}
}

// refusesDeletion fails until an object says why it is not deleted. Most tokens go without a call that Auth0 could refuse.
func (e *environment) refusesDeletion(object v1alpha1.Managed) error {
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !slices.ContainsFunc(e.sim.Requests().ByRoute, func(call simulator.Count) bool { return call.Method != http.MethodGet }) {
		return errors.New("nothing was tried")
	}
	for _, condition := range abnormal(object) {
		requireRequestID(e.T, condition.Reason+": "+condition.Message)
	}
	return nil
}

// request asks for another look at an object, and does not wait.
func (e *environment) request(object v1alpha1.Managed) {
	e.Helper()
	change(e, object, func(o v1alpha1.Managed) {
		annotations := map[string]string{}
		maps.Copy(annotations, o.GetAnnotations())
		annotations[v1alpha1.AnnotationReconcileRequestedAt] = fmt.Sprint(time.Now().UnixNano())
		o.SetAnnotations(annotations)
	})
}

// quotes holds the conditions of an object against the rule, and fails while there are none that say that it is not Ready.
func (e *environment) quotes(object v1alpha1.Managed) error {
	e.Helper()
	e.get(object)
	found := abnormal(object)
	if len(found) == 0 {
		return fmt.Errorf("it says nothing: %+v", object.GetCommonStatus())
	}
	for _, condition := range found {
		requireRequestID(e.T, condition.Reason+": "+condition.Message)
	}
	return nil
}

func requireRequestID(t *testing.T, message string) {
	t.Helper()
	if strings.Contains(message, plantedRefusal) && !strings.Contains(message, "Auth0's request ID: ") {
		t.Errorf("the message quotes Auth0 without the request ID: %s", message)
	}
}
