package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// newUser declares a user by e-mail and nothing else.
func newUser(e *environment, name, email string) *v1alpha1.Auth0User {
	return &v1alpha1.Auth0User{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(), Connection: connection, Email: &email,
	}}
}

func passwordFrom(secret string) *v1alpha1.UserPassword {
	return &v1alpha1.UserPassword{SecretRef: &v1alpha1.SecretKeyReference{Name: secret, Key: "password"}}
}

func roles(mode v1alpha1.ListMode, names ...string) *v1alpha1.UserRoles {
	list := &v1alpha1.UserRoles{Mode: mode, Items: []v1alpha1.UserRole{}}
	for _, name := range names {
		list.Items = append(list.Items, v1alpha1.UserRole{Name: &name})
	}
	return list
}

// TestCallsOfAUser holds the call budget: one call for the user, one for its roles, one for its permissions. The list that
// gives roles their ids is read once for all users.
func TestCallsOfAUser(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	warmUp := newUser(e, "warm-up", "warm-up@example.com")
	warmUp.Spec.Roles = roles("", "editor")
	e.create(warmUp)
	e.eventuallyReady(warmUp)

	withRoles := newUser(e, "with-roles", "with-roles@example.com")
	withRoles.Spec.Roles = roles("", "editor", "viewer")
	withAll := userFixture.object(e, "with-all").(*v1alpha1.Auth0User)
	for _, row := range []struct {
		user *v1alpha1.Auth0User
		want int
	}{
		{newUser(e, "plain", "plain@example.com"), 1},
		{withRoles, 2},
		{withAll, 3},
	} {
		e.sim.ResetRequests()
		e.create(row.user)
		e.eventuallyReady(row.user)
		e.requireCalls("creating "+row.user.Name, row.want)
	}

	plain := newUser(e, "plain", "plain@example.com")
	e.get(plain)
	e.sim.ResetRequests()
	e.reconcile(plain)
	e.requireCalls("finding nothing to do", 1)
	change(e, plain, func(u *v1alpha1.Auth0User) { u.Spec.Name = new("Plain") })
	e.eventuallyReady(plain)
	e.requireCalls("changing a field", 2)
	e.deleteAndWait(plain)
	e.requireCalls("deleting a user", 3)
}

func TestManyUsersShareOneListOfRoles(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedRoles(e, "editor")
	const n = 20
	users := make([]*v1alpha1.Auth0User, n)
	for i := range users {
		users[i] = newUser(e, fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@example.com", i))
		users[i].Spec.Roles = roles("", "editor")
		e.create(users[i])
	}
	for _, user := range users {
		e.eventuallyReady(user)
	}
	e.requireCalls(fmt.Sprintf("creating %d users with a role", n), 2*n+1)
}

func TestNoMailUnlessAskedFor(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	silent := newUser(e, "silent", "silent@example.com")
	e.create(silent)
	e.eventuallyReady(silent)
	change(e, silent, func(u *v1alpha1.Auth0User) { u.Spec.Email = new("quiet@example.com") })
	e.eventuallyReady(silent)
	if mails := e.sim.Emails(); len(mails) != 0 {
		t.Fatalf("nobody asked for mail, and Auth0 sent %+v", mails)
	}

	asking := newUser(e, "asking", "asking@example.com")
	asking.Spec.VerifyEmail = new(true)
	e.create(asking)
	e.eventuallyReady(asking)
	e.reconcile(asking)
	if mails := e.sim.Emails(); len(mails) != 1 || mails[0].To != "asking@example.com" {
		t.Errorf("want one mail to asking@example.com, got %+v", mails)
	}
}

func TestEmailChangeKeepsTheUserAndItsVerification(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "Ada@Example.com")
	user.Spec.EmailVerified = new(true)
	e.create(user)
	e.eventuallyReady(user)
	id := user.Status.UserID
	if !strings.HasPrefix(id, "auth0|") || user.Status.Email != "ada@example.com" || user.Status.Login != "ada@example.com" {
		t.Errorf("status is %+v", user.Status)
	}
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Email = new("countess@example.com") })
	e.eventuallyReady(user)
	stored := e.user(id)
	if user.Status.UserID != id || stored["email"] != "countess@example.com" || stored["email_verified"] != true {
		t.Errorf("user %s became %s: %v", id, user.Status.UserID, stored)
	}
}

