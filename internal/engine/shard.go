package engine

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// serves reports whether this instance serves an object: a tenant by its labels, and any other object by those of its tenant. An
// object whose tenant does not exist counts as one of a tenant without labels, so that just one instance reports it.
func (d *Deps) serves(ctx context.Context, object v1alpha1.Object) (bool, error) {
	if d.Shard == nil || d.Shard.Empty() {
		return true, nil
	}
	managed, ok := object.(v1alpha1.Managed)
	if !ok {
		return d.Shard.Matches(labels.Set(object.GetLabels())), nil
	}
	var tenant v1alpha1.Auth0Tenant
	key := reference.TenantKey(managed)
	if err := client.IgnoreNotFound(d.Client.Get(ctx, key, &tenant)); err != nil {
		return false, fmt.Errorf("read Auth0Tenant %s: %w", key, err)
	}
	return d.Shard.Matches(labels.Set(tenant.Labels)), nil
}

// stopServing stops all work on an object that this instance does not serve, or no longer serves.
func (d *Deps) stopServing(object v1alpha1.Object, key reservationKey) {
	d.Pool.Limiters.Forget(key)
	if _, managed := object.(v1alpha1.Managed); !managed {
		d.Pool.Release(client.ObjectKeyFromObject(object).String())
	}
}
