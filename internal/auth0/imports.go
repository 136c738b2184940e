package auth0

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	management "github.com/auth0/go-auth0/v3/management"
)

const (
	routeImports   = "/api/v2/jobs/users-imports"
	routeJob       = "/api/v2/jobs/{id}"
	routeJobErrors = "/api/v2/jobs/{id}/errors"
	routeRoleUsers = "/api/v2/roles/{id}/users"
)

// LargestImport is how many bytes of users one job accepts, with some room for the form around them.
const LargestImport = 480_000

// ImportUsers starts a job that creates users, given as a JSON array, and returns its id. Auth0 sends no e-mail.
func (s *Session) ImportUsers(ctx context.Context, connectionID, externalID string, users []byte) (string, error) {
	upsert, mail := false, false
	answer, err := s.manage(ctx, http.MethodPost, routeImports, func(ctx context.Context) error {
		_, err := s.importsAPI.Create(ctx, &management.CreateImportUsersRequestContent{
			Users: bytes.NewReader(users), ConnectionID: connectionID, ExternalID: &externalID, Upsert: &upsert, SendCompletionEmail: &mail,
		})
		return err
	})
	job, err := parseObject(answer, err)
	return job.String("id"), err
}

// Job reads a job. Auth0 keeps it for a day.
func (s *Session) Job(ctx context.Context, id string) (Document, error) {
	return s.read(ctx, "jobs", id, func(ctx context.Context) (jsonBody, error) {
		return s.manage(ctx, http.MethodGet, routeJob, func(ctx context.Context) error {
			_, err := s.jobsAPI.Get(ctx, id)
			return err
		})
	})
}

// JobErrors returns the users that a job refused, as they were sent, and why.
func (s *Session) JobErrors(ctx context.Context, id string) ([]Document, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeJobErrors, func(ctx context.Context) error {
		_, err := s.jobErrorsAPI.Get(ctx, id)
		return err
	})
	if err != nil || answer.size == 0 {
		return nil, err
	}
	return parseList(answer, nil)
}

// MostAssigned is how many users one call assigns to a role.
const MostAssigned = 500

// AssignRole gives a role, by id, to many users. It ignores users that have it already.
func (s *Session) AssignRole(ctx context.Context, roleID string, userIDs []string) error {
	_, err := s.manage(ctx, http.MethodPost, routeRoleUsers, func(ctx context.Context) error {
		return s.roleUsersAPI.Assign(ctx, roleID, &management.AssignRoleUsersRequestContent{Users: userIDs})
	})
	if ClassOf(err) == ClassNotFound {
		s.roles.forget()
	}
	return err
}

// MayAssignRole reports whether the scopes for AssignRole are granted.
func (s *Session) MayAssignRole(ctx context.Context) (bool, error) {
	scopes, err := s.Scopes(ctx)
	return slices.Contains(scopes, "update:roles") || slices.Contains(scopes, "create:role_members"), err
}

// MayFindConnections reports whether the scopes for DatabaseConnectionID are granted.
func (s *Session) MayFindConnections(ctx context.Context) (bool, error) {
	scopes, err := s.Scopes(ctx)
	return slices.Contains(scopes, "read:connections"), err
}

// DatabaseConnectionID returns the id of a database connection, "" if there is none with that name. It caches the id for some
// minutes.
func (s *Session) DatabaseConnectionID(ctx context.Context, name string) (string, error) {
	return s.databases.get(ctx, name, func(ctx context.Context) (string, error) {
		answer, err := s.manage(ctx, http.MethodGet, routeConnections, func(ctx context.Context) error {
			_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{Strategy: databases, Name: &name, Fields: &nameFields})
			return err
		})
		found, err := parseItems(answer, "connections", err)
		for _, connection := range named(found, "name", name) {
			return connection.String("id"), nil
		}
		return "", err
	})
}
