package engine

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// Deletes implements Deleter: Remove deletes nothing in Auth0 for an object that is observed or retained, or provably owns
// nothing there.
func (r *Remote[O]) Deletes(reconciliation *Reconciliation[O]) bool {
	return !staysInAuth0(reconciliation.Object) && !r.newSync(reconciliation).holdsNothing()
}

// Remove implements Handler: it deletes the object in Auth0. It removes the finalizer once a read shows that the object is gone,
// and its values are out of the Secrets that the operator did not create.
func (r *Remote[O]) Remove(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	outcome := r.leave(ctx, reconciliation)
	if outcome.state != removeFinalizer {
		return outcome
	}
	w := r.newSync(reconciliation)
	if err := w.withdrawOutputs(ctx); err != nil {
		return FromError(err, deletionPoll)
	}
	return outcome
}

// leave deletes the object in Auth0, or leaves it there, according to the spec.
func (r *Remote[O]) leave(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	w := r.newSync(reconciliation)
	spec := reconciliation.Object.GetManagedSpec()
	if spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve {
		return RemoveFinalizer("left in Auth0, as spec.managementPolicy is Observe")
	}
	retains := spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain
	if outcome, err := w.batcher.leave(ctx, w); err != nil && !retains {
		return w.explain(explainRemoval(err)).NotReady()
	} else if outcome != nil && (!retains || !w.isOutOfReach(ctx)) {
		return *outcome
	}
	if retains {
		return w.retain(ctx)
	}
	dependants, err := Dependants(ctx, r.Client, r.kinds, r.kind.Name, reconciliation.Object)
	if err != nil {
		return FromError(err, drift.DefaultResync)
	}
	if len(dependants) > 0 {
		return Wait(v1alpha1.ReasonInUse, InUse(dependants), DependantsPoll).KeepReady()
	}
	outcome, err := w.remove(ctx)
	if err != nil {
		return w.explain(explainRemoval(err)).NotReady()
	}
	return outcome
}

func (w *objectSync[O]) remove(ctx context.Context) (Outcome, error) {
	if w.holdsNothing() {
		return RemoveFinalizer("nothing to delete in Auth0: this object neither created nor adopted anything there"), nil
	}
	if err := w.reach(ctx); err != nil {
		return Outcome{}, err
	}
	have, err := w.toRemove(ctx)
	switch {
	case err != nil:
		return Outcome{}, err
	case have == nil && w.Definition.ID(w.object) == "":
		return RemoveFinalizer("nothing to delete in Auth0: this object managed nothing there"), nil
	case have == nil:
		w.wroteDeletion(ctx, nil)
		return RemoveFinalizer("gone from Auth0"), nil
	}
	if why, err := w.retainReason(ctx, have); err != nil || why != "" {
		return RemoveFinalizer("left in Auth0: " + w.Definition.Describe(have) + " " + why), err
	}
	if outcome, err := w.leaveToSuccessor(ctx, have); err != nil || outcome != nil {
		return deref(outcome), err
	}
	if outcome, err := w.holdForOthers(ctx, have); err != nil || outcome != nil {
		return deref(outcome), err
	}
	if w.Definition.isSingleton() {
		return w.restore(ctx, have)
	}
	return w.deleteThere(ctx, have)
}

