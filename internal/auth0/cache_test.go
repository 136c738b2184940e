package auth0

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

func TestCacheAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, calls := newCache[int](clock.RealClock{}, nil, time.Minute), 0
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
		c, hang := newCache[int](clock.RealClock{}, nil, time.Minute), make(chan struct{})
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

// TestCacheKeepsNothingOlderThanAChange drops an answer while it is loaded: who waits for it gets it, and the next caller loads again.
func TestCacheKeepsNothingOlderThanAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, calls := newCache[int](clock.RealClock{}, nil, time.Minute), 0
		load := func(context.Context) (int, error) {
			calls++
			if calls == 1 {
				<-time.After(time.Second)
			}
			return calls, nil
		}
		var first sync.WaitGroup
		first.Go(func() {
			if got, err := c.get(t.Context(), "a", load); got != 1 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
		synctest.Wait()
		c.clear()
		first.Wait()
		if got, err := c.get(t.Context(), "a", load); got != 2 || err != nil {
			t.Errorf("after a change: got %d, %v; want what was loaded after it", got, err)
		}
	})
}

// TestRolesAreReadAfterADeletion deletes a role while the list of roles is read, which still has it.
func TestRolesAreReadAfterADeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lists := [][]Role{{{ID: "rol_1", Name: "editor"}}, nil}
		catalog := newRoleCatalog(clock.RealClock{}, nil, func(context.Context) ([]Role, error) {
			roles := lists[0]
			lists = lists[1:]
			<-time.After(time.Second)
			return roles, nil
		})
		var first sync.WaitGroup
		first.Go(func() { _, _, _ = catalog.resolve(t.Context(), []string{"editor"}) })
		synctest.Wait()
		catalog.forget()
		first.Wait()
		if ids, unknown, err := catalog.resolve(t.Context(), []string{"editor"}); len(ids) > 0 || len(unknown) != 1 || err != nil {
			t.Errorf("the deleted role is known as %v: %v", ids, err)
		}
	})
}

// TestATokenUnderWayIsKept asks for another token while the first one is issued: it is as good as another.
func TestATokenUnderWayIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issued := 0
		token := newManagementToken(clock.RealClock{}, nil, func(context.Context) (TokenSet, error) {
			issued++
			<-time.After(time.Second)
			return TokenSet{AccessToken: "token", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}, nil
		})
		var first sync.WaitGroup
		first.Go(func() { _, _ = token.get(t.Context()) })
		synctest.Wait()
		token.forgetAny()
		first.Wait()
		if _, err := token.get(t.Context()); err != nil || issued != 1 {
			t.Errorf("%d tokens were issued: %v", issued, err)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int](clock.RealClock{}, nil, time.Minute)
	for i := range 3 * mostCached {
		if _, err := c.get(t.Context(), fmt.Sprint(i), func(context.Context) (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.entries) > mostCached {
		t.Errorf("%d entries, want at most %d", len(c.entries), mostCached)
	}
}
