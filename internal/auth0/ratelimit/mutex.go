package ratelimit

import "context"

// Mutex is a mutex that is held during a call to Auth0, so waiting callers can give up. A reconciliation that waits holds a
// worker, so it needs one of its tenant. If there is none, it waits in the queue of the rate limiter instead, until the mutex is
// free.
type Mutex struct {
	held chan struct{}
	// limiter is the rate limiter of the tenant, nil if the waiting callers hold no worker.
	limiter *Limiter
	// routeClass is the route class of the call.
	routeClass RouteClass
}

// NewMutex returns a mutex for calls of a class. limiter is that of the tenant, nil if the waiting callers hold no worker.
func NewMutex(limiter *Limiter, to RouteClass) *Mutex {
	return &Mutex{held: make(chan struct{}, 1), limiter: limiter, routeClass: to}
}

// Lock waits until the mutex is free. The error is that of the context, or says what a reconciliation without a worker waits for.
func (g *Mutex) Lock(ctx context.Context) error {
	select {
	case g.held <- struct{}{}:
		return nil
	default:
	}
	if g.limiter != nil {
		if err := g.limiter.waitForMutex(ctx, g); err != nil {
			return err
		}
	}
	select {
	case g.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock lets the next caller go.
func (g *Mutex) Unlock() {
	<-g.held
	if g.limiter != nil {
		g.limiter.look()
	}
}

// isLocked reports whether someone holds the mutex.
func (g *Mutex) isLocked() bool { return g != nil && len(g.held) > 0 }
