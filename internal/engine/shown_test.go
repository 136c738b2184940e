package engine_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestSink is a kind with a secret value that Auth0 shows, inside an object that it replaces whole.
type TestSink struct{ base }

type TestSinkList struct{ listOf[TestSink] }

func (s *TestSink) DeepCopyObject() runtime.Object     { return copyOf(s) }
func (l *TestSinkList) DeepCopyObject() runtime.Object { return copyOf(l) }

func init() { engine.AddTypes(&TestSink{}, &TestSinkList{}) }

const (
	tokenPath   = "sink.splunkToken"
	ourToken    = "planted-ours"
	theirToken  = "planted-theirs"
	sinkUpdates = "/api/v2/log-streams/{id}"
)

// newSink returns a world with a sink that is Ready.
func newSink(t *testing.T) (*world, *TestSink) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestSink]{
		Resource: "log-streams", Noun: "sink", NamesRepeat: true,
		Fields: fields.Semantics{Replaced: []string{"sink"}, CreateOnly: []string{"type"}, Shown: []string{tokenPath}},
	})))
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "splunk"}, Data: map[string][]byte{"token": []byte(ourToken)}})
	sink := &TestSink{}
	sink.Spec.Secrets = map[string]v1alpha1.SecretKeyReference{tokenPath: {Name: "splunk", Key: "token"}}
	w.declare(sink, "siem", map[string]any{
		"name": "siem", "type": "splunk",
		"sink": map[string]any{"splunkDomain": "splunk.example.com", "splunkPort": "8088", "splunkSecure": true},
	})
	w.requireReady(sink)
	w.forgetCalls()
	return w, sink
}

// path is the path of the sink in Auth0.
func (s *TestSink) path() string { return "log-streams/" + s.Status.ID }

func (w *world) changeToken(sink *TestSink, token string) {
	w.Helper()
	now := w.inAuth0(sink.path()).Object("sink").Clone()
	now["splunkToken"] = token
	w.changeInAuth0(sink.path(), map[string]any{"sink": now})
}

func (w *world) requireToken(sink *TestSink, token string) {
	w.Helper()
	if now := w.inAuth0(sink.path()).Object("sink").String("splunkToken"); now != token {
		w.Errorf("Auth0 does not have the token %q", token)
	}
}

// requireNoSecrets checks that the object and its Events have none of the planted values.
func (w *world) requireNoSecrets(object object) {
	w.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		w.Fatal(err)
	}
	all := []string{string(text)}
	for len(w.recorder.Events) > 0 {
		all = append(all, <-w.recorder.Events)
	}
	if slices.ContainsFunc(all, func(text string) bool { return strings.Contains(text, "planted") }) {
		w.Error("the object or an Event has a secret value")
	}
	if slices.Contains(object.GetManagedStatus().ManagedFields, tokenPath) {
		w.Error("status.managedFields has the path of a secret value")
	}
}

func touch(*spec) {}

func TestShownSecretIsSetAgain(t *testing.T) {
	w, sink := newSink(t)
	w.changeToken(sink, theirToken)
	w.edit(sink, touch)
	w.requireReady(sink)
	w.requireCalls("GET "+sink.path(), "PATCH "+sink.path())
	w.requireToken(sink, ourToken)
	w.requireNoSecrets(sink)
	w.edit(sink, touch)
	w.requireReady(sink)
	w.requireCalls("GET " + sink.path())
}

// TestListShowsSecret: a list suffices to notice that somebody changed a secret value.
func TestListShowsSecret(t *testing.T) {
	w, sink := newSink(t)
	handler := w.loops["TestSink"].(interface{ Inner() any }).Inner()
	differs := handler.(*engine.Remote[*TestSink]).Differs
	if differs(t, sink, w.inAuth0(sink.path())) {
		t.Error("an object that is in sync differs")
	}
	w.changeToken(sink, theirToken)
	if !differs(t, sink, w.inAuth0(sink.path())) {
		t.Error("a changed secret value is the same")
	}
}

