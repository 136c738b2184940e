package ratelimit

import "sync"

// Workers are the workers of a kind's reconcile loop. Half of them are reserved for tenants that answer: see
// docs/decisions/0016-breaker.md.
type Workers struct {
	mu sync.Mutex
	// free counts those that hold no reconciliation that called Auth0.
	free, reserved int
	// waiting are the rate limiters in whose line somebody waits for a worker.
	waiting map[*Limiter]bool
}

// NewWorkers returns the workers of a loop.
func NewWorkers(size int) *Workers {
	return &Workers{free: size, reserved: size / 2, waiting: map[*Limiter]bool{}}
}

// Free returns how many workers hold no reconciliation that called Auth0.
func (w *Workers) Free() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.free
}

// take takes a worker, and returns false if none is free. The reserved workers are for the first reconciliation of a tenant that
// answers. A rate limiter that got none is notified when one is free again.
func (w *Workers) take(of *Limiter, mayUseReserved bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.offers(mayUseReserved) {
		w.waiting[of] = true
		return false
	}
	w.free--
	return true
}

// has reports whether take would succeed.
func (w *Workers) has(of *Limiter, mayUseReserved bool) bool {
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

// releaseLocked gives a worker back.
func (w *Workers) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free++
	for limiter := range w.waiting {
		// It may be waiting for this lock.
		limiter.limiters.background.start(limiter.look)
	}
	clear(w.waiting)
}

// workerSlot is a worker that a reconciliation of a tenant holds.
type workerSlot struct {
	limiter *Limiter
	workers *Workers
}

// takeWorker takes a worker for a reservation, and returns false if none is available for it.
func (g *Limiter) takeWorker(reservation *Reservation, mayUseReserved bool) (*workerSlot, bool) {
	if reservation.workers == nil {
		return nil, true
	}
	if !reservation.workers.take(g, mayUseReserved) {
		return nil, false
	}
	g.held[reservation.workers]++
	return &workerSlot{g, reservation.workers}, true
}

// releaseLocked gives the worker back. The rate limiter must be locked.
func (s *workerSlot) releaseLocked() {
	if s == nil {
		return
	}
	s.limiter.held[s.workers]--
	if s.limiter.held[s.workers] == 0 {
		delete(s.limiter.held, s.workers)
	}
	s.workers.release()
}

// release is releaseLocked for callers without the lock of the rate limiter.
func (s *workerSlot) release() {
	if s == nil {
		return
	}
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	s.releaseLocked()
}
