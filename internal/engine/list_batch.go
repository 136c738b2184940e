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
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// batchThreshold is how many calls must wait for the rate limit before objects join batches.
	batchThreshold = 3
	// minBatchDelay and maxBatchDelay bound how long others may join a batch. The more joined last time, the longer it stays open.
	minBatchDelay       = 200 * time.Millisecond
	maxBatchDelay       = 30 * time.Second
	batchDelayPerMember = 10 * time.Second
	// batchRecheck is when to reconcile an object that nothing requeued. batchReportDelay is when to report a creation at the latest.
	batchRecheck     = time.Minute + maxBatchDelay
	batchReportDelay = maxBatchDelay + 2*worthSaying
	// excludedFor is how long an object changes its lists with calls of its own after Auth0 refused a batch because of it.
	excludedFor = 10 * time.Minute
)

// listBatch is a set of objects that need the same change to a list, which one call makes.
type listBatch struct {
	// priority is the priority of the most urgent member.
	priority   ratelimit.Priority
	members    []*member
	began, due time.Time
}

// joinListBatches adds an object to the batches of its lists.
func (t *tenantImports) joinListBatches(m *member, priority ratelimit.Priority, now time.Time) {
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

// hasListBatches reports whether the tenant has batches that are at least as urgent as a priority.
func (t *tenantImports) hasListBatches(priority ratelimit.Priority) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.listBatches {
		if g.priority <= priority {
			return true
		}
	}
	return false
}

// leaveListBatches removes an object from its batches. It returns false while a call for it is in flight.
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

// keep leaves some members in a batch.
func (t *tenantImports) keep(to lists.Change, g *listBatch, members []*member) {
	g.members = members
	if len(members) == 0 {
		delete(t.listBatches, to)
	}
}

