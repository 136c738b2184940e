package auth0

import "context"

// gate lets one in at a time, like a mutex, but for as long as a call takes: those who wait can give up.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// enter waits until the gate is free. The error is that of the context.
func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }
