package auth0

import (
	"context"
	"net/http"
	"strings"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeOrganizations           = "/api/v2/organizations"
	routeOrganization            = "/api/v2/organizations/{id}"
	routeOrganizationByName      = "/api/v2/organizations/name/{name}"
	routeOrganizationConnections = "/api/v2/organizations/{id}/enabled_connections"
	routeOrganizationConnection  = "/api/v2/organizations/{id}/enabled_connections/{connectionId}"
	routeOrganizationGrants      = "/api/v2/organizations/{id}/client-grants"
	routeOrganizationGrant       = "/api/v2/organizations/{id}/client-grants/{grant_id}"
	routeOrganizationMembers     = "/api/v2/organizations/{id}/members"
	routeMemberRoles             = "/api/v2/organizations/{id}/members/{user_id}/roles"
	routeUserOrganizations       = "/api/v2/users/{id}/organizations"
)

// GetOrganization reads an organization by id: org_VvIJTfJhf3NwyCie.
func (s *Session) GetOrganization(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "organizations", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeOrganization, func(ctx context.Context) error {
			_, err := s.organizationsAPI.Get(ctx, id)
			return err
		})
	})
}

// FindOrganizations returns the organization with a name: names are unique.
func (s *Session) FindOrganizations(ctx context.Context, name string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeOrganizationByName, func(ctx context.Context) error {
		_, err := s.organizationsAPI.GetByName(ctx, name)
		return err
	})
	if ClassOf(err) == ClassNotFound {
		return nil, nil
	}
	found, err := parseObject(answer, err)
	if err != nil {
		return nil, err
	}
	return []Document{found}, nil
}

// CreateOrganization creates an organization. A name that exists is a conflict.
func (s *Session) CreateOrganization(ctx context.Context, organization Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeOrganizations, func(ctx context.Context) error {
		_, err := s.organizationsAPI.Create(ctx, nil, option.WithBodyProperties(organization))
		return err
	})
	return parseObject(answer, err)
}

// UpdateOrganization merges a patch into an organization. The operator assumes that objects are replaced whole.
func (s *Session) UpdateOrganization(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeOrganization, func(ctx context.Context) error {
		_, err := s.organizationsAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return parseObject(answer, err)
}

// DeleteOrganization deletes an organization. Its members and connections stay.
func (s *Session) DeleteOrganization(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeOrganization, func(ctx context.Context) error {
		return s.organizationsAPI.Delete(ctx, id)
	})
	return err
}

