package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// fixture describes a kind for the lifecycle table. Every field is required.
type fixture struct {
	// prepare creates what an object needs besides the tenant.
	prepare func(*environment)
	// object returns an object. Objects with different names declare the same thing in Auth0.
	object func(e *environment, name string) v1alpha1.Managed
	// check returns an error if Auth0 differs from the object.
	check func(*environment, v1alpha1.Managed) error
	// count is the number of such things in Auth0.
	count func(*environment) int
	// unmarked lists the IDs of such things in Auth0 if they carry no marker. Otherwise it is nil.
	unmarked func(*environment) []string
	// writes is the number of calls that changed Auth0.
	writes func(simulator.Report) int
	// create is the call that creates the thing, for faults.
	create call
	// namesRepeat is true if Auth0 allows several such things with the same name.
	namesRepeat bool

	// change edits the spec. clear removes a field, and cleared checks what is left of it in Auth0.
	change  func(v1alpha1.Managed)
	clear   func(v1alpha1.Managed)
	cleared func(*environment, v1alpha1.Managed) error
	// drift changes the thing in Auth0 without the operator. deleteRemotely deletes it.
	drift          func(*environment, v1alpha1.Managed)
	deleteRemotely func(*environment, v1alpha1.Managed)
	// existing creates the declared thing in Auth0 without the operator.
	existing func(*environment)
	// existsReason is the reason if the thing already exists. conflictReason is the reason if another object owns it.
	existsReason, conflictReason string
	// permit allows adoption if that takes an annotation of the Secret instead of adoptionPolicy.
	permit func(*environment, v1alpha1.Managed)
	// invalid are mistakes in the spec. fix reverts them.
	invalid []mistake
	fix     func(v1alpha1.Managed)
	// withoutScope removes a scope that the operator needs, and returns what the message must name.
	withoutScope func(*environment) string
	scopeReason  string
}

// mistake is a mistake in a spec, and why and with which words the object is Stalled then.
type mistake struct {
	make            func(v1alpha1.Managed)
	reason, message string
}

// call is a call to Auth0.
type call struct{ method, route string }

// subjects are the kinds with a counterpart in Auth0, and variants of them: those that Go describes, and all with files.
var subjects = withFiles(map[string]fixture{
	"Auth0Client":                       clientFixture,
	"Auth0Token by password":            passwordTokenFixture,
	"Auth0Token":                        tokenFixture,
	"Auth0User by sign-up":              signupFixture,
	"Auth0Token by password, refreshed": refreshingPasswordFixture,
	"Auth0Token by authorization code":  codeTokenFixture,
	"Auth0Token by refresh token":       refreshTokenFixture,
	"Auth0Token by device code":         deviceTokenFixture,
})

// lifecycle lists the scenarios that every kind must pass.
var lifecycle = []struct {
	name string
	run  func(*environment, fixture)
}{
	{"create", create},
	{"second reconciliation writes nothing", secondReconcile},
	{"drift is corrected", drift},
	{"update", update},
	{"a field that is removed is cleared", clearField},
	{"what Auth0 does not apply is said", notApplied},
	{"adopt only if allowed", adopt},
	{"conflict between two objects", conflict},
	{"the other object of a conflict inherits", inherit},
	{"the other object of a conflict inherits what is retained", inheritRetained},
	{"external delete is made good", externalDelete},
	{"a stranger in its place", foreignObject},
	{"409", answered409},
	{"429", answered429},
	{"5xx", answered5xx},
	{"lost response", lostResponse},
	{"crash after the effect", crash},
	{"bad spec", badSpec},
	{"missing scope", missingScope},
	{"tenant down", tenantDown},
	{"delete", deleteObject},
	{"a deletion that waits is said", deletionWaits},
	{"retain", retain},
	{"observe writes nothing", observe},
	{"what was only observed stays", observedStays},
	{"what exists and was observed stays", existingStays},
	{"a stranger that was observed stays", observedForeignObjectStays},
	{"create only", createOnly},
	{"suspend", suspend},
	{"restart writes nothing", restart},
}

