package auth0

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	routeUsers           = "/api/v2/users"
	routeUsersByEmail    = "/api/v2/users-by-email"
	routeUserRoles       = "/api/v2/users/{id}/roles"
	routeUserPermissions = "/api/v2/users/{id}/permissions"
)

// Permission is a permission of an API.
type Permission struct {
	// Audience is the identifier of the API.
	Audience string
	Name     string
}

// FindUsersByEmail returns the users of all connections with an e-mail address. The answer is never stale.
func (s *Session) FindUsersByEmail(ctx context.Context, email string) ([]Document, error) {
	// Auth0 stores the addresses of database users in lower case and compares exactly.
	query := url.Values{"email": {strings.ToLower(email)}}
	return parseList(s.Do(ctx, Request{Method: http.MethodGet, Route: routeUsersByEmail, Query: query}))
}

// SearchUsers returns the first users that match a query in Auth0's search syntax. The index lags behind by seconds: a result is
// a hint, and no result proves nothing.
func (s *Session) SearchUsers(ctx context.Context, query string) ([]Document, error) {
	search := url.Values{"q": {query}, "page": {"0"}, "per_page": {"50"}, "include_totals": {"true"}}
	answer, err := s.Do(ctx, Request{Method: http.MethodGet, Route: routeUsers, Query: search})
	return parseItems(answer, "users", err)
}

// AllUsers reads the users that match a query in Auth0's search syntax. Auth0 returns at most 1000.
func (s *Session) AllUsers(ctx context.Context, query string) ([]Document, error) {
	return collect(ctx, fairly(s, s.list("users", url.Values{"q": {query}})), whole)
}

// CountUsers counts the users that match a query in Auth0's search syntax. The index lags behind by seconds.
func (s *Session) CountUsers(ctx context.Context, query string) (int, error) {
	return s.count(ctx, "users", Request{Route: routeUsers, Query: url.Values{"q": {query}}})
}

// UserRoles returns the roles of a user, all pages.
func (s *Session) UserRoles(ctx context.Context, id string) ([]Role, error) {
	roles, err := collect(ctx, s.offsets("roles", get(routeUserRoles, id)), whole)
	var found []Role
	for _, role := range slices.DeleteFunc(roles, isOrganizationRole) {
		found = append(found, asRole(role))
	}
	return found, err
}

// AssignUserRoles gives a user roles, by id. It ignores roles that the user has already.
func (s *Session) AssignUserRoles(ctx context.Context, id string, roleIDs []string) error {
	return s.assign(ctx, post(routeUserRoles, Document{"roles": roleIDs}, id))
}

// RemoveUserRoles removes roles from a user, by id. It ignores roles that the user does not have.
func (s *Session) RemoveUserRoles(ctx context.Context, id string, roleIDs []string) error {
	return s.run(ctx, remove(routeUserRoles, Document{"roles": roleIDs}, id))
}

// UserPermissions returns the permissions that a user was granted directly, all pages.
func (s *Session) UserPermissions(ctx context.Context, id string) ([]Permission, error) {
	all, err := collect(ctx, s.offsets("permissions", get(routeUserPermissions, id)), whole)
	var direct []Permission
	for _, permission := range all {
		if isDirect(permission) {
			direct = append(direct, asPermission(permission))
		}
	}
	return direct, err
}

// GrantUserPermissions grants a user permissions. It ignores permissions that the user has already.
func (s *Session) GrantUserPermissions(ctx context.Context, id string, permissions []Permission) error {
	return s.run(ctx, post(routeUserPermissions, permissionPayload(permissions), id))
}

// RevokeUserPermissions revokes permissions from a user. It ignores permissions that the user does not have.
func (s *Session) RevokeUserPermissions(ctx context.Context, id string, permissions []Permission) error {
	return s.run(ctx, remove(routeUserPermissions, permissionPayload(permissions), id))
}

func permissionPayload(permissions []Permission) Document {
	payload := make([]Document, len(permissions))
	for i, permission := range permissions {
		payload[i] = Document{"resource_server_identifier": permission.Audience, "permission_name": permission.Name}
	}
	return Document{"permissions": payload}
}

func asPermission(permission Document) Permission {
	return Permission{Audience: permission.String("resource_server_identifier"), Name: permission.String("permission_name")}
}

// isDirect reports whether a permission was granted to the user directly, whether or not a role also grants it.
func isDirect(permission Document) bool {
	sources := permission.Objects("sources")
	for _, source := range sources {
		if source.String("source_type") == "DIRECT" {
			return true
		}
	}
	return len(sources) == 0
}
