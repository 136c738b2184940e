package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// declaredConnection makes what connectionFixture declares, edited.
func declaredConnection(e *environment, edit func(*v1alpha1.Auth0ConnectionSpec)) *v1alpha1.Auth0Connection {
	e.Helper()
	connectionFixture.prepare(e)
	object := connectionFixture.object(e, "one").(*v1alpha1.Auth0Connection)
	if edit != nil {
		edit(&object.Spec)
	}
	e.sim.ResetRequests()
	e.create(object)
	return object
}

// TestConnectionCalls counts what a connection costs: docs/reference/calls.md.
func TestConnectionCalls(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	clients := make([]v1alpha1.EnabledClient, 60)
	for i := range clients {
		made := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": fmt.Sprint("app ", i)})
		clients[i] = v1alpha1.EnabledClient{ClientID: new(made["client_id"].(string))}
	}
	object := declaredConnection(e, func(spec *v1alpha1.Auth0ConnectionSpec) { spec.EnabledClients.Items = clients })
	e.eventuallyReady(object)
	e.requireCalls("creating a connection with 61 applications", 3)
	e.reconcile(object)
	e.requireCalls("finding nothing to do", 2)
	change(e, object, func(c *v1alpha1.Auth0Connection) { c.Spec.DisplayName = new("Other") })
	e.eventuallyReady(object)
	e.requireCalls("changing a field", 3)
	e.deleteAndWait(object)
	e.requireCalls("deleting a connection", 4)
}

// TestConnectionKeepsWhatIsNotDeclared shows that a change of one option erases no other, and that a display name stays.
func TestConnectionKeepsWhatIsNotDeclared(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	object := declaredConnection(e, func(spec *v1alpha1.Auth0ConnectionSpec) { spec.DisplayName = nil })
	e.eventuallyReady(object)
	options := e.connectionOf(object)["options"].(map[string]any)
	options["configuration"], options["theirs"] = map[string]any{"KEY": databaseKey}, map[string]any{"kept": "yes"}
	e.dashboard("PATCH", connectionPath(object), map[string]any{"options": options, "display_name": "Theirs"})
	want := e.connectionOf(object)
	want["options"].(map[string]any)["password_history"].(map[string]any)["size"] = 9.0
	change(e, object, func(c *v1alpha1.Auth0Connection) { c.Spec.Database.PasswordHistory.Size = new(int32(9)) })
	e.eventuallyReady(object)
	if difference := cmp.Diff(want, e.connectionOf(object)); difference != "" {
		t.Errorf("more than one option has changed (-want +have):\n%s", difference)
	}
}

// TestConnectionOptionsScopes shows that options take scopes of their own, which the tenant and the connection name.
func TestConnectionOptionsScopes(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{"read:connections_options", "update:connections_options"} {
		t.Run(scope, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			object := declaredConnection(e, nil)
			e.eventuallyReady(object)
			before := asJSON(e.connectionOf(object)["options"])
			e.withoutScopes(scope)
			e.restartOperator()
			tenant := e.tenant()
			e.reconcile(tenant)
			if missing := fmt.Sprint(tenant.Status.MissingScopes); !strings.Contains(missing, scope) {
				t.Errorf("missing scopes are %s", missing)
			}
			change(e, object, func(c *v1alpha1.Auth0Connection) { c.Spec.Database.PasswordHistory.Size = new(int32(9)) })
			e.eventuallyStalled(object, v1alpha1.ReasonMissingScope, "missing scopes: "+scope+";", operatorClientID)
			if after := asJSON(e.connectionOf(object)["options"]); after != before {
				t.Errorf("options changed from %s to %s", before, after)
			}
		})
	}
	t.Run("none are declared", func(t *testing.T) {
		t.Parallel()
		e := newEnvironment(t)
		e.withoutScopes("read:connections_options", "update:connections_options")
		e.restartOperator()
		object := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("plain"), Spec: v1alpha1.Auth0ConnectionSpec{
			ManagedSpec: e.managedSpec(), Name: "plain", Strategy: "auth0", DisplayName: new("Plain"),
		}}
		e.create(object)
		e.eventuallyReady(object)
	})
}

