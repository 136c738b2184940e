package controllers

import (
	"context"
	"fmt"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// +kubebuilder:rbac:groups=auth0-operator.io,resources=auth0roles,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=auth0-operator.io,resources=auth0roles/status,verbs=patch

const (
	rolePermissionsField = "spec.permissions.items"
	// mostPermissionsPerCall is how many permissions of a role one call sends.
	mostPermissionsPerCall = 100
)

// roleAdapter maps Auth0Role.
type roleAdapter struct{}

func (roleAdapter) Fields() fields.Semantics {
	return fields.Semantics{Cleared: map[string]any{"description": ""}}
}

func (roleAdapter) Scopes() []engine.Scope[*v1alpha1.Auth0Role] {
	return lifecycleScopes[*v1alpha1.Auth0Role](auth0.ScopesFor("roles"))
}

func (roleAdapter) References(role *v1alpha1.Auth0Role) []reference.Reference {
	return permissionReferences(role, rolePermissionsField, permissionsOfRole(role))
}

func permissionsOfRole(role *v1alpha1.Auth0Role) []v1alpha1.Permission {
	if role.Spec.Permissions == nil {
		return nil
	}
	return role.Spec.Permissions.Items
}

// Check rejects a permission that is listed twice, which is likely a mistake.
func (roleAdapter) Check(role *v1alpha1.Auth0Role) error {
	seen := map[string]bool{}
	for i, permission := range permissionsOfRole(role) {
		api := "api " + valueOf(permission.Audience)
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

func (roleAdapter) Desired(role *v1alpha1.Auth0Role, _ reference.Values) auth0.Document {
	desired := auth0.Document{"name": role.Spec.Name}
	put(desired, "description", role.Spec.Description)
	return desired
}

// Intent records what distinguishes the role from another one with the same name.
func (roleAdapter) Intent(desired auth0.Document) auth0.Document { return desired.Clone() }

func (roleAdapter) Resource() string { return "roles" }

func (roleAdapter) ID(role *v1alpha1.Auth0Role) string { return role.Status.ID }

func (roleAdapter) Describe(have auth0.Document) string {
	return fmt.Sprintf("role %q (%s)", have.String("name"), have.String("id"))
}

func (roleAdapter) Observe(role *v1alpha1.Auth0Role, have auth0.Document) {
	role.Status.ID = have.String("id")
	role.Status.Name = have.String("name")
}

func (roleAdapter) Find(ctx context.Context, req engine.Request[*v1alpha1.Auth0Role], wanted auth0.Document) ([]auth0.Document, error) {
	return req.Session.Find(ctx, "roles", map[string]string{"name": wanted.String("name")})
}

func (roleAdapter) Lists(req engine.Request[*v1alpha1.Auth0Role]) []lists.List {
	role := req.Object
	list := lists.List{
		Field: "permissions", Managed: &role.Status.Permissions,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			permissions, err := session.RolePermissions(ctx, id)
			return entriesOf(permissions), err
		},
		Add: func(ctx context.Context, session *auth0.Session, id string, entries []string) (added []string, err error) {
			for chunk := range slices.Chunk(entries, mostPermissionsPerCall) {
				if err := session.AddRolePermissions(ctx, id, permissionsOf(chunk)); err != nil {
					return added, err
				}
				added = append(added, chunk...)
			}
			return added, nil
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, entries []string) error {
			for chunk := range slices.Chunk(entries, mostPermissionsPerCall) {
				if err := session.RemoveRolePermissions(ctx, id, permissionsOf(chunk)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if declared := role.Spec.Permissions; declared != nil {
		list.Declared, list.Mode = true, declared.Mode
		list.Want = permissionEntries(rolePermissionsField, declared.Items, req.References)
	}
	return []lists.List{list}
}

// Explain gives common errors of roles a reason and a remedy.
func (roleAdapter) Explain(req engine.Request[*v1alpha1.Auth0Role], failed *auth0.Error) error {
	role, session := req.Object, req.Session
	if failed.Class == auth0.ClassConflict {
		return problem.Stalled(v1alpha1.ReasonAlreadyExists, "another role has the name %q (Auth0 says: %s); choose another", role.Spec.Name, failed.Message)
	}
	return explainPermission(session, failed)
}

// valueOf returns the value of a pointer, or the zero value for nil.
func valueOf[T any](pointer *T) T {
	if pointer == nil {
		return *new(T)
	}
	return *pointer
}

// Names implements engine.Namer. It lists the APIs of permissions.
func (roleAdapter) Names(role *v1alpha1.Auth0Role) []reference.Named {
	return permissionNames(rolePermissionsField, permissionsOfRole(role))
}

// Declares implements engine.Declarer.
func (roleAdapter) Declares(role *v1alpha1.Auth0Role) string { return role.Spec.Name }

// Population implements engine.Populated. Deleting a role takes its permissions from its users.
func (roleAdapter) Population(ctx context.Context, session *auth0.Session, have auth0.Document) (engine.Population, error) {
	count, err := session.CountRoleUsers(ctx, have.String("id"))
	return engine.Population{
		Count: count, One: "a user whom no object declares", Many: "users whom no object declares", Loss: "who has it loses what it permits",
		Kind: "Auth0User", Has: func(o v1alpha1.Managed) bool {
			return slices.Contains(o.(*v1alpha1.Auth0User).Status.Roles, have.String("name"))
		},
	}, err
}
