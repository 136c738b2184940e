package ratelimit

import (
	"context"
	"time"
)

// Reservation is the place of one reconciliation in the queue. If the first call has to wait, the reconciliation gives its worker
// back and keeps its place. Later calls go first, because the reconciliation has begun. One goroutine at a time uses it.
type Reservation struct {
	// limiters are the rate limiters of all tenants.
	limiters *Limiters
	key      any
	priority Priority
	wake     func()
	// look requeues the object, because the cause of its wait changed; nil if that is not needed.
	look func()
	// workers are the loop's workers if the reconciliation holds one of them, else nil.
	workers *Workers
	// requested reports whether a person asked for the reconciliation.
	requested bool

	// limiter is the one of the last call.
	limiter *Limiter
	// slot is the worker that the reservation holds since its first call.
	slot *workerSlot
	// begun reports whether a call was made.
	begun bool
}

// Reserve returns a reservation like Limiters.Reserve, for a caller that knows only this rate limiter.
func (g *Limiter) Reserve(key any, priority Priority, wake func()) *Reservation {
	return g.limiters.Reserve(key, priority, wake)
}

// Hold records that the reconciliation holds one of a loop's workers. look requeues the object when the tenant that it waits for
// becomes unavailable or available. look must not block.
func (t *Reservation) Hold(workers *Workers, look func()) { t.workers, t.look = workers, look }

// Request records that a person asked for the reconciliation: an unavailable tenant is probed at once.
func (t *Reservation) Request() { t.requested = true }

// IsPeriodic reports whether the reconciliation is a periodic check that nobody waits for.
func (t *Reservation) IsPeriodic() bool { return t.priority == PriorityPeriodic }

// takeWorkerOf takes the worker that was kept for the reservation.
func (t *Reservation) takeWorkerOf(place *waiter) {
	if t.slot == nil {
		t.slot, place.slot = place.slot, nil
	}
}

// RaisePriority makes the reservation, if there is one, at least this urgent.
func (t *Reservation) RaisePriority(priority Priority) {
	if t != nil {
		t.priority = min(t.priority, priority)
	}
}

// Waits returns how long the reservation has waited to make its first call, false if it does not wait.
func (t *Reservation) Waits() (time.Duration, bool) {
	if t.limiter == nil || t.begun {
		return 0, false
	}
	return t.limiter.waits(t.key, t.limiter.now())
}

// End gives back the worker, and the call that the object was called back for, with any tenant, if the reconciliation did not use
// it: other objects wait for it. A place that the reconciliation kept stays. End locks only the rate limiters of these two.
func (t *Reservation) End() {
	t.slot.release()
	t.slot = nil
	if limiter, ok := t.limiters.placeOf(t.key); ok {
		limiter.end(t)
	}
}

// Cancel gives everything back, also a kept place.
func (t *Reservation) Cancel() { t.limiters.Forget(t.key) }

type reservationKey struct{}

// WithReservation returns a context whose calls use a reservation. Calls without one wait where they are made.
func WithReservation(ctx context.Context, reservation *Reservation) context.Context {
	return context.WithValue(ctx, reservationKey{}, reservation)
}

// ReservationOf returns the reservation of a context, nil if there is none.
func ReservationOf(ctx context.Context) *Reservation {
	reservation, _ := ctx.Value(reservationKey{}).(*Reservation)
	return reservation
}

type priorityKey struct{}

// WithPriority returns a context with the priority of calls without a reservation.
func WithPriority(ctx context.Context, priority Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

func priorityOf(ctx context.Context) Priority {
	if priority, ok := ctx.Value(priorityKey{}).(Priority); ok {
		return priority
	}
	return PriorityNew
}
