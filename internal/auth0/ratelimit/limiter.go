package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// longestWait is how long a reconciliation may hold its worker while it waits for the rate limit.
	longestWait = 5 * time.Second
	// mostCalled is how many reconciliations are called back at once: as many as get a worker soon.
	mostCalled = 8
	// reservationTimeout is when a reconciliation that was called back and made no call loses its permit. By then a worker was free,
	// even if all of them waited.
	reservationTimeout = longestWait + time.Second
	// DefaultHeadroom is the default share of each of Auth0's limits, in percent, that the operator leaves to others.
	DefaultHeadroom = 10
)

// Limiter keeps the calls to one tenant, of all kinds and for tokens, within Auth0's rate limits and within a cap. It learns
// the limits from the responses, follows their buckets, and decides whose call is next. It holds calls back while the tenant is
// unavailable, and prevents the tenant from holding all workers. It outlives the sessions of its tenant, because a new credential
// does not refill Auth0's buckets.
type Limiter struct {
	tenant string
	// limiters are those of all tenants, of which this is one.
	limiters *Limiters
	metrics  *Metrics

	mu sync.Mutex
	// subscription is the plan whose limits the responses report; nil if they report none, or limits that no plan has.
	subscription *subscription
	// seen are the sizes of the buckets in responses.
	seen    map[RouteClass]int
	buckets map[string]*bucket
	charged map[RouteClass][]*bucket
	// inFlight are the permits of the calls that are about to be made, or not answered yet. answered counts the calls that were.
	inFlight map[*Permit]bool
	answered int
	// limit is the cap, nil if there is none.
	limit *bucket
	// headroom is the share of each bucket that the operator leaves to others.
	headroom float64

	queue *queue
	// places contains the ended reconciliations that wait to be called back, by the key of their reservation. called contains those
	// that were called back.
	places map[any]*waiter
	called map[*waiter]time.Time
	timer  clock.Timer

	// breakers are those of the tenant's APIs.
	breakers [apis]breaker
	// held counts the workers that reconciliations of the tenant hold, or were promised.
	held map[*Workers]int
	// probe makes a call to find out whether an API answers, nil without credentials.
	probe       Prober
	probeTimer  clock.Timer
	probing     bool
	cancelProbe context.CancelFunc
	// probed is when the last probe began, nextProbe when the next may, and probedFirst what the last one called first.
	probed, nextProbe time.Time
	probedFirst       API
	// recovered is closed and replaced when the tenant is available again.
	recovered chan struct{}
	// released reports whether the operator no longer serves the tenant.
	released bool

	// reported is the budget that was reported last. reporting is true while the next report is scheduled.
	reported  budget
	reporting bool
}

// Permit allows one call.
type Permit struct {
	routeClass  RouteClass
	reservation *Reservation
	buckets     []*bucket
	since       time.Time
	// Timeout is how long the call may take.
	Timeout time.Duration
	// probe marks a call of a probe.
	probe bool
	// answered are the counts of answers of the buckets at that time, allAnswered the one of the tenant.
	answered    []int
	allAnswered int
}

// newLimiter returns a Limiter without a cap that does not know the limits yet.
func newLimiter(tenant string, limiters *Limiters) *Limiter {
	return &Limiter{
		tenant: tenant, limiters: limiters, metrics: limiters.metrics, headroom: DefaultHeadroom / 100.0,
		seen: map[RouteClass]int{}, buckets: map[string]*bucket{}, charged: map[RouteClass][]*bucket{},
		inFlight: map[*Permit]bool{}, queue: newQueue(), places: map[any]*waiter{}, called: map[*waiter]time.Time{},
		held: map[*Workers]int{}, recovered: make(chan struct{}),
	}
}

// SetCap limits the calls to requestsPerSecond on average and burst at once; 0 requests per second means no cap.
func (g *Limiter) SetCap(requestsPerSecond, burst int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	size := perSecond(int(max(burst, 1)), float64(requestsPerSecond))
	switch {
	case requestsPerSecond <= 0:
		g.limit = nil
	case g.limit == nil:
		g.limit = newBucket("spec.rateLimit", size, counted, g.now())
		g.limit.own = true
	default:
		g.limit.allowance = size
	}
	clear(g.charged)
	g.dispatch(g.now())
}

// SetHeadroom sets the share of each of Auth0's limits, in percent, that the operator leaves to others.
func (g *Limiter) SetHeadroom(percent int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.headroom = float64(percent) / 100
	g.dispatch(g.now())
}

