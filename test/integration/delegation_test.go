package integration

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// guests is an environment with a namespace that uses the tenant of another one.
type guests struct {
	*environment
	// guest is the namespace.
	guest string
	// system is the audience of the tenant's Management API.
	system string
}

func newGuests(t *testing.T, delegations ...v1alpha1.Delegation) *guests {
	t.Helper()
	e := newBareEnvironment(t)
	g := &guests{environment: e, guest: e.newNamespace(map[string]string{"team": "shop"}), system: "https://" + e.sim.Domain + "/api/v2/"}
	tenant := e.tenant()
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	tenant.Spec.Delegations = delegations
	e.create(tenant)
	e.startOperator(g.guest)
	e.eventuallyReady(tenant)
	return g
}

// move puts an object into the guests' namespace.
func (g *guests) move(object v1alpha1.Managed) v1alpha1.Managed {
	object.SetNamespace(g.guest)
	object.GetManagedSpec().TenantRef.Namespace = g.namespace
	return object
}

func (g *guests) delegate(delegations ...v1alpha1.Delegation) {
	g.Helper()
	change(g.environment, g.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Delegations = delegations })
}

// toShop is a rule for the guests' namespace, to which nobody else belongs.
func toShop(rule v1alpha1.Delegation) v1alpha1.Delegation {
	rule.Namespaces = v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "shop"}},
	}
	return rule
}

// spellings are names of the Management API that somebody may try.
func (g *guests) spellings() []string {
	return []string{g.system, "https://" + g.sim.Domain + "/api/v2", "HTTPS://LOCALHOST/API/V2/", "http://localhost//api/v2/", "https://example.auth0.com/api/v2/"}
}

