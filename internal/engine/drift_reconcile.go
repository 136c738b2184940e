package engine

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// reconcile implements snapshot.
func (k *kindDriftDetector[O]) reconcile(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	key := client.ObjectKeyFromObject(reconciliation.Object)
	known, shown := k.store.DirtyMark(key), k.store.Take(key)
	if shown != nil && known.Serial == 0 && k.isReadyAsDeclared(reconciliation.Object) {
		outcome, ok := k.reconcileListed(ctx, reconciliation, shown)
		if ok && !outcome.isFinal() {
			k.store.Show(key, shown)
		}
		if ok {
			return outcome
		}
		reconciliation.Object = reconciliation.saved.DeepCopyObject().(O)
		// Something differs, so the object needs a read.
		k.store.MarkDirty(key, ratelimit.PriorityPeriodic)
		known = k.store.DirtyMark(key)
	}
	if known.Serial != 0 {
		ratelimit.ReservationOf(ctx).RaisePriority(known.Priority)
	}
	outcome := k.newSync(reconciliation).run(ctx)
	if outcome.isFinal() {
		k.store.ClearDirty(key, known)
	}
	return outcome
}

// reconcileListed reconciles an object with what a list showed of it. It gives up before it writes to Auth0.
func (k *kindDriftDetector[O]) reconcileListed(ctx context.Context, reconciliation *Reconciliation[O], shown auth0.Document) (Outcome, bool) {
	w := k.newSync(reconciliation)
	w.shown = shown
	outcome, err := w.apply(ctx)
	if errors.Is(err, auth0.ErrReadOnly) {
		return Outcome{}, false
	}
	return w.outcomeFor(outcome, err), true
}

// isInSync implements snapshot. After a restart, nothing is known: Ready objects are left to the first comparison.
func (k *kindDriftDetector[O]) isInSync(w *objectSync[O]) bool {
	if w.shown != nil || w.object.GetManagedStatus().RecheckAt != nil || len(w.secrets) > 0 || !w.isReadyAsDeclared(w.object) || k.serial(w.object) != 0 {
		return false
	}
	before, known := k.store.LastSync(w.object.GetUID())
	if known {
		return before.Desired == w.desiredHash && !w.hasFurtherSteps()
	}
	// Lists of Auth0 do not show what an object writes to Kubernetes: somebody may have deleted its Secret meanwhile.
	if w.publishes() || w.finishes() || w.DriftDetection.Unseen(w.tenant.UID, w.object) {
		return false
	}
	k.store.RecordSync(w.object.GetUID(), drift.LastSync{Desired: w.desiredHash})
	return true
}

// recordSync implements snapshot.
func (k *kindDriftDetector[O]) recordSync(w *objectSync[O]) bool {
	if w.Definition.ID(w.object) == "" {
		return false
	}
	k.store.RecordSync(w.object.GetUID(), drift.LastSync{Desired: w.desiredHash, At: w.Clock.Now().UnixNano()})
	return true
}

// serial implements snapshot.
func (k *kindDriftDetector[O]) serial(object O) uint64 {
	return k.store.DirtyMark(client.ObjectKeyFromObject(object)).Serial
}

// forget implements snapshot.
func (k *kindDriftDetector[O]) forget(name types.NamespacedName) { k.store.Forget(name) }

// isReadyAsDeclared reports whether an object is Ready as it is declared now, and nobody requested a reconciliation.
func (r *Remote[O]) isReadyAsDeclared(object O) bool {
	status := object.GetCommonStatus()
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	current := status.ObservedGeneration == object.GetGeneration()
	return current && ready != nil && ready.Status == metav1.ConditionTrue &&
		object.GetDeletionTimestamp() == nil && !object.IsSuspended() && !Requested(object) && r.Definition.ID(object) != ""
}

func (w *objectSync[O]) publishes() bool {
	return w.Definition.Publish != nil || w.outputConfigMap() != nil
}

// hasFurtherSteps reports whether a reconciliation does more than bring the object in sync with Auth0.
func (w *objectSync[O]) hasFurtherSteps() bool {
	return w.publishes() || w.Definition.DelayRemoval != nil || w.finishes()
}

// hashDesired returns a hash of the desired document, including the lists beside it.
func (w *objectSync[O]) hashDesired() uint64 {
	type list struct {
		Field string
		Mode  v1alpha1.ListMode
		Want  []string
	}
	var all []list
	if w.Definition.Lists != nil {
		for _, one := range w.Definition.Lists(w.req()) {
			all = append(all, list{one.Field, one.Mode, one.Want})
		}
	}
	sum := fnv.New64a()
	// A document that came from JSON can become JSON, and Hash.Write never fails.
	_ = json.NewEncoder(sum).Encode([]any{w.desired, all, w.placeOf()})
	return sum.Sum64()
}

// isComparedByMembers reports whether a list is compared from the other side, by its members. An exact list is not: surplus
// entries would show only with a call for every possible entry.
func isComparedByMembers(list lists.List) bool {
	exact := list.Declared && list.Mode == v1alpha1.ListModeExact
	return !exact && list.Members != nil
}

// withoutMemberLists leaves out the lists that the drift detector compares itself.
func (w *objectSync[O]) withoutMemberLists(all []lists.List) []lists.List {
	if w.shown == nil {
		return all
	}
	return slices.DeleteFunc(all, isComparedByMembers)
}
