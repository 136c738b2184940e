package secret

import (
	"slices"
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

// entry is the last write to a Secret. No lock is held during a write: the informer of all Secrets would wait for it.
type entry struct {
	mu      sync.Mutex
	version string
	// writing is how many writes are in flight, and undecided what was seen meanwhile: an event can arrive before the answer to the
	// write that caused it.
	writing   int
	undecided []seenVersion
}

// seenVersion is a version of a Secret that was seen during a write. report is called if it is newer than the write.
type seenVersion struct {
	version string
	report  func()
}

func (e *entry) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writing++
}

// end records the version that a write created, if any. After the last write, it returns the undecided ones that are newer.
func (e *entry) end(version string) []seenVersion {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writing--
	if version != "" {
		e.version = version
	}
	if e.writing > 0 {
		return nil
	}
	newer := slices.DeleteFunc(e.undecided, func(seen seenVersion) bool { return isNoNewer(seen.version, e.version) })
	e.undecided = nil
	return newer
}

// isNoNewer reports whether a version is no newer than another, as far as they can be compared.
func isNoNewer(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err == nil && order <= 0
}

// record runs write, and records the version that it returns, if any.
func (j *Expectations) record(name client.ObjectKey, write func() (version string, err error)) error {
	if j == nil {
		_, err := write()
		return err
	}
	current := j.entry(name)
	current.begin()
	version, err := write()
	for _, seen := range current.end(version) {
		seen.report()
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

// Knows reports whether a Secret, as it is seen now, is no newer than the operator's last write to it. During a write, nobody can
// say: Knows returns true, and report is called after the write if the Secret is newer.
func (j *Expectations) Knows(seen client.Object, report func()) bool {
	known, ok := j.entries.Get(journalKey(seen.GetObjectKind().GroupVersionKind().Kind, seen.GetNamespace(), seen.GetName()))
	if !ok {
		return false
	}
	current := known.(*entry)
	current.mu.Lock()
	defer current.mu.Unlock()
	if current.writing > 0 {
		current.undecided = append(current.undecided, seenVersion{seen.GetResourceVersion(), report})
		return true
	}
	return isNoNewer(seen.GetResourceVersion(), current.version)
}
