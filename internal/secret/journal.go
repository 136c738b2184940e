package secret

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Journal remembers our last write to each output Secret, so that news of it makes nobody look at what just wrote it.
type Journal struct{ entries sync.Map }

// entry is held while the Secret is being written: news of it can be faster than the answer.
type entry struct {
	mu      sync.Mutex
	version string
}

// record makes a write, which returns the version that it made, if it made one.
func (j *Journal) record(name client.ObjectKey, write func() (version string, err error)) error {
	if j == nil {
		_, err := write()
		return err
	}
	known, _ := j.entries.LoadOrStore(name, &entry{})
	current := known.(*entry)
	current.mu.Lock()
	defer current.mu.Unlock()
	version, err := write()
	if version != "" {
		current.version = version
	}
	return err
}

// Forget drops what is known of a Secret whose writer is gone.
func (j *Journal) Forget(name client.ObjectKey) {
	if j != nil {
		j.entries.Delete(name)
	}
}

// Knows tells whether a Secret, as it is seen now, is no newer than our last write to it.
func (j *Journal) Knows(seen client.Object) bool {
	known, ok := j.entries.Load(client.ObjectKeyFromObject(seen))
	if !ok {
		return false
	}
	current := known.(*entry)
	current.mu.Lock()
	defer current.mu.Unlock()
	order, err := resourceversion.CompareResourceVersion(seen.GetResourceVersion(), current.version)
	return err == nil && order <= 0
}
