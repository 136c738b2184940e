package auth0

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// RefreshRules are an application's settings for its refresh tokens.
type RefreshRules struct {
	// Rotating means that each refresh replaces the refresh token.
	Rotating bool `json:"rotating,omitempty"`
	// Leeway is how long a replaced refresh token still works.
	Leeway time.Duration `json:"leeway,omitempty"`
	// Lifetime is how long a sign-in can be refreshed, with or without rotation; 0 means forever.
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// IdleLifetime is how long an unused refresh token lives; 0 means forever.
	IdleLifetime time.Duration `json:"idleLifetime,omitempty"`
}

// scopeReadClients is the scope to read an application's settings.
const scopeReadClients = "read:clients"

// rulesKeptFor is how long the settings of an application are cached.
const rulesKeptFor = time.Hour

// ForgetRefreshRules makes the next RefreshRules read the settings of an application.
func (s *Session) ForgetRefreshRules(id string) { s.rules.forget(id) }

// RefreshRules returns an application's settings for its refresh tokens, with at most one call an hour. known is false without
// the scope to read them.
func (s *Session) RefreshRules(ctx context.Context, id string) (rules RefreshRules, known bool, err error) {
	scopes, err := s.Scopes(ctx)
	if err != nil || !slices.Contains(scopes, scopeReadClients) {
		return RefreshRules{}, false, err
	}
	rules, err = s.rules.get(ctx, id, func(ctx context.Context) (RefreshRules, error) {
		request := get(routeClient, id)
		request.Query = url.Values{"fields": {"client_id,refresh_token"}}
		document, err := parseObject(s.Do(ctx, request))
		return parseRefreshRules(document.Object("refresh_token")), err
	})
	return rules, err == nil, err
}

// parseRefreshRules reads the property refresh_token of an application. Absent fields have Auth0's default.
func parseRefreshRules(settings Document) RefreshRules {
	seconds := func(field string, otherwise int64) time.Duration {
		number, _ := settings[field].(json.Number)
		if value, err := number.Int64(); err == nil {
			otherwise = value
		}
		return time.Duration(otherwise) * time.Second
	}
	rules := RefreshRules{Rotating: settings.String("rotation_type") == "rotating", Leeway: seconds("leeway", 0)}
	if settings.String("expiration_type") != "expiring" {
		return rules
	}
	if !settings.Bool("infinite_token_lifetime") {
		rules.Lifetime = seconds("token_lifetime", 2592000)
	}
	if !settings.Bool("infinite_idle_token_lifetime") {
		rules.IdleLifetime = seconds("idle_token_lifetime", 1296000)
	}
	return rules
}

// clockSkew is the assumed maximum difference between Auth0's clock and the operator's.
const clockSkew = 10 * time.Second

// WasRefreshed searches the tenant's log for a refresh by an application since a time, for a user if the user is known. A refresh
// by someone else with the same application for the same user counts, too. known is false if the log does not answer that: the
// scope to read it is missing, or it has more entries since than one page.
func (s *Session) WasRefreshed(ctx context.Context, applicationID, userID string, since time.Time) (refreshed, known bool, err error) {
	scopes, err := s.Scopes(ctx)
	if err != nil || !slices.Contains(scopes, ScopeLogs) {
		return false, false, err
	}
	entries, err := s.newestLogs(ctx, pageSize, fmt.Sprintf("type:sertft AND client_id:%q", applicationID))
	if err != nil {
		return false, false, err
	}
	for _, entry := range entries {
		at, err := time.Parse(time.RFC3339, entry.String("date"))
		if err != nil {
			return false, false, fmt.Errorf("read the date of an entry of the tenant's log: %w", err)
		}
		if at.Before(since.Add(-clockSkew)) {
			return false, true, nil
		}
		if of := entry.String("user_id"); of == "" || userID == "" || of == userID {
			return true, true, nil
		}
	}
	return false, len(entries) < pageSize, nil
}

// RevokeToken revokes a refresh token, and everything from the same sign-in. It succeeds if there is none.
func (s *Session) RevokeToken(ctx context.Context, application Application, refreshToken string) error {
	_, err := s.postForm(ctx, s.LoginDomain(), "/oauth/revoke", application, url.Values{"token": {refreshToken}})
	return err
}
