package auth0

import (
	"net/http"
	"sync"
)

// Pool holds the session and the rate limiter of every tenant. Its keys are the Auth0Tenants: namespace/name.
type Pool struct {
	metrics *Metrics
	// Changed is called with a tenant whose Budget or Outage changed. It must not block.
	Changed func(tenant string)
	// Transport wraps the transport that sends the calls, below the wait for the rate limit; may be nil.
	Transport func(http.RoundTripper) http.RoundTripper

	mu       sync.Mutex
	sessions map[string]*Session
	limiters map[string]*RateLimiter
	// places holds, by the key of its reservations, the rate limiter in whose queue an object has a place.
	places sync.Map
}

// NewPool returns an empty Pool.
func NewPool(metrics *Metrics) *Pool {
	return &Pool{metrics: metrics, sessions: map[string]*Session{}, limiters: map[string]*RateLimiter{}}
}

// Open returns the session of a tenant with these credentials. It opens a new one if they changed. The credentials must be valid.
func (p *Pool) Open(tenant string, credentials Credentials) *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.sessions[tenant]
	if current != nil && current.credentials == credentials {
		p.limiter(tenant).resume(current.probe)
		return current
	}
	if current != nil {
		current.close()
	}
	limiter := p.limiter(tenant)
	session := newSession(credentials, tenant, limiter, p.metrics)
	if p.Transport != nil {
		session.transport.base = p.Transport(session.transport.base)
	}
	p.sessions[tenant] = session
	limiter.connect(session.probe)
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
		p.limiter(tenant).disconnect()
	}
}

// Pause stops the probes of a tenant until its session is opened again.
func (p *Pool) Pause(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limiter := p.limiters[tenant]; limiter != nil {
		limiter.disconnect()
	}
}

// RateLimiter returns the rate limiter of a tenant.
func (p *Pool) RateLimiter(tenant string) *RateLimiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter(tenant)
}

func (p *Pool) limiter(tenant string) *RateLimiter {
	if p.limiters[tenant] == nil {
		p.limiters[tenant] = NewRateLimiter(tenant, p.metrics)
		p.limiters[tenant].pooled = &p.places
		p.limiters[tenant].changed = func() {
			if p.Changed != nil {
				p.Changed(tenant)
			}
		}
		p.metrics.watch(p.limiters[tenant])
	}
	return p.limiters[tenant]
}

// Forget drops the place of a deleted object in the queue of a rate limiter, by the key of its reservations.
func (p *Pool) Forget(key any) {
	if limiter, ok := p.places.Load(key); ok {
		limiter.(*RateLimiter).Forget(key)
	}
}

// End gives back the call that an object was requeued for, in any tenant, if the reconciliation that now ends did not use it:
// other objects wait for it.
func (p *Pool) End(reservation *Reservation) {
	reservation.End()
	if limiter, ok := p.places.Load(reservation.key); ok && limiter != reservation.limiter {
		limiter.(*RateLimiter).end(reservation)
	}
}

// Release stops all calls to a tenant at once: this instance no longer serves it.
func (p *Pool) Release(tenant string) {
	p.mu.Lock()
	session, limiter := p.sessions[tenant], p.limiters[tenant]
	delete(p.sessions, tenant)
	delete(p.limiters, tenant)
	p.mu.Unlock()
	if session != nil {
		session.release()
		session.close()
	}
	if limiter != nil {
		p.metrics.unwatch(limiter)
		limiter.release()
	}
}

// Remove is Release for a tenant that is gone: it also drops its metrics.
func (p *Pool) Remove(tenant string) {
	p.Release(tenant)
	p.metrics.forget(tenant)
}