// TestNoAccessToTheManagementAPI tries, from a namespace that the tenant admits, all ways to get access to the Management API that
// the kinds have. By default, each is refused, and nothing changes in Auth0.
func TestNoAccessToTheManagementAPI(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	app := g.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Robot", "app_type": "non_interactive"})["client_id"].(string)
	privileged := g.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Administration", "app_type": "non_interactive"})["client_id"].(string)
	grant := g.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": privileged, "audience": g.system, "scope": []any{"read:users"}})["id"].(string)
	role := g.dashboard("POST", "/api/v2/roles", map[string]any{"name": "administrator"})["id"].(string)
	g.dashboard("POST", "/api/v2/roles/"+role+"/permissions", map[string]any{"permissions": []any{
		map[string]any{"resource_server_identifier": g.system, "permission_name": "read:users"},
	}})
	owners := &v1alpha1.Auth0Role{ObjectMeta: g.meta("administrator"), Spec: v1alpha1.Auth0RoleSpec{ManagedSpec: g.managedSpec(), Name: "administrator"}}
	owners.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	g.create(owners)
	g.eventuallyReady(owners)
	system := newResourceServer(g.environment, "system", g.system)
	system.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	g.create(system)
	g.eventuallyReady(system)
	granted := &v1alpha1.Auth0ClientGrant{ObjectMeta: g.meta("granted"), Spec: v1alpha1.Auth0ClientGrantSpec{
		ManagedSpec: g.managedSpec(), ClientID: &privileged, ManagementAPI: new(true), Scopes: []string{"read:users"},
	}}
	granted.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	g.create(granted)
	g.eventuallyReady(granted)
	g.sim.ResetRequests()

	var attempts []v1alpha1.Managed
	try := func(object v1alpha1.Managed) {
		object.SetName(fmt.Sprint("attempt-", len(attempts)))
		attempts = append(attempts, g.move(object))
	}
	byRef := &v1alpha1.ObjectReference{Name: "system", Namespace: g.namespace}
	tryGrant := func(edit func(*v1alpha1.Auth0ClientGrantSpec)) {
		object := &v1alpha1.Auth0ClientGrant{Spec: v1alpha1.Auth0ClientGrantSpec{ManagedSpec: g.managedSpec(), ClientID: &app, Scopes: []string{"read:users"}}}
		edit(&object.Spec)
		try(object)
	}
	tryPermission := func(permission v1alpha1.Permission) {
		permission.Name = "read:users"
		try(&v1alpha1.Auth0Role{Spec: v1alpha1.Auth0RoleSpec{
			ManagedSpec: g.managedSpec(), Name: fmt.Sprint("role-", len(attempts)), Permissions: &v1alpha1.RolePermissions{Items: []v1alpha1.Permission{permission}},
		}})
		user := newUser(g.environment, "", fmt.Sprintf("user-%d@example.com", len(attempts)))
		user.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{permission}}
		try(user)
	}
	tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) { spec.ManagementAPI = new(true) })
	tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) {
		spec.Audience, spec.Scopes, spec.AllowAllScopes = &g.system, nil, new(true)
	})
	tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) { spec.ResourceServerRef = byRef })
	tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) {
		spec.ResourceServerRef, spec.SubjectType = byRef, new("user")
	})
	tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) {
		spec.ManagementAPI, spec.ClientID, spec.DefaultFor = new(true), nil, new("third_party_clients")
	})
	tryPermission(v1alpha1.Permission{ResourceServerRef: byRef})
	for _, spelling := range g.spellings() {
		tryGrant(func(spec *v1alpha1.Auth0ClientGrantSpec) { spec.Audience = &spelling })
		tryPermission(v1alpha1.Permission{Audience: &spelling})
		try(newResourceServer(g.environment, "", spelling))
		token := tokenFixture.object(g.environment, "").(*v1alpha1.Auth0Token)
		token.Spec.ClientCredentials.Audience = spelling
		try(token)
		exchanging := clientFixture.object(g.environment, "one").(*v1alpha1.Auth0Client)
		exchanging.Spec.RefreshToken.Policies = []v1alpha1.ClientRefreshTokenPolicy{{Audience: spelling, Scope: []string{"read:users"}}}
		try(exchanging)
		standing := clientFixture.object(g.environment, "one").(*v1alpha1.Auth0Client)
		standing.Spec.AppType, standing.Spec.ResourceServerIdentifier = new("resource_server"), &spelling
		try(standing)
	}
	for _, roles := range []*v1alpha1.UserRoles{
		{Items: []v1alpha1.UserRole{{Name: new("administrator")}}},
		{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "administrator", Namespace: g.namespace}}}},
	} {
		user := newUser(g.environment, "", fmt.Sprintf("user-%d@example.com", len(attempts)))
		user.Spec.Roles = roles
		try(user)
	}
	for _, item := range []v1alpha1.OrganizationClientGrant{{ClientGrantID: &grant}, {ClientGrantRef: &v1alpha1.ObjectReference{Name: "granted", Namespace: g.namespace}}} {
		try(&v1alpha1.Auth0Organization{Spec: v1alpha1.Auth0OrganizationSpec{
			ManagedSpec: g.managedSpec(), Name: fmt.Sprint("organization-", len(attempts)), ClientGrants: &v1alpha1.OrganizationClientGrants{Items: []v1alpha1.OrganizationClientGrant{item}},
		}})
	}
	machine := g.secret("machine", map[string]string{"clientId": app, "clientSecret": "planted-secret-0123456789"})
	machine.Namespace = g.guest
	g.create(machine)
	for _, attempt := range attempts {
		g.create(attempt)
	}
	for _, attempt := range attempts {
		g.eventuallyStalled(attempt, v1alpha1.ReasonNotPermitted, "Management API", "spec.delegations")
	}
	if report := g.sim.Requests(); report.Writes() > 0 {
		t.Errorf("something was changed in Auth0: %+v", report.ByRoute)
	}
	// What came to nothing can be deleted.
	for _, attempt := range attempts {
		g.deleteAndWait(attempt)
	}
}