// dueListBatches removes and returns the batches that are due or that no further object can join. From the others it returns as
// many members as fill a call. An object that joins while the list is being changed waits for the end of that call.
func (t *tenantImports) dueListBatches(now time.Time) map[lists.Change][]*member {
	noneWaiting := t.Pool.Limiters.Of(t.tenant.String()).Waiting() == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[lists.Change][]*member{}
	for to, g := range t.listBatches {
		if t.changing[to] {
			continue
		}
		count := len(g.members)
		if isDue := now.After(g.due) || noneWaiting && now.Sub(g.began) > minBatchDelay; !isDue {
			count -= count % t.bulk[to.Field].Most
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

// changeListBatch makes a change for the members of a batch, and requeues those that wait for no other batch.
func (t *tenantImports) changeListBatch(ctx context.Context, session *auth0.Session, to lists.Change, members []*member) {
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

// isExcluded reports whether an object must change its lists with calls of its own, so that it reports Auth0's answer.
func (t *tenantImports) isExcluded(uid types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.excluded[uid])
}

// mayBatch reports whether the lists of a new object can be changed in batches.
func (w *objectSync[O]) mayBatch() bool { return len(w.targets(&lists.Known{IsNew: true})) > 0 }

// batchesNew reports whether the lists of a new object are changed in batches: calls are scarce, and one serves many objects.
func (w *objectSync[O]) batchesNew(have auth0.Document) bool {
	return w.mayBatch() && have.Size() <= mostKept && w.isBusy(ratelimit.PriorityPeriodic)
}

// batchesChanges is batchesNew for an existing object. An object that a person edited does not wait for less urgent ones.
func (w *objectSync[O]) batchesChanges(have auth0.Document) bool {
	return w.shown == nil && have.Size() <= mostKept && w.isBusy(priorityOf(w.object))
}

// isBusy reports whether many calls that are at least as urgent as a priority wait for the rate limit, or batches of that
// priority exist. It is false for an object that was refused within a batch.
func (w *objectSync[O]) isBusy(priority ratelimit.Priority) bool {
	if w.imports().isExcluded(w.object.GetUID(), time.Now()) {
		return false
	}
	return w.Pool.Limiters.Of(w.tenantKey().String()).WaitingIn(priority) >= batchThreshold || w.imports().hasListBatches(priority)
}

// waitForBatch is the outcome of a reconciliation of an object that joined a batch. The end of the batch requeues the object.
func (w *objectSync[O]) waitForBatch() Outcome {
	return Wait(v1alpha1.ReasonRateLimited, "rate limited by Auth0; role and membership changes will be sent in a batch", batchRecheck)
}

// recordIntended records in status what the creation of an object sets, if the object is to join a batch. The write that reports
// the wait for the rate limit carries it, so the creation needs no write. After a crash, the object is found by its id and its
// marker.
func (w *objectSync[O]) recordIntended() {
	if w.Adapter.ID(w.object) != "" || !w.mayBatch() {
		return
	}
	status := w.object.GetManagedStatus()
	status.ManagedFields = lists.Union(status.ManagedFields, w.fields.Paths(w.desired))
	for _, list := range w.lists() {
		list.Intend(list.Want)
	}
}

// intended reports whether status has everything that a creation set, and reports the wait for the rate limit.
func (w *objectSync[O]) intended() bool {
	if w.Adapter.ID(w.object) != "" || len(w.applied) > 0 {
		return false
	}
	w.recordIntended()
	reconciling := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReconciling)
	return reconciling != nil && reconciling.Reason == v1alpha1.ReasonRateLimited && equality.Semantic.DeepEqual(w.reconciliation.saved, w.object)
}

// joinBatch adds the object to the batches of its lists.
func (w *objectSync[O]) joinBatch(have auth0.Document, known *lists.Known) Outcome {
	m := w.member(&Import{ID: w.Adapter.ID(w.object)}, known)
	m.have, m.generation, m.serial = have, w.object.GetGeneration(), w.serial()
	w.imports().joinListBatches(m, priorityOf(w.object), time.Now())
	return w.waitForBatch()
}

// stillBatched is joinBatch for a later reconciliation. It reports a creation that was not reported yet, if the batch takes long.
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

// batchChanges is joinBatch for an existing object. It first records the entries to add.
func (w *objectSync[O]) batchChanges(ctx context.Context, have auth0.Document, known *lists.Known) (Outcome, error) {
	for _, list := range w.lists() {
		if entries, ok := known.EntriesOf(list); ok {
			missing, _ := list.Plan(entries)
			list.Intend(missing)
		}
	}
	w.waitForBatch().writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	if err := w.reconciliation.Save(ctx); err != nil {
		return Outcome{}, err
	}
	return w.joinBatch(have, known), nil
}

// readLists reads the lists that can be changed in batches. A list that cannot be read stays unknown.
func (w *objectSync[O]) readLists(ctx context.Context) *lists.Known {
	known := &lists.Known{Entries: map[string][]string{}}
	for _, list := range w.lists() {
		if list.Bulk == nil {
			continue
		}
		if entries, err := list.Read(ctx, w.session, w.Adapter.ID(w.object)); err == nil {
			known.Entries[list.Field] = entries
		}
	}
	return known
}

// currentCheck returns a function that reports whether the spec is still the current one. The function retains nothing of this
// reconciliation, because thousands of objects wait with one.
func (w *objectSync[O]) currentCheck() func(context.Context) bool {
	remote, key, uid, generation := w.Remote, client.ObjectKeyFromObject(w.object), w.object.GetUID(), w.object.GetGeneration()
	return func(ctx context.Context) bool {
		now := remote.New()
		err := remote.Client.Get(ctx, key, now)
		return err == nil && now.GetUID() == uid && now.GetGeneration() == generation && now.GetDeletionTimestamp() == nil
	}
}

// serial distinguishes a recorded change from the next one.
func (w *objectSync[O]) serial() uint64 {
	if w.snapshot == nil {
		return 0
	}
	return w.snapshot.dirtyMark(client.ObjectKeyFromObject(w.object)).serial
}

// resumeBatched continues an object whose lists were changed since an earlier reconciliation. It reads nothing, unless something
// else changed meanwhile. It returns nil if there is no such reconciliation.
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
	if !m.known.IsNew {
		w.leaveAlone(m.have)
	}
	w.addMarker()
	outcome, err := w.goOn(ctx, m.have, m.listsNow())
	return &outcome, err
}

// awaitBatched makes an object that is being deleted wait while a call for its lists is in flight.
func (w *objectSync[O]) awaitBatched() *Outcome {
	imports := w.Imports.of(reference.TenantKey(w.object))
	if m := imports.find(w.object.GetUID(), imports.batched); m == nil || imports.leaveListBatches(m) {
		return nil
	}
	outcome := Wait(v1alpha1.ReasonRateLimited, "its lists are being changed together with those of others; deleted when that is over", time.Minute).KeepReady()
	return &outcome
}
