package auth0

import (
	"net/http"
	"sync"
)

// Pool holds the session and the governor of every tenant. Keys are those of the Auth0Tenant: namespace/name.
type Pool struct {
	metrics *Metrics
	// Changed is told of a tenant whose Budget or Outage changed. It must not block.
	Changed func(tenant string)
	// Transport wraps what sends the calls, after they have waited for the rate limit; may be nil.
	Transport func(http.RoundTripper) http.RoundTripper

	mu        sync.Mutex
	sessions  map[string]*Session
	governors map[string]*Governor
	// places holds, by the key of its turns, the governor in whose line an object has a place.
	places sync.Map
}

// NewPool returns an empty Pool.
func NewPool(metrics *Metrics) *Pool {
	return &Pool{metrics: metrics, sessions: map[string]*Session{}, governors: map[string]*Governor{}}
}

// Open returns the session of a tenant with these credentials, a new one if they changed. The credentials must be valid.
func (p *Pool) Open(tenant string, credentials Credentials) *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.sessions[tenant]
	if current != nil && current.credentials == credentials {
		p.governor(tenant).resume(current.probe)
		return current
	}
	if current != nil {
		current.close()
	}
	governor := p.governor(tenant)
	session := newSession(credentials, tenant, governor, p.metrics)
	if p.Transport != nil {
		session.transport.base = p.Transport(session.transport.base)
	}
	p.sessions[tenant] = session
	governor.connect(session.probe)
	return session
}

// Get returns the session of a tenant, if one is open.
func (p *Pool) Get(tenant string) (*Session, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	session, ok := p.sessions[tenant]
	return session, ok
}

// Close drops the session of a tenant: its credentials are gone or refused. The governor stays.
func (p *Pool) Close(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if session := p.sessions[tenant]; session != nil {
		session.close()
		delete(p.sessions, tenant)
		p.governor(tenant).disconnect()
	}
}

// Pause ends the probes of a tenant, until its session is opened again.
func (p *Pool) Pause(tenant string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if governor := p.governors[tenant]; governor != nil {
		governor.disconnect()
	}
}

// Governor returns the governor of a tenant.
func (p *Pool) Governor(tenant string) *Governor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.governor(tenant)
}

func (p *Pool) governor(tenant string) *Governor {
	if p.governors[tenant] == nil {
		p.governors[tenant] = NewGovernor(tenant, p.metrics)
		p.governors[tenant].pooled = &p.places
		p.governors[tenant].changed = func() {
			if p.Changed != nil {
				p.Changed(tenant)
			}
		}
		p.metrics.watch(p.governors[tenant])
	}
	return p.governors[tenant]
}

// Forget drops the place that an object that is gone has in the line of a governor, by the key of its turns.
func (p *Pool) Forget(key any) {
	if governor, ok := p.places.Load(key); ok {
		governor.(*Governor).Forget(key)
	}
}

// End gives back what an object was called back for, whatever its tenant, and did not use in the pass that now ends: others
// wait for it.
func (p *Pool) End(turn *Turn) {
	turn.End()
	if governor, ok := p.places.Load(turn.key); ok && governor != turn.governor {
		governor.(*Governor).end(turn)
	}
}

// LetGo stops all calls to a tenant at once: it is not ours any more.
func (p *Pool) LetGo(tenant string) {
	p.mu.Lock()
	session, governor := p.sessions[tenant], p.governors[tenant]
	delete(p.sessions, tenant)
	delete(p.governors, tenant)
	p.mu.Unlock()
	if session != nil {
		session.letGo()
		session.close()
	}
	if governor != nil {
		p.metrics.unwatch(governor)
		governor.letGo()
	}
}

// Remove is LetGo for a tenant that is gone: nothing tells of it any more.
func (p *Pool) Remove(tenant string) {
	p.LetGo(tenant)
	p.metrics.forget(tenant)
}
