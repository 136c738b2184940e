package engine

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Auth0 replaces some ordered lists whole, such as the actions of a trigger, and many objects each add an entry. One of them writes the
// list for all that are known. See docs/decisions/0042-steps.md.

// Assembled is an ordered list to which objects of the kind add themselves: the id of an entry is that of its object.
type Assembled[O v1alpha1.Managed] struct {
	// Place returns the list and the order that an object declares, and its entry as Auth0 accepts it; false for none.
	Place func(O) (lists.Place, bool)
	// Managed is the field of status with the list that has the entry of the object.
	Managed func(O) *string
	// Exact reports whether an object declares that the list has no other entries. One object that does suffices.
	Exact func(O) bool
	// Read returns the whole list, and Write replaces it. Read MUST return each value in the form of Place, which Auth0 accepts in a
	// write: the two are compared, and what others added is written again.
	Read  func(ctx context.Context, session *auth0.Session, list string) ([]lists.Entry, error)
	Write func(ctx context.Context, session *auth0.Session, list string, entries []lists.Entry) error
}

const (
	// joinDelay is how long other objects may join a write.
	joinDelay = 200 * time.Millisecond
	// knownFor is how long a list counts as known after it was read, and a change of this process as newer than the cache.
	knownFor = time.Minute
	// mostMembers limits how many recent changes of a list are kept.
	mostMembers = 10_000
)

// assembledLists are the assembled lists of a kind, by tenant and list.
type assembledLists struct {
	mu    sync.Mutex
	all   map[string]*assembledList
	delay time.Duration
}

func newAssembledLists() *assembledLists {
	return &assembledLists{all: map[string]*assembledList{}, delay: joinDelay}
}

// assembledList is one list.
type assembledList struct {
	// writing lets one at a time read and write the list.
	writing *semaphore.Weighted
	// recent are the changes that the cache may not show yet, by uid.
	recent *cache.LRUExpireCache

	mu sync.Mutex
	// sharedWrite is the write that others may join, nil if there is none.
	sharedWrite *sharedWrite
	// entries are those of the list at a time.
	entries []lists.Entry
	at      time.Time
}

// sharedWrite is a write of a list for all that joined.
type sharedWrite struct {
	joined int
	done   chan struct{}
	err    error
}

// member is an object of an assembled list.
type member struct {
	lists.Place

	exact, gone bool
}

func (a *assembledLists) of(key string) *assembledList {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all[key] == nil {
		a.all[key] = &assembledList{writing: semaphore.NewWeighted(1), recent: cache.NewLRUExpireCache(mostMembers)}
	}
	return a.all[key]
}

// join returns the next write, and whether the caller must make it.
func (l *assembledList) join() (joined *sharedWrite, isFirst bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sharedWrite == nil {
		l.sharedWrite, isFirst = &sharedWrite{done: make(chan struct{})}, true
	}
	l.sharedWrite.joined++
	return l.sharedWrite, isFirst
}

// begin lets those who come from now on join the next write.
func (l *assembledList) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sharedWrite = nil
}

func (l *assembledList) note(entries []lists.Entry, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.at = entries, at
}

// known returns the entries of the list, if they were read after a time.
func (l *assembledList) known(since time.Time) ([]lists.Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries, l.at.After(since)
}

// assemble puts the entry of the object where the spec declares it.
func (w *objectSync[O]) assemble(ctx context.Context) error {
	if w.Definition.Assembled == nil {
		return nil
	}
	place, declared := w.Definition.Assembled.Place(w.object)
	managed := w.Definition.Assembled.Managed(w.object)
	if *managed != "" && (!declared || *managed != place.List) {
		if err := w.leaveAssembled(ctx); err != nil {
			return err
		}
	}
	if !declared {
		return nil
	}
	if *managed == "" {
		// After a crash, nobody could distinguish the entry from what others added.
		*managed = place.List
		if err := w.reconciliation.Save(ctx); err != nil {
			return err
		}
	}
	return w.change(ctx, w.memberOf(w.object))
}

// leaveAssembled removes the entry of the object.
func (w *objectSync[O]) leaveAssembled(ctx context.Context) error {
	if w.Definition.Assembled == nil {
		return nil
	}
	managed := w.Definition.Assembled.Managed(w.object)
	if *managed == "" {
		return nil
	}
	leaving := w.memberOf(w.object)
	leaving.List, leaving.gone = *managed, true
	if err := w.change(ctx, leaving); err != nil {
		return err
	}
	*managed = ""
	return nil
}