// TestShownSecretNotApplied: what Auth0 accepts and does not apply is said, and not sent again before something changes.
func TestShownSecretNotApplied(t *testing.T) {
	w, sink := newSink(t)
	w.changeToken(sink, theirToken)
	w.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: sinkUpdates, Ignore: []string{"*"}})
	w.edit(sink, touch)
	if message := w.requireReason(sink, v1alpha1.ReasonNotApplied); !strings.Contains(message, tokenPath) {
		t.Errorf("the message does not name the field: %s", message)
	}
	w.requireCalls("GET "+sink.path(), "PATCH "+sink.path(), "GET "+sink.path())
	w.requireNoSecrets(sink)
	for range 2 {
		w.requireReason(sink, v1alpha1.ReasonNotApplied)
		w.requireCalls("GET " + sink.path())
		w.requireNoSecrets(sink)
	}
	w.sim.ClearFaults()
	w.changeToken(sink, "planted-other")
	w.requireReady(sink)
	w.requireCalls("GET "+sink.path(), "PATCH "+sink.path())
	w.requireToken(sink, ourToken)
}

// TestAbandonedSecretIsNotShown: status has no value of a field that came from a Secret before and that Auth0 does not clear.
func TestAbandonedSecretIsNotShown(t *testing.T) {
	w, sink := newSink(t)
	w.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: sinkUpdates, Ignore: []string{"*"}})
	w.edit(sink, func(spec *spec) {
		spec.Secrets = nil
		spec.Settings["name"] = "renamed"
	})
	w.requireReason(sink, v1alpha1.ReasonNotApplied)
	if !slices.ContainsFunc(sink.Status.Differences, func(one v1alpha1.Difference) bool { return one.Field == tokenPath }) {
		t.Error("status.differences does not name the field")
	}
	text, err := json.Marshal(sink)
	if err != nil || strings.Contains(string(text), "planted") {
		t.Errorf("the object has a secret value: %v", err)
	}
}

// TestTopLevelSecretNotApplied: the same for a value beside all objects, as the client secret of an application is.
func TestTopLevelSecretNotApplied(t *testing.T) {
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestSink]{
		Resource: "clients", Noun: "application", NamesRepeat: true,
		Fields:  fields.Semantics{UpdateOnly: []string{"client_secret"}, Shown: []string{"client_secret"}},
		ID:      func(sink *TestSink) string { return sink.Status.ID },
		Observe: func(sink *TestSink, have auth0.Document) { sink.Status.ID = have.String("client_id") },
	})))
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "app"}, Data: map[string][]byte{"secret": []byte("planted-" + strings.Repeat("x", 48))}})
	app := &TestSink{}
	app.Spec.Secrets = map[string]v1alpha1.SecretKeyReference{"client_secret": {Name: "app", Key: "secret"}}
	w.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: "/api/v2/clients/{id}", Ignore: []string{"*"}})
	w.declare(app, "app", map[string]any{"name": "app", "app_type": "regular_web"})
	w.requireReason(app, v1alpha1.ReasonNotApplied)
	w.forgetCalls()
	for range 2 {
		w.requireReason(app, v1alpha1.ReasonNotApplied)
		w.requireCalls("GET clients/" + app.Status.ID)
		w.requireNoSecrets(app)
	}
}

// TestFreeOptionsShowNoSecrets: a plan shows what differs in free JSON, without what its names say is secret.
func TestFreeOptionsShowNoSecrets(t *testing.T) {
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestSink]{
		Resource: "network-acls", Noun: "rule", Fields: fields.Semantics{Replaced: []string{"options"}, Free: []string{"options"}},
	})))
	s := w.serve(&served{lists: []string{"network-acls"}})
	s.objects["network-acls/acl_1"] = auth0.Document{"id": "acl_1", "name": "idp", "options": map[string]any{
		"client_secret": "planted-1", "gateway": map[string]any{"method": "bearer", "secret": "planted-2"}, "keys": []any{"planted-3"}, "passwordPolicy": "low",
	}}
	sink := &TestSink{}
	sink.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	w.declare(sink, "idp", map[string]any{"name": "idp", "options": map[string]any{
		"client_secret": nil, "gateway": nil, "keys": []any{}, "passwordPolicy": "good",
	}})
	w.requireReady(sink)
	w.requireNoSecrets(sink)
	if text := asJSON(sink.Status.Differences); !strings.Contains(text, "bearer") || !strings.Contains(text, "low") {
		t.Errorf("the differences do not show what is no secret: %s", text)
	}
}
