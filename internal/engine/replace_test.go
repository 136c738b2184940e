package engine_test

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// TestRule is a kind whose objects Auth0 replaces whole: PUT updates them.
type TestRule struct{ base }

type TestRuleList struct{ listOf[TestRule] }

func (l *TestRule) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestRuleList) DeepCopyObject() runtime.Object { return copyOf(l) }

func init() {
	auth0.AddResource("network-acls", auth0.Resource{Replace: true, ReadOnly: []string{"created_at"}, Scopes: "roles"})
	engine.AddTypes(&TestRule{}, &TestRuleList{})
}

func newRules(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestRule]{
		Resource: "network-acls", Noun: "rule", Fields: fields.Semantics{Merged: []string{"labels"}, Replaced: []string{"match"}},
	})))
	s := w.serve(&served{lists: []string{"network-acls"}})
	return w, s
}

func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// requireServed checks the whole of an object in Auth0.
func (w *world) requireServed(s *served, path, want string) {
	w.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := asJSON(s.objects[path]); have != want {
		w.Errorf("%s is\n%s, want\n%s", path, have, want)
	}
}

func adoptedRule() auth0.Document {
	return auth0.Document{
		"id": "acl_1", "created_at": createdAt, "name": "rule", "active": true, "priority": json.Number("3"),
		"labels": map[string]any{"team": "shop", "old": "yes"},
		"match":  map[string]any{"asns": []any{"1"}, "geo": map[string]any{"country": "FR", "subdivision": "B"}},
		"action": map[string]any{"message": map[string]any{"en": "no"}},
	}
}

func declaredRule() map[string]any {
	return map[string]any{
		"name": "rule", "active": false, "labels": map[string]any{"cost": "low"},
		"match": map[string]any{"geo": map[string]any{"country": "CH"}}, "action": map[string]any{"message": map[string]any{"en": "stop"}},
	}
}

const changedRule = `{"action":{"message":{"en":"stop"}},"active":false,"created_at":"` + createdAt +
	`","id":"acl_1","labels":{"cost":"low","old":"yes","team":"shop"},"match":{"asns":["1"],"geo":{"country":"CH","subdivision":"B"}},"name":"rule","priority":3}`

// TestReplacedObjectKeepsWhatNobodyDeclared: a PUT sends the object as it was read, with the differences.
func TestReplacedObjectKeepsWhatNobodyDeclared(t *testing.T) {
	w, s := newRules(t)
	s.objects["network-acls/acl_1"] = adoptedRule()
	s.refuses = func(method, _ string, _ auth0.Document) (int, string) {
		if method == "POST" {
			return 409, `{"statusCode":409,"error":"Conflict","message":"There is a rule of that name."}`
		}
		return 0, ""
	}
	rule := &TestRule{}
	rule.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	w.declare(rule, "rule", declaredRule())
	w.requireReady(rule)
	// The list that found the object may lack fields.
	w.requireCalls("POST network-acls", "GET network-acls", "GET network-acls/acl_1", "PUT network-acls/acl_1")
	w.requireServed(s, "network-acls/acl_1", changedRule)
	w.look(rule)
	w.requireCalls()

	// What others change meanwhile stays, and what leaves the spec goes.
	s.objects["network-acls/acl_1"]["priority"] = json.Number("7")
	w.edit(rule, func(spec *spec) {
		delete(spec.Settings, "labels")
		spec.Settings["active"] = true
	})
	w.requireReady(rule)
	w.requireCalls("GET network-acls/acl_1", "PUT network-acls/acl_1")
	w.requireServed(s, "network-acls/acl_1", `{"action":{"message":{"en":"stop"}},"active":true,"created_at":"`+createdAt+
		`","id":"acl_1","labels":{"old":"yes","team":"shop"},"match":{"asns":["1"],"geo":{"country":"CH","subdivision":"B"}},"name":"rule","priority":7}`)
}

// TestReplacedObjectAfterPartialAnswers: what the answer to a write lacks is not lost with the next write.
func TestReplacedObjectAfterPartialAnswers(t *testing.T) {
	w, s := newRules(t)
	s.shows = func(have auth0.Document) {
		delete(have, "labels")
		delete(have, "match")
	}
	s.refuses = func(method, _ string, body auth0.Document) (int, string) {
		if method == "POST" {
			body["priority"] = json.Number("3")
		}
		return 0, ""
	}
	rule := &TestRule{}
	w.declare(rule, "rule", declaredRule())
	w.requireReady(rule)
	w.edit(rule, func(spec *spec) { spec.Settings["active"] = true })
	w.requireReady(rule)
	w.requireServed(s, "network-acls/id_1", `{"action":{"message":{"en":"stop"}},"active":true,"created_at":"`+createdAt+
		`","id":"id_1","labels":{"cost":"low"},"match":{"geo":{"country":"CH"}},"name":"rule","priority":3}`)
}

// TestReplacedObjectSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestReplacedObjectSurvivesCrashes(t *testing.T) {
	for at := 1; at <= 12; at++ {
		for _, after := range []bool{false, true} {
			for _, inAuth0 := range []bool{false, true} {
				w, s := newRules(t)
				s.objects["network-acls/acl_1"] = adoptedRule()
				s.refuses = func(method, _ string, _ auth0.Document) (int, string) {
					if method == "POST" {
						return 409, `{"statusCode":409,"error":"Conflict","message":"There is a rule of that name."}`
					}
					return 0, ""
				}
				w.mishapAt(at, inAuth0, after)
				rule := &TestRule{}
				rule.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
				w.declare(rule, "rule", declaredRule())
				w.requireReady(rule)
				w.requireServed(s, "network-acls/acl_1", changedRule)
				w.requireGone(rule)
			}
		}
	}
}

// TestReplacedObjectKeepsSecrets: a PUT contains the values that Auth0 does not show, or shows masked.
func TestReplacedObjectKeepsSecrets(t *testing.T) {
	w, s := newRules(t)
	w.create(secretOf("keys", map[string]string{"token": "t0p", "key": "s3cret"}))
	rule := &TestRule{}
	rule.Spec.Secrets = map[string]v1alpha1.SecretKeyReference{"token": {Name: "keys", Key: "token"}, "match.key": {Name: "keys", Key: "key"}}
	w.declare(rule, "rule", map[string]any{"name": "rule", "active": true})
	w.requireReady(rule)
	s.objects["network-acls/id_1"]["match"].(map[string]any)["key"] = "****"
	delete(s.objects["network-acls/id_1"], "token")
	w.edit(rule, func(spec *spec) { spec.Settings["active"] = false })
	w.requireReady(rule)
	w.requireServed(s, "network-acls/id_1", `{"active":false,"created_at":"`+createdAt+`","id":"id_1","match":{"key":"s3cret"},"name":"rule","token":"t0p"}`)
}
