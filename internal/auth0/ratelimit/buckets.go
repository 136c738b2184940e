package ratelimit

import (
	"fmt"
	"slices"
	"time"
)

// bucketsOf returns the buckets that a call uses: the cap, the bucket of the whole API, and last the narrowest, which Auth0's
// responses report.
func (g *Limiter) bucketsOf(of RouteClass, now time.Time) []*bucket {
	if charged := g.charged[of]; charged != nil {
		return charged
	}
	var charged []*bucket
	if g.limit != nil {
		charged = append(charged, g.limit)
	}
	if of.isManagement() {
		charged = append(charged, g.managementBuckets(of, now)...)
	} else {
		charged = append(charged, g.authenticationBuckets(of, now)...)
	}
	g.charged[of] = charged
	return charged
}

// moveCallsInFlight moves the calls in flight to the buckets of the plan that was just detected: Auth0 counted them there, or will.
func (g *Limiter) moveCallsInFlight(now time.Time) {
	clear(g.charged)
	for p := range g.inFlight {
		g.moveCall(p, now)
	}
}

func (g *Limiter) moveCall(p *Permit, now time.Time) {
	former := p.buckets
	var answered []int
	p.buckets = g.bucketsOf(p.routeClass, now)
	for _, b := range p.buckets {
		if i := slices.Index(former, b); i >= 0 {
			answered = append(answered, p.answered[i])
			continue
		}
		// At most these responses arrived since the call was permitted.
		answered = append(answered, b.answered-(g.answered-p.allAnswered))
		b.take(now)
	}
	for _, b := range former {
		if !slices.Contains(p.buckets, b) {
			b.inFlight--
		}
	}
	p.answered = answered
}

func (g *Limiter) managementBuckets(of RouteClass, now time.Time) []*bucket {
	if g.subscription == nil {
		// Classes that tell of buckets of the same size are taken to share one.
		burst := g.seen[of]
		name := "unknown"
		if burst > 0 {
			name = fmt.Sprintf("limit of %d", burst)
		}
		return []*bucket{g.bucket(name, allowance{burst: burst}, unknown, now)}
	}
	name, own := g.subscription.narrowest(of)
	narrowest := g.bucket(name, own, unknown, now)
	switch {
	case name == string(ClassManagement):
		return []*bucket{narrowest}
	case g.subscription.management.burst > 0:
		return []*bucket{g.bucket(string(ClassManagement), g.subscription.management, unknown, now), narrowest}
	case of == classReadUsersByEmail:
		// Auth0 does not say which of the two it counts against.
		return []*bucket{g.bucket(bucketOthers, g.subscription.others, unknown, now), narrowest}
	}
	return []*bucket{narrowest}
}

// authenticationBuckets start full, because no response reports them: the headers of a sign-in report the limit on failed
// sign-ins of one address, which resets within a day.
func (g *Limiter) authenticationBuckets(of RouteClass, now time.Time) []*bucket {
	var charged []*bucket
	limited := func(name string, size allowance) {
		known := counted
		if size.burst == 0 {
			known = unlimited
		}
		charged = append(charged, g.bucket(name, size, known, now))
	}
	var whole, own allowance
	if g.subscription != nil {
		whole, own = g.subscription.authentication, g.subscription.classes[of]
	}
	if of == classSignup {
		own = perMinute(50, 50)
	}
	limited(string(classAuthentication), whole)
	if of == ClassLogin && g.subscription != nil {
		limited(string(ClassToken), g.subscription.classes[ClassToken])
	}
	if of != classAuthentication {
		limited(string(of), own)
	}
	return charged
}

func (g *Limiter) bucket(name string, size allowance, known knowledge, now time.Time) *bucket {
	b := g.buckets[name]
	if b == nil || b.allowance != size {
		b = newBucket(name, size, known, now)
		g.buckets[name] = b
	}
	return b
}
