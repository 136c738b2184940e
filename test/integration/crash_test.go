package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// scenario is work of the operator that a crash interrupts. The test does not list its steps: it observes them.
type scenario struct {
	fixture

	// prepare creates what the scenario needs, besides what the fixture prepares.
	prepare func(*environment)
	// declare edits the object of the fixture.
	declare func(v1alpha1.Managed)
	// ready is true if the object must be Ready before the scenario begins.
	ready bool
	// rival is true if another object declares the same before, is in conflict, and must own the thing in the end.
	rival bool
	// begin starts the operator's work.
	begin func(*environment, v1alpha1.Managed)
	// meanwhile is what people do while no operator runs.
	meanwhile func(*environment, v1alpha1.Managed)
	// left is the number of things in Auth0 in the end, if the object must be gone. Otherwise the object must be Ready.
	gone bool
	left int
	// settled waits until everything else that the scenario changes is in sync.
	settled func(*environment)
	// issued is how many things were issued that Auth0 does not return again, such as tokens. output is their Secret. A crash may
	// cost another one only if the one before did not reach the Secret.
	issued func(*environment) int
	output string
}

// scenarios are what every kind with files has, and more of some kinds.
var scenarios = withCrashScenarios(map[string]scenario{
	"sign a user up": {fixture: signupFixture, begin: declareIt},
	"sign up a user who is undone": {
		fixture: signupFixture, begin: declareIt, meanwhile: deleteIt, gone: true,
	},
	"sign up a user who moves": {fixture: signupFixture, begin: declareIt, meanwhile: changeIt(signupFixture)},
	"create a user with a generated password and an invitation": {
		fixture: userFixture, declare: withGeneratedPasswordAndInvitation, begin: declareIt, issued: invitations, output: "invitation",
	},
	"rotate a generated password and invite again": {
		fixture: userFixture, declare: withGeneratedPasswordAndInvitation, ready: true, begin: rotateAndInvite, issued: invitations, output: "invitation",
	},
	"update a user":                {fixture: userFixture, prepare: otherPassword, ready: true, begin: changeUser},
	"take over a user by id":       {fixture: userFixture, prepare: userFixture.existing, begin: takeOver},
	"issue a token":                {fixture: tokenFixture, begin: declareIt, issued: tokens, output: "token"},
	"issue a token for a user":     {fixture: passwordTokenFixture, begin: declareIt, issued: tokens, output: "token"},
	"renew a token":                {fixture: tokenFixture, ready: true, begin: changeIt(tokenFixture), issued: tokens, output: "token"},
	"begin with a refresh token":   {fixture: refreshTokenFixture, begin: declareIt, issued: tokens, output: "token"},
	"refresh a token that rotates": {fixture: refreshTokenFixture, ready: true, begin: changeIt(refreshTokenFixture), issued: tokens, output: "token"},
	"refresh a token that does not rotate": {
		fixture: refreshTokenFixture, prepare: withoutRotation, ready: true, begin: changeIt(refreshTokenFixture), issued: tokens, output: "token",
	},
	"exchange a code":                 {fixture: codeTokenFixture, begin: declareIt, issued: tokens, output: "token"},
	"sign a person in by device code": {fixture: deviceTokenFixture, begin: declareIt, issued: tokens, output: "token"},
	"sign a user in who stays so":     {fixture: refreshingPasswordFixture, begin: declareIt, issued: tokens, output: "token"},
	"delete a token that stays": {
		fixture: tokenFixture, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1, issued: tokens, output: "token",
	},
	"delete with revokeOnDelete": {fixture: endingTokenFixture, ready: true, begin: deleteIt, gone: true},

	"create an application with a secret of one's own": {
		fixture: clientFixture, prepare: ownSecret, declare: withOwnSecret, begin: declareIt,
	},
	"create an application with a key pair": {fixture: clientFixture, declare: withKeyPair, begin: declareIt},
	"rotate the secret of an application": {
		fixture: clientFixture, ready: true, begin: annotateIt(v1alpha1.AnnotationRotateSecret), issued: rotations, output: "shop-one",
	},
	"rotate the key pair of an application": {
		fixture: clientFixture, declare: withKeyPair, ready: true, begin: annotateIt(v1alpha1.AnnotationRotateKey),
	},

	"create a member of an organization": {fixture: memberFixture, begin: declareIt},
	"update a member of an organization": {fixture: memberFixture, ready: true, begin: changeIt(memberFixture)},

	"update an API that moves": {fixture: resourceServerFixture, ready: true, begin: changeIt(resourceServerFixture), meanwhile: clearIt(resourceServerFixture)},

	"create an application with a session key": {
		fixture: sessionFixture, declare: withSessionKey, begin: declareIt, settled: sessionKeyStays,
	},
	"change templates beside a session key": {
		fixture: sessionFixture, declare: withSessionKey, ready: true, begin: changeBesideSessionKey, settled: sessionKeyStays,
	},
	"create an application with public values": {
		fixture: clientFixture, declare: withPublicValues, begin: declareIt, settled: publicValuesAreThere,
	},
	"remove outputs, and name others": {
		fixture: fixtureWithOutput, prepare: adoptedOutput, declare: withPublicValues, ready: true, begin: dropOutputs, meanwhile: nameOtherOutputs, settled: outputsAreTheOthers,
	},
	"create an application beside an exact connection": {
		fixture: clientFixture, prepare: besideExactConnection, begin: declareIt, settled: connectionIsExact,
	},
	"hand over a user who stays":      {fixture: userFixture, declare: retained, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a role without a call": {fixture: roleFixture, declare: retained, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"delete a role that a user names": {
		fixture: roleFixture, prepare: besideUserWithRole, declare: mayAdopt, ready: true, begin: deleteIt, gone: true, settled: userLacksRole,
	},

	"update a role that moves": {fixture: roleFixture, ready: true, begin: changeIt(roleFixture), meanwhile: clearIt(roleFixture)},
})

