package auth0

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

const routeRolePermissions = "/api/v2/roles/{id}/permissions"

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

// listRoles returns the roles of the tenant, as many as offset paging shows.
func (s *Session) listRoles(ctx context.Context) ([]Role, error) {
	return collect(ctx, s.list("roles", nil), asRole)
}

func asRole(role Document) Role { return Role{ID: role.String("id"), Name: role.String("name")} }

// isOrganizationRole reports whether a role is one of an organization. Such roles may share the name of a role of the tenant.
func isOrganizationRole(role Document) bool {
	return role.String("type") == "organization" || role.String("owner_id") != ""
}

// wroteRole adds a written role to the catalog, so that users find it without another call.
func wroteRole(s *Session, method string, role Document) {
	switch {
	case method == http.MethodDelete:
		s.roles.forget()
	case role != nil:
		s.roles.learn(asRole(role))
	}
}

// assign makes a call that assigns roles by id. If one of them is gone, the ids in the catalog are stale.
func (s *Session) assign(ctx context.Context, request Request) error {
	err := s.run(ctx, request)
	if ClassOf(err) == ClassNotFound {
		s.roles.forget()
	}
	return err
}

// AddRolePermissions adds permissions to a role. It ignores permissions that the role has already.
func (s *Session) AddRolePermissions(ctx context.Context, id string, permissions []Permission) error {
	return s.run(ctx, post(routeRolePermissions, permissionPayload(permissions), id))
}

// RemoveRolePermissions removes permissions from a role. It ignores permissions that the role does not have.
func (s *Session) RemoveRolePermissions(ctx context.Context, id string, permissions []Permission) error {
	return s.run(ctx, remove(routeRolePermissions, permissionPayload(permissions), id))
}

// RolePermissions returns the permissions of a role, all pages.
func (s *Session) RolePermissions(ctx context.Context, id string) ([]Permission, error) {
	return collect(ctx, s.offsets("permissions", get(routeRolePermissions, id)), asPermission)
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

// hasOther reports whether the catalog has another role with the name of this one.
func (c *roleCatalog) hasOther(role Role) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, known := c.ids[role.Name]
	return known && id != role.ID
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
