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

// batcherOf returns the batcher of a kind.
func batcherOf[O v1alpha1.Managed](definition *Definition[O], deps Deps) batcher[O] {
	if deps.Batches == nil || definition.Lists == nil && definition.Imports == nil {
		return noBatches[O]{}
	}
	return batching[O]{}
}

// batching is the batcher of kinds whose objects, or the lists beside them, Auth0 changes in batches.
type batching[O v1alpha1.Managed] struct{}

// resume reads nothing, unless something else changed meanwhile.
func (batching[O]) resume(ctx context.Context, w *objectSync[O]) (*Outcome, error) {
	m := w.imports().InListBatch(w.object.GetUID())
	if m == nil {
		return nil, nil
	}
	unchanged := m.Generation == w.object.GetGeneration() && len(w.secrets) == 0 && m.Serial == w.snapshot.serial(w.object)
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

// create creates an object in an import job if many objects wait, and otherwise by a call of its own.
func (batching[O]) create(ctx context.Context, w *objectSync[O], body auth0.Document) (auth0.Document, *Outcome, error) {
	if w.Definition.Imports != nil && w.Definition.ID(w.object) == "" {
		if outcome, err := w.throughImport(ctx, body); err != nil || outcome != nil {
			return nil, outcome, err
		}
	}
	have, err := w.createThere(ctx, body)
	if auth0.ClassOf(err) == auth0.ClassRateLimited {
		w.recordIntended()
	}
	return have, nil, err
}

// complete changes the lists of a new object in batches if calls are scarce. If status names already what the creation set, it
// writes nothing in between.
func (batching[O]) complete(ctx context.Context, w *objectSync[O], have auth0.Document) (*Outcome, error) {
	isRecorded, batches := w.intended(), w.batchesNew(have)
	if w.Definition.Imports != nil {
		w.imports().Created(w.object.GetUID())
	}
	if !isRecorded && !batches {
		return nil, nil
	}
	w.startManaging(have)
	needsID := w.publishes() || w.finishes() || len(w.pending(have)) > 0
	switch {
	case isRecorded && !needsID && batches:
		w.joinBatch(have, &lists.Known{IsNew: true})
		return new(NoStatusChange(batchReportDelay)), nil
	case isRecorded && !needsID:
		outcome, err := w.settle(ctx, have, &lists.Known{IsNew: true})
		return &outcome, err
	case !batches:
		return nil, nil
	}
	w.waitForBatch().writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	have, err := w.sendRest(ctx, have)
	switch {
	case err != nil:
		return nil, err
	case w.isTaken():
		return new(w.joinBatch(have, &lists.Known{IsNew: true})), nil
	}
	outcome, err := w.settle(ctx, have, &lists.Known{IsNew: true})
	return &outcome, err
}

// lists changes the lists of an existing object in batches if calls are scarce.
func (batching[O]) lists(ctx context.Context, w *objectSync[O], have auth0.Document) (*lists.Known, *Outcome, error) {
	if !w.batchesChanges(have) {
		return nil, nil, nil
	}
	known := w.readLists(ctx)
	if len(w.targets(known)) == 0 {
		return known, nil, nil
	}
	outcome, err := w.batchChanges(ctx, have, known)
	return nil, &outcome, err
}

// leave makes an object that is being deleted wait while a call for its lists is in flight, and for its import, because the object
// in Auth0 would appear afterwards.
func (batching[O]) leave(ctx context.Context, w *objectSync[O]) (*Outcome, error) {
	batches := w.Batches.Of(reference.TenantKey(w.object))
	if m := batches.InListBatch(w.object.GetUID()); m != nil && !batches.LeaveListBatches(m) {
		return new(Wait(v1alpha1.ReasonRateLimited, "its lists are being changed together with those of others; deleted when that is over", time.Minute).KeepReady()), nil
	}
	if w.Definition.Imports == nil || *w.Definition.Imports.Importing(w.object) == "" {
		return nil, nil
	}
	if err := w.reach(ctx); err != nil {
		return nil, err
	}
	known, err := w.onItsWay(ctx, *w.Definition.Imports.Importing(w.object), &Import{})
	if err != nil || known == nil || w.imports().Withdraw(known, false) {
		return nil, err
	}
	if w.imports().IsOver(known) {
		w.imports().Take(known, true)
		return nil, nil
	}
	return new(Wait(v1alpha1.ReasonImporting, "is being created by an import job; deleted when that is over", 0).KeepReady()), nil
}

// pause takes a suspended object out of an import that was not sent.
func (batching[O]) pause(w *objectSync[O]) {
	if w.Definition.Imports == nil {
		return
	}
	imports := w.Batches.Of(reference.TenantKey(w.object))
	if known := imports.InImport(w.object.GetUID()); known != nil && imports.Withdraw(known, false) {
		*w.Definition.Imports.Importing(w.object) = ""
	}
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
	if w.imports().IsExcluded(w.object.GetUID(), w.Clock.Now()) {
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
	if w.Definition.ID(w.object) != "" || !w.mayBatch() {
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
	if w.Definition.ID(w.object) != "" || len(w.applied) > 0 {
		return false
	}
	w.recordIntended()
	reconciling := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReconciling)
	return reconciling != nil && reconciling.Reason == v1alpha1.ReasonRateLimited && equality.Semantic.DeepEqual(w.reconciliation.saved, w.object)
}

// joinBatch adds the object to the batches of its lists.
func (w *objectSync[O]) joinBatch(have auth0.Document, known *lists.Known) Outcome {
	m := w.member(&Import{ID: w.Definition.ID(w.object)}, known)
	m.Have, m.Generation, m.Serial = have, w.object.GetGeneration(), w.snapshot.serial(w.object)
	w.imports().JoinListBatches(m, priorityOf(w.object), w.Clock.Now())
	return w.waitForBatch()
}

// stillBatched is joinBatch for a later reconciliation. It reports a creation that was not reported yet, if the batch takes long.
func (w *objectSync[O]) stillBatched(m *batch.Member) Outcome {
	left := batchReportDelay - w.Clock.Since(m.Since)
	switch {
	case w.Definition.ID(w.object) != "":
		return NoStatusChange(batchRecheck)
	case left > 0:
		return NoStatusChange(left)
	}
	w.Definition.Observe(w.object, m.Have)
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
		if entries, err := list.Read(ctx, w.session, w.Definition.ID(w.object)); err == nil {
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
		now := newObject[O]()
		err := remote.Client.Get(ctx, key, now)
		return err == nil && now.GetUID() == uid && now.GetGeneration() == generation && now.GetDeletionTimestamp() == nil
	}
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
