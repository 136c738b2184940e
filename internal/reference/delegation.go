package reference

import (
	"context"
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Permissions are what the objects of one kind in one namespace may do in a tenant.
type Permissions struct {
	tenant    types.NamespacedName
	namespace string
	kind      string
	// owner means that the namespace is the tenant's own: everything is allowed.
	owner bool
	// declare allows the kind, adopt the adoption of existing objects.
	declare, adopt bool
	// scopes are the scopes of the Management API that the objects may give.
	scopes []string
}

// PermissionsOf returns what an object of a kind may do in its tenant: everything that the applicable rules allow together.
func PermissionsOf(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant, object client.Object, kind string) (Permissions, error) {
	permissions := Permissions{
		tenant: client.ObjectKeyFromObject(tenant), namespace: object.GetNamespace(), kind: kind,
		owner: object.GetNamespace() == tenant.Namespace,
	}
	if permissions.owner {
		return permissions, nil
	}
	permissions.declare = true
	first := true
	for i, rule := range tenant.Spec.Delegations {
		applies, err := selects(ctx, reader, rule.Namespaces, object.GetNamespace())
		if errors.Is(err, errInvalidSelector) {
			// The rule may be the one that limits the kinds.
			return Permissions{}, problem.Stalled(v1alpha1.ReasonNotPermitted, "spec.delegations[%d].namespaces of Auth0Tenant %s: %v; the owner of the tenant can correct it",
				i, permissions.tenant, err)
		}
		if err != nil {
			return Permissions{}, err
		}
		if !applies {
			continue
		}
		if first {
			permissions.declare, first = false, false
		}
		if len(rule.Kinds) > 0 && !slices.Contains(rule.Kinds, kind) {
			continue
		}
		permissions.declare = true
		permissions.adopt = permissions.adopt || rule.AdoptionPolicy == v1alpha1.AdoptionPolicyIfUnmanaged
		permissions.scopes = append(permissions.scopes, rule.ManagementAPIScopes...)
	}
	return permissions, nil
}

// AreAll reports whether everything is allowed, so that no check is needed.
func (p Permissions) AreAll() bool { return p.owner }

// Declare returns a problem unless objects of the kind are allowed.
func (p Permissions) Declare() error {
	if p.owner || p.declare {
		return nil
	}
	return problem.Stalled(v1alpha1.ReasonNotPermitted, "Auth0Tenant %s does not let namespace %s declare objects of kind %s; the owner of the tenant can add the kind to its spec.delegations",
		p.tenant, p.namespace, p.kind)
}

// Adopt returns a problem unless the object may adopt existing objects. described names the object in the message.
func (p Permissions) Adopt(described string) error {
	if p.owner || p.adopt {
		return nil
	}
	return problem.Stalled(v1alpha1.ReasonNotPermitted, "spec.adoptionPolicy: %s exists already, and Auth0Tenant %s does not let namespace %s adopt; the owner of the tenant can set adoptionPolicy: IfUnmanaged in its spec.delegations",
		described, p.tenant, p.namespace)
}

// Give returns a problem unless the object may give these scopes of the Management API. field is the field that gives them.
func (p Permissions) Give(field string, scopes []string) error {
	if p.owner || len(scopes) == 0 || slices.Contains(p.scopes, v1alpha1.AllManagementAPIScopes) {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return slices.Contains(p.scopes, scope) })
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return problem.Stalled(v1alpha1.ReasonNotPermitted, "%s gives access to the Management API (%s), and Auth0Tenant %s does not let namespace %s give that; the owner of the tenant can list the scopes in managementApiScopes of its spec.delegations",
		field, strings.Join(slices.Compact(missing), ", "), p.tenant, p.namespace)
}
