package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// TestFieldOutsideThePlan: a field that the plan lacks holds back no other one, and is not sent again before the spec changes.
func TestFieldOutsideThePlan(t *testing.T) {
	for name, refusal := range map[string]string{
		"named":   `"message":"Please upgrade your subscription to use action","errorCode":"insufficient_entitlement"`,
		"by code": `"message":"The field action is not for you","errorCode":"feature_not_enabled"`,
	} {
		w, s := newRules(t)
		rule := &TestRule{}
		w.declare(rule, "rule", map[string]any{"name": "rule", "active": true})
		w.requireReady(rule)
		s.refuses = func(_, _ string, body auth0.Document) (int, string) {
			if body["action"] == nil {
				return 0, ""
			}
			return http.StatusForbidden, `{"statusCode":403,"error":"Forbidden",` + refusal + `}`
		}
		w.edit(rule, func(spec *spec) {
			spec.Settings["active"], spec.Settings["action"] = false, map[string]any{"block": true}
		})
		message := w.requireReason(rule, v1alpha1.ReasonNotEntitled)
		if !strings.Contains(message, "action: the tenant's plan does not include this") {
			t.Errorf("%s: the message does not name the field: %s", name, message)
		}
		if s.objects["network-acls/id_1"]["active"] != false {
			t.Errorf("%s: the other field is not applied", name)
		}
		w.forgetCalls()
		w.requireReason(rule, v1alpha1.ReasonNotEntitled)
		w.requireCalls("GET network-acls/id_1")
		w.edit(rule, func(spec *spec) { delete(spec.Settings, "action") })
		w.requireReady(rule)
	}
}

// TestObjectOutsideThePlan: a creation that the plan does not allow says so.
func TestObjectOutsideThePlan(t *testing.T) {
	w, s := newRules(t)
	s.refuses = func(string, string, auth0.Document) (int, string) {
		return http.StatusForbidden, `{"statusCode":403,"error":"Forbidden","message":"Please upgrade your subscription to use this","errorCode":"insufficient_entitlement"}`
	}
	rule := &TestRule{}
	w.declare(rule, "rule", map[string]any{"name": "rule"})
	w.requireReason(rule, v1alpha1.ReasonNotEntitled)
}

// TestPartOutsideThePlan: a route that the plan lacks, for writes or for reads too, holds back no other part of the object, and costs
// no further write.
func TestPartOutsideThePlan(t *testing.T) {
	for _, isHidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden %t", isHidden), func(t *testing.T) { testPartOutsideThePlan(t, isHidden) })
	}
}

func testPartOutsideThePlan(t *testing.T, isHidden bool) {
	t.Helper()
	w, s := newGuards(t)
	lacks := func(path string) (int, string) {
		if path != bruteForce {
			return 0, ""
		}
		return http.StatusForbidden, `{"statusCode":403,"error":"Forbidden","message":"Please upgrade your subscription to use this feature","errorCode":"insufficient_entitlement"}`
	}
	s.refuses = func(_, path string, _ auth0.Document) (int, string) { return lacks(path) }
	if isHidden {
		s.hides = lacks
	}
	guard := &TestGuard{}
	w.declare(guard, "guard", guarded())
	if message := w.requireReason(guard, v1alpha1.ReasonNotEntitled); !strings.Contains(message, "brute_force.enabled: the tenant's plan does not include this") {
		t.Errorf("the message does not name the part: %s", message)
	}
	if s.objects[captcha]["policy"] != "always" || s.arrays[policies] != `["confidence-score"]` || s.objects[factors+"/sms"]["enabled"] != true {
		t.Errorf("the other parts are not applied: %s", s.state())
	}
	w.forgetCalls()
	w.requireReason(guard, v1alpha1.ReasonNotEntitled)
	w.requireCalls("GET "+bruteForce, "GET "+captcha, "GET "+factors, "GET "+policies)
}
