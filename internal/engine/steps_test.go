package engine_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// TestScript is a kind whose objects Auth0 builds, and which are deployed then.
type TestScript struct{ base }

type TestScriptList struct{ listOf[TestScript] }

func (l *TestScript) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestScriptList) DeepCopyObject() runtime.Object { return copyOf(l) }

const (
	scripts = "actions/actions"
	script1 = scripts + "/id_1"
)

func init() {
	auth0.AddResource(scripts, auth0.Resource{Scopes: "roles"})
	engine.AddTypes(&TestScript{}, &TestScriptList{})
}

// built waits for Auth0, and deployed makes a call once the script is built.
var built = engine.Step[*TestScript]{
	Condition: "Built",
	Pending: func(_ *TestScript, have auth0.Document) *engine.Pending {
		switch have.String("status") {
		case "built":
			return nil
		case "failed":
			return &engine.Pending{Reason: "BuildFailed", Message: "correct the code", Failed: true}
		}
		return &engine.Pending{Reason: "Building", Message: "Auth0 builds the code", After: 2 * time.Second}
	},
}

var deployed = engine.Step[*TestScript]{
	Condition: "Deployed",
	Pending: func(_ *TestScript, have auth0.Document) *engine.Pending {
		if have.Bool("all_changes_deployed") {
			return nil
		}
		return &engine.Pending{Reason: "Deploying", Message: "Auth0 deploys the code", After: time.Second, Proceeds: have.String("status") != "built"}
	},
	Advance: func(ctx context.Context, req engine.Request[*TestScript], _ auth0.Document) (auth0.Document, error) {
		_, err := req.Session.Do(ctx, auth0.Request{Method: http.MethodPost, Route: "/api/v2/actions/actions/{id}/deploy", Args: []string{req.Object.Status.ID}})
		return nil, err
	},
}

type scriptWorld struct {
	*world

	auth0 *served
	clock *clocktesting.FakeClock
}

func newScripts(t *testing.T) scriptWorld {
	t.Helper()
	now := clocktesting.NewFakeClock(time.Now())
	w := newWorldAt(t, now, engine.NewKind(define(engine.Definition[*TestScript]{
		Resource: scripts, Noun: "script", Steps: []engine.Step[*TestScript]{built, deployed},
	})))
	s := &served{lists: []string{scripts}}
	s.refuses = func(method, path string, body auth0.Document) (int, string) {
		switch {
		case path == script1+"/deploy" && s.objects[script1].String("status") != "built":
			return 400, `{"statusCode":400,"error":"Bad Request","message":"The action is not built."}`
		case path == script1+"/deploy":
			s.objects[script1]["all_changes_deployed"] = true
			return 200, `{"id":"version_1"}`
		case method == "POST" && s.objects[script1] != nil:
			return 409, `{"statusCode":409,"error":"Conflict","message":"There is a script of that name."}`
		case method == "POST" || method == "PATCH":
			body["status"], body["all_changes_deployed"] = "building", false
		}
		return 0, ""
	}
	return scriptWorld{w, w.serve(s), now}
}

func (w scriptWorld) isTrue(script *TestScript, condition string) bool {
	return meta.IsStatusConditionTrue(script.Status.Conditions, condition)
}

func declareScript(w scriptWorld) *TestScript {
	script := &TestScript{}
	w.declare(script, "script", map[string]any{"name": "script", "code": "1"})
	return script
}

// TestStepsAreTakenOneAfterAnother: an object is Ready once its last step is done, and costs no call before it is time to check.
func TestStepsAreTakenOneAfterAnother(t *testing.T) {
	w := newScripts(t)
	script := declareScript(w)
	message := w.requireReason(script, "Building")
	w.requireCalls("POST " + scripts)
	if message != "Auth0 builds the code" || w.isTrue(script, "Built") || w.isTrue(script, "Deployed") {
		t.Errorf("message %q, conditions %v", message, script.Status.Conditions)
	}
	for range 3 {
		w.requireReason(script, "Building")
	}
	w.requireCalls()

	w.clock.Step(3 * time.Second)
	w.requireReason(script, "Building")
	w.requireCalls("GET " + script1)

	w.auth0.objects[script1]["status"] = "built"
	w.clock.Step(3 * time.Second)
	w.requireReady(script)
	w.requireCalls("GET "+script1, "POST "+script1+"/deploy", "GET "+script1)
	if !w.isTrue(script, "Built") || !w.isTrue(script, "Deployed") {
		t.Errorf("conditions %v", script.Status.Conditions)
	}
	w.look(script)
	w.requireCalls()
	w.requireGone(script)
}

