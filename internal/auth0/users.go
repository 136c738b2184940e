package auth0

import (
	"context"
	"net/http"
	"strings"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeUsers           = "/api/v2/users"
	routeUser            = "/api/v2/users/{id}"
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

// GetUser reads a user by id: `auth0|507f1f77bcf86cd799439011`. The answer is never stale.
func (s *Session) GetUser(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "users", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeUser, func(ctx context.Context) error {
			_, err := s.usersAPI.Get(ctx, id, &management.GetUserRequestParameters{})
			return err
		})
	})
}

// FindUsersByEmail returns the users of all connections with an e-mail address. The answer is never stale.
func (s *Session) FindUsersByEmail(ctx context.Context, email string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeUsersByEmail, func(ctx context.Context) error {
		// Auth0 stores the addresses of database users in lower case and compares exactly.
		_, err := s.usersAPI.ListUsersByEmail(ctx, &management.ListUsersByEmailRequestParameters{Email: strings.ToLower(email)})
		return err
	})
	return parseList(answer, err)
}

// SearchUsers returns the first users that match a query in Auth0's search syntax. The index lags behind by seconds: a result is
// a hint, and no result proves nothing.
func (s *Session) SearchUsers(ctx context.Context, query string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeUsers, func(ctx context.Context) error {
		_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{Q: &query})
		return err
	})
	return parseItems(answer, "users", err)
}

// CountUsers counts the users that match a query in Auth0's search syntax. The index lags behind by seconds.
func (s *Session) CountUsers(ctx context.Context, query string) (int, error) {
	return s.count(ctx, routeUsers, "users", func(ctx context.Context) error {
		_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{Q: &query}, countOnly)
		return err
	})
}

// CreateUser creates a user. A user_id that the caller chose makes it safe to retry: the second call is a conflict.
func (s *Session) CreateUser(ctx context.Context, user Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeUsers, func(ctx context.Context) error {
		_, err := s.usersAPI.Create(ctx, nil, option.WithBodyProperties(user))
		return err
	})
	return parseObject(answer, err)
}

// UpdateUser merges a patch into a user: null clears, metadata is merged by top-level key.
func (s *Session) UpdateUser(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeUser, func(ctx context.Context) error {
		_, err := s.usersAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return parseObject(answer, err)
}

// DeleteUser deletes a user. If there is none, Auth0 also reports success.
func (s *Session) DeleteUser(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeUser, func(ctx context.Context) error {
		return s.usersAPI.Delete(ctx, id)
	})
	return err
}

// UserRoles returns the roles of a user, all pages.
func (s *Session) UserRoles(ctx context.Context, id string) ([]Role, error) {
	read := s.offsets(routeUserRoles, "roles", func(ctx context.Context, page *int) error {
		_, err := s.usersAPI.Roles.List(ctx, id, &management.ListUserRolesRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, asRole)
}

// AssignUserRoles gives a user roles, by id. It ignores roles that the user has already.
func (s *Session) AssignUserRoles(ctx context.Context, id string, roleIDs []string) error {
	_, err := s.manage(ctx, http.MethodPost, routeUserRoles, func(ctx context.Context) error {
		return s.usersAPI.Roles.Assign(ctx, id, &management.AssignUserRolesRequestContent{Roles: roleIDs})
	})
	if ClassOf(err) == ClassNotFound {
		s.roles.forget()
	}
	return err
}

// RemoveUserRoles removes roles from a user, by id. It ignores roles that the user does not have.
func (s *Session) RemoveUserRoles(ctx context.Context, id string, roleIDs []string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeUserRoles, func(ctx context.Context) error {
		return s.usersAPI.Roles.Delete(ctx, id, &management.DeleteUserRolesRequestContent{Roles: roleIDs})
	})
	return err
}

// UserPermissions returns the permissions that a user was granted directly, all pages.
func (s *Session) UserPermissions(ctx context.Context, id string) ([]Permission, error) {
	read := s.offsets(routeUserPermissions, "permissions", func(ctx context.Context, page *int) error {
		_, err := s.usersAPI.Permissions.List(ctx, id, &management.ListUserPermissionsRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	all, err := collect(ctx, read, whole)
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
	_, err := s.manage(ctx, http.MethodPost, routeUserPermissions, func(ctx context.Context) error {
		return s.usersAPI.Permissions.Create(ctx, id, &management.CreateUserPermissionsRequestContent{Permissions: permissionPayload(permissions)})
	})
	return err
}

// RevokeUserPermissions revokes permissions from a user. It ignores permissions that the user does not have.
func (s *Session) RevokeUserPermissions(ctx context.Context, id string, permissions []Permission) error {
	_, err := s.manage(ctx, http.MethodDelete, routeUserPermissions, func(ctx context.Context) error {
		return s.usersAPI.Permissions.Delete(ctx, id, &management.DeleteUserPermissionsRequestContent{Permissions: permissionPayload(permissions)})
	})
	return err
}

func permissionPayload(permissions []Permission) []*management.PermissionRequestPayload {
	payload := make([]*management.PermissionRequestPayload, len(permissions))
	for i, permission := range permissions {
		payload[i] = &management.PermissionRequestPayload{
			ResourceServerIdentifier: permission.Audience,
			PermissionName:           permission.Name,
		}
	}
	return payload
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
