package engine

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// This file has the whole path of a reconciliation, top-down. The steps are in the other files. Drift detection and batching take
// part through the two interfaces in hooks.go; without them, every step makes its own calls.

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler[O]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	key := reservationKey{r.Kind, request.NamespacedName}
	r.Health.begin(key, r.Clock.Now())
	defer r.Health.end(key)
	object, err := r.read(ctx, request.NamespacedName)
	if err != nil {
		return ctrl.Result{}, r.forget(key, err)
	}
	if ours, err := tenants.Serves(ctx, r.Client, r.Shard, object); err != nil || !ours {
		r.stopServing(object, key)
		return ctrl.Result{}, err
	}
	object, release, err := r.whole(ctx, object)
	switch {
	case err != nil:
		return ctrl.Result{}, r.forget(key, err)
	case release == nil:
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	defer release()
	r.begun.note(object)
	reservation := r.reservation(object, key, request)
	defer reservation.End()
	ctx = ratelimit.WithReservation(ctx, reservation)
	reconciliation := &Reconciliation[O]{Object: object, saved: object.DeepCopyObject().(O), loop: r}
	outcome := r.run(ctx, reconciliation)
	if after, noStatusChange := reconciliation.leavesStatus(reservation, outcome); noStatusChange {
		outcome = NoStatusChange(after)
	}
	logr.FromContextOrDiscard(ctx).V(1).Info("looked at the object", "reason", outcome.reason, "again", outcome.after.String())
	result, err := r.finish(ctx, reconciliation, outcome)
	result.Priority = new(queuePriorities[priorityOf(reconciliation.Object)])
	return result, err
}

// run applies the object, unless it is suspended, being deleted or too large.
func (r *Reconciler[O]) run(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	switch deleting := reconciliation.Object.GetDeletionTimestamp() != nil; {
	case deleting && !controllerutil.ContainsFinalizer(reconciliation.Object, v1alpha1.Finalizer):
		return Outcome{state: interrupted}
	case reconciliation.Object.IsSuspended():
		return r.suspend(reconciliation, deleting)
	case deleting:
		return r.remove(ctx, reconciliation)
	case partial.Refusal(reconciliation.Object) != "":
		return Stall(v1alpha1.ReasonInvalidSpec, partial.Refusal(reconciliation.Object), 0)
	}
	r.warn(ctx, reconciliation)
	return r.Handler.Apply(ctx, reconciliation)
}

// Apply implements Handler.
func (r *Remote[O]) Apply(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	if r.Definition.InitializeStatus != nil {
		r.Definition.InitializeStatus(reconciliation.Object)
	}
	return r.snapshot.reconcile(ctx, reconciliation)
}

// apply brings the object in Auth0 in line with the spec.
func (w *objectSync[O]) apply(ctx context.Context) (Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return Outcome{}, w.sendUrgentFirst(ctx, err)
	}
	if outcome, err := w.batcher.resume(ctx, w); err != nil || outcome != nil {
		return deref(outcome), err
	}
	if outcome := w.idle(); outcome != nil {
		return *outcome, nil
	}
	have, err := w.known(ctx)
	switch {
	case err != nil:
		return Outcome{}, err
	case w.observes():
		return w.observe(ctx, have)
	case have == nil:
		return w.create(ctx)
	}
	if err := w.recheck(ctx, have); err != nil {
		return Outcome{}, err
	}
	return w.update(ctx, have)
}

// create creates the object with every field that Auth0 accepts at creation. Reading first would cost a call and prove nothing:
// Auth0 refuses a second object, and a lost response shows as such a refusal.
func (w *objectSync[O]) create(ctx context.Context) (Outcome, error) {
	if w.failure != nil {
		return Outcome{}, w.failure
	}
	formerID := w.forgetFormer()
	w.lateInitialize(nil)
	if w.mustFind() {
		candidates, ours, err := w.findIntended(ctx)
		if err != nil || ours != nil || len(candidates) > 0 {
			return w.choose(ctx, candidates, ours, err)
		}
	}
	tried := w.intent()
	if err := w.recordIntent(ctx); err != nil {
		return Outcome{}, err
	}
	body, idempotencyKey, err := w.creationBody(ctx)
	if err != nil {
		return Outcome{}, err
	}
	have, outcome, err := w.batcher.create(ctx, w, body)
	w.clearIntent(tried, err)
	switch {
	case auth0.ClassOf(err) == auth0.ClassConflict:
		return w.conflict(ctx, err)
	case err != nil || outcome != nil:
		return deref(outcome), err
	}
	w.expectDuplicate(tried)
	w.addIdempotencyKey(have, idempotencyKey)
	w.noteCreated(ctx, formerID, body, have)
	return w.complete(ctx, have)
}

