package auth0

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// requestedProbeEvery bounds the probes that people request.
const requestedProbeEvery = 2 * time.Second

// prober makes a call to an API, to find out whether it answers.
type prober func(ctx context.Context, of api) error

type probeKey struct{}

// isProbe reports whether the calls under a context are those of a probe.
func isProbe(ctx context.Context) bool { return ctx.Value(probeKey{}) != nil }

// Outage contains the time since which a tenant is unavailable, and the failure that showed it: nil if only another process knows
// it.
type Outage struct {
	Since time.Time
	Cause *Error
}

// Outage returns the current outage, nil if the tenant is available as far as is known.
func (g *RateLimiter) Outage() *Outage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.outage()
}

func (g *RateLimiter) outage() *Outage {
	var longest *Outage
	for of := range g.breakers {
		b := &g.breakers[of]
		if !b.since.IsZero() && (longest == nil || b.since.Before(longest.Since)) {
			longest = &Outage{Since: b.since, Cause: b.cause}
		}
	}
	return longest
}

// IsProbing reports whether a probe is about to decide whether the tenant is available.
func (g *RateLimiter) IsProbing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hasCircuit(circuitHalfOpen)
}

func (g *RateLimiter) hasCircuit(state circuit) bool {
	for of := range g.breakers {
		if g.breakers[of].state == state {
			return true
		}
	}
	return false
}