// TestWhatATenantDelegates lets a namespace do what the rules say, and no more.
func TestWhatATenantDelegates(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	app := g.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Robot", "app_type": "non_interactive"})["client_id"].(string)
	grant := g.move(&v1alpha1.Auth0ClientGrant{ObjectMeta: g.meta("grant"), Spec: v1alpha1.Auth0ClientGrantSpec{
		ManagedSpec: g.managedSpec(), ClientID: &app, ManagementAPI: new(true), Scopes: []string{"read:users", "update:users"},
	}}).(*v1alpha1.Auth0ClientGrant)
	role := g.move(newRole(g.environment, "editor"))
	g.create(grant)
	g.create(role)
	g.eventuallyReady(role)
	g.eventuallyStalled(grant, v1alpha1.ReasonNotPermitted, "spec.scopes gives access to the Management API (read:users, update:users)")

	// A rule for other namespaces changes nothing.
	others := toShop(v1alpha1.Delegation{ManagementAPIScopes: []string{"*"}})
	others.Namespaces.Selector.MatchLabels["team"] = "support"
	g.delegate(others, toShop(v1alpha1.Delegation{ManagementAPIScopes: []string{"read:users"}}))
	g.eventuallyStalled(grant, v1alpha1.ReasonNotPermitted, "Management API (update:users)")
	g.delegate(toShop(v1alpha1.Delegation{ManagementAPIScopes: []string{"read:users"}}), toShop(v1alpha1.Delegation{ManagementAPIScopes: []string{"update:users"}}))
	g.eventuallyReady(grant)

	// Rules together allow the kinds that they name, and scopes only to these.
	g.delegate(toShop(v1alpha1.Delegation{Kinds: []string{"Auth0User"}, ManagementAPIScopes: []string{"*"}}), toShop(v1alpha1.Delegation{Kinds: []string{"Auth0ClientGrant"}}))
	g.eventuallyStalled(role, v1alpha1.ReasonNotPermitted, "objects of kind Auth0Role")
	g.eventuallyStalled(grant, v1alpha1.ReasonNotPermitted, "Management API")
	token := g.move(tokenFixture.object(g.environment, "token").(*v1alpha1.Auth0Token))
	g.create(token)
	g.eventuallyStalled(token, v1alpha1.ReasonNotPermitted, "objects of kind Auth0Token")
	g.delegate(v1alpha1.Delegation{Namespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}, ManagementAPIScopes: []string{"*"}})
	g.eventuallyReady(role)
	g.eventuallyReady(grant)

	// A withdrawn rule leaves what exists, and lets it be deleted.
	g.delegate(toShop(v1alpha1.Delegation{Kinds: []string{"Auth0User"}}))
	g.eventuallyStalled(grant, v1alpha1.ReasonNotPermitted)
	if grants := g.dashboardList("/api/v2/client-grants?client_id=" + app); len(grants) != 1 {
		t.Errorf("the client grants are %v", grants)
	}
	g.deleteAndWait(grant)
	g.deleteAndWait(role)
	if grants := g.dashboardList("/api/v2/client-grants?client_id=" + app); len(grants) != 0 {
		t.Errorf("the client grants are %v", grants)
	}
}

