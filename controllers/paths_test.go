package controllers_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// second creates another object that declares the same.
func (w *world) second(f fixtures.Files, edit func(*v1alpha1.ManagedSpec)) v1alpha1.Managed {
	w.Helper()
	object := f.Object("full", "two")
	edit(object.GetManagedSpec())
	w.declare(object)
	return object
}

// configure changes what all kinds have in their spec.
func (w *world) configure(object v1alpha1.Managed, change func(*v1alpha1.ManagedSpec)) {
	w.Helper()
	w.edit(object, func(o v1alpha1.Managed) { change(o.GetManagedSpec()) })
}

func adopts(spec *v1alpha1.ManagedSpec)  { spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged }
func retains(spec *v1alpha1.ManagedSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain }

func observes(spec *v1alpha1.ManagedSpec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve }

// requireUnready reconciles an object until it is not Ready for a reason.
func (w *world) requireUnready(object v1alpha1.Managed, reason string) {
	w.Helper()
	var ready *metav1.Condition
	for range mostReconciles {
		w.reconcile(object)
		w.get(object)
		ready = meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status != metav1.ConditionTrue && ready.Reason == reason {
			return
		}
	}
	w.Fatalf("%s %s is not %s: %+v", kindOf(object), object.GetName(), reason, ready)
}

// refusedCreation has Auth0 refuse the creation, and then accept it.
func refusedCreation(status int, body, reason string) func(*world, fixtures.Files) {
	return func(w *world, f fixtures.Files) {
		for _, route := range []string{f.Route, "/dbconnections/signup"} {
			w.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: route, Status: status, Body: json.RawMessage(body)})
		}
		object := w.apply(f, "full")
		w.requireStalled(object, reason, "")
		w.requireCount(f, 0)
		w.sim.ClearFaults()
		w.request(object)
		w.reconcile(object)
		w.require(f, object)
	}
}

// paths are what can happen to an object beside its life.
var paths = map[string]func(*world, fixtures.Files){
	"retained": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.configure(object, retains)
		w.require(f, object)
		w.requireGone(object)
		w.requireCount(f, 1)

		again := w.second(f, adopts)
		w.requireReady(again)
		w.requireCount(f, 1)
		w.requireGone(again)
		w.requireCount(f, 0)
	},
	"two objects": func(w *world, f fixtures.Files) {
		first := w.apply(f, "full")
		w.require(f, first)
		other := w.second(f, adopts)
		w.requireUnready(other, v1alpha1.ReasonConflict)
		w.requireCount(f, 1)
		if err := f.Check(w.place, first); err != nil {
			w.Error(err)
		}

		w.configure(first, retains)
		w.requireGone(first)
		w.requireReady(other)
		w.requireCount(f, 1)
		w.requireGone(other)
		w.requireCount(f, 0)
	},
	"observe nothing": func(w *world, f fixtures.Files) {
		w.sim.ResetRequests()
		object := f.Object("full", "one")
		observes(object.GetManagedSpec())
		w.declare(object)
		w.requireReady(object)
		w.requireGone(object)
		w.requireNoWritesToAuth0()
		w.requireCount(f, 0)
	},
	"observe": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		w.configure(object, observes)
		w.sim.ResetRequests()
		w.requireReady(object)
		f.Drift(w.place, object)
		w.request(object)
		w.requireReady(object)
		w.requireGone(object)
		w.requireNoWritesToAuth0()
		w.requireCount(f, 1)
	},
	"create only": func(w *world, f fixtures.Files) {
		object := f.Object("full", "one")
		object.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyCreateOnly
		w.declare(object)
		w.requireReady(object)
		w.requireCount(f, 1)
		w.sim.ResetRequests()
		w.edit(object, func(o v1alpha1.Managed) { f.Apply(o, "changed") })
		w.configure(object, func(spec *v1alpha1.ManagedSpec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyCreateOnly })
		w.requireReady(object)
		w.requireNoWritesToAuth0()
	},
	"suspended": func(w *world, f fixtures.Files) {
		object := f.Object("full", "one")
		object.GetManagedSpec().Suspend = true
		w.sim.ResetRequests()
		w.declare(object)
		w.requireUnready(object, v1alpha1.ReasonSuspended)
		if calls := w.sim.Requests().Total; calls > 0 {
			w.Errorf("a suspended object makes %d calls", calls)
		}
		w.configure(object, func(spec *v1alpha1.ManagedSpec) { spec.Suspend = false })
		w.require(f, object)
	},
	"removed in Auth0": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		f.Delete(w.place, object)
		w.requireCount(f, 0)
		w.request(object)
		w.reconcile(object)
		w.require(f, object)
	},
	"without a tenant": func(w *world, f fixtures.Files) {
		object := f.Object("full", "one")
		object.GetManagedSpec().TenantRef.Name = "missing"
		w.sim.ResetRequests()
		w.declare(object)
		w.requireUnready(object, v1alpha1.ReasonTenantNotReady)
		if calls := w.sim.Requests().Total; calls > 0 {
			w.Errorf("%d calls for an object without a tenant", calls)
		}
		w.requireGone(object)
	},
	"refused": refusedCreation(http.StatusBadRequest, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error"}`, v1alpha1.ReasonRejected),
	"without a scope": refusedCreation(http.StatusForbidden,
		`{"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: create:objects","errorCode":"insufficient_scope"}`, v1alpha1.ReasonMissingScope),
}

// TestPaths runs the paths with the files of every kind.
func TestPaths(t *testing.T) {
	for name, f := range fixtures.All() {
		for path, run := range paths {
			t.Run(name+"/"+path, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.prepare(f)
				run(w, f)
			})
		}
	}
}
