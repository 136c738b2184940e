package auth0

import (
	"context"
	"net/http"
	"slices"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeConnections       = "/api/v2/connections"
	routeConnection        = "/api/v2/connections/{id}"
	routeEnabledClients    = "/api/v2/connections/{id}/clients"
	routeClientConnections = "/api/v2/clients/{id}/connections"
)

// GetConnection reads a connection by id: con_1D0JFKzHjd17eNfe.
func (s *Session) GetConnection(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "connections", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeConnection, func(ctx context.Context) error {
			_, err := s.connectionsAPI.Get(ctx, id, &management.GetConnectionRequestParameters{})
			return err
		})
	})
}

// FindConnections returns the connection with a name: names are unique.
func (s *Session) FindConnections(ctx context.Context, name string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeConnections, func(ctx context.Context) error {
		_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{Name: &name})
		return err
	})
	return parseItems(answer, "connections", err)
}

// CreateConnection creates a connection. A name that exists is a conflict.
func (s *Session) CreateConnection(ctx context.Context, connection Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPost, routeConnections, func(ctx context.Context) error {
		_, err := s.connectionsAPI.Create(ctx, nil, option.WithBodyProperties(connection))
		return err
	})
	return parseObject(answer, err)
}

// UpdateConnection merges a patch into a connection: options are replaced whole, and display_name falls back to the name if the
// patch has none.
func (s *Session) UpdateConnection(ctx context.Context, id string, patch Document) (Document, error) {
	answer, err := s.manage(ctx, http.MethodPatch, routeConnection, func(ctx context.Context) error {
		_, err := s.connectionsAPI.Update(ctx, id, nil, option.WithBodyProperties(patch))
		return err
	})
	s.policies.clear()
	return parseObject(answer, err)
}

// DeleteConnection deletes a connection with all its users. That takes a while, during which the name is not available.
func (s *Session) DeleteConnection(ctx context.Context, id string) error {
	_, err := s.manage(ctx, http.MethodDelete, routeConnection, func(ctx context.Context) error {
		return s.connectionsAPI.Delete(ctx, id)
	})
	return err
}

// enabledClientsPage is how many applications of a connection Auth0 returns per page.
var enabledClientsPage = 1000

// EnabledClients returns the client ids of the applications for which a connection is enabled, all pages.
func (s *Session) EnabledClients(ctx context.Context, id string) ([]string, error) {
	read := s.checkpoints(routeEnabledClients, "clients", func(ctx context.Context, from *string) error {
		_, err := s.enabledClientsAPI.Get(ctx, id, &management.GetConnectionEnabledClientsRequestParameters{Take: &enabledClientsPage, From: from})
		return err
	})
	return collect(ctx, read, field("client_id"))
}

// mostEnabledClients is how many applications Auth0 accepts in one call.
const mostEnabledClients = 50

// EnableClients enables or disables a connection for applications. It ignores applications that are in that state already.
func (s *Session) EnableClients(ctx context.Context, id string, clientIDs []string, enable bool) error {
	for ids := range slices.Chunk(clientIDs, mostEnabledClients) {
		changes := make(management.UpdateEnabledClientConnectionsRequestContent, len(ids))
		for i, client := range ids {
			changes[i] = &management.UpdateEnabledClientConnectionsRequestContentItem{ClientID: client, Status: enable}
		}
		_, err := s.manage(ctx, http.MethodPatch, routeEnabledClients, func(ctx context.Context) error {
			return s.enabledClientsAPI.Update(ctx, id, changes)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DatabaseConnections returns the names of the tenant's database connections.
func (s *Session) DatabaseConnections(ctx context.Context) ([]string, error) {
	return s.connectionNames(ctx, routeConnections, func(ctx context.Context, from *string) error {
		_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{
			Strategy: databases, Take: &pageSize, From: from, Fields: &nameFields,
		})
		return err
	})
}

// EnabledConnections returns the names of the database connections for which the operator's own application is enabled.
func (s *Session) EnabledConnections(ctx context.Context) ([]string, error) {
	return s.connectionNames(ctx, routeClientConnections, func(ctx context.Context, from *string) error {
		_, err := s.clientConnectionsAPI.Get(ctx, s.ClientID(), &management.ConnectionsGetRequest{
			Strategy: databases, Take: &pageSize, From: from, Fields: &nameFields,
		})
		return err
	})
}

var (
	databases  = []*management.ConnectionStrategyEnum{management.ConnectionStrategyEnumAuth0.Ptr()}
	nameFields = "id,name"
)

func (s *Session) connectionNames(ctx context.Context, route string, list func(ctx context.Context, from *string) error) ([]string, error) {
	return collect(ctx, s.checkpoints(route, "connections", list), field("name"))
}

// policyLifetime is how long the password policy of a connection, and its id, are cached.
const policyLifetime = 10 * time.Minute

// PasswordPolicy returns the requirements of a connection for new passwords. Known is false without the scopes to read the
// connection's options.
func (s *Session) PasswordPolicy(ctx context.Context, connection string) (PasswordPolicy, error) {
	return s.policies.get(ctx, connection, func(ctx context.Context) (PasswordPolicy, error) {
		connections, err := s.FindConnections(ctx, connection)
		var policy PasswordPolicy
		for _, found := range connections {
			policy = passwordPolicyOf(found.Object("options"))
		}
		return policy, err
	})
}
