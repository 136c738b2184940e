package secret

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Expectations remembers the operator's last write to each output Secret, so that the watch event of that write triggers no
// reconciliation. If it forgets a write, that costs one reconciliation.
type Expectations struct {
	mu      sync.Mutex
	entries *cache.LRUExpireCache
}

const (
	// mostEntries is how many writes Expectations remembers, and remembered how long: the event of a write arrives within
	// seconds.
	mostEntries = 10_000
	remembered  = 10 * time.Minute
)

// NewExpectations returns empty Expectations.
func NewExpectations() *Expectations {
	return &Expectations{entries: cache.NewLRUExpireCache(mostEntries)}
}

// journalKey distinguishes a ConfigMap from the Secret of the same name.
func journalKey(kind, namespace, name string) client.ObjectKey {
	if kind == string(ConfigMap) {
		name = kind + "/" + name
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// entry is locked during a write to the Secret: the event can arrive before the answer.
type entry struct {
	mu      sync.Mutex
	version string
}

// record runs write, and records the version that it returns, if any.
func (j *Expectations) record(name client.ObjectKey, write func() (version string, err error)) error {
	if j == nil {
		_, err := write()
		return err
	}
	current := j.entry(name)
	current.mu.Lock()
	defer current.mu.Unlock()
	version, err := write()
	if version != "" {
		current.version = version
	}
	return err
}

// entry returns the last write to a Secret, and keeps it for a while from now.
func (j *Expectations) entry(name client.ObjectKey) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	known, ok := j.entries.Get(name)
	if !ok {
		known = &entry{}
	}
	j.entries.Add(name, known, remembered)
	return known.(*entry)
}

// Forget drops the write to a Secret whose writer is gone.
func (j *Expectations) Forget(name client.ObjectKey) {
	if j != nil {
		j.entries.Remove(name)
	}
}

// Knows reports whether a Secret, as it is seen now, is no newer than the operator's last write to it.
func (j *Expectations) Knows(seen client.Object) bool {
	known, ok := j.entries.Get(journalKey(seen.GetObjectKind().GroupVersionKind().Kind, seen.GetNamespace(), seen.GetName()))
	if !ok {
		return false
	}
	current := known.(*entry)
	current.mu.Lock()
	defer current.mu.Unlock()
	order, err := resourceversion.CompareResourceVersion(seen.GetResourceVersion(), current.version)
	return err == nil && order <= 0
}
