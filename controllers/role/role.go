// Package role defines Auth0Role: roles.
package role

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	rolePermissionsField = "spec.permissions.items"
	// mostPermissionsPerCall is how many permissions of a role one call sends.
	mostPermissionsPerCall = 100
)

// Definition defines Auth0Role.
var Definition = engine.Definition[*v1alpha1.Auth0Role]{
	Resource:   "roles",
	Noun:       "role",
	Fields:     fields.Semantics{Cleared: map[string]any{"description": ""}},
	Beside:     []string{"permissions"},
	Check:      check,
	Explain:    explain,
	Declares:   declares,
	Lists:      listsOf,
	AffectedBy: affectedBy,
	Export:     export,
	Population: population,
	Gives:      gives,
	Holds:      holds,
}

func permissionsOfRole(role *v1alpha1.Auth0Role) []v1alpha1.Permission {
	if role.Spec.Permissions == nil {
		return nil
	}
	return role.Spec.Permissions.Items
}

// check rejects a permission that is listed twice, which is likely a mistake.
func check(role *v1alpha1.Auth0Role) error {
	seen := map[string]bool{}
	for i, permission := range permissionsOfRole(role) {
		api := "api " + ptr.Deref(permission.Audience, "")
		if permission.ResourceServerRef != nil {
			api = reference.To(role, "", "Auth0ResourceServer", *permission.ResourceServerRef).String()
		}
		if seen[api+" "+permission.Name] {
			return fmt.Errorf("%s[%d]: %s of %s is listed already; remove it, or name another permission", rolePermissionsField, i, permission.Name, api)
		}
		seen[api+" "+permission.Name] = true
	}
	return nil
}

func listsOf(req engine.Request[*v1alpha1.Auth0Role]) []lists.List {
	role := req.Object
	list := lists.List{
		Field: "permissions", Managed: &role.Status.Permissions,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			permissions, err := session.RolePermissions(ctx, id)
			return rbac.EntriesOf(permissions), err
		},
		Add: func(ctx context.Context, session *auth0.Session, id string, entries []string) (added []string, err error) {
			for chunk := range slices.Chunk(entries, mostPermissionsPerCall) {
				if err := session.AddRolePermissions(ctx, id, rbac.Parse(chunk)); err != nil {
					return added, err
				}
				added = append(added, chunk...)
			}
			return added, nil
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, entries []string) error {
			for chunk := range slices.Chunk(entries, mostPermissionsPerCall) {
				if err := session.RemoveRolePermissions(ctx, id, rbac.Parse(chunk)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if declared := role.Spec.Permissions; declared != nil {
		list.Declared, list.Mode = true, declared.Mode
		list.Want = rbac.Declared(rolePermissionsField, declared.Items, req.References)
	}
	return []lists.List{list}
}

// explain gives common errors of roles a reason and a remedy.
func explain(req engine.Request[*v1alpha1.Auth0Role], failed *auth0.Error) error {
	role, session := req.Object, req.Session
	if failed.Class == auth0.ClassConflict {
		return problem.Stalled(v1alpha1.ReasonAlreadyExists, "another role has the name %q (Auth0 says: %s); choose another", role.Spec.Name, failed.Message)
	}
	return rbac.Explain(session, failed)
}

// declares implements Definition.Declares.
func declares(role *v1alpha1.Auth0Role) string { return role.Spec.Name }

// population implements Definition.Population. Deleting a role takes its permissions from its users.
func population(ctx context.Context, session *auth0.Session, have auth0.Document) (engine.Population, error) {
	count, err := session.CountRoleUsers(ctx, have.String("id"))
	return engine.Population{
		Count: count, One: "a user whom no object declares", Many: "users whom no object declares", Loss: "who has it loses what it permits",
		Kind: "Auth0User", Has: func(o v1alpha1.Managed) bool {
			return slices.Contains(o.(*v1alpha1.Auth0User).Status.Roles, have.String("name"))
		},
	}, err
}

// export implements Definition.Export.
func export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, role *v1alpha1.Auth0Role) (bool, error) {
	if err := fields.ToSpec(&role.Spec, have); err != nil {
		return false, err
	}
	permissions, err := session.RolePermissions(ctx, have.String("id"))
	if err != nil || len(permissions) == 0 {
		return true, err
	}
	role.Spec.Permissions = &v1alpha1.RolePermissions{Mode: v1alpha1.ListModeExact, Items: rbac.Exported(names, permissions)}
	return true, nil
}

// gives implements Definition.Gives: permissions of the Management API.
func gives(_ context.Context, req engine.Request[*v1alpha1.Auth0Role]) ([]engine.Access, error) {
	return rbac.Given(req.Session, rolePermissionsField, permissionsOfRole(req.Object), req.References), nil
}

// holds implements Definition.Holds.
func holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0Role], have auth0.Document) ([]engine.Access, error) {
	return rbac.OfRole(ctx, req.Session, fmt.Sprintf("spec.adoptionPolicy: role %q", have.String("name")), have.String("id"))
}

// affectedBy implements Definition.AffectedBy. A role loses the permissions of a deleted API or of deleted scopes.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0Role) bool {
	isLost := rbac.Lost(write)
	if isLost == nil {
		return nil
	}
	return func(role *v1alpha1.Auth0Role) bool { return slices.ContainsFunc(role.Status.Permissions, isLost) }
}