// Acquire returns when a call may be made. If the first call of a reconciliation would have to wait, it returns a *Wait at
// once, keeps the reservation, and requeues the object later. A reconciliation that has
// begun waits here, unless that takes too long.
func (g *Limiter) Acquire(ctx context.Context, to RouteClass, route string) (*Permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isProbe(ctx) {
		return g.probePermit(to), nil
	}
	w, granted, parked := g.enqueue(ctx, to, route, g.now())
	switch {
	case granted != nil:
		return granted, nil
	case parked != nil:
		return nil, parked
	}
	select {
	case <-w.ready:
	case <-ctx.Done():
		return g.giveUp(ctx, w, route)
	}
	switch {
	case w.released:
		return nil, ErrReleased
	case w.refused:
		return nil, g.park(ctx, to, route)
	}
	// A 429 keeps a place for it.
	w.permit.reservation = ReservationOf(ctx)
	return w.permit, nil
}

// ErrReleased ends the calls to a tenant that the operator no longer serves.
var ErrReleased = fmt.Errorf("the tenant is not served any more: %w", context.Canceled)

// enqueue adds a call to the queue. It returns a permit if one is available at once. If the wait may be too long, it returns its
// cause, and the reservation, if there is one, is called back. Otherwise the caller waits for the waiter's ready. Only the holder
// of the lock knows whether it got its permit meanwhile.
func (g *Limiter) enqueue(ctx context.Context, to RouteClass, route string, now time.Time) (*waiter, *Permit, *Wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	reservation := ReservationOf(ctx)
	w := g.takePlaceInQueue(reservation, to, priorityOf(ctx), now)
	if w.permit == nil {
		w.isDispatched = true
		g.dispatch(now)
		w.isDispatched = false
	}
	if w.permit != nil {
		g.begin(reservation, w, now)
		return w, w.permit, nil
	}
	wait := g.estimate(w, now)
	switch {
	case w.ready == nil:
		return w, nil, g.parked(reservation, to, route, wait)
	case g.tooLong(ctx, reservation, to, wait, now):
		g.queue.leave(w)
		w.ready = nil
		if reservation != nil {
			g.keepPlace(reservation, to, now)
		}
		g.schedule(now)
		return w, nil, g.parked(reservation, to, route, wait)
	}
	return w, nil, nil
}

// park keeps the place of a call that gave up waiting.
func (g *Limiter) park(ctx context.Context, to RouteClass, route string) *Wait {
	g.mu.Lock()
	defer g.mu.Unlock()
	reservation, now := ReservationOf(ctx), g.now()
	if reservation != nil {
		g.keepPlace(reservation, to, now)
	}
	g.dispatch(now)
	return g.parked(reservation, to, route, 0)
}

// takePlaceInQueue finds or creates the waiter for a call.
func (g *Limiter) takePlaceInQueue(reservation *Reservation, to RouteClass, priority Priority, now time.Time) *waiter {
	if reservation == nil {
		return g.join(&waiter{routeClass: to, priority: priority, since: now, ready: make(chan struct{})})
	}
	reservation.limiter = g
	place := g.places[reservation.key]
	if place != nil && place.permit != nil {
		// A reservation that was called back may use what it was called for, and has begun in any case.
		reservation.begun = true
		reservation.takeWorkerOf(place)
		if place.routeClass == to {
			return place
		}
	}
	if reservation.begun {
		return g.join(&waiter{routeClass: to, priority: priorityBegun, since: now, ready: make(chan struct{})})
	}
	return g.keepPlace(reservation, to, now)
}

// keepPlace returns the place of a reservation in the queue, which never gets worse.
func (g *Limiter) keepPlace(reservation *Reservation, to RouteClass, now time.Time) *waiter {
	place := g.places[reservation.key]
	switch {
	case place != nil && place.permit != nil:
		g.forget(reservation.key)
		place = nil
	case place != nil && (place.routeClass != to || reservation.priority < place.priority):
		g.queue.leave(place)
		place.routeClass, place.priority = to, min(reservation.priority, place.priority)
		g.join(place)
	}
	if place == nil {
		place = g.join(&waiter{routeClass: to, priority: reservation.priority, since: now})
		g.addPlace(reservation.key, place)
	}
	place.reservation, place.awaited, reservation.limiter = reservation, nil, g
	return place
}

func (g *Limiter) addPlace(key any, place *waiter) {
	g.places[key] = place
	if before, had := g.limiters.places.Swap(key, g); had && before != g {
		// The object has another tenant now. The other rate limiter may be waiting for this one's lock.
		g.limiters.background.start(func() { before.(*Limiter).forgetPlace(key) })
	}
}

