package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Kubernetes deletes every object of a kind with its CustomResourceDefinition, so an accidental removal of the chart could empty
// a tenant in Auth0. The operator holds such deletions until a person confirms them. See docs/decisions/0023-held-deletions.md.

// Deleter is a Handler whose Remove may delete what cannot be restored.
type Deleter[O v1alpha1.Object] interface {
	// Deletes reports whether Remove may do so for this object. It makes no call.
	Deletes(*Reconciliation[O]) bool
}

// Maintainer is a Handler of objects that others use until they are gone.
type Maintainer[O v1alpha1.Object] interface {
	// Maintain keeps the object usable while its deletion is held. The outcome says what is wrong, and when to check again.
	Maintain(context.Context, *Reconciliation[O]) Outcome
}

// maintain keeps an object usable whose deletion is held. It cannot keep one that is deleted in the foreground: Kubernetes
// deletes its dependents first, as often as they are written.
func (r *Reconciler[O]) maintain(ctx context.Context, reconciliation *Reconciliation[O], held Outcome) Outcome {
	maintainer, ok := r.Handler.(Maintainer[O])
	if !ok || controllerutil.ContainsFinalizer(reconciliation.Object, metav1.FinalizerDeleteDependents) {
		return held
	}
	return held.meanwhile(maintainer.Maintain(ctx, reconciliation))
}

// hold returns the outcome of a deletion that must wait before Remove is called, nil if it need not wait.
func (r *Reconciler[O]) hold(ctx context.Context, reconciliation *Reconciliation[O]) (*Outcome, error) {
	object, managed := any(reconciliation.Object).(v1alpha1.Managed)
	deleter, deletes := r.Handler.(Deleter[O])
	if !managed || !deletes || !deleter.Deletes(reconciliation) {
		return nil, nil
	}
	var tenant v1alpha1.Auth0Tenant
	if err := r.Client.Get(ctx, reference.TenantKey(object), &tenant); err != nil {
		// Without its tenant, nothing can be deleted in Auth0.
		return nil, client.IgnoreNotFound(err)
	}
	if isConfirmed(&tenant, object) {
		return nil, nil
	}
	if leaving, err := r.kindIsLeaving(ctx); err != nil {
		return nil, err
	} else if leaving {
		return held(&tenant, "CustomResourceDefinition %s is being deleted, and every %s with it", CRDOf(r.Kind), r.Kind), nil
	}
	return r.protect(ctx, &tenant, object)
}

// held says why a deletion waits for a person, and how to continue.
func held(tenant *v1alpha1.Auth0Tenant, why string, args ...any) *Outcome {
	outcome := Stall(v1alpha1.ReasonDeletionHeld, fmt.Sprintf(why, args...)+fmt.Sprintf(
		"; nothing is deleted until somebody decides: to keep what is in Auth0, set spec.deletionPolicy of this object to Retain; to delete it, confirm on the Auth0Tenant: %s",
		confirmation("auth0tenant", tenant)), longestStall)
	return &outcome
}

// confirmation is the command that confirms deletions on an object.
func confirmation(resource string, object client.Object) string {
	return fmt.Sprintf(`kubectl -n %s annotate %s %s --overwrite %s="$(date -u +%%Y-%%m-%%dT%%H:%%M:%%SZ)"`,
		object.GetNamespace(), resource, object.GetName(), v1alpha1.AnnotationConfirmDeletion)
}

// isConfirmed reports whether a person confirmed, on an object, the deletions up to a time, and the deletion of another object
// began before it.
func isConfirmed(on, deleted client.Object) bool {
	until, err := time.Parse(time.RFC3339, on.GetAnnotations()[v1alpha1.AnnotationConfirmDeletion])
	return err == nil && deleted.GetDeletionTimestamp() != nil && !deleted.GetDeletionTimestamp().After(until)
}

// kindIsLeaving reports whether the CustomResourceDefinition of the kind is being deleted. It asks the API server: a cache may
// show the deletion of the objects before that of their kind. If the operator may not read it, it reports false.
func (r *Reconciler[O]) kindIsLeaving(ctx context.Context) (bool, error) {
	if !r.IsClusterWide {
		return false, nil
	}
	var crd metav1.PartialObjectMetadata
	crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	if err := r.Reader.Get(ctx, client.ObjectKey{Name: CRDOf(r.Kind)}, &crd); err != nil {
		return false, fmt.Errorf("see whether the kind is being deleted: %w", err)
	}
	return crd.DeletionTimestamp != nil, nil
}

// CRDOf is the name of the CustomResourceDefinition of a kind.
func CRDOf(kind string) string {
	return strings.ToLower(kind) + "s." + v1alpha1.SchemeGroupVersion.Group
}
