package auth0

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

// countOnly requests the total of a list, and at most one entry.
var countOnly = option.WithQueryParameters(url.Values{"per_page": {"1"}, "page": {"0"}, "include_totals": {"true"}})

// CountOrganizationMembers counts the members of an organization.
func (s *Session) CountOrganizationMembers(ctx context.Context, id string) (int, error) {
	return s.count(ctx, routeOrganizationMembers, "members", func(ctx context.Context) error {
		_, err := s.organizationsAPI.Members.List(ctx, id, &management.ListOrganizationMembersRequestParameters{}, countOnly)
		return err
	})
}

// CountRoleUsers counts the users who have a role.
func (s *Session) CountRoleUsers(ctx context.Context, id string) (int, error) {
	return s.count(ctx, routeRoleUsers, "users", func(ctx context.Context) error {
		_, err := s.roleUsersAPI.List(ctx, id, &management.ListRoleUsersRequestParameters{}, countOnly)
		return err
	})
}

// CountClientGrants counts the client grants for an API.
func (s *Session) CountClientGrants(ctx context.Context, audience string) (int, error) {
	return s.count(ctx, routeClientGrants, "client_grants", func(ctx context.Context) error {
		_, err := s.clientGrantsAPI.List(ctx, &management.ListClientGrantsRequestParameters{Audience: &audience}, countOnly)
		return err
	})
}

// count makes one call for a list with its total. Without a total, it returns the number of entries in the answer.
func (s *Session) count(ctx context.Context, route, list string, call func(context.Context) error) (int, error) {
	answer, err := s.manage(ctx, http.MethodGet, route, call)
	page, err := parseObject(answer, err)
	if err != nil {
		return 0, err
	}
	total, ok := page["total"].(json.Number)
	if !ok {
		return len(page.Objects(list)), nil
	}
	count, err := total.Int64()
	return int(count), err
}