func (g *Limiter) dropPlace(key any) {
	delete(g.places, key)
	g.limiters.places.CompareAndDelete(key, g)
}

func (g *Limiter) join(w *waiter) *waiter {
	g.queue.join(w)
	return w
}

// begin hands a permit over.
func (g *Limiter) begin(reservation *Reservation, w *waiter, now time.Time) {
	w.permit.since, w.permit.reservation = now, reservation
	if reservation == nil {
		return
	}
	reservation.begun = true
	reservation.takeWorkerOf(w)
	if g.places[reservation.key] == w {
		g.dropPlace(reservation.key)
		delete(g.called, w)
		g.dispatch(now)
	}
}

// tooLong reports whether a call must not wait in its worker. A reconciliation does not hold its worker while a probe is running,
// and does not wait for an unavailable tenant.
func (g *Limiter) tooLong(ctx context.Context, reservation *Reservation, to RouteClass, wait time.Duration, now time.Time) bool {
	b := &g.breakers[to.api()]
	if !b.since.IsZero() || reservation != nil && !b.trusted() {
		return true
	}
	deadline, bounded := ctx.Deadline()
	return reservation != nil && wait > longestWait || bounded && deadline.Sub(now) < wait
}

// giveUp ends a wait whose context is done.
func (g *Limiter) giveUp(ctx context.Context, w *waiter, route string) (*Permit, error) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue.leave(w)
	if w.permit != nil {
		g.giveBack(w.permit)
	}
	defer g.dispatch(now)
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, ctx.Err()
	}
	reservation := ReservationOf(ctx)
	if reservation != nil {
		g.keepPlace(reservation, w.routeClass, now)
	}
	return nil, g.parked(reservation, w.routeClass, route, g.estimate(w, now))
}

// end cleans up after a reservation: its place stays if the reservation asked for it, and an unused permit is returned.
func (g *Limiter) end(reservation *Reservation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place := g.places[reservation.key]; place != nil && place.reservation != reservation {
		g.forget(reservation.key)
		g.dispatch(g.now())
	}
}

// Waiting returns how many calls wait, or have waited and are about to be made.
func (g *Limiter) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue.length() + len(g.called)
}

// WaitingIn is Waiting for the calls that are at least as urgent as a priority.
func (g *Limiter) WaitingIn(priority Priority) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.queue.ahead(priority, func(RouteClass) bool { return true })
	for w := range g.called {
		if w.priority <= priority {
			waiting++
		}
	}
	return waiting
}

// waits returns how long the object with this key has had a place in the queue.
func (g *Limiter) waits(key any, now time.Time) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	place := g.places[key]
	if place == nil {
		return 0, false
	}
	return now.Sub(place.since), true
}

// forgetPlace drops the place of an object.
func (g *Limiter) forgetPlace(key any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.places[key] != nil {
		g.forget(key)
		g.dispatch(g.now())
	}
}

func (g *Limiter) forget(key any) {
	place := g.places[key]
	g.queue.leave(place)
	g.dropPlace(key)
	delete(g.called, place)
	place.slot.releaseLocked()
	place.slot = nil
	if place.permit != nil {
		g.giveBack(place.permit)
		place.permit = nil
	}
}

// release ends every wait, because the operator no longer serves the tenant. It calls back the reconciliations that wait, which
// then find that out.
func (g *Limiter) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.released {
		g.released = true
		close(g.recovered)
	}
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	g.scheduleProbe(g.now())
	for _, queues := range g.queue.queues {
		for priority := range queues {
			for at := queues[priority].Front(); at != nil; at = queues[priority].Front() {
				w := at.Value.(*waiter)
				g.queue.leave(w)
				if w.ready != nil {
					w.released = true
					close(w.ready)
				}
			}
		}
	}
	for key, place := range g.places {
		g.forget(key)
		place.reservation.wake()
	}
}

// dispatch grants every permit that is due, and schedules its next run.
func (g *Limiter) dispatch(now time.Time) {
	for w, at := range g.called {
		if now.Sub(at) >= reservationTimeout {
			g.forget(w.reservation.key)
		}
	}
	for {
		if w := g.choose(now); w == nil || !g.grant(w, now) {
			break
		}
	}
	g.schedule(now)
	g.reportBudget()
}

func (g *Limiter) choose(now time.Time) *waiter {
	return g.queue.choose(func(w *waiter) bool {
		at, known := g.opens(w, now)
		return known && !at.After(now)
	})
}

