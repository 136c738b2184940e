package controllers_test

import (
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// laterClock is the machine's clock, ahead by what a test lets pass.
type laterClock struct {
	clock.RealClock

	ahead atomic.Int64
}

// Now implements clock.PassiveClock.
func (c *laterClock) Now() time.Time { return c.RealClock.Now().Add(time.Duration(c.ahead.Load())) }

// Since implements clock.PassiveClock.
func (c *laterClock) Since(at time.Time) time.Duration { return c.Now().Sub(at) }

// advance lets time pass, for the operator and for Auth0.
func (w *world) advance(d time.Duration) {
	w.clock.ahead.Add(int64(d))
	w.sim.Advance(d)
}