// TestPasswordIsSetWhenItChanges shows that people keep the passwords that they chose themselves, until the Secret changes.
func TestPasswordIsSetWhenItChanges(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	secret := e.secret("password", map[string]string{"password": "Correct-Horse-1"})
	e.create(secret)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password, user.Spec.Blocked = passwordFrom("password"), new(true)
	e.create(user)
	e.eventuallyReady(user)

	e.dashboard("PATCH", userPath(user.Status.UserID), map[string]any{"password": "Chosen-By-Ada-1"})
	e.dashboard("PATCH", userPath(user.Status.UserID), map[string]any{"blocked": true})
	e.reconcile(user)
	change(e, secret, func(s *corev1.Secret) { s.Labels = map[string]string{"touched": "yes"} })
	e.restartOperator()
	e.reconcile(user)
	// The operator would put the block right that is lifted to sign in.
	e.stopOperator()
	requirePassword(e, "Chosen-By-Ada-1", true)
	e.startOperator()

	e.sim.ResetRequests()
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-2") })
	e.eventually(func() error {
		if e.sim.Requests().Writes() < 2 || e.user(user.Status.UserID)["blocked"] != true {
			return fmt.Errorf("the password was not set, and the block not again: %+v", e.sim.Requests())
		}
		return nil
	})
	e.stopOperator()
	requirePassword(e, "Correct-Horse-2", true)
}

// requirePassword signs in as ada@example.com. A block is lifted for it.
func requirePassword(e *environment, password string, blocked bool) {
	e.Helper()
	found := e.users()
	if blocked {
		e.dashboard("PATCH", userPath(found[0]["user_id"].(string)), map[string]any{"blocked": false})
		defer e.dashboard("PATCH", userPath(found[0]["user_id"].(string)), map[string]any{"blocked": true})
	}
	if status, answer := e.signIn("ada@example.com", password); status != 200 {
		e.Errorf("signing in with the expected password: %d %s", status, answer)
	}
}

func TestRolesExactAndAdditive(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedRoles(e, "editor", "viewer", "theirs")
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = roles(v1alpha1.ListModeAdditive, "editor", "viewer")
	e.create(user)
	e.eventuallyReady(user)
	e.assignRole(user.Status.UserID, "theirs")

	for _, row := range []struct {
		name  string
		roles *v1alpha1.UserRoles
		want  []string
	}{
		{"additive removes what it added and leaves the rest", roles(v1alpha1.ListModeAdditive, "editor"), []string{"editor", "theirs"}},
		{"exact removes the rest", roles(v1alpha1.ListModeExact, "editor"), []string{"editor"}},
		{"exact and empty removes all", roles(v1alpha1.ListModeExact), nil},
		{"additive again", roles(v1alpha1.ListModeAdditive, "viewer"), []string{"viewer"}},
		{"unset takes back what it added", nil, nil},
	} {
		change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Roles = row.roles })
		e.eventuallyReady(user)
		if have := e.userRoles(e.user(user.Status.UserID)); !slices.Equal(have, row.want) && len(have)+len(row.want) > 0 {
			t.Errorf("%s: roles are %v, want %v", row.name, have, row.want)
		}
	}
	e.sim.ResetRequests()
	e.reconcile(user)
	e.requireCalls("checking a user without roles", 1)
}

func (e *environment) assignRole(userID, name string) {
	e.Helper()
	for _, role := range e.dashboardList("/api/v2/roles") {
		if role["name"] == name {
			e.dashboard("POST", userPath(userID)+"/roles", map[string]any{"roles": []any{role["id"]}})
		}
	}
}

func TestObserveShowsAPlan(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	userFixture.existing(e)
	user := userFixture.object(e, "ada").(*v1alpha1.Auth0User)
	user.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	e.sim.ResetRequests()
	e.create(user)
	e.eventuallyCondition(user, v1alpha1.ConditionReady, "True", v1alpha1.ReasonObserved)
	var fields []string
	for _, difference := range user.Status.Differences {
		fields = append(fields, difference.Field)
	}
	if want := []string{"app_metadata.plan", "blocked", "given_name", "name", "user_metadata.theme", "roles", "permissions"}; !slices.Equal(fields, want) {
		t.Errorf("the plan names %v, want %v", fields, want)
	}
	if e.sim.Requests().Writes() != 0 || len(user.Finalizers) != 0 {
		t.Errorf("observing wrote something: %+v, finalizers %v", e.sim.Requests().ByRoute, user.Finalizers)
	}

	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.ManagementPolicy = v1alpha1.ManagementPolicyFull })
	e.eventuallyStalled(user, v1alpha1.ReasonAlreadyExists)
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
	e.eventuallyReady(user)
	userFixture.require(e, user)
	if len(user.Status.Differences) != 0 {
		t.Errorf("the plan stayed: %+v", user.Status.Differences)
	}
}

