package auth0

import (
	"context"
	"net/http"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const (
	routeConnections       = "/api/v2/connections"
	routeClientConnections = "/api/v2/clients/{id}/connections"
)

// DatabaseConnections returns the names of the tenant's database connections.
func (s *Session) DatabaseConnections(ctx context.Context) ([]string, error) {
	return s.connectionNames(ctx, routeConnections, func(ctx context.Context, query option.RequestOption) error {
		_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{}, query)
		return err
	})
}

// EnabledConnections returns the names of the database connections for which the operator's own application is enabled.
func (s *Session) EnabledConnections(ctx context.Context) ([]string, error) {
	return s.connectionNames(ctx, routeClientConnections, func(ctx context.Context, query option.RequestOption) error {
		_, err := s.clientConnectionsAPI.Get(ctx, s.ClientID(), &management.ConnectionsGetRequest{}, query)
		return err
	})
}

func (s *Session) connectionNames(ctx context.Context, route string, list func(context.Context, option.RequestOption) error) ([]string, error) {
	var names []string
	err := allCheckpoints(func(from string) (string, error) {
		answer, err := s.manage(ctx, http.MethodGet, route, func(ctx context.Context) error {
			return list(ctx, databasesFrom(from))
		})
		if err != nil {
			return "", err
		}
		page, err := ParseDocument(answer)
		for _, connection := range page.Objects("connections") {
			names = append(names, connection.String("name"))
		}
		return page.String("next"), err
	})
	return names, err
}

// databasesFrom asks for a page of database connections, past a checkpoint.
func databasesFrom(checkpoint string) option.RequestOption {
	query := map[string][]string{"strategy": {"auth0"}, "take": {"100"}, "fields": {"id,name,strategy"}}
	if checkpoint != "" {
		query["from"] = []string{checkpoint}
	}
	return option.WithQueryParameters(query)
}