func TestLifecycle(t *testing.T) {
	for kind, s := range subjects {
		for _, row := range lifecycle {
			t.Run(kind+"/"+row.name, func(t *testing.T) {
				t.Parallel()
				e := newEnvironment(t)
				s.prepare(e)
				e.sim.ResetRequests()
				row.run(e, s)
			})
		}
	}
}

func TestEveryKindRunsThroughTheLifecycle(t *testing.T) {
	for _, kind := range controllers.All() {
		_, managed := kind.New().(v1alpha1.Managed)
		if _, ok := subjects[kind.Name]; managed && !ok {
			t.Errorf("%s has no subject in the lifecycle table: add the folder %s; package test/fixtures says what it contains", kind.Name, fixtures.FolderOf(kind.Name))
		}
	}
	for name, s := range subjects {
		fields := reflect.ValueOf(s)
		for i := range fields.NumField() {
			field, fieldName := fields.Field(i), fields.Type().Field(i).Name
			// Only tokens need a permission that others may lack, and what has a marker is none of the unmarked.
			if fieldName != "permit" && fieldName != "unmarked" && field.Kind() != reflect.Bool && field.IsZero() {
				t.Errorf("the subject %s leaves out %s", name, fieldName)
			}
		}
	}
}

// declared creates an object and waits until it is Ready.
func (s fixture) declared(e *environment) v1alpha1.Managed {
	e.Helper()
	object := s.object(e, "one")
	e.create(object)
	e.eventuallyReady(object)
	s.require(e, object)
	return object
}

// require fails unless Auth0 has exactly one thing, which matches the spec.
func (s fixture) require(e *environment, object v1alpha1.Managed) {
	e.Helper()
	if err := s.check(e, object); err != nil {
		e.Errorf("not as declared: %v", err)
	}
	s.requireCount(e, 1)
}

func (s fixture) requireCount(e *environment, want int) {
	e.Helper()
	if count := s.count(e); count != want {
		e.Errorf("there are %d in Auth0, want %d", count, want)
	}
}

func (s fixture) requireWrites(e *environment, want int) {
	e.Helper()
	if report := e.sim.Requests(); s.writes(report) != want {
		e.Errorf("%d calls changed something in Auth0, want %d: %+v", s.writes(report), want, report.ByRoute)
	}
}

// eventuallyRequire waits until Auth0 matches the spec.
func (s fixture) eventuallyRequire(e *environment, object v1alpha1.Managed) {
	e.Helper()
	e.eventually(func() error {
		e.get(object)
		return s.check(e, object)
	})
	e.eventuallyReady(object)
	s.requireCount(e, 1)
}

func create(e *environment, s fixture) {
	object := s.declared(e)
	if len(e.events(object)) == 0 {
		e.eventually(func() error {
			if len(e.events(object)) == 0 {
				return fmt.Errorf("no Event tells of the creation")
			}
			return nil
		})
	}
	if object.GetCommonStatus().ObservedGeneration != object.GetGeneration() {
		e.Errorf("observedGeneration is %d, generation %d", object.GetCommonStatus().ObservedGeneration, object.GetGeneration())
	}
}

func secondReconcile(e *environment, s fixture) {
	object := s.declared(e)
	e.reconcile(object)
	before := snapshot(e, object)
	e.sim.ResetRequests()
	e.reconcile(object)
	s.requireWrites(e, 0)
	if difference := cmp.Diff(before, snapshot(e, object)); difference != "" {
		e.Errorf("a second pass changed something in the API server (-before +after):\n%s", difference)
	}
	s.require(e, object)
}

