package controllers

import (
	"context"
	"fmt"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// This file says how an object of each kind gives access to the tenant's Management API. In a namespace other than the tenant's,
// an object may give only the access that spec.delegations of the Auth0Tenant allows.

// allScopes is access to all scopes.
func allScopes() []string { return []string{v1alpha1.AllManagementAPIScopes} }

// Gives implements engine.Giver. It returns the scopes of a grant for the Management API.
func (clientGrantAdapter) Gives(_ context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant]) ([]engine.Access, error) {
	spec := req.Object.Spec
	if spec.ManagementAPI == nil && !req.Session.IsManagementAPI(req.References.Name(grantAPIField, spec.Audience)) {
		return nil, nil
	}
	if valueOf(spec.AllowAllScopes) {
		return []engine.Access{{Field: "spec.allowAllScopes", Scopes: allScopes()}}, nil
	}
	return []engine.Access{{Field: "spec.scopes", Scopes: spec.Scopes}}, nil
}

// Gives implements engine.Giver. An object that holds the Management API decides who gets tokens for it.
func (resourceServerAdapter) Gives(_ context.Context, req engine.Request[*v1alpha1.Auth0ResourceServer]) ([]engine.Access, error) {
	if !req.Session.IsManagementAPI(req.Object.Spec.Identifier) {
		return nil, nil
	}
	return []engine.Access{{Field: "spec.identifier", Scopes: allScopes()}}, nil
}

// Gives implements engine.Giver: permissions of the Management API.
func (roleAdapter) Gives(_ context.Context, req engine.Request[*v1alpha1.Auth0Role]) ([]engine.Access, error) {
	return givenPermissions(req.Session, rolePermissionsField, permissionsOfRole(req.Object), req.References), nil
}

// Holds implements engine.Holder.
func (roleAdapter) Holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0Role], have auth0.Document) ([]engine.Access, error) {
	return roleAccess(ctx, req.Session, fmt.Sprintf("spec.adoptionPolicy: role %q", have.String("name")), have.String("id"))
}

// Gives implements engine.Giver: permissions of the Management API, and roles with such permissions.
func (userAdapter) Gives(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) ([]engine.Access, error) {
	u := req.Object
	var given []engine.Access
	if u.Spec.Permissions != nil {
		given = givenPermissions(req.Session, userPermissionsField, u.Spec.Permissions.Items, req.References)
	}
	byRoles, err := accessByRoles(ctx, req.Session, newRoles(u, req.References))
	return append(given, byRoles...), err
}

// Holds implements engine.Holder: who sets the password of a user gets what the user may do.
func (userAdapter) Holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], have auth0.Document) ([]engine.Access, error) {
	id := have.String("user_id")
	permissions, err := req.Session.UserPermissions(ctx, id)
	if err != nil {
		return nil, err
	}
	held := []engine.Access{{Field: "spec.adoptionPolicy: user " + id, Scopes: managementScopes(req.Session, permissions)}}
	roles, err := req.Session.UserRoles(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, role := range roles {
		byRole, err := roleAccess(ctx, req.Session, fmt.Sprintf("spec.adoptionPolicy: role %q of user %s", role.Name, id), role.ID)
		if err != nil {
			return nil, err
		}
		held = append(held, byRole...)
	}
	return held, nil
}

// Gives implements engine.Giver: refresh tokens that can be exchanged, and applications that stand for an API.
func (clientAdapter) Gives(_ context.Context, req engine.Request[*v1alpha1.Auth0Client]) ([]engine.Access, error) {
	spec, session := req.Object.Spec, req.Session
	var given []engine.Access
	if spec.RefreshToken != nil {
		for i, policy := range spec.RefreshToken.Policies {
			if session.IsManagementAPI(policy.Audience) {
				given = append(given, engine.Access{Field: fmt.Sprintf("spec.refreshToken.policies[%d]", i), Scopes: policy.Scope})
			}
		}
	}
	if session.IsManagementAPI(valueOf(spec.ResourceServerIdentifier)) {
		given = append(given, engine.Access{Field: "spec.resourceServerIdentifier", Scopes: allScopes()})
	}
	return given, nil
}

// Holds implements engine.Holder: who reads the credentials of an application gets the access of its client grants.
func (clientAdapter) Holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) ([]engine.Access, error) {
	grants, err := req.Session.Find(ctx, "client-grants", map[string]string{
		"audience": req.Session.ManagementAudience(), "client_id": have.String("client_id"),
	})
	var held []engine.Access
	for _, grant := range grants {
		held = append(held, grantAccess("spec.adoptionPolicy: application "+have.String("client_id"), grant))
	}
	return held, err
}

// Gives implements engine.Giver: client grants for the Management API that applications may use for the organization.
func (organizationAdapter) Gives(ctx context.Context, req engine.Request[*v1alpha1.Auth0Organization]) ([]engine.Access, error) {
	var given []engine.Access
	for i, item := range organizationGrants(req.Object) {
		id := req.References.ID(orgGrantField(i), item.ClientGrantID)
		if slices.Contains(req.Object.Status.ClientGrants, id) {
			continue
		}
		grant, err := req.Session.Get(ctx, "client-grants", id)
		switch {
		case auth0.ClassOf(err) == auth0.ClassNotFound:
			// Auth0 refuses the assignment, too.
		case err != nil:
			return nil, err
		case req.Session.IsManagementAPI(grant.String("audience")):
			given = append(given, grantAccess(fmt.Sprintf("spec.clientGrants.items[%d]", i), grant))
		}
	}
	return given, nil
}

func grantAccess(field string, grant auth0.Document) engine.Access {
	if grant.Bool("allow_all_scopes") {
		return engine.Access{Field: field, Scopes: allScopes()}
	}
	return engine.Access{Field: field, Scopes: grant.Strings("scope")}
}

// givenPermissions are the permissions of the Management API among all. field is their field in the spec.
func givenPermissions(session *auth0.Session, field string, permissions []v1alpha1.Permission, references reference.Values) []engine.Access {
	var given []engine.Access
	for i, permission := range permissions {
		if session.IsManagementAPI(references.Name(apiField(field, i), permission.Audience)) {
			given = append(given, engine.Access{Field: fmt.Sprintf("%s[%d]", field, i), Scopes: []string{permission.Name}})
		}
	}
	return given
}

func managementScopes(session *auth0.Session, permissions []auth0.Permission) []string {
	var scopes []string
	for _, permission := range permissions {
		if session.IsManagementAPI(permission.Audience) {
			scopes = append(scopes, permission.Name)
		}
	}
	return scopes
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
	ids, _, err := session.RoleIDs(ctx, unique(valuesOf(byField)))
	if err != nil {
		return nil, err
	}
	var given []engine.Access
	for field, name := range byField {
		if ids[name] == "" {
			continue
		}
		access, err := roleAccess(ctx, session, fmt.Sprintf("%s: role %q", field, name), ids[name])
		if err != nil {
			return nil, err
		}
		given = append(given, access...)
	}
	return given, nil
}

func roleAccess(ctx context.Context, session *auth0.Session, field, id string) ([]engine.Access, error) {
	permissions, err := session.RolePermissions(ctx, id)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return nil, nil
	}
	return []engine.Access{{Field: field, Scopes: managementScopes(session, permissions)}}, err
}
