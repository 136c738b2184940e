package integration

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const stockAPI = "urn:stock"

// TestACircleOfReferences declares an application whose default organization has a connection and a client grant of that very
// application. The application is created first and linked later.
func TestACircleOfReferences(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	application := &v1alpha1.Auth0Client{ObjectMeta: e.meta("shop"), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec: e.managedSpec(), ClientSettings: v1alpha1.ClientSettings{
			Name: "Shop", AppType: new("regular_web"), OrganizationUsage: new("allow"),
		},
		DefaultOrganization: &v1alpha1.ClientDefaultOrganization{
			OrganizationRef: &v1alpha1.ObjectReference{Name: "acme"}, Flows: []string{"client_credentials"},
		},
		OutputSecret: &v1alpha1.OutputSecret{Name: "shop"},
	}}
	ref := &v1alpha1.ObjectReference{Name: "shop"}
	connection := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "customers", Strategy: "auth0",
		EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{{ClientRef: ref}}},
	}}
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	grant := &v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta("shop"), Spec: v1alpha1.Auth0ClientGrantSpec{
		ManagedSpec: e.managedSpec(), ClientRef: ref, ResourceServerRef: &v1alpha1.ObjectReference{Name: "orders"}, Scopes: []string{"read:orders"},
		OrganizationUsage: new("allow"),
	}}
	organization := &v1alpha1.Auth0Organization{ObjectMeta: e.meta("acme"), Spec: v1alpha1.Auth0OrganizationSpec{
		ManagedSpec: e.managedSpec(), Name: "acme",
		Connections:  &v1alpha1.OrganizationConnections{Items: []v1alpha1.OrganizationConnection{{ConnectionRef: &v1alpha1.ObjectReference{Name: "customers"}}}},
		ClientGrants: &v1alpha1.OrganizationClientGrants{Items: []v1alpha1.OrganizationClientGrant{{ClientGrantRef: ref}}},
	}}
	circle := []v1alpha1.Managed{application, connection, api, grant, organization}
	e.create(application)
	e.eventuallyReconciling(application, v1alpha1.ReasonReferenceNotReady, "spec.defaultOrganization.organizationRef: Auth0Organization "+e.namespace+"/acme does not exist")
	for _, object := range circle[1:] {
		e.create(object)
	}
	for _, object := range circle {
		e.eventuallyReady(object)
	}
	linked := e.client(application.Status.ClientID)["default_organization"].(map[string]any)
	if linked["organization_id"] != organization.Status.OrganizationID {
		t.Errorf("the default organization is %v", linked)
	}
	if created := e.sim.Requests().Count("POST", "/api/v2/clients"); created != 1 {
		t.Errorf("%d applications were created", created)
	}
	for _, object := range circle {
		e.delete(object)
	}
	for _, object := range circle {
		e.eventuallyGone(object)
	}
}

// TestNamesWait names things as Auth0 does that objects declare: those are waited for like referents, and it goes on at once. What is
// declared only after Auth0 refused it is noticed, too.
func TestNamesWait(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	connection := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "customers", Strategy: "auth0",
		EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{{ClientRef: &v1alpha1.ObjectReference{Name: "shop"}}}},
	}}
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	api.Spec.Suspend = true
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Connection = "customers"
	user.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "read:orders"}}}
	role := newRole(e, "editor")
	role.Spec.Permissions = &v1alpha1.RolePermissions{Items: []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "read:orders"}}}
	e.create(connection)
	e.create(user)
	e.eventuallyReconciling(user, v1alpha1.ReasonReferenceNotReady,
		"spec.connection: Auth0Connection "+e.namespace+"/customers, which declares \"customers\", is not Ready: ReferenceNotReady")
	e.requireCalls("waiting", 0)
	// Nobody declares the API yet, as far as the role can tell.
	e.create(role)
	e.eventuallyReconciling(role, v1alpha1.ReasonPermissionNotFound)
	e.create(api)

	shop := clientFixture.object(e, "shop").(*v1alpha1.Auth0Client)
	clientFixture.prepare(e)
	e.create(shop)
	e.eventuallyReady(connection)
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.Suspend = false })
	e.eventuallyReady(api)
	e.within(10*time.Second, func() error {
		for _, object := range []v1alpha1.Object{role, user} {
			e.get(object)
			if readyStatus(object) != "True" {
				return fmt.Errorf("%s is not Ready: %+v", object.GetName(), object.GetCommonStatus().Conditions)
			}
		}
		return nil
	})
}