// AwaitAvailable waits until the tenant is available. The error is that of the context, or reports that the operator no longer
// serves the tenant.
func (g *RateLimiter) AwaitAvailable(ctx context.Context) error {
	for {
		g.mu.Lock()
		recovered, released := g.recovered, g.released
		available := g.outage() == nil
		g.mu.Unlock()
		switch {
		case released:
			return errReleased
		case available:
			return ctx.Err()
		}
		select {
		case <-recovered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Presume takes over from another process that the tenant is unavailable since a time, unless the tenant already answered or
// failed in this process. A probe verifies it.
func (g *RateLimiter) Presume(since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := &g.breakers[apiManagement]
	if b.state != circuitClosed || b.answered || b.failures > 0 {
		return
	}
	b.presume(since)
	g.scheduleProbe(time.Now())
}

// ProbeNow probes an unavailable tenant at once, because someone may have repaired it. Requests in quick succession count as one.
func (g *RateLimiter) ProbeNow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probeSoon(time.Now())
}

func (g *RateLimiter) probeSoon(now time.Time) {
	g.nextProbe = earlier(g.nextProbe, later(now, g.probed.Add(requestedProbeEvery)))
	g.scheduleProbe(now)
}

// connect probes the tenant with other credentials from now on. What was known of the tenant may not hold for them.
func (g *RateLimiter) connect(probe prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probe, g.nextProbe = probe, time.Time{}
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	for of := range g.breakers {
		g.breakers[of].forget()
	}
	g.scheduleProbe(time.Now())
}

// resume is connect with the same credentials.
func (g *RateLimiter) resume(probe prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.probe == nil {
		g.probe = probe
		g.scheduleProbe(time.Now())
	}
}

// disconnect ends the probes, because there are no credentials.
func (g *RateLimiter) disconnect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probe = nil
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	g.scheduleProbe(time.Now())
}

// scheduleProbe schedules the next probe if a circuit is not closed.
func (g *RateLimiter) scheduleProbe(now time.Time) {
	if g.probeTimer != nil {
		g.probeTimer.Stop()
		g.probeTimer = nil
	}
	isNeeded := g.hasCircuit(circuitHalfOpen) || g.hasCircuit(circuitOpen)
	if isNeeded && g.probe != nil && !g.probing && !g.released {
		g.probeTimer = time.AfterFunc(max(g.nextProbe.Sub(now), 0), g.runProbe)
	}
}

// runProbe calls the APIs whose circuits are not closed. It stops at the first that does not answer, so the tenant gets no second
// call.
func (g *RateLimiter) runProbe() {
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), probeKey{}, true), suspectTimeout)
	defer cancel()
	targets, probe := g.beginProbe(cancel)
	for _, of := range targets {
		if !g.endProbe(of, probe(ctx, of)) {
			break
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing, g.cancelProbe = false, nil
	g.scheduleProbe(time.Now())
}

// beginProbe returns what to probe. If both APIs are unavailable, they alternate as the first.
func (g *RateLimiter) beginProbe(cancel context.CancelFunc) ([]api, prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.probing || g.released || g.probe == nil {
		return nil, nil
	}
	now := time.Now()
	g.probing, g.cancelProbe = true, cancel
	g.probed, g.nextProbe = now, now.Add(probeEvery)
	var targets []api
	for offset := range apis {
		of := (g.probedFirst + 1 + offset) % apis
		if g.breakers[of].state != circuitClosed {
			targets = append(targets, of)
		}
	}
	if len(targets) > 0 {
		g.probedFirst = targets[0]
	}
	return targets, g.probe
}

// endProbe closes or opens a circuit, and reports whether the API answered.
func (g *RateLimiter) endProbe(of api, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.released || errors.Is(err, context.Canceled) {
		return false
	}
	failed, isCall := errors.AsType[*Error](err)
	answered := err == nil || isCall && !failed.isOutage()
	if answered {
		g.nextProbe = time.Time{}
		g.succeeded(of, now.Sub(g.probed), now)
		g.dispatch(now)
		return true
	}
	if g.nextProbe.IsZero() {
		g.nextProbe = g.probed.Add(probeEvery)
	}
	if !isCall {
		// It waited for a token for too long.
		failed = &Error{Class: ClassUnavailable, Message: err.Error()}
	}
	if b := &g.breakers[of]; b.state != circuitClosed && b.open(failed) {
		g.becameUnavailable(of)
	}
	return false
}

// isOutage reports whether a failure means that the tenant is unavailable. A rate limit or a refusal does not.
func (e *Error) isOutage() bool {
	return e.Class == ClassUnavailable || e.Class == ClassUntrusted
}

// judge updates the breaker with the outcome of a call.
func (g *RateLimiter) judge(p *permit, failed *Error, now time.Time) {
	of := p.routeClass.api()
	b := &g.breakers[of]
	b.end()
	switch {
	case p.probe:
		// endProbe decides, when the whole probe is over.
	case failed == nil || !failed.isOutage():
		g.succeeded(of, now.Sub(p.since), now)
	case b.fail(now.Sub(p.since), now):
		g.recall(of)
		g.scheduleProbe(now)
	}
}

// succeeded closes a circuit, and reports it.
func (g *RateLimiter) succeeded(of api, took time.Duration, now time.Time) {
	b := &g.breakers[of]
	wasUnavailable := !b.since.IsZero()
	if !b.succeed(took, now) || g.released {
		return
	}
	g.scheduleProbe(now)
	if wasUnavailable {
		g.lookAgain(of, now)
		close(g.recovered)
		g.recovered = make(chan struct{})
	}
	if g.changed != nil {
		g.changed()
	}
}

// becameUnavailable ends the waits for an API that is unavailable for an unknown time, and reports it.
func (g *RateLimiter) becameUnavailable(of api) {
	for _, w := range g.queue.of(of) {
		if w.ready != nil {
			g.queue.leave(w)
			w.refused = true
			close(w.ready)
		}
	}
	g.lookAgain(of, time.Time{})
	if g.changed != nil {
		g.changed()
	}
}

// recall withdraws the permits of reconciliations that were called back and have not used them.
func (g *RateLimiter) recall(of api) {
	for w := range g.called {
		if w.routeClass.api() != of {
			continue
		}
		delete(g.called, w)
		g.giveBack(w.permit)
		w.slot.releaseLocked()
		w.permit, w.slot = nil, nil
		g.join(w)
	}
}

// lookAgain requeues all objects that wait for an API, because the cause of their wait changed. since is when the new wait
// begins, zero to keep the old time.
func (g *RateLimiter) lookAgain(of api, since time.Time) {
	for _, place := range g.places {
		if place.routeClass.api() != of || place.permit != nil {
			continue
		}
		if !since.IsZero() {
			place.since = since
		}
		if place.reservation.look != nil {
			place.reservation.look()
		}
	}
}

// probePermit allows a call of a probe. It does not wait, because no other call is made meanwhile.
func (g *RateLimiter) probePermit(to routeClass) *permit {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.let(to, time.Now())
	p.probe = true
	return p
}

// parked returns what a call waits for, if that may take long.
func (g *RateLimiter) parked(reservation *Reservation, to routeClass, route string, wait time.Duration) *Error {
	b := &g.breakers[to.api()]
	switch {
	case !b.since.IsZero():
		if reservation != nil && reservation.requested {
			g.probeSoon(time.Now())
		}
		return &Error{Class: ClassCircuitOpen, Route: route, Message: fmt.Sprintf("waiting for Auth0Tenant %s, which is unavailable since %s", g.tenant, b.since.UTC().Format(time.RFC3339))}
	case !b.lets() || !g.mayHaveWorker(reservation, b, time.Now()):
		return &Error{Class: ClassRateLimited, Route: route, After: suspectTimeout, Message: "waiting for Auth0 to answer other calls"}
	}
	return rateLimited(route, wait)
}

// look runs dispatch.
func (g *RateLimiter) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dispatch(time.Now())
}