// TestBadUserInput shows what a person sees, and how it heals.
func TestBadUserInput(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		setup  func(*environment)
		spec   func(*environment, *v1alpha1.Auth0User)
		stall  bool
		reason string
		says   string
		heal   func(*environment, *v1alpha1.Auth0User)
	}{
		{
			name:   "connection unknown",
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Connection = "nowhere" },
			stall:  true,
			reason: v1alpha1.ReasonConnectionNotFound, says: `"nowhere" does not exist`,
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "nowhere", "strategy": "auth0", "enabled_clients": []any{operatorClientID}})
				e.reconcile(u)
			},
		},
		{
			name: "connection not enabled for the operator",
			setup: func(e *environment) {
				e.enableConnection(connection, false)
			},
			stall:  true,
			reason: v1alpha1.ReasonConnectionNotEnabled, says: operatorClientID,
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				e.enableConnection(connection, true)
				e.reconcile(u)
			},
		},
		{
			name:   "weak password",
			setup:  func(e *environment) { e.create(e.secret("password", map[string]string{"password": "planted-weak"})) },
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Password = passwordFrom("password") },
			stall:  true,
			reason: v1alpha1.ReasonPasswordRejected, says: "Secret password, key password,",
			heal: func(e *environment, _ *v1alpha1.Auth0User) {
				change(e, &corev1.Secret{ObjectMeta: e.meta("password")}, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-1") })
			},
		},
		{
			name:   "password Secret missing",
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Password = passwordFrom("password") },
			reason: v1alpha1.ReasonSecretNotFound, says: "/password does not exist",
			heal: func(e *environment, _ *v1alpha1.Auth0User) {
				e.create(e.secret("password", map[string]string{"password": "Correct-Horse-1"}))
			},
		},
		{
			name:   "key missing in the password Secret",
			setup:  func(e *environment) { e.create(e.secret("password", map[string]string{"pass": "Correct-Horse-1"})) },
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Password = passwordFrom("password") },
			stall:  true,
			reason: v1alpha1.ReasonSecretInvalid, says: `no value under the key "password"`,
			heal: func(e *environment, _ *v1alpha1.Auth0User) {
				change(e, &corev1.Secret{ObjectMeta: e.meta("password")}, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-1") })
			},
		},
		{
			name:   "e-mail taken",
			setup:  func(e *environment) { userFixture.existing(e) },
			stall:  true,
			reason: v1alpha1.ReasonAlreadyExists, says: "set spec.adoptionPolicy to IfUnmanaged",
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				for _, other := range e.users() {
					e.dashboard("DELETE", userPath(other["user_id"].(string)), nil)
				}
				e.reconcile(u)
			},
		},
		{
			name:   "role that does not exist",
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Roles = roles("", "nobody", "none") },
			reason: v1alpha1.ReasonRoleNotFound, says: `role "nobody" or "none" does not exist in the tenant; create it`,
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				change(e, u, func(u *v1alpha1.Auth0User) { u.Spec.Roles = nil })
			},
		},
		{
			name:  "permission that does not exist",
			setup: seedOrders,
			spec: func(_ *environment, u *v1alpha1.Auth0User) {
				u.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "fly"}}}
			},
			reason: v1alpha1.ReasonPermissionNotFound, says: "fly",
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				change(e, u, func(u *v1alpha1.Auth0User) { u.Spec.Permissions = nil })
			},
		},
		{
			name: "metadata over the limit",
			spec: func(_ *environment, u *v1alpha1.Auth0User) {
				u.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"big": {Raw: []byte(`"` + strings.Repeat("x", 11<<10) + `"`)}}
			},
			stall:  true,
			reason: v1alpha1.ReasonInvalidSpec, says: "10240",
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				change(e, u, func(u *v1alpha1.Auth0User) { u.Spec.AppMetadata = nil })
			},
		},
		{
			name: "reserved key in appMetadata",
			spec: func(_ *environment, u *v1alpha1.Auth0User) {
				u.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"user_id": {Raw: []byte(`1`)}}
			},
			stall:  true,
			reason: v1alpha1.ReasonInvalidSpec, says: `"user_id" is reserved`,
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				change(e, u, func(u *v1alpha1.Auth0User) { u.Spec.AppMetadata = nil })
			},
		},
		{
			name:   "username where the connection has none",
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Username = new("ada") },
			stall:  true,
			reason: v1alpha1.ReasonInvalidSpec, says: "username",
			heal: func(e *environment, u *v1alpha1.Auth0User) {
				change(e, u, func(u *v1alpha1.Auth0User) { u.Spec.Username = nil })
			},
		},
		{
			name:   "tenant unknown",
			spec:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.TenantRef.Name = "later" },
			reason: v1alpha1.ReasonTenantNotReady, says: "/later does not exist",
			heal: func(e *environment, _ *v1alpha1.Auth0User) {
				later := e.tenant()
				later.Name = "later"
				e.create(later)
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			if row.setup != nil {
				row.setup(e)
			}
			user := newUser(e, "ada", "ada@example.com")
			if row.spec != nil {
				row.spec(e, user)
			}
			e.create(user)
			await := e.eventuallyReconciling
			if row.stall {
				await = e.eventuallyStalled
			}
			await(user, row.reason, row.says)
			row.heal(e, user)
			e.eventuallyReady(user)
			userFixture.requireCount(e, 1)
		})
	}
}

