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
	// longestWait is how long a pass that has begun may hold its worker while it waits for the rate limit.
	longestWait = 5 * time.Second
	// mostCalled is how many passes are called back at once: as many as find a worker soon.
	mostCalled = 8
	// callLapses is when a pass that was called back and did not come loses its call to others: by then a worker was free, even
	// if all of them waited.
	callLapses = longestWait + time.Second
	// DefaultHeadroom is the share of each of Auth0's limits, in percent, that is left to others if nobody says.
	DefaultHeadroom = 10
)

// Governor keeps the calls to one tenant, of all kinds and for tokens, within Auth0's rate limits and within a cap of its
// own. It learns from the answers which limits there are, keeps step with them, and says whose turn it is. It holds calls back
// while the tenant is unavailable, and keeps the tenant from holding all workers. It outlives the sessions of its tenant: a
// changed credential does not refill Auth0's buckets.
type Governor struct {
	tenant  string
	metrics *Metrics

	mu sync.Mutex
	// plan is the one whose limits the answers tell of; nil if they tell of none, or of such that no plan has.
	plan *plan
	// seen are the sizes of the buckets that answers told of.
	seen    map[class]int
	buckets map[string]*bucket
	drawn   map[class][]*bucket
	// limit is the cap, nil if there is none.
	limit *bucket
	// headroom is the share of each bucket that is left to others.
	headroom float64

	line *line
	// places holds those who ended their pass to be called back, by the key of their turn, and called those who were.
	places map[any]*waiter
	called map[*waiter]time.Time
	timer  *time.Timer

	// breakers are those of the tenant's APIs.
	breakers [apis]breaker
	// held counts the workers that passes of the tenant hold, or were promised.
	held map[*Workers]int
	// probe makes a call to find out whether an API answers, nil without credentials.
	probe       prober
	probeTimer  *time.Timer
	probing     bool
	cancelProbe context.CancelFunc
	// probed is when the last probe began, nextProbe when the next may, and probedFirst what the last one called first.
	probed, nextProbe time.Time
	probedFirst       api
	// recovered is closed when the tenant is available again, and another takes its place.
	recovered chan struct{}
	// gone reports whether the tenant is served no more.
	gone bool

	// pooled holds, by key, which governor of a pool has the place of an object; nil without a pool.
	pooled *sync.Map

	// changed is called when the budget is another than was told, or the tenant becomes unavailable or available; telling that it
	// will be for the budget.
	changed func()
	told    budget
	telling bool
}

// permit is the leave to make one call.
type permit struct {
	class   class
	turn    *Turn
	buckets []*bucket
	since   time.Time
	// timeout is how long the call may take.
	timeout time.Duration
	// probe marks a call of a probe.
	probe bool
	// answered are the counts of answers of the buckets at that time.
	answered []int
}

// NewGovernor returns a Governor without a cap, which knows nothing of the limits yet. metrics may be nil.
func NewGovernor(tenant string, metrics *Metrics) *Governor {
	return &Governor{
		tenant: tenant, metrics: metrics, headroom: DefaultHeadroom / 100.0,
		seen: map[class]int{}, buckets: map[string]*bucket{}, drawn: map[class][]*bucket{},
		line: newLine(), places: map[any]*waiter{}, called: map[*waiter]time.Time{},
		held: map[*Workers]int{}, recovered: make(chan struct{}),
	}
}

// SetCap limits the calls to requestsPerSecond on average and burst at once; 0 requests per second means no cap.
func (g *Governor) SetCap(requestsPerSecond, burst int32) {
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
	clear(g.drawn)
	g.dispatch(time.Now())
}

// SetHeadroom sets the share of each of Auth0's limits, in percent, that is left to others.
func (g *Governor) SetHeadroom(percent int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.headroom = float64(percent) / 100
	g.dispatch(time.Now())
}