// TestCrash kills the operator before the first step of every scenario, and right after each step that changes something. Then
// another operator takes over. A crash right before a later step leaves the same behind as one right after the step before.
func TestCrash(t *testing.T) {
	for name, u := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, end := range instants(u.observe(t)) {
				t.Run(end.String(), func(t *testing.T) {
					t.Parallel()
					u.interrupt(t, end)
				})
			}
		})
	}
}

// instants are the moments at which a crash leaves something else behind than at any other.
func instants(steps []step) []instant {
	ends := []instant{{steps[0], false}}
	for _, step := range steps {
		if !strings.HasPrefix(step.effect, http.MethodGet) {
			ends = append(ends, instant{step, true})
		}
	}
	return ends
}

// observe returns the steps of the scenario without a crash.
func (u scenario) observe(t *testing.T) []step {
	t.Helper()
	m, object := u.setUp(t)
	current := m.process.Load()
	current.watch(nil)
	u.begin(m.environment, object)
	if u.gone && u.meanwhile == nil {
		m.eventuallyGone(object)
	} else {
		m.eventuallyHandled(object)
	}
	steps := current.work()
	if u.meanwhile != nil {
		u.meanwhile(m.environment, object)
	}
	u.complete(m.environment, object)
	m.stopOperator()
	u.verify(m.environment, object)
	if len(steps) == 0 {
		t.Fatal("nothing was done")
	}
	return steps
}

// interrupt kills the operator in the middle of the scenario, and starts another one.
func (u scenario) interrupt(t *testing.T, end instant) {
	t.Helper()
	m, object := u.setUp(t)
	before := m.version(u.output)
	current := m.process.Load()
	current.watch(&end)
	u.begin(m.environment, object)
	if !u.awaitEnd(m.environment, current, object) {
		// The step does not occur every time. For example, a status that says that the tenant is not Ready yet takes a slow
		// cache.
		m.stopOperator()
		// The step may still have occurred since. Calls of the verification are not the dead process's.
		m.process.Store(newProcess())
		u.verify(m.environment, object)
		return
	}
	m.stopOperator()
	u.requireNoOrphans(m.environment)
	affordable := countOf(m.environment, u.issued)
	if m.version(u.output) == before {
		affordable++
	}
	if u.meanwhile != nil {
		u.meanwhile(m.environment, object)
	}
	m.startProcess()
	u.complete(m.environment, object)
	m.stopOperator()
	u.verify(m.environment, object)
	if issued := countOf(m.environment, u.issued); issued > affordable {
		t.Errorf("%d were issued, want at most %d", issued, affordable)
	}
}

