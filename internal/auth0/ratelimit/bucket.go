package ratelimit

import (
	"math/rand/v2"
	"time"
)

const (
	// safetyMargin is how much slower than Auth0's a bucket fills: the clocks of two machines differ. What is lost comes back
	// with the next answer, which tells how many tokens there are.
	safetyMargin = 0.98
	// decrease is the part of its pace that a bucket keeps after a 429: somebody else draws from it, too. As everybody who does
	// so recovers alike, they come to share it evenly.
	decrease = 0.8
	// minShare is the part of its pace that a bucket keeps whatever happens.
	minShare = 0.1
	// increase is how long it takes a bucket to come back to its full pace.
	increase = 3 * time.Minute
)

// knowledge is how much is known about the number of tokens.
type knowledge int

const (
	// unknown: calls go one at a time until an answer tells.
	unknown knowledge = iota
	// unlimited: anyone who answers tells of no limit.
	unlimited
	// counted: the tokens are counted.
	counted
)

// bucket follows one of Auth0's token buckets. It refills from the moment a call is permitted, and Auth0's from the moment the
// call arrives. So it never holds more than Auth0's, unless other clients use that one. It also does not refill beyond what
// Auth0's bucket holds if all calls in flight arrive together, late. Responses correct it, as far as they prove something.
type bucket struct {
	allowance
	name  string
	known knowledge
	// own buckets are caps of ours: no answer tells of them.
	own bool

	// tokens at a time.
	tokens float64
	at     time.Time
	// reset is when the next token arrives, for a bucket whose pace is not known.
	reset time.Time
	// blockedUntil is set by a 429, and share is the pace since.
	blockedUntil time.Time
	share        float64
	// inFlight are the calls that were let through and not answered, for all that is known not arrived either; answered counts
	// those that were.
	inFlight, answered int
}

func newBucket(name string, size allowance, known knowledge, now time.Time) *bucket {
	return &bucket{name: name, allowance: size, known: known, tokens: float64(size.burst), at: now, share: 1}
}

// pace is how many tokens per second are expected.
func (b *bucket) pace() float64 {
	if b.own {
		return b.perSecond
	}
	return b.perSecond * b.share * safetyMargin
}

func (b *bucket) fill(now time.Time) {
	elapsed := now.Sub(b.at)
	if elapsed <= 0 {
		return
	}
	b.at = now
	b.tokens = min(b.tokens+elapsed.Seconds()*b.pace(), b.room())
	b.share = min(1, b.share+float64(elapsed)/float64(increase))
}

// room is how many tokens the bucket can hold besides those for calls in flight.
func (b *bucket) room() float64 {
	if b.own {
		return float64(b.burst)
	}
	return float64(b.burst - b.inFlight)
}

// opens returns when a call may be made that leaves reserve tokens: now, or a later time. It returns false if only the response
// to another call can tell.
func (b *bucket) opens(now time.Time, reserve float64) (time.Time, bool) {
	if now.Before(b.blockedUntil) {
		return b.blockedUntil, true
	}
	b.fill(now)
	missing := 1 + max(min(reserve, b.room()-1), 0) - b.tokens
	switch {
	case b.known == unlimited:
		return now, true
	case b.known == unknown:
		return now, b.inFlight == 0
	case missing <= 0:
		return now, true
	case b.room() < 1:
		return now, false
	case b.perSecond > 0:
		return now.Add(time.Duration(missing/b.pace()*float64(time.Second)) + time.Microsecond), true
	case b.inFlight > 0:
		return now, false
	}
	// At an unknown pace, the token that arrives next is taken to find out how many there are.
	return later(b.reset, now), true
}

func (b *bucket) take(now time.Time) {
	b.fill(now)
	b.tokens--
	b.inFlight++
	if b.perSecond == 0 {
		b.reset = later(b.reset, now.Add(time.Second))
	}
}

// giveBack returns the token of a call that was not made.
func (b *bucket) giveBack() {
	b.inFlight--
	b.tokens = min(b.tokens+1, b.room())
}

// answer counts a response.
func (b *bucket) answer(now time.Time) {
	b.fill(now)
	b.inFlight--
	b.answered++
}

// update processes how many tokens Auth0 reported. since is when the call was permitted, and between how many other responses
// arrived since then. Auth0 may have counted those calls, and those in flight, before or after this one.
func (b *bucket) update(remaining int, since time.Time, between int, reset, now time.Time) {
	b.fill(now)
	atLeast := float64(remaining - between - b.inFlight)
	atMost := float64(remaining+1) + now.Sub(since).Seconds()*b.perSecond
	b.tokens = min(max(b.tokens, atLeast), atMost, b.room())
	b.reset = reset
}

// block holds calls back after a 429. It adds a random delay to the first token, because other clients wait for the same one.
func (b *bucket) block(until, now time.Time) {
	if !now.Before(b.blockedUntil) {
		b.share = max(b.share*decrease, minShare)
	}
	b.blockedUntil = later(b.blockedUntil, until)
	b.reset = later(b.reset, until)
	if b.known != counted {
		b.known = unknown
		return
	}
	b.tokens = rand.Float64() //nolint:gosec // No secret depends on when a call is made.
	b.at = later(b.at, b.blockedUntil)
}

// free drops what is known of a limit, because a response reported none.
func (b *bucket) free() {
	if b.known == unknown {
		b.known = unlimited
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
