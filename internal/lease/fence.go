// Package lease prevents a replica that may have lost its leadership from changing anything. A Lease alone does not: a
// process that was paused for a minute resumes its work while another replica leads. See docs/decisions/0020-fencing.md.
//
// It imports no package of the repository. Start with [Fence].
package lease

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrLost is the error of a refused call: another replica may lead by now. Nothing was sent.
var ErrLost = errors.New("the lease of this replica was not renewed in time, and another replica may lead: nothing was sent")

// Fence decides whether this process may change anything: it may while its last renewal of the Lease is younger than the renew
// deadline. A nil Fence is always open: without leader election there is no other replica.
type Fence struct {
	// deadline is the maximum age of a renewal for a new call, and answers for a write that records the answer to an earlier
	// call.
	deadline, answers time.Duration
	now               func() moment

	mu sync.Mutex
	// renewed is the moment before the last renewal was sent; nil before the Lease was held, and after it was given back.
	renewed *moment
	// lost is closed when another replica held the Lease after this one. This process never leads again, because what it
	// remembers is outdated.
	lost   chan struct{}
	isLost bool
	// yields is set when the Lease is about to be given back: only writes that record answers may be sent then.
	yields bool
	// exchanges counts the calls in flight, and idle is closed when there are none; nil if nobody waits for that.
	exchanges int
	idle      chan struct{}
}

// New returns a Fence that is closed until its Lock holds the Lease. Other replicas wait for duration before they take a Lease
// that is not renewed; deadline is shorter, to leave time for calls in flight.
func New(duration, deadline time.Duration) *Fence {
	return &Fence{deadline: deadline, answers: duration - (duration-deadline)/4, now: read, lost: make(chan struct{})}
}

// Check returns ErrLost if another replica may lead. Under Recording, it allows writes a little longer.
func (f *Fence) Check(ctx context.Context) error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	limit := f.deadline
	switch {
	case records(ctx):
		limit = f.answers
	case f.yields:
		return ErrLost
	}
	if f.isLost || f.renewed == nil || f.now().since(*f.renewed) >= limit {
		return ErrLost
	}
	return nil
}

// Start implements manager.Runnable. It ends the manager as soon as another replica has held the Lease.
func (f *Fence) Start(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-f.lost:
		return ErrLost
	}
}

// Exchange registers a call in flight. The caller calls done when the answer is recorded, or need not be.
func (f *Fence) Exchange() (done func()) {
	if f == nil {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchanges++
	return sync.OnceFunc(f.done)
}

func (f *Fence) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchanges--
	if f.exchanges == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

// Drain waits until every Exchange is done, but only as long as answers may be recorded.
func (f *Fence) Drain() {
	if f == nil {
		return
	}
	idle, left := f.drained()
	select {
	case <-idle:
	case <-time.After(left):
	}
}

// drained returns a channel that is closed when no call is in flight, and how long to wait for it.
func (f *Fence) drained() (<-chan struct{}, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.exchanges == 0 {
		none := make(chan struct{})
		close(none)
		return none, time.Hour
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	return f.idle, f.left()
}

// left returns for how long answers may still be recorded.
func (f *Fence) left() time.Duration {
	if f.isLost || f.renewed == nil {
		return 0
	}
	return f.answers - f.now().since(*f.renewed)
}

// renew records an accepted renewal that was sent after a moment.
func (f *Fence) renew(at moment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewed = &at
}

// yield refuses every further call for good: the Lease is about to be given back. Calls in flight finish first.
func (f *Fence) yield() {
	f.mu.Lock()
	f.yields = true
	f.mu.Unlock()
	f.Drain()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewed = nil
}

// lose refuses every further call for good, if this process held the Lease before.
func (f *Fence) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.renewed != nil && !f.isLost {
		f.isLost = true
		close(f.lost)
	}
}

// mayRenew returns ErrLost if another replica held the Lease after this one, or if this one gave it back.
func (f *Fence) mayRenew() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isLost || f.yields {
		return ErrLost
	}
	return nil
}

type recording struct{}

// Recording marks a write that records the answer to a call that was sent while the fence was open. Such a write may be sent
// until shortly before another replica can hold the Lease.
func Recording(ctx context.Context) context.Context {
	return context.WithValue(ctx, recording{}, true)
}

func records(ctx context.Context) bool {
	marked, _ := ctx.Value(recording{}).(bool)
	return marked
}