// TestConnectionOptionsHidden shows that no option is changed on the strength of a read that did not show all of them.
func TestConnectionOptionsHidden(t *testing.T) {
	t.Parallel()
	t.Run("a value that nobody declares", func(t *testing.T) {
		t.Parallel()
		e := newEnvironment(t)
		object := declaredConnection(e, nil)
		e.eventuallyReady(object)
		options := e.connectionOf(object)["options"].(map[string]any)
		options["configuration"] = map[string]any{"KEY": databaseKey, "THEIRS": "unknown"}
		e.dashboard("PATCH", connectionPath(object), map[string]any{"options": options, "display_name": "Customers"})
		before := asJSON(e.connectionOf(object)["options"])
		change(e, object, func(c *v1alpha1.Auth0Connection) { c.Spec.Database.PasswordHistory.Size = new(int32(9)) })
		e.eventuallyStalled(object, v1alpha1.ReasonOptionsHidden, "configuration.THEIRS")
		if after := asJSON(e.connectionOf(object)["options"]); after != before {
			t.Errorf("options changed from %s to %s", before, after)
		}
	})
}

// TestConnectionExactClients shows that mode Exact takes the connection from other applications, and not from the operator.
func TestConnectionExactClients(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	object := declaredConnection(e, func(spec *v1alpha1.Auth0ConnectionSpec) { spec.EnabledClients.Mode = v1alpha1.ListModeExact })
	e.eventuallyReady(object)
	other := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "other"})["client_id"].(string)
	e.enableConnectionFor(other, "customers", true)
	e.reconcile(object)
	e.eventuallyReady(object)
	connectionFixture.require(e, object)
}

// TestConnectionInUse shows that a connection stays as long as a declared user is in it, and that its name can be used again.
func TestConnectionInUse(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	object := declaredConnection(e, nil)
	e.eventuallyReady(object)
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("ada"), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(), ConnectionRef: &v1alpha1.ObjectReference{Name: "one"}, Email: new("ada@example.com"),
	}}
	e.create(user)
	e.eventuallyReady(user)
	e.dashboard("POST", "/api/v2/users", map[string]any{"connection": "customers", "email": "stranger@example.com", "password": "Correct-Horse-1", "verify_email": false})
	e.delete(object)
	e.eventuallyReconciling(object, v1alpha1.ReasonInUse, "Auth0User "+e.namespace+"/ada")
	e.deleteAndWait(user)
	e.eventuallyStalled(object, v1alpha1.ReasonDeletionHeld, "a user whom no object declares")
	e.confirmDeletions(time.Now().Add(time.Minute))
	e.eventuallyGone(object)

	again := connectionFixture.object(e, "again").(*v1alpha1.Auth0Connection)
	e.create(again)
	e.eventuallyReady(again)
	connectionFixture.require(e, again)
}

// TestOrganizationCalls counts what an organization and its members cost: docs/reference/calls.md.
func TestOrganizationCalls(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	organizationFixture.prepare(e)
	object := organizationFixture.object(e, "one").(*v1alpha1.Auth0Organization)
	e.sim.ResetRequests()
	e.create(object)
	e.eventuallyReady(object)
	e.requireCalls("creating an organization with a connection and a client grant", 2)
	e.reconcile(object)
	e.requireCalls("finding nothing to do", 3)
	change(e, object, func(o *v1alpha1.Auth0Organization) { o.Spec.Connections.Items[0].IsSignupEnabled = new(true) })
	e.eventuallyReady(object)
	e.requireCalls("changing how a connection is used", 4)
	e.deleteAndWait(object)
	e.requireCalls("deleting an organization", 4)
}

// TestAConnectionIsEnabledForTheOperatorInYAML declares a connection and a user in it, as in case 08. Auth0 refuses the user, and the
// message tells the way in the manifest.
func TestAConnectionIsEnabledForTheOperatorInYAML(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	object := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "customers", Strategy: "auth0",
		Database: &v1alpha1.DatabaseOptions{DisableSignup: new(true)},
	}}
	e.create(object)
	e.eventuallyReady(object)
	e.enableConnection("customers", false)
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("ada"), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(), ConnectionRef: &v1alpha1.ObjectReference{Name: "customers"}, Email: new("ada@example.com"),
	}}
	e.create(user)
	message := e.eventuallyStalled(user, v1alpha1.ReasonConnectionNotEnabled, `connection "customers"`, "spec.enabledClients of its Auth0Connection", "items: []")
	if strings.Index(message, "spec.enabledClients") > strings.Index(message, "Dashboard") {
		t.Errorf("the Dashboard comes before the manifest: %s", message)
	}
	change(e, object, func(c *v1alpha1.Auth0Connection) {
		c.Spec.EnabledClients = &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{}}
	})
	e.eventuallyReady(user)
}
