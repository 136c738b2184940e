package auth0

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// TokenRequest asks for a token: for a user if there is a Username, by the password grant, and else for the application
// itself, by the client credentials grant.
type TokenRequest struct {
	ClientID     string
	ClientSecret string
	Audience     string
	// Scopes to ask for; none asks for all that may be granted.
	Scopes []string

	Username string
	Password string
	// Realm is the connection to sign in to; empty means the tenant's default directory.
	Realm string
}

// TokenSet is what Auth0 issues.
type TokenSet struct {
	AccessToken  string
	TokenType    string
	IDToken      string
	RefreshToken string
	// Subject is whom the token is for, if it says so.
	Subject string
	// Scopes that were granted.
	Scopes []string
	// IssuedAt and ExpiresAt are the token's own claims where it is a JWT.
	IssuedAt  time.Time
	ExpiresAt time.Time
}

const (
	grantPassword      = "password"
	grantPasswordRealm = "http://auth0.com/oauth/grant-type/password-realm"
)

// IssueToken issues a token. It is not idempotent. Tokens for APIs of one's own count against a monthly quota, and sign-ins
// that are refused against the brute-force protection. Users sign in at the tenant's custom domain if it has one.
func (s *Session) IssueToken(ctx context.Context, request TokenRequest) (TokenSet, error) {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {request.ClientID},
		"client_secret": {request.ClientSecret},
	}
	domain := s.credentials.Domain
	if request.Username != "" {
		domain = s.loginDomain()
		form.Set("grant_type", grantPassword)
		form.Set("username", request.Username)
		form.Set("password", request.Password)
	}
	if request.Realm != "" {
		form.Set("grant_type", grantPasswordRealm)
		form.Set("realm", request.Realm)
	}
	if request.Audience != "" {
		form.Set("audience", request.Audience)
	}
	if len(request.Scopes) > 0 {
		form.Set("scope", strings.Join(request.Scopes, " "))
	}
	return s.exchangeToken(ctx, domain, form)
}

// exchangeToken calls the token endpoint. The SDK's client for it fetches signing keys whenever it is built and cannot
// be kept from it, which this needs for no grant; the endpoint is one form.
func (s *Session) exchangeToken(ctx context.Context, domain string, form url.Values) (TokenSet, error) {
	answer, err := s.post(ctx, domain, "/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return TokenSet{}, err
	}
	return parseTokenSet(answer, time.Now())
}

// post makes one call to the Authentication API and returns the body of the answer.
func (s *Session) post(ctx context.Context, domain, path, contentType, body string) ([]byte, error) {
	current := &call{method: http.MethodPost, route: path}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, callKey{}, current), callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+domain+path, strings.NewReader(body))
	if err != nil {
		return nil, invalidDomain(domain)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := s.http.Do(request)
	if err != nil {
		return nil, asError(ctx, http.MethodPost+" "+path, err)
	}
	_ = response.Body.Close()
	return current.answer, nil
}

func parseTokenSet(answer []byte, now time.Time) (TokenSet, error) {
	var body struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		IDToken      string `json:"id_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"`
		Scope        string `json:"scope"`
	}
	if err := json.Unmarshal(answer, &body); err != nil || body.AccessToken == "" {
		return TokenSet{}, &Error{Class: ClassUnavailable, Route: "POST /oauth/token", Message: "the answer holds no access token"}
	}
	set := TokenSet{
		AccessToken:  body.AccessToken,
		TokenType:    body.TokenType,
		IDToken:      body.IDToken,
		RefreshToken: body.RefreshToken,
		Scopes:       strings.Fields(body.Scope),
		IssuedAt:     now,
		ExpiresAt:    now.Add(time.Duration(body.ExpiresIn) * time.Second),
	}
	set.readClaims()
	return set, nil
}

// readClaims takes times and scopes from a JWT: its clock counts, not the one of this machine. The signature is not
// verified, as the token comes straight from its issuer.
func (t *TokenSet) readClaims() {
	parts := strings.Split(t.AccessToken, ".")
	if len(parts) != 3 {
		return
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return
	}
	var claims struct {
		IssuedAt  int64  `json:"iat"`
		ExpiresAt int64  `json:"exp"`
		Scope     string `json:"scope"`
		Subject   string `json:"sub"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return
	}
	t.Subject = claims.Subject
	if claims.IssuedAt > 0 && claims.ExpiresAt > claims.IssuedAt {
		t.IssuedAt = time.Unix(claims.IssuedAt, 0)
		t.ExpiresAt = time.Unix(claims.ExpiresAt, 0)
	}
	if len(t.Scopes) == 0 {
		t.Scopes = strings.Fields(claims.Scope)
	}
}

// forgetAtMostEvery bounds how often a token is replaced because Auth0 refused it.
const forgetAtMostEvery = time.Minute

// managementToken holds the token for the Management API, and replaces it ahead of its expiry.
type managementToken struct {
	issue func(context.Context) (TokenSet, error)

	mu      sync.Mutex
	current TokenSet
}

// get returns a token that is good for at least another minute. Callers that need a new one wait for a single issue.
func (m *managementToken) get(ctx context.Context) (TokenSet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fresh(time.Now()) {
		return m.current, nil
	}
	issued, err := m.issue(ctx)
	if err != nil {
		return TokenSet{}, err
	}
	m.current = issued
	return issued, nil
}

// fresh tells whether the token is far enough from its expiry: a tenth of its lifetime, or a minute.
func (m *managementToken) fresh(now time.Time) bool {
	lifetime := m.current.ExpiresAt.Sub(m.current.IssuedAt)
	margin := max(lifetime/10, min(time.Minute, lifetime/2))
	return m.current.AccessToken != "" && now.Before(m.current.ExpiresAt.Add(-margin))
}

// forget drops a token that Auth0 refused, so that the next call gets another, which may carry newly granted scopes, and
// tells whether there will be another. A token that is young is kept: the next would be no better.
func (m *managementToken) forget(refused string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current.AccessToken != refused {
		return true
	}
	return m.drop()
}

// forgetAny drops the current token unless it is young.
func (m *managementToken) forgetAny() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop()
}

// clear drops the current token.
func (m *managementToken) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = TokenSet{}
}

func (m *managementToken) drop() bool {
	if time.Since(m.current.IssuedAt) < forgetAtMostEvery {
		return false
	}
	m.current = TokenSet{}
	return true
}
