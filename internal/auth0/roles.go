package auth0

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

const (
	routeRoles           = "/api/v2/roles"
	routeRole            = "/api/v2/roles/{id}"
	routeRolePermissions = "/api/v2/roles/{id}/permissions"
)

// Role is a role by id and name.
type Role struct {
	ID   string
	Name string
}

// RoleIDs resolves role names to ids and returns the names that do not exist. One list of the tenant's roles serves all users. A
// name that is not on it triggers another read, at most once per catalogRefresh.
func (s *Session) RoleIDs(ctx context.Context, names []string) (ids map[string]string, unknown []string, err error) {
	return s.roles.resolve(ctx, names)
}

func (s *Session) listRoles(ctx context.Context) ([]Role, error) {
	return collect(ctx, s.rolesNamed(nil), asRole)
}

// rolesNamed reads the roles whose names contain a string, ignoring case; nil reads all.
func (s *Session) rolesNamed(name *string) reader {
	return s.offsets(routeRoles, "roles", func(ctx context.Context, page *int) error {
		_, err := s.rolesAPI.List(ctx, &management.ListRolesRequestParameters{NameFilter: name, Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
}

func asRole(role Document) Role { return Role{ID: role.String("id"), Name: role.String("name")} }

// GetRole reads a role by id: `rol_xPSJ3BfhKflWGKpU`.
func (s *Session) GetRole(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "roles", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeRole, func(ctx context.Context) error {
			_, err := s.rolesAPI.Get(ctx, id)
			return err
		})
	})
}

// FindRoles returns the role with a name, if there is one; names are case-sensitive. Auth0's filter matches every role whose name
// contains it in any case, so the role may be on a later page.
func (s *Session) FindRoles(ctx context.Context, name string) ([]Document, error) {
	roles, err := collect(ctx, s.rolesNamed(&name), whole)
	return named(roles, "name", name), err
}

// CreateRole creates a role. Its name is unique.
func (s *Session) CreateRole(ctx context.Context, role Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeRoles, func(ctx context.Context) error {
		_, err := s.rolesAPI.Create(ctx, nil, option.WithBodyProperties(role))
		return err
	})
	return s.learnRole(parseObject(answer, err))
}

// UpdateRole merges a patch into a role.
func (s *Session) UpdateRole(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeRole, func(ctx context.Context) error {
		_, err := s.rolesAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return s.learnRole(parseObject(answer, err))
}

// learnRole adds a role to the catalog, so that users find it without another call.
func (s *Session) learnRole(role Document, err error) (Document, error) {
	if err == nil {
		s.roles.learn(Role{ID: role.String("id"), Name: role.String("name")})
	}
	return role, err
}

// DeleteRole deletes a role, which removes it from all users. It fails with ClassNotFound if there is none.
func (s *Session) DeleteRole(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeRole, func(ctx context.Context) error {
		return s.rolesAPI.Delete(ctx, id)
	})
	s.roles.forget()
	return err
}

// AddRolePermissions adds permissions to a role. It ignores permissions that the role has already.
func (s *Session) AddRolePermissions(ctx context.Context, id string, permissions []Permission) error {
	_, err := s.manage(ctx, http.MethodPost, routeRolePermissions, func(ctx context.Context) error {
		return s.rolesAPI.Permissions.Add(ctx, id, &management.AddRolePermissionsRequestContent{Permissions: permissionPayload(permissions)})
	})
	return err
}

// RemoveRolePermissions removes permissions from a role. It ignores permissions that the role does not have.
func (s *Session) RemoveRolePermissions(ctx context.Context, id string, permissions []Permission) error {
	_, err := s.manage(ctx, http.MethodDelete, routeRolePermissions, func(ctx context.Context) error {
		return s.rolesAPI.Permissions.Delete(ctx, id, &management.DeleteRolePermissionsRequestContent{Permissions: permissionPayload(permissions)})
	})
	return err
}

// Roles returns the roles of the tenant, as many as offset paging shows.
func (s *Session) Roles(ctx context.Context) ([]Role, error) { return s.listRoles(ctx) }

// RolePermissions returns the permissions of a role, all pages.
func (s *Session) RolePermissions(ctx context.Context, id string) ([]Permission, error) {
	read := s.offsets(routeRolePermissions, "permissions", func(ctx context.Context, page *int) error {
		_, err := s.rolesAPI.Permissions.List(ctx, id, &management.ListRolePermissionsRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, read, asPermission)
}

const (
	// catalogRefresh bounds how often an unknown name triggers another read of the catalog.
	catalogRefresh = 15 * time.Second
	// catalogLifetime is how long the names in the catalog are trusted. Auth0 refuses an id that was deleted since then, which
	// drops the catalog.
	catalogLifetime = time.Hour
)

// roleCatalog maps the names of a tenant's roles to their ids.
type roleCatalog struct {
	list func(context.Context) ([]Role, error)
	// listing is locked by the caller that lists the roles.
	listing *ratelimit.Mutex

	mu   sync.Mutex
	ids  map[string]string
	read time.Time
}

func newRoleCatalog(limiter *ratelimit.Limiter, list func(context.Context) ([]Role, error)) *roleCatalog {
	return &roleCatalog{list: list, listing: ratelimit.NewMutex(limiter, ratelimit.ClassManagement)}
}

func (c *roleCatalog) resolve(ctx context.Context, names []string) (map[string]string, []string, error) {
	if ids, unknown, current := c.lookUp(names); current {
		return ids, unknown, nil
	}
	if err := waited(c.listing.Lock(ctx)); err != nil {
		return nil, nil, err
	}
	defer c.listing.Unlock()
	if ids, unknown, current := c.lookUp(names); current {
		return ids, unknown, nil
	}
	roles, err := c.list(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.remember(roles)
	ids, unknown, _ := c.lookUp(names)
	return ids, unknown, nil
}

func (c *roleCatalog) remember(roles []Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = make(map[string]string, len(roles))
	for _, role := range roles {
		c.ids[role.Name] = role.ID
	}
	c.read = time.Now()
}

// lookUp returns what the catalog says about the names, and whether it is current.
func (c *roleCatalog) lookUp(names []string) (ids map[string]string, unknown []string, current bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids = make(map[string]string, len(names))
	for _, name := range names {
		if id, ok := c.ids[name]; ok {
			ids[name] = id
		} else {
			unknown = append(unknown, name)
		}
	}
	age := time.Since(c.read)
	return ids, unknown, age < catalogRefresh || len(unknown) == 0 && age < catalogLifetime
}

// learn adds a role that was just created or renamed.
func (c *roleCatalog) learn(role Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		return
	}
	maps.DeleteFunc(c.ids, func(_, id string) bool { return id == role.ID })
	c.ids[role.Name] = role.ID
}

// forget makes the next lookup read the roles again.
func (c *roleCatalog) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids, c.read = nil, time.Time{}
}
