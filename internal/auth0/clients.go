package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeClients           = "/api/v2/clients"
	routeClient            = "/api/v2/clients/{id}"
	routeRotateSecret      = "/api/v2/clients/{id}/rotate-secret"
	routeClientCredentials = "/api/v2/clients/{client_id}/credentials"
	routeClientCredential  = "/api/v2/clients/{client_id}/credentials/{credential_id}"
)

// GetClient reads an application. Auth0 shows its secrets only to callers with the scope read:client_keys.
func (s *Session) GetClient(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "clients", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeClient, func(ctx context.Context) error {
			_, err := s.clientsAPI.Get(ctx, id, &management.GetClientRequestParameters{})
			return err
		})
	})
}

// ListClients returns all applications except the global one, with their id, name and metadata.
func (s *Session) ListClients(ctx context.Context) ([]Document, error) {
	fields, global := "client_id,name,client_metadata", false
	read := s.checkpoints(routeClients, "clients", func(ctx context.Context, from *string) error {
		_, err := s.clientsAPI.List(ctx, &management.ListClientsRequestParameters{Fields: &fields, IncludeFields: &yes, IsGlobal: &global}, checkpointQuery(from))
		return err
	})
	return collect(ctx, read, whole)
}

// CreateClient creates an application. It is not idempotent: names repeat.
func (s *Session) CreateClient(ctx context.Context, client Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeClients, func(ctx context.Context) error {
		_, err := s.clientsAPI.Create(ctx, nil, option.WithBodyProperties(client))
		return err
	})
	return parseObject(answer, err)
}

// UpdateClient merges a patch into an application: metadata is merged by key, everything else is replaced, null clears.
func (s *Session) UpdateClient(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeClient, func(ctx context.Context) error {
		_, err := s.clientsAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return parseObject(answer, err)
}

// DeleteClient deletes an application with its grants, and disables it in connections. If there is none, Auth0 also reports
// success.
func (s *Session) DeleteClient(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeClient, func(ctx context.Context) error {
		return s.clientsAPI.Delete(ctx, id)
	})
	return err
}

// RotateClientSecret makes Auth0 generate a new secret. The old one stops working at once. It is not idempotent.
func (s *Session) RotateClientSecret(ctx context.Context, id string) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeRotateSecret, func(ctx context.Context) error {
		_, err := s.clientsAPI.RotateSecret(ctx, id)
		return err
	})
	return parseObject(answer, err)
}

// ClientCredentials returns the public keys of an application; Auth0 allows two.
func (s *Session) ClientCredentials(ctx context.Context, clientID string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeClientCredentials, func(ctx context.Context) error {
		_, err := s.clientsAPI.Credentials.List(ctx, clientID)
		return err
	})
	return parseList(answer, err)
}

// CreateClientCredential gives an application a public key. The key works once the application's authentication methods name it.
func (s *Session) CreateClientCredential(ctx context.Context, clientID string, credential Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeClientCredentials, func(ctx context.Context) error {
		_, err := s.clientsAPI.Credentials.Create(ctx, clientID, nil, option.WithBodyProperties(credential))
		return err
	})
	return parseObject(answer, err)
}

// UpdateClientCredential changes when a public key expires; nothing else about it can change.
func (s *Session) UpdateClientCredential(ctx context.Context, clientID, id string, patch Document) error {
	_, err := s.manage(ctx, http.MethodPatch, routeClientCredential, func(ctx context.Context) error {
		_, err := s.clientsAPI.Credentials.Update(ctx, clientID, id, nil, option.WithBodyProperties(patch))
		return err
	})
	return err
}

// DeleteClientCredential deletes a public key. If there is none, Auth0 also reports success.
func (s *Session) DeleteClientCredential(ctx context.Context, clientID, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeClientCredential, func(ctx context.Context) error {
		return s.clientsAPI.Credentials.Delete(ctx, clientID, id)
	})
	return err
}
