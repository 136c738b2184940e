package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
)

// All reads every object of a resource, all pages. Auth0 shows no more than the first 1000 of APIs and roles.
func (s *Session) All(ctx context.Context, resource string) ([]Document, error) {
	var all []Document
	for from := ""; ; {
		page, err := inTurn(ctx, func(ctx context.Context) (listPage, error) { return listings[resource].page(ctx, s, from) })
		if err != nil {
			return nil, err
		}
		all = append(all, page.objects...)
		if from = page.next; from == "" {
			return all, nil
		}
	}
}

// AllUsers reads the users that match a query in Auth0's search syntax, of which Auth0 shows no more than 1000.
func (s *Session) AllUsers(ctx context.Context, query string) ([]Document, error) {
	return allPages(func(page int) ([]Document, int, error) {
		answer, err := inTurn(ctx, func(ctx context.Context) ([]byte, error) {
			return s.manage(ctx, http.MethodGet, routeUsers, func(ctx context.Context) error {
				_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{Q: &query, Page: &page, PerPage: &pageSize, IncludeTotals: &yes})
				return err
			})
		})
		users, err := parseItems(answer, "users", err)
		return users, len(users), err
	})
}