// complete sends what the creation could not contain, after status has recorded the id.
func (w *objectSync[O]) complete(ctx context.Context, have auth0.Document) (Outcome, error) {
	if outcome, err := w.batcher.complete(ctx, w, have); err != nil || outcome != nil {
		return deref(outcome), err
	}
	w.startManaging(have)
	have, err := w.sendRest(ctx, have)
	if err != nil {
		return Outcome{}, err
	}
	return w.settle(ctx, have, &lists.Known{IsNew: true})
}

// update updates an existing object to match the spec, with as few calls as the differences need.
func (w *objectSync[O]) update(ctx context.Context, have auth0.Document) (Outcome, error) {
	if err := w.adopt(ctx, have); err != nil {
		return Outcome{}, err
	}
	if w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly {
		return w.leaveAsCreated(ctx, have)
	}
	w.lateInitialize(have)
	w.addMarker()
	have, err := w.sendChanges(ctx, have)
	if err != nil {
		return Outcome{}, err
	}
	w.remember(have)
	return w.settle(ctx, have, nil)
}

// sendChanges sends the differences, in as many calls as Auth0 requires, and returns the object as it is then.
func (w *objectSync[O]) sendChanges(ctx context.Context, have auth0.Document) (auth0.Document, error) {
	if err := w.compareSecrets(ctx, have); err != nil {
		return nil, err
	}
	changes := w.changes(have)
	patch := w.patch(have, changes)
	held, err := w.delayRemoval(ctx, have, patch)
	if err != nil || len(patch) == 0 {
		return have, errors.Join(err, held)
	}
	if err := w.intend(ctx, have); err != nil {
		return nil, err
	}
	w.countDrift()
	message := w.updatedMessage()
	if have, err = w.sendParts(ctx, have, patch, changes); err != nil {
		return nil, err
	}
	if held == nil {
		if have, err = w.verify(ctx, have, w.taken(changes)); err != nil {
			return nil, err
		}
	}
	if applied := w.appliedFields(patch); len(applied) > 0 {
		w.event(ctx, v1alpha1.EventUpdated, message+quoted(applied))
	}
	return have, held
}

// settle publishes what is known of the object, changes all lists beside it, and does the follow-up work. known is what is known
// of the lists, nil for nothing.
func (w *objectSync[O]) settle(ctx context.Context, have auth0.Document, known *lists.Known) (Outcome, error) {
	if err := w.publish(ctx, have); err != nil {
		return Outcome{}, err
	}
	if known == nil {
		read, outcome, err := w.batcher.lists(ctx, w, have)
		if err != nil || outcome != nil {
			return deref(outcome), err
		}
		known = read
	}
	if err := w.changeLists(ctx, known); err != nil {
		return Outcome{}, err
	}
	if err := w.followUp(ctx, have); err != nil {
		return Outcome{}, err
	}
	return w.done("in sync with Auth0"), nil
}

// finish records the outcome: the finalizer or the status, an Event if it changed, and the time of the next reconciliation.
func (r *Reconciler[O]) finish(ctx context.Context, reconciliation *Reconciliation[O], outcome Outcome) (ctrl.Result, error) {
	switch outcome.state {
	case removeFinalizer:
		return r.release(ctx, reconciliation, outcome)
	case noStatusChange:
		return outcome.result()
	case interrupted:
	default:
		reconciliation.record(ctx, outcome)
	}
	outcome, err := reconciliation.saveOutcome(ctx, outcome)
	if err != nil {
		return FromError(err, 0).result()
	}
	if outcome.requeueWithin > 0 {
		r.queue.lookAfter(ctrl.Request{NamespacedName: client.ObjectKeyFromObject(reconciliation.Object)}, outcome.requeueWithin)
	}
	return outcome.result()
}
