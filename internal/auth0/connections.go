package auth0

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
)

const (
	routeConnections       = "/api/v2/connections"
	routeClientConnections = "/api/v2/clients/{id}/connections"
)

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
	var names []string
	err := allCheckpoints(func(from string) (string, error) {
		var checkpoint *string
		if from != "" {
			checkpoint = &from
		}
		answer, err := s.manage(ctx, http.MethodGet, route, func(ctx context.Context) error { return list(ctx, checkpoint) })
		page, err := parseObject(answer, err)
		for _, connection := range page.Objects("connections") {
			names = append(names, connection.String("name"))
		}
		return page.String("next"), err
	})
	return names, err
}

// passwordLengths remembers the shortest password of each connection.
type passwordLengths struct {
	mu    sync.Mutex
	known map[string]passwordLength
}

type passwordLength struct {
	shortest int64
	read     time.Time
}

// policyLifetime is how long the password policy of a connection is trusted.
const policyLifetime = 10 * time.Minute

// ShortestPassword returns the least length of a password that a connection accepts, 0 if it sets none or cannot be read.
func (s *Session) ShortestPassword(ctx context.Context, connection string) (int64, error) {
	s.lengths.mu.Lock()
	defer s.lengths.mu.Unlock()
	if known := s.lengths.known[connection]; time.Since(known.read) < policyLifetime {
		return known.shortest, nil
	}
	answer, err := s.manage(ctx, http.MethodGet, routeConnections, func(ctx context.Context) error {
		_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{Name: &connection})
		return err
	})
	connections, err := parseItems(answer, "connections", err)
	if err != nil {
		return 0, err
	}
	length := passwordLength{read: time.Now()}
	for _, found := range connections {
		length.shortest = shortestPassword(found.Object("options"))
	}
	if s.lengths.known == nil {
		s.lengths.known = map[string]passwordLength{}
	}
	s.lengths.known[connection] = length
	return length.shortest, nil
}

// shortestPassword reads the old and the new form of the option.
func shortestPassword(options Document) int64 {
	var shortest int64
	for _, complexity := range []Document{options.Object("password_complexity_options"), options.Object("password_options").Object("complexity")} {
		if number, ok := complexity["min_length"].(json.Number); ok {
			if length, err := number.Int64(); err == nil {
				shortest = max(shortest, length)
			}
		}
	}
	return shortest
}
