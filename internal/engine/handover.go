package engine

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// If two objects declare the same thing in Auth0, a person deletes one of them. The deletion must not remove what the other one
// declares: the operator hands it over. See docs/decisions/0024-handover.md.

// claimed records in status what the object declares and another one holds, and returns the problem.
func (w *objectSync[O]) claimed(have auth0.Document, holder string) error {
	w.object.GetManagedStatus().Claims = w.idOf(have)
	return heldBy(w.Definition.Describe(have), holder)
}

// successor returns the object that receives something in Auth0 when this one is deleted: the oldest one that declares the same
// thing and may have it. It returns nil if there is none.
func (w *objectSync[O]) successor(ctx context.Context, id string) (client.Object, error) {
	list := w.kind.NewList()
	if err := w.Client.List(ctx, list, client.MatchingFields{reference.IDIndex: reference.IDKey(w.object, id)}); err != nil {
		return nil, fmt.Errorf("find each other %s that declares %s: %w", w.kind.Name, id, err)
	}
	var successor client.Object
	for _, other := range objectsIn(list) {
		inherits, err := w.inherits(ctx, other.(O), id)
		if err != nil {
			return nil, err
		}
		if inherits && (successor == nil || isOlder(other, successor)) {
			successor = other
		}
	}
	return successor, nil
}

// inherits reports whether another object may receive what this one held. An object of another namespace needs the right to
// adopt: otherwise anybody could get an application's secret, or prevent the deletion of a user, with the same declaration.
func (w *objectSync[O]) inherits(ctx context.Context, other O, id string) (bool, error) {
	if !isClaimant(other, id) && ownedID(other) != id {
		return false, nil
	}
	return w.mayInherit(ctx, other, id)
}

// mayInherit reports whether another object may manage what this one manages.
func (w *objectSync[O]) mayInherit(ctx context.Context, other O, id string) (bool, error) {
	if other.GetUID() == w.object.GetUID() || other.GetDeletionTimestamp() != nil || !Writes(other) {
		return false, nil
	}
	permissions, err := w.permissionsOf(ctx, other)
	if _, refused := errors.AsType[*problem.Problem](err); refused {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mayAdopt := other.GetNamespace() == w.object.GetNamespace() || permissions.Adopt(id) == nil
	return permissions.Declare() == nil && mayAdopt, nil
}

// permissionsOf returns what another object may do in its tenant, or the problem that it may not use the tenant.
func (w *objectSync[O]) permissionsOf(ctx context.Context, other O) (reference.Permissions, error) {
	tenant, err := reference.Tenant(ctx, w.Client, other)
	if err != nil {
		return reference.Permissions{}, err
	}
	return reference.PermissionsOf(ctx, w.Client, tenant, other, w.kind.Name)
}

// isClaimant reports whether an object, as it is now, declares something in Auth0 that another one holds. It does not go by the
// reason of Ready, which may be another one for a while, for example while its tenant is not Ready.
func isClaimant(object v1alpha1.Managed, id string) bool {
	return object.GetManagedStatus().Claims == id && isSeen(object)
}

// isSeen reports whether the operator reconciled an object as it is declared now.
func isSeen(object v1alpha1.Managed) bool {
	ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.ObservedGeneration == object.GetGeneration()
}

// handOver gives something in Auth0 to the other object: by its marker, or by its status for kinds without a marker.
func (w *objectSync[O]) handOver(ctx context.Context, have auth0.Document, successor client.Object) error {
	if err := w.keepSuccessor(ctx, successor); err != nil {
		return err
	}
	if field := w.markerField(); field != "" {
		if _, err := w.send(ctx, have, w.fields.Patch(nil, have, []fields.Change{{Path: field, Want: Owner(successor)}}, nil)); err != nil {
			return err
		}
	} else if err := w.handOverTo(ctx, successor.(O), w.idOf(have)); err != nil {
		return err
	}
	w.wake(successor)
	return nil
}

// keepSuccessor adds the finalizer to the other object, so that it stays until what it receives is deleted: an object that never
// had anything in Auth0 lacks it.
func (w *objectSync[O]) keepSuccessor(ctx context.Context, successor client.Object) error {
	kept := successor.DeepCopyObject().(O)
	if !controllerutil.AddFinalizer(kept, v1alpha1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(successor, client.MergeFromWithOptimisticLock{})
	if err := w.Client.Patch(ctx, kept, patch, client.FieldOwner(secret.FieldManager)); err != nil {
		return fmt.Errorf("write finalizer of %s: %w", client.ObjectKeyFromObject(successor), err)
	}
	w.reconciliation.loop.wrote(kept)
	successor.SetFinalizers(kept.GetFinalizers())
	successor.SetResourceVersion(kept.GetResourceVersion())
	return nil
}

// handOverTo writes into the status of another object that it owns something in Auth0, unless somebody changed the object
// meanwhile.
func (w *objectSync[O]) handOverTo(ctx context.Context, successor O, id string) error {
	if ownedID(successor) == id {
		return nil
	}
	owner := successor.DeepCopyObject().(O)
	owner.GetManagedStatus().Owned = &v1alpha1.OwnedObject{ID: id, UID: successor.GetUID()}
	w.handOverFormer(owner)
	patch := client.MergeFromWithOptions(successor, client.MergeFromWithOptimisticLock{})
	if err := w.Client.Status().Patch(ctx, owner, patch, client.FieldOwner(secret.FieldManager)); err != nil {
		return fmt.Errorf("hand over %s to %s: %w", id, client.ObjectKeyFromObject(successor), err)
	}
	w.reconciliation.loop.wrote(owner)
	return nil
}

// wake requeues an object of the same kind.
func (w *objectSync[O]) wake(other client.Object) {
	w.reconciliation.loop.queue.lookLater(ctrl.Request{NamespacedName: types.NamespacedName{Namespace: other.GetNamespace(), Name: other.GetName()}}, ratelimit.PriorityEdited)
}