// OrganizationConnections returns how an organization uses its connections, all pages.
func (s *Session) OrganizationConnections(ctx context.Context, id string) ([]Document, error) {
	read := s.offsets(routeOrganizationConnections, "enabled_connections", func(ctx context.Context, page *int) error {
		_, err := s.orgConnectionsAPI.List(ctx, id, &management.ListOrganizationConnectionsRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, whole)
}

// AddOrganizationConnection adds a connection to an organization. One that it uses already is a conflict.
func (s *Session) AddOrganizationConnection(ctx context.Context, id string, connection Document) error {
	_, err := s.manage(ctx, http.MethodPost, routeOrganizationConnections, func(ctx context.Context) error {
		_, err := s.orgConnectionsAPI.Add(ctx, id, nil, option.WithBodyProperties(connection))
		return err
	})
	return err
}

// UpdateOrganizationConnection changes how an organization uses a connection, and returns the result.
func (s *Session) UpdateOrganizationConnection(ctx context.Context, id, connectionID string, patch Document) (Document, error) {
	return parseObject(s.manage(ctx, http.MethodPatch, routeOrganizationConnection, func(ctx context.Context) error {
		_, err := s.orgConnectionsAPI.Update(ctx, id, connectionID, nil, option.WithBodyProperties(patch))
		return err
	}))
}

// RemoveOrganizationConnection removes a connection from an organization. It ignores one that the organization does not use.
func (s *Session) RemoveOrganizationConnection(ctx context.Context, id, connectionID string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeOrganizationConnection, func(ctx context.Context) error {
		return s.orgConnectionsAPI.Delete(ctx, id, connectionID)
	})
	return err
}

// OrganizationClientGrants returns the ids of the client grants of an organization, all pages.
func (s *Session) OrganizationClientGrants(ctx context.Context, id string) ([]string, error) {
	read := s.offsets(routeOrganizationGrants, "client_grants", func(ctx context.Context, page *int) error {
		_, err := s.orgGrantsAPI.List(ctx, id, &management.ListOrganizationClientGrantsRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, field("id"))
}

// AddOrganizationClientGrant adds a client grant to an organization. One that it uses already is a conflict.
func (s *Session) AddOrganizationClientGrant(ctx context.Context, id, grantID string) error {
	_, err := s.manage(ctx, http.MethodPost, routeOrganizationGrants, func(ctx context.Context) error {
		_, err := s.orgGrantsAPI.Create(ctx, id, &management.AssociateOrganizationClientGrantRequestContent{GrantID: grantID})
		return err
	})
	return err
}

// RemoveOrganizationClientGrant removes a client grant from an organization. It ignores one that the organization does not use.
func (s *Session) RemoveOrganizationClientGrant(ctx context.Context, id, grantID string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeOrganizationGrant, func(ctx context.Context) error {
		return s.orgGrantsAPI.Delete(ctx, id, grantID)
	})
	return err
}

// UserOrganizations returns the ids of the organizations that a user is a member of, all pages.
func (s *Session) UserOrganizations(ctx context.Context, userID string) ([]string, error) {
	read := s.offsets(routeUserOrganizations, "organizations", func(ctx context.Context, page *int) error {
		_, err := s.usersAPI.Organizations.List(ctx, userID, &management.ListUserOrganizationsRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, field("id"))
}

// MostMembers is how many members one call adds to an organization, or removes.
const MostMembers = 10

// AddOrganizationMembers makes users members of an organization. It ignores users who are members already.
func (s *Session) AddOrganizationMembers(ctx context.Context, id string, userIDs []string) error {
	_, err := s.manage(ctx, http.MethodPost, routeOrganizationMembers, func(ctx context.Context) error {
		return s.organizationsAPI.Members.Create(ctx, id, &management.CreateOrganizationMemberRequestContent{Members: userIDs})
	})
	return err
}

// RemoveOrganizationMembers ends memberships, with the roles in them. It ignores users who are not members.
func (s *Session) RemoveOrganizationMembers(ctx context.Context, id string, userIDs []string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeOrganizationMembers, func(ctx context.Context) error {
		return s.organizationsAPI.Members.Delete(ctx, id, &management.DeleteOrganizationMembersRequestContent{Members: userIDs})
	})
	return err
}

// MemberRole names a role within an organization. An id contains no space.
func MemberRole(organization, role string) string { return organization + " " + role }

// ParseMemberRole splits the name of a role within an organization. The id of an organization alone has no role.
func ParseMemberRole(name string) (organization, role string) {
	organization, role, _ = strings.Cut(name, " ")
	return organization, role
}

// MemberRoles returns the roles of a user within an organization, all pages.
func (s *Session) MemberRoles(ctx context.Context, id, userID string) ([]Role, error) {
	read := s.offsets(routeMemberRoles, "roles", func(ctx context.Context, page *int) error {
		_, err := s.organizationsAPI.Members.Roles.List(ctx, id, userID, &management.ListOrganizationMemberRolesRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, asRole)
}

// AssignMemberRoles gives a user roles within an organization, by id. It ignores roles that the user has already.
func (s *Session) AssignMemberRoles(ctx context.Context, id, userID string, roleIDs []string) error {
	_, err := s.manage(ctx, http.MethodPost, routeMemberRoles, func(ctx context.Context) error {
		return s.organizationsAPI.Members.Roles.Assign(ctx, id, userID, &management.AssignOrganizationMemberRolesRequestContent{Roles: roleIDs})
	})
	if ClassOf(err) == ClassNotFound {
		s.roles.forget()
	}
	return err
}

// RemoveMemberRoles removes roles from a user within an organization, by id. It ignores roles that the user does not have.
func (s *Session) RemoveMemberRoles(ctx context.Context, id, userID string, roleIDs []string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeMemberRoles, func(ctx context.Context) error {
		return s.organizationsAPI.Members.Roles.Delete(ctx, id, userID, &management.DeleteOrganizationMemberRolesRequestContent{Roles: roleIDs})
	})
	return err
}