// snapshot is all that the operator could have written, except the requested reconciliation itself.
func snapshot(e *environment, object v1alpha1.Managed) map[string]any {
	e.Helper()
	e.get(object)
	seen := object.DeepCopyObject().(v1alpha1.Managed)
	seen.SetResourceVersion("")
	seen.SetManagedFields(nil)
	seen.SetAnnotations(nil)
	seen.GetCommonStatus().LastHandledReconcileAt = ""
	var secrets corev1.SecretList
	if err := e.kube.List(e.ctx, &secrets, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	versions := map[string]string{}
	for _, secret := range secrets.Items {
		versions[secret.Name] = secret.ResourceVersion
	}
	encoded, err := json.Marshal(seen)
	if err != nil {
		e.Fatal(err)
	}
	return map[string]any{"object": string(encoded), "secrets": versions, "events": len(e.events(object))}
}

func drift(e *environment, s fixture) {
	object := s.declared(e)
	e.sim.ResetRequests()
	s.drift(e, object)
	e.reconcile(object)
	s.eventuallyRequire(e, object)
	if report := e.sim.Requests(); s.writes(report) > 1 {
		e.Errorf("%d calls changed something in Auth0, want one at most: %+v", s.writes(report), report.ByRoute)
	}
}

func update(e *environment, s fixture) {
	object := s.declared(e)
	change(e, object, s.change)
	e.eventuallyReady(object)
	s.require(e, object)
}

func clearField(e *environment, s fixture) {
	object := s.declared(e)
	change(e, object, s.clear)
	e.eventuallyReady(object)
	s.require(e, object)
	if err := s.cleared(e, object); err != nil {
		e.Error(err)
	}
}

// notApplied makes Auth0 answer each update with success and do nothing.
func notApplied(e *environment, s fixture) {
	object := s.declared(e)
	if _, isToken := object.(*v1alpha1.Auth0Token); isToken {
		// A token is issued or not, and never updated.
		change(e, object, s.change)
		e.eventuallyReady(object)
		return
	}
	route := strings.Replace(s.create.route, "/dbconnections/signup", "/api/v2/users", 1) + "/{id}"
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: route, Ignore: []string{"*"}})
	e.sim.ResetRequests()
	change(e, object, s.change)
	e.eventuallyStalled(object, v1alpha1.ReasonNotApplied, "did not apply: ")
	if len(object.GetManagedStatus().Differences) == 0 {
		e.Error("status.differences does not show what")
	}
	if sent := e.sim.Requests().Count(http.MethodPatch, route); sent != 1 {
		e.Errorf("it was sent %d times", sent)
	}
	e.restartOperator()
	e.sim.ResetRequests()
	e.eventually(func() error {
		if e.sim.Requests().Count(http.MethodGet, route) == 0 {
			return fmt.Errorf("the object was not looked at: %+v", e.sim.Requests().ByRoute)
		}
		return nil
	})
	e.eventuallyStalled(object, v1alpha1.ReasonNotApplied)
	s.requireWrites(e, 0)
	e.sim.ClearFaults()
	e.reconcile(object)
	e.eventuallyReady(object)
	s.require(e, object)
}

func adopt(e *environment, s fixture) {
	s.existing(e)
	e.sim.ResetRequests()
	object := s.object(e, "one")
	e.create(object)
	if s.namesRepeat {
		adoptWhereNamesRepeat(e, s, object)
		return
	}
	if s.permit == nil {
		e.eventuallyStalled(object, s.existsReason, "adoptionPolicy")
	} else {
		change(e, object, mayAdopt)
		e.reconcile(object)
		e.eventuallyStalled(object, s.existsReason, v1alpha1.AnnotationAdoptableBy)
	}
	s.requireCount(e, 1)
	s.letAdopt(e, object)
	e.eventuallyReady(object)
	s.require(e, object)
}

// letAdopt allows an object to adopt an existing thing.
func (s fixture) letAdopt(e *environment, object v1alpha1.Managed) {
	e.Helper()
	if s.permit != nil {
		s.permit(e, object)
	} else {
		change(e, object, mayAdopt)
	}
}

