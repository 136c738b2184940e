package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// batchThreshold is how many calls must wait for the rate limit for objects to share calls.
	batchThreshold = 3
	// minBatchDelay is how long at least others may join, and maxBatchDelay how long at most. In between it is the longer, the more
	// came the last time.
	minBatchDelay       = 200 * time.Millisecond
	maxBatchDelay       = 30 * time.Second
	batchDelayPerMember = 10 * time.Second
	// batchRecheck is when to look at an object that nobody woke, and batchReportDelay how long that it was created may be left unsaid.
	batchRecheck     = time.Minute + maxBatchDelay
	batchReportDelay = maxBatchDelay + 2*worthSaying
	// excludedFor is how long an object sees to its lists itself after a call for many was refused for it.
	excludedFor = 10 * time.Minute
)

// listBatch are objects that take the same change to a list, by one call.
type listBatch struct {
	// priority is how urgent the most urgent of them is.
	priority   auth0.Priority
	members    []*member
	began, due time.Time
}

// joinListBatches has the lists of an object be changed together with those of others.
func (t *tenantImports) joinListBatches(m *member, priority auth0.Priority, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.targets {
		g := t.listBatches[to]
		if g == nil {
			g = &listBatch{priority: priority, began: now, due: now.Add(minBatchDelay)}
			if next := t.nextListBatch[to]; next.After(g.due) {
				g.due = next
			}
			t.listBatches[to] = g
		}
		g.priority = min(g.priority, priority)
		g.members = append(g.members, m)
		m.left++
	}
	t.batched[m.uid], m.since = m, now
	t.ensureRunning()
}

// hasListBatches reports whether objects of the tenant are batched that are at least as urgent as a priority.
func (t *tenantImports) hasListBatches(priority auth0.Priority) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.listBatches {
		if g.priority <= priority {
			return true
		}
	}
	return false
}

// leaveListBatches takes an object out of what is batched. It returns false while a call for it is on its way.
func (t *tenantImports) leaveListBatches(m *member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.targets {
		if g := t.listBatches[to]; g != nil && slices.Contains(g.members, m) {
			t.keep(to, g, slices.DeleteFunc(g.members, func(other *member) bool { return other == m }))
			m.left--
		}
	}
	if m.left == 0 && t.batched[m.uid] == m {
		delete(t.batched, m.uid)
	}
	return m.left == 0
}

// keep leaves some members in a gathering.
func (t *tenantImports) keep(to target, g *listBatch, members []*member) {
	g.members = members
	if len(members) == 0 {
		delete(t.listBatches, to)
	}
}

// dueListBatches takes out those whose time has come, or for which nobody can come any more, and of the others as many as fill
// a call. Who comes while a list is being changed waits for the end of that.
func (t *tenantImports) dueListBatches(now time.Time) map[target][]*member {
	noneWaiting := t.Pool.RateLimiter(t.tenant.String()).Waiting() == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[target][]*member{}
	for to, g := range t.listBatches {
		if t.changing[to] {
			continue
		}
		count := len(g.members)
		if isDue := now.After(g.due) || noneWaiting && now.Sub(g.began) > minBatchDelay; !isDue {
			count -= count % t.bulk[to.field].Most
		}
		if count == 0 {
			continue
		}
		due[to], t.changing[to] = slices.Clone(g.members[:count]), true
		t.keep(to, g, g.members[count:])
		t.nextListBatch[to] = now.Add(min(time.Duration(count)*batchDelayPerMember, maxBatchDelay))
	}
	return due
}

// changeListBatch makes a change for those that were batched, and wakes those that wait for no other.
func (t *tenantImports) changeListBatch(ctx context.Context, session *auth0.Session, to target, members []*member) {
	t.changeAll(ctx, session, to, members)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.changing, to)
	now := time.Now()
	maps.DeleteFunc(t.excluded, func(_ types.UID, until time.Time) bool { return now.After(until) })
	for _, m := range members {
		if !slices.Contains(m.changed, to) {
			t.excluded[m.uid] = now.Add(excludedFor)
		}
		m.left--
		if m.left == 0 {
			m.over = true
			m.wake()
		}
	}
}

// isExcluded reports whether an object is to see to its lists itself, so that it is told Auth0's answer.
func (t *tenantImports) isExcluded(uid types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.excluded[uid])
}

// mayBatch reports whether the lists of a new object can be changed together with those of others.
func (w *objectSync[O]) mayBatch() bool { return len(w.targets(&onLists{isNew: true})) > 0 }

// batchesNew reports whether the lists of a new object are changed together with those of others: calls are scarce, and one
// serves many.
func (w *objectSync[O]) batchesNew(have auth0.Document) bool {
	return w.mayBatch() && have.Size() <= mostKept && w.isBusy(auth0.PriorityPeriodic)
}

// batchesChanges is batchesNew for an object that is there already. A person who changed just this one is not to wait for
// what is less urgent.
func (w *objectSync[O]) batchesChanges(have auth0.Document) bool {
	return !w.listed && have.Size() <= mostKept && w.isBusy(priorityOf(w.object))
}

// isBusy reports whether many wait for the rate limit that are at least as urgent as a priority, or share calls already. It is
// not for an object that was refused among many.
func (w *objectSync[O]) isBusy(priority auth0.Priority) bool {
	if w.imports().isExcluded(w.object.GetUID(), time.Now()) {
		return false
	}
	return w.Pool.RateLimiter(w.tenantKey().String()).WaitingIn(priority) >= batchThreshold || w.imports().hasListBatches(priority)
}

