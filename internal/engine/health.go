package engine

import (
	"fmt"
	"sync"
	"time"
)

// longestReconciliation is when a reconciliation counts as stuck. A call takes at most half a minute, and an object waits for the
// rate limit outside of a reconciliation, so this is far beyond the slowest one.
const longestReconciliation = 30 * time.Minute

// Health knows which reconciliations of all kinds are running.
type Health struct {
	mu              sync.Mutex
	loops           []*queueOf
	reconciliations map[reservationKey]time.Time
}

// NewHealth returns a Health without loops.
func NewHealth() *Health { return &Health{reconciliations: map[reservationKey]time.Time{}} }

func (h *Health) add(loop *queueOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loops = append(h.loops, loop)
}

func (h *Health) begin(reconciliation reservationKey, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reconciliations[reconciliation] = now
}

func (h *Health) end(reconciliation reservationKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.reconciliations, reconciliation)
}

// Started reports whether the loop of every kind takes objects from its work queue.
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

// Stuck returns an error if a reconciliation does not end.
func (h *Health) Stuck(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for reconciliation, since := range h.reconciliations {
		if now.Sub(since) > longestReconciliation {
			return fmt.Errorf("the pass over %s %s has not ended since %s", reconciliation.kind, reconciliation.name, since.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
