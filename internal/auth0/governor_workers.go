package auth0

import "sync"

// Workers are those of the loop of a kind. Half of them are for tenants that answer: see docs/decisions/0016-breaker.md.
type Workers struct {
	mu sync.Mutex
	// free counts those that hold no pass that called Auth0.
	free, reserved int
	// waiting are the governors in whose line somebody waits for a worker.
	waiting map[*Governor]bool
}

// NewWorkers returns the workers of a loop that has as many.
func NewWorkers(size int) *Workers {
	return &Workers{free: size, reserved: size / 2, waiting: map[*Governor]bool{}}
}

// take takes a worker, and reports false if there is none. The reserved ones are for the first pass of a tenant that answers. A
// governor that got none is told when one is free again.
func (w *Workers) take(of *Governor, mayUseReserved bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.offers(mayUseReserved) {
		w.waiting[of] = true
		return false
	}
	w.free--
	return true
}

// has reports what take would.
func (w *Workers) has(of *Governor, mayUseReserved bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.offers(mayUseReserved) {
		w.waiting[of] = true
		return false
	}
	return true
}

func (w *Workers) offers(mayUseReserved bool) bool {
	return w.free > w.reserved || mayUseReserved && w.free > 0
}

// release gives a worker back.
func (w *Workers) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free++
	for governor := range w.waiting {
		// It may be waiting for this lock.
		go governor.look()
	}
	clear(w.waiting)
}

// seat is a worker that a pass of a tenant holds.
type seat struct {
	governor *Governor
	workers  *Workers
}

// takeSeat takes a worker for a turn, and reports false if there is none for it.
func (g *Governor) takeSeat(turn *Turn, mayUseReserved bool) (*seat, bool) {
	if turn.workers == nil {
		return nil, true
	}
	if !turn.workers.take(g, mayUseReserved) {
		return nil, false
	}
	g.held[turn.workers]++
	return &seat{g, turn.workers}, true
}

// release gives the worker back. The governor must be locked.
func (s *seat) release() {
	if s == nil {
		return
	}
	s.governor.held[s.workers]--
	if s.governor.held[s.workers] == 0 {
		delete(s.governor.held, s.workers)
	}
	s.workers.release()
}

// vacate is release for those who do not hold the lock of the governor.
func (s *seat) vacate() {
	if s == nil {
		return
	}
	s.governor.mu.Lock()
	defer s.governor.mu.Unlock()
	s.release()
}
