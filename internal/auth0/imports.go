package auth0

import (
	"bytes"
	"context"
	"maps"
	"mime/multipart"
	"net/url"
	"slices"
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
	request := post(routeImports, nil)
	request.form = importForm(users, map[string]string{
		"connection_id": connectionID, "external_id": externalID, "upsert": "false", "send_completion_email": "false",
	})
	job, err := parseObject(s.Do(ctx, request))
	return job.String("id"), err
}

// importForm encodes a file of users and fields. Writing to memory cannot fail.
func importForm(users []byte, fields map[string]string) *form {
	var content bytes.Buffer
	writer := multipart.NewWriter(&content)
	for field, value := range fields {
		_ = writer.WriteField(field, value)
	}
	part, _ := writer.CreateFormFile("users", "users.json")
	_, _ = part.Write(users)
	_ = writer.Close()
	return &form{writer.FormDataContentType(), content.Bytes()}
}

// Job reads a job. Auth0 keeps it for a day.
func (s *Session) Job(ctx context.Context, id string) (Document, error) {
	return parseObject(s.Do(ctx, get(routeJob, id)))
}

// JobErrors returns the users that a job refused, as they were sent, and why.
func (s *Session) JobErrors(ctx context.Context, id string) ([]Document, error) {
	answer, err := s.Do(ctx, get(routeJobErrors, id))
	if err != nil || answer.size == 0 {
		return nil, err
	}
	return parseList(answer, nil)
}

// MostAssigned is how many users one call assigns to a role.
const MostAssigned = 500

// AssignRole gives a role, by id, to many users. It ignores users that have it already.
func (s *Session) AssignRole(ctx context.Context, roleID string, userIDs []string) error {
	return s.assign(ctx, post(routeRoleUsers, Document{"users": userIDs}, roleID))
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
		request := get(routeConnections)
		request.Query = url.Values{"name": {name}, "take": {"50"}}
		maps.Copy(request.Query, databaseQuery)
		answer, err := s.Do(ctx, request)
		found, err := parseItems(answer, "connections", err)
		for _, connection := range named(found, "name", name) {
			return connection.String("id"), nil
		}
		return "", err
	})
}
