package auth0

import (
	"context"
	"net/http"
)

const (
	routeClient            = "/api/v2/clients/{id}"
	routeRotateSecret      = "/api/v2/clients/{id}/rotate-secret"
	routeClientCredentials = "/api/v2/clients/{client_id}/credentials"
	routeClientCredential  = "/api/v2/clients/{client_id}/credentials/{credential_id}"
)

// RotateClientSecret makes Auth0 generate a new secret. The old one stops working at once. It is not idempotent.
func (s *Session) RotateClientSecret(ctx context.Context, id string) (Document, error) {
	return parseObject(s.Do(ctx, post(routeRotateSecret, nil, id)))
}

// ClientCredentials returns the public keys of an application; Auth0 allows two.
func (s *Session) ClientCredentials(ctx context.Context, clientID string) ([]Document, error) {
	return parseList(s.Do(ctx, get(routeClientCredentials, clientID)))
}

// CreateClientCredential gives an application a public key. The key works once the application's authentication methods name it.
func (s *Session) CreateClientCredential(ctx context.Context, clientID string, credential Document) (Document, error) {
	return parseObject(s.Do(ctx, post(routeClientCredentials, credential, clientID)))
}

// UpdateClientCredential changes when a public key expires; nothing else about it can change.
func (s *Session) UpdateClientCredential(ctx context.Context, clientID, id string, patch Document) error {
	return s.run(ctx, Request{Method: http.MethodPatch, Route: routeClientCredential, Args: []string{clientID, id}, Body: patch})
}

// DeleteClientCredential deletes a public key. If there is none, Auth0 also reports success.
func (s *Session) DeleteClientCredential(ctx context.Context, clientID, id string) error {
	return s.run(ctx, remove(routeClientCredential, nil, clientID, id))
}