// TestTwoObjectsForOneUser shows that the second takes over when the first goes.
func TestTwoObjectsForOneUser(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	first, second := newUser(e, "first", "ada@example.com"), newUser(e, "second", "ada@example.com")
	e.create(first)
	e.eventuallyReady(first)
	e.create(second)
	e.eventuallyStalled(second, v1alpha1.ReasonConflict, e.namespace+"/first/")
	e.deleteAndWait(first)
	e.reconcile(second)
	e.eventuallyReady(second)
	third := newUser(e, "third", "ada@example.com")
	e.create(third)
	e.eventuallyStalled(third, v1alpha1.ReasonConflict, e.namespace+"/second/")
	e.deleteAndWait(third)
	e.eventually(func() error {
		if told := e.events(third); !slices.Contains(told, "Deleting: nothing to delete in Auth0: this object managed nothing there") {
			return fmt.Errorf("of the one that held nothing, it is told %q", told)
		}
		return nil
	})
	userFixture.requireCount(e, 1)
}

// TestTwoOperatorsMakeOneUser has two operators, neither of which knows of the other, work on the same objects.
func TestTwoOperatorsMakeOneUser(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.startOperator()
	for i := range 10 {
		e.create(newUser(e, fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@example.com", i)))
	}
	for i := range 10 {
		e.eventuallyReady(newUser(e, fmt.Sprintf("user-%d", i), ""))
	}
	userFixture.requireCount(e, 10)
}

func TestUserByUsername(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard("POST", "/api/v2/connections", map[string]any{
		"name": "by-name", "strategy": "auth0", "enabled_clients": []any{operatorClientID}, "options": map[string]any{"requires_username": true},
	})
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Connection, user.Spec.Username = "by-name", new("ada")
	e.create(user)
	e.eventuallyReady(user)
	change(e, user, func(u *v1alpha1.Auth0User) {
		u.Spec.Username, u.Spec.Email, u.Spec.EmailVerified, u.Spec.Nickname = new("countess"), new("countess@example.com"), new(true), new("Ada")
	})
	e.eventuallyReady(user)
	stored := e.user(user.Status.UserID)
	if stored["username"] != "countess" || stored["email"] != "countess@example.com" || stored["email_verified"] != true || stored["nickname"] != "Ada" {
		t.Errorf("the user in Auth0 is %v", stored)
	}
}

// TestUsernameInUpperCase declares a username that Auth0 folds to lower case: it is no difference, and the user is found by it.
func TestUsernameInUpperCase(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard("POST", "/api/v2/connections", map[string]any{
		"name": "named", "strategy": "auth0", "options": map[string]any{"requires_username": true}, "enabled_clients": []string{operatorClientID},
	})
	user := newUser(e, "grace", "Grace@Example.com")
	user.Spec.Connection, user.Spec.Username = "named", new("GraceHopper")
	e.create(user)
	e.eventuallyReady(user)
	e.sim.ResetRequests()
	e.reconcile(user)
	e.requireCalls("another pass", 1)
	if stored := e.user(user.Status.UserID)["username"]; stored != "gracehopper" {
		t.Errorf("Auth0 has %q", stored)
	}
	e.eventuallyReady(user)
}

// TestRateLimitIsKept has Auth0 allow two calls a second, and none may be refused.
func TestRateLimitIsKept(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, func(o *simulator.Options) { o.RateLimit = simulator.RateLimitFree })
	const n = 8
	for i := range n {
		e.create(newUser(e, fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@example.com", i)))
	}
	for i := range n {
		e.eventuallyReady(newUser(e, fmt.Sprintf("user-%d", i), ""))
	}
	userFixture.requireCount(e, n)
}

// TestARefusedUserCanBeDeleted declares a user with an address of which Auth0 takes nothing, not even a question.
func TestARefusedUserCanBeDeleted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("ada"), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(), Connection: connection, Email: new(strings.Repeat("ä", 40) + "@example.com"),
	}}
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonRejected, "on property email")
	e.deleteAndWait(user)
}
