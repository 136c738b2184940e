package auth0

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// abandon ends a cancelled call, which does not show whether the tenant would have answered.
func (g *RateLimiter) abandon(p *permit, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range p.buckets {
		b.answer(now)
	}
	g.breakers[p.routeClass.api()].end()
	g.dispatch(now)
}

// observe learns from a response, or from its absence.
func (g *RateLimiter) observe(p *permit, header http.Header, failed *Error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge(p, failed, now)
	for _, b := range p.buckets {
		b.answer(now)
		g.metrics.used(g.tenant, b.name)
	}
	reported, ok := limitsIn(header, now)
	switch {
	case failed != nil && failed.Class == ClassRateLimited:
		g.block(p, failed, now)
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
func (g *RateLimiter) update(p *permit, reported limits, now time.Time) {
	if g.seen[p.routeClass] != reported.limit && (g.subscription == nil || p.routeClass != classReadUsersByEmail) {
		g.detectSubscription(p.routeClass, reported.limit)
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
		about.update(reported.remaining, p.since, p.between(about), reported.reset, now)
	}
}

// between counts the other responses of a bucket since this call was permitted.
func (p *permit) between(b *bucket) int {
	for i, charged := range p.buckets {
		if charged == b {
			return b.answered - p.answered[i] - 1
		}
	}
	return 0
}

// detectSubscription finds the plan that has buckets of the observed sizes. If the tenant moved to another plan, earlier
// observations no longer count. A size that no plan has does not contradict a known plan.
func (g *RateLimiter) detectSubscription(of routeClass, burst int) {
	seen := map[routeClass]int{of: burst}
	for other, size := range g.seen {
		if other != of {
			seen[other] = size
		}
	}
	found := subscriptionFor(seen)
	if found == nil {
		if found = subscriptionFor(map[routeClass]int{of: burst}); found != nil {
			seen = map[routeClass]int{of: burst}
		}
	}
	if found == nil && g.subscription != nil {
		return
	}
	g.seen = seen
	if found != g.subscription || found == nil {
		g.subscription = found
		clear(g.charged)
	}
}

// block holds calls back after a 429, and keeps a place for the reconciliation that got it.
func (g *RateLimiter) block(p *permit, failed *Error, now time.Time) {
	charged := g.bucketsOf(p.routeClass, now)
	blocked := charged[len(charged)-1]
	if strings.HasPrefix(failed.Message, "Global limit") && charged[0].own && len(charged) > 1 {
		blocked = charged[1]
	} else if strings.HasPrefix(failed.Message, "Global limit") {
		blocked = charged[0]
	}
	blocked.block(now.Add(failed.After), now)
	if p.reservation != nil {
		g.keepPlace(p.reservation, p.routeClass, now)
	}
}

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
	if latest := now.Add(longestAfter[ClassRateLimited]); reset.After(latest) {
		reset = latest
	}
	return limits{limit, max(remaining, 0), reset}, err == nil && err2 == nil && ok && limit > 0
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
