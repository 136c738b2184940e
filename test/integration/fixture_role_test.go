package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const rolesRoute = "/api/v2/roles"

// roleFixture is a role with a permission of a declared API, and one of an API that is only in Auth0.
var roleFixture = fixture{
	prepare: func(e *environment) {
		seedOrders(e)
		api := newResourceServer(e, "stock", stockAPI, "read:stock", "write:stock")
		e.create(api)
		e.eventuallyReady(api)
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		return &v1alpha1.Auth0Role{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0RoleSpec{
			ManagedSpec: e.managedSpec(),
			Name:        "editor",
			Description: new("Edits orders"),
			Permissions: &v1alpha1.RolePermissions{Items: []v1alpha1.Permission{
				{ResourceServerRef: &v1alpha1.ObjectReference{Name: "stock"}, Name: "read:stock"}, {Audience: new(ordersAPI), Name: "read:orders"},
			}},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkRole(e, object.(*v1alpha1.Auth0Role))
	},
	count:  func(e *environment) int { return len(e.dashboardList(rolesRoute)) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{http.MethodPost, rolesRoute},

	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Role).Spec
		spec.Name, spec.Description = "chief editor", new("Edits everything")
		spec.Permissions.Items = []v1alpha1.Permission{
			{ResourceServerRef: &v1alpha1.ObjectReference{Name: "stock"}, Name: "write:stock"}, {Audience: new(ordersAPI), Name: "read:orders"},
		}
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Role).Spec
		spec.Description, spec.Permissions = nil, nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		id := object.(*v1alpha1.Auth0Role).Status.ID
		if description := e.dashboard("GET", rolePath(id), nil)["description"]; description != "" && description != nil {
			return fmt.Errorf("the description is still %v", description)
		}
		if left := e.rolePermissions(id); len(left) > 0 {
			return fmt.Errorf("permissions are left: %v", left)
		}
		return nil
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", rolePath(object.(*v1alpha1.Auth0Role).Status.ID), map[string]any{"name": "somebody's", "description": "theirs"})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("DELETE", rolePath(object.(*v1alpha1.Auth0Role).Status.ID), nil)
	},
	existing: func(e *environment) {
		e.dashboard("POST", rolesRoute, map[string]any{"name": "editor", "description": "somebody's"})
	},
	existsReason:   v1alpha1.ReasonAlreadyExists,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		permissions := object.(*v1alpha1.Auth0Role).Spec.Permissions
		permissions.Items = append(permissions.Items, permissions.Items[0])
	},
	fix: func(object v1alpha1.Managed) {
		permissions := object.(*v1alpha1.Auth0Role).Spec.Permissions
		permissions.Items = permissions.Items[:2]
	},
	withoutScope: func(e *environment) string {
		e.withoutScopes("create:roles")
		return "create:roles"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

func rolePath(id string) string { return rolesRoute + "/" + id }

// rolePermissions returns the names of the permissions of a role.
func (e *environment) rolePermissions(id string) []string {
	e.Helper()
	return fieldOf(e.dashboardList(rolePath(id)+"/permissions?per_page=100"), "permission_name")
}

// checkRole compares a role in Auth0 with what its object declares.
func checkRole(e *environment, object *v1alpha1.Auth0Role) error {
	e.Helper()
	status, answer := e.sim.Dashboard("GET", rolePath(object.Status.ID), nil)
	if status != http.StatusOK {
		return fmt.Errorf("role %s: %d %s", object.Status.ID, status, answer)
	}
	var role map[string]any
	if err := json.Unmarshal(answer, &role); err != nil {
		return err
	}
	spec := object.Spec
	var failures []error
	if role["name"] != spec.Name {
		failures = append(failures, fmt.Errorf("name is %v, want %s", role["name"], spec.Name))
	}
	if spec.Description != nil && role["description"] != *spec.Description {
		failures = append(failures, fmt.Errorf("description is %v, want %s", role["description"], *spec.Description))
	}
	if spec.Permissions != nil {
		want := make([]string, len(spec.Permissions.Items))
		for i, permission := range spec.Permissions.Items {
			want[i] = permission.Name
		}
		failures = append(failures, checkList("permissions", e.rolePermissions(object.Status.ID), want))
	}
	return errors.Join(failures...)
}
