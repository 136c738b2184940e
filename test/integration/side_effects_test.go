package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// exactConnection declares a database that the operator's own application alone may use.
func exactConnection(e *environment) *v1alpha1.Auth0Connection {
	e.Helper()
	object := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("staff"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "staff", Strategy: "auth0",
		EnabledClients: &v1alpha1.EnabledClients{Mode: v1alpha1.ListModeExact, Items: []v1alpha1.EnabledClient{}},
	}}
	e.create(object)
	e.eventuallyReady(object)
	return object
}

// checkExact says for which other applications a connection is enabled.
func checkExact(e *environment, c *v1alpha1.Auth0Connection) error {
	e.Helper()
	if enabled := e.enabledClients(e.connectionOf(c)); !slices.Equal(enabled, []string{operatorClientID}) {
		return fmt.Errorf("the connection is enabled for %v", enabled)
	}
	return nil
}

// TestANewApplicationLeavesAnExactConnection is case 67: Auth0 enables a new application for every connection.
func TestANewApplicationLeavesAnExactConnection(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	connection := exactConnection(e)
	e.sim.ResetRequests()
	partner := clientFixture.object(e, "partner")
	e.create(partner)
	e.eventuallyReady(partner)
	e.eventually(func() error {
		if taken := e.sim.Requests().Count("PATCH", "/api/v2/connections/{id}/clients"); taken != 1 {
			return fmt.Errorf("%d calls took the connection from the new application", taken)
		}
		return nil
	})
	e.eventually(func() error { return checkExact(e, connection) })
	e.eventuallyReady(connection)
	// Two writes for the application; two reads and a write for the connection, and a read of what came of it.
	e.requireCalls("creating an application beside an exact connection", 6)
}

// TestANewApplicationCostsAnAdditiveConnectionNothing counts the calls where nobody minds.
func TestANewApplicationCostsAnAdditiveConnectionNothing(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	connection := declaredConnection(e, nil)
	e.eventuallyReady(connection)
	e.sim.ResetRequests()
	partner := clientFixture.object(e, "partner")
	e.create(partner)
	e.eventuallyReady(partner)
	e.reconcile(partner)
	e.requireCalls("creating an application, and reading it once", 3)
}

// TestAnApplicationOfOthersLeavesAnExactConnection when the log tells of it.
func TestAnApplicationOfOthersLeavesAnExactConnection(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyLog, v1alpha1.WatchedByLog)
	connection := exactConnection(w.environment)
	w.advance(time.Minute)
	w.dashboard("POST", clientsPath, map[string]any{"name": "theirs"})
	until := w.fake.Now().Add(45 * time.Second)
	w.eventually(func() error {
		if w.fake.Now().Before(until) {
			w.advance(time.Second)
		}
		return checkExact(w.environment, connection)
	})
}

// TestARequestedComparisonSkipsNothing compares what was brought in line a moment before, and what is stalled.
func TestARequestedComparisonSkipsNothing(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone)
	users := w.declareUsers(2, nil)
	missing := newUser(w.environment, "missing", "missing@example.com")
	missing.Spec.Connection = "elsewhere"
	w.create(missing)
	w.eventually(func() error {
		w.get(missing)
		if readyStatus(missing) != "False" {
			return fmt.Errorf("conditions %+v", missing.Status.Conditions)
		}
		return nil
	})
	w.edit(users[1], map[string]any{"name": "Mallory"})
	w.advance(time.Second)
	w.dashboard("POST", "/api/v2/connections", map[string]any{"name": "elsewhere", "strategy": "auth0", "enabled_clients": []any{operatorClientID}})
	w.reconcileAll()
	w.eventually(func() error {
		if name := w.user(users[1].Status.UserID)["name"]; name != "User" {
			return fmt.Errorf("the user is named %v", name)
		}
		return nil
	})
	w.eventuallyReady(missing)
}

// TestWhoLosesSomethingByADeletionIsReadAtOnce takes away what others name by value, and reads nobody else.
func TestWhoLosesSomethingByADeletionIsReadAtOnce(t *testing.T) {
	t.Parallel()
	calls := &paths{}
	e := newEnvironment(t, func(o *simulator.Options) { o.Wrap = calls.wrap })
	role := newRole(e, "editor")
	e.create(role)
	e.eventuallyReady(role)
	named := newUser(e, "named", "named@example.com")
	named.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("editor")}}}
	other := newUser(e, "other", "other@example.com")
	for _, user := range []*v1alpha1.Auth0User{named, other} {
		e.create(user)
		e.eventuallyReady(user)
	}
	calls.reset()
	e.deleteAndWait(role)
	e.eventuallyReconciling(named, v1alpha1.ReasonRoleNotFound, "editor")
	if calls.firstOf("GET /api/v2/users/"+named.Status.UserID) < 0 || calls.firstOf("GET /api/v2/users/"+other.Status.UserID) >= 0 {
		t.Error("other users were read than the one who lost a role")
	}
}

// TestWhatIsCreatedAgainReturnsToThoseWhoHadIt deletes a role in Auth0: the operator makes it again, and users had it.
func TestWhatIsCreatedAgainReturnsToThoseWhoHadIt(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := newRole(e, "editor")
	e.create(role)
	e.eventuallyReady(role)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "editor"}}}}
	e.create(user)
	e.eventuallyReady(user)
	e.dashboard("DELETE", rolesRoute+"/"+role.Status.ID, nil)
	e.reconcile(role)
	e.eventually(func() error {
		if roles := e.userRoles(e.user(user.Status.UserID)); !slices.Contains(roles, "editor") {
			return fmt.Errorf("the user has the roles %v", roles)
		}
		return nil
	})
}

// TestANewPasswordLeavesABlockOfOthers in place: Auth0 lifts it otherwise.
func TestANewPasswordLeavesABlockOfOthers(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	secret := e.secret("password", map[string]string{"password": "Correct-Horse-1"})
	e.create(secret)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = passwordFrom("password")
	e.create(user)
	e.eventuallyReady(user)
	e.dashboard("PATCH", userPath(user.Status.UserID), map[string]any{"blocked": true})
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-2") })
	e.eventually(func() error {
		if e.sim.Requests().Count("PATCH", "/api/v2/users/{id}") == 0 {
			return fmt.Errorf("the password is not sent yet")
		}
		return nil
	})
	e.reconcile(user)
	if blocked := e.user(user.Status.UserID)["blocked"]; blocked != true {
		t.Errorf("blocked is %v: the operator let in whom somebody blocked", blocked)
	}
}

// besideExactConnection prepares a declared connection that a new application is not to have.
func besideExactConnection(e *environment) { exactConnection(e) }

// connectionIsExact waits until no new application has the connection.
func connectionIsExact(e *environment) {
	e.Helper()
	connection := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("staff")}
	e.get(connection)
	e.eventually(func() error { return checkExact(e, connection) })
}

// besideUserWithRole prepares a role in Auth0, and a declared user who has it by name.
func besideUserWithRole(e *environment) {
	e.Helper()
	seedRoles(e, "editor")
	user := newUser(e, "named", "named@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("editor")}}}
	e.create(user)
	e.eventuallyReady(user)
}

// userLacksRole waits until the user says that the role is gone.
func userLacksRole(e *environment) {
	e.Helper()
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("named")}
	e.eventuallyReconciling(user, v1alpha1.ReasonRoleNotFound, "editor")
}
