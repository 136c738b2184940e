package engine

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// mostClaims limits how many claims are kept. claimed is how long: within seconds, the cache shows the holder.
	mostClaims = 10_000
	claimed    = 10 * time.Minute
)

// claims are the objects that claimed something in Auth0 a moment ago, by reference.IDKey.
type claims struct {
	mu      sync.Mutex
	holders *cache.LRUExpireCache
}

func newClaims() *claims { return &claims{holders: cache.NewLRUExpireCache(mostClaims)} }

// claimant is an object that adopted something in Auth0.
type claimant struct {
	types.NamespacedName

	uid types.UID
}

func claimantOf(object client.Object) claimant {
	return claimant{client.ObjectKeyFromObject(object), object.GetUID()}
}

// take claims something for an object, or returns the object that holds it already.
func (c *claims) take(key string, mine claimant) (holder claimant, held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.holders.Get(key); ok && known != mine {
		return known.(claimant), true
	}
	c.holders.Add(key, mine, claimed)
	return mine, false
}

// set claims something for an object that just created it, and replaces any other claim.
func (c *claims) set(key string, mine claimant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holders.Add(key, mine, claimed)
}

// drop removes a claim, unless a newer one replaced it.
func (c *claims) drop(key string, known claimant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.holders.Get(key); ok && now == known {
		c.holders.Remove(key)
	}
}
