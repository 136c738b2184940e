package engine_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// TestAction is a kind with a list of secret values that Auth0 never shows, as actions have one.
type TestAction struct{ base }

type TestActionList struct{ listOf[TestAction] }

func (a *TestAction) DeepCopyObject() runtime.Object     { return copyOf(a) }
func (l *TestActionList) DeepCopyObject() runtime.Object { return copyOf(l) }

func init() {
	auth0.AddResource("actions", auth0.Resource{ReadOnly: []string{"secrets.updated_at"}, Scopes: "roles"})
	engine.AddTypes(&TestAction{}, &TestActionList{})
}

// store is what Auth0 keeps of the values.
type store struct {
	*served

	values map[string]string
}

// newAction returns a world with an action that is Ready and has the values first and second.
func newAction(t *testing.T) (*world, *store, *TestAction) {
	t.Helper()
	w := newWorld(t, engine.NewKind(engine.Definition[*TestAction]{
		Resource: "actions", Noun: "action", Renamed: map[string]string{"entries": "secrets"},
		Fields: fields.Semantics{ListKeys: map[string]string{"secrets": "name"}},
		Render: func(_ *TestAction, document auth0.Document) {
			document["name"] = "send-mail"
			delete(document, "settings")
		},
	}))
	v := &store{served: w.serve(&served{lists: []string{"actions"}})}
	v.refuses = v.keep
	w.create(secretOf("keys", map[string]string{"first": "planted-1", "second": "planted-2"}))
	action := &TestAction{}
	action.Spec.Entries = []entry{entryOf("FIRST", "first"), entryOf("SECOND", "second")}
	w.declare(action, "action", nil)
	w.requireReady(action)
	w.requireCalls("POST actions")
	v.requireValues(t, map[string]string{"FIRST": "planted-1", "SECOND": "planted-2"})
	return w, v, action
}

func entryOf(name, key string) entry {
	return entry{Name: name, ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "keys", Key: key}}
}

// keep takes the values out of a write. It refuses an entry without a value, and one with a time, which Auth0 sets.
func (v *store) keep(_, _ string, body auth0.Document) (status int, answer string) {
	if body["secrets"] == nil {
		return 0, ""
	}
	values := map[string]string{}
	var shown []any
	for _, secret := range body.Objects("secrets") {
		if len(secret) != 2 || secret.String("value") == "" {
			return http.StatusBadRequest, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error: 'Missing required property: value' on property secrets[0]."}`
		}
		values[secret.String("name")] = secret.String("value")
		shown = append(shown, map[string]any{"name": secret["name"], "updated_at": createdAt})
	}
	v.values, body["secrets"] = values, shown
	return 0, ""
}

func (v *store) requireValues(t *testing.T, want map[string]string) {
	t.Helper()
	if asJSON(v.values) != asJSON(want) {
		t.Errorf("Auth0 does not have exactly the values of %v", want)
	}
}

func (w *world) requireApplied(action *TestAction, want ...string) {
	w.Helper()
	var paths []string
	for _, applied := range action.Status.AppliedSecrets {
		paths = append(paths, applied.Field)
	}
	slices.Sort(paths)
	if !slices.Equal(paths, want) {
		w.Errorf("status has the hashes of %v, want %v", paths, want)
	}
	w.requireNoSecrets(action)
}

const (
	firstPath  = "secrets.[name=FIRST].value"
	secondPath = "secrets.[name=SECOND].value"
)

// TestSecretsGoByTheKeyOfTheirEntry: the position of an entry means nothing, and an entry that leaves takes its hash with it.
func TestSecretsGoByTheKeyOfTheirEntry(t *testing.T) {
	w, v, action := newAction(t)
	w.requireApplied(action, firstPath, secondPath)
	w.edit(action, func(spec *spec) { slices.Reverse(spec.Entries) })
	w.requireReady(action)
	w.requireCalls("GET " + action.path())

	w.edit(action, func(spec *spec) { spec.Entries = []entry{entryOf("FIRST", "first")} })
	w.requireReady(action)
	w.requireCalls("GET "+action.path(), "PATCH "+action.path())
	v.requireValues(t, map[string]string{"FIRST": "planted-1"})
	w.requireApplied(action, firstPath)

	w.edit(action, func(spec *spec) { spec.Entries = append(spec.Entries, entryOf("SECOND", "second")) })
	w.requireReady(action)
	w.requireCalls("GET "+action.path(), "PATCH "+action.path())
	v.requireValues(t, map[string]string{"FIRST": "planted-1", "SECOND": "planted-2"})
	w.requireApplied(action, firstPath, secondPath)
}

