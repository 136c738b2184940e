package auth0

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// CountOrganizationMembers counts the members of an organization.
func (s *Session) CountOrganizationMembers(ctx context.Context, id string) (int, error) {
	return s.count(ctx, "members", get(routeOrganizationMembers, id))
}

// CountRoleUsers counts the users who have a role.
func (s *Session) CountRoleUsers(ctx context.Context, id string) (int, error) {
	return s.count(ctx, "users", get(routeRoleUsers, id))
}

// CountClientGrants counts the client grants for an API.
func (s *Session) CountClientGrants(ctx context.Context, audience string) (int, error) {
	return s.count(ctx, "client_grants", Request{Route: collection("client-grants"), Query: url.Values{"audience": {audience}}})
}

// count makes one call for a list with its total, and at most one entry. Without a total, it returns the number of entries in the
// answer.
func (s *Session) count(ctx context.Context, items string, request Request) (int, error) {
	request.Method = http.MethodGet
	page, err := parseObject(s.Do(ctx, request.with(url.Values{"per_page": {"1"}, "page": {"0"}, "include_totals": {"true"}})))
	if err != nil {
		return 0, err
	}
	total, ok := page["total"].(json.Number)
	if !ok {
		return len(page.Objects(items)), nil
	}
	count, err := total.Int64()
	return int(count), err
}
