package reference

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const (
	// TenantIndex finds the objects of a tenant, by its namespace/name.
	TenantIndex = ".tenant"
	// InputIndex finds the objects that name a Secret or ConfigMap, by Kind/name within a namespace.
	InputIndex = ".inputs"
)

// SecretInput is how a Secret stands in InputIndex.
func SecretInput(name string) string { return "Secret/" + name }

// ConfigMapInput is how a ConfigMap stands in InputIndex.
func ConfigMapInput(name string) string { return "ConfigMap/" + name }

// TenantKey returns the namespace and name of the tenant that an object refers to.
func TenantKey(object v1alpha1.Managed) types.NamespacedName {
	ref := object.GetManagedSpec().TenantRef
	namespace := ref.Namespace
	if namespace == "" {
		namespace = object.GetNamespace()
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// Index adds the indexes of a kind. inputs lists what an object names, in the form of SecretInput and ConfigMapInput.
func Index(ctx context.Context, indexer client.FieldIndexer, kind v1alpha1.Object, inputs func(client.Object) []string) error {
	if err := indexer.IndexField(ctx, kind, InputIndex, inputs); err != nil {
		return err
	}
	if _, ok := kind.(v1alpha1.Managed); !ok {
		return nil
	}
	return indexer.IndexField(ctx, kind, TenantIndex, func(object client.Object) []string {
		return []string{TenantKey(object.(v1alpha1.Managed)).String()}
	})
}