// acquire returns when a call may be made. A pass whose first call would have to wait gets an *Error of ClassRateLimited, or of
// ClassCircuitOpen, at once, keeps its place, and is called back. One that has begun waits here, unless that takes too long.
func (g *Governor) acquire(ctx context.Context, to class, route string) (*permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isProbe(ctx) {
		return g.probePermit(to), nil
	}
	w, granted, parked := g.ask(ctx, to, route, time.Now())
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
	case w.gone:
		return nil, errLetGo
	case w.refused:
		return nil, g.park(ctx, to, route)
	}
	// A 429 keeps a place for it.
	w.permit.turn = TurnOf(ctx)
	return w.permit, nil
}

// errLetGo ends the calls to a tenant that is no longer ours.
var errLetGo = fmt.Errorf("the tenant is not served any more: %w", context.Canceled)

func rateLimited(route string, wait time.Duration) *Error {
	return &Error{Class: ClassRateLimited, Route: route, After: max(wait, time.Second), Message: "waiting for Auth0's rate limit"}
}

// ask puts a call in line. It returns the permit if there is one at once, or says what the call waits for if that may take too
// long: then its turn is called back, if it has one. Else the waiter waits at ready. Whether it got its permit meanwhile is for
// the lock to know.
func (g *Governor) ask(ctx context.Context, to class, route string, now time.Time) (*waiter, *permit, *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	turn := TurnOf(ctx)
	w := g.takePosition(turn, to, laneOf(ctx), now)
	if w.permit == nil {
		w.asking = true
		g.dispatch(now)
		w.asking = false
	}
	if w.permit != nil {
		g.begin(turn, w, now)
		return w, w.permit, nil
	}
	wait := g.estimate(w, now)
	switch {
	case w.ready == nil:
		return w, nil, g.parked(turn, to, route, wait)
	case g.tooLong(ctx, turn, to, wait, now):
		g.line.leave(w)
		w.ready = nil
		if turn != nil {
			g.keepPlace(turn, to, now)
		}
		g.schedule(now)
		return w, nil, g.parked(turn, to, route, wait)
	}
	return w, nil, nil
}

// park keeps a place for a call that waited in vain.
func (g *Governor) park(ctx context.Context, to class, route string) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	turn, now := TurnOf(ctx), time.Now()
	if turn != nil {
		g.keepPlace(turn, to, now)
	}
	g.dispatch(now)
	return g.parked(turn, to, route, 0)
}

// takePosition finds the waiter for a call, or makes one.
func (g *Governor) takePosition(turn *Turn, to class, lane Lane, now time.Time) *waiter {
	if turn == nil {
		return g.join(&waiter{class: to, lane: lane, since: now, ready: make(chan struct{})})
	}
	turn.governor = g
	place := g.places[turn.key]
	if place != nil && place.permit != nil {
		// A turn that was called back may use what it was called for, and has begun in any case.
		turn.begun = true
		turn.takeSeatOf(place)
		if place.class == to {
			return place
		}
	}
	if turn.begun {
		return g.join(&waiter{class: to, lane: laneBegun, since: now, ready: make(chan struct{})})
	}
	return g.keepPlace(turn, to, now)
}

// keepPlace returns the place of a turn in the line, at least as good as it was.
func (g *Governor) keepPlace(turn *Turn, to class, now time.Time) *waiter {
	place := g.places[turn.key]
	switch {
	case place != nil && place.permit != nil:
		g.forget(turn.key)
		place = nil
	case place != nil && (place.class != to || turn.lane < place.lane):
		g.line.leave(place)
		place.class, place.lane = to, min(turn.lane, place.lane)
		g.join(place)
	}
	if place == nil {
		place = g.join(&waiter{class: to, lane: turn.lane, since: now})
		g.addPlace(turn.key, place)
	}
	place.turn, place.behind, turn.governor = turn, nil, g
	return place
}

func (g *Governor) addPlace(key any, place *waiter) {
	g.places[key] = place
	if g.pooled == nil {
		return
	}
	if before, had := g.pooled.Swap(key, g); had && before != g {
		// The object has another tenant now. The other governor may be waiting for this one's lock.
		go before.(*Governor).Forget(key)
	}
}

func (g *Governor) dropPlace(key any) {
	delete(g.places, key)
	if g.pooled != nil {
		g.pooled.CompareAndDelete(key, g)
	}
}

