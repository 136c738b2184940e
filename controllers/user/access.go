package user

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// gives implements Definition.Gives: permissions of the Management API, and roles with such permissions.
func gives(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) ([]engine.Access, error) {
	u := req.Object
	var given []engine.Access
	if u.Spec.Permissions != nil {
		given = rbac.Given(req.Session, userPermissionsField, u.Spec.Permissions.Items, req.References)
	}
	byRoles, err := accessByRoles(ctx, req.Session, newRoles(u, req.References))
	return append(given, byRoles...), err
}

// holds implements Definition.Holds: who sets the password of a user gets what the user may do.
func holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], have auth0.Document) ([]engine.Access, error) {
	id := have.String("user_id")
	permissions, err := req.Session.UserPermissions(ctx, id)
	if err != nil {
		return nil, err
	}
	held := []engine.Access{{Field: "spec.adoptionPolicy: user " + id, Scopes: rbac.ManagementScopes(req.Session, permissions)}}
	roles, err := req.Session.UserRoles(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		byRole, err := rbac.OfRole(ctx, req.Session, fmt.Sprintf("spec.adoptionPolicy: role %q of user %s", role.Name, id), role.ID)
		if err != nil {
			return nil, err
		}
		held = append(held, byRole...)
	}
	return held, nil
}

// newRoles are the declared roles, by field, that were not yet assigned through the object.
func newRoles(u *v1alpha1.Auth0User, references reference.Values) map[string]string {
	fresh := map[string]string{}
	if u.Spec.Roles != nil {
		for i, role := range u.Spec.Roles.Items {
			if name := references.Name(roleField(i), role.Name); !slices.Contains(u.Status.Roles, name) {
				fresh[fmt.Sprintf("spec.roles.items[%d]", i)] = name
			}
		}
	}
	for i, item := range userOrganizations(u) {
		organization := references.ID(organizationField(i), item.OrganizationID)
		for j, role := range item.Roles {
			name := references.Name(memberRoleField(i, j), role.Name)
			if !slices.Contains(u.Status.OrganizationRoles, auth0.MemberRole(organization, name)) {
				fresh[fmt.Sprintf("spec.organizations.items[%d].roles[%d]", i, j)] = name
			}
		}
	}
	return fresh
}

// accessByRoles returns the access that roles give, by field. Missing roles give none.
func accessByRoles(ctx context.Context, session *auth0.Session, byField map[string]string) ([]engine.Access, error) {
	if len(byField) == 0 {
		return nil, nil
	}
	ids, _, err := session.RoleIDs(ctx, slices.Compact(slices.Sorted(maps.Values(byField))))
	if err != nil {
		return nil, err
	}
	var given []engine.Access
	for field, name := range byField {
		if ids[name] == "" {
			continue
		}
		access, err := rbac.OfRole(ctx, session, fmt.Sprintf("%s: role %q", field, name), ids[name])
		if err != nil {
			return nil, err
		}
		given = append(given, access...)
	}
	return given, nil
}
