package auth0

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Grant is a grant type of /oauth/token, in Auth0's spelling.
type Grant string

// The grants that issue tokens.
const (
	GrantClientCredentials Grant = "client_credentials"
	// GrantPassword signs a user in to the tenant's default directory, GrantPasswordRealm to a connection.
	GrantPassword          Grant = "password"
	GrantPasswordRealm     Grant = "http://auth0.com/oauth/grant-type/password-realm"
	GrantAuthorizationCode Grant = "authorization_code"
	GrantRefreshToken      Grant = "refresh_token"
	GrantDeviceCode        Grant = "urn:ietf:params:oauth:grant-type:device_code"
)

// TokenRequest is a request for a token.
type TokenRequest struct {
	Application Application
	Grant       Grant
	Audience    string
	// Scopes are the requested scopes; none requests all that may be granted.
	Scopes []string
	// Organization is for GrantClientCredentials.
	Organization string

	// Username and Password are for the password grants, and Realm, a connection, for GrantPasswordRealm.
	Username string
	Password string
	Realm    string

	// Code, RedirectURI and CodeVerifier are for GrantAuthorizationCode.
	Code         string
	RedirectURI  string
	CodeVerifier string

	// RefreshToken is for GrantRefreshToken.
	RefreshToken string

	// DeviceCode is for GrantDeviceCode.
	DeviceCode string
}

// form returns the request in Auth0's form, without empty fields.
func (r TokenRequest) form() url.Values {
	form := url.Values{"grant_type": {string(r.Grant)}}
	for field, value := range map[string]string{
		"audience": r.Audience, "scope": strings.Join(r.Scopes, " "), "organization": r.Organization,
		"username": r.Username, "password": r.Password, "realm": r.Realm,
		"code": r.Code, "redirect_uri": r.RedirectURI, "code_verifier": r.CodeVerifier,
		"refresh_token": r.RefreshToken, "device_code": r.DeviceCode,
	} {
		if value != "" {
			form.Set(field, value)
		}
	}
	return form
}

// TokenSet contains the tokens that Auth0 issued, and their properties.
type TokenSet struct {
	AccessToken  string `json:"accessToken,omitempty"`
	TokenType    string `json:"tokenType,omitempty"`
	IDToken      string `json:"idToken,omitempty"`
	RefreshToken string `json:"refreshToken,omitempty"`
	// Subject is the user or application of the token, if the token names it.
	Subject string `json:"subject,omitempty"`
	// Scopes are the granted scopes.
	Scopes []string `json:"scopes,omitempty"`
	// IssuedAt and ExpiresAt are the token's own claims if it is a JWT.
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	// Organization is the organization of the token, if any.
	Organization string `json:"organization,omitempty"`
	// Audience is the audience of the token, if the token names it.
	Audience string `json:"audience,omitempty"`
	// Quota is the rest of the application's and the organization's quota, if one is set.
	Quota []Quota `json:"-"`
}

// IssueToken issues a token. It is not idempotent: tokens for custom APIs count against a monthly quota, refused sign-ins against
// the brute-force protection, codes work once, and refresh tokens may be replaced. Users sign in at the tenant's custom domain if
// it has one.
func (s *Session) IssueToken(ctx context.Context, request TokenRequest) (TokenSet, error) {
	domain := s.LoginDomain()
	if request.Grant == GrantClientCredentials {
		domain = s.credentials.Domain
	}
	answer, err := s.postForm(ctx, domain, "/oauth/token", request.Application, request.form())
	if err != nil {
		return TokenSet{}, err
	}
	set, err := parseTokenSet(answer.body, s.clock.Now())
	set.Quota = parseQuota(answer.header, s.clock.Now())
	return set, err
}

// AwaitsTokens returns what a reconciliation must wait for before it requests a token, nil if the tenant issues tokens. So it
// prepares nothing in vain.
func (s *Session) AwaitsTokens(ctx context.Context) error {
	return waited(s.transport.limiter.Check(ctx, ratelimit.ClassToken))
}

// CountToken counts a token that was issued for an object.
func (s *Session) CountToken(namespace, name string, grant Grant) {
	s.transport.metrics.tokens.WithLabelValues(s.transport.tenant, namespace, name, string(grant)).Inc()
}

// answer is Auth0's answer to a call of the Authentication API.
type answer struct {
	header http.Header
	body   []byte
}

// postForm makes one call on behalf of an application. The SDK's client for these endpoints always fetches signing keys when it
// is built, which are not needed here; each endpoint is one form.
func (s *Session) postForm(ctx context.Context, domain, path string, application Application, form url.Values) (answer, error) {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if err := application.authenticate(form, header, domain, s.clock.Now()); err != nil {
		return answer{}, err
	}
	current := &call{method: http.MethodPost, route: path}
	if grant := form.Get("grant_type"); grant != "" && grant != string(GrantClientCredentials) {
		current.routeClass = ratelimit.ClassLogin
	}
	return s.post(ctx, domain, current, header, form.Encode())
}

// post makes one call to the Authentication API.
func (s *Session) post(ctx context.Context, domain string, current *call, header http.Header, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, callKey{}, current), callTimeout)
	defer cancel()
	current.raw = true
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+domain+current.route, strings.NewReader(body))
	if err != nil {
		return answer{}, invalidDomain(domain)
	}
	request.Header = header
	response, err := s.http.Do(request)
	if err != nil {
		err = asError(ctx, http.MethodPost+" "+current.route, err)
		if failed, ok := errors.AsType[*Error](err); ok {
			failed.Unanswered = sent.Load() && failed.Status == 0
		}
		return answer{}, err
	}
	_ = response.Body.Close()
	return answer{response.Header, current.answer}, nil
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
		return TokenSet{}, &Error{Class: ClassUnavailable, Route: "POST /oauth/token", Message: "the answer holds no access token", Unanswered: true}
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

// claims are the claims of a JWT that the operator uses.
type claims struct {
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	Scope     string `json:"scope"`
	Subject   string `json:"sub"`

	Organization string          `json:"org_id"`
	Audience     json.RawMessage `json:"aud"`
}

// claimsOf reads a JWT. It does not verify the signature, because the token comes directly from its issuer.
func claimsOf(token string) (found claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &found) != nil {
		return claims{}, false
	}
	return found, true
}

// readClaims takes times and scopes from the access token: the issuer's clock counts, not the one of this machine. A token
// without an audience is opaque, and only the ID token names its subject.
func (t *TokenSet) readClaims() {
	claims, ok := claimsOf(t.AccessToken)
	if !ok {
		identity, _ := claimsOf(t.IDToken)
		t.Subject = identity.Subject
		return
	}
	t.Subject, t.Organization, t.Audience = claims.Subject, claims.Organization, firstAudience(claims.Audience)
	if claims.IssuedAt > 0 && claims.ExpiresAt > claims.IssuedAt {
		t.IssuedAt = time.Unix(claims.IssuedAt, 0)
		t.ExpiresAt = time.Unix(claims.ExpiresAt, 0)
	}
	if len(t.Scopes) == 0 {
		t.Scopes = strings.Fields(claims.Scope)
	}
}

// firstAudience reads the claim aud, a string or a list: the API comes first, before /userinfo.
func firstAudience(claim json.RawMessage) string {
	var list []string
	if json.Unmarshal(claim, &list) == nil && len(list) > 0 {
		return list[0]
	}
	var one string
	_ = json.Unmarshal(claim, &one) // A claim of any other form names nobody.
	return one
}

// forgetAtMostEvery bounds how often a token is replaced because Auth0 refused it.
const forgetAtMostEvery = time.Minute

// managementToken holds the token for the Management API, and replaces it before it expires.
type managementToken struct {
	clock clock.PassiveClock
	token *cached[TokenSet]
	issue func(context.Context) (TokenSet, error)
}

// newManagementToken returns a managementToken without a token. limiter may be nil.
func newManagementToken(by clock.PassiveClock, limiter *ratelimit.Limiter, issue func(context.Context) (TokenSet, error)) *managementToken {
	return &managementToken{clock: by, token: newCached[TokenSet](by, limiter, ratelimit.ClassToken), issue: issue}
}

// get returns a token that is valid for at least another minute. Concurrent callers that need a new one share one issue.
func (m *managementToken) get(ctx context.Context) (TokenSet, error) {
	return m.token.get(ctx, m.isUsable, m.issue)
}

// renew issues another token, even if there is one.
func (m *managementToken) renew(ctx context.Context) error {
	_, err := m.token.reload(ctx, m.issue)
	return err
}

func (m *managementToken) usable() (TokenSet, bool) { return m.token.current(m.isUsable) }

// isUsable reports whether a token is far enough from its expiry: a tenth of its lifetime, or a minute.
func (m *managementToken) isUsable(token TokenSet, _ time.Duration) bool {
	lifetime := token.ExpiresAt.Sub(token.IssuedAt)
	margin := max(lifetime/10, min(time.Minute, lifetime/2))
	return token.AccessToken != "" && m.clock.Now().Before(token.ExpiresAt.Add(-margin))
}

// forget drops a token that Auth0 refused, so that the next call gets another, which may have newly granted scopes. It reports
// whether there is or will be another. It keeps a young token: the next would be no better.
func (m *managementToken) forget(refused string) bool {
	isKept := false
	m.token.dropIf(func(current TokenSet) bool {
		isKept = current.AccessToken == refused && m.isYoung(current)
		return current.AccessToken == refused && !isKept
	})
	return !isKept
}

// forgetAny drops the current token unless it is young.
func (m *managementToken) forgetAny() {
	m.token.dropIf(func(current TokenSet) bool { return !m.isYoung(current) })
}

// clear drops the current token.
func (m *managementToken) clear() { m.token.drop() }

func (m *managementToken) isYoung(token TokenSet) bool {
	return m.clock.Since(token.IssuedAt) < forgetAtMostEvery
}
