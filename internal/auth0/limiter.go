package auth0

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
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

// RateLimiter keeps the calls to one tenant, of all kinds and for tokens, within Auth0's rate limits and within a cap. It learns
// the limits from the responses, follows their buckets, and decides whose call is next. It holds calls back while the tenant is
// unavailable, and prevents the tenant from holding all workers. It outlives the sessions of its tenant, because a new credential
// does not refill Auth0's buckets.
type RateLimiter struct {
	tenant  string
	metrics *Metrics

	mu sync.Mutex
	// subscription is the plan whose limits the responses report; nil if they report none, or limits that no plan has.
	subscription *subscription
	// seen are the sizes of the buckets in responses.
	seen    map[routeClass]int
	buckets map[string]*bucket
	charged map[routeClass][]*bucket
	// limit is the cap, nil if there is none.
	limit *bucket
	// headroom is the share of each bucket that the operator leaves to others.
	headroom float64

	queue *queue
	// places contains the ended reconciliations that wait to be called back, by the key of their reservation. called contains those
	// that were called back.
	places map[any]*waiter
	called map[*waiter]time.Time
	timer  *time.Timer

	// breakers are those of the tenant's APIs.
	breakers [apis]breaker
	// held counts the workers that reconciliations of the tenant hold, or were promised.
	held map[*Workers]int
	// probe makes a call to find out whether an API answers, nil without credentials.
	probe       prober
	probeTimer  *time.Timer
	probing     bool
	cancelProbe context.CancelFunc
	// probed is when the last probe began, nextProbe when the next may, and probedFirst what the last one called first.
	probed, nextProbe time.Time
	probedFirst       api
	// recovered is closed and replaced when the tenant is available again.
	recovered chan struct{}
	// released reports whether the operator no longer serves the tenant.
	released bool

	// pooled holds, by key, which rate limiter of a pool has the place of an object; nil without a pool.
	pooled *sync.Map

	// changed is called when the budget differs from the reported one, or when the tenant becomes unavailable or available. reporting
	// is true while a call for the budget is scheduled.
	changed   func()
	reported  budget
	reporting bool
}

// permit allows one call.
type permit struct {
	routeClass  routeClass
	reservation *Reservation
	buckets     []*bucket
	since       time.Time
	// timeout is how long the call may take.
	timeout time.Duration
	// probe marks a call of a probe.
	probe bool
	// answered are the counts of answers of the buckets at that time.
	answered []int
}

// NewRateLimiter returns a RateLimiter without a cap that does not know the limits yet. metrics may be nil.
func NewRateLimiter(tenant string, metrics *Metrics) *RateLimiter {
	return &RateLimiter{
		tenant: tenant, metrics: metrics, headroom: DefaultHeadroom / 100.0,
		seen: map[routeClass]int{}, buckets: map[string]*bucket{}, charged: map[routeClass][]*bucket{},
		queue: newQueue(), places: map[any]*waiter{}, called: map[*waiter]time.Time{},
		held: map[*Workers]int{}, recovered: make(chan struct{}),
	}
}

// SetCap limits the calls to requestsPerSecond on average and burst at once; 0 requests per second means no cap.
func (g *RateLimiter) SetCap(requestsPerSecond, burst int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	size := perSecond(int(max(burst, 1)), float64(requestsPerSecond))
	switch {
	case requestsPerSecond <= 0:
		g.limit = nil
	case g.limit == nil:
		g.limit = newBucket("spec.rateLimit", size, counted, time.Now())
		g.limit.own = true
	default:
		g.limit.allowance = size
	}
	clear(g.charged)
	g.dispatch(time.Now())
}

// SetHeadroom sets the share of each of Auth0's limits, in percent, that the operator leaves to others.
func (g *RateLimiter) SetHeadroom(percent int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.headroom = float64(percent) / 100
	g.dispatch(time.Now())
}

