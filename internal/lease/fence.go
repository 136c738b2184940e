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

// ErrLost is why a call was refused: another replica may lead by now. Nothing was sent.
var ErrLost = errors.New("the lease of this replica was not renewed in time, and another replica may lead: nothing was sent")

// Fence says whether this process may change anything: while its last renewal of the Lease is younger than the renew
// deadline. A nil Fence is always open: without leader election there is no other replica.
type Fence struct {
	// deadline is how old a renewal may be for a call to leave, and answers for what records the answer to one that left.
	deadline, answers time.Duration
	now               func() moment

	mu sync.Mutex
	// renewed is the moment before the last renewal was sent; nil before the Lease was held, and when it was given back.
	renewed *moment
	// lost is closed when another replica held the Lease after this one. This process never leads again: what it remembers is
	// of the time before.
	lost   chan struct{}
	isLost bool
	// yields is set when the Lease is about to be given back: nothing more may leave but what records answers.
	yields bool
	// exchanges counts the calls that are on their way, and idle is closed when there are none; nil if nobody waits for that.
	exchanges int
	idle      chan struct{}
}

// New returns a Fence that is closed until its Lock holds the Lease. Other replicas wait for duration before they take a Lease
// that is not renewed; deadline is shorter, for what is on its way by then.
func New(duration, deadline time.Duration) *Fence {
	return &Fence{deadline: deadline, answers: duration - (duration-deadline)/4, now: read, lost: make(chan struct{})}
}

// Check returns ErrLost if another replica may lead. Under Recording it lets through for a little longer.
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

// Exchange says that a call is on its way. The caller calls done when its answer is recorded, or need not be.
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

// Drain waits until every Exchange is done, but no longer than their answers may be recorded.
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

// drained returns a channel that is closed when nothing is on its way, and how long to wait for it.
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

// left is for how long answers may still be recorded.
func (f *Fence) left() time.Duration {
	if f.isLost || f.renewed == nil {
		return 0
	}
	return f.answers - f.now().since(*f.renewed)
}

// renew takes down a renewal that was sent after a moment, and was accepted.
func (f *Fence) renew(at moment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewed = &at
}

// yield refuses every further call, for good: the Lease is about to be given back. What is on its way comes to its end first.
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

// mayRenew returns ErrLost if another replica held the Lease after this one, or was given it.
func (f *Fence) mayRenew() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isLost || f.yields {
		return ErrLost
	}
	return nil
}

type recording struct{}

// Recording marks a write that records the answer to a call which left while the fence was open. It may leave until shortly
// before another replica can hold the Lease.
func Recording(ctx context.Context) context.Context {
	return context.WithValue(ctx, recording{}, true)
}

func records(ctx context.Context) bool {
	marked, _ := ctx.Value(recording{}).(bool)
	return marked
}