// awaitEnd waits until the operator dies, and reports whether it did. It may finish without the step.
func (u scenario) awaitEnd(e *environment, current *process, object v1alpha1.Managed) bool {
	e.Helper()
	died := func(within time.Duration) bool {
		select {
		case <-current.ended:
			return true
		case <-time.After(within):
			return false
		}
	}
	deadline := time.Now().Add(patience)
	for !died(50 * time.Millisecond) {
		if u.isDone(e, object) {
			return died(time.Second)
		}
		if time.Now().After(deadline) {
			e.Fatalf("neither dead nor done: %v", current.work())
		}
	}
	return true
}

// isDone reports whether the object is in its final state.
func (u scenario) isDone(e *environment, object v1alpha1.Managed) bool {
	e.Helper()
	err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object)
	if u.gone && u.meanwhile == nil {
		return apierrors.IsNotFound(err)
	}
	if err != nil {
		return false
	}
	status := object.GetCommonStatus()
	return status.ObservedGeneration == object.GetGeneration() && readyStatus(object) == metav1.ConditionTrue && len(abnormal(object)) == 0 &&
		status.LastHandledReconcileAt == object.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
}

// count is how many things were issued, or 0.
func countOf(e *environment, issued func(*environment) int) int {
	e.Helper()
	if issued == nil {
		return 0
	}
	return issued(e)
}

// version changes whenever a Secret is written.
func (m *crashable) version(secret string) string {
	m.Helper()
	var found corev1.Secret
	if err := m.kube.Get(m.ctx, client.ObjectKey{Namespace: m.namespace, Name: secret}, &found); err != nil {
		return ""
	}
	return found.ResourceVersion
}

func (u scenario) setUp(t *testing.T) (*crashable, v1alpha1.Managed) {
	t.Helper()
	m := newCrashable(t)
	u.fixture.prepare(m.environment)
	if u.prepare != nil {
		u.prepare(m.environment)
	}
	object := u.object(m.environment, "one")
	if u.declare != nil {
		u.declare(object)
	}
	if u.ready {
		m.create(object)
		m.eventuallyReady(object)
		// The operator must be idle when the counting begins.
		m.reconcile(object)
	}
	if u.rival {
		second := u.rivalOf(m.environment)
		m.create(second)
		m.eventuallyStalled(second, u.conflictReason)
		m.sim.ResetRequests()
	}
	return m, object
}

// rivalOf is another object that declares the same.
func (u scenario) rivalOf(e *environment) v1alpha1.Managed {
	rival := u.object(e, "two")
	if u.namesRepeat {
		mayAdopt(rival)
	}
	return rival
}

// requireInherited waits until the rival owns the thing. It fails if the operator deleted or created anything in Auth0.
func (u scenario) requireInherited(e *environment) {
	e.Helper()
	rival := u.rivalOf(e)
	e.eventuallyReady(rival)
	u.eventuallyRequire(e, rival)
	for _, call := range e.sim.Requests().ByRoute {
		made := call.Method == u.create.method && call.Route == u.create.route && call.Status < http.StatusMultipleChoices
		if call.Method == http.MethodDelete || made {
			e.Errorf("it was not handed over: %+v", call)
		}
	}
}

// eventuallyHandled waits until the current object is Ready and its requests by annotation are handled.
func (e *environment) eventuallyHandled(object v1alpha1.Managed) {
	e.Helper()
	e.eventually(func() error {
		e.get(object)
		if requested := object.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]; object.GetCommonStatus().LastHandledReconcileAt != requested {
			return fmt.Errorf("%T %s: the request %q is not handled: %+v", object, object.GetName(), requested, object.GetCommonStatus())
		}
		return nil
	})
	e.eventuallyReady(object)
}