// acquire returns when a call may be made. If the first call of a reconciliation would have to wait, it returns an *Error of
// ClassRateLimited or ClassCircuitOpen at once, keeps the reservation, and requeues the object later. A reconciliation that has
// begun waits here, unless that takes too long.
func (g *RateLimiter) acquire(ctx context.Context, to routeClass, route string) (*permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isProbe(ctx) {
		return g.probePermit(to), nil
	}
	w, granted, parked := g.enqueue(ctx, to, route, time.Now())
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
		return nil, errReleased
	case w.refused:
		return nil, g.park(ctx, to, route)
	}
	// A 429 keeps a place for it.
	w.permit.reservation = ReservationOf(ctx)
	return w.permit, nil
}

// errReleased ends the calls to a tenant that the operator no longer serves.
var errReleased = fmt.Errorf("the tenant is not served any more: %w", context.Canceled)

func rateLimited(route string, wait time.Duration) *Error {
	return &Error{Class: ClassRateLimited, Route: route, After: max(wait, time.Second), Message: "waiting for Auth0's rate limit"}
}

// enqueue adds a call to the queue. It returns a permit if one is available at once. If the wait may be too long, it returns its
// cause, and the reservation, if there is one, is called back. Otherwise the caller waits for the waiter's ready. Only the holder
// of the lock knows whether it got its permit meanwhile.
func (g *RateLimiter) enqueue(ctx context.Context, to routeClass, route string, now time.Time) (*waiter, *permit, *Error) {
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
func (g *RateLimiter) park(ctx context.Context, to routeClass, route string) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	reservation, now := ReservationOf(ctx), time.Now()
	if reservation != nil {
		g.keepPlace(reservation, to, now)
	}
	g.dispatch(now)
	return g.parked(reservation, to, route, 0)
}

