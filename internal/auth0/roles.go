package auth0

import (
	"context"
	"maps"
	"net/http"
	"time"

	"k8s.io/utils/clock"

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
	ids  *cached[map[string]string]
	list func(context.Context) ([]Role, error)
}

func newRoleCatalog(by clock.PassiveClock, limiter *ratelimit.Limiter, list func(context.Context) ([]Role, error)) *roleCatalog {
	return &roleCatalog{ids: newCached[map[string]string](by, limiter, ratelimit.ClassManagement), list: list}
}

// resolve returns the ids of roles by name, and the names that do not exist.
func (c *roleCatalog) resolve(ctx context.Context, names []string) (ids map[string]string, unknown []string, err error) {
	all, err := c.ids.get(ctx, func(all map[string]string, age time.Duration) bool {
		_, unknown := pick(all, names)
		return age < catalogRefresh || len(unknown) == 0 && age < catalogLifetime
	}, c.read)
	if err != nil {
		return nil, nil, err
	}
	ids, unknown = pick(all, names)
	return ids, unknown, nil
}

func (c *roleCatalog) read(ctx context.Context) (map[string]string, error) {
	roles, err := c.list(ctx)
	ids := make(map[string]string, len(roles))
	for _, role := range roles {
		ids[role.Name] = role.ID
	}
	return ids, err
}

// pick returns the entries with these names, and the names without an entry.
func pick(all map[string]string, names []string) (ids map[string]string, unknown []string) {
	ids = make(map[string]string, len(names))
	for _, name := range names {
		if id, ok := all[name]; ok {
			ids[name] = id
		} else {
			unknown = append(unknown, name)
		}
	}
	return ids, unknown
}

// hasOther reports whether the catalog has another role with the name of this one.
func (c *roleCatalog) hasOther(role Role) bool {
	all, _ := c.ids.current(func(map[string]string, time.Duration) bool { return true })
	id, known := all[role.Name]
	return known && id != role.ID
}

// learn adds a role that was just created or renamed.
func (c *roleCatalog) learn(role Role) {
	c.ids.change(func(all map[string]string) map[string]string {
		// Readers hold the former map.
		all = maps.Clone(all)
		maps.DeleteFunc(all, func(_, id string) bool { return id == role.ID })
		all[role.Name] = role.ID
		return all
	})
}

// forget makes the next lookup read the roles again.
func (c *roleCatalog) forget() { c.ids.drop() }
