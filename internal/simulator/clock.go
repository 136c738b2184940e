package simulator

import (
	"context"
	"sync"
	"time"
)

// clock is the machine's clock plus what tests advanced it by. Everything in the simulator that depends on time asks it.
type clock struct {
	mu      sync.Mutex
	offset  time.Duration
	changed chan struct{} // closed and replaced whenever offset changes
}

func newClock() *clock { return &clock{changed: make(chan struct{})} }

// Now is the simulator's time, in UTC.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(c.offset)
}

// Advance moves the clock forward and wakes all sleepers.
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setOffset(c.offset + d)
}

// Reset undoes all advances.
func (c *clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setOffset(0)
}

func (c *clock) setOffset(d time.Duration) {
	c.offset = d
	close(c.changed)
	c.changed = make(chan struct{})
}

// Sleep returns when d has passed on this clock, or when ctx ends.
func (c *clock) Sleep(ctx context.Context, d time.Duration) {
	for until := c.Now().Add(d); ; {
		c.mu.Lock()
		changed, left := c.changed, until.Sub(time.Now().UTC().Add(c.offset))
		c.mu.Unlock()
		if left <= 0 {
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// timestamp formats t as Auth0 does: UTC, milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// moved returns a channel that is closed at the next advance or reset.
func (c *clock) moved() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}
