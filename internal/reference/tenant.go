package reference

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Tenant returns the tenant of an object, if it exists and admits the object's namespace.
func Tenant(ctx context.Context, reader client.Reader, object v1alpha1.Managed) (*v1alpha1.Auth0Tenant, error) {
	key := TenantKey(object)
	var tenant v1alpha1.Auth0Tenant
	err := reader.Get(ctx, key, &tenant)
	if apierrors.IsNotFound(err) {
		return nil, problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s does not exist; create it, or correct spec.tenantRef", key)
	}
	if err != nil {
		return nil, fmt.Errorf("read Auth0Tenant %s: %w", key, err)
	}
	if why := partial.Refusal(&tenant); why != "" {
		return nil, problem.Waiting(v1alpha1.ReasonTenantNotReady, "Auth0Tenant %s cannot be used: %s", key, why)
	}
	permitted, err := admits(ctx, reader, &tenant, object.GetNamespace())
	if err != nil {
		return nil, err
	}
	if !permitted {
		return nil, problem.Stalled(v1alpha1.ReasonNotPermitted, "Auth0Tenant %s does not admit namespace %s; whoever owns the tenant can admit it in its spec.allowedNamespaces",
			key, object.GetNamespace())
	}
	return &tenant, nil
}

// UsableTenant returns the tenant of an object if it can be worked with now: it is Ready and not suspended. One that is
// unavailable can be: the calls wait until it is available again.
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

// Usable says why a tenant cannot be worked with now, nil if it can.
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
