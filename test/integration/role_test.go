package integration

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const rolesRoute = "/api/v2/roles"

var roleFixture = fromFiles("Auth0Role")

func rolePath(id string) string { return rolesRoute + "/" + id }

// rolePermissions returns the names of the permissions of a role.
func (e *environment) rolePermissions(id string) []string {
	e.Helper()
	return fieldOf(e.dashboardList(rolePath(id)+"/permissions?per_page=100"), "permission_name")
}

// newRole declares a role with permissions of the API object "orders".
func newRole(e *environment, name string, permissions ...string) *v1alpha1.Auth0Role {
	role := &v1alpha1.Auth0Role{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0RoleSpec{ManagedSpec: e.managedSpec(), Name: name}}
	if len(permissions) > 0 {
		role.Spec.Permissions = &v1alpha1.RolePermissions{}
	}
	for _, permission := range permissions {
		role.Spec.Permissions.Items = append(role.Spec.Permissions.Items, v1alpha1.Permission{ResourceServerRef: &v1alpha1.ObjectReference{Name: "orders"}, Name: permission})
	}
	return role
}

func TestCallsOfARole(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ permissions, create, check int }{{0, 1, 1}, {1, 2, 2}, {100, 2, 2}, {250, 4, 4}} {
		t.Run(fmt.Sprint(row.permissions), func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			scopes := make([]string, row.permissions)
			for i := range scopes {
				scopes[i] = fmt.Sprintf("do:%d", i)
			}
			api := newResourceServer(e, "orders", ordersAPI, scopes...)
			e.create(api)
			e.eventuallyReady(api)
			e.sim.ResetRequests()
			role := newRole(e, "editor", scopes...)
			e.create(role)
			e.eventuallyReady(role)
			e.requireCalls("creating a role", row.create)
			e.reconcile(role)
			e.requireCalls("finding nothing to do", row.check)
			if row.permissions > 1 {
				return
			}
			change(e, role, func(role *v1alpha1.Auth0Role) { role.Spec.Name = "chief" })
			e.eventuallyReady(role)
			e.requireCalls("changing a field", row.check+1)
			if role.Status.Name != "chief" {
				t.Errorf("the status says %q", role.Status.Name)
			}
			e.deleteAndWait(role)
			e.requireCalls("deleting a role", 4)
		})
	}
}

// TestRoleIsFoundByItsExactName adopts a role behind more than a page of roles whose names contain its own.
func TestRoleIsFoundByItsExactName(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedRoles(e, "Editor", "sub-editor")
	for i := range 120 {
		e.sim.Dashboard("POST", rolesRoute, map[string]any{"name": fmt.Sprintf("editor %d", i)})
	}
	seedRoles(e, "editor")
	role := newRole(e, "editor")
	mayAdopt(role)
	role.Spec.Description = new("found")
	e.create(role)
	e.eventuallyReady(role)
	for _, found := range e.dashboardList(rolesRoute + "?per_page=100&page=1") {
		if found["name"] == "editor" && found["description"] == "found" && found["id"] == role.Status.ID {
			return
		}
	}
	t.Error("the role was not found")
}

// TestRolesOfOrganizations has roles of organizations with the name of a declared role, before it exists and after. They are neither
// adopted nor given to users.
func TestRolesOfOrganizations(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	organization := e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "acme"})["id"].(string)
	foreign := e.dashboard("POST", rolesRoute, map[string]any{"name": "editor", "type": "organization", "owner_id": organization})
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("editor")}}}
	e.create(user)
	e.eventuallyReconciling(user, v1alpha1.ReasonRoleNotFound, "editor")

	role := newRole(e, "editor")
	mayAdopt(role)
	role.Spec.Description = new("declared")
	e.create(role)
	e.eventuallyReady(role)
	other := e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "widgets"})["id"]
	e.dashboard("POST", rolesRoute, map[string]any{"name": "editor", "type": "organization", "owner_id": other})
	change(e, user, func(user *v1alpha1.Auth0User) {
		user.Spec.Organizations = &v1alpha1.UserOrganizations{Items: []v1alpha1.UserOrganization{
			{OrganizationID: &organization, Roles: []v1alpha1.UserRole{{Name: new("editor")}}},
		}}
	})
	e.eventuallyReady(user)

	if have := e.dashboard("GET", rolePath(foreign["id"].(string)), nil); role.Status.ID == foreign["id"] || have["description"] != nil {
		t.Errorf("the role of the organization was adopted: %v", have)
	}
	path := userPath(user.Status.UserID) + "/roles"
	inOrganization := "/api/v2/organizations/" + organization + "/members/" + url.PathEscape(user.Status.UserID) + "/roles"
	for _, given := range [][]map[string]any{e.dashboardList(path), e.dashboardList(inOrganization)} {
		if len(given) != 1 || given[0]["id"] != role.Status.ID {
			t.Errorf("the user has %v, want %s only", given, role.Status.ID)
		}
	}
}

// TestPermissionComesLater has a role wait for a permission that its API does not define yet.
func TestPermissionComesLater(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	e.create(api)
	e.eventuallyReady(api)
	role := newRole(e, "editor", "read:orders", "write:orders")
	e.create(role)
	e.eventuallyReconciling(role, v1alpha1.ReasonPermissionNotFound, "write:orders")
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) {
		api.Spec.Scopes.Items = append(api.Spec.Scopes.Items, v1alpha1.ResourceServerScope{Value: "write:orders"})
	})
	e.eventuallyReady(role)
	if err := checkList("permissions", e.rolePermissions(role.Status.ID), []string{"read:orders", "write:orders"}); err != nil {
		t.Error(err)
	}
}

// TestPermissionsOfOthers shows what becomes of permissions that others gave a role.
func TestPermissionsOfOthers(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders", "write:orders")
	role := newRole(e, "editor", "read:orders")
	e.create(api)
	e.create(role)
	e.eventuallyReady(role)
	e.dashboard("POST", rolePath(role.Status.ID)+"/permissions", map[string]any{"permissions": []any{
		map[string]any{"resource_server_identifier": ordersAPI, "permission_name": "write:orders"},
	}})
	e.reconcile(role)
	if have := e.rolePermissions(role.Status.ID); len(have) != 2 {
		t.Errorf("Additive leaves %v", have)
	}
	change(e, role, func(role *v1alpha1.Auth0Role) { role.Spec.Permissions.Mode = v1alpha1.ListModeExact })
	e.eventuallyReady(role)
	if have := e.rolePermissions(role.Status.ID); len(have) != 1 {
		t.Errorf("Exact leaves %v", have)
	}
}
