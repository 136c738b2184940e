package engine_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// TestLook is a kind of which each tenant has one object: the branding.
type TestLook struct{ base }

type TestLookList struct{ listOf[TestLook] }

func (l *TestLook) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestLookList) DeepCopyObject() runtime.Object { return copyOf(l) }

func init() {
	auth0.AddResource("branding", auth0.Resource{Singleton: true})
	engine.AddTypes(&TestLook{}, &TestLookList{})
}

func newLooks(t *testing.T) *world {
	t.Helper()
	return newWorld(t, engine.NewKind(define(engine.Definition[*TestLook]{
		Resource: "branding", Noun: "branding", Fields: fields.Semantics{Replaced: []string{"colors"}},
	})))
}

const (
	logo    = "https://example.com/logo.png"
	favicon = "https://example.com/favicon.png"
)

func red() map[string]any {
	return map[string]any{"colors": map[string]any{"primary": "#ff0000"}, "logo_url": logo}
}

// requireLook checks what Auth0 has.
func (w *world) requireLook(primary, logoURL string) {
	w.Helper()
	have := w.inAuth0("branding")
	if now := have.Object("colors").String("primary"); now != primary {
		w.Errorf("the primary color is %q, want %q", now, primary)
	}
	if now := have.String("logo_url"); now != logoURL {
		w.Errorf("the logo is %q, want %q", now, logoURL)
	}
}

func TestSingletonIsAdoptedWithoutPolicyAndRestored(t *testing.T) {
	w := newLooks(t)
	w.changeInAuth0("branding", map[string]any{"colors": map[string]any{"primary": "#0000ff", "page_background": "#ffffff"}, "favicon_url": favicon})
	look := &TestLook{}
	w.declare(look, "red", red())
	w.requireReady(look)
	w.requireCalls("GET branding", "PATCH branding")
	w.requireLook("#ff0000", logo)
	w.look(look)
	w.requireCalls("GET branding")
	w.changeInAuth0("branding", map[string]any{"favicon_url": "https://example.com/other.png"})
	w.requireGone(look)
	w.requireCalls("GET branding", "PATCH branding")
	w.requireLook("#0000ff", "")
	have := w.inAuth0("branding")
	if have.String("favicon_url") != "https://example.com/other.png" || have.Object("colors").String("page_background") != "#ffffff" {
		t.Errorf("the deletion changed fields that nobody declared: %v", have)
	}
}

