package drift

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

const (
	// mostShown is how many documents of lists may wait for the reconciliation of their object, and longestShown how long.
	mostShown    = 100
	longestShown = 10 * time.Minute
)

// Snapshot is what this process knows of the objects of a kind, beyond their status. Losing it with the process costs only calls.
// A kind without drift detection has none.
type Snapshot struct {
	mu sync.Mutex
	// dirty are the objects that must be read because something may have changed them.
	dirty  map[types.NamespacedName]Mark
	serial uint64
	// shown are documents from lists that wait for the reconciliation of their object.
	shown map[types.NamespacedName]auth0.Document
	// synced are the objects that were synced.
	synced map[types.UID]LastSync
}

// Mark says that an object must be read.
type Mark struct {
	// Serial distinguishes one mark from the next; 0 means none.
	Serial   uint64
	Priority ratelimit.Priority
}

// LastSync records the last sync of an object.
type LastSync struct {
	// Desired is a hash of the desired document at that time.
	Desired uint64
	// At is when the object was read, in nanoseconds; 0 if that was left to the first resync of the drift detector.
	At int64
}

// NewSnapshot returns an empty Snapshot.
func NewSnapshot() *Snapshot {
	return &Snapshot{
		dirty: map[types.NamespacedName]Mark{}, shown: map[types.NamespacedName]auth0.Document{}, synced: map[types.UID]LastSync{},
	}
}

// MarkDirty records that an object must be read, and drops what a list showed of it.
func (m *Snapshot) MarkDirty(key types.NamespacedName, priority ratelimit.Priority) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	m.dirty[key] = Mark{m.serial, priority}
	delete(m.shown, key)
}

// DirtyMark returns the mark of an object that must be read.
func (m *Snapshot) DirtyMark(key types.NamespacedName) Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dirty[key]
}

// ClearDirty removes a mark, unless a newer one replaced it.
func (m *Snapshot) ClearDirty(key types.NamespacedName, known Mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirty[key] == known {
		delete(m.dirty, key)
	}
}

// Show keeps what a list shows of an object until its reconciliation takes it.
func (m *Snapshot) Show(key types.NamespacedName, document auth0.Document) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown[key] = document
}

// Take returns what a list showed of an object, and removes it.
func (m *Snapshot) Take(key types.NamespacedName) auth0.Document {
	m.mu.Lock()
	defer m.mu.Unlock()
	document := m.shown[key]
	delete(m.shown, key)
	return document
}

// Drained waits until few documents are left. It drops documents that nobody takes.
func (m *Snapshot) Drained(ctx context.Context, by clock.Clock) error {
	for deadline := by.Now().Add(longestShown); m.waiting() > mostShown; {
		if by.Now().After(deadline) {
			m.mu.Lock()
			clear(m.shown)
			m.mu.Unlock()
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-by.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (m *Snapshot) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.shown)
}

// RecordSync records the last sync of an object.
func (m *Snapshot) RecordSync(uid types.UID, what LastSync) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.synced[uid] = what
}

// LastSync returns the last sync of an object, if this process knows it.
func (m *Snapshot) LastSync(uid types.UID) (LastSync, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what, ok := m.synced[uid]
	return what, ok
}

// SyncedSince reports whether an object was synced after a time.
func (m *Snapshot) SyncedSince(uid types.UID, since time.Time) bool {
	what, ok := m.LastSync(uid)
	return ok && what.At > since.UnixNano()
}

// Forget drops what is known of the object with a name.
func (m *Snapshot) Forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.dirty, key)
	delete(m.shown, key)
}

// KeepOnly drops the objects that are gone.
func (m *Snapshot) KeepOnly(present map[types.UID]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.synced, func(uid types.UID, _ LastSync) bool { return !present[uid] })
}
