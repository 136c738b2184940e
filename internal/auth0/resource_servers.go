package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeResourceServers = "/api/v2/resource-servers"
	routeResourceServer  = "/api/v2/resource-servers/{id}"
)

// GetResourceServer reads an API by id: `6560f1a2b3c4d5e6f7a8b9c0`.
func (s *Session) GetResourceServer(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "resource-servers", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeResourceServer, func(ctx context.Context) error {
			_, err := s.resourceServersAPI.Get(ctx, id, &management.GetResourceServerRequestParameters{})
			return err
		})
	})
}

// FindResourceServers returns the API with an identifier, if there is one. A read by identifier would mistake an identifier that
// looks like an id for one.
func (s *Session) FindResourceServers(ctx context.Context, identifier string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeResourceServers, func(ctx context.Context) error {
		_, err := s.resourceServersAPI.List(ctx, &management.ListResourceServerRequestParameters{
			Identifiers: []*string{&identifier}, IncludeTotals: &yes,
		})
		return err
	})
	found, err := parseItems(answer, "resource_servers", err)
	return named(found, "identifier", identifier), err
}

// CreateResourceServer creates an API. Its identifier is unique.
func (s *Session) CreateResourceServer(ctx context.Context, api Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeResourceServers, func(ctx context.Context) error {
		_, err := s.resourceServersAPI.Create(ctx, nil, option.WithBodyProperties(api))
		return err
	})
	return parseObject(answer, err)
}

// UpdateResourceServer merges a patch into an API. The list of scopes is replaced whole; Auth0 removes missing scopes from roles,
// users and client grants.
func (s *Session) UpdateResourceServer(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeResourceServer, func(ctx context.Context) error {
		_, err := s.resourceServersAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return parseObject(answer, err)
}

// DeleteResourceServer deletes an API, and with it the permissions and client grants for it.
func (s *Session) DeleteResourceServer(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeResourceServer, func(ctx context.Context) error {
		return s.resourceServersAPI.Delete(ctx, id)
	})
	return err
}
