package auth0

import "context"

// callMutex lets one in at a time, like a mutex, but for as long as a call to Auth0 takes: those who wait can give up. A reconciliation that
// waits holds a worker, so that it needs one for its tenant. Else it is parked, and called back when the mutex is free.
type callMutex struct {
	held chan struct{}
	// limiter is that of the tenant, nil if nobody who waits holds a worker.
	limiter *RateLimiter
	// routeClass is that of the call.
	routeClass routeClass
}

func newCallMutex(limiter *RateLimiter, to routeClass) *callMutex {
	return &callMutex{held: make(chan struct{}, 1), limiter: limiter, routeClass: to}
}

// lock waits until the mutex is free. The error is that of the context, or says what a parked reconciliation waits for.
func (g *callMutex) lock(ctx context.Context) error {
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

func (g *callMutex) unlock() {
	<-g.held
	if g.limiter != nil {
		g.limiter.look()
	}
}

// isLocked reports whether somebody is in.
func (g *callMutex) isLocked() bool { return g != nil && len(g.held) > 0 }