// deleteThere deletes what was read in Auth0, and releases the Kubernetes object once a read shows that it is gone.
func (w *objectSync[O]) deleteThere(ctx context.Context, have auth0.Document) (Outcome, error) {
	w.Definition.Observe(w.object, have)
	if w.object.GetManagedStatus().RecheckAt != nil || w.intent() != "" {
		if err := w.deleteDuplicates(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if err := w.leaveAssembled(ctx); err != nil {
		return Outcome{}, err
	}
	id := w.Definition.ID(w.object)
	if err := w.session.Delete(ctx, w.Definition.Resource, id); err != nil && auth0.ClassOf(err) != auth0.ClassNotFound {
		return Outcome{}, err
	}
	if _, err := w.session.Get(ctx, w.Definition.Resource, id); auth0.ClassOf(err) != auth0.ClassNotFound {
		return Wait(v1alpha1.ReasonDeleting, "deleted in Auth0; waiting until it is gone", deletionPoll).NotReady(), err
	}
	w.wroteDeletion(ctx, have)
	return RemoveFinalizer("deleted " + w.Definition.Describe(have)), nil
}

// leaveToSuccessor hands the object in Auth0 over to another Kubernetes object that declares it too. It returns nil if there is
// none.
func (w *objectSync[O]) leaveToSuccessor(ctx context.Context, have auth0.Document) (*Outcome, error) {
	successor, err := w.successor(ctx, w.idOf(have))
	if err != nil || successor == nil {
		return nil, err
	}
	w.Definition.Observe(w.object, have)
	if err := w.handOver(ctx, have, successor); err != nil {
		return nil, err
	}
	outcome := RemoveFinalizer("left in Auth0: handed over " + w.Definition.Describe(have) + " to " + w.kind.Name + " " + client.ObjectKeyFromObject(successor).String() + ", which declares it too")
	return &outcome, nil
}

// holdsNothing reports whether status alone proves that nothing in Auth0 belongs to the object: if its kind carries no marker,
// status records the object before its creation.
func (w *objectSync[O]) holdsNothing() bool {
	return w.markerField() == "" && w.intent() == "" && !w.managed()
}

// isOutOfReach reports whether the tenant is gone or unusable, so that nothing in it can finish.
func (w *objectSync[O]) isOutOfReach(ctx context.Context) bool {
	_, session, err := tenants.Usable(ctx, w.Client, w.Pool, reference.TenantKey(w.object))
	return client.IgnoreNotFound(err) == nil && session == nil
}

// reach opens the session, even if the tenant is not Ready or being deleted itself.
func (w *objectSync[O]) reach(ctx context.Context) error {
	tenant, err := reference.Tenant(ctx, w.Client, w.object)
	if err != nil {
		return err
	}
	w.tenant = tenant
	w.session, err = w.Session(ctx, tenant)
	return err
}

// toRemove reads the object in Auth0, nil if there is none. Without an id, the object may exist because the answer to its
// creation was lost: then it carries the marker.
func (w *objectSync[O]) toRemove(ctx context.Context) (auth0.Document, error) {
	if w.Definition.ID(w.object) != "" {
		return w.known(ctx)
	}
	w.references = reference.Known(ctx, w.Client, w.object, w.refersTo())
	_, ours, err := w.findIntended(ctx)
	return ours, err
}

// explainRemoval adds to the cause of a waiting deletion how to delete the object anyway.
func explainRemoval(err error) error {
	var known *problem.Problem
	if !errors.As(err, &known) {
		return err
	}
	explained := *known
	explained.Message += "; to delete this object and leave the one in Auth0, set spec.deletionPolicy to Retain"
	explained.After = firstPositive(known.After, deletionPoll)
	return &explained
}

// retain leaves the object in Auth0, and removes the marker so that another Kubernetes object may adopt it. Retain must also work
// when the tenant is gone or refuses everything, so a failure in Auth0 does not keep the object.
func (w *objectSync[O]) retain(ctx context.Context) Outcome {
	err := w.removeMarker(ctx)
	if errors.Is(err, lease.ErrLost) || apierrors.IsConflict(err) {
		// The successor changed during the handover: the next attempt repeats it.
		return FromError(err, 0)
	}
	if auth0.ClassOf(err) == auth0.ClassRateLimited && w.mayAwaitLimit(ctx) {
		return w.explain(err).NotReady()
	}
	if err != nil {
		return RemoveFinalizer("left in Auth0, as spec.deletionPolicy is Retain; its marker could not be removed: " + err.Error())
	}
	return RemoveFinalizer("left in Auth0, as spec.deletionPolicy is Retain")
}

// mayAwaitLimit reports whether an object that stays in Auth0 may wait longer for the rate limit. The wait counts in the queue
// or, if Auth0 refused an admitted call, since the deletion.
func (w *objectSync[O]) mayAwaitLimit(ctx context.Context) bool {
	waited, waits := ratelimit.ReservationOf(ctx).Waits()
	return waits && waited < longestMarkerRemoval || w.Clock.Since(w.object.GetDeletionTimestamp().Time) < longestMarkerRemoval
}
