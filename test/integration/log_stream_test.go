package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// newLogStream declares a log stream whose token is in a Secret.
func newLogStream(e *environment) *v1alpha1.Auth0LogStream {
	e.create(&corev1.Secret{ObjectMeta: e.meta("splunk"), StringData: map[string]string{"token": "planted-token"}})
	return &v1alpha1.Auth0LogStream{ObjectMeta: e.meta("siem"), Spec: v1alpha1.Auth0LogStreamSpec{
		ManagedSpec: e.managedSpec(), Name: "siem", Type: "splunk",
		Sink: v1alpha1.LogStreamSink{
			SplunkDomain: "splunk.example.com", SplunkPort: "8088", SplunkSecure: new(true),
			SplunkTokenSecretRef: &v1alpha1.SecretKeyReference{Name: "splunk", Key: "token"},
		},
	}}
}

func TestCallsOfALogStream(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	stream := newLogStream(e)
	e.sim.ResetRequests()
	e.create(stream)
	e.eventuallyReady(stream)
	e.requireCalls("creating a log stream", 2)
	e.reconcile(stream)
	e.requireCalls("finding nothing to do", 1)
	change(e, stream, func(stream *v1alpha1.Auth0LogStream) { stream.Spec.Name = "watch" })
	e.eventuallyReady(stream)
	e.requireCalls("changing a field", 2)
	e.deleteAndWait(stream)
	e.requireCalls("deleting it", 3)
}

// TestSuspendedLogStream checks that the operator says when Auth0 stopped a stream, and does not start it again and again. Its token,
// which Auth0 echoes, is nowhere in the object.
func TestSuspendedLogStream(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	stream := newLogStream(e)
	stream.Spec.Paused = new(false)
	e.create(stream)
	e.eventuallyReady(stream)
	e.dashboard("PATCH", "/api/v2/log-streams/"+stream.Status.ID, map[string]any{"status": "suspended"})
	e.sim.ResetRequests()
	e.reconcile(stream)
	e.eventuallyCondition(stream, v1alpha1.ConditionDelivering, metav1.ConditionFalse, v1alpha1.ReasonSuspendedByAuth0, "Dashboard")
	if writes := e.sim.Requests().Writes(); writes != 0 {
		t.Errorf("%d writes for a stream that Auth0 suspended", writes)
	}
	if text, err := json.Marshal(stream); err != nil || strings.Contains(string(text), "planted-token") {
		t.Errorf("the object has the token: %s %v", text, err)
	}
}

// TestLogStreamOutsideThePlan creates a log stream in a tenant whose plan has none. After an upgrade, a request suffices.
func TestLogStreamOutsideThePlan(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.sim.AddFaults(simulator.Fault{
		Method: http.MethodPost, Route: "/api/v2/log-streams", Status: http.StatusForbidden,
		Body: []byte(`{"statusCode":403,"error":"Forbidden","message":"Please upgrade your subscription to use log streams","errorCode":"insufficient_entitlement"}`),
	})
	stream := newLogStream(e)
	e.create(stream)
	e.eventuallyStalled(stream, v1alpha1.ReasonNotEntitled, "upgrade")
	e.sim.ClearFaults()
	e.reconcile(stream)
	e.eventuallyReady(stream)
}
