package secret

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Swap replaces the data of a Secret, and returns the result, if nobody has written to the Secret since current was read. current
// is nil if there was none. Of two concurrent writers, one gets a conflict.
func (o Output) Swap(ctx context.Context, current *corev1.Secret, data map[string][]byte) (*corev1.Secret, error) {
	owner := metav1.OwnerReference{
		APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: o.kind(), Name: o.Owner.GetName(), UID: o.Owner.GetUID(), Controller: new(true),
	}
	owners := []metav1.OwnerReference{owner}
	if current == nil {
		created := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: o.Owner.GetNamespace(), Name: o.Name, OwnerReferences: owners,
				Labels: map[string]string{LabelManagedBy: managedBy}, Annotations: map[string]string{annotationIgnoreUpdates: "true"},
			},
			Type: corev1.SecretType(o.Type), Data: data,
		}
		if err := o.Client.Create(ctx, created, client.FieldOwner(FieldManager)); err != nil {
			return nil, fmt.Errorf("write Secret %s/%s: %w", o.Owner.GetNamespace(), o.Name, err)
		}
		return created, nil
	}
	next := current.DeepCopy()
	next.OwnerReferences, next.Data = owners, data
	patch := client.MergeFromWithOptions(current, client.MergeFromWithOptimisticLock{})
	if err := o.Client.Patch(ctx, next, patch, client.FieldOwner(FieldManager)); err != nil {
		return nil, fmt.Errorf("write Secret %s/%s: %w", o.Owner.GetNamespace(), o.Name, err)
	}
	return next, nil
}