func (a *TestAction) path() string { return "actions/" + a.Status.ID }

// TestChangedSecretSendsItsListOnce: Auth0 replaces the list, so all values go with the one that changed.
func TestChangedSecretSendsItsListOnce(t *testing.T) {
	w, v, action := newAction(t)
	w.changeSecret("keys", "second", "planted-new")
	w.requireReady(action)
	w.requireCalls("GET "+action.path(), "PATCH "+action.path())
	v.requireValues(t, map[string]string{"FIRST": "planted-1", "SECOND": "planted-new"})
	w.edit(action, touch)
	w.requireReady(action)
	w.requireCalls("GET " + action.path())
	w.requireApplied(action, firstPath, secondPath)
}

func (w *world) changeSecret(name, key, value string) {
	w.Helper()
	w.update(name, func(secret *corev1.Secret) { secret.Data[key] = []byte(value) })
}

func (w *world) update(name string, change func(*corev1.Secret)) {
	w.Helper()
	secret := secretOf(name, nil)
	if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
		w.Fatal(err)
	}
	change(secret)
	if err := w.kube.Update(w.Context(), secret); err != nil {
		w.Fatal(err)
	}
}

// TestMissingSecretOfAnEntry: the message names the list, the entry and the Secret, and Auth0 keeps what it has.
func TestMissingSecretOfAnEntry(t *testing.T) {
	w, v, action := newAction(t)
	w.edit(action, func(spec *spec) { spec.Entries[1].ValueSecretRef.Name = "missing" })
	message := w.requireReason(action, v1alpha1.ReasonSecretNotFound)
	for _, part := range []string{secondPath, "Secret auth0/missing"} {
		if !strings.Contains(message, part) {
			t.Errorf("the message does not name %s: %s", part, message)
		}
	}
	w.requireCalls()
	v.requireValues(t, map[string]string{"FIRST": "planted-1", "SECOND": "planted-2"})
	w.requireApplied(action, firstPath, secondPath)
}

// TestEntriesThatOthersChange: the operator sets the list again, with all values.
func TestEntriesThatOthersChange(t *testing.T) {
	w, v, action := newAction(t)
	for name, entries := range map[string][]any{
		"removed": {map[string]any{"name": "FIRST", "updated_at": createdAt}},
		"added": {
			map[string]any{"name": "OTHER", "updated_at": createdAt}, map[string]any{"name": "SECOND", "updated_at": createdAt},
			map[string]any{"name": "FIRST", "updated_at": createdAt},
		},
	} {
		v.objects[action.path()]["secrets"], v.values = entries, nil
		w.edit(action, touch)
		w.requireReady(action)
		w.requireCalls("GET "+action.path(), "PATCH "+action.path())
		v.requireValues(t, map[string]string{"FIRST": "planted-1", "SECOND": "planted-2"})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestValueThatLeavesItsEntry: an entry whose value no longer comes from a Secret is sent once without it.
func TestValueThatLeavesItsEntry(t *testing.T) {
	w, v, action := newAction(t)
	refused := v.refuses
	v.refuses = nil
	w.edit(action, func(spec *spec) { spec.Entries[1].ValueSecretRef = nil })
	w.requireReady(action)
	w.requireCalls("GET "+action.path(), "PATCH "+action.path())
	w.requireApplied(action, firstPath)
	v.refuses = refused
	w.edit(action, touch)
	w.requireReady(action)
	w.requireCalls("GET " + action.path())
}

// newHeaders returns a world with a sink whose headers Auth0 shows, one of them with a value from a Secret.
func newHeaders(t *testing.T) (*world, *TestSink) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestSink]{
		Resource: "log-streams", Noun: "sink", NamesRepeat: true,
		Fields: fields.Semantics{
			Replaced: []string{"sink"}, CreateOnly: []string{"type"},
			ListKeys: map[string]string{"sink.httpCustomHeaders": "header"}, Shown: []string{"sink.httpCustomHeaders.[header].value"},
		},
	})))
	w.create(secretOf("keys", map[string]string{"key": ourToken}))
	sink := &TestSink{}
	sink.Spec.Secrets = map[string]v1alpha1.SecretKeyReference{headerPath: {Name: "keys", Key: "key"}}
	w.declare(sink, "siem", map[string]any{
		"name": "siem", "type": "http",
		"sink": map[string]any{"httpEndpoint": "https://logs.example.com", "httpCustomHeaders": []any{
			map[string]any{"header": "X-Source", "value": "auth0"}, map[string]any{"header": "X-Key"},
		}},
	})
	w.requireReady(sink)
	w.forgetCalls()
	return w, sink
}

