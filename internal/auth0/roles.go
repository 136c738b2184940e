package auth0

import (
	"context"
	"net/http"
	"sync"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
)

const (
	routeRoles           = "/api/v2/roles"
	routeRolePermissions = "/api/v2/roles/{id}/permissions"
)

// Role is a role by id and name.
type Role struct {
	ID   string
	Name string
}

// RoleIDs resolves role names to ids and returns those that do not exist. One list of the tenant's roles serves all
// users; a name that is not on it makes it be read again, at most once per catalogRefresh.
func (s *Session) RoleIDs(ctx context.Context, names []string) (ids map[string]string, unknown []string, err error) {
	return s.roles.resolve(ctx, names)
}

func (s *Session) listRoles(ctx context.Context) ([]Role, error) {
	return allPages(func(page int) ([]Role, int, error) {
		answer, err := s.manage(ctx, http.MethodGet, routeRoles, func(ctx context.Context) error {
			_, err := s.rolesAPI.List(ctx, &management.ListRolesRequestParameters{Page: &page, PerPage: &pageSize, IncludeTotals: &yes})
			return err
		})
		return parseRoles(answer, err)
	})
}

// Roles returns the roles of the tenant, as many as offset paging shows.
func (s *Session) Roles(ctx context.Context) ([]Role, error) { return s.listRoles(ctx) }

// RolePermissions returns the permissions of a role, all pages.
func (s *Session) RolePermissions(ctx context.Context, id string) ([]Permission, error) {
	return allPages(func(page int) ([]Permission, int, error) {
		answer, err := s.manage(ctx, http.MethodGet, routeRolePermissions, func(ctx context.Context) error {
			_, err := s.rolesAPI.Permissions.List(ctx, id, &management.ListRolePermissionsRequestParameters{Page: &page, PerPage: &pageSize, IncludeTotals: &yes})
			return err
		})
		items, err := parseItems(answer, "permissions", err)
		permissions := make([]Permission, len(items))
		for i, item := range items {
			permissions[i] = Permission{API: item.String("resource_server_identifier"), Name: item.String("permission_name")}
		}
		return permissions, len(items), err
	})
}

func parseRoles(answer []byte, err error) ([]Role, int, error) {
	items, err := parseItems(answer, "roles", err)
	roles := make([]Role, len(items))
	for i, item := range items {
		roles[i] = Role{ID: item.String("id"), Name: item.String("name")}
	}
	return roles, len(items), err
}

const (
	// catalogRefresh bounds how often a name that is not in the catalog makes it be read again.
	catalogRefresh = 15 * time.Second
	// catalogLifetime is how long the catalog is trusted for the names that are in it. An id that has died since then is
	// refused by Auth0, which drops the catalog.
	catalogLifetime = time.Hour
)

// roleCatalog knows the roles of a tenant by name.
type roleCatalog struct {
	list func(context.Context) ([]Role, error)
	// listing is held by the one who lists.
	listing gate

	mu   sync.Mutex
	ids  map[string]string
	read time.Time
}

func newRoleCatalog(list func(context.Context) ([]Role, error)) *roleCatalog {
	return &roleCatalog{list: list, listing: newGate()}
}

func (c *roleCatalog) resolve(ctx context.Context, names []string) (map[string]string, []string, error) {
	if ids, unknown, current := c.lookUp(names); current {
		return ids, unknown, nil
	}
	if err := c.listing.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer c.listing.leave()
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

// lookUp returns what the catalog says of the names, and whether that can be relied on.
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

// forget makes the next look-up read the roles anew.
func (c *roleCatalog) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids, c.read = nil, time.Time{}
}
