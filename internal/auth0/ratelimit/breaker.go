package ratelimit

import "time"

const (
	// CallTimeout bounds one call, from the first byte sent to the last byte read.
	CallTimeout = 30 * time.Second
	// failuresToOpen is how many calls in a row must fail before a probe decides whether the API is unavailable. If the API never
	// answered, or a call timed out, one failure is enough.
	failuresToOpen = 3
	// probeEvery is how often to call an unavailable API.
	probeEvery = 10 * time.Second
	// suspectTimeout limits a probe, and a call to an API that did not answer the last one or never answered.
	suspectTimeout = 10 * time.Second
	// SlowAnswer is how long an API may take to answer and still keep calls of its own beside those of other tenants.
	SlowAnswer = 5 * time.Second
)

// API is one of Auth0's two APIs. Auth0 runs them separately, so one may be unavailable while the other answers.
type API int

const (
	// ManagementAPI is everything below /api/v2/.
	ManagementAPI API = iota
	// AuthenticationAPI is the rest.
	AuthenticationAPI

	apis
)

// api returns the API that a class of calls belongs to.
func (c RouteClass) api() API {
	if c.isManagement() {
		return ManagementAPI
	}
	return AuthenticationAPI
}

// circuit is the state of a breaker.
type circuit int

const (
	// circuitClosed allows calls.
	circuitClosed circuit = iota
	// circuitHalfOpen allows only a probe, which decides the next state.
	circuitHalfOpen
	// circuitOpen allows nothing until the next probe is due.
	circuitOpen
)

// breaker is the circuit breaker of an API of a tenant.
type breaker struct {
	state circuit
	// answered reports whether the API ever answered.
	answered bool
	// failures counts the calls in a row that failed, and failing is when the first of them failed.
	failures int
	failing  time.Time
	// since is when the API became unavailable, zero while it is available, and cause is the failure that showed it.
	since time.Time
	cause error

	// inFlight counts the calls that were allowed and have no answer, and quiet is since when none of them got one.
	inFlight int
	quiet    time.Time
	// latency is that of the last answer.
	latency time.Duration
}

// trusted reports whether the API answered the last call, so that calls need not wait for each other.
func (b *breaker) trusted() bool { return b.state == circuitClosed && b.answered && b.failures == 0 }

// lets reports whether a call may be made now.
func (b *breaker) lets() bool {
	return b.trusted() || b.state == circuitClosed && b.inFlight == 0
}

// responsive reports whether, as far as is known, the API answers quickly.
func (b *breaker) responsive(now time.Time) bool {
	isQuiet := b.inFlight > 0 && now.Sub(b.quiet) > SlowAnswer
	return b.trusted() && b.latency < SlowAnswer && !isQuiet
}

// timeout returns how long a call may take that is allowed now.
func (b *breaker) timeout() time.Duration {
	if b.trusted() {
		return CallTimeout
	}
	return suspectTimeout
}

func (b *breaker) begin(now time.Time) {
	if b.inFlight == 0 {
		b.quiet = now
	}
	b.inFlight++
}

func (b *breaker) end() { b.inFlight-- }

// succeed records an answer, and closes the circuit. It reports whether the circuit was not closed.
func (b *breaker) succeed(took time.Duration, now time.Time) (closes bool) {
	closes = b.state != circuitClosed
	b.state, b.answered, b.failures = circuitClosed, true, 0
	b.since, b.cause = time.Time{}, nil
	b.latency, b.quiet = took, now
	return closes
}

// fail records a call without an answer. It reports whether only a probe is allowed from now on.
func (b *breaker) fail(took time.Duration, now time.Time) (halfOpens bool) {
	if b.state != circuitClosed {
		return false
	}
	if b.failures == 0 {
		b.failing = now
	}
	b.failures++
	if b.answered && took < suspectTimeout && b.failures < failuresToOpen {
		return false
	}
	b.state = circuitHalfOpen
	return true
}

// open opens the circuit after a failed probe. It reports whether the API became unavailable just now.
func (b *breaker) open(cause error) (first bool) {
	b.state = circuitOpen
	if !b.since.IsZero() {
		return false
	}
	b.since, b.cause = b.failing, cause
	return true
}

// presume opens the circuit of an API that another process found unavailable.
func (b *breaker) presume(since time.Time) {
	b.state, b.failing, b.since = circuitOpen, since, since
}

// forget treats the API as untested, for example after its credentials changed.
func (b *breaker) forget() { b.answered, b.failures = false, 0 }
