package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeClientGrants = "/api/v2/client-grants"
	routeClientGrant  = "/api/v2/client-grants/{id}"
)

// GetClientGrant reads a client grant by id: `cgr_VoablmktAIYPIFnb`.
func (s *Session) GetClientGrant(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "client-grants", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeClientGrant, func(ctx context.Context) error {
			_, err := s.clientGrantsAPI.Get(ctx, id)
			return err
		})
	})
}

// CreateClientGrant creates a client grant. Application, API and subject type together are unique.
func (s *Session) CreateClientGrant(ctx context.Context, grant Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeClientGrants, func(ctx context.Context) error {
		_, err := s.clientGrantsAPI.Create(ctx, nil, option.WithBodyProperties(grant))
		return err
	})
	return parseObject(answer, err)
}

// UpdateClientGrant merges a patch into a client grant. The list of scopes is replaced whole.
func (s *Session) UpdateClientGrant(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeClientGrant, func(ctx context.Context) error {
		_, err := s.clientGrantsAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return parseObject(answer, err)
}

// DeleteClientGrant deletes a client grant. If there is none, Auth0 also reports success.
func (s *Session) DeleteClientGrant(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeClientGrant, func(ctx context.Context) error {
		return s.clientGrantsAPI.Delete(ctx, id)
	})
	return err
}

// FindClientGrants returns the client grants for an API, all pages; those of one client only if clientID is not "".
func (s *Session) FindClientGrants(ctx context.Context, audience, clientID string) ([]Document, error) {
	filter := &management.ListClientGrantsRequestParameters{Take: &pageSize, Audience: &audience}
	if clientID != "" {
		filter.ClientID = &clientID
	}
	read := s.checkpoints(routeClientGrants, "client_grants", func(ctx context.Context, from *string) error {
		next := *filter
		next.From = from
		_, err := s.clientGrantsAPI.List(ctx, &next)
		return err
	})
	grants, err := collect(ctx, read, whole)
	return named(grants, "audience", audience), err
}