// waitForBatch is the outcome of a reconciliation of an object whose lists are changed together with those of others. It is woken when they
// are.
func (w *objectSync[O]) waitForBatch() Outcome {
	return Wait(v1alpha1.ReasonRateLimited, "rate limited by Auth0; role and membership changes will be sent in a batch", batchRecheck)
}

// recordIntended takes into status what the creation of an object is going to set, if the object is to share calls. The write that
// says that it waits for the limit carries this along, so that none is needed when it is created: whatever happens then,
// it is found by its id and its marker.
func (w *objectSync[O]) recordIntended() {
	if w.Adapter.ID(w.object) != "" || !w.mayBatch() {
		return
	}
	status := w.object.GetManagedStatus()
	status.ManagedFields = union(status.ManagedFields, w.fields.paths(w.desired))
	for _, list := range w.lists() {
		list.intend(list.Want)
	}
}

// intended reports whether status has all that a creation set, and says that the object waits for the limit.
func (w *objectSync[O]) intended() bool {
	if w.Adapter.ID(w.object) != "" || len(w.applied) > 0 {
		return false
	}
	w.recordIntended()
	reconciling := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReconciling)
	return reconciling != nil && reconciling.Reason == v1alpha1.ReasonRateLimited && equality.Semantic.DeepEqual(w.reconciliation.saved, w.object)
}

// joinBatch has the lists of an object be changed together with those of others.
func (w *objectSync[O]) joinBatch(have auth0.Document, known *onLists) Outcome {
	m := w.member(&Import{ID: w.Adapter.ID(w.object)}, known)
	m.have, m.generation, m.serial = have, w.object.GetGeneration(), w.serial()
	w.imports().joinListBatches(m, priorityOf(w.object), time.Now())
	return w.waitForBatch()
}

// stillBatched is sharing for a later reconciliation. What was created and left unsaid is said if it takes long.
func (w *objectSync[O]) stillBatched(m *member) Outcome {
	left := batchReportDelay - time.Since(m.since)
	switch {
	case w.Adapter.ID(w.object) != "":
		return NoStatusChange(batchRecheck)
	case left > 0:
		return NoStatusChange(left)
	}
	w.Adapter.Observe(w.object, m.have)
	w.own(m.have)
	return w.waitForBatch()
}

// batchChanges is share for an object that is there already. What is about to be added is written down first.
func (w *objectSync[O]) batchChanges(ctx context.Context, have auth0.Document, known *onLists) (Outcome, error) {
	for _, list := range w.lists() {
		if entries, ok := known.entriesOf(list); ok {
			missing, _ := list.plan(entries)
			list.intend(missing)
		}
	}
	w.waitForBatch().writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	if err := w.reconciliation.Save(ctx); err != nil {
		return Outcome{}, err
	}
	return w.joinBatch(have, known), nil
}

// readLists reads the lists that can be changed together with those of others. What cannot be read is left unknown.
func (w *objectSync[O]) readLists(ctx context.Context) *onLists {
	known := &onLists{entries: map[string][]string{}}
	for _, list := range w.lists() {
		if list.Bulk == nil {
			continue
		}
		if entries, err := list.Read(ctx, w.session, w.Adapter.ID(w.object)); err == nil {
			known.entries[list.Field] = entries
		}
	}
	return known
}

// currentCheck returns what reports whether the object is still declared as it is now. It keeps nothing of this reconciliation, as thousands wait
// with it.
func (w *objectSync[O]) currentCheck() func(context.Context) bool {
	remote, key, uid, generation := w.Remote, client.ObjectKeyFromObject(w.object), w.object.GetUID(), w.object.GetGeneration()
	return func(ctx context.Context) bool {
		now := remote.New()
		err := remote.Client.Get(ctx, key, now)
		return err == nil && now.GetUID() == uid && now.GetGeneration() == generation && now.GetDeletionTimestamp() == nil
	}
}

// serial tells the marker that has the object be read from the next.
func (w *objectSync[O]) serial() uint64 {
	if w.snapshot == nil {
		return 0
	}
	return w.snapshot.dirtyMark(client.ObjectKeyFromObject(w.object)).serial
}

// resumeBatched goes on with an object whose lists have been changed since an earlier reconciliation. Nothing is read, unless something else
// changed meanwhile. It returns nil if there is no such reconciliation.
func (w *objectSync[O]) resumeBatched(ctx context.Context) (*Outcome, error) {
	if _, ok := w.Adapter.(Lister[O]); !ok || w.Imports == nil {
		return nil, nil
	}
	m := w.imports().find(w.object.GetUID(), w.imports().batched)
	if m == nil {
		return nil, nil
	}
	unchanged := m.generation == w.object.GetGeneration() && len(w.secrets) == 0 && m.serial == w.serial()
	if unchanged && !w.imports().isOver(m) || !w.imports().leaveListBatches(m) {
		outcome := w.stillBatched(m)
		return &outcome, nil
	}
	if !unchanged {
		return nil, nil
	}
	if !m.known.isNew {
		w.leaveAlone(m.have)
	}
	w.addMarker()
	outcome, err := w.goOn(ctx, m.have, m.listsNow())
	return &outcome, err
}

// awaitBatched tells an object that is being deleted to wait while a call for its lists is on its way.
func (w *objectSync[O]) awaitBatched() *Outcome {
	imports := w.Imports.of(reference.TenantKey(w.object))
	if m := imports.find(w.object.GetUID(), imports.batched); m == nil || imports.leaveListBatches(m) {
		return nil
	}
	outcome := Wait(v1alpha1.ReasonRateLimited, "its lists are being changed together with those of others; deleted when that is over", time.Minute).KeepReady()
	return &outcome
}