func (g *Governor) join(w *waiter) *waiter {
	g.line.join(w)
	return w
}

// begin hands a permit over.
func (g *Governor) begin(turn *Turn, w *waiter, now time.Time) {
	w.permit.since, w.permit.turn = now, turn
	if turn == nil {
		return
	}
	turn.begun = true
	turn.takeSeatOf(w)
	if g.places[turn.key] == w {
		g.dropPlace(turn.key)
		delete(g.called, w)
		g.dispatch(now)
	}
}

// tooLong reports whether a call does not wait where it is made. A pass does not hold its worker while others are to find out
// whether the tenant answers, and nobody waits for one that is unavailable.
func (g *Governor) tooLong(ctx context.Context, turn *Turn, to class, wait time.Duration, now time.Time) bool {
	b := &g.breakers[to.api()]
	if !b.since.IsZero() || turn != nil && !b.trusted() {
		return true
	}
	deadline, bounded := ctx.Deadline()
	return turn != nil && wait > longestWait || bounded && deadline.Sub(now) < wait
}

// giveUp ends a wait that its context ended.
func (g *Governor) giveUp(ctx context.Context, w *waiter, route string) (*permit, error) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.line.leave(w)
	if w.permit != nil {
		g.giveBack(w.permit)
	}
	defer g.dispatch(now)
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, ctx.Err()
	}
	turn := TurnOf(ctx)
	if turn != nil {
		g.keepPlace(turn, w.class, now)
	}
	return nil, g.parked(turn, w.class, route, g.estimate(w, now))
}

// end sees to what a turn leaves behind: its place stays if this turn asked for it, and what it was called for and did not
// use goes back.
func (g *Governor) end(turn *Turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place := g.places[turn.key]; place != nil && place.turn != turn {
		g.forget(turn.key)
		g.dispatch(time.Now())
	}
}

// Waiting is how many calls wait, or have waited and are about to be made.
func (g *Governor) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.line.length() + len(g.called)
}

// WaitingIn is Waiting of the calls that are at least as urgent as a lane.
func (g *Governor) WaitingIn(lane Lane) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.line.ahead(lane, func(class) bool { return true })
	for w := range g.called {
		if w.lane <= lane {
			waiting++
		}
	}
	return waiting
}

// waits tells for how long there has been a place in the line for the object with this key.
func (g *Governor) waits(key any, now time.Time) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	place := g.places[key]
	if place == nil {
		return 0, false
	}
	return now.Sub(place.since), true
}

// Forget drops the place of an object that is gone.
func (g *Governor) Forget(key any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.places[key] != nil {
		g.forget(key)
		g.dispatch(time.Now())
	}
}

func (g *Governor) forget(key any) {
	place := g.places[key]
	g.line.leave(place)
	g.dropPlace(key)
	delete(g.called, place)
	place.seat.release()
	place.seat = nil
	if place.permit != nil {
		g.giveBack(place.permit)
		place.permit = nil
	}
}

// letGo ends every wait: the tenant is not ours any more. Passes that were to be called back are, and find that out.
func (g *Governor) letGo() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gone {
		g.gone = true
		close(g.recovered)
	}
	if g.cancelProbe != nil {
		g.cancelProbe()
	}
	g.scheduleProbe(time.Now())
	for _, queues := range g.line.queues {
		for lane := range queues {
			for at := queues[lane].Front(); at != nil; at = queues[lane].Front() {
				w := at.Value.(*waiter)
				g.line.leave(w)
				if w.ready != nil {
					w.gone = true
					close(w.ready)
				}
			}
		}
	}
	for key, place := range g.places {
		g.forget(key)
		place.turn.wake()
	}
}

// dispatch lets everybody through whose turn it is, and sees to it that it is called again in time.
func (g *Governor) dispatch(now time.Time) {
	for w, at := range g.called {
		if now.Sub(at) >= callLapses {
			g.forget(w.turn.key)
		}
	}
	for {
		if w := g.choose(now); w == nil || !g.grant(w, now) {
			break
		}
	}
	g.schedule(now)
	g.tell()
}

