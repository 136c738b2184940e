package auth0

import "context"

// gate lets one in at a time, like a mutex, but for as long as a call to Auth0 takes: those who wait can give up. A pass that
// waits holds a worker, so that it needs one for its tenant. Else it is parked, and called back when the gate is free.
type gate struct {
	held chan struct{}
	// governor is that of the tenant, nil if nobody who waits holds a worker.
	governor *Governor
	// class is that of the call.
	class class
}

func newGate(governor *Governor, to class) *gate {
	return &gate{held: make(chan struct{}, 1), governor: governor, class: to}
}

// enter waits until the gate is free. The error is that of the context, or says what a parked pass waits for.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.held <- struct{}{}:
		return nil
	default:
	}
	if g.governor != nil {
		if err := g.governor.waitBehind(ctx, g); err != nil {
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

func (g *gate) leave() {
	<-g.held
	if g.governor != nil {
		g.governor.look()
	}
}

// isHeld reports whether somebody is in.
func (g *gate) isHeld() bool { return g != nil && len(g.held) > 0 }
