package auth0

import (
	"context"

	management "github.com/auth0/go-auth0/v3/management"
)

// All reads all objects of a resource, on all pages. For APIs and roles, Auth0 returns only the first 1000.
func (s *Session) All(ctx context.Context, resource string) ([]Document, error) {
	return collect(ctx, fairly(s, listings[resource].all(s)), whole)
}

// AllUsers reads the users that match a query in Auth0's search syntax. Auth0 returns at most 1000.
func (s *Session) AllUsers(ctx context.Context, query string) ([]Document, error) {
	read := s.offsets(routeUsers, "users", func(ctx context.Context, page *int) error {
		_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{Q: &query, Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, fairly(s, read), whole)
}