// waitForMutex waits for a mutex in the worker, or parks the reconciliation.
func (g *RateLimiter) waitForMutex(ctx context.Context, held *callMutex) error {
	if isProbe(ctx) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	reservation, now, b := ReservationOf(ctx), time.Now(), &g.breakers[held.routeClass.api()]
	if b.since.IsZero() && g.holdsWorker(reservation, b, now) {
		return nil
	}
	if reservation != nil {
		g.keepPlace(reservation, held.routeClass, now).awaited = held
		g.dispatch(now)
	}
	return g.parked(reservation, held.routeClass, "", 0)
}

// check parks a reconciliation whose calls could not be made because the API is unavailable.
func (g *RateLimiter) check(ctx context.Context, to routeClass) error {
	if isProbe(ctx) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.breakers[to.api()].since.IsZero() {
		return nil
	}
	reservation := ReservationOf(ctx)
	if reservation != nil {
		g.keepPlace(reservation, to, time.Now())
	}
	return g.parked(reservation, to, "", 0)
}

// holdsWorker reports whether a reconciliation holds a worker, takes one, or needs none.
func (g *RateLimiter) holdsWorker(reservation *Reservation, b *breaker, now time.Time) bool {
	if reservation == nil || reservation.workers == nil || reservation.slot != nil {
		return true
	}
	if !b.trusted() {
		return false
	}
	taken, ok := g.takeWorker(reservation, g.mayUseReserved(reservation, b, now))
	if ok {
		reservation.slot, reservation.begun, reservation.limiter = taken, true, g
	}
	return ok
}

// isResponsive reports whether the API of a class of calls answers promptly, as far as is known.
func (g *RateLimiter) isResponsive(to routeClass) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.breakers[to.api()].responsive(time.Now())
}

// mayUseReserved reports whether a reconciliation may use a worker that is reserved for tenants that answer.
func (g *RateLimiter) mayUseReserved(reservation *Reservation, b *breaker, now time.Time) bool {
	return b.responsive(now) && g.held[reservation.workers] == 0
}

// mayHaveWorker reports whether a reconciliation has a worker, can get one, or needs none.
func (g *RateLimiter) mayHaveWorker(reservation *Reservation, b *breaker, now time.Time) bool {
	return reservation == nil || reservation.workers == nil || reservation.slot != nil || reservation.workers.has(g, g.mayUseReserved(reservation, b, now))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