func TestSingletonRetained(t *testing.T) {
	w := newLooks(t)
	look := &TestLook{}
	w.declare(look, "red", red())
	w.requireReady(look)
	w.edit(look, func(spec *spec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	w.requireReady(look)
	w.forgetCalls()
	w.requireGone(look)
	w.requireCalls()
	w.requireLook("#ff0000", logo)
}

// TestSingletonFieldLeavesSpec: a field that leaves the spec gets its former value, and is someone else's from then on.
func TestSingletonFieldLeavesSpec(t *testing.T) {
	w := newLooks(t)
	w.changeInAuth0("branding", map[string]any{"colors": map[string]any{"primary": "#0000ff"}, "logo_url": favicon})
	look := &TestLook{}
	w.declare(look, "red", red())
	w.requireReady(look)
	w.edit(look, func(spec *spec) { delete(spec.Settings, "logo_url") })
	w.requireReady(look)
	w.requireLook("#ff0000", favicon)
	w.changeInAuth0("branding", map[string]any{"logo_url": "https://example.com/new.png"})
	w.requireReady(look)
	w.requireGone(look)
	w.requireLook("#0000ff", "https://example.com/new.png")
}

// TestSecondSingleton: the older object wins, the younger one says so without a call, and takes over.
func TestSecondSingleton(t *testing.T) {
	w := newLooks(t)
	w.changeInAuth0("branding", map[string]any{"colors": map[string]any{"primary": "#0000ff"}, "logo_url": favicon})
	first, second := &TestLook{}, &TestLook{}
	w.declare(first, "first", red())
	w.declare(second, "second", map[string]any{"colors": map[string]any{"primary": "#00ff00"}})
	for range 2 {
		message := w.requireReason(second, v1alpha1.ReasonConflict)
		if !strings.Contains(message, "TestLook auth0/first") {
			t.Errorf("the message does not name the first object: %s", message)
		}
		w.requireCalls()
		w.requireReady(first)
		w.forgetCalls()
	}
	w.requireLook("#ff0000", logo)
	w.requireGone(first)
	w.requireReady(second)
	// The first object's logo is not declared any more.
	w.requireLook("#00ff00", favicon)
	w.requireGone(second)
	w.requireLook("#0000ff", favicon)
}

// TestSecondSingletonLeaves: the deletion of the object that manages nothing changes nothing.
func TestSecondSingletonLeaves(t *testing.T) {
	w := newLooks(t)
	first, second := &TestLook{}, &TestLook{}
	w.declare(first, "first", red())
	w.declare(second, "second", map[string]any{"logo_url": favicon})
	w.requireReady(first)
	w.requireReason(second, v1alpha1.ReasonConflict)
	w.forgetCalls()
	w.requireGone(second)
	w.requireCalls()
	w.requireReady(first)
}

// TestAdoptedSingletonStaysWithItsObject: an older object that begins to manage does not take it away.
func TestAdoptedSingletonStaysWithItsObject(t *testing.T) {
	w := newLooks(t)
	older, younger := &TestLook{}, &TestLook{}
	older.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	w.declare(older, "older", map[string]any{"logo_url": favicon})
	w.declare(younger, "younger", red())
	w.requireReady(younger)
	w.requireReady(older)
	if len(older.Status.Differences) != 1 || older.Status.Differences[0].Field != "logo_url" {
		t.Errorf("differences: %v", older.Status.Differences)
	}
	w.edit(older, func(spec *spec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyFull })
	w.requireReason(older, v1alpha1.ReasonConflict)
	w.requireReady(younger)
	w.requireLook("#ff0000", logo)
}

// TestRetainedSingletonIsTakenOver: what Retain leaves is what was there before the next object.
func TestRetainedSingletonIsTakenOver(t *testing.T) {
	w := newLooks(t)
	first, second := &TestLook{}, &TestLook{}
	first.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	w.declare(first, "first", red())
	w.declare(second, "second", map[string]any{"colors": map[string]any{"primary": "#00ff00"}})
	w.requireReady(first)
	w.requireReason(second, v1alpha1.ReasonConflict)
	w.requireGone(first)
	w.requireReady(second)
	w.requireLook("#00ff00", logo)
	w.requireGone(second)
	w.requireLook("#ff0000", logo)
}

func TestDriftOfSingleton(t *testing.T) {
	w := newLooks(t)
	look := &TestLook{}
	w.declare(look, "red", red())
	w.requireReady(look)
	w.changeInAuth0("branding", map[string]any{"logo_url": favicon})
	if again := w.reconcile("TestLook", "red").RequeueAfter; again.Hours() < 1 || again.Hours() > 1.2 {
		t.Errorf("compared again after %s, want the resync interval", again)
	}
	w.requireLook("#ff0000", logo)
}

// TestSingletonSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect. In the
// end Auth0 has what it had before.
func TestSingletonSurvivesCrashes(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			writes, calls := singletonWithMishap(t, at, after)
			if writes < at && calls < at {
				break
			}
		}
	}
}

func singletonWithMishap(t *testing.T, at int, after bool) (writes, calls int) {
	t.Helper()
	for _, inAuth0 := range []bool{false, true} {
		w := newLooks(t)
		w.changeInAuth0("branding", map[string]any{"colors": map[string]any{"primary": "#0000ff"}, "logo_url": favicon})
		w.mishapAt(at, inAuth0, after)
		look := &TestLook{}
		w.declare(look, "red", red())
		w.requireReady(look)
		w.requireLook("#ff0000", logo)
		w.requireGone(look)
		w.requireLook("#0000ff", favicon)
		if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(look), look); !apierrors.IsNotFound(err) {
			t.Errorf("the object is not gone: %v", err)
		}
		writes, calls = max(writes, len(w.writes.Made())), max(calls, len(w.auth0.calls))
	}
	return writes, calls
}
