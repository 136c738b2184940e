package reference

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Reference is a reference of an object to another one.
type Reference struct {
	// Field is the field of the spec, for messages and as the key of Values: spec.clientRef, spec.roles.items[2].roleRef.
	Field string
	// Kind is the kind of the referent.
	Kind string
	Key  types.NamespacedName
	// Weak references need only the referent's id in Auth0, and do not prevent its deletion. They are for objects that refer to
	// each other, which would otherwise wait for each other forever.
	Weak bool
	// Existing references need only the referent's id in Auth0, as long as it is not being deleted.
	Existing bool
	// Link references can be set after the creation, so the creation does not wait for the referent.
	Link bool
}

// To returns the reference in a field of an object.
func To(object client.Object, field, kind string, ref v1alpha1.ObjectReference) Reference {
	namespace := ref.Namespace
	if namespace == "" {
		namespace = object.GetNamespace()
	}
	return Reference{Field: field, Kind: kind, Key: types.NamespacedName{Namespace: namespace, Name: ref.Name}}
}

// String names the referent for messages: Auth0Client default/web.
func (r Reference) String() string { return r.Kind + " " + r.Key.String() }

// index is the key of the referent in ObjectIndex.
func (r Reference) index() string { return ObjectKey(r.Kind, r.Key) }

// ObjectKey is the key of an object in ObjectIndex.
func ObjectKey(kind string, key types.NamespacedName) string { return kind + "/" + key.String() }

// Values are the resolved references of an object, by field.
type Values map[string]v1alpha1.Identity

// ID returns the id in Auth0 of the referent of a field, or the literal id if the spec has one instead.
func (v Values) ID(field string, literal *string) string {
	if literal != nil {
		return *literal
	}
	return v[field].ID
}

// Name returns the natural name in Auth0 of the referent of a field, or the literal name if the spec has one instead.
func (v Values) Name(field string, literal *string) string {
	if literal != nil {
		return *literal
	}
	return v[field].Name
}

// Resolve resolves the references of an object from the status of the referents, without a call. It waits for a referent that is
// not Ready.
func Resolve(ctx context.Context, reader client.Client, object v1alpha1.Managed, references []Reference) (Values, error) {
	values := make(Values, len(references))
	for _, reference := range references {
		referent, err := get(ctx, reader, object, reference)
		if err != nil {
			return nil, err
		}
		if err := usable(referent, reference); err != nil {
			return nil, err
		}
		values[reference.Field] = referent.GetIdentity()
	}
	return values, nil
}

// Known is Resolve for an object that is being deleted: it leaves out references that cannot be resolved any more.
func Known(ctx context.Context, reader client.Client, object v1alpha1.Managed, references []Reference) Values {
	values := make(Values, len(references))
	for _, reference := range references {
		if referent, err := get(ctx, reader, object, reference); err == nil {
			values[reference.Field] = referent.GetIdentity()
		}
	}
	return values
}

// get reads a referent. The referent must belong to the tenant of the object, and the tenant must admit both: every admitted
// namespace may refer to what is in the tenant. If a referent in another namespace does not qualify, the message does not even
// say whether it exists.
func get(ctx context.Context, reader client.Client, object v1alpha1.Managed, reference Reference) (v1alpha1.Referent, error) {
	created, err := reader.Scheme().New(v1alpha1.SchemeGroupVersion.WithKind(reference.Kind))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference.Field, err)
	}
	referent := created.(v1alpha1.Referent)
	err = reader.Get(ctx, reference.Key, referent, partial.Allowed)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("%s: read %s: %w", reference.Field, reference, err)
	}
	exists, mine := err == nil, TenantKey(object)
	if reference.Key.Namespace != object.GetNamespace() {
		return referent, checkElsewhere(ctx, reader, referent, reference, mine, exists)
	}
	if !exists {
		return nil, problem.Waiting(v1alpha1.ReasonReferenceNotReady, "%s: %s does not exist; create it, or correct the name", reference.Field, reference)
	}
	if theirs := TenantKey(referent); mine != theirs {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s: %s belongs to Auth0Tenant %s, this object to %s; refer to an object of the same tenant",
			reference.Field, reference, theirs, mine)
	}
	return referent, nil
}

// checkElsewhere fails unless a referent in another namespace exists and belongs to the tenant.
func checkElsewhere(ctx context.Context, reader client.Reader, referent v1alpha1.Referent, reference Reference, tenant types.NamespacedName, exists bool) error {
	admission, err := AdmissionOf(ctx, reader, tenant)
	if err != nil {
		return err
	}
	belongs := false
	if exists {
		if belongs, err = admission.Admits(ctx, referent); err != nil {
			return err
		}
	}
	if !belongs {
		return problem.Waiting(v1alpha1.ReasonReferenceNotReady, "%s: Auth0Tenant %s has no %s; create it there, or correct the reference", reference.Field, tenant, reference)
	}
	return nil
}

func usable(referent v1alpha1.Referent, reference Reference) error {
	exists := reference.Weak || reference.Existing && referent.GetDeletionTimestamp() == nil
	if referent.GetIdentity() != (v1alpha1.Identity{}) && (exists || IsReady(referent)) {
		return nil
	}
	return problem.Waiting(v1alpha1.ReasonReferenceNotReady, "%s: %s %s", reference.Field, reference, NotReady(referent))
}

// IsReady reports whether an object is Ready as it is declared now, and is not being deleted.
func IsReady(object v1alpha1.Object) bool {
	status := object.GetCommonStatus()
	return object.GetDeletionTimestamp() == nil && status.ObservedGeneration == object.GetGeneration() &&
		meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
}

// NotReady describes the state of an object that is not Ready, or is being deleted.
func NotReady(object v1alpha1.Object) string {
	ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	switch {
	case ready != nil && ready.Status != metav1.ConditionTrue:
		return "is not Ready: " + ready.Reason
	case object.GetDeletionTimestamp() != nil:
		return "is being deleted"
	}
	return "is not Ready yet"
}

// Await waits for the objects that declare what a field names, unless one of them is in Auth0, or cannot get any further.
func Await(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant, named Named, declared []client.Object) error {
	admission := NewAdmission(reader, tenant)
	var waiting error
	for _, object := range declared {
		referent := object.(v1alpha1.Referent)
		admitted, err := admission.Admits(ctx, referent)
		if err != nil {
			return err
		}
		isStalled := meta.IsStatusConditionTrue(referent.GetCommonStatus().Conditions, v1alpha1.ConditionStalled)
		if !admitted || isStalled || referent.IsSuspended() || referent.GetDeletionTimestamp() != nil {
			continue
		}
		if referent.GetIdentity() != (v1alpha1.Identity{}) {
			return nil
		}
		waiting = problem.Waiting(v1alpha1.ReasonReferenceNotReady, "%s: %s %s, which declares %q, %s",
			named.Field, named.Kind, client.ObjectKeyFromObject(referent), named.Name, NotReady(referent))
	}
	return waiting
}
