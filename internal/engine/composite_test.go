package engine_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// TestGuard is a kind of which each tenant has one object, whose fields all have routes of their own: the attack protection.
type TestGuard struct{ base }

type TestGuardList struct{ listOf[TestGuard] }

func (l *TestGuard) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestGuardList) DeepCopyObject() runtime.Object { return copyOf(l) }

// TestForm is a kind whose objects have a part below them.
type TestForm struct{ base }

type TestFormList struct{ listOf[TestForm] }

func (l *TestForm) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestFormList) DeepCopyObject() runtime.Object { return copyOf(l) }

const (
	bruteForce = "attack-protection/brute-force-protection"
	breached   = "attack-protection/breached-password-detection"
	captcha    = "attack-protection/captcha"
	policies   = "guardian/policies"
	factors    = "guardian/factors"
)

func init() {
	auth0.AddResource("attack-protection", auth0.Resource{Singleton: true, Scopes: "roles", Parts: map[string]auth0.Part{
		"brute_force": {Path: bruteForce},
		"breached":    {Path: breached},
		"captcha":     {Path: captcha, Replace: true, ReadOnly: []string{"created_at"}},
		"policies":    {Path: policies, Replace: true, List: true},
		"factors":     {Path: factors, Replace: true, Key: "name", ReadOnly: []string{"trial_expired"}},
	}})
	auth0.AddResource("flows", auth0.Resource{Scopes: "roles", ReadOnly: []string{"created_at"}, Parts: map[string]auth0.Part{"layout": {Path: "flows/{id}/layout"}}})
	engine.AddTypes(&TestGuard{}, &TestGuardList{}, &TestForm{}, &TestFormList{})
}

func newGuards(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestGuard]{Resource: "attack-protection", Noun: "attack protection"})))
	s := w.serve(&served{
		lists: []string{factors}, arrays: map[string]string{policies: `["all-applications"]`}, sets: []string{"name", "trial_expired"},
		objects: map[string]auth0.Document{
			bruteForce:            {"enabled": false, "max_attempts": json.Number("10"), "allowlist": []any{}},
			breached:              {"enabled": false, "method": "standard"},
			captcha:               {"created_at": createdAt, "policy": "off", "recaptcha": map[string]any{"site": "1", "secret": "of a person"}},
			factors + "/sms":      {"name": "sms", "enabled": false, "trial_expired": false},
			factors + "/otp":      {"name": "otp", "enabled": true, "trial_expired": false},
			factors + "/webauthn": {"name": "webauthn", "enabled": false, "trial_expired": false},
		},
	})
	return w, s
}

// state is everything that Auth0 has.
func (s *served) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return asJSON([]any{s.objects, s.arrays})
}

func guarded() map[string]any {
	return map[string]any{
		"brute_force": map[string]any{"enabled": true, "max_attempts": 5},
		"captcha":     map[string]any{"policy": "always", "recaptcha": map[string]any{"site": "2"}},
		"policies":    []any{"confidence-score"},
		"factors":     map[string]any{"sms": map[string]any{"enabled": true}, "otp": map[string]any{"enabled": true}},
	}
}

// TestCompositeReadsAndWritesTheDeclaredParts: a part that is not declared costs no call, one that differs one write.
func TestCompositeReadsAndWritesTheDeclaredParts(t *testing.T) {
	w, s := newGuards(t)
	before := s.state()
	guard := &TestGuard{}
	w.declare(guard, "guard", guarded())
	w.requireReady(guard)
	reads := []string{"GET " + bruteForce, "GET " + captcha, "GET " + factors, "GET " + policies}
	w.requireCalls(slices.Concat(reads, []string{"PATCH " + bruteForce, "PUT " + captcha, "PUT " + factors + "/sms", "PUT " + policies})...)
	w.requireServed(s, bruteForce, `{"allowlist":[],"enabled":true,"max_attempts":5}`)
	w.requireServed(s, captcha, `{"created_at":"`+createdAt+`","policy":"always","recaptcha":{"secret":"of a person","site":"2"}}`)
	w.requireServed(s, breached, `{"enabled":false,"method":"standard"}`)
	if s.arrays[policies] != `["confidence-score"]` {
		t.Errorf("policies: %s", s.arrays[policies])
	}

	// Nothing differs: one read of each declared part.
	w.look(guard)
	w.requireCalls(reads...)

	// Drift in one part is one write.
	s.objects[bruteForce]["max_attempts"] = json.Number("100")
	w.requireReady(guard)
	w.requireCalls(append(slices.Clone(reads), "PATCH "+bruteForce)...)

	// A part that leaves the spec gets its former values, and costs no call from then on.
	w.edit(guard, func(spec *spec) { delete(spec.Settings, "captcha") })
	w.requireReady(guard)
	w.requireCalls(append(slices.Clone(reads), "PUT "+captcha)...)
	w.requireServed(s, captcha, `{"created_at":"`+createdAt+`","policy":"off","recaptcha":{"secret":"of a person","site":"1"}}`)
	w.look(guard)
	w.requireCalls(slices.DeleteFunc(reads, func(call string) bool { return call == "GET "+captcha })...)

	w.requireGone(guard)
	if after := s.state(); after != before {
		t.Errorf("Auth0 has\n%s, want\n%s", after, before)
	}
}

