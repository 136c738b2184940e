package auth0

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// cached keeps one answer of Auth0. While one caller loads it, others that need it wait, until their context ends. If the load
// fails, the next of them loads. See decision 0028 for why this is not singleflight.
type cached[T any] struct {
	clock clock.PassiveClock
	// loading is locked by the caller that loads.
	loading *ratelimit.Mutex

	mu    sync.Mutex
	value T
	// read is when the value was loaded, the zero time if there is none.
	read time.Time
	// drops counts how often the value was dropped. What was loaded meanwhile may be older than the reason for that.
	drops int
}

// newCached returns an empty cached. limiter is the tenant's, and may be nil; class is that of the calls that load.
func newCached[T any](by clock.PassiveClock, limiter *ratelimit.Limiter, class ratelimit.RouteClass) *cached[T] {
	return &cached[T]{clock: by, loading: ratelimit.NewMutex(limiter, class)}
}

// current returns the value, and whether there is one that is fresh by this measure.
func (c *cached[T]) current(isFresh func(value T, age time.Duration) bool) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, !c.read.IsZero() && isFresh(c.value, c.clock.Since(c.read))
}

// get returns the value, and loads it first if there is no fresh one. It keeps no error.
func (c *cached[T]) get(ctx context.Context, isFresh func(value T, age time.Duration) bool, load func(context.Context) (T, error)) (T, error) {
	if value, ok := c.current(isFresh); ok {
		return value, nil
	}
	var none T
	if err := waited(c.loading.Lock(ctx)); err != nil {
		return none, err
	}
	defer c.loading.Unlock()
	if value, ok := c.current(isFresh); ok {
		return value, nil
	}
	return c.load(ctx, load)
}

// reload loads the value, even if there is a fresh one.
func (c *cached[T]) reload(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	if err := waited(c.loading.Lock(ctx)); err != nil {
		return *new(T), err
	}
	defer c.loading.Unlock()
	return c.load(ctx, load)
}

// load must be called with loading locked.
func (c *cached[T]) load(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	drops := c.drops
	c.mu.Unlock()
	value, err := load(ctx)
	if err != nil {
		return *new(T), err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops {
		c.value, c.read = value, c.clock.Now()
	}
	return value, nil
}

// change replaces the value, if there is one.
func (c *cached[T]) change(with func(T) T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() {
		c.value = with(c.value)
	}
}

// drop makes the next get load the value, even if a load is under way.
func (c *cached[T]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.read = *new(T), time.Time{}
	c.drops++
}

// dropIf is drop for a value that meets a condition. It drops nothing while the first one is loaded.
func (c *cached[T]) dropIf(condition func(T) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() && condition(c.value) {
		c.value, c.read = *new(T), time.Time{}
		c.drops++
	}
}

// mostCached bounds how many answers a cache keeps.
const mostCached = 10_000

// cache keeps answers by key, for a time.
type cache[T any] struct {
	clock    clock.PassiveClock
	lifetime time.Duration
	limiter  *ratelimit.Limiter

	mu      sync.Mutex
	entries map[string]*cached[T]
}

// newCache returns an empty cache. limiter may be nil.
func newCache[T any](by clock.PassiveClock, limiter *ratelimit.Limiter, lifetime time.Duration) *cache[T] {
	return &cache[T]{clock: by, lifetime: lifetime, limiter: limiter, entries: map[string]*cached[T]{}}
}

// get returns the answer for a key, and loads it if the cache has none.
func (c *cache[T]) get(ctx context.Context, key string, load func(context.Context) (T, error)) (T, error) {
	return c.entry(key).get(ctx, c.isFresh, load)
}

func (c *cache[T]) isFresh(_ T, age time.Duration) bool { return age < c.lifetime }

// entry returns the entry for a key.
func (c *cache[T]) entry(key string) *cached[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == nil {
		c.makeRoom()
		c.entries[key] = newCached[T](c.clock, c.limiter, ratelimit.ClassManagement)
	}
	return c.entries[key]
}

// makeRoom drops expired entries if there are many, and all entries if that is not enough.
func (c *cache[T]) makeRoom() {
	if len(c.entries) < mostCached {
		return
	}
	maps.DeleteFunc(c.entries, func(_ string, entry *cached[T]) bool {
		_, fresh := entry.current(c.isFresh)
		return !fresh
	})
	if len(c.entries) >= mostCached {
		clear(c.entries)
	}
}

// forget drops the answer for a key, so that the next get loads it again.
func (c *cache[T]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// clear drops all answers.
func (c *cache[T]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
