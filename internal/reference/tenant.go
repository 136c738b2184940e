package reference

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Tenant returns the tenant of an object, if it exists and admits the object's namespace. For a tenant in another namespace, the
// message does not say which of the two fails: a namespace that is not admitted must not learn what exists.
func Tenant(ctx context.Context, reader client.Reader, object v1alpha1.Managed) (*v1alpha1.Auth0Tenant, error) {
	key := TenantKey(object)
	var tenant v1alpha1.Auth0Tenant
	err := reader.Get(ctx, key, &tenant)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read Auth0Tenant %s: %w", key, err)
	}
	if exists := err == nil; !exists && key.Namespace == object.GetNamespace() {
		return nil, problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s does not exist; create it, or correct spec.tenantRef", key)
	} else if !exists {
		return nil, notPermitted(key, object)
	}
	permitted, err := admits(ctx, reader, &tenant, object.GetNamespace())
	if err != nil {
		return nil, err
	}
	if !permitted {
		return nil, notPermitted(key, object)
	}
	if why := partial.Refusal(&tenant); why != "" {
		return nil, problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s cannot be used: %s", key, why)
	}
	return &tenant, nil
}

func notPermitted(tenant types.NamespacedName, object v1alpha1.Managed) error {
	return problem.Stalled(v1alpha1.ReasonNotPermitted,
		"there is no Auth0Tenant %s that admits namespace %s; its owner can add the namespace to its spec.allowedNamespaces; or correct spec.tenantRef",
		tenant, object.GetNamespace())
}

// UsableTenant returns the tenant of an object if the tenant is usable: Ready and not suspended. A tenant that is unavailable is
// usable: the calls wait until it is available again.
func UsableTenant(ctx context.Context, reader client.Reader, object v1alpha1.Managed) (*v1alpha1.Auth0Tenant, error) {
	tenant, err := Tenant(ctx, reader, object)
	if err != nil {
		return nil, err
	}
	if err := Usable(tenant); err != nil {
		return nil, err
	}
	return tenant, nil
}

// Usable says why a tenant is not usable now, nil if it is.
func Usable(tenant *v1alpha1.Auth0Tenant) error {
	if tenant.Spec.Suspend {
		return problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s is suspended, until its spec.suspend is false", client.ObjectKeyFromObject(tenant))
	}
	if !IsReachable(tenant) {
		return problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s %s", client.ObjectKeyFromObject(tenant), NotReady(tenant))
	}
	return nil
}

// IsReachable reports whether a tenant is Ready, or would be if Auth0 was available.
func IsReachable(tenant *v1alpha1.Auth0Tenant) bool {
	return meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionReady) || tenant.Status.UnavailableSince != nil
}