func (w *objectSync[O]) memberOf(object O) member {
	place, _ := w.Definition.Assembled.Place(object)
	place.ID, place.Name, place.Namespace = w.Definition.ID(object), object.GetName(), object.GetNamespace()
	return member{Place: place, exact: w.Definition.Assembled.Exact(object)}
}

// change brings a list in line with a change of this object. If the list is known to be so, it makes no call. Otherwise the first
// object writes it for all that join meanwhile.
func (w *objectSync[O]) change(ctx context.Context, changed member) error {
	list := w.assembledLists.of(w.tenantKey().String() + " " + changed.List)
	list.recent.Add(w.object.GetUID(), changed, knownFor)
	have, isKnown := list.known(w.Clock.Now().Add(-knownFor))
	if isKnown && !Requested(w.object) {
		want, err := w.assembled(ctx, list, changed.List, have)
		if err != nil || lists.SameEntries(want, have) {
			return err
		}
	}
	joined, isFirst := list.join()
	if isFirst {
		joined.err = w.shareWrite(ctx, list, changed.List)
		close(joined.done)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-joined.done:
		return joined.err
	}
}

// shareWrite waits for others, and then writes the list for all.
func (w *objectSync[O]) shareWrite(ctx context.Context, list *assembledList, name string) error {
	if w.assembledLists.delay > 0 {
		select {
		case <-ctx.Done():
		case <-w.Clock.After(w.assembledLists.delay):
		}
	}
	err := list.writing.Acquire(ctx, 1)
	list.begin()
	if err != nil {
		return err
	}
	defer list.writing.Release(1)
	return w.writeAssembled(ctx, list, name)
}

// writeAssembled reads a list, and writes it if it differs. It has just been read, so it may be written whatever the object was
// compared with.
func (w *objectSync[O]) writeAssembled(ctx context.Context, list *assembledList, name string) error {
	session, err := w.Session(ctx, w.tenant)
	if err != nil {
		return err
	}
	have, err := w.Definition.Assembled.Read(ctx, session, name)
	if err != nil {
		return err
	}
	want, err := w.assembled(ctx, list, name, have)
	if err != nil {
		return err
	}
	if !lists.SameEntries(want, have) {
		list.note(nil, time.Time{})
		if err := w.Definition.Assembled.Write(ctx, session, name, want); err != nil {
			return err
		}
	}
	list.note(want, w.Clock.Now())
	return nil
}

// assembled returns a list as all objects together declare it.
func (w *objectSync[O]) assembled(ctx context.Context, list *assembledList, name string, have []lists.Entry) ([]lists.Entry, error) {
	members, err := w.members(ctx, list, name)
	if err != nil {
		return nil, err
	}
	var places []lists.Place
	gone, exact := map[string]bool{}, false
	for _, one := range members {
		if one.gone {
			gone[one.ID] = true
			continue
		}
		places, exact = append(places, one.Place), exact || one.exact
	}
	lists.SortPlaces(places)
	if len(places) == 0 {
		exact = false
	}
	return lists.Assemble(have, places, gone, exact), nil
}

// members returns the objects that have an entry in a list, or had one a moment ago.
func (w *objectSync[O]) members(ctx context.Context, list *assembledList, name string) (map[types.UID]member, error) {
	all := w.kind.NewList()
	index := client.MatchingFields{reference.TenantIndex: w.tenantKey().String()}
	if err := w.Client.List(ctx, all, index, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	members := map[types.UID]member{}
	err := partial.Visit(ctx, w.Client, all, func(object O) {
		place, declared := w.Definition.Assembled.Place(object)
		id := w.Definition.ID(object)
		if declared && place.List == name && *w.Definition.Assembled.Managed(object) == name && id != "" && ownedID(object) == id && object.GetDeletionTimestamp() == nil {
			members[object.GetUID()] = w.memberOf(object)
		}
	})
	for _, uid := range list.recent.Keys() {
		if recent, ok := list.recent.Get(uid); ok {
			members[uid.(types.UID)] = recent.(member)
		}
	}
	return members, err
}

// placeOf returns what an object declares about an assembled list, nil for nothing.
func (w *objectSync[O]) placeOf() any {
	if w.Definition.Assembled == nil {
		return nil
	}
	place, declared := w.Definition.Assembled.Place(w.object)
	if !declared {
		return nil
	}
	// The entry may contain the id, which a new object lacks.
	place.Entry = lists.Entry{}
	return place
}
