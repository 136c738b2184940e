package controllers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// subject is a kind in a world that has what an object of the kind needs.
type subject struct {
	*world

	kind, folder, path string
	// before is how many such things Auth0 has already.
	before int
}

// eachKind runs a test for every kind of minimal.
func eachKind(t *testing.T, test func(*subject)) {
	t.Helper()
	for _, row := range minimal {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			s := &subject{world: newWorld(t), kind: row.kind, folder: row.folder, path: row.path}
			for _, needed := range minimal {
				if needed.kind == row.kind {
					break
				}
				s.requireReady(needed.kind, s.apply(needed.folder+"/minimal.yaml").GetName())
			}
			s.before = s.count(row.path)
			test(s)
		})
	}
}

// declare creates the object of the minimal sample after an edit. An empty name means the one of the sample.
func (s *subject) declare(name string, edit func(*v1alpha1.ManagedSpec)) v1alpha1.Managed {
	s.Helper()
	object := s.read(s.folder + "/minimal.yaml")
	if name != "" {
		object.SetName(name)
		object.SetUID(types.UID("uid-of-" + name))
		if application, ok := object.(*v1alpha1.Auth0Client); ok {
			application.Spec.OutputSecret.Name = name
		}
	}
	if edit != nil {
		edit(object.(v1alpha1.Managed).GetManagedSpec())
	}
	s.create(object)
	return object.(v1alpha1.Managed)
}

// edit changes the spec, as a person does.
func (s *subject) edit(object v1alpha1.Managed, change func(*v1alpha1.ManagedSpec)) {
	s.Helper()
	s.refresh(object)
	change(object.GetManagedSpec())
	object.SetGeneration(object.GetGeneration() + 1)
	if err := s.kube.Update(s.Context(), object); err != nil {
		s.Fatal(err)
	}
}

// request requests a reconciliation, as a person does.
func (s *subject) request(object v1alpha1.Managed) {
	s.Helper()
	s.refresh(object)
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "now"})
	if err := s.kube.Update(s.Context(), object); err != nil {
		s.Fatal(err)
	}
}

func (s *subject) refresh(object client.Object) {
	s.Helper()
	if err := s.kube.Get(s.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		s.Fatal(err)
	}
}

// requireReason reconciles an object until it is not Ready for a reason.
func (s *subject) requireReason(object v1alpha1.Managed, reason string) {
	s.Helper()
	var ready *metav1.Condition
	for range mostReconciles {
		s.reconcile(s.kind, object.GetName())
		s.refresh(object)
		ready = meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status != metav1.ConditionTrue && ready.Reason == reason {
			return
		}
	}
	s.Fatalf("%s %s is not %s: %+v", s.kind, object.GetName(), reason, ready)
}

// requireCount wants this many things in Auth0 besides those of before.
func (s *subject) requireCount(want int) {
	s.Helper()
	if count := s.count(s.path) - s.before; count != want {
		s.Errorf("Auth0 has %d objects more, want %d", count, want)
	}
}

// requireQuiet wants that no call changed Auth0 since the last reset.
func (s *subject) requireQuiet() {
	s.Helper()
	for _, call := range s.sim.Requests().ByRoute {
		if call.Method != http.MethodGet && call.Route != "/oauth/token" {
			s.Errorf("there is a call of %s %s", call.Method, call.Route)
		}
	}
}

// id is the object's in Auth0.
func (s *subject) id(object v1alpha1.Managed) string {
	s.Helper()
	s.refresh(object)
	id := object.(v1alpha1.Referent).GetIdentity().ID
	if id == "" {
		s.Fatalf("%s %s has no id", s.kind, object.GetName())
	}
	return id
}

// remote reads the thing in Auth0.
func (s *subject) remote(id string) map[string]any {
	s.Helper()
	status, content := s.sim.Dashboard(http.MethodGet, "/api/v2/"+s.path+"/"+id, nil)
	var document map[string]any
	if err := json.Unmarshal(content, &document); err != nil || status != http.StatusOK {
		s.Fatalf("GET %s/%s: %d %s", s.path, id, status, content)
	}
	return document
}

