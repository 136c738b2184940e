package reference

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// InUseFinalizer keeps a Secret or ConfigMap while a tenant needs it: when a whole namespace is deleted, the operator can delete
// its users in Auth0 only as long as the credentials exist.
const InUseFinalizer = "auth0-operator.io/in-use"

// SetInUse protects an input, in the form of SecretInput or ConfigMapInput, from deletion. If the input is being deleted already,
// it protects it only if hold is true, and releases it otherwise.
func SetInUse(ctx context.Context, c client.Client, namespace, input string, hold bool) error {
	return patchInput(ctx, c, namespace, input, func(object client.Object) bool {
		switch deleting := object.GetDeletionTimestamp() != nil; {
		case !deleting:
			return controllerutil.AddFinalizer(object, InUseFinalizer)
		case !hold:
			return controllerutil.RemoveFinalizer(object, InUseFinalizer)
		}
		return false
	})
}

// ClearInUse releases an input. It must not be called while another tenant needs the input.
func ClearInUse(ctx context.Context, c client.Client, namespace, input string) error {
	return patchInput(ctx, c, namespace, input, func(object client.Object) bool {
		return controllerutil.RemoveFinalizer(object, InUseFinalizer)
	})
}

// patchInput changes the metadata of an input, if the input exists and needs the change.
func patchInput(ctx context.Context, c client.Client, namespace, input string, change func(client.Object) bool) error {
	kind, name, _ := strings.Cut(input, "/")
	var object metav1.PartialObjectMetadata
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	if err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &object); err != nil {
		return client.IgnoreNotFound(err)
	}
	before := object.DeepCopy()
	if !change(&object) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := c.Patch(ctx, &object, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("guard %s %s/%s: %w", kind, namespace, name, err))
	}
	return nil
}
