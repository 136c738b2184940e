package secret

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// WrittenFor reports whether a Secret says that it is an output Secret of an object.
func WrittenFor(secret client.Object, kind string, owner client.Object) bool {
	return metav1.IsControlledBy(secret, owner) || secret.GetAnnotations()[annotationAdoptedBy] == adopter(kind, owner)
}

// adopter is the value of the annotation on a Secret that an object adopted.
func adopter(kind string, owner client.Object) string {
	return kind + "/" + owner.GetName() + "/" + string(owner.GetUID())
}

// mayWrite refuses a Secret that belongs to someone else, or has another purpose. current is nil if there is none yet.
func (o Output) mayWrite(ctx context.Context, current *corev1.Secret) error {
	if current == nil {
		return o.isNoInput(ctx)
	}
	if o.Internal && current.Type != corev1.SecretType(o.Type) {
		return o.conflict("has the type %s, and not %s, which the operator keeps such things in; choose another outputSecret.name, or delete the Secret if nothing needs what it holds", current.Type, o.Type)
	}
	if purpose := reserved(current); purpose != "" && !o.Internal {
		return o.conflict("is for %s, and nothing else is written into it; choose another %s.name", purpose, o.Destination.field())
	}
	if metav1.IsControlledBy(current, o.Owner) {
		return nil
	}
	if len(current.OwnerReferences) > 0 {
		owner := current.OwnerReferences[0]
		return o.conflict("belongs to %s %s; choose another %s.name", owner.Kind, owner.Name, o.Destination.field())
	}
	if by := current.Labels[LabelManagedBy]; by != "" && by != managedBy {
		return o.conflict("is managed by %s (label %s); choose another %s.name", by, LabelManagedBy, o.Destination.field())
	}
	if wanted := o.kind() + "/" + o.Owner.GetName(); current.Annotations[v1alpha1.AnnotationAdoptableBy] != wanted {
		return o.conflict("exists already, and is not this object's; choose another %s.name, delete the %s if nothing needs what it holds, or let this object write into it: kubectl annotate %s %s --namespace %s %s=%s",
			o.Destination.field(), o.Destination.kind(), strings.ToLower(o.Destination.kind()), o.Name, o.Owner.GetNamespace(), v1alpha1.AnnotationAdoptableBy, wanted)
	}
	return o.isNoInput(ctx)
}

// isNoInput refuses a Secret that an Auth0Tenant reads.
func (o Output) isNoInput(ctx context.Context) error {
	var tenants v1alpha1.Auth0TenantList
	if err := o.Client.List(ctx, &tenants, client.InNamespace(o.Owner.GetNamespace())); err != nil {
		return fmt.Errorf("find the tenants that name %s %s: %w", o.Destination.kind(), o.Name, err)
	}
	for i := range tenants.Items {
		spec := tenants.Items[i].Spec
		isCredentials := o.Destination != ConfigMap && spec.CredentialsSecretRef.Name == o.Name
		if isCredentials || spec.CABundle != nil && spec.CABundle.Kind == o.Destination.kind() && spec.CABundle.Name == o.Name {
			return o.conflict("is named by Auth0Tenant %s; choose another %s.name", tenants.Items[i].Name, o.Destination.field())
		}
	}
	return nil
}

func (o Output) conflict(format string, args ...any) error {
	return problem.Stalled(v1alpha1.ReasonSecretConflict, "%s %s/%s "+format, append([]any{o.Destination.kind(), o.Owner.GetNamespace(), o.Name}, args...)...)
}
