package engine

import (
	"fmt"
	"sync"
	"time"
)

// longestPass is when a pass counts as stuck. A call takes half a minute at most, and what waits for the rate limit waits
// outside of a pass, so this is far beyond what the slowest takes.
const longestPass = 30 * time.Minute

// Health knows what the loops of all kinds are doing.
type Health struct {
	mu     sync.Mutex
	loops  []*queueOf
	passes map[reservationKey]time.Time
}

// NewHealth returns a Health of no loops.
func NewHealth() *Health { return &Health{passes: map[reservationKey]time.Time{}} }

func (h *Health) add(loop *queueOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loops = append(h.loops, loop)
}

func (h *Health) begin(pass reservationKey, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passes[pass] = now
}

func (h *Health) end(pass reservationKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.passes, pass)
}

// Started tells whether the loop of every kind takes objects from its work queue.
func (h *Health) Started() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, loop := range h.loops {
		if loop.Load() == nil {
			return false
		}
	}
	return true
}

// Stuck returns an error if a pass does not end.
func (h *Health) Stuck(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for pass, since := range h.passes {
		if now.Sub(since) > longestPass {
			return fmt.Errorf("the pass over %s %s has not ended since %s", pass.kind, pass.name, since.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