// TestEveryNameWaits has all kinds name an API or a role that objects declare and Auth0 does not take yet. They wait without a call, and
// go on at once. TestNamesAreWaitedFor of the controllers wants the same of every such field.
func TestEveryNameWaits(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	machine, _ := e.machine()
	acme := e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "acme"})["id"].(string)
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: apisRoute, Status: http.StatusInternalServerError})
	e.create(newResourceServer(e, "stock", stockAPI, "read:stock"))
	e.sim.ResetRequests()
	waiting := e.thatName(stockAPI, machine, acme)
	for _, named := range waiting {
		e.create(named.by)
		e.eventuallyReconciling(named.by, v1alpha1.ReasonReferenceNotReady, named.field+": Auth0", ", which declares ", "is not Ready")
	}
	if report := e.sim.Requests(); report.Writes() != report.Count(http.MethodPost, apisRoute) || report.Count(http.MethodPost, "/oauth/token") > 1 {
		t.Errorf("the calls are %+v, want no write and no token while all wait", report.ByRoute)
	}
	e.sim.ClearFaults()
	e.eventuallyReady(newResourceServer(e, "stock", stockAPI))
	e.within(10*time.Second, func() error {
		for _, named := range waiting {
			e.get(named.by)
			if readyStatus(named.by) != "True" {
				return fmt.Errorf("%s is not Ready: %+v", named.by.GetName(), named.by.GetCommonStatus().Conditions)
			}
		}
		return nil
	})
}

// naming is an object with a field that names what another one declares.
type naming struct {
	by    v1alpha1.Managed
	field string
}

// thatName returns objects that name an API, or a role that does.
func (e *environment) thatName(api, clientID, organizationID string) []naming {
	e.Helper()
	role := newRole(e, "editor")
	role.Spec.Permissions = &v1alpha1.RolePermissions{Items: []v1alpha1.Permission{{Audience: &api, Name: "read:stock"}}}
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Organizations = &v1alpha1.UserOrganizations{Items: []v1alpha1.UserOrganization{
		{OrganizationID: &organizationID, Roles: []v1alpha1.UserRole{{Name: new("editor")}}},
	}}
	refreshing := newMachine(e, "refreshing")
	refreshing.Spec.AppType, refreshing.Spec.OIDCConformant = new("regular_web"), new(true)
	refreshing.Spec.RefreshToken = &v1alpha1.ClientRefreshToken{
		RotationType: "non-rotating", ExpirationType: "non-expiring", Policies: []v1alpha1.ClientRefreshTokenPolicy{{Audience: api, Scope: []string{"read:stock"}}},
	}
	standing := newMachine(e, "standing")
	standing.Spec.AppType, standing.Spec.ResourceServerIdentifier = new("resource_server"), &api
	token := newToken(e, "stock")
	token.Spec.ClientCredentials = &v1alpha1.ClientCredentialsGrant{Audience: api, Scopes: []string{"read:stock"}}
	return []naming{
		{role, "spec.permissions.items[0].audience"},
		{user, "spec.organizations.items[0].roles[0].name"},
		{refreshing, "spec.refreshToken.policies[0].audience"},
		{standing, "spec.resourceServerIdentifier"},
		{newGrant(e, "stock", clientID, api, "read:stock"), "spec.audience"},
		{token, "spec.clientCredentials.audience"},
	}
}

