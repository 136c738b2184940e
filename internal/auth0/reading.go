package auth0

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// The limits of the bytes of answers that may be read and parsed at the same time, by tenant and by process. A tenant that sends
// slowly first delays itself, and then others that do: half of the process's budget is reserved for answers that arrive within
// ratelimit.SlowAnswer.
const (
	mostReadPerTenant  = 8 << 20
	mostReadPerProcess = 48 << 20
)

// readingAtOnce and readingSlowly are the two halves of the process's budget.
var (
	readingAtOnce = semaphore.NewWeighted(mostReadPerProcess / 2)
	readingSlowly = semaphore.NewWeighted(mostReadPerProcess / 2)
)

// errReading ends a call whose answer could not be read because too many others were being read. It says nothing about the
// tenant.
var errReading = errors.New("too many answers are being read at the same time")

// reading is the part of the process's budget that one answer takes while it is read.
type reading struct {
	size  int64
	timer *time.Timer

	mu sync.Mutex
	// budget is the budget of that part, nil when the reading has ended.
	budget *semaphore.Weighted
	// refused means that the answer came slowly, and the budget for slow answers had no room.
	refused bool
}

// beginReading waits until an answer of this size may be read. If the tenant is responsive, the answer moves to the slow budget
// after ratelimit.SlowAnswer; if that has no room, its body is closed.
func beginReading(ctx context.Context, isResponsive bool, size int64, body io.Closer) (*reading, error) {
	r := &reading{size: size, budget: readingSlowly}
	if isResponsive {
		r.budget = readingAtOnce
	}
	if err := acquire(ctx, r.budget, size); err != nil {
		return nil, err
	}
	if isResponsive {
		r.timer = time.AfterFunc(ratelimit.SlowAnswer, func() { r.slowDown(body) }) //nolint:forbidigo // The network has its own time.
	}
	return r, nil
}

func (r *reading) slowDown(body io.Closer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.budget == nil:
	case readingSlowly.TryAcquire(r.size):
		r.budget.Release(r.size)
		r.budget = readingSlowly
	default:
		r.refused = true
		_ = body.Close()
	}
}

func (r *reading) isRefused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

func (r *reading) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer != nil {
		r.timer.Stop()
	}
	r.budget.Release(r.size)
	r.budget = nil
}

// acquire waits for a part of a budget. It fails with errReading if the call's deadline passes first.
func acquire(ctx context.Context, budget *semaphore.Weighted, size int64) error {
	err := budget.Acquire(ctx, size)
	if err != nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		return errReading
	}
	return err
}
