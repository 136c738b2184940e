package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// requestedProbeEvery bounds the probes that people request.
const requestedProbeEvery = 2 * time.Second

// Prober makes a call to an API, to find out whether it answers. It returns a Failure if the call was made and failed.
type Prober func(ctx context.Context, of API) error

type probeKey struct{}

// isProbe reports whether the calls under a context are those of a probe.
func isProbe(ctx context.Context) bool { return ctx.Value(probeKey{}) != nil }

// Outage contains the time since which a tenant is unavailable, and the failure that showed it: nil if only another process knows
// it.
type Outage struct {
	Since time.Time
	Cause error
}

// Outage returns the current outage, nil if the tenant is available as far as is known.
func (g *Limiter) Outage() *Outage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.outage()
}

func (g *Limiter) outage() *Outage {
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
func (g *Limiter) IsProbing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hasCircuit(circuitHalfOpen)
}

func (g *Limiter) hasCircuit(state circuit) bool {
	for of := range g.breakers {
		if g.breakers[of].state == state {
			return true
		}
	}
	return false
}

// AwaitAvailable waits until the tenant is available. The error is that of the context, or reports that the operator no longer
// serves the tenant.
func (g *Limiter) AwaitAvailable(ctx context.Context) error {
	for {
		g.mu.Lock()
		recovered, released := g.recovered, g.released
		available := g.outage() == nil
		g.mu.Unlock()
		switch {
		case released:
			return ErrReleased
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
func (g *Limiter) Presume(since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := &g.breakers[ManagementAPI]
	if b.state != circuitClosed || b.answered || b.failures > 0 {
		return
	}
	b.presume(since)
	g.scheduleProbe(g.now())
}

// ProbeNow probes an unavailable tenant at once, because someone may have repaired it. Requests in quick succession count as one.
func (g *Limiter) ProbeNow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probeSoon(g.now())
}

func (g *Limiter) probeSoon(now time.Time) {
	g.nextProbe = earlier(g.nextProbe, later(now, g.probed.Add(requestedProbeEvery)))
	g.scheduleProbe(now)
}

// Connect probes the tenant with other credentials from now on. What was known of the tenant may not hold for them.
func (g *Limiter) Connect(probe Prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probe, g.nextProbe = probe, time.Time{}
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	for of := range g.breakers {
		g.breakers[of].forget()
	}
	g.scheduleProbe(g.now())
}

// Resume is Connect with the same credentials.
func (g *Limiter) Resume(probe Prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.probe == nil {
		g.probe = probe
		g.scheduleProbe(g.now())
	}
}

// Disconnect ends the probes, because there are no credentials.
func (g *Limiter) Disconnect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probe = nil
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	g.scheduleProbe(g.now())
}

// scheduleProbe schedules the next probe if a circuit is not closed.
func (g *Limiter) scheduleProbe(now time.Time) {
	if g.probeTimer != nil {
		g.probeTimer.Stop()
		g.probeTimer = nil
	}
	isNeeded := g.hasCircuit(circuitHalfOpen) || g.hasCircuit(circuitOpen)
	if isNeeded && g.probe != nil && !g.probing && !g.released {
		g.probeTimer = g.limiters.after(max(g.nextProbe.Sub(now), 0), g.runProbe)
	}
}

// runProbe calls the APIs whose circuits are not closed. It stops at the first that does not answer, so the tenant gets no second
// call.
func (g *Limiter) runProbe() {
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
	g.scheduleProbe(g.now())
}

// beginProbe returns what to probe. If both APIs are unavailable, they alternate as the first.
func (g *Limiter) beginProbe(cancel context.CancelFunc) ([]API, Prober) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.probing || g.released || g.probe == nil {
		return nil, nil
	}
	now := g.now()
	g.probing, g.cancelProbe = true, cancel
	g.probed, g.nextProbe = now, now.Add(probeEvery)
	var targets []API
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
func (g *Limiter) endProbe(of API, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if g.released || errors.Is(err, context.Canceled) {
		return false
	}
	failed, isCall := errors.AsType[Failure](err)
	answered := err == nil || isCall && !failed.IsOutage()
	if answered {
		g.nextProbe = time.Time{}
		g.succeeded(of, now.Sub(g.probed), now)
		g.dispatch(now)
		return true
	}
	if g.nextProbe.IsZero() {
		g.nextProbe = g.probed.Add(probeEvery)
	}
	if b := &g.breakers[of]; b.state != circuitClosed && b.open(err) {
		g.becameUnavailable(of)
	}
	return false
}

// judge updates the breaker with the outcome of a call.
func (g *Limiter) judge(p *Permit, failed Failure, now time.Time) {
	of := p.routeClass.api()
	b := &g.breakers[of]
	b.end()
	switch {
	case p.probe:
		// endProbe decides, when the whole probe is over.
	case failed == nil || !failed.IsOutage():
		g.succeeded(of, now.Sub(p.since), now)
	case b.fail(now.Sub(p.since), now):
		g.recall(of)
		g.scheduleProbe(now)
	}
}

// succeeded closes a circuit, and reports it.
func (g *Limiter) succeeded(of API, took time.Duration, now time.Time) {
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
	if g.limiters.changed != nil {
		g.limiters.changed(g.tenant)
	}
}

// becameUnavailable ends the waits for an API that is unavailable for an unknown time, and reports it.
func (g *Limiter) becameUnavailable(of API) {
	for _, w := range g.queue.of(of) {
		if w.ready != nil {
			g.queue.leave(w)
			w.refused = true
			close(w.ready)
		}
	}
	g.lookAgain(of, time.Time{})
	if g.limiters.changed != nil {
		g.limiters.changed(g.tenant)
	}
}

// recall withdraws the permits of reconciliations that were called back and have not used them.
func (g *Limiter) recall(of API) {
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
func (g *Limiter) lookAgain(of API, since time.Time) {
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
func (g *Limiter) probePermit(to RouteClass) *Permit {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.let(to, g.now())
	p.probe = true
	return p
}

// parked returns what a call waits for, if that may take long.
func (g *Limiter) parked(reservation *Reservation, to RouteClass, route string, wait time.Duration) *Wait {
	b := &g.breakers[to.api()]
	switch {
	case !b.since.IsZero():
		if reservation != nil && reservation.requested {
			g.probeSoon(g.now())
		}
		return &Wait{Unavailable: true, Route: route, Message: fmt.Sprintf("waiting for Auth0Tenant %s, which is unavailable since %s", g.tenant, b.since.UTC().Format(time.RFC3339))}
	case !b.lets() || !g.mayHaveWorker(reservation, b, g.now()):
		return &Wait{Route: route, After: suspectTimeout, Message: "waiting for Auth0 to answer other calls"}
	}
	return &Wait{Route: route, After: max(wait, time.Second), Message: "waiting for Auth0's rate limit"}
}

// look runs dispatch.
func (g *Limiter) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dispatch(g.now())
}

// waitForMutex waits for a mutex in the worker, or parks the reconciliation.
func (g *Limiter) waitForMutex(ctx context.Context, held *Mutex) error {
	if isProbe(ctx) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	reservation, now, b := ReservationOf(ctx), g.now(), &g.breakers[held.routeClass.api()]
	if b.since.IsZero() && g.holdsWorker(reservation, b, now) {
		return nil
	}
	if reservation != nil {
		g.keepPlace(reservation, held.routeClass, now).awaited = held
		g.dispatch(now)
	}
	return g.parked(reservation, held.routeClass, "", 0)
}

// Check parks a reconciliation whose calls could not be made because the API is unavailable.
func (g *Limiter) Check(ctx context.Context, to RouteClass) error {
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
		g.keepPlace(reservation, to, g.now())
	}
	return g.parked(reservation, to, "", 0)
}

// holdsWorker reports whether a reconciliation holds a worker, takes one, or needs none.
func (g *Limiter) holdsWorker(reservation *Reservation, b *breaker, now time.Time) bool {
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

// IsResponsive reports whether the API of a class of calls answers promptly, as far as is known.
func (g *Limiter) IsResponsive(to RouteClass) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.breakers[to.api()].responsive(g.now())
}

// mayUseReserved reports whether a reconciliation may use a worker that is reserved for tenants that answer.
func (g *Limiter) mayUseReserved(reservation *Reservation, b *breaker, now time.Time) bool {
	return b.responsive(now) && g.held[reservation.workers] == 0
}

// mayHaveWorker reports whether a reconciliation has a worker, can get one, or needs none.
func (g *Limiter) mayHaveWorker(reservation *Reservation, b *breaker, now time.Time) bool {
	return reservation == nil || reservation.workers == nil || reservation.slot != nil || reservation.workers.has(g, g.mayUseReserved(reservation, b, now))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
