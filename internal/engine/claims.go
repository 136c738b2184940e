package engine

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// mostClaims is how many claims are remembered, and claimed how long: the cache shows the holder within seconds.
	mostClaims = 10_000
	claimed    = 10 * time.Minute
)

// claims are the objects that took something in Auth0 a moment ago, by reference.IDKey.
type claims struct {
	mu      sync.Mutex
	holders *cache.LRUExpireCache
}

func newClaims() *claims { return &claims{holders: cache.NewLRUExpireCache(mostClaims)} }

// claimant is an object that took over something in Auth0.
type claimant struct {
	types.NamespacedName

	uid types.UID
}

func claimantOf(object client.Object) claimant {
	return claimant{client.ObjectKeyFromObject(object), object.GetUID()}
}

// take claims something for an object, or returns the other one that holds it.
func (c *claims) take(key string, mine claimant) (holder claimant, held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.holders.Get(key); ok && known != mine {
		return known.(claimant), true
	}
	c.holders.Add(key, mine, claimed)
	return mine, false
}

// set claims something for an object, whatever held it before: it was just created.
func (c *claims) set(key string, mine claimant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holders.Add(key, mine, claimed)
}

// drop forgets a claim, but none that was made since.
func (c *claims) drop(key string, known claimant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.holders.Get(key); ok && now == known {
		c.holders.Remove(key)
	}
}