const headerPath = "sink.httpCustomHeaders.[header=X-Key].value"

// headers sets the headers in Auth0 as a person does.
func (w *world) changeHeaders(sink *TestSink, headers ...any) {
	w.Helper()
	now := w.inAuth0(sink.path()).Object("sink").Clone()
	now["httpCustomHeaders"] = headers
	w.changeInAuth0(sink.path(), map[string]any{"sink": now})
}

func header(name, value string) any { return map[string]any{"header": name, "value": value} }

func (w *world) requireHeaders(sink *TestSink) {
	w.Helper()
	have := map[string]string{}
	for _, header := range w.inAuth0(sink.path()).Object("sink").Objects("httpCustomHeaders") {
		have[header.String("header")] = header.String("value")
	}
	if want := map[string]string{"X-Source": "auth0", "X-Key": ourToken}; asJSON(have) != asJSON(want) {
		w.Error("Auth0 does not have exactly the declared headers")
	}
}

// TestShownSecretsInLists: values that Auth0 shows are compared entry by entry, by their hashes.
func TestShownSecretsInLists(t *testing.T) {
	w, sink := newHeaders(t)
	w.requireHeaders(sink)
	w.edit(sink, touch)
	w.requireReady(sink)
	w.requireCalls("GET " + sink.path())
	for name, theirs := range map[string][]any{
		"changed": {header("X-Key", theirToken), header("X-Source", "auth0")},
		"removed": {header("X-Source", "auth0")},
		"added":   {header("X-Source", "auth0"), header("X-Key", ourToken), header("X-Other", theirToken)},
		"another": {header("X-Source", "theirs"), header("X-Key", ourToken)},
	} {
		w.changeHeaders(sink, theirs...)
		handler := w.loops["TestSink"].(interface{ Inner() any }).Inner()
		if !handler.(*engine.Remote[*TestSink]).Differs(t, sink, w.inAuth0(sink.path())) {
			t.Errorf("%s: a list does not show that it differs", name)
		}
		w.forgetCalls()
		w.edit(sink, touch)
		w.requireReady(sink)
		w.requireCalls("GET "+sink.path(), "PATCH "+sink.path())
		w.requireHeaders(sink)
		w.requireNoSecrets(sink)
	}
	w.changeHeaders(sink, header("X-Key", ourToken), header("X-Source", "auth0"))
	w.forgetCalls()
	w.edit(sink, touch)
	w.requireReady(sink)
	w.requireCalls("GET " + sink.path())
}

// TestSecretsOfOthersInLists: what someone else put into a list that nobody may see is not in status, whatever Auth0 answers.
func TestSecretsOfOthersInLists(t *testing.T) {
	w, sink := newHeaders(t)
	w.changeHeaders(sink, header("X-Key", theirToken), header("X-Other", theirToken))
	w.edit(sink, func(spec *spec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve })
	w.requireReady(sink)
	if len(sink.Status.Differences) != 1 || !strings.Contains(sink.Status.Differences[0].Auth0, "X-Other") {
		t.Errorf("the differences do not show the entries: %+v", sink.Status.Differences)
	}
	w.requireNoSecrets(sink)
	w.edit(sink, func(spec *spec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyFull })
	w.auth0.answer = func(response http.ResponseWriter, request *http.Request) bool {
		if request.Method != http.MethodPatch {
			return false
		}
		response.WriteHeader(http.StatusBadRequest)
		message, _ := json.Marshal("the sink refuses " + ourToken + " and " + theirToken)
		_, _ = response.Write([]byte(`{"statusCode":400,"error":"Bad Request","message":` + string(message) + `}`))
		return true
	}
	if message := w.requireReason(sink, v1alpha1.ReasonRejected); !strings.Contains(message, "the sink refuses [redacted] and [redacted]") {
		t.Errorf("the message quotes a secret, or not the rest: %s", message)
	}
	w.requireNoSecrets(sink)
}
