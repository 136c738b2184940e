package auth0

import (
	"context"
	"maps"
	"sync"
	"time"
)

// mostCached bounds how many answers a cache remembers.
const mostCached = 10_000

// cache remembers answers by a key. While one caller asks, the others that want the same wait for it, as long as their context
// allows.
type cache[T any] struct {
	lifetime time.Duration
	// limiter is that of the tenant that is asked.
	limiter *RateLimiter

	mu      sync.Mutex
	entries map[string]*cached[T]
}

type cached[T any] struct {
	// isDispatched is held by the caller that asks.
	isDispatched *callMutex
	value        T
	// read is when the answer came, the zero time before the first.
	read time.Time
}

// newCache returns an empty one. rate limiter may be nil.
func newCache[T any](limiter *RateLimiter, lifetime time.Duration) *cache[T] {
	return &cache[T]{lifetime: lifetime, limiter: limiter, entries: map[string]*cached[T]{}}
}

// get returns the answer for a key, by a call of ask if none is remembered. An error is not remembered.
func (c *cache[T]) get(ctx context.Context, key string, enqueue func(context.Context) (T, error)) (T, error) {
	entry, fresh := c.entry(key)
	if fresh {
		return entry.value, nil
	}
	var none T
	if err := entry.isDispatched.lock(ctx); err != nil {
		return none, err
	}
	defer entry.isDispatched.unlock()
	if now, fresh := c.entry(key); fresh {
		return now.value, nil
	}
	value, err := enqueue(ctx)
	if err != nil {
		return none, err
	}
	c.put(key, value)
	return value, nil
}

// entry returns what is remembered for a key, and whether it can be relied on.
func (c *cache[T]) entry(key string) (*cached[T], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[key]
	if entry == nil {
		c.makeRoom()
		entry = &cached[T]{isDispatched: newCallMutex(c.limiter, classManagement)}
		c.entries[key] = entry
	}
	known := *entry
	return &known, c.isFresh(entry)
}

func (c *cache[T]) isFresh(entry *cached[T]) bool {
	return !entry.read.IsZero() && time.Since(entry.read) < c.lifetime
}

// makeRoom drops what has expired when there is much, and all of it if that is not enough.
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
		entry = &cached[T]{isDispatched: newCallMutex(c.limiter, classManagement)}
		c.entries[key] = entry
	}
	entry.value, entry.read = value, time.Now()
}

// forget makes the next get for a key ask again.
func (c *cache[T]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// clear makes every next get ask again.
func (c *cache[T]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}