// TestAdoptionFromAnotherNamespace takes over what exists only where the tenant allows it, and never what has more access than the
// namespace may give.
func TestAdoptionFromAnotherNamespace(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	seedOrders(g.environment)
	harmless := g.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Harmless", "app_type": "non_interactive"})["client_id"].(string)
	privileged := g.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Privileged", "app_type": "non_interactive"})["client_id"].(string)
	g.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": privileged, "audience": g.system, "scope": []any{"read:users"}})
	role := g.dashboard("POST", "/api/v2/roles", map[string]any{"name": "administrator"})["id"].(string)
	g.dashboard("POST", "/api/v2/roles/"+role+"/permissions", map[string]any{"permissions": []any{
		map[string]any{"resource_server_identifier": g.system, "permission_name": "read:users"},
	}})
	userFixture.existing(g.environment)
	admin := g.users()[0]["user_id"].(string)
	g.dashboard("POST", userPath(admin)+"/roles", map[string]any{"roles": []any{role}})

	adopting := func(name, id string) *v1alpha1.Auth0Client {
		object := &v1alpha1.Auth0Client{ObjectMeta: g.meta(name), Spec: v1alpha1.Auth0ClientSpec{
			ManagedSpec: g.managedSpec(), ClientID: &id, ClientSettings: v1alpha1.ClientSettings{Name: name}, OutputSecret: &v1alpha1.OutputSecret{Name: name},
		}}
		object.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
		return g.move(object).(*v1alpha1.Auth0Client)
	}
	ofHarmless, ofPrivileged := adopting("harmless", harmless), adopting("privileged", privileged)
	ofRole := g.move(newRole(g.environment, "administrator")).(*v1alpha1.Auth0Role)
	ofRole.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	ofUser := g.move(newUser(g.environment, "ada", "ada@example.com")).(*v1alpha1.Auth0User)
	ofUser.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	created := g.move(newRole(g.environment, "created"))
	created.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	all := []v1alpha1.Managed{ofHarmless, ofPrivileged, ofRole, ofUser}
	g.sim.ResetRequests()
	for _, object := range all {
		g.create(object)
	}
	for _, object := range all {
		g.eventuallyStalled(object, v1alpha1.ReasonNotPermitted, "does not let namespace "+g.guest+" adopt")
	}
	requireNoWrites := func() {
		t.Helper()
		if report := g.sim.Requests(); report.Writes() > report.Count("POST", "/api/v2/users")+report.Count("POST", "/api/v2/roles") {
			t.Errorf("something was changed in Auth0: %+v", report.ByRoute)
		}
	}
	requireNoWrites()
	// An adoption policy is no adoption.
	g.create(created)
	g.eventuallyReady(created)

	g.delegate(toShop(v1alpha1.Delegation{AdoptionPolicy: v1alpha1.AdoptionPolicyIfUnmanaged}))
	g.eventuallyReady(ofHarmless)
	g.sim.ResetRequests()
	for object, words := range map[v1alpha1.Object]string{
		ofPrivileged: "application " + privileged + " gives access to the Management API (read:users)",
		ofRole:       `role "administrator" gives access to the Management API (read:users)`,
		ofUser:       `role "administrator" of user ` + admin,
	} {
		g.eventuallyStalled(object, v1alpha1.ReasonNotPermitted, words)
	}
	requireNoWrites()
	var output corev1.Secret
	if err := g.kube.Get(g.ctx, client.ObjectKey{Namespace: g.guest, Name: "privileged"}, &output); !apierrors.IsNotFound(err) {
		t.Errorf("the credentials of an application with access to the Management API are in a Secret: %v", err)
	}
	for _, object := range []v1alpha1.Managed{ofPrivileged, ofRole, ofUser} {
		g.deleteAndWait(object)
	}
	g.dashboard("GET", "/api/v2/clients/"+privileged, nil)
	g.dashboard("GET", "/api/v2/roles/"+role, nil)
	g.user(admin)

	g.delegate(toShop(v1alpha1.Delegation{AdoptionPolicy: v1alpha1.AdoptionPolicyIfUnmanaged, ManagementAPIScopes: []string{"read:users"}}))
	again := adopting("again", privileged)
	g.create(again)
	g.eventuallyReady(again)
}

// TestUnknownKindsInDelegations finds a kind that is misspelt, which would allow less than was meant.
func TestUnknownKindsInDelegations(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.delegate(toShop(v1alpha1.Delegation{Kinds: []string{"Auth0User", "Auth0Users"}}))
	g.eventuallyStalled(g.tenant(), v1alpha1.ReasonInvalidSpec, "spec.delegations[0].kinds: there is no kind Auth0Users")
	g.delegate(toShop(v1alpha1.Delegation{Kinds: []string{"Auth0User"}}))
	g.eventuallyReady(g.tenant())
}