// adoptWhereNamesRepeat checks that an object that may not adopt creates a second thing, that one that may adopt takes the one
// without an owner, and that one that finds several is stalled.
func adoptWhereNamesRepeat(e *environment, s fixture, object v1alpha1.Managed) {
	e.eventuallyReady(object)
	s.requireCount(e, 2)
	adopting := s.object(e, "two")
	adopting.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(adopting)
	e.eventuallyReady(adopting)
	s.requireCount(e, 2)
	e.deleteAndWait(object)
	s.require(e, adopting)

	s.existing(e)
	s.existing(e)
	choosing := s.object(e, "three")
	choosing.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(choosing)
	e.eventuallyStalled(choosing, s.existsReason)
	s.requireCount(e, 3)
}

func conflict(e *environment, s fixture) {
	first := s.declared(e)
	second := s.object(e, "two")
	second.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(second)
	e.eventuallyStalled(second, s.conflictReason, first.GetName())
	s.require(e, first)
	e.deleteAndWait(second)
	s.require(e, first)
}

// inherit deletes the owner of two objects in conflict. The thing stays in Auth0, and the other object becomes its owner.
func inherit(e *environment, s fixture) { inheritFrom(e, s, func(v1alpha1.Managed) {}) }

// inheritRetained deletes it with deletionPolicy Retain, as the message of the conflict says.
func inheritRetained(e *environment, s fixture) {
	inheritFrom(e, s, func(first v1alpha1.Managed) {
		change(e, first, func(o v1alpha1.Managed) { o.GetManagedSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	})
}

func inheritFrom(e *environment, s fixture, edit func(first v1alpha1.Managed)) {
	if s.conflictReason != v1alpha1.ReasonConflict {
		// Tokens have no counterpart in Auth0 that another object could own.
		return
	}
	first := s.declared(e)
	second := s.object(e, "two")
	if s.namesRepeat {
		second.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	}
	e.create(second)
	e.eventuallyStalled(second, s.conflictReason, "needs spec.deletionPolicy: Retain")
	edit(first)
	created := e.sim.Requests().Count(s.create.method, s.create.route)
	e.deleteAndWait(first)
	e.eventuallyReady(second)
	s.require(e, second)
	if again := e.sim.Requests().Count(s.create.method, s.create.route); again > created+1 {
		e.Errorf("it was tried to create it %d times more", again-created)
	}
	e.deleteAndWait(second)
	s.requireCount(e, 0)
}

func externalDelete(e *environment, s fixture) {
	object := s.declared(e)
	s.deleteRemotely(e, object)
	e.reconcile(object)
	s.eventuallyRequire(e, object)
}

// foreignObject checks that an object may not manage a new thing that another person created in place of the deleted one.
func foreignObject(e *environment, s fixture) {
	object := s.declared(e)
	e.stopOperator()
	s.deleteRemotely(e, object)
	s.existing(e)
	e.startOperator()
	if s.namesRepeat {
		e.reconcile(object)
		s.requireCount(e, 2)
		return
	}
	e.eventuallyStalled(object, s.existsReason)
	s.requireCount(e, 1)
	s.letAdopt(e, object)
	e.eventuallyReady(object)
	s.require(e, object)
}

func answered409(e *environment, s fixture) {
	e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Times: 1, Status: 409})
	s.declared(e)
}

func answered429(e *environment, s fixture) {
	reset := e.sim.Now().Add(2 * time.Second).Unix()
	e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Times: 1, Status: 429, Headers: map[string]string{
		"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(reset),
	}})
	object := s.object(e, "one")
	e.create(object)
	e.eventuallyReconciling(object, v1alpha1.ReasonRateLimited)
	e.eventuallyReady(object)
	s.require(e, object)
	if made := e.sim.Requests().Count(s.create.method, s.create.route); made != 2 {
		e.Errorf("%d attempts, want the one that was refused and the one that succeeded", made)
	}
}

func answered5xx(e *environment, s fixture) {
	e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Times: 2, Status: 503})
	object := s.object(e, "one")
	e.create(object)
	e.eventuallyReconciling(object, v1alpha1.ReasonTenantUnavailable)
	e.eventuallyReady(object)
	s.require(e, object)
}

func lostResponse(e *environment, s fixture) {
	e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Times: 1, Drop: simulator.DropAfter})
	s.declared(e)
}