// TestCompositeRefusesOnePart: what Auth0 says about a part holds back no other one, and names the field.
func TestCompositeRefusesOnePart(t *testing.T) {
	w, s := newGuards(t)
	s.refuses = func(_, path string, body auth0.Document) (int, string) {
		if path == bruteForce && body["max_attempts"] != nil {
			return 400, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error: 'Value 5 is less than minimum 10 on property max_attempts'."}`
		}
		if path == factors+"/sms" {
			return 403, `{"statusCode":403,"error":"Forbidden","message":"Your plan has no SMS."}`
		}
		return 0, ""
	}
	guard := &TestGuard{}
	w.declare(guard, "guard", guarded())
	message := w.requireReason(guard, v1alpha1.ReasonRejected)
	if !strings.Contains(message, "brute_force.max_attempts") || !strings.Contains(message, "no SMS") {
		t.Errorf("the message names not both parts: %s", message)
	}
	w.requireServed(s, bruteForce, `{"allowlist":[],"enabled":true,"max_attempts":10}`)
	w.requireServed(s, captcha, `{"created_at":"`+createdAt+`","policy":"always","recaptcha":{"secret":"of a person","site":"2"}}`)
	if s.arrays[policies] != `["confidence-score"]` {
		t.Errorf("policies: %s", s.arrays[policies])
	}
}

// TestCompositeKeepsSecretsOfParts: a part that PUT replaces is sent with its secret values, and only with those.
func TestCompositeKeepsSecretsOfParts(t *testing.T) {
	w, s := newGuards(t)
	w.create(secretOf("keys", map[string]string{"captcha": "s3cret"}))
	guard := &TestGuard{}
	guard.Spec.Secrets = map[string]v1alpha1.SecretKeyReference{"captcha.recaptcha.secret": {Name: "keys", Key: "captcha"}}
	w.declare(guard, "guard", map[string]any{"brute_force": map[string]any{"enabled": true}})
	w.requireReady(guard)
	w.requireCalls("GET "+bruteForce, "GET "+captcha, "PATCH "+bruteForce, "PUT "+captcha)
	w.requireServed(s, bruteForce, `{"allowlist":[],"enabled":true,"max_attempts":10}`)
	w.requireServed(s, captcha, `{"created_at":"`+createdAt+`","policy":"off","recaptcha":{"secret":"s3cret","site":"1"}}`)
}

// TestCompositeIsObserved: managementPolicy Observe reads the declared parts, and writes none.
func TestCompositeIsObserved(t *testing.T) {
	w, _ := newGuards(t)
	guard := &TestGuard{}
	guard.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	w.declare(guard, "guard", map[string]any{"brute_force": map[string]any{"enabled": true}, "policies": []any{"all-applications"}})
	w.requireReady(guard)
	w.requireCalls("GET "+bruteForce, "GET "+policies)
	if len(guard.Status.Differences) != 1 || guard.Status.Differences[0].Field != "brute_force.enabled" {
		t.Errorf("differences: %v", guard.Status.Differences)
	}
}

// TestCompositeSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect. In the
// end Auth0 has what it had before.
func TestCompositeSurvivesCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w, s := newGuards(t)
		before := s.state()
		mishap(w)
		guard := &TestGuard{}
		w.declare(guard, "guard", map[string]any{
			"captcha": map[string]any{"policy": "always"}, "factors": map[string]any{"sms": map[string]any{"enabled": true}},
		})
		w.requireReady(guard)
		w.requireServed(s, captcha, `{"created_at":"`+createdAt+`","policy":"always","recaptcha":{"secret":"of a person","site":"1"}}`)
		w.edit(guard, func(spec *spec) { delete(spec.Settings, "captcha") })
		w.requireReady(guard)
		w.requireGone(guard)
		if after := s.state(); after != before {
			t.Errorf("Auth0 has\n%s, want\n%s", after, before)
		}
		return w
	})
}

func newForms(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestForm]{Resource: "flows", Noun: "form", Fields: fields.Semantics{}})))
	s := w.serve(&served{lists: []string{"flows"}})
	s.objects["flows/id_1/layout"] = auth0.Document{"columns": json.Number("1"), "style": "plain"}
	return w, s
}

// TestPartOfAnObject: a part is sent after the creation, read only if it is declared, and deleted with the object.
func TestPartOfAnObject(t *testing.T) {
	w, s := newForms(t)
	form := &TestForm{}
	w.declare(form, "form", map[string]any{"name": "sign-up", "layout": map[string]any{"columns": 2}})
	w.requireReady(form)
	w.requireCalls("POST flows", "PATCH flows/id_1/layout")
	w.requireServed(s, "flows/id_1", `{"created_at":"`+createdAt+`","id":"id_1","name":"sign-up"}`)
	w.requireServed(s, "flows/id_1/layout", `{"columns":2,"style":"plain"}`)

	w.edit(form, func(spec *spec) { spec.Settings["name"] = "sign-in" })
	w.requireReady(form)
	w.requireCalls("GET flows/id_1", "GET flows/id_1/layout", "PATCH flows/id_1")
	if !w.differs("TestForm", form, s.objects["flows/id_1"]) {
		t.Error("an object with a part is not read, although no list shows the part")
	}

	w.edit(form, func(spec *spec) { delete(spec.Settings, "layout") })
	w.requireReady(form)
	w.requireCalls("GET flows/id_1", "GET flows/id_1/layout", "PATCH flows/id_1/layout")
	w.requireServed(s, "flows/id_1/layout", `{"style":"plain"}`)
	if w.differs("TestForm", form, s.objects["flows/id_1"]) {
		t.Error("an object without a part is read, although a list shows all of it")
	}
	w.requireGone(form)
	w.requireCalls("GET flows/id_1", "DELETE flows/id_1", "GET flows/id_1")
}

// TestPartOfAnAdoptedObject: the parts of an object that a list showed are read before they are compared.
func TestPartOfAnAdoptedObject(t *testing.T) {
	w, s := newForms(t)
	s.objects["flows/id_1"] = auth0.Document{"id": "id_1", "created_at": createdAt, "name": "sign-up"}
	s.refuses = func(method, _ string, _ auth0.Document) (int, string) {
		if method == "POST" {
			return 409, `{"statusCode":409,"error":"Conflict","message":"There is a flow of that name."}`
		}
		return 0, ""
	}
	form := &TestForm{}
	form.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	w.declare(form, "form", map[string]any{"name": "sign-up", "layout": map[string]any{"columns": 1}})
	w.requireReady(form)
	w.requireCalls("POST flows", "GET flows", "GET flows/id_1/layout")
}

// TestPartSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestPartSurvivesCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w, s := newForms(t)
		s.refuses = func(method, _ string, _ auth0.Document) (int, string) {
			if method == "POST" && s.objects["flows/id_1"] != nil {
				return 409, `{"statusCode":409,"error":"Conflict","message":"There is a flow of that name."}`
			}
			return 0, ""
		}
		mishap(w)
		form := &TestForm{}
		w.declare(form, "form", map[string]any{"name": "sign-up", "layout": map[string]any{"columns": 2}})
		w.requireReady(form)
		w.requireServed(s, "flows/id_1/layout", `{"columns":2,"style":"plain"}`)
		w.requireGone(form)
		if have := slices.Sorted(maps.Keys(s.objects)); !slices.Equal(have, []string{"flows/id_1/layout"}) {
			t.Errorf("left in Auth0: %v", have)
		}
		return w
	})
}
