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

// undertaking is something that the operator sets out to do, and that a crash interrupts. The steps in which it does it
// are not written down anywhere: they are observed.
type undertaking struct {
	subject

	// prepare makes what the undertaking takes, besides what the subject prepares.
	prepare func(*environment)
	// declare edits what the subject declares.
	declare func(v1alpha1.Managed)
	// ready has the object be there and Ready before.
	ready bool
	// rival has another object declare the same before, which is in conflict, and is to have it in the end.
	rival bool
	// begin sets the operator to work.
	begin func(*environment, v1alpha1.Managed)
	// meanwhile is what people do while no operator runs.
	meanwhile func(*environment, v1alpha1.Managed)
	// left is how many things there are in Auth0 in the end, if the object is to go; otherwise it is to become Ready.
	gone bool
	left int
	// settled waits until what the undertaking changes besides is as declared.
	settled func(*environment)
	// issued is how many things were issued that cannot be had again, such as tokens, and output the Secret they go to. A
	// crash may cost another one only if the one before did not get there.
	issued func(*environment) int
	output string
}

var undertakings = map[string]undertaking{
	"create a user":               {subject: userSubject, begin: declareIt},
	"create a user who is undone": {subject: userSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create a user who moves":     {subject: userSubject, begin: declareIt, meanwhile: changeIt(userSubject)},
	"sign a user up":              {subject: signupSubject, begin: declareIt},
	"sign up a user who is undone": {
		subject: signupSubject, begin: declareIt, meanwhile: deleteIt, gone: true,
	},
	"sign up a user who moves": {subject: signupSubject, begin: declareIt, meanwhile: changeIt(signupSubject)},
	"create a user with a generated password and an invitation": {
		subject: userSubject, declare: withGeneratedPasswordAndInvitation, begin: declareIt, issued: invitations, output: "invitation",
	},
	"rotate a generated password and invite again": {
		subject: userSubject, declare: withGeneratedPasswordAndInvitation, ready: true, begin: rotateAndInvite, issued: invitations, output: "invitation",
	},
	"update a user":                             {subject: userSubject, prepare: otherPassword, ready: true, begin: changeUser},
	"make good a user who was deleted":          {subject: userSubject, ready: true, begin: vanishIt(userSubject)},
	"make good a role that was deleted":         {subject: roleSubject, ready: true, begin: vanishIt(roleSubject)},
	"make good a client grant that was deleted": {subject: clientGrantSubject, ready: true, begin: vanishIt(clientGrantSubject)},
	"make good an API that was deleted":         {subject: resourceServerSubject, ready: true, begin: vanishIt(resourceServerSubject)},
	"adopt a user": {
		subject: userSubject, prepare: userSubject.existing, declare: mayAdopt, begin: declareIt,
	},
	"take over a user by id":       {subject: userSubject, prepare: userSubject.existing, begin: takeOver},
	"delete a user":                {subject: userSubject, ready: true, begin: deleteIt, gone: true},
	"delete a user who stays":      {subject: userSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},
	"issue a token":                {subject: tokenSubject, begin: declareIt, issued: tokens, output: "token"},
	"issue a token for a user":     {subject: passwordTokenSubject, begin: declareIt, issued: tokens, output: "token"},
	"renew a token":                {subject: tokenSubject, ready: true, begin: changeIt(tokenSubject), issued: tokens, output: "token"},
	"begin with a refresh token":   {subject: refreshTokenSubject, begin: declareIt, issued: tokens, output: "token"},
	"refresh a token that rotates": {subject: refreshTokenSubject, ready: true, begin: changeIt(refreshTokenSubject), issued: tokens, output: "token"},
	"refresh a token that does not rotate": {
		subject: refreshTokenSubject, prepare: withoutRotation, ready: true, begin: changeIt(refreshTokenSubject), issued: tokens, output: "token",
	},
	"exchange a code":                 {subject: codeTokenSubject, begin: declareIt, issued: tokens, output: "token"},
	"sign a person in by device code": {subject: deviceTokenSubject, begin: declareIt, issued: tokens, output: "token"},
	"sign a user in who stays so":     {subject: refreshingPasswordSubject, begin: declareIt, issued: tokens, output: "token"},
	"delete a token that stays": {
		subject: tokenSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1, issued: tokens, output: "token",
	},
	"delete with revokeOnDelete": {subject: endingTokenSubject, ready: true, begin: deleteIt, gone: true},

	"create an application":                {subject: clientSubject, begin: declareIt},
	"create an application that is undone": {subject: clientSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create an application that moves":     {subject: clientSubject, begin: declareIt, meanwhile: changeIt(clientSubject)},
	"create an application with a secret of one's own": {
		subject: clientSubject, prepare: ownSecret, declare: withOwnSecret, begin: declareIt,
	},
	"create an application with a key pair": {subject: clientSubject, declare: withKeyPair, begin: declareIt},
	"update an application":                 {subject: clientSubject, ready: true, begin: changeIt(clientSubject)},
	"adopt an application":                  {subject: clientSubject, prepare: clientSubject.existing, declare: mayAdopt, begin: declareIt},
	"rotate the secret of an application": {
		subject: clientSubject, ready: true, begin: annotateIt(v1alpha1.AnnotationRotateSecret), issued: rotations, output: "shop-one",
	},
	"rotate the key pair of an application": {
		subject: clientSubject, declare: withKeyPair, ready: true, begin: annotateIt(v1alpha1.AnnotationRotateKey),
	},
	"delete an application":              {subject: clientSubject, ready: true, begin: deleteIt, gone: true},
	"delete an application that stays":   {subject: clientSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},
	"create a connection":                {subject: connectionSubject, begin: declareIt},
	"create a connection that is undone": {subject: connectionSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create a connection that moves":     {subject: connectionSubject, begin: declareIt, meanwhile: changeIt(connectionSubject)},
	"update a connection":                {subject: connectionSubject, ready: true, begin: changeIt(connectionSubject)},
	"adopt a connection":                 {subject: connectionSubject, prepare: connectionSubject.existing, declare: mayAdopt, begin: declareIt},
	"delete a connection":                {subject: connectionSubject, ready: true, begin: deleteIt, gone: true},
	"delete a connection that stays":     {subject: connectionSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},

	"create an organization":                {subject: organizationSubject, begin: declareIt},
	"create an organization that is undone": {subject: organizationSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create an organization that moves":     {subject: organizationSubject, begin: declareIt, meanwhile: changeIt(organizationSubject)},
	"update an organization":                {subject: organizationSubject, ready: true, begin: changeIt(organizationSubject)},
	"adopt an organization":                 {subject: organizationSubject, prepare: organizationSubject.existing, declare: mayAdopt, begin: declareIt},
	"delete an organization":                {subject: organizationSubject, ready: true, begin: deleteIt, gone: true},
	"delete an organization that stays":     {subject: organizationSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},

	"create a member of an organization": {subject: memberSubject, begin: declareIt},
	"update a member of an organization": {subject: memberSubject, ready: true, begin: changeIt(memberSubject)},

	"create an API":                {subject: resourceServerSubject, begin: declareIt},
	"create an API that is undone": {subject: resourceServerSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create an API that moves":     {subject: resourceServerSubject, begin: declareIt, meanwhile: changeIt(resourceServerSubject)},
	"update an API":                {subject: resourceServerSubject, ready: true, begin: changeIt(resourceServerSubject)},
	"update an API that moves":     {subject: resourceServerSubject, ready: true, begin: changeIt(resourceServerSubject), meanwhile: clearIt(resourceServerSubject)},
	"adopt an API":                 {subject: resourceServerSubject, prepare: resourceServerSubject.existing, declare: mayAdopt, begin: declareIt},
	"delete an API":                {subject: resourceServerSubject, ready: true, begin: deleteIt, gone: true},
	"delete an API that stays":     {subject: resourceServerSubject, declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},

	"create a grant":                {subject: clientGrantSubject, begin: declareIt},
	"create a grant that is undone": {subject: clientGrantSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create a grant that moves":     {subject: clientGrantSubject, begin: declareIt, meanwhile: changeIt(clientGrantSubject)},
	"update a grant":                {subject: clientGrantSubject, ready: true, begin: changeIt(clientGrantSubject)},
	"adopt a grant":                 {subject: clientGrantSubject, prepare: clientGrantSubject.existing, declare: mayAdopt, begin: declareIt},
	"delete a grant":                {subject: clientGrantSubject, ready: true, begin: deleteIt, gone: true},

	"create an application with a session key": {
		subject: sessionSubject, declare: withSessionKey, begin: declareIt, settled: sessionKeyStays,
	},
	"change templates beside a session key": {
		subject: sessionSubject, declare: withSessionKey, ready: true, begin: changeBesideSessionKey, settled: sessionKeyStays,
	},
	"create an application with public values": {
		subject: clientSubject, declare: withPublicValues, begin: declareIt, settled: publicValuesAreThere,
	},
	"remove outputs, and name others": {
		subject: subjectWithOutput, prepare: adoptedOutput, declare: withPublicValues, ready: true, begin: dropOutputs, meanwhile: nameOtherOutputs, settled: outputsAreTheOthers,
	},
	"create an application beside an exact connection": {
		subject: clientSubject, prepare: besideExactConnection, begin: declareIt, settled: connectionIsExact,
	},
	"hand over a user":                {subject: userSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a user who stays":      {subject: userSubject, declare: retained, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over an application":        {subject: clientSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a connection":          {subject: connectionSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over an organization":       {subject: organizationSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over an API":                {subject: resourceServerSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a grant":               {subject: clientGrantSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a role":                {subject: roleSubject, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"hand over a role without a call": {subject: roleSubject, declare: retained, ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
	"delete a role that a user names": {
		subject: roleSubject, prepare: besideUserWithRole, declare: mayAdopt, ready: true, begin: deleteIt, gone: true, settled: userLacksRole,
	},

	"create a role":                {subject: roleSubject, begin: declareIt},
	"create a role that is undone": {subject: roleSubject, begin: declareIt, meanwhile: deleteIt, gone: true},
	"create a role that moves":     {subject: roleSubject, begin: declareIt, meanwhile: changeIt(roleSubject)},
	"update a role":                {subject: roleSubject, ready: true, begin: changeIt(roleSubject)},
	"update a role that moves":     {subject: roleSubject, ready: true, begin: changeIt(roleSubject), meanwhile: clearIt(roleSubject)},
	"adopt a role":                 {subject: roleSubject, prepare: roleSubject.existing, declare: mayAdopt, begin: declareIt},
	"delete a role":                {subject: roleSubject, ready: true, begin: deleteIt, gone: true},
}

// TestCrash has the operator die before the first step of every undertaking and right after each that changes something, and another
// one take over. What it leaves behind right before a later step is what it left behind after the one before that.
func TestCrash(t *testing.T) {
	for name, u := range undertakings {
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

// instants are those at which a death leaves something else behind than at any other.
func instants(steps []step) []instant {
	ends := []instant{{steps[0], false}}
	for _, step := range steps {
		if !strings.HasPrefix(step.effect, http.MethodGet) {
			ends = append(ends, instant{step, true})
		}
	}
	return ends
}

// observe returns the steps of the undertaking when nothing goes wrong.
func (u undertaking) observe(t *testing.T) []step {
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

// interrupt has the operator die in the middle of the undertaking, and another one take over.
func (u undertaking) interrupt(t *testing.T, end instant) {
	t.Helper()
	m, object := u.setUp(t)
	before := m.version(u.output)
	current := m.process.Load()
	current.watch(&end)
	u.begin(m.environment, object)
	if !u.awaitEnd(m.environment, current, object) {
		// The step does not come every time: a word in status that the tenant is not Ready yet, for one, takes a slow cache.
		m.stopOperator()
		// It may still have come since. The calls of those who verify are not the dead's.
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
	m.live()
	u.complete(m.environment, object)
	m.stopOperator()
	u.verify(m.environment, object)
	if issued := countOf(m.environment, u.issued); issued > affordable {
		t.Errorf("%d were issued, want at most %d", issued, affordable)
	}
}

// awaitEnd waits until the operator died, and tells whether it did: it may get done without taking the step.
func (u undertaking) awaitEnd(e *environment, current *process, object v1alpha1.Managed) bool {
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

// isDone tells whether the object is as it is to be in the end.
func (u undertaking) isDone(e *environment, object v1alpha1.Managed) bool {
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

// count counts what was issued, if anything is.
func countOf(e *environment, issued func(*environment) int) int {
	e.Helper()
	if issued == nil {
		return 0
	}
	return issued(e)
}

// version changes whenever a Secret is written.
func (m *mortal) version(secret string) string {
	m.Helper()
	var found corev1.Secret
	if err := m.kube.Get(m.ctx, client.ObjectKey{Namespace: m.namespace, Name: secret}, &found); err != nil {
		return ""
	}
	return found.ResourceVersion
}

func (u undertaking) setUp(t *testing.T) (*mortal, v1alpha1.Managed) {
	t.Helper()
	m := newMortal(t)
	u.subject.prepare(m.environment)
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
		// Nothing may be left to do when the counting begins.
		m.pass(object)
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
func (u undertaking) rivalOf(e *environment) v1alpha1.Managed {
	rival := u.object(e, "two")
	if u.namesRepeat {
		mayAdopt(rival)
	}
	return rival
}

// requireInherited waits until the rival has what both declared: nothing was deleted in Auth0, and nothing made.
func (u undertaking) requireInherited(e *environment) {
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

// eventuallyHandled waits until the object is Ready as it is now, requests by annotation included.
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

// complete waits until the operator is done, and has nothing left to do.
func (u undertaking) complete(e *environment, object v1alpha1.Managed) {
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
	e.pass(object)
	if u.spent(e) != writes {
		e.Errorf("Ready, and %d more calls changed something in Auth0: %+v", u.spent(e)-writes, e.sim.Requests().ByRoute)
	}
}

// spent is how many calls changed something in Auth0, but for the operator's own tokens.
func (u undertaking) spent(e *environment) int {
	e.Helper()
	report := e.sim.Requests()
	return report.Writes() + report.Count("POST", "/dbconnections/signup") + countOf(e, u.issued)
}

// verify fails unless all is as declared. No operator may run: a check signs users in.
func (u undertaking) verify(e *environment, object v1alpha1.Managed) {
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

// requireNoOrphans fails if a user in Auth0 is marked as ours and no object declares it any more, or none that would stay
// until the user is gone.
func (u undertaking) requireNoOrphans(e *environment) {
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
		mark, proof := markOf(user, "app_metadata"), markOf(user, "user_metadata")
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

// unmarked lists the ids of what carries no mark in Auth0, by the kind that declares it.
var unmarked = map[string]func(*environment) []string{
	"*v1alpha1.Auth0ClientGrant":    func(e *environment) []string { return fieldOf(e.grants(ordersAPI), "id") },
	"*v1alpha1.Auth0ResourceServer": func(e *environment) []string { return fieldOf(e.apis(ordersAPI), "id") },
	"*v1alpha1.Auth0Role":           func(e *environment) []string { return fieldOf(e.dashboardList(rolesRoute), "id") },
}

// requireNoUnmarkedOrphans fails if something in Auth0 that carries no mark is known to no object that would stay until it
// is gone: neither by its id, nor by a note that it may have been created.
func (u undertaking) requireNoUnmarkedOrphans(e *environment) {
	e.Helper()
	object := u.object(e, "one")
	list := unmarked[fmt.Sprintf("%T", object)]
	if list == nil || u.prepare != nil || u.left > 0 {
		// Some of it is not ours, or is to stay.
		return
	}
	found := list(e)
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

// markOf returns the operator's mark in the metadata of a user, or the proof of a sign-up.
func markOf(user map[string]any, metadata string) string {
	values, _ := user[metadata].(map[string]any)
	mark, _ := values["auth0_operator"].(string)
	return mark
}

func holder(object client.Object) string {
	return fmt.Sprintf("%s/%s/%s", object.GetNamespace(), object.GetName(), object.GetUID())
}

// requireHeld fails unless the user carries the mark of its object, and no proof any more.
func requireHeld(e *environment, object *v1alpha1.Auth0User) {
	e.Helper()
	user := e.user(object.Status.UserID)
	if markOf(user, "app_metadata") != holder(object) || markOf(user, "user_metadata") != "" {
		e.Errorf("the user is not marked as the object's: %v", user)
	}
}

// requireSignIn signs in with the password that the object declares. A block is lifted for it.
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

// takeOver declares a user by the id that it has.
func takeOver(e *environment, object v1alpha1.Managed) {
	mayAdopt(object)
	object.(*v1alpha1.Auth0User).Spec.UserID = new(e.users()[0]["user_id"].(string))
	e.create(object)
}

func deleteIt(e *environment, object v1alpha1.Managed) { e.delete(object) }

func changeIt(s subject) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) { change(e, object, s.change) }
}

// vanishIt has somebody delete in Auth0 what an object declares.
func vanishIt(s subject) func(*environment, v1alpha1.Managed) {
	return func(e *environment, object v1alpha1.Managed) {
		s.vanish(e, object)
		annotateIt(v1alpha1.AnnotationReconcileRequestedAt)(e, object)
	}
}

func clearIt(s subject) func(*environment, v1alpha1.Managed) {
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

// changeUser changes everything about a user, the password included.
func changeUser(e *environment, object v1alpha1.Managed) {
	change(e, object, func(o v1alpha1.Managed) {
		userSubject.change(o)
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

// annotateIt makes requests by annotation, and one for a pass.
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
