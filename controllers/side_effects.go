package controllers

import (
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
)

// A write to one object in Auth0 can affect others: see docs/decisions/0026-side-effects.md. Status says what an object has in
// Auth0, by reference or by value, so it decides whether the object lost something.

// AffectedBy implements engine.Affected. Auth0 enables every connection for a new application while the tenant's flag
// enable_client_connections is on, and disables them for a deleted one.
func (connectionAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0Connection) bool {
	switch {
	case write.Resource == resourceClients && write.Created():
		return func(c *v1alpha1.Auth0Connection) bool {
			declared := c.Spec.EnabledClients
			return declared != nil && declared.Mode == v1alpha1.ListModeExact && !slices.Contains(c.Status.EnabledClients, write.ID)
		}
	case write.Resource == resourceClients && write.Deleted():
		return func(c *v1alpha1.Auth0Connection) bool { return slices.Contains(c.Status.EnabledClients, write.ID) }
	}
	return nil
}

// AffectedBy implements engine.Affected. Auth0 deletes a grant with its application or API, and removes the scopes that the API
// loses.
func (clientGrantAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0ClientGrant) bool {
	if write.Resource == resourceClients && write.Deleted() {
		return func(grant *v1alpha1.Auth0ClientGrant) bool { return grant.Status.ClientID == write.ID }
	}
	api, lost := lostScopes(write)
	if len(lost) == 0 && !isDeletedAPI(write) {
		return nil
	}
	return func(grant *v1alpha1.Auth0ClientGrant) bool { return grant.Status.Audience == api }
}

// AffectedBy implements engine.Affected. A role loses the permissions of a deleted API or of deleted scopes.
func (roleAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0Role) bool {
	isLost := lostPermission(write)
	if isLost == nil {
		return nil
	}
	return func(role *v1alpha1.Auth0Role) bool { return slices.ContainsFunc(role.Status.Permissions, isLost) }
}

// AffectedBy implements engine.Affected. Auth0 deletes a user with the connection. A user also loses deleted roles, permissions
// and memberships.
func (userAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0User) bool {
	name := write.Before.String("name")
	switch write.Resource {
	case "roles":
		if name == "" || write.After.String("name") == name {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool {
			return slices.Contains(u.Status.Roles, name) || slices.ContainsFunc(u.Status.OrganizationRoles, func(entry string) bool {
				_, role := auth0.ParseMemberRole(entry)
				return role == name
			})
		}
	case "connections":
		if name == "" || !write.Deleted() {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool { return u.Status.Connection == name }
	case "organizations":
		if !write.Deleted() {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool { return slices.Contains(u.Status.Organizations, write.ID) }
	}
	isLost := lostPermission(write)
	if isLost == nil {
		return nil
	}
	return func(u *v1alpha1.Auth0User) bool { return slices.ContainsFunc(u.Status.Permissions, isLost) }
}

// AffectedBy implements engine.Affected. An organization loses a deleted connection, and a client grant that is deleted by
// itself, with its application or with its API.
func (organizationAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0Organization) bool {
	if !write.Deleted() {
		return nil
	}
	switch write.Resource {
	case "connections":
		return func(o *v1alpha1.Auth0Organization) bool { return slices.Contains(o.Status.Connections, write.ID) }
	case "client-grants":
		return func(o *v1alpha1.Auth0Organization) bool { return slices.Contains(o.Status.ClientGrants, write.ID) }
	case resourceClients, resourceAPIs:
		return func(o *v1alpha1.Auth0Organization) bool { return len(o.Status.ClientGrants) > 0 }
	}
	return nil
}

// AffectedBy implements engine.Affected. An application loses a deleted default organization.
func (clientAdapter) AffectedBy(write drift.Write) func(*v1alpha1.Auth0Client) bool {
	if write.Resource != "organizations" || !write.Deleted() {
		return nil
	}
	return func(c *v1alpha1.Auth0Client) bool { return c.Spec.DefaultOrganization != nil }
}

const (
	resourceClients = "clients"
	resourceAPIs    = "resource-servers"
)

func isDeletedAPI(write drift.Write) bool {
	return write.Resource == resourceAPIs && write.Deleted() && write.Before.String("identifier") != ""
}

// lostScopes returns the scopes that a write removes from an API, and the identifier of the API.
func lostScopes(write drift.Write) (api string, lost []string) {
	api = write.Before.String("identifier")
	if write.Resource != resourceAPIs || write.After["scopes"] == nil {
		return api, nil
	}
	return api, goingScopes(write.Before, write.After)
}

// lostPermission returns a function that reports whether a write removes a permission, by its name in status. It returns nil if
// the write removes none.
func lostPermission(write drift.Write) func(entry string) bool {
	api, lost := lostScopes(write)
	switch {
	case isDeletedAPI(write):
		return func(entry string) bool { return strings.HasSuffix(entry, " "+api) }
	case len(lost) > 0:
		return func(entry string) bool {
			return slices.ContainsFunc(lost, func(scope string) bool { return entry == permissionEntry(api, scope) })
		}
	}
	return nil
}
