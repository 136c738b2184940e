package integration

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestOneRefusedField changes two fields of an object of each kind, of which Auth0 refuses one: the other is there after two calls, the
// refused one is named, and nothing is sent again before the spec changes or a person asks.
func TestOneRefusedField(t *testing.T) {
	for kind, row := range map[string]struct {
		route, refused string
		object         func(*environment) v1alpha1.Managed
		edit           func(v1alpha1.Managed)
		path           func(v1alpha1.Managed) string
		field, value   string
	}{
		"Auth0User": {
			route: "/api/v2/users/{id}", refused: "nickname", field: "name", value: "Countess",
			object: func(e *environment) v1alpha1.Managed { return newUser(e, "ada", "ada@example.com") },
			edit: func(o v1alpha1.Managed) {
				user := o.(*v1alpha1.Auth0User)
				user.Spec.Name, user.Spec.Nickname = new("Countess"), new("countess")
			},
			path: func(o v1alpha1.Managed) string { return userPath(o.(*v1alpha1.Auth0User).Status.UserID) },
		},
		"Auth0Client": {
			route: "/api/v2/clients/{id}", refused: "logo_uri", field: "description", value: "new",
			object: func(e *environment) v1alpha1.Managed { return machine(e, "machine") },
			edit: func(o v1alpha1.Managed) {
				application := o.(*v1alpha1.Auth0Client)
				application.Spec.LogoURI, application.Spec.Description = new("https://example.com/logo.png"), new("new")
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/clients/" + o.(*v1alpha1.Auth0Client).Status.ClientID
			},
		},
		"Auth0Connection": {
			route: "/api/v2/connections/{id}", refused: "options", field: "display_name", value: "New",
			object: func(e *environment) v1alpha1.Managed {
				return &v1alpha1.Auth0Connection{ObjectMeta: e.meta("db"), Spec: v1alpha1.Auth0ConnectionSpec{
					ManagedSpec: e.managedSpec(), Name: "db", Strategy: "auth0", Database: &v1alpha1.DatabaseOptions{DisableSignup: new(false)},
				}}
			},
			edit: func(o v1alpha1.Managed) {
				db := o.(*v1alpha1.Auth0Connection)
				db.Spec.Database.DisableSignup, db.Spec.DisplayName = new(true), new("New")
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/connections/" + o.(*v1alpha1.Auth0Connection).Status.ConnectionID
			},
		},
		"Auth0Organization": {
			route: "/api/v2/organizations/{id}", refused: "branding", field: "display_name", value: "New",
			object: func(e *environment) v1alpha1.Managed {
				return &v1alpha1.Auth0Organization{ObjectMeta: e.meta("acme"), Spec: v1alpha1.Auth0OrganizationSpec{ManagedSpec: e.managedSpec(), Name: "acme"}}
			},
			edit: func(o v1alpha1.Managed) {
				acme := o.(*v1alpha1.Auth0Organization)
				acme.Spec.Branding, acme.Spec.DisplayName = &v1alpha1.OrganizationBranding{LogoURL: new("https://example.com/logo.png")}, new("New")
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/organizations/" + o.(*v1alpha1.Auth0Organization).Status.OrganizationID
			},
		},
		"Auth0ResourceServer": {
			route: "/api/v2/resource-servers/{id}", refused: "token_lifetime", field: "name", value: "New",
			object: func(e *environment) v1alpha1.Managed { return newResourceServer(e, "orders", ordersAPI, "read:orders") },
			edit: func(o v1alpha1.Managed) {
				api := o.(*v1alpha1.Auth0ResourceServer)
				api.Spec.TokenLifetime, api.Spec.Name = new(int64(600)), new("New")
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/resource-servers/" + o.(*v1alpha1.Auth0ResourceServer).Status.ID
			},
		},
		"Auth0Role": {
			route: "/api/v2/roles/{id}", refused: "description", field: "name", value: "New",
			object: func(e *environment) v1alpha1.Managed { return newRole(e, "editor") },
			edit: func(o v1alpha1.Managed) {
				role := o.(*v1alpha1.Auth0Role)
				role.Spec.Description, role.Spec.Name = new("what it is for"), "New"
			},
			path: func(o v1alpha1.Managed) string { return "/api/v2/roles/" + o.(*v1alpha1.Auth0Role).Status.ID },
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			object := row.object(e)
			e.create(object)
			e.eventuallyReady(object)
			e.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: row.route, Refuse: []string{row.refused}})
			e.sim.ResetRequests()
			change(e, object, row.edit)
			e.eventuallyStalled(object, v1alpha1.ReasonRejected, "Auth0 refuses "+row.refused)
			if got := e.dashboard(http.MethodGet, row.path(object), nil)[row.field]; got != row.value {
				t.Errorf("%s is %v in Auth0, want %q", row.field, got, row.value)
			}
			requirePatches(e, row.route, 2)
			e.lookAgain(object, row.route)
			e.eventuallyStalled(object, v1alpha1.ReasonRejected, "Auth0 refuses "+row.refused)
			requirePatches(e, row.route, 2)
			e.sim.ClearFaults()
			e.reconcile(object)
			e.eventuallyReady(object)
			requirePatches(e, row.route, 3)
			if left := object.GetManagedStatus().Differences; len(left) > 0 {
				t.Errorf("status.differences still has %+v", left)
			}
		})
	}
}

