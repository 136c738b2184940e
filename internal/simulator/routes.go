package simulator

import (
	"net/http"
	"slices"
)

// allRoutes are those of everything that is not a collection: one list per area. Every function that returns a resource is a
// collection, and needs no entry.
func allRoutes() []*route {
	return slices.Concat(
		discoveryRoutes(), tokenRoutes(), deviceRoutes(), databaseRoutes(), userInfoRoutes(),
		userRoutes(), userRoleRoutes(), userLinkRoutes(), userMethodRoutes(), userSessionRoutes(), userBlockRoutes(),
		ticketRoutes(), jobRoutes(), logRoutes(), eventRoutes(),
	)
}

func get(path string, scopes ...string) *route {
	return &route{method: http.MethodGet, path: path, status: http.StatusOK, scopes: scopes}
}

func post(path string, status int, scopes ...string) *route {
	return &route{method: http.MethodPost, path: path, status: status, scopes: scopes}
}

func change(path string, scopes ...string) *route {
	return &route{method: http.MethodPatch, path: path, status: http.StatusOK, scopes: scopes}
}

func put(path string, scopes ...string) *route {
	return &route{method: http.MethodPut, path: path, status: http.StatusOK, scopes: scopes}
}

func remove(path string, scopes ...string) *route {
	return &route{method: http.MethodDelete, path: path, status: http.StatusNoContent, scopes: scopes}
}

func (r *route) needing(scopes ...string) *route    { r.needs = scopes; return r }
func (r *route) pathOf(s *schema) *route            { r.inPath = s; return r }
func (r *route) queryOf(s *schema) *route           { r.query = s; return r }
func (r *route) bodyOf(s *schema) *route            { r.body = s; return r }
func (r *route) in(group string) *route             { r.group = group; return r }
func (r *route) checked(f func(*call) error) *route { r.check = f; return r }
func (r *route) key(f func(*call) string) *route    { r.limitKey = f; return r }
func (r *route) answers(status int) *route          { r.status = status; return r }
func (r *route) logged(description string) *route   { r.log = description; return r }
func (r *route) does(f func(*call) (any, error)) *route {
	r.handle = f
	return r
}
