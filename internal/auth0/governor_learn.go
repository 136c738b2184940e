package auth0

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// abandon ends a call of which nobody knows whether the tenant would have answered: it was cancelled.
func (g *Governor) abandon(p *permit, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range p.buckets {
		b.answer(now)
	}
	g.breakers[p.class.api()].end()
	g.dispatch(now)
}

// observe learns from an answer, or from the lack of one.
func (g *Governor) observe(p *permit, header http.Header, failed *Error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge(p, failed, now)
	for _, b := range p.buckets {
		b.answer(now)
		g.metrics.used(g.tenant, b.name)
	}
	told, ok := limitsIn(header, now)
	switch {
	case failed != nil && failed.Class == ClassRateLimited:
		g.block(p, failed, now)
	case p.class.isManagement() && ok:
		g.learn(p, told, now)
	case failed == nil && header.Get(headerRemaining) == "":
		for _, b := range p.buckets {
			b.free()
		}
	}
	g.dispatch(now)
}

// learn finds out which limits there are, and how many tokens are left in the bucket that the answer tells of.
func (g *Governor) learn(p *permit, told limits, now time.Time) {
	if g.seen[p.class] != told.limit && (g.plan == nil || p.class != classReadUsersByEmail) {
		g.recognise(p.class, told.limit)
	}
	var about *bucket
	for _, b := range g.bucketsOf(p.class, now) {
		if !b.own && b.burst == told.limit {
			about = b
		}
		if b.known != counted {
			// It let this call through, so that it was not empty.
			b.known, b.tokens, b.at = counted, 0, now
		}
	}
	if about != nil {
		about.learn(told.remaining, p.since, p.between(about), told.reset, now)
	}
}

// between counts the other calls that a bucket saw answered since this one was let through.
func (p *permit) between(b *bucket) int {
	for i, drawn := range p.buckets {
		if drawn == b {
			return b.answered - p.answered[i] - 1
		}
	}
	return 0
}

// recognise finds the plan that has buckets of the sizes seen. If the tenant was moved to another plan, what was seen
// before counts no more; a size that no plan has says nothing against a plan that is known.
func (g *Governor) recognise(of class, burst int) {
	seen := map[class]int{of: burst}
	for other, size := range g.seen {
		if other != of {
			seen[other] = size
		}
	}
	found := planFor(seen)
	if found == nil {
		if found = planFor(map[class]int{of: burst}); found != nil {
			seen = map[class]int{of: burst}
		}
	}
	if found == nil && g.plan != nil {
		return
	}
	g.seen = seen
	if found != g.plan || found == nil {
		g.plan = found
		clear(g.drawn)
	}
}

// block keeps calls back after a 429, and keeps a place for the pass that got it.
func (g *Governor) block(p *permit, failed *Error, now time.Time) {
	drawn := g.bucketsOf(p.class, now)
	blocked := drawn[len(drawn)-1]
	if strings.HasPrefix(failed.Message, "Global limit") && drawn[0].own && len(drawn) > 1 {
		blocked = drawn[1]
	} else if strings.HasPrefix(failed.Message, "Global limit") {
		blocked = drawn[0]
	}
	blocked.block(now.Add(failed.After), now)
	if p.turn != nil {
		g.keepPlace(p.turn, p.class, now)
	}
}

const (
	headerLimit     = "X-RateLimit-Limit"
	headerRemaining = "X-RateLimit-Remaining"
	headerReset     = "X-RateLimit-Reset"
)

// limits is what an answer tells of the narrowest bucket.
type limits struct {
	limit, remaining int
	reset            time.Time
}

// limitsIn reads what an answer tells, false if that is nothing.
func limitsIn(header http.Header, now time.Time) (limits, bool) {
	limit, err := strconv.Atoi(header.Get(headerLimit))
	remaining, err2 := strconv.Atoi(header.Get(headerRemaining))
	reset, ok := resetTime(header, now)
	if latest := now.Add(longestAfter[ClassRateLimited]); reset.After(latest) {
		reset = latest
	}
	return limits{limit, max(remaining, 0), reset}, err == nil && err2 == nil && ok && limit > 0
}

// resetTime reads when the next token arrives: unix seconds by the clock of the server, which the answer tells, too.
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