func crash(e *environment, s fixture) {
	e.sim.AddFaults(simulator.Fault{Method: s.create.method, Route: s.create.route, Times: 1, Drop: simulator.DropAfter})
	object := s.object(e, "one")
	e.create(object)
	e.eventually(func() error {
		if e.sim.Requests().Count(s.create.method, s.create.route) == 0 {
			return fmt.Errorf("nothing was created yet")
		}
		return nil
	})
	e.restartOperator()
	e.eventuallyReady(object)
	s.require(e, object)
}

func badSpec(e *environment, s fixture) {
	object := s.object(e, "one")
	s.invalid[0].make(object)
	e.create(object)
	for _, mistake := range s.invalid {
		change(e, object, mistake.make)
		e.eventuallyStalled(object, mistake.reason, mistake.message)
		s.requireCount(e, 0)
		// What Auth0 alone can judge is sent to it.
		if mistake.reason != v1alpha1.ReasonRejected {
			s.requireWrites(e, 0)
		}
	}
	change(e, object, s.fix)
	e.eventuallyReady(object)
	s.require(e, object)
}

func missingScope(e *environment, s fixture) {
	missing := s.withoutScope(e)
	e.restartOperator()
	e.eventuallyReady(e.tenant())
	object := s.object(e, "one")
	e.create(object)
	e.eventuallyStalled(object, s.scopeReason, missing)
	s.requireCount(e, 0)
}

func tenantDown(e *environment, s fixture) {
	object := s.declared(e)
	e.sim.Stop()
	e.reconcile(object)
	if ready := readyStatus(object); ready != metav1.ConditionTrue {
		e.Errorf("a tenant that is down makes an object that was Ready say Ready=%s", ready)
	}
	change(e, object, s.change)
	e.eventuallyReconciling(object, v1alpha1.ReasonTenantUnavailable)
	if err := e.sim.Resume(); err != nil {
		e.Fatal(err)
	}
	e.eventuallyReady(object)
	s.require(e, object)
}

func readyStatus(object v1alpha1.Object) metav1.ConditionStatus {
	for _, condition := range object.GetCommonStatus().Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			return condition.Status
		}
	}
	return "absent"
}

func deleteObject(e *environment, s fixture) {
	object := s.declared(e)
	e.deleteAndWait(object)
	e.eventually(func() error {
		if count := s.count(e); count != 0 {
			return fmt.Errorf("%d are left", count)
		}
		return nil
	})
}

func retain(e *environment, s fixture) {
	object := s.object(e, "one")
	object.GetManagedSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain
	e.create(object)
	e.eventuallyReady(object)
	e.deleteAndWait(object)
	s.requireCount(e, 1)

	successor := s.object(e, "two")
	mayAdopt(successor)
	if s.permit != nil {
		s.permit(e, successor)
	}
	e.create(successor)
	e.eventuallyReady(successor)
	s.require(e, successor)
}

func observe(e *environment, s fixture) {
	object := s.object(e, "one")
	object.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyObserve
	e.create(object)
	e.eventuallyReady(object)
	s.requireCount(e, 0)
	s.requireWrites(e, 0)
	e.deleteAndWait(object)
}

// observedStays checks that an object that observed a foreign thing does not touch it once it manages without adoptionPolicy.
func observedStays(e *environment, s fixture) {
	s.existing(e)
	object := s.object(e, "one")
	object.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyObserve
	e.create(object)
	e.reconcile(object)
	s.requireUntouched(e, object)
}

// existingStays checks that an object that found and then observed a foreign thing does not touch it once it manages without
// adoptionPolicy. Where names repeat, the object first creates its own thing.
func existingStays(e *environment, s fixture) {
	s.existing(e)
	object := s.object(e, "one")
	e.create(object)
	e.reconcile(object)
	setPolicy(e, object, v1alpha1.ManagementPolicyObserve)
	s.requireUntouched(e, object)
}

