package engine

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// TestConditions compares every outcome with kstatus, from every state of an object.
func TestConditions(t *testing.T) {
	outcomes := map[string]Outcome{
		"done":      Done("R", "m", time.Minute),
		"waiting":   Wait("R", "m", time.Minute),
		"failed":    Retry("R", errors.New("m")),
		"stalled":   Stall("R", "m", time.Minute),
		"suspended": {state: suspended, reason: "R", message: "m"},
		"lost":      Wait("R", "m", time.Minute).NotReady(),
		"kept":      Wait("R", "m", time.Minute).KeepReady(),
	}
	// A row says what each outcome leaves on an object that was Ready: Ready, then the other conditions.
	for _, row := range []struct {
		outcome  string
		sameSpec string
		newSpec  string
		others   []string
		observed bool
	}{
		{"done", "True", "True", nil, true},
		{"waiting", "True", "False", []string{"Reconciling"}, false},
		{"failed", "True", "False", []string{"Reconciling"}, false},
		{"stalled", "False", "False", []string{"Stalled"}, true},
		{"suspended", "True", "True", nil, true},
		{"lost", "False", "False", []string{"Reconciling"}, false},
		{"kept", "True", "True", []string{"Reconciling"}, false},
	} {
		for generation, wantReady := range map[int64]string{1: row.sameSpec, 2: row.newSpec} {
			for _, before := range []string{"done", "waiting", "stalled", "suspended"} {
				status := &v1alpha1.CommonStatus{ObservedGeneration: -1}
				outcomes["done"].writeTo(status, 1)
				outcomes[before].writeTo(status, 1)
				want := wantReady
				if before == "stalled" && row.outcome != "done" {
					want = "False"
				}
				outcomes[row.outcome].writeTo(status, generation)
				if ready := lastReady(status); string(ready) != want {
					t.Errorf("%s after %s, generation %d: Ready is %s, want %s", row.outcome, before, generation, ready, want)
				}
				if others := othersOf(status); !slices.Equal(others, row.others) {
					t.Errorf("%s after %s, generation %d: conditions %v, want %v", row.outcome, before, generation, others, row.others)
				}
				if acted := status.ObservedGeneration == generation; acted != (row.observed || generation == 1) {
					t.Errorf("%s after %s: observedGeneration %d of %d", row.outcome, before, status.ObservedGeneration, generation)
				}
			}
		}
	}
}

// TestReadyIsAlwaysThere begins with an empty status.
func TestReadyIsAlwaysThere(t *testing.T) {
	for _, outcome := range []Outcome{Done("R", "m", 0), Wait("R", "m", 0), Wait("R", "m", 0).KeepReady(), Stall("R", "m", 0), Retry("R", errors.New("m")), {state: suspended, reason: "R"}} {
		status := &v1alpha1.CommonStatus{}
		outcome.writeTo(status, 1)
		if !slices.ContainsFunc(status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionReady }) {
			t.Errorf("%+v leaves no Ready: %+v", outcome, status.Conditions)
		}
	}
}

func othersOf(status *v1alpha1.CommonStatus) []string {
	var others []string
	for _, condition := range status.Conditions {
		if condition.Type != v1alpha1.ConditionReady {
			others = append(others, condition.Type)
		}
	}
	return others
}

func TestSpreadNeverComesEarly(t *testing.T) {
	for range 1000 {
		if d := spread(time.Minute); d < time.Minute || d > 66*time.Second {
			t.Fatalf("a minute became %s", d)
		}
	}
}

// TestSecondRefusal shows that a refusal contains Auth0's request ID, and that the same refusal of a later request does not
// change status.
func TestSecondRefusal(t *testing.T) {
	refusal := func(id string) Outcome {
		return FromAuth0(&auth0.Error{Class: auth0.ClassInvalid, Status: 400, Message: "no", Route: "PATCH /x", RequestID: id}, nil, time.Minute, time.Now())
	}
	status := &v1alpha1.CommonStatus{}
	refusal("first1").writeTo(status, 1)
	first := status.DeepCopy()
	for _, condition := range first.Conditions {
		if !strings.Contains(condition.Message, "Auth0's request ID: first1") {
			t.Errorf("%s does not name the request: %s", condition.Type, condition.Message)
		}
	}
	refusal("second2").writeTo(status, 1)
	if !reflect.DeepEqual(first, status) {
		t.Errorf("the second refusal changed the status from %v to %v", first, status)
	}
}
