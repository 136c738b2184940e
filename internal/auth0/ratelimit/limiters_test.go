package ratelimit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheEndWaitsForProbes ends while a probe is in flight: the call is cancelled, its end is waited for, and no other begins.
func TestTheEndWaitsForProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiters := newLimiters()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- limiters.Start(ctx) }()
		answer, probes := make(chan struct{}), 0
		limiter := limiters.Of("test")
		limiter.Presume(time.Now().Add(-time.Hour))
		limiter.Connect(func(ctx context.Context, _ API) error {
			probes++
			<-ctx.Done()
			// The connection takes a while to close.
			<-answer
			return ctx.Err()
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("the process ends while a probe is in flight: %v", err)
		default:
		}
		close(answer)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		<-time.After(time.Hour)
		limiter.ProbeNow()
		synctest.Wait()
		if probes != 1 {
			t.Errorf("%d probes, want 1", probes)
		}
	})
}