// complete waits until the operator is done and idle.
func (u scenario) complete(e *environment, object v1alpha1.Managed) {
	e.Helper()
	if u.gone {
		e.eventuallyGone(object)
	} else {
		e.eventuallyHandled(object)
	}
	if u.settled != nil {
		u.settled(e)
	}
	if u.rival {
		u.requireInherited(e)
	}
	if u.gone {
		return
	}
	writes := u.spent(e)
	e.reconcile(object)
	if u.spent(e) != writes {
		e.Errorf("Ready, and %d more calls changed something in Auth0: %+v", u.spent(e)-writes, e.sim.Requests().ByRoute)
	}
}

// spent is how many calls changed Auth0, except for the operator's own tokens.
func (u scenario) spent(e *environment) int {
	e.Helper()
	report := e.sim.Requests()
	return report.Writes() + report.Count("POST", "/dbconnections/signup") + countOf(e, u.issued)
}

// verify fails unless everything is in sync. No operator may run, because a check signs users in.
func (u scenario) verify(e *environment, object v1alpha1.Managed) {
	e.Helper()
	u.requireNoOrphans(e)
	if u.gone {
		u.requireCount(e, u.left)
		return
	}
	u.require(e, object)
	if user, ok := object.(*v1alpha1.Auth0User); ok {
		requireHeld(e, user)
		requireSignIn(e, user)
	}
}

// requireNoOrphans fails if a user in Auth0 has our marker and no object declares the user, or no object that would stay until
// the user is gone.
func (u scenario) requireNoOrphans(e *environment) {
	e.Helper()
	u.requireNoUnmarkedOrphans(e)
	requireNoOrphanedClients(e)
	var objects v1alpha1.Auth0UserList
	if err := e.kube.List(e.ctx, &objects, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	requireNoOrphanedConnections(e)
	requireNoOrphanedOrganizations(e)
	for _, user := range e.users() {
		mark, proof := markerOf(user, "app_metadata"), markerOf(user, "user_metadata")
		kept := false
		for i := range objects.Items {
			object := &objects.Items[i]
			kept = kept || len(object.Finalizers) > 0 && (proof != "" || mark == holder(object))
		}
		if mark+proof != "" && !kept {
			e.Errorf("user %v is an orphan: %v", user["user_id"], user)
		}
	}
}

// requireNoUnmarkedOrphans fails if no object knows a thing in Auth0 without a marker: neither by its ID nor by a recorded
// intent. The object must be one that would stay until the thing is gone.
func (u scenario) requireNoUnmarkedOrphans(e *environment) {
	e.Helper()
	if u.unmarked == nil || u.prepare != nil || u.left > 0 {
		// Some of these are not ours, or must stay.
		return
	}
	object, found := u.object(e, "one"), u.unmarked(e)
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object); client.IgnoreNotFound(err) != nil {
		e.Fatal(err)
	} else if err == nil && len(object.GetFinalizers()) > 0 {
		if object.GetManagedStatus().Creating != "" {
			return
		}
		id := object.(v1alpha1.Referent).GetIdentity().ID
		found = slices.DeleteFunc(found, func(known string) bool { return known == id })
	}
	if len(found) > 0 {
		e.Errorf("orphans: %v", found)
	}
}

// markerOf returns the marker in the metadata of a user, or the idempotency key of a sign-up.
func markerOf(user map[string]any, metadata string) string {
	values, _ := user[metadata].(map[string]any)
	mark, _ := values["auth0_operator"].(string)
	return mark
}

func holder(object client.Object) string {
	return fmt.Sprintf("%s/%s/%s", object.GetNamespace(), object.GetName(), object.GetUID())
}

// requireHeld fails unless the user carries the marker of its object, and no idempotency key.
func requireHeld(e *environment, object *v1alpha1.Auth0User) {
	e.Helper()
	user := e.user(object.Status.UserID)
	if markerOf(user, "app_metadata") != holder(object) || markerOf(user, "user_metadata") != "" {
		e.Errorf("the user is not marked as the object's: %v", user)
	}
}