// TestReferencesWait creates what refers before what is referred to. Nothing is called meanwhile, and it goes on at once.
func TestReferencesWait(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "editor"}}}}
	user.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{{ResourceServerRef: &v1alpha1.ObjectReference{Name: "orders"}, Name: "read:orders"}}}
	role := newRole(e, "editor", "read:orders")
	e.create(user)
	e.create(role)
	e.eventuallyReconciling(role, v1alpha1.ReasonReferenceNotReady, "spec.permissions.items[0].resourceServerRef: Auth0ResourceServer "+e.namespace+"/orders does not exist")
	e.eventuallyReconciling(user, v1alpha1.ReasonReferenceNotReady, "spec.roles.items[0].roleRef: Auth0Role "+e.namespace+"/editor is not Ready")
	e.requireCalls("waiting", 0)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	e.create(api)
	e.eventuallyReady(api)
	e.within(3*time.Second, func() error {
		for _, object := range []v1alpha1.Object{role, user} {
			e.get(object)
			if readyStatus(object) != "True" {
				return fmt.Errorf("%s is not Ready: %+v", object.GetName(), object.GetCommonStatus().Conditions)
			}
		}
		return nil
	})
	found := e.user(user.Status.UserID)
	if roles, permissions := e.userRoles(found), e.userPermissions(found); !slices.Equal(roles, []string{"editor"}) || !slices.Contains(permissions, "read:orders") {
		t.Errorf("the user has the roles %v and the permissions %v", roles, permissions)
	}
	if !slices.Equal(user.Status.Roles, []string{"editor"}) {
		t.Errorf("status.roles is %v", user.Status.Roles)
	}

	change(e, role, func(role *v1alpha1.Auth0Role) { role.Spec.Name = "chief" })
	e.eventually(func() error {
		e.get(user)
		if !slices.Equal(user.Status.Roles, []string{"chief"}) {
			return fmt.Errorf("status.roles is %v after the role was renamed", user.Status.Roles)
		}
		return nil
	})
	e.eventuallyReady(user)
	if roles := e.userRoles(e.user(user.Status.UserID)); !slices.Equal(roles, []string{"chief"}) {
		t.Errorf("the user has the roles %v", roles)
	}
}

// TestReferenceToAnotherNamespace refers to an object of the same tenant in another namespace, and to one of another tenant.
func TestReferenceToAnotherNamespace(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	e.create(tenant)
	other := e.tenant()
	other.Name, other.Spec.AllowedNamespaces = "other", tenant.Spec.AllowedNamespaces
	e.create(other)
	elsewhere := e.newNamespace(nil)
	e.startOperator(elsewhere)
	role := newRole(e, "editor", "read:orders")
	role.Spec.Permissions.Items[0].ResourceServerRef.Namespace = elsewhere
	e.create(role)
	e.eventuallyReconciling(role, v1alpha1.ReasonReferenceNotReady)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	api.Namespace, api.Spec.TenantRef.Namespace = elsewhere, e.namespace
	e.create(api)
	e.eventuallyReady(role)

	foreignObject := newRole(e, "stranger", "read:orders")
	foreignObject.Spec.Permissions.Items[0].ResourceServerRef.Namespace, foreignObject.Spec.TenantRef.Name = elsewhere, "other"
	e.create(foreignObject)
	// It is not told that the API exists.
	e.eventuallyReconciling(foreignObject, v1alpha1.ReasonReferenceNotReady, "Auth0Tenant "+e.namespace+"/other has no Auth0ResourceServer "+elsewhere+"/orders")
}

// TestWhatIsInUseStays deletes an API and a role while others refer to them.
func TestWhatIsInUseStays(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	role := newRole(e, "editor", "read:orders")
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "editor"}}}}
	for _, object := range []v1alpha1.Managed{api, role, user} {
		e.create(object)
	}
	e.eventuallyReady(user)
	e.delete(api)
	e.delete(role)
	for object, referrer := range map[v1alpha1.Object]string{api: "Auth0Role " + e.namespace + "/editor", role: "Auth0User " + e.namespace + "/ada"} {
		e.eventuallyReconciling(object, v1alpha1.ReasonInUse, referrer)
		if readyStatus(object) != "True" {
			t.Errorf("%s is not Ready any more", object.GetName())
		}
	}
	late := newUser(e, "late", "late@example.com")
	late.Spec.Roles = user.Spec.Roles
	e.create(late)
	e.eventuallyReconciling(late, v1alpha1.ReasonReferenceNotReady, "Auth0Role "+e.namespace+"/editor is being deleted")
	e.deleteAndWait(late)
	e.deleteAndWait(user)
	e.eventuallyGone(role)
	e.eventuallyGone(api)
	if left := len(e.apis(ordersAPI)) + len(e.dashboardList(rolesRoute)); left > 0 {
		t.Errorf("%d are left", left)
	}
}

// TestEverythingGoesInAnyOrder deletes the namespace with all that refers to each other.
func TestEverythingGoesInAnyOrder(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: "editor"}}}}
	for _, object := range []v1alpha1.Managed{newResourceServer(e, "orders", ordersAPI, "read:orders"), newRole(e, "editor", "read:orders"), user} {
		e.create(object)
	}
	e.eventuallyReady(user)
	namespace := &corev1.Namespace{}
	namespace.Name = e.namespace
	e.deleteAndWait(namespace)
	if left := len(e.apis(ordersAPI)) + len(e.dashboardList(rolesRoute)) + len(e.users()); left > 0 {
		t.Errorf("%d are left", left)
	}
}