// takePlaceInQueue finds or creates the waiter for a call.
func (g *RateLimiter) takePlaceInQueue(reservation *Reservation, to routeClass, priority Priority, now time.Time) *waiter {
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
func (g *RateLimiter) keepPlace(reservation *Reservation, to routeClass, now time.Time) *waiter {
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

func (g *RateLimiter) addPlace(key any, place *waiter) {
	g.places[key] = place
	if g.pooled == nil {
		return
	}
	if before, had := g.pooled.Swap(key, g); had && before != g {
		// The object has another tenant now. The other rate limiter may be waiting for this one's lock.
		go before.(*RateLimiter).Forget(key)
	}
}

func (g *RateLimiter) dropPlace(key any) {
	delete(g.places, key)
	if g.pooled != nil {
		g.pooled.CompareAndDelete(key, g)
	}
}

func (g *RateLimiter) join(w *waiter) *waiter {
	g.queue.join(w)
	return w
}

// begin hands a permit over.
func (g *RateLimiter) begin(reservation *Reservation, w *waiter, now time.Time) {
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
func (g *RateLimiter) tooLong(ctx context.Context, reservation *Reservation, to routeClass, wait time.Duration, now time.Time) bool {
	b := &g.breakers[to.api()]
	if !b.since.IsZero() || reservation != nil && !b.trusted() {
		return true
	}
	deadline, bounded := ctx.Deadline()
	return reservation != nil && wait > longestWait || bounded && deadline.Sub(now) < wait
}

// giveUp ends a wait whose context is done.
func (g *RateLimiter) giveUp(ctx context.Context, w *waiter, route string) (*permit, error) {
	now := time.Now()
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
func (g *RateLimiter) end(reservation *Reservation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place := g.places[reservation.key]; place != nil && place.reservation != reservation {
		g.forget(reservation.key)
		g.dispatch(time.Now())
	}
}

// Waiting returns how many calls wait, or have waited and are about to be made.
func (g *RateLimiter) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.queue.length() + len(g.called)
}

// WaitingIn is Waiting for the calls that are at least as urgent as a priority.
func (g *RateLimiter) WaitingIn(priority Priority) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.queue.ahead(priority, func(routeClass) bool { return true })
	for w := range g.called {
		if w.priority <= priority {
			waiting++
		}
	}
	return waiting
}

// waits returns how long the object with this key has had a place in the queue.
func (g *RateLimiter) waits(key any, now time.Time) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	place := g.places[key]
	if place == nil {
		return 0, false
	}
	return now.Sub(place.since), true
}

// Forget drops the place of a deleted object.
func (g *RateLimiter) Forget(key any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.places[key] != nil {
		g.forget(key)
		g.dispatch(time.Now())
	}
}

func (g *RateLimiter) forget(key any) {
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
func (g *RateLimiter) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.released {
		g.released = true
		close(g.recovered)
	}
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	g.scheduleProbe(time.Now())
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
func (g *RateLimiter) dispatch(now time.Time) {
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

func (g *RateLimiter) choose(now time.Time) *waiter {
	return g.queue.choose(func(w *waiter) bool {
		at, known := g.opens(w, now)
		return known && !at.After(now)
	})
}

// opens returns when a call may be made, false if something else has to happen first.
func (g *RateLimiter) opens(w *waiter, now time.Time) (time.Time, bool) {
	opens, b := now, &g.breakers[w.routeClass.api()]
	if !b.lets() || w.awaited.isLocked() || w.ready == nil && !g.mayHaveWorker(w.reservation, b, now) {
		return now, false
	}
	calledBack := w.ready == nil && !w.isDispatched
	if calledBack && len(g.called) >= mostCalled {
		return now, false
	}
	for _, b := range g.bucketsOf(w.routeClass, now) {
		at, known := b.opens(now, g.reserve(b))
		if !known || calledBack && g.isPromised(b) {
			return now, false
		}
		opens = later(opens, at)
	}
	return opens, true
}

// isPromised reports whether reconciliations that were called back hold all tokens of a bucket but one. The last token is for
// reconciliations that have begun, because the others need their workers.
func (g *RateLimiter) isPromised(b *bucket) bool {
	var promised int
	for w := range g.called {
		if slices.Contains(w.permit.buckets, b) {
			promised++
		}
	}
	return promised > 0 && promised >= b.burst-1 && b.known == counted && !b.own
}

func (g *RateLimiter) reserve(b *bucket) float64 {
	if b.own {
		return 0
	}
	return g.headroom * float64(b.burst)
}

// grant allows a call. It returns false if its worker went to another tenant just now.
func (g *RateLimiter) grant(w *waiter, now time.Time) bool {
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
func (g *RateLimiter) let(to routeClass, now time.Time) *permit {
	breaker := &g.breakers[to.api()]
	p := &permit{routeClass: to, buckets: g.bucketsOf(to, now), since: now, timeout: breaker.timeout()}
	breaker.begin(now)
	for _, b := range p.buckets {
		p.answered = append(p.answered, b.answered)
		b.take(now)
	}
	return p
}

func (g *RateLimiter) giveBack(p *permit) {
	g.breakers[p.routeClass.api()].end()
	for _, b := range p.buckets {
		b.giveBack()
	}
}

// unused takes back a permit whose call was not made.
func (g *RateLimiter) unused(p *permit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.giveBack(p)
	g.dispatch(time.Now())
}

// schedule runs dispatch when the next waiter may go.
func (g *RateLimiter) schedule(now time.Time) {
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
	g.timer = time.AfterFunc(max(next.Sub(now), time.Millisecond), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.dispatch(time.Now())
	})
}

// estimate returns about how long a waiter has to wait, by the known rate and the waiters ahead of it.
func (g *RateLimiter) estimate(w *waiter, now time.Time) time.Duration {
	var longest time.Duration
	for _, b := range g.bucketsOf(w.routeClass, now) {
		at, _ := b.opens(now, g.reserve(b))
		wait := at.Sub(now)
		if pace := b.pace(); b.known == counted && pace > 0 {
			ahead := g.queue.ahead(w.priority, func(of routeClass) bool { return slices.Contains(g.bucketsOf(of, now), b) })
			wait += time.Duration(float64(max(ahead-1, 0)) / pace * float64(time.Second))
		}
		longest = max(longest, wait)
	}
	return longest
}
