package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Abandon ends a cancelled call, which does not show whether the tenant would have answered.
func (g *Limiter) Abandon(p *Permit, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endCall(p, now)
	g.breakers[p.routeClass.api()].end()
	g.dispatch(now)
}

// endCall ends a call that is in flight.
func (g *Limiter) endCall(p *Permit, now time.Time) {
	delete(g.inFlight, p)
	g.answered++
	for _, b := range p.buckets {
		b.answer(now)
	}
}

// Observe learns from a response, or from its absence. failed is nil after a call that succeeded.
func (g *Limiter) Observe(p *Permit, header http.Header, failed Failure, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge(p, failed, now)
	g.endCall(p, now)
	for _, b := range p.buckets {
		g.metrics.used(g.tenant, b.name)
	}
	reported, ok := limitsIn(header, now)
	refusal, refused := refusalIn(failed)
	switch {
	case refused:
		g.block(p, refusal, now)
	case p.routeClass.isManagement() && ok:
		g.update(p, reported, now)
	case failed == nil && header.Get(headerRemaining) == "":
		for _, b := range p.buckets {
			b.free()
		}
	}
	g.dispatch(now)
}

// update learns the limits, and how many tokens are left in the bucket that the response reports.
func (g *Limiter) update(p *Permit, reported limits, now time.Time) {
	if g.seen[p.routeClass] != reported.limit && (g.subscription == nil || p.routeClass != classReadUsersByEmail) {
		g.detectSubscription(p.routeClass, reported.limit, now)
	}
	var about *bucket
	for _, b := range g.bucketsOf(p.routeClass, now) {
		if !b.own && b.burst == reported.limit {
			about = b
		}
		if b.known != counted {
			// It let this call through, so that it was not empty.
			b.known, b.tokens, b.at = counted, 0, now
		}
	}
	if about != nil {
		about.update(reported.remaining, p.since, g.between(p, about), reported.reset, now)
	}
}

// between counts the other responses of a bucket since an answered call was permitted. For a bucket that the call was not known
// to use, these are at most the responses of the tenant.
func (g *Limiter) between(p *Permit, b *bucket) int {
	for i, charged := range p.buckets {
		if charged == b {
			return b.answered - p.answered[i] - 1
		}
	}
	return g.answered - p.allAnswered - 1
}

// detectSubscription finds the plan that has buckets of the observed sizes. If the tenant moved to another plan, earlier
// observations no longer count. A size that no plan has does not contradict a known plan.
func (g *Limiter) detectSubscription(of RouteClass, burst int, now time.Time) {
	seen := map[RouteClass]int{of: burst}
	for other, size := range g.seen {
		if other != of {
			seen[other] = size
		}
	}
	found := subscriptionFor(seen)
	if found == nil {
		if found = subscriptionFor(map[RouteClass]int{of: burst}); found != nil {
			seen = map[RouteClass]int{of: burst}
		}
	}
	if found == nil && g.subscription != nil {
		return
	}
	g.seen = seen
	if found != g.subscription || found == nil {
		g.subscription = found
		g.moveCallsInFlight(now)
	}
}

// block holds calls back after a 429, and keeps a place for the reconciliation that got it.
func (g *Limiter) block(p *Permit, refusal Refusal, now time.Time) {
	charged := g.bucketsOf(p.routeClass, now)
	blocked := charged[len(charged)-1]
	if isOfWholeAPI := strings.HasPrefix(refusal.Message, "Global limit"); isOfWholeAPI && charged[0].own && len(charged) > 1 {
		blocked = charged[1]
	} else if isOfWholeAPI {
		blocked = charged[0]
	}
	blocked.block(now.Add(refusal.After), now)
	if p.reservation != nil {
		g.keepPlace(p.reservation, p.routeClass, now)
	}
}

// LongestBlock bounds how long an answer can delay calls. The answer may come from a proxy in front of Auth0, or be wrong; one
// more call, and one more 429, do no harm.
const LongestBlock = 10 * time.Minute

const (
	headerLimit     = "X-RateLimit-Limit"
	headerRemaining = "X-RateLimit-Remaining"
	headerReset     = "X-RateLimit-Reset"
)

// limits is what a response reports of the narrowest bucket.
type limits struct {
	limit, remaining int
	reset            time.Time
}

// limitsIn reads the headers of a response. It returns false if they report no limit.
func limitsIn(header http.Header, now time.Time) (limits, bool) {
	limit, err := strconv.Atoi(header.Get(headerLimit))
	remaining, err2 := strconv.Atoi(header.Get(headerRemaining))
	reset, ok := resetTime(header, now)
	if latest := now.Add(LongestBlock); reset.After(latest) {
		reset = latest
	}
	return limits{limit, max(remaining, 0), reset}, err == nil && err2 == nil && ok && limit > 0
}

// RetryAfter returns how long a 429 asks to wait before the next call; not bounded, and a second if it does not say.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header.Get("Retry-After"), 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if reset, ok := resetTime(header, now); ok {
		return reset.Sub(now)
	}
	return time.Second
}

// resetTime reads when the next token arrives: unix seconds by the clock of the server, which the response also reports.
func resetTime(header http.Header, now time.Time) (time.Time, bool) {
	seconds, err := strconv.ParseInt(header.Get(headerReset), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	reset := time.Unix(seconds, 0)
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		return now.Add(reset.Sub(date)), true
	}
	return reset, true
}
