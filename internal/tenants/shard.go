package tenants

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Serves reports whether this instance serves an object: a tenant by its labels, and any other object by those of its tenant. An
// object whose tenant does not exist counts as one of a tenant without labels, so that just one instance reports it.
func Serves(ctx context.Context, reader client.Reader, shard labels.Selector, object v1alpha1.Object) (bool, error) {
	if shard == nil || shard.Empty() {
		return true, nil
	}
	managed, ok := object.(v1alpha1.Managed)
	if !ok {
		return shard.Matches(labels.Set(object.GetLabels())), nil
	}
	var tenant v1alpha1.Auth0Tenant
	key := reference.TenantKey(managed)
	if err := client.IgnoreNotFound(reader.Get(ctx, key, &tenant)); err != nil {
		return false, fmt.Errorf("read Auth0Tenant %s: %w", key, err)
	}
	return shard.Matches(labels.Set(tenant.Labels)), nil
}