func requirePatches(e *environment, route string, want int) {
	e.Helper()
	if got := e.sim.Requests().Count(http.MethodPatch, route); got != want {
		e.Errorf("%d times PATCH %s, want %d", got, route, want)
	}
}

// lookAgain restarts the operator and waits until it read the object.
func (e *environment) lookAgain(_ v1alpha1.Object, route string) {
	e.Helper()
	before := e.sim.Requests().Count(http.MethodGet, route)
	e.restartOperator()
	e.eventually(func() error {
		if e.sim.Requests().Count(http.MethodGet, route) == before {
			return errors.New("the object was not looked at again")
		}
		return nil
	})
}

// TestABlockIsHeldBackByNothing blocks a user beside a username that the connection has not, a password that is too weak, and a role
// that is not there.
func TestABlockIsHeldBackByNothing(t *testing.T) {
	for name, row := range map[string]struct {
		edit    func(*environment, *v1alpha1.Auth0User)
		reason  string
		says    string
		patches int
	}{
		"username": {
			edit:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Username = new("ada") },
			reason: v1alpha1.ReasonInvalidSpec, says: "has no usernames", patches: 3,
		},
		"password": {
			edit: func(e *environment, u *v1alpha1.Auth0User) {
				e.create(e.secret("weak", map[string]string{"password": "a"}))
				u.Spec.Password = passwordFrom("weak")
			},
			reason: v1alpha1.ReasonPasswordRejected, says: "breaks the password policy", patches: 3,
		},
		"secret that is not there": {
			edit:   func(_ *environment, u *v1alpha1.Auth0User) { u.Spec.Password = passwordFrom("none") },
			reason: v1alpha1.ReasonSecretNotFound, says: "none", patches: 1,
		},
		"reference": {
			edit: func(_ *environment, u *v1alpha1.Auth0User) {
				u.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "none"}}}}
			},
			patches: 1,
		},
		"reserved key": {
			edit: func(_ *environment, u *v1alpha1.Auth0User) {
				u.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"a.b": {Raw: []byte(`1`)}}
			},
			reason: v1alpha1.ReasonInvalidSpec, says: "a.b", patches: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			user := newUser(e, "ada", "ada@example.com")
			e.create(user)
			e.eventuallyReady(user)
			e.sim.ResetRequests()
			change(e, user, func(u *v1alpha1.Auth0User) {
				u.Spec.Blocked, u.Spec.Name = new(true), new("Countess")
				row.edit(e, u)
			})
			e.eventually(func() error {
				if e.user(user.Status.UserID)["blocked"] != true {
					return errors.New("the user is not blocked in Auth0")
				}
				return nil
			})
			if row.reason != "" {
				e.eventuallyCondition(user, v1alpha1.ConditionReady, "False", row.reason, row.says)
			}
			if named := e.user(user.Status.UserID)["name"] == "Countess"; row.patches > 1 && !named {
				t.Errorf("the name was held back")
			}
			requirePatches(e, "/api/v2/users/{id}", row.patches)
			if strings.Contains(name, "username") {
				e.lookAgain(user, "/api/v2/users/{id}")
				requirePatches(e, "/api/v2/users/{id}", row.patches)
			}
		})
	}
}

// TestAFieldThatAuth0DoesNotClear takes a field out of the spec that Auth0 refuses to clear, and then changes another one.
func TestAFieldThatAuth0DoesNotClear(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	application := machine(e, "machine")
	application.Spec.InitiateLoginURI, application.Spec.Description = new("https://example.com/login"), new("old")
	e.create(application)
	e.eventuallyReady(application)
	route := "/api/v2/clients/{id}"
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: route, Refuse: []string{"initiate_login_uri"}})
	e.sim.ResetRequests()
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.InitiateLoginURI = nil })
	e.eventuallyStalled(application, v1alpha1.ReasonRejected, "Auth0 does not clear initiate_login_uri")
	requirePatches(e, route, 1)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.Description = new("new") })
	e.eventually(func() error {
		if got := e.dashboard(http.MethodGet, "/api/v2/clients/"+application.Status.ClientID, nil)["description"]; got != "new" {
			return errors.New("the description was held back")
		}
		return nil
	})
	e.eventuallyStalled(application, v1alpha1.ReasonRejected, "Auth0 does not clear initiate_login_uri")
	e.sim.ClearFaults()
	e.reconcile(application)
	e.eventuallyReady(application)
	if got := e.dashboard(http.MethodGet, "/api/v2/clients/"+application.Status.ClientID, nil)["initiate_login_uri"]; got != "" {
		t.Errorf("initiate_login_uri is still %v", got)
	}
}