// TestStepsAreCheckedLessOften: the longer a step takes, the longer are the pauses, up to a quarter of an hour.
func TestStepsAreCheckedLessOften(t *testing.T) {
	w := newScripts(t)
	script := declareScript(w)
	w.requireReason(script, "Building")
	checks := 0
	for ended := w.clock.Now().Add(2 * time.Hour); w.clock.Now().Before(ended); checks++ {
		again := w.reconcile("TestScript", "script").RequeueAfter
		if again <= 0 || again > 15*time.Minute {
			t.Fatalf("checked again after %s", again)
		}
		w.clock.Step(again)
	}
	if checks > 30 {
		t.Errorf("%d checks in two hours", checks)
	}
}

// TestFailedStepWaitsForAPerson: nothing is checked until the spec changes, and then at once.
func TestFailedStepWaitsForAPerson(t *testing.T) {
	w := newScripts(t)
	script := declareScript(w)
	w.requireReason(script, "Building")
	w.auth0.objects[script1]["status"] = "failed"
	w.clock.Step(3 * time.Second)
	w.requireReason(script, "BuildFailed")
	if !meta.IsStatusConditionTrue(script.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("not stalled: %v", script.Status.Conditions)
	}
	w.forgetCalls()
	w.requireReason(script, "BuildFailed")
	w.requireCalls()
	w.edit(script, func(spec *spec) { spec.Settings["code"] = "2" })
	w.requireReason(script, "Building")
	w.requireCalls("GET "+script1, "PATCH "+script1)
}

// TestStepIsUndoneInAuth0: a list shows that the state is lost, and the operator brings it back.
func TestStepIsUndoneInAuth0(t *testing.T) {
	w := newScripts(t)
	script := declareScript(w)
	w.requireReason(script, "Building")
	w.auth0.objects[script1]["status"] = "built"
	w.clock.Step(3 * time.Second)
	w.requireReady(script)
	if w.differs("TestScript", script, w.auth0.objects[script1]) {
		t.Error("an object that is in sync differs")
	}
	w.auth0.objects[script1]["all_changes_deployed"] = false
	if !w.differs("TestScript", script, w.auth0.objects[script1]) {
		t.Error("an object that is not deployed is in sync")
	}
	w.forgetCalls()
	w.edit(script, func(spec *spec) { spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
	w.edit(script, func(spec *spec) { spec.Settings["code"] = "3" })
	w.requireReason(script, "Building")
	w.auth0.objects[script1]["status"] = "built"
	w.clock.Step(3 * time.Second)
	w.requireReady(script)
	w.requireCalls("GET "+script1, "PATCH "+script1, "GET "+script1, "POST "+script1+"/deploy", "GET "+script1)
}

// TestStepsUnderPolicies: Observe reports the states and advances nothing. CreateOnly finishes what it created, and no more.
func TestStepsUnderPolicies(t *testing.T) {
	w := newScripts(t)
	script := &TestScript{}
	script.Spec.ManagementPolicy = v1alpha1.ManagementPolicyCreateOnly
	w.declare(script, "script", map[string]any{"name": "script", "code": "1"})
	w.requireReason(script, "Building")
	w.auth0.objects[script1]["status"] = "built"
	w.clock.Step(3 * time.Second)
	w.requireReady(script)
	if w.auth0.objects[script1]["all_changes_deployed"] != true {
		t.Error("what was created is not deployed")
	}
	observer := &TestScript{}
	observer.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	w.auth0.objects[script1]["all_changes_deployed"] = false
	w.declare(observer, "observer", map[string]any{"name": "script", "code": "1"})
	w.forgetCalls()
	w.requireReady(observer)
	w.requireCalls("GET " + scripts)
	if !w.isTrue(observer, "Built") || w.isTrue(observer, "Deployed") {
		t.Errorf("conditions %v", observer.Status.Conditions)
	}
}

// TestStepsSurviveCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestStepsSurviveCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w := newScripts(t)
		mishap(w.world)
		script := declareScript(w)
		for range 8 {
			if ready := w.look(script); ready.Status == metav1.ConditionTrue {
				break
			}
			w.auth0.mu.Lock()
			if have := w.auth0.objects[script1]; have != nil {
				have["status"] = "built"
			}
			w.auth0.mu.Unlock()
			w.clock.Step(3 * time.Second)
		}
		w.requireReady(script)
		if w.auth0.objects[script1]["all_changes_deployed"] != true || !w.isTrue(script, "Deployed") {
			t.Error("Ready, and not deployed")
		}
		deployments := 0
		for _, call := range w.world.auth0.calls {
			if strings.HasSuffix(call, "/deploy") {
				deployments++
			}
		}
		if deployments > 2 {
			t.Errorf("deployed %d times", deployments)
		}
		return w.world
	})
}
