package engine

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// batchThreshold is how many calls must wait for the rate limit before objects join batches.
	batchThreshold = 3
	// batchRecheck is when to reconcile an object that nothing requeued. batchReportDelay is when to report a creation at the latest.
	batchRecheck     = time.Minute + batch.MaxBatchDelay
	batchReportDelay = batch.MaxBatchDelay + 2*worthSaying
)

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
	if w.imports().IsExcluded(w.object.GetUID(), time.Now()) {
		return false
	}
	return w.Pool.Limiters.Of(w.tenantKey().String()).WaitingIn(priority) >= batchThreshold || w.imports().HasListBatches(priority)
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
	m.Have, m.Generation, m.Serial = have, w.object.GetGeneration(), w.serial()
	w.imports().JoinListBatches(m, priorityOf(w.object), time.Now())
	return w.waitForBatch()
}

// stillBatched is joinBatch for a later reconciliation. It reports a creation that was not reported yet, if the batch takes long.
func (w *objectSync[O]) stillBatched(m *batch.Member) Outcome {
	left := batchReportDelay - time.Since(m.Since)
	switch {
	case w.Adapter.ID(w.object) != "":
		return NoStatusChange(batchRecheck)
	case left > 0:
		return NoStatusChange(left)
	}
	w.Adapter.Observe(w.object, m.Have)
	w.own(m.Have)
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
	if _, ok := w.Adapter.(Lister[O]); !ok || w.Batches == nil {
		return nil, nil
	}
	m := w.imports().InListBatch(w.object.GetUID())
	if m == nil {
		return nil, nil
	}
	unchanged := m.Generation == w.object.GetGeneration() && len(w.secrets) == 0 && m.Serial == w.serial()
	if unchanged && !w.imports().IsOver(m) || !w.imports().LeaveListBatches(m) {
		outcome := w.stillBatched(m)
		return &outcome, nil
	}
	if !unchanged {
		return nil, nil
	}
	if !m.Known.IsNew {
		w.leaveAlone(m.Have)
	}
	w.addMarker()
	outcome, err := w.goOn(ctx, m.Have, m.ListsNow())
	return &outcome, err
}

// awaitBatched makes an object that is being deleted wait while a call for its lists is in flight.
func (w *objectSync[O]) awaitBatched() *Outcome {
	imports := w.Batches.Of(reference.TenantKey(w.object))
	if m := imports.InListBatch(w.object.GetUID()); m == nil || imports.LeaveListBatches(m) {
		return nil
	}
	outcome := Wait(v1alpha1.ReasonRateLimited, "its lists are being changed together with those of others; deleted when that is over", time.Minute).KeepReady()
	return &outcome
}

// targets are the changes to the lists of the object that a batch can make, based on the known entries.
func (w *objectSync[O]) targets(known *lists.Known) []lists.Change {
	var targets []lists.Change
	for _, list := range w.lists() {
		if have, ok := known.EntriesOf(list); ok && list.Bulk != nil {
			w.imports().Learn(list.Field, *list.Bulk)
			targets = append(targets, w.verifying(list).Targets(have)...)
		}
	}
	return targets
}
