package ratelimit

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Limiters are the rate limiters of all tenants. Their keys are the Auth0Tenants: namespace/name.
type Limiters struct {
	clock   clock.WithDelayedExecution
	metrics *Metrics
	// changed is called with a tenant whose Budget or Outage changed; may be nil.
	changed func(tenant string)

	mu         sync.Mutex
	limiters   map[string]*Limiter
	background background
	// places holds, by the key of its reservations, the rate limiter in whose queue an object has a place.
	places sync.Map
}

// New returns Limiters without tenants, which take the time from a clock. metrics may be nil. changed is called with a tenant whose Budget or Outage changed. It must
// not block, and may be nil.
func New(by clock.WithDelayedExecution, metrics *Metrics, changed func(tenant string)) *Limiters {
	return &Limiters{clock: by, metrics: metrics, changed: changed, limiters: map[string]*Limiter{}}
}

// Of returns the rate limiter of a tenant.
func (l *Limiters) Of(tenant string) *Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limiters[tenant] == nil {
		l.limiters[tenant] = newLimiter(tenant, l)
		l.metrics.watch(l.limiters[tenant])
	}
	return l.limiters[tenant]
}

// Reserve returns a reservation for the object with this key. The rate limiter calls wake when the call of a kept place may be
// made. wake must not block.
func (l *Limiters) Reserve(key any, priority Priority, wake func()) *Reservation {
	return &Reservation{limiters: l, key: key, priority: priority, wake: wake}
}

// Forget drops the place of a deleted object, by the key of its reservations.
func (l *Limiters) Forget(key any) {
	if limiter, ok := l.placeOf(key); ok {
		limiter.forgetPlace(key)
	}
}

// Start implements manager.Runnable. When ctx ends, it ends the probes, and waits for those in flight.
func (l *Limiters) Start(ctx context.Context) error {
	<-ctx.Done()
	l.background.end()
	for _, limiter := range l.all() {
		limiter.Disconnect()
	}
	l.background.running.Wait()
	return nil
}

func (l *Limiters) all() []*Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.limiters))
}

// after calls do after a time, unless the process ends first.
func (l *Limiters) after(wait time.Duration, do func()) clock.Timer {
	return l.clock.AfterFunc(wait, func() { l.background.run(do) })
}

// Pause stops the probes of a tenant until Resume or Connect.
func (l *Limiters) Pause(tenant string) {
	l.mu.Lock()
	limiter := l.limiters[tenant]
	l.mu.Unlock()
	if limiter != nil {
		limiter.Disconnect()
	}
}

// Release ends every wait for a tenant: this instance no longer serves it.
func (l *Limiters) Release(tenant string) {
	l.mu.Lock()
	limiter := l.limiters[tenant]
	delete(l.limiters, tenant)
	l.mu.Unlock()
	if limiter != nil {
		l.metrics.unwatch(limiter)
		limiter.release()
	}
}

// placeOf returns the rate limiter in whose queue an object has a place.
func (l *Limiters) placeOf(key any) (*Limiter, bool) {
	limiter, ok := l.places.Load(key)
	if !ok {
		return nil, false
	}
	return limiter.(*Limiter), true
}
