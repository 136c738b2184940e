package auth0

import (
	"net/http"
	"sync"

	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Pool holds the session of every tenant. Its keys are the Auth0Tenants: namespace/name.
type Pool struct {
	// Limiters are the rate limiters of the tenants.
	Limiters *ratelimit.Limiters
	metrics  *Metrics
	// Changed is called with a tenant whose Budget or Outage changed. It must not block.
	Changed func(tenant string)
	// Transport wraps the transport that sends the calls, below the wait for the rate limit; may be nil.
	Transport func(http.RoundTripper) http.RoundTripper

	mu       sync.Mutex
	sessions map[string]*Session
}

// NewPool returns an empty Pool, which takes the time from a clock.
func NewPool(by clock.WithDelayedExecution, metrics *Metrics) *Pool {
	p := &Pool{metrics: metrics, sessions: map[string]*Session{}}
	p.Limiters = ratelimit.New(by, metrics.limits, func(tenant string) {
		if p.Changed != nil {
			p.Changed(tenant)
		}
	})
	return p
}

// Open returns the session of a tenant with these credentials. It opens a new one if they changed. The credentials must be valid.
func (p *Pool) Open(tenant string, credentials Credentials) *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter := p.Limiters.Of(tenant)
	current := p.sessions[tenant]
	if current != nil && current.credentials == credentials {
		limiter.Resume(current.probe)
		return current
	}
	if current != nil {
		current.close()
	}
	session := newSession(credentials, tenant, limiter, p.metrics)
	if p.Transport != nil {
		session.transport.base = p.Transport(session.transport.base)
	}
	p.sessions[tenant] = session
	limiter.Connect(session.probe)
	return session
}

// Get returns the session of a tenant, if one is open.
func (p *Pool) Get(tenant string) (*Session, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	session, ok := p.sessions[tenant]
	return session, ok
}

// Close drops the session of a tenant whose credentials are gone or refused. It keeps the rate limiter.
func (p *Pool) Close(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if session := p.sessions[tenant]; session != nil {
		session.close()
		delete(p.sessions, tenant)
		p.Limiters.Of(tenant).Disconnect()
	}
}

// Release stops all calls to a tenant at once: this instance no longer serves it.
func (p *Pool) Release(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if session := p.sessions[tenant]; session != nil {
		session.release()
		session.close()
		delete(p.sessions, tenant)
	}
	p.Limiters.Release(tenant)
}

// Remove is Release for a tenant that is gone: it also drops its metrics.
func (p *Pool) Remove(tenant string) {
	p.Release(tenant)
	p.metrics.forget(tenant)
}
