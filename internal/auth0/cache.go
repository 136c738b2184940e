package auth0

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// mostCached bounds how many answers a cache keeps.
const mostCached = 10_000

// cache keeps answers by key. While one caller asks Auth0, other callers with the same key wait for its answer, until their
// context ends.
type cache[T any] struct {
	lifetime time.Duration
	// limiter is the rate limiter of the tenant.
	limiter *ratelimit.Limiter

	mu      sync.Mutex
	entries map[string]*cached[T]
}

type cached[T any] struct {
	// loading is locked by the caller that asks.
	loading *ratelimit.Mutex
	value   T
	// read is when the answer was received, the zero time before the first.
	read time.Time
}

// newCache returns an empty cache. limiter may be nil.
func newCache[T any](limiter *ratelimit.Limiter, lifetime time.Duration) *cache[T] {
	return &cache[T]{lifetime: lifetime, limiter: limiter, entries: map[string]*cached[T]{}}
}

// get returns the answer for a key, and calls enqueue if the cache has none. It keeps no error.
func (c *cache[T]) get(ctx context.Context, key string, load func(context.Context) (T, error)) (T, error) {
	entry, fresh := c.entry(key)
	if fresh {
		return entry.value, nil
	}
	var none T
	if err := waited(entry.loading.Lock(ctx)); err != nil {
		return none, err
	}
	defer entry.loading.Unlock()
	if now, fresh := c.entry(key); fresh {
		return now.value, nil
	}
	value, err := load(ctx)
	if err != nil {
		return none, err
	}
	c.put(key, value)
	return value, nil
}

// entry returns the entry for a key, and whether it is still valid.
func (c *cache[T]) entry(key string) (*cached[T], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[key]
	if entry == nil {
		c.makeRoom()
		entry = &cached[T]{loading: ratelimit.NewMutex(c.limiter, ratelimit.ClassManagement)}
		c.entries[key] = entry
	}
	known := *entry
	return &known, c.isFresh(entry)
}

func (c *cache[T]) isFresh(entry *cached[T]) bool {
	return !entry.read.IsZero() && time.Since(entry.read) < c.lifetime
}

// makeRoom drops expired entries if there are many, and all entries if that is not enough.
func (c *cache[T]) makeRoom() {
	if len(c.entries) < mostCached {
		return
	}
	maps.DeleteFunc(c.entries, func(_ string, entry *cached[T]) bool { return !c.isFresh(entry) })
	if len(c.entries) >= mostCached {
		clear(c.entries)
	}
}

func (c *cache[T]) put(key string, value T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[key]
	if entry == nil {
		entry = &cached[T]{loading: ratelimit.NewMutex(c.limiter, ratelimit.ClassManagement)}
		c.entries[key] = entry
	}
	entry.value, entry.read = value, time.Now()
}

// forget drops the answer for a key, so that the next get asks again.
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
