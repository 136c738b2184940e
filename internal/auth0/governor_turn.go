package auth0

import (
	"context"
	"time"
)

// Turn is one pass over one object, whose calls wait together: the first of them gives its worker back if it has to wait,
// and keeps its place; those after it are let through first, as the pass has begun. It is used by one goroutine at a time.
type Turn struct {
	key  any
	lane Lane
	wake func()
	// look has the object of the turn be looked at, as what it waits for is another; nil if nobody needs to know.
	look func()
	// workers are those one of which the pass holds, nil if it holds none.
	workers *Workers
	// requested reports whether a person asked for the pass.
	requested bool

	// governor is the last that was asked.
	governor *Governor
	// seat is the worker that the turn holds from its first call on.
	seat *seat
	// begun tells that a call was made.
	begun bool
}

// NewTurn returns a turn for the object with this key. wake is called when a call may be made for which a place was kept;
// it must not block.
func NewTurn(key any, lane Lane, wake func()) *Turn {
	return &Turn{key: key, lane: lane, wake: wake}
}

// Hold says that the pass holds one of a loop's workers, and how its object is looked at again when a tenant that it waits for
// becomes unavailable, or available. look must not block.
func (t *Turn) Hold(workers *Workers, look func()) { t.workers, t.look = workers, look }

// Request says that a person asked for the pass: a tenant that is unavailable is probed at once.
func (t *Turn) Request() { t.requested = true }

// IsPeriodic reports whether nobody waits for what the turn is for.
func (t *Turn) IsPeriodic() bool { return t.lane == LanePeriodic }

// takeSeatOf takes over the worker that was kept for the turn.
func (t *Turn) takeSeatOf(place *waiter) {
	if t.seat == nil {
		t.seat, place.seat = place.seat, nil
	}
}

// Raise makes the turn, if there is one, at least this urgent.
func (t *Turn) Raise(lane Lane) {
	if t != nil {
		t.lane = min(t.lane, lane)
	}
}

// Waits tells for how long the turn has been waiting to make its first call, false if it does not.
func (t *Turn) Waits() (time.Duration, bool) {
	if t.governor == nil || t.begun {
		return 0, false
	}
	return t.governor.waits(t.key, time.Now())
}

// End gives back what the turn did not use. A place that it waits for stays.
func (t *Turn) End() {
	t.seat.vacate()
	t.seat = nil
	if t.governor != nil {
		t.governor.end(t)
	}
}

// Leave gives everything back, also a place that the turn waits for.
func (t *Turn) Leave() {
	if t.governor != nil {
		t.governor.Forget(t.key)
	}
}

type turnKey struct{}

// WithTurn has the calls under a context wait in a turn. Other calls wait where they are made.
func WithTurn(ctx context.Context, turn *Turn) context.Context {
	return context.WithValue(ctx, turnKey{}, turn)
}

// TurnOf returns the turn of a context, nil if there is none.
func TurnOf(ctx context.Context) *Turn {
	turn, _ := ctx.Value(turnKey{}).(*Turn)
	return turn
}

type laneKey struct{}

// WithLane says how urgent the calls under a context are that belong to no turn.
func WithLane(ctx context.Context, lane Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

func laneOf(ctx context.Context) Lane {
	if lane, ok := ctx.Value(laneKey{}).(Lane); ok {
		return lane
	}
	return LaneNew
}
