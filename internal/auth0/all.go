package auth0

import (
	"context"

	management "github.com/auth0/go-auth0/v3/management"
)

// All reads every object of a resource, all pages. Auth0 shows no more than the first 1000 of APIs and roles.
func (s *Session) All(ctx context.Context, resource string) ([]Document, error) {
	return collect(ctx, fairly(listings[resource].all(s)), whole)
}

// AllUsers reads the users that match a query in Auth0's search syntax, of which Auth0 shows no more than 1000.
func (s *Session) AllUsers(ctx context.Context, query string) ([]Document, error) {
	read := s.offsets(routeUsers, "users", func(ctx context.Context, page *int) error {
		_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{Q: &query, Page: page, PerPage: &pageSize, IncludeTotals: &yes})
		return err
	})
	return collect(ctx, fairly(read), whole)
}
