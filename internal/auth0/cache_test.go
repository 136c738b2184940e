package auth0

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCacheAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, calls := newCache[int](nil, time.Minute), 0
		load := func(context.Context) (int, error) {
			calls++
			<-time.After(time.Second)
			return calls, nil
		}
		get := func(want int) {
			t.Helper()
			if got, err := c.get(t.Context(), "a", load); got != want || err != nil {
				t.Errorf("got %d, %v; want %d", got, err, want)
			}
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { get(1) })
		}
		all.Wait()
		<-time.After(time.Minute)
		get(2)
		c.forget("a")
		get(3)
		if calls != 3 {
			t.Errorf("asked %d times, want 3", calls)
		}
	})
}

// TestCacheWaitersCanGiveUp blocks one caller forever: callers that wait for it return when their context ends, and other keys
// are not blocked.
func TestCacheWaitersCanGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, hang := newCache[int](nil, time.Minute), make(chan struct{})
		go func() {
			_, _ = c.get(context.Background(), "a", func(context.Context) (int, error) {
				<-hang
				return 1, nil
			})
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.get(ctx, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		if got, err := c.get(t.Context(), "b", func(context.Context) (int, error) { return 2, nil }); got != 2 || err != nil {
			t.Errorf("another key: got %d, %v", got, err)
		}
		close(hang)
	})
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int](nil, time.Minute)
	for i := range 3 * mostCached {
		if _, err := c.get(t.Context(), fmt.Sprint(i), func(context.Context) (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.entries) > mostCached {
		t.Errorf("%d entries, want at most %d", len(c.entries), mostCached)
	}
}
