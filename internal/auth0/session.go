package auth0

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/auth0/go-auth0/management"
	"golang.org/x/sync/semaphore"
	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lease"
)

// Credentials are the operator's own access to a tenant.
type Credentials struct {
	// Domain is the domain of the tenant, without a scheme: example.eu.auth0.com.
	Domain string
	// Application is the operator's own.
	Application Application
	// CustomDomain is the domain where users sign up and sign in; empty means Domain.
	CustomDomain string
	// CABundle contains the certificate authorities of the domain as PEM; empty means the system's.
	CABundle string
}

var domainForm = regexp.MustCompile(`^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:\d{1,5})?$`)

// Validate says which part of the credentials is invalid, and why.
func (c Credentials) Validate() error {
	if !domainForm.MatchString(c.Domain) {
		return invalidDomain(c.Domain)
	}
	if c.CABundle != "" {
		if err := CheckCABundle(c.CABundle); err != nil {
			return err
		}
	}
	return c.Application.Validate()
}

// CheckCABundle refuses a bundle without a certificate in PEM form, and one that contains more than certificates.
func CheckCABundle(bundle string) error {
	if strings.Contains(bundle, "PRIVATE KEY-----") {
		return errors.New("it holds a private key, which is now exposed: create a new key pair, and leave only certificates there")
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(bundle)) {
		return errors.New("it holds no certificate in PEM form; put the certificate of the authority there, from -----BEGIN CERTIFICATE----- on")
	}
	return nil
}

func invalidDomain(domain string) error {
	return fmt.Errorf("domain %q is not a host name such as example.eu.auth0.com (no https://, no path)", domain)
}

// Session is the access to one tenant with one set of credentials. It is safe for concurrent use.
type Session struct {
	credentials Credentials
	clock       clock.Clock
	transport   *transport
	// http sends the calls of the Authentication API, and sdk those of the Management API. Both send through transport.
	http  *http.Client
	sdk   *management.Management
	token *managementToken
	roles *roleCatalog
	// policies are the password policies of connections, and databases their ids, by name.
	policies  *cache[PasswordPolicy]
	databases *cache[string]
	// rules are the settings of applications, by id.
	rules *cache[RefreshRules]
	// isReadOnly refuses writes.
	isReadOnly bool
}

// newSession opens a session. It makes no call. The credentials must be valid.
func newSession(credentials Credentials, tenant string, limiter *ratelimit.Limiter, metrics *Metrics) *Session {
	by := limiter.Clock()
	s := &Session{
		credentials: credentials, clock: by,
		policies: newCache[PasswordPolicy](by, limiter, policyLifetime), databases: newCache[string](by, limiter, policyLifetime), rules: newCache[RefreshRules](by, limiter, rulesKeptFor),
	}
	s.transport = &transport{
		base: baseTransport(credentials.CABundle), limiter: limiter, metrics: metrics, tenant: tenant,
		reading:     semaphore.NewWeighted(mostReadPerTenant),
		ownClientID: credentials.Application.ID,
	}
	s.http = &http.Client{Transport: s.transport}
	s.sdk = newSDK(credentials.Domain, s.transport)
	s.token = newManagementToken(by, limiter, func(ctx context.Context) (TokenSet, error) {
		return s.IssueToken(ctx, TokenRequest{
			Application: credentials.Application, Grant: GrantClientCredentials, Audience: s.ManagementAudience(),
		})
	})
	s.roles = newRoleCatalog(by, limiter, s.listRoles)
	return s
}

func baseTransport(caBundle string) *http.Transport {
	base := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: callTimeout,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caBundle != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(caBundle))
		base.TLSClientConfig.RootCAs = pool
	}
	return base
}

// Domain returns the domain of the tenant.
func (s *Session) Domain() string { return s.credentials.Domain }

// ClientID returns the client ID of the operator's own application.
func (s *Session) ClientID() string { return s.credentials.Application.ID }

// LoginDomain returns the domain where users sign up and sign in.
func (s *Session) LoginDomain() string {
	return cmp.Or(s.credentials.CustomDomain, s.credentials.Domain)
}

// ManagementAudience returns the identifier of the tenant's Management API.
func (s *Session) ManagementAudience() string { return "https://" + s.credentials.Domain + "/api/v2/" }

// Scopes returns the scopes of the Management API token. It issues a token if there is none.
func (s *Session) Scopes(ctx context.Context) ([]string, error) {
	token, err := s.managementToken(ctx)
	return token.Scopes, err
}

// managementToken returns the Management API token. It issues one if there is none, but not while the Management API is
// unavailable.
func (s *Session) managementToken(ctx context.Context) (TokenSet, error) {
	if current, ok := s.token.usable(); ok {
		return current, nil
	}
	if err := waited(s.transport.limiter.Check(ctx, ratelimit.ClassManagement)); err != nil {
		return TokenSet{}, err
	}
	return s.token.get(ctx)
}

// ErrReadOnly is the error of a write with a read-only session.
var ErrReadOnly = errors.New("the session is read-only")

// ReadOnly returns the same session, but writes to the Management API fail with ErrReadOnly.
func (s *Session) ReadOnly() *Session {
	readOnly := *s
	readOnly.isReadOnly = true
	return &readOnly
}

// Renew drops the Management API token if it is older than a minute, so that newly granted scopes take effect.
func (s *Session) Renew() { s.token.forgetAny() }

// RenewNow drops the Management API token, however young: a person requested that.
func (s *Session) RenewNow() { s.token.clear() }

// close closes idle connections.
func (s *Session) close() { s.http.CloseIdleConnections() }

// release refuses every further call.
func (s *Session) release() { s.transport.released.Store(true) }

const routeSettings = "/api/v2/tenants/settings"

// probe finds out whether an API answers. It reads a resource that nothing else reads, so that the failure of one route does not
// count as an outage. The scope for it may be missing: a refusal is an answer.
func (s *Session) probe(ctx context.Context, of ratelimit.API) error {
	err := s.callForProbe(ctx, of)
	if _, isCall := errors.AsType[*Error](err); isCall || err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	// It waited for a token for too long.
	return &Error{Class: ClassUnavailable, Message: err.Error()}
}

func (s *Session) callForProbe(ctx context.Context, of ratelimit.API) error {
	if of == ratelimit.AuthenticationAPI {
		return s.token.renew(ctx)
	}
	token, err := s.managementToken(ctx)
	if err != nil {
		return err
	}
	request := get(routeSettings)
	request.Query = url.Values{"fields": {"friendly_name"}, "include_fields": {"true"}}
	_, err = s.send(ctx, request, token.AccessToken)
	return err
}

// asError finds the *Error of the transport inside the errors that the HTTP client and the SDK wrapped around it.
func asError(ctx context.Context, route string, err error) error {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed
	}
	for _, refusal := range []error{ratelimit.ErrReleased, lease.ErrLost} {
		if errors.Is(err, refusal) {
			return refusal
		}
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return ctx.Err()
	}
	return &Error{Class: ClassUnavailable, Route: route, Message: err.Error()}
}

// IsAvailable reports whether, as far as is known, the tenant is available.
func (s *Session) IsAvailable() bool { return s.transport.limiter.Outage() == nil }

// AwaitAvailable waits until the tenant is available. The error is that of the context, or says that the tenant is no longer
// served.
func (s *Session) AwaitAvailable(ctx context.Context) error {
	return s.transport.limiter.AwaitAvailable(ctx)
}
