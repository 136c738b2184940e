package auth0

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

// knowledge is what is known of how many tokens there are.
type knowledge int

const (
	// unknown: calls go one at a time until an answer tells.
	unknown knowledge = iota
	// unlimited: anyone who answers tells of no limit.
	unlimited
	// counted: the tokens are counted.
	counted
)

// bucket keeps step with one of Auth0's token buckets. It fills from when a call is let through, and Auth0's from when
// the call arrives: so it never holds more than Auth0's, unless others draw from that one. Nor does it fill above what
// Auth0's holds if all calls in flight arrive together, late. Answers correct it, within what they prove.
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

// pace is how many tokens a second are expected.
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

// room is how many tokens there can be besides those that calls in flight have yet to take.
func (b *bucket) room() float64 {
	if b.own {
		return float64(b.burst)
	}
	return float64(b.burst - b.inFlight)
}

// opens returns when a call may be let through that leaves reserve tokens: now, or a later time. It returns false if
// only the answer to another call can tell.
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

// giveBack returns a token with which no call was made.
func (b *bucket) giveBack() {
	b.inFlight--
	b.tokens = min(b.tokens+1, b.room())
}

// answer counts a call as answered.
func (b *bucket) answer(now time.Time) {
	b.fill(now)
	b.inFlight--
	b.answered++
}

// update takes in how many tokens Auth0 said were left. since is when the call was let through, and between how many
// others were answered since then. Those, and those in flight, may have been counted before this one or after it.
func (b *bucket) update(remaining int, since time.Time, between int, reset, now time.Time) {
	b.fill(now)
	atLeast := float64(remaining - between - b.inFlight)
	atMost := float64(remaining+1) + now.Sub(since).Seconds()*b.perSecond
	b.tokens = min(max(b.tokens, atLeast), atMost, b.room())
	b.reset = reset
}

// block keeps calls back after a 429. The first token after it is waited for a random part of its time, as others wait for
// the same one.
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

// free lifts what is known of a limit: an answer came that tells of none.
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
