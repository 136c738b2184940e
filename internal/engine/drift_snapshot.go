package engine

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// snapshotStore is what this process knows of the objects of a kind, beyond their status. Losing it with the process costs only calls.
// A kind without drift detection has none.
type snapshotStore struct {
	mu sync.Mutex
	// dirty are the objects that must be read because something may have changed them.
	dirty  map[types.NamespacedName]dirtyMark
	serial uint64
	// shown are documents from lists that wait for the reconciliation of their object.
	shown map[types.NamespacedName]auth0.Document
	// synced are the objects that were synced.
	synced map[types.UID]lastSync
}

// dirtyMark says that an object must be read.
type dirtyMark struct {
	// serial distinguishes one mark from the next; 0 means none.
	serial   uint64
	priority ratelimit.Priority
}

// lastSync records the last sync of an object.
type lastSync struct {
	// desired is a hash of the desired document at that time.
	desired uint64
	// at is when the object was read, in nanoseconds; 0 if that was left to the first resync of the drift detector.
	at int64
}

func newSnapshotStore() *snapshotStore {
	return &snapshotStore{
		dirty: map[types.NamespacedName]dirtyMark{}, shown: map[types.NamespacedName]auth0.Document{}, synced: map[types.UID]lastSync{},
	}
}

func (m *snapshotStore) markDirty(key types.NamespacedName, priority ratelimit.Priority) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	m.dirty[key] = dirtyMark{m.serial, priority}
	delete(m.shown, key)
}

func (m *snapshotStore) dirtyMark(key types.NamespacedName) dirtyMark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dirty[key]
}

// clearDirty removes a mark, unless a newer one replaced it.
func (m *snapshotStore) clearDirty(key types.NamespacedName, known dirtyMark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirty[key] == known {
		delete(m.dirty, key)
	}
}

func (m *snapshotStore) show(key types.NamespacedName, document auth0.Document) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown[key] = document
}

// take returns what a list showed of an object, and removes it.
func (m *snapshotStore) take(key types.NamespacedName) auth0.Document {
	m.mu.Lock()
	defer m.mu.Unlock()
	document := m.shown[key]
	delete(m.shown, key)
	return document
}

// drained waits until few documents are left. It drops documents that nobody takes.
func (m *snapshotStore) drained(ctx context.Context) error {
	for deadline := time.Now().Add(longestShown); m.waiting() > mostShown; {
		if time.Now().After(deadline) {
			m.mu.Lock()
			clear(m.shown)
			m.mu.Unlock()
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (m *snapshotStore) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.shown)
}

func (m *snapshotStore) recordSync(uid types.UID, what lastSync) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.synced[uid] = what
}

func (m *snapshotStore) lastSync(uid types.UID) (lastSync, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what, ok := m.synced[uid]
	return what, ok
}

// syncedSince reports whether an object was synced after a time.
func (m *snapshotStore) syncedSince(uid types.UID, since time.Time) bool {
	what, ok := m.lastSync(uid)
	return ok && what.at > since.UnixNano()
}

// forget drops what is known of the object with a name.
func (m *snapshotStore) forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.dirty, key)
	delete(m.shown, key)
}

// keepOnly drops the objects that are gone.
func (m *snapshotStore) keepOnly(present map[types.UID]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.synced, func(uid types.UID, _ lastSync) bool { return !present[uid] })
}
