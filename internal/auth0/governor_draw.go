package auth0

import (
	"fmt"
	"time"
)

// bucketsOf returns the buckets that a call draws from: the cap, that of the whole API, and last the narrowest, of which
// Auth0's answers tell.
func (g *Governor) bucketsOf(of class, now time.Time) []*bucket {
	if drawn := g.drawn[of]; drawn != nil {
		return drawn
	}
	var drawn []*bucket
	if g.limit != nil {
		drawn = append(drawn, g.limit)
	}
	if of.isManagement() {
		drawn = append(drawn, g.managementBuckets(of, now)...)
	} else {
		drawn = append(drawn, g.authenticationBuckets(of, now)...)
	}
	g.drawn[of] = drawn
	return drawn
}

func (g *Governor) managementBuckets(of class, now time.Time) []*bucket {
	if g.plan == nil {
		// Classes that tell of buckets of the same size are taken to share one.
		burst := g.seen[of]
		name := "unknown"
		if burst > 0 {
			name = fmt.Sprintf("limit of %d", burst)
		}
		return []*bucket{g.bucket(name, allowance{burst: burst}, unknown, now)}
	}
	name, own := g.plan.narrowest(of)
	narrowest := g.bucket(name, own, unknown, now)
	switch {
	case name == string(classManagement):
		return []*bucket{narrowest}
	case g.plan.management.burst > 0:
		return []*bucket{g.bucket(string(classManagement), g.plan.management, unknown, now), narrowest}
	case of == classReadUsersByEmail:
		// Auth0 does not say which of the two it counts against.
		return []*bucket{g.bucket(bucketOthers, g.plan.others, unknown, now), narrowest}
	}
	return []*bucket{narrowest}
}

// authenticationBuckets are taken to be full at first, as no answer tells: the headers of a sign-in tell of the limit on
// failed sign-ins of one address, which comes back within a day.
func (g *Governor) authenticationBuckets(of class, now time.Time) []*bucket {
	var drawn []*bucket
	limited := func(name string, size allowance) {
		known := counted
		if size.burst == 0 {
			known = unlimited
		}
		drawn = append(drawn, g.bucket(name, size, known, now))
	}
	var whole, own allowance
	if g.plan != nil {
		whole, own = g.plan.authentication, g.plan.classes[of]
	}
	if of == classSignup {
		own = perMinute(50, 50)
	}
	limited(string(classAuthentication), whole)
	if of == classLogin && g.plan != nil {
		limited(string(classToken), g.plan.classes[classToken])
	}
	if of != classAuthentication {
		limited(string(of), own)
	}
	return drawn
}

func (g *Governor) bucket(name string, size allowance, known knowledge, now time.Time) *bucket {
	b := g.buckets[name]
	if b == nil || b.allowance != size {
		b = newBucket(name, size, known, now)
		g.buckets[name] = b
	}
	return b
}