// opens returns when a call may be made, false if something else has to happen first.
func (g *Limiter) opens(w *waiter, now time.Time) (time.Time, bool) {
	opens, b := now, &g.breakers[w.routeClass.api()]
	if !b.lets() || w.awaited.isLocked() || w.ready == nil && !g.mayHaveWorker(w.reservation, b, now) {
		return now, false
	}
	calledBack := w.ready == nil && !w.isDispatched
	if calledBack && len(g.called) >= mostCalled {
		return now, false
	}
	for _, b := range g.bucketsOf(w.routeClass, now) {
		at, known := b.opens(now, g.kept(b))
		if !known || calledBack && g.isPromised(b) {
			return now, false
		}
		opens = later(opens, at)
	}
	return opens, true
}

// isPromised reports whether reconciliations that were called back hold all tokens of a bucket but one. The last token is for
// reconciliations that have begun, because the others need their workers.
func (g *Limiter) isPromised(b *bucket) bool {
	var promised int
	for w := range g.called {
		if slices.Contains(w.permit.buckets, b) {
			promised++
		}
	}
	return promised > 0 && promised >= b.burst-1 && b.known == counted && !b.own
}

// kept returns how many tokens of a bucket the operator leaves to others.
func (g *Limiter) kept(b *bucket) float64 {
	if b.own {
		return 0
	}
	return g.headroom * float64(b.burst)
}

// grant allows a call. It returns false if its worker went to another tenant just now.
func (g *Limiter) grant(w *waiter, now time.Time) bool {
	if w.ready == nil && w.reservation.workers != nil && w.reservation.slot == nil {
		taken, ok := g.takeWorker(w.reservation, g.mayUseReserved(w.reservation, &g.breakers[w.routeClass.api()], now))
		if !ok {
			return false
		}
		w.slot = taken
	}
	g.queue.leave(w)
	w.permit = g.let(w.routeClass, now)
	g.metrics.waited(g.tenant, w.priority, now.Sub(w.since))
	switch {
	case w.ready != nil:
		close(w.ready)
	case !w.isDispatched:
		g.called[w] = now
		w.reservation.wake()
	}
	return true
}

// let takes a token for the call from each bucket.
func (g *Limiter) let(to RouteClass, now time.Time) *Permit {
	breaker := &g.breakers[to.api()]
	p := &Permit{routeClass: to, buckets: g.bucketsOf(to, now), since: now, Timeout: breaker.timeout(), allAnswered: g.answered}
	breaker.begin(now)
	for _, b := range p.buckets {
		p.answered = append(p.answered, b.answered)
		b.take(now)
	}
	g.inFlight[p] = true
	return p
}

func (g *Limiter) giveBack(p *Permit) {
	delete(g.inFlight, p)
	g.breakers[p.routeClass.api()].end()
	for _, b := range p.buckets {
		b.giveBack()
	}
}

// Return takes back a permit whose call was not made.
func (g *Limiter) Return(p *Permit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.giveBack(p)
	g.dispatch(g.now())
}

// schedule runs dispatch when the next waiter may go.
func (g *Limiter) schedule(now time.Time) {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	var next time.Time
	consider := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, queues := range g.queue.queues {
		for priority := range queues {
			if head := queues[priority].Front(); head != nil {
				if at, known := g.opens(head.Value.(*waiter), now); known {
					consider(at)
				}
			}
		}
	}
	for _, at := range g.called {
		consider(at.Add(reservationTimeout))
	}
	if next.IsZero() {
		return
	}
	g.timer = g.limiters.after(max(next.Sub(now), time.Millisecond), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.dispatch(g.now())
	})
}

// estimate returns about how long a waiter has to wait, by the known rate and the waiters ahead of it.
func (g *Limiter) estimate(w *waiter, now time.Time) time.Duration {
	var longest time.Duration
	for _, b := range g.bucketsOf(w.routeClass, now) {
		at, _ := b.opens(now, g.kept(b))
		wait := at.Sub(now)
		if pace := b.pace(); b.known == counted && pace > 0 {
			ahead := g.queue.ahead(w.priority, func(of RouteClass) bool { return slices.Contains(g.bucketsOf(of, now), b) })
			wait += time.Duration(float64(max(ahead-1, 0)) / pace * float64(time.Second))
		}
		longest = max(longest, wait)
	}
	return longest
}

// Clock returns the clock of the rate limiters.
func (g *Limiter) Clock() clock.WithDelayedExecution { return g.limiters.clock }

func (g *Limiter) now() time.Time { return g.limiters.clock.Now() }
