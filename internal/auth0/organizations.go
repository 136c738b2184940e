package auth0

import (
	"context"
	"net/http"
	"strings"
)

const (
	routeOrganizationConnections = "/api/v2/organizations/{id}/enabled_connections"
	routeOrganizationConnection  = "/api/v2/organizations/{id}/enabled_connections/{connectionId}"
	routeOrganizationGrants      = "/api/v2/organizations/{id}/client-grants"
	routeOrganizationGrant       = "/api/v2/organizations/{id}/client-grants/{grant_id}"
	routeOrganizationMembers     = "/api/v2/organizations/{id}/members"
	routeMemberRoles             = "/api/v2/organizations/{id}/members/{user_id}/roles"
	routeUserOrganizations       = "/api/v2/users/{id}/organizations"
)

// OrganizationConnections returns how an organization uses its connections, all pages.
func (s *Session) OrganizationConnections(ctx context.Context, id string) ([]Document, error) {
	return collect(ctx, s.offsets("enabled_connections", get(routeOrganizationConnections, id)), whole)
}

// AddOrganizationConnection adds a connection to an organization. One that it uses already is a conflict.
func (s *Session) AddOrganizationConnection(ctx context.Context, id string, connection Document) error {
	return s.run(ctx, post(routeOrganizationConnections, connection, id))
}

// UpdateOrganizationConnection changes how an organization uses a connection, and returns the result.
func (s *Session) UpdateOrganizationConnection(ctx context.Context, id, connectionID string, patch Document) (Document, error) {
	return parseObject(s.Do(ctx, Request{
		Method: http.MethodPatch, Route: routeOrganizationConnection, Args: []string{id, connectionID}, Body: patch,
	}))
}

// RemoveOrganizationConnection removes a connection from an organization. It ignores one that the organization does not use.
func (s *Session) RemoveOrganizationConnection(ctx context.Context, id, connectionID string) error {
	return s.run(ctx, remove(routeOrganizationConnection, nil, id, connectionID))
}

// OrganizationClientGrants returns the ids of the client grants of an organization, all pages.
func (s *Session) OrganizationClientGrants(ctx context.Context, id string) ([]string, error) {
	return collect(ctx, s.offsets("client_grants", get(routeOrganizationGrants, id)), field("id"))
}

// AddOrganizationClientGrant adds a client grant to an organization. One that it uses already is a conflict.
func (s *Session) AddOrganizationClientGrant(ctx context.Context, id, grantID string) error {
	return s.run(ctx, post(routeOrganizationGrants, Document{"grant_id": grantID}, id))
}

// RemoveOrganizationClientGrant removes a client grant from an organization. It ignores one that the organization does not use.
func (s *Session) RemoveOrganizationClientGrant(ctx context.Context, id, grantID string) error {
	return s.run(ctx, remove(routeOrganizationGrant, nil, id, grantID))
}

// UserOrganizations returns the ids of the organizations that a user is a member of, all pages.
func (s *Session) UserOrganizations(ctx context.Context, userID string) ([]string, error) {
	return collect(ctx, s.offsets("organizations", get(routeUserOrganizations, userID)), field("id"))
}

// MostMembers is how many members one call adds to an organization, or removes.
const MostMembers = 10

// AddOrganizationMembers makes users members of an organization. It ignores users who are members already.
func (s *Session) AddOrganizationMembers(ctx context.Context, id string, userIDs []string) error {
	return s.run(ctx, post(routeOrganizationMembers, Document{"members": userIDs}, id))
}

// RemoveOrganizationMembers ends memberships, with the roles in them. It ignores users who are not members.
func (s *Session) RemoveOrganizationMembers(ctx context.Context, id string, userIDs []string) error {
	return s.run(ctx, remove(routeOrganizationMembers, Document{"members": userIDs}, id))
}

// MemberRole names a role within an organization. An id contains no space.
func MemberRole(organization, role string) string { return organization + " " + role }

// ParseMemberRole splits the name of a role within an organization. The id of an organization alone has no role.
func ParseMemberRole(name string) (organization, role string) {
	organization, role, _ = strings.Cut(name, " ")
	return organization, role
}

func isMemberRole(name string) bool {
	_, role := ParseMemberRole(name)
	return role != ""
}

// MemberRoles returns the tenant's roles of a user within an organization, all pages.
func (s *Session) MemberRoles(ctx context.Context, id, userID string) ([]Role, error) {
	roles, err := collect(ctx, s.offsets("roles", get(routeMemberRoles, id, userID)), whole)
	return s.tenantRoles(roles), err
}

// tenantRoles leaves out roles of organizations, also where Auth0 does not show the type.
func (s *Session) tenantRoles(roles []Document) []Role {
	var found []Role
	for _, role := range roles {
		if !isOrganizationRole(role) && !s.roles.hasOther(asRole(role)) {
			found = append(found, asRole(role))
		}
	}
	return found
}

// AssignMemberRoles gives a user roles within an organization, by id. It ignores roles that the user has already.
func (s *Session) AssignMemberRoles(ctx context.Context, id, userID string, roleIDs []string) error {
	return s.assign(ctx, post(routeMemberRoles, Document{"roles": roleIDs}, id, userID))
}

// RemoveMemberRoles removes roles from a user within an organization, by id. It ignores roles that the user does not have.
func (s *Session) RemoveMemberRoles(ctx context.Context, id, userID string, roleIDs []string) error {
	return s.run(ctx, remove(routeMemberRoles, Document{"roles": roleIDs}, id, userID))
}
