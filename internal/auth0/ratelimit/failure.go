package ratelimit

import (
	"fmt"
	"time"
)

// Failure is a failed call, as far as the rate limit is concerned.
type Failure interface {
	error

	// IsOutage reports whether the call shows that the tenant is unavailable. A rate limit or a refusal does not.
	IsOutage() bool
	// RateLimit returns what a 429 about the rate limit says, false if the call failed for another cause.
	RateLimit() (Refusal, bool)
}

// Refusal is what a 429 about the rate limit says.
type Refusal struct {
	// Message is Auth0's message, which names the limit.
	Message string
	// After is how long to wait before the next call.
	After time.Duration
}

func refusalIn(failed Failure) (Refusal, bool) {
	if failed == nil {
		return Refusal{}, false
	}
	return failed.RateLimit()
}

// Wait is the error of a call that was not made, because it would have to wait for too long.
type Wait struct {
	// Unavailable reports whether the call waits for an unavailable tenant. Otherwise it waits for the rate limit.
	Unavailable bool
	// Route is the call, with its path templated; "" if the call is not known yet.
	Route string
	// Message says what the call waits for.
	Message string
	// After is about how long the wait takes, 0 if that is unknown.
	After time.Duration
}

// Error implements error.
func (w *Wait) Error() string { return fmt.Sprintf("%s: %s", w.Route, w.Message) }
