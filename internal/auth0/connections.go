package auth0

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	routeConnections       = "/api/v2/connections"
	routeEnabledClients    = "/api/v2/connections/{id}/clients"
	routeClientConnections = "/api/v2/clients/{id}/connections"
)

// enabledClientsPage is how many applications of a connection Auth0 returns per page.
const enabledClientsPage = "1000"

// EnabledClients returns the client ids of the applications for which a connection is enabled, all pages.
func (s *Session) EnabledClients(ctx context.Context, id string) ([]string, error) {
	request := get(routeEnabledClients, id)
	request.Query = url.Values{"take": {enabledClientsPage}}
	return collect(ctx, s.checkpoints("clients", request), field("client_id"))
}

// mostEnabledClients is how many applications Auth0 accepts in one call.
const mostEnabledClients = 50

// EnableClients enables or disables a connection for applications. It ignores applications that are in that state already.
func (s *Session) EnableClients(ctx context.Context, id string, clientIDs []string, enable bool) error {
	for ids := range slices.Chunk(clientIDs, mostEnabledClients) {
		changes := make([]Document, len(ids))
		for i, client := range ids {
			changes[i] = Document{"client_id": client, "status": enable}
		}
		if err := s.run(ctx, Request{Method: http.MethodPatch, Route: routeEnabledClients, Args: []string{id}, Body: changes}); err != nil {
			return err
		}
	}
	return nil
}

// DatabaseConnections returns the names of the tenant's database connections.
func (s *Session) DatabaseConnections(ctx context.Context) ([]string, error) {
	return s.databaseNames(ctx, get(routeConnections))
}

// EnabledConnections returns the names of the database connections for which the operator's own application is enabled.
func (s *Session) EnabledConnections(ctx context.Context) ([]string, error) {
	return s.databaseNames(ctx, get(routeClientConnections, s.ClientID()))
}

// databaseQuery requests the ids and names of database connections.
var databaseQuery = url.Values{"strategy": {"auth0"}, "fields": {"id,name"}}

func (s *Session) databaseNames(ctx context.Context, request Request) ([]string, error) {
	request.Query = databaseQuery
	return collect(ctx, s.checkpoints("connections", request), field("name"))
}

// policyLifetime is how long the password policy of a connection, and its id, are cached.
const policyLifetime = 10 * time.Minute

// wroteConnection drops what a change of a connection makes stale. Only creations and deletions change ids.
func wroteConnection(s *Session, method string, _ Document) {
	s.policies.clear()
	if method != http.MethodPatch {
		s.databases.clear()
	}
}

// PasswordPolicy returns the requirements of a connection for new passwords. Known is false without the scopes to read the
// connection's options.
func (s *Session) PasswordPolicy(ctx context.Context, connection string) (PasswordPolicy, error) {
	return s.policies.get(ctx, connection, func(ctx context.Context) (PasswordPolicy, error) {
		connections, err := s.Find(ctx, "connections", map[string]string{"name": connection})
		var policy PasswordPolicy
		for _, found := range connections {
			policy = passwordPolicyOf(found.Object("options"))
		}
		return policy, err
	})
}
