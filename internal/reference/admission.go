package reference

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Admission decides which namespaces a tenant admits. It remembers the answer for each namespace.
type Admission struct {
	reader client.Reader
	tenant *v1alpha1.Auth0Tenant
	known  map[string]bool
}

// NewAdmission returns the Admission of a tenant.
func NewAdmission(reader client.Reader, tenant *v1alpha1.Auth0Tenant) *Admission {
	return &Admission{reader: reader, tenant: tenant, known: map[string]bool{}}
}

// AdmissionOf returns the Admission of a tenant by its name. A tenant that does not exist admits its own namespace.
func AdmissionOf(ctx context.Context, reader client.Reader, key types.NamespacedName) (*Admission, error) {
	tenant := &v1alpha1.Auth0Tenant{}
	err := reader.Get(ctx, key, tenant)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read Auth0Tenant %s: %w", key, err)
	}
	tenant.Namespace, tenant.Name = key.Namespace, key.Name
	return NewAdmission(reader, tenant), nil
}

// Admits reports whether an object belongs to the tenant, and the tenant admits the object's namespace.
func (a *Admission) Admits(ctx context.Context, object v1alpha1.Managed) (bool, error) {
	if TenantKey(object) != client.ObjectKeyFromObject(a.tenant) {
		return false, nil
	}
	namespace := object.GetNamespace()
	if admitted, known := a.known[namespace]; known {
		return admitted, nil
	}
	admitted, err := admits(ctx, a.reader, a.tenant, namespace)
	if err == nil {
		a.known[namespace] = admitted
	}
	return admitted, err
}

// CheckSelectors says what is wrong with a selector of a tenant, nil if nothing is. A wrong selector admits no namespace.
func CheckSelectors(tenant *v1alpha1.Auth0Tenant) error {
	if allowed := tenant.Spec.AllowedNamespaces; allowed != nil {
		if err := checkSelector("spec.allowedNamespaces", *allowed); err != nil {
			return err
		}
	}
	for i, rule := range tenant.Spec.Delegations {
		if err := checkSelector(fmt.Sprintf("spec.delegations[%d].namespaces", i), rule.Namespaces); err != nil {
			return err
		}
	}
	return nil
}

func checkSelector(field string, namespaces v1alpha1.AllowedNamespaces) error {
	if namespaces.From != v1alpha1.NamespacesFromSelector {
		return nil
	}
	if _, err := metav1.LabelSelectorAsSelector(namespaces.Selector.LabelSelector()); err != nil {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s.selector: %v; correct it", field, err)
	}
	return nil
}

func admits(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant, namespace string) (bool, error) {
	allowed := tenant.Spec.AllowedNamespaces
	switch {
	case namespace == tenant.Namespace:
		return true, nil
	case partial.Refusal(tenant) != "":
		// Its selector may have been cut off.
		return false, nil
	case allowed == nil:
		return false, nil
	}
	admitted, err := selects(ctx, reader, *allowed, namespace)
	if errors.Is(err, errInvalidSelector) {
		// The status of the Auth0Tenant reports it.
		return false, nil
	}
	return admitted, err
}

var errInvalidSelector = errors.New("invalid selector")

// selects reports whether a namespace is among the allowed ones, apart from the tenant's own. It fails with errInvalidSelector if
// the selector is invalid.
func selects(ctx context.Context, reader client.Reader, namespaces v1alpha1.AllowedNamespaces, namespace string) (bool, error) {
	switch namespaces.From {
	case v1alpha1.NamespacesFromAll:
		return true, nil
	case v1alpha1.NamespacesFromSelector:
	default:
		return false, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(namespaces.Selector.LabelSelector())
	if err != nil {
		return false, fmt.Errorf("%w: %w", errInvalidSelector, err)
	}
	var found metav1.PartialObjectMetadata
	found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := reader.Get(ctx, types.NamespacedName{Name: namespace}, &found); client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("read Namespace %s: %w", namespace, err)
	} else if err != nil {
		return false, nil //nolint:nilerr // A namespace that is gone has no labels to be selected by.
	}
	return selector.Matches(labels.Set(found.Labels)), nil
}