// requireSignIn signs in with the declared password. It lifts a block for that.
func requireSignIn(e *environment, object *v1alpha1.Auth0User) {
	e.Helper()
	from := corev1.SecretKeySelector{Key: "password"}
	if ref := object.Spec.Password.SecretRef; ref != nil {
		from.Name = ref.Name
	} else {
		from.Name = object.Spec.Password.Generate.OutputSecret.Name
	}
	secret := &corev1.Secret{ObjectMeta: e.meta(from.Name)}
	e.get(secret)
	e.dashboard("PATCH", userPath(object.Status.UserID), map[string]any{"blocked": false})
	if status, answer := e.signInTo(object.Status.Connection, *object.Spec.Email, string(secret.Data[from.Key])); status != 200 {
		e.Errorf("signing in with the declared password: %d %s", status, answer)
	}
}

func declareIt(e *environment, object v1alpha1.Managed) { e.create(object) }

// takeOver declares a user by its existing ID.
func takeOver(e *environment, object v1alpha1.Managed) {
	mayAdopt(object)
	object.(*v1alpha1.Auth0User).Spec.UserID = new(e.users()[0]["user_id"].(string))
	e.create(object)
}

func deleteIt(e *environment, object v1alpha1.Managed) { e.delete(object) }

func changeIt(s fixture) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) { change(e, object, s.change) }
}

// deletedRemotely deletes in Auth0 what an object declares.
func deletedRemotely(s fixture) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) {
		s.deleteRemotely(e, object)
		annotateIt(v1alpha1.AnnotationReconcileRequestedAt)(e, object)
	}
}

func clearIt(s fixture) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) { change(e, object, s.clear) }
}

func mayAdopt(object v1alpha1.Managed) {
	object.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
}

func retained(object v1alpha1.Managed) {
	object.GetManagedSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain
}

func otherPassword(e *environment) {
	e.create(e.secret("other", map[string]string{"password": "planted-Other-Password-2"}))
}

// changeUser changes all fields of a user, including the password.
func changeUser(e *environment, object v1alpha1.Managed) {
	change(e, object, func(o v1alpha1.Managed) {
		userFixture.change(o)
		o.(*v1alpha1.Auth0User).Spec.Password = passwordFrom("other")
	})
}

func withGeneratedPasswordAndInvitation(object v1alpha1.Managed) {
	spec := &object.(*v1alpha1.Auth0User).Spec
	spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "login"}}}
	spec.Invitation = &v1alpha1.UserInvitation{OutputSecret: v1alpha1.OutputSecret{Name: "invitation"}}
}

func rotateAndInvite(e *environment, object v1alpha1.Managed) {
	annotateIt(v1alpha1.AnnotationRotatePassword, v1alpha1.AnnotationInvite)(e, object)
}

// annotateIt makes requests by annotation, including one for a reconciliation.
func annotateIt(requests ...string) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) {
		change(e, object, func(o v1alpha1.Managed) {
			annotations := o.GetAnnotations()
			for _, request := range append(requests, v1alpha1.AnnotationReconcileRequestedAt) {
				annotations[request] = "again"
			}
			o.SetAnnotations(annotations)
		})
	}
}

func invitations(e *environment) int {
	return e.sim.Requests().Count("POST", "/api/v2/tickets/password-change")
}

// tokens counts the tokens that were issued to the application of the token, by the tenant's log.
func tokens(e *environment) int {
	e.Helper()
	machine := &corev1.Secret{ObjectMeta: e.meta("machine")}
	e.get(machine)
	issued := 0
	for _, entry := range e.dashboardList("/api/v2/logs?per_page=100") {
		kind, _ := entry["type"].(string)
		if entry["client_id"] == string(machine.Data["clientId"]) && slices.Contains([]string{"seccft", "sepft", "seacft", "sertft", "sedcft"}, kind) {
			issued++
		}
	}
	return issued
}
