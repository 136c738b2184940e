package integration

import (
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

// steppedClock stands still until the test lets time pass. What is due then runs in goroutines of its own, as with a real clock: it
// may ask for the time.
type steppedClock struct{ *clocktesting.FakeClock }

func newSteppedClock(now time.Time) steppedClock {
	return steppedClock{clocktesting.NewFakeClock(now)}
}

// flow lets time pass as it does for the machine, besides what the test lets pass, until the test ends.
func (c steppedClock) flow(t *testing.T) {
	t.Helper()
	var flowing sync.WaitGroup
	flowing.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-t.Context().Done():
				return
			case now := <-tick.C:
				c.Step(now.Sub(last))
				last = now
			}
		}
	})
	t.Cleanup(flowing.Wait)
}

// AfterFunc implements clock.WithDelayedExecution.
func (c steppedClock) AfterFunc(d time.Duration, do func()) clock.Timer {
	return c.FakeClock.AfterFunc(d, func() { go do() })
}

// advance lets time pass, for the operator and for Auth0.
func (e *environment) advance(operator steppedClock, d time.Duration) {
	e.Helper()
	operator.Step(d)
	e.sim.Advance(d)
}