// TestRetainedObjectsStay deletes an object whose thing is retained, declares it again, and deletes it for good.
func TestRetainedObjectsStay(t *testing.T) {
	eachKind(t, func(s *subject) {
		object := s.declare("", func(spec *v1alpha1.ManagedSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
		s.requireReady(s.kind, object.GetName())
		s.sim.ResetRequests()
		s.requireGone(s.kind, object)
		s.requireCount(1)

		adopting := s.declare("again", func(spec *v1alpha1.ManagedSpec) { spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
		s.requireReady(s.kind, adopting.GetName())
		s.requireCount(1)
		s.requireGone(s.kind, adopting)
		s.requireCount(0)
	})
}

// TestExistingObjectsTakeAPermission declares what exists and has no owner: without the permission to adopt it, it is not touched.
func TestExistingObjectsTakeAPermission(t *testing.T) {
	eachKind(t, func(s *subject) {
		first := s.declare("", func(spec *v1alpha1.ManagedSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
		s.requireReady(s.kind, first.GetName())
		id := s.id(first)
		s.requireGone(s.kind, first)
		existing := s.remote(id)
		if s.kind == "Auth0Client" {
			// Applications of the same name may exist, so that another one is created.
			return
		}

		second := s.declare("second", nil)
		s.requireReason(second, v1alpha1.ReasonAlreadyExists)
		if now := s.remote(id); fmt.Sprint(now) != fmt.Sprint(existing) {
			s.Errorf("it was changed: %v, before %v", now, existing)
		}
		s.edit(second, func(spec *v1alpha1.ManagedSpec) { spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
		s.requireReady(s.kind, second.GetName())
		if s.id(second) != id {
			s.Error("it is another one")
		}
		s.requireCount(1)
	})
}

// TestTwoObjectsInConflict has a second object declare the same. It waits, and owns the thing when the first object is gone.
func TestTwoObjectsInConflict(t *testing.T) {
	eachKind(t, func(s *subject) {
		first := s.declare("", nil)
		s.requireReady(s.kind, first.GetName())
		id := s.id(first)
		second := s.declare("second", func(spec *v1alpha1.ManagedSpec) { spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
		s.requireReason(second, v1alpha1.ReasonConflict)
		s.requireCount(1)

		s.edit(first, func(spec *v1alpha1.ManagedSpec) { spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
		s.requireGone(s.kind, first)
		s.requireReady(s.kind, second.GetName())
		if s.id(second) != id {
			s.Error("the second object has another thing")
		}
		s.requireCount(1)
		s.requireGone(s.kind, second)
		s.requireCount(0)
	})
}

// TestObservedObjectsAreNotWritten observes what exists: status shows it, Auth0 keeps it, also when the object is deleted.
func TestObservedObjectsAreNotWritten(t *testing.T) {
	eachKind(t, func(s *subject) {
		observe := func(spec *v1alpha1.ManagedSpec) { spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve }
		s.sim.ResetRequests()
		missing := s.declare("missing", observe)
		s.requireReady(s.kind, missing.GetName())
		s.requireQuiet()
		s.requireGone(s.kind, missing)
		s.requireCount(0)

		owner := s.declare("", nil)
		s.requireReady(s.kind, owner.GetName())
		id := s.id(owner)
		s.edit(owner, observe)
		s.requireReady(s.kind, owner.GetName())
		s.sim.ResetRequests()
		s.requireReady(s.kind, owner.GetName())
		s.requireQuiet()
		if s.id(owner) != id {
			s.Error("it is another one")
		}
		s.requireGone(s.kind, owner)
		s.requireQuiet()
		s.requireCount(1)
	})
}

// TestSuspendedObjectsAreLeftAlone suspends an object before its creation and before its deletion.
func TestSuspendedObjectsAreLeftAlone(t *testing.T) {
	eachKind(t, func(s *subject) {
		object := s.declare("", func(spec *v1alpha1.ManagedSpec) { spec.Suspend = true })
		s.sim.ResetRequests()
		s.requireReason(object, v1alpha1.ReasonSuspended)
		if calls := s.sim.Requests().Total; calls > 0 {
			s.Errorf("a suspended object makes %d calls", calls)
		}
		s.edit(object, func(spec *v1alpha1.ManagedSpec) { spec.Suspend = false })
		s.requireReady(s.kind, object.GetName())
		s.requireCount(1)
	})
}

// TestObjectsRemovedInAuth0 deletes the thing in Auth0.
func TestObjectsRemovedInAuth0(t *testing.T) {
	eachKind(t, func(s *subject) {
		object := s.declare("", nil)
		s.requireReady(s.kind, object.GetName())
		id := s.id(object)
		if status, content := s.sim.Dashboard(http.MethodDelete, "/api/v2/"+s.path+"/"+id, nil); status >= http.StatusMultipleChoices {
			s.Fatalf("DELETE %s/%s: %d %s", s.path, id, status, content)
		}
		s.requireCount(0)
		s.request(object)
		s.reconcile(s.kind, object.GetName())
		s.requireReady(s.kind, object.GetName())
		s.requireCount(1)
		s.requireGone(s.kind, object)
		s.requireCount(0)
	})
}

// TestRefusedCreations has Auth0 refuse the creation in several ways, and then accept it.
func TestRefusedCreations(t *testing.T) {
	refusals := map[string]struct {
		status int
		body   string
		reason string
	}{
		"invalid":       {http.StatusBadRequest, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error"}`, v1alpha1.ReasonRejected},
		"missing scope": {http.StatusForbidden, `{"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: create:things","errorCode":"insufficient_scope"}`, v1alpha1.ReasonMissingScope},
		"unavailable":   {http.StatusServiceUnavailable, `{"statusCode":503,"error":"Service Unavailable","message":"try again"}`, ""},
	}
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(s *subject) {
				s.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: "/api/v2/" + s.path, Status: refusal.status, Body: json.RawMessage(refusal.body)})
				object := s.declare("", nil)
				if refusal.reason != "" {
					s.requireReason(object, refusal.reason)
				} else {
					s.reconcile(s.kind, object.GetName())
				}
				s.requireCount(0)
				s.sim.ClearFaults()
				s.request(object)
				if refusal.reason == "" {
					return
				}
				s.requireReady(s.kind, object.GetName())
				s.requireCount(1)
			})
		})
	}
}

// TestUnusableTenants declares objects of a tenant that does not exist, or has no usable credentials: no call is made for them.
func TestUnusableTenants(t *testing.T) {
	eachKind(t, func(s *subject) {
		s.sim.ResetRequests()
		object := s.declare("", func(spec *v1alpha1.ManagedSpec) { spec.TenantRef.Name = "missing" })
		s.reconcile(s.kind, object.GetName())
		s.refresh(object)
		ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status == metav1.ConditionTrue || !strings.Contains(ready.Message, "missing") {
			s.Errorf("the condition does not name the tenant: %+v", ready)
		}
		if calls := s.sim.Requests().Total; calls > 0 {
			s.Errorf("%d calls for an object without a tenant", calls)
		}
		s.requireGone(s.kind, object)
	})
}

// TestFullSamples brings up the full sample of each kind together with what it refers to, so far as the sample declares that. An object
// that waits says for what; Auth0 has nothing of it that the samples do not declare.
func TestFullSamples(t *testing.T) {
	eachKind(t, func(s *subject) {
		objects := s.applyAll(s.folder + "/full.yaml")
		for range mostReconciles {
			for _, object := range objects {
				s.reconcile(kindOf(object), object.GetName())
			}
		}
		for _, object := range objects {
			s.refresh(object)
			ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != metav1.ConditionTrue && ready.Message == "" {
				s.Errorf("%s %s says nothing: %+v", kindOf(object), object.GetName(), object.GetCommonStatus())
			}
		}
		slices.Reverse(objects)
		for _, object := range objects {
			s.requireGone(kindOf(object), object)
		}
	})
}

// readAll reads the objects of a sample, its Secrets and ConfigMaps too, without creating them.
func (w *world) readAll(sample string) []client.Object {
	w.Helper()
	content, err := os.ReadFile(filepath.Join("..", "config", "samples", sample))
	if err != nil {
		w.Fatal(err)
	}
	var objects []client.Object
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			w.Fatal(err)
		}
		var object client.Object
		switch kind.Kind {
		case "Secret":
			object = &corev1.Secret{}
		case "ConfigMap":
			object = &corev1.ConfigMap{}
		default:
			object = newObject(w.T, kind.Kind)
		}
		if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
			w.Fatal(err)
		}
		if secret, ok := object.(*corev1.Secret); ok {
			secret.Data = map[string][]byte{}
			for key, value := range secret.StringData {
				secret.Data[key] = []byte(value)
			}
			secret.StringData = nil
		}
		object.SetNamespace(namespace)
		object.SetUID(types.UID("uid-of-" + object.GetName()))
		object.SetGeneration(1)
		objects = append(objects, object)
	}
	return objects
}

func (w *world) read(sample string) client.Object {
	w.Helper()
	return w.readAll(sample)[0]
}

// applyAll creates the objects of a sample, and returns those of the operator's kinds.
func (w *world) applyAll(sample string) []v1alpha1.Object {
	w.Helper()
	var own []v1alpha1.Object
	for _, object := range w.readAll(sample) {
		w.create(object)
		if known, ok := object.(v1alpha1.Object); ok {
			own = append(own, known)
		}
	}
	return own
}

func kindOf(object client.Object) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", object), "*v1alpha1.")
}