func (g *Governor) choose(now time.Time) *waiter {
	return g.line.choose(func(w *waiter) bool {
		at, known := g.opens(w, now)
		return known && !at.After(now)
	})
}

// opens returns when a call may be let through, false if something else has to happen first.
func (g *Governor) opens(w *waiter, now time.Time) (time.Time, bool) {
	opens, b := now, &g.breakers[w.class.api()]
	if !b.lets() || w.behind.isHeld() || w.ready == nil && !g.mayHaveWorker(w.turn, b, now) {
		return now, false
	}
	calledBack := w.ready == nil && !w.asking
	if calledBack && len(g.called) >= mostCalled {
		return now, false
	}
	for _, b := range g.bucketsOf(w.class, now) {
		at, known := b.opens(now, g.reserve(b))
		if !known || calledBack && g.isPromised(b) {
			return now, false
		}
		opens = later(opens, at)
	}
	return opens, true
}

// isPromised tells whether passes that were called back and have not come hold all tokens of a bucket but one. That one is
// for passes that have begun: they hold workers, which those need to come.
func (g *Governor) isPromised(b *bucket) bool {
	var promised int
	for w := range g.called {
		if slices.Contains(w.permit.buckets, b) {
			promised++
		}
	}
	return promised > 0 && promised >= b.burst-1 && b.known == counted && !b.own
}

func (g *Governor) reserve(b *bucket) float64 {
	if b.own {
		return 0
	}
	return g.headroom * float64(b.burst)
}

// grant lets a call be made. It reports false if the worker that it takes went to another tenant just now.
func (g *Governor) grant(w *waiter, now time.Time) bool {
	if w.ready == nil && w.turn.workers != nil && w.turn.seat == nil {
		taken, ok := g.takeSeat(w.turn, g.mayUseReserved(w.turn, &g.breakers[w.class.api()], now))
		if !ok {
			return false
		}
		w.seat = taken
	}
	g.line.leave(w)
	w.permit = g.let(w.class, now)
	g.metrics.waited(g.tenant, w.lane, now.Sub(w.since))
	switch {
	case w.ready != nil:
		close(w.ready)
	case !w.asking:
		g.called[w] = now
		w.turn.wake()
	}
	return true
}

// let draws a call from the buckets.
func (g *Governor) let(to class, now time.Time) *permit {
	breaker := &g.breakers[to.api()]
	p := &permit{class: to, buckets: g.bucketsOf(to, now), since: now, timeout: breaker.timeout()}
	breaker.begin(now)
	for _, b := range p.buckets {
		p.answered = append(p.answered, b.answered)
		b.take(now)
	}
	return p
}

func (g *Governor) giveBack(p *permit) {
	g.breakers[p.class.api()].end()
	for _, b := range p.buckets {
		b.giveBack()
	}
}

// unused takes a permit back whose call was not made.
func (g *Governor) unused(p *permit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.giveBack(p)
	g.dispatch(time.Now())
}

// schedule has dispatch called when the next of those who wait may go.
func (g *Governor) schedule(now time.Time) {
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
	for _, queues := range g.line.queues {
		for lane := range queues {
			if head := queues[lane].Front(); head != nil {
				if at, known := g.opens(head.Value.(*waiter), now); known {
					consider(at)
				}
			}
		}
	}
	for _, at := range g.called {
		consider(at.Add(callLapses))
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

// estimate says about how long a waiter has to wait, from what is known of the pace and of those ahead.
func (g *Governor) estimate(w *waiter, now time.Time) time.Duration {
	var longest time.Duration
	for _, b := range g.bucketsOf(w.class, now) {
		at, _ := b.opens(now, g.reserve(b))
		wait := at.Sub(now)
		if pace := b.pace(); b.known == counted && pace > 0 {
			ahead := g.line.ahead(w.lane, func(of class) bool { return slices.Contains(g.bucketsOf(of, now), b) })
			wait += time.Duration(float64(max(ahead-1, 0)) / pace * float64(time.Second))
		}
		longest = max(longest, wait)
	}
	return longest
}
