package auth0

import (
	"context"
	"time"
)

// Reservation is one reconciliation of one object, whose calls wait together: the first of them gives its worker back if it has to wait,
// and keeps its place; those after it are let through first, as the reconciliation has begun. It is used by one goroutine at a time.
type Reservation struct {
	key      any
	priority Priority
	wake     func()
	// look has the object of the reservation be looked at, as what it waits for is another; nil if nobody needs to know.
	look func()
	// workers are those one of which the reconciliation holds, nil if it holds none.
	workers *Workers
	// requested reports whether a person asked for the reconciliation.
	requested bool

	// limiter is the last that was asked.
	limiter *RateLimiter
	// slot is the worker that the reservation holds from its first call on.
	slot *workerSlot
	// begun tells that a call was made.
	begun bool
}

// NewReservation returns a reservation for the object with this key. wake is called when a call may be made for which a place was kept;
// it must not block.
func NewReservation(key any, priority Priority, wake func()) *Reservation {
	return &Reservation{key: key, priority: priority, wake: wake}
}

// Hold says that the reconciliation holds one of a loop's workers, and how its object is reconciled again when a tenant that it waits for
// becomes unavailable, or available. look must not block.
func (t *Reservation) Hold(workers *Workers, look func()) { t.workers, t.look = workers, look }

// Request says that a person asked for the reconciliation: a tenant that is unavailable is probed at once.
func (t *Reservation) Request() { t.requested = true }

// IsPeriodic reports whether nobody waits for what the reservation is for.
func (t *Reservation) IsPeriodic() bool { return t.priority == PriorityPeriodic }

// takeWorkerOf takes over the worker that was kept for the reservation.
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

// Waits tells for how long the reservation has been waiting to make its first call, false if it does not.
func (t *Reservation) Waits() (time.Duration, bool) {
	if t.limiter == nil || t.begun {
		return 0, false
	}
	return t.limiter.waits(t.key, time.Now())
}

// End gives back what the reservation did not use. A place that it waits for stays.
func (t *Reservation) End() {
	t.slot.release()
	t.slot = nil
	if t.limiter != nil {
		t.limiter.end(t)
	}
}

// Cancel gives everything back, also a place that the reservation waits for.
func (t *Reservation) Cancel() {
	if t.limiter != nil {
		t.limiter.Forget(t.key)
	}
}

type reservationKey struct{}

// WithReservation has the calls under a context wait in a reservation. Other calls wait where they are made.
func WithReservation(ctx context.Context, reservation *Reservation) context.Context {
	return context.WithValue(ctx, reservationKey{}, reservation)
}

// ReservationOf returns the reservation of a context, nil if there is none.
func ReservationOf(ctx context.Context) *Reservation {
	reservation, _ := ctx.Value(reservationKey{}).(*Reservation)
	return reservation
}

type priorityKey struct{}

// WithPriority says how urgent the calls under a context are that belong to no reservation.
func WithPriority(ctx context.Context, priority Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

func priorityOf(ctx context.Context) Priority {
	if priority, ok := ctx.Value(priorityKey{}).(Priority); ok {
		return priority
	}
	return PriorityNew
}