// observedForeignObjectStays checks that an object does not touch a foreign thing that it observed in place of its own.
func observedForeignObjectStays(e *environment, s fixture) {
	object := s.declared(e)
	setPolicy(e, object, v1alpha1.ManagementPolicyObserve)
	s.deleteRemotely(e, object)
	s.existing(e)
	e.reconcile(object)
	s.requireUntouched(e, object)
}

func setPolicy(e *environment, object v1alpha1.Managed, policy v1alpha1.ManagementPolicy) {
	e.Helper()
	change(e, object, func(o v1alpha1.Managed) { o.GetManagedSpec().ManagementPolicy = policy })
	e.reconcile(object)
}

// requireUntouched lets an object that observed a thing manage it, adds a finalizer, and deletes the object. It fails if the
// foreign thing changed.
func (s fixture) requireUntouched(e *environment, object v1alpha1.Managed) {
	e.Helper()
	before := s.count(e)
	e.sim.ResetRequests()
	setPolicy(e, object, v1alpha1.ManagementPolicyFull)
	stalled := before == 1
	switch {
	case stalled && s.namesRepeat:
		e.eventuallyStalled(object, v1alpha1.ReasonAlreadyExists)
	case stalled:
		e.eventuallyStalled(object, s.existsReason)
	}
	change(e, object, func(o v1alpha1.Managed) { controllerutil.AddFinalizer(o, v1alpha1.Finalizer) })
	e.deleteAndWait(object)
	s.requireCount(e, 1)
	if stalled {
		s.requireWrites(e, 0)
	}
}

func createOnly(e *environment, s fixture) {
	object := s.object(e, "one")
	object.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyCreateOnly
	e.create(object)
	e.eventuallyReady(object)
	s.require(e, object)
	e.sim.ResetRequests()
	e.reconcile(object)
	s.requireWrites(e, 0)
	e.deleteAndWait(object)
}

func suspend(e *environment, s fixture) {
	object := s.declared(e)
	change(e, object, func(o v1alpha1.Managed) { o.GetManagedSpec().Suspend = true })
	e.eventuallyCondition(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	s.drift(e, object)
	e.sim.ResetRequests()
	e.reconcile(object)
	// The operator may read the organization of a member, because the organization may have drifted, too.
	const organizations = "/api/v2/organizations"
	requests := e.sim.Requests()
	taken := calls(requests)
	for _, made := range requests.ByRoute {
		if made.Method == http.MethodGet && strings.HasPrefix(made.Route, organizations) && s.create.route != organizations {
			taken -= made.Count
		}
	}
	if taken != 0 {
		e.Errorf("a suspended object takes calls: %+v", requests.ByRoute)
	}
	if s.check(e, object) == nil {
		e.Error("a suspended object was corrected")
	}
	change(e, object, func(o v1alpha1.Managed) { o.GetManagedSpec().Suspend = false })
	s.eventuallyRequire(e, object)
}

// deletionWaits delays the deletion of an object, and checks that the cause is where people look for it.
func deletionWaits(e *environment, s fixture) {
	object := s.declared(e)
	change(e, object, func(o v1alpha1.Managed) { o.GetManagedSpec().Suspend = true })
	e.eventuallyCondition(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	e.delete(object)
	e.requireDeletionIsSaid(object, v1alpha1.ReasonSuspended)
	change(e, object, func(o v1alpha1.Managed) { o.GetManagedSpec().Suspend = false })
	e.eventuallyGone(object)
}

func restart(e *environment, s fixture) {
	object := s.declared(e)
	e.reconcile(object)
	before := snapshot(e, object)
	e.sim.ResetRequests()
	e.restartOperator()
	e.eventually(func() error {
		if e.sim.Requests().Count("POST", "/oauth/token") == 0 {
			return fmt.Errorf("the operator has not reached the tenant yet")
		}
		return nil
	})
	e.sim.ResetRequests()
	e.reconcile(object)
	s.requireWrites(e, 0)
	if difference := cmp.Diff(before, snapshot(e, object)); difference != "" {
		e.Errorf("a restart changed something in the API server (-before +after):\n%s", difference)
	}
	s.require(e, object)
}
