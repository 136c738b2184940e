package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
)

const routeClientGrants = "/api/v2/client-grants"

// FindClientGrants returns the client grants for an API, all pages; those of one client only if clientID is not "".
func (s *Session) FindClientGrants(ctx context.Context, audience, clientID string) ([]Document, error) {
	filter := &management.ListClientGrantsRequestParameters{Take: &pageSize, Audience: &audience}
	if clientID != "" {
		filter.ClientID = &clientID
	}
	var grants []Document
	err := allCheckpoints(func(from string) (string, error) {
		page := *filter
		if from != "" {
			page.From = &from
		}
		answer, err := s.manage(ctx, http.MethodGet, routeClientGrants, func(ctx context.Context) error {
			_, err := s.clientGrantsAPI.List(ctx, &page)
			return err
		})
		found, err := parseObject(answer, err)
		grants = append(grants, named(found.Objects("client_grants"), "audience", audience)...)
		return found.String("next"), err
	})
	return grants, err
}
