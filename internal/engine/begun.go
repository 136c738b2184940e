package engine

import (
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// mostBegun is how many objects begun remembers, and begunFor how long: the event of a version arrives within seconds of the
	// version itself.
	mostBegun = 10_000
	begunFor  = time.Minute
)

// begun remembers which version of each object its last reconciliation began with. The cache has a version before its event comes,
// so a reconciliation with another cause may have processed it by then: the event is no news, and would cost a read in Auth0. If
// begun forgets a version, that costs this read. A reconciliation that fails is repeated without an event.
type begun struct {
	versions *cache.LRUExpireCache
}

func newBegun() begun { return begun{cache.NewLRUExpireCache(mostBegun)} }

func (b begun) note(object client.Object) {
	b.versions.Add(client.ObjectKeyFromObject(object), object.GetResourceVersion(), begunFor)
}

// covers reports whether the last reconciliation of an object began with this version, or a newer one.
func (b begun) covers(object client.Object) bool {
	version, ok := b.versions.Get(client.ObjectKeyFromObject(object))
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), version.(string))
	return err == nil && order <= 0
}
