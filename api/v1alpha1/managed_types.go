package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// Object is the interface of every kind of this API group.
// +kubebuilder:object:generate=false
type Object interface {
	metav1.Object
	runtime.Object
	// IsSuspended reports whether spec.suspend is set.
	IsSuspended() bool
	// GetCommonStatus returns the part of the status that every kind has, for reading and writing.
	GetCommonStatus() *CommonStatus
}

// Managed is an Object that represents something in an Auth0 tenant.
// +kubebuilder:object:generate=false
type Managed interface {
	Object
	// GetManagedSpec returns the part of the spec that every such kind has.
	GetManagedSpec() *ManagedSpec
	// GetManagedStatus returns the part of the status that every such kind has.
	GetManagedStatus() *ManagedStatus
}

// Referent is a Managed that other objects can refer to.
// +kubebuilder:object:generate=false
type Referent interface {
	Managed
	// GetIdentity returns how other objects refer to this object in Auth0. The zero value means that it does not exist yet.
	GetIdentity() Identity
}

// Identity identifies an object in Auth0 for references.
// +kubebuilder:object:generate=false
type Identity struct {
	// ID is given by Auth0: con_…, rol_…, a client id.
	ID string
	// Name is the natural key, where there is one: the name of a connection, role or organization, the identifier of an API.
	Name string
}

// ManagementPolicy selects how much of an object in Auth0 the operator manages.
// +kubebuilder:validation:Enum=Full;CreateOnly;Observe
type ManagementPolicy string

const (
	// ManagementPolicyFull creates the object and enforces the spec.
	ManagementPolicyFull ManagementPolicy = "Full"
	// ManagementPolicyCreateOnly creates the object and never changes it afterwards.
	ManagementPolicyCreateOnly ManagementPolicy = "CreateOnly"
	// ManagementPolicyObserve changes nothing. The status shows what Full would change.
	ManagementPolicyObserve ManagementPolicy = "Observe"
)

// DeletionPolicy selects what happens in Auth0 when the Kubernetes object is deleted.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionPolicyDelete also deletes the object in Auth0.
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyRetain keeps the object in Auth0. Another Kubernetes object can adopt it.
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// AdoptionPolicy selects what happens if the declared object already exists in Auth0.
// +kubebuilder:validation:Enum=Never;IfUnmanaged
type AdoptionPolicy string

const (
	// AdoptionPolicyNever reports the existing object and does not touch it.
	AdoptionPolicyNever AdoptionPolicy = "Never"
	// AdoptionPolicyIfUnmanaged takes over the existing object, unless another Kubernetes object manages it.
	AdoptionPolicyIfUnmanaged AdoptionPolicy = "IfUnmanaged"
)

// ManagedSpec is the common part of the spec of every kind that represents something in an Auth0 tenant.
type ManagedSpec struct {
	// tenantRef refers to the Auth0Tenant that manages this object. Immutable: to move an object to another tenant, delete
	// it and create it again.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="tenantRef is immutable: delete the object and create it in the other tenant"
	// +required
	TenantRef TenantReference `json:"tenantRef"`

	// managementPolicy selects how much the operator manages. `Full` (default) creates the object and enforces the spec.
	// `CreateOnly` creates it and never changes it afterwards. `Observe` changes nothing in Auth0, and shows in
	// status.differences what `Full` would change.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy selects what happens in Auth0 when you delete this object. `Delete` (default) also deletes it in Auth0.
	// `Retain` keeps it there, and another Kubernetes object can adopt it. With managementPolicy `Observe`, nothing is
	// deleted in Auth0.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// adoptionPolicy selects what happens if the object already exists in Auth0. `Never` (default) reports it and does not
	// touch it. `IfUnmanaged` takes it over, unless another Kubernetes object manages it.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// suspend stops all reconciliation of this object, including its deletion, while true. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// GetManagedSpec implements Managed for every spec that embeds ManagedSpec.
func (s *ManagedSpec) GetManagedSpec() *ManagedSpec { return s }

// CommonStatus is the common part of the status of every kind.
type CommonStatus struct {
	// observedGeneration is the metadata.generation that the operator reconciled last. -1 before the first reconciliation.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions report the state. `Ready` is always present. `Reconciling` and `Stalled` are present only while true, never
	// both.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// lastHandledReconcileAt is the last value of the annotation auth0-operator.io/reconcile-requested-at (or
	// reconcile.fluxcd.io/requestedAt) that the operator handled.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ManagedStatus is the common part of the status of every kind that represents something in an Auth0 tenant.
type ManagedStatus struct {
	CommonStatus `json:",inline"`

	// owned identifies the object in Auth0 that the operator created or took over for this object. The operator changes and
	// deletes no other. Not set with managementPolicy `Observe`, nor on an Auth0Token.
	// +optional
	Owned *OwnedObject `json:"owned,omitempty"`

	// claims is the id of the object in Auth0 that the spec declares and another Kubernetes object manages (`Conflict`). If
	// that object is deleted, the operator hands the Auth0 object over to this one. Example: `rol_xPSJ3BfhKflWGKpU`.
	// +optional
	Claims string `json:"claims,omitempty"`

	// outputSecrets lists the Secrets that the operator writes for this object. If you remove one from the spec, the
	// operator removes its keys from an adopted Secret, and keeps a Secret that it created until this object is deleted.
	// +listType=set
	// +optional
	OutputSecrets []string `json:"outputSecrets,omitempty"`

	// outputConfigMaps lists the ConfigMaps that the operator writes for this object. If you remove one from the spec, the
	// operator treats it like a Secret in outputSecrets.
	// +listType=set
	// +optional
	OutputConfigMaps []string `json:"outputConfigMaps,omitempty"`

	// managedFields lists the fields, in Auth0's names, that this object has set. If you remove one from the spec, the
	// operator clears it in Auth0.
	// +listType=set
	// +optional
	ManagedFields []string `json:"managedFields,omitempty"`

	// formerValues has the values that the fields in managedFields had before this object set them. Only for kinds of which a
	// tenant has one object. If you remove a field from the spec, or delete this object, the operator sets the field to this
	// value. It never contains values of secrets.
	// +listType=map
	// +listMapKey=field
	// +optional
	FormerValues []FormerValue `json:"formerValues,omitempty"`

	// appliedSecrets has keyed hashes of the secret values that the operator sent to Auth0, which does not return them.
	// +listType=map
	// +listMapKey=field
	// +optional
	AppliedSecrets []AppliedSecret `json:"appliedSecrets,omitempty"`

	// creating records a creation in progress, so that the operator finds the object again after a crash. Internal; removed
	// afterwards.
	// +optional
	Creating string `json:"creating,omitempty"`

	// recheckAt is when the operator checks Auth0 again for a duplicate, because the result of an earlier attempt is
	// unknown. Internal; removed afterwards.
	// +optional
	RecheckAt *metav1.Time `json:"recheckAt,omitempty"`

	// differences lists the fields that differ between the spec and Auth0, with managementPolicy `Observe` or if Auth0
	// refused a value. It never contains values of secrets.
	// +listType=map
	// +listMapKey=field
	// +optional
	Differences []Difference `json:"differences,omitempty"`
}

// FormerValue is the value that a field had before the operator set it.
type FormerValue struct {
	// field is the name of the field in Auth0, for example `colors`.
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Field string `json:"field"`
	// value is the former value as JSON. Absent if there was none.
	// +kubebuilder:validation:MaxLength=1048576
	// +optional
	Value string `json:"value,omitempty"`
}

// OwnedObject identifies an object in Auth0 that belongs to a Kubernetes object.
type OwnedObject struct {
	// id of the object in Auth0. Example: `rol_xPSJ3BfhKflWGKpU`.
	// +required
	ID string `json:"id"`
	// uid of the Kubernetes object that owns it. If it differs from this object's uid, for example in a restored backup,
	// this object does not own the object in Auth0.
	// +required
	UID types.UID `json:"uid"`
}

// GetManagedStatus implements Managed for every status that embeds ManagedStatus.
func (s *ManagedStatus) GetManagedStatus() *ManagedStatus { return s }

// GetCommonStatus implements Object for every status that embeds CommonStatus.
func (s *CommonStatus) GetCommonStatus() *CommonStatus { return s }

// AppliedSecret records a secret value without revealing it.
type AppliedSecret struct {
	// field is the name of the field in Auth0, for example `password`.
	// +required
	Field string `json:"field"`
	// hash is a keyed hash of the value. The key never leaves the operator's namespace.
	// +required
	Hash string `json:"hash"`
	// refused is why Auth0 rejected the value. The operator does not send it again until it changes, or until you request a
	// reconciliation.
	// +optional
	Refused string `json:"refused,omitempty"`
}

// Difference is a field that differs between the spec and Auth0.
type Difference struct {
	// field is the name of the field in Auth0, for example `user_metadata.plan`.
	// +required
	Field string `json:"field"`
	// auth0 is the value in Auth0 as JSON. Absent if there is none.
	// +optional
	Auth0 string `json:"auth0,omitempty"`
	// spec is the declared value as JSON. Absent if the operator would clear the field.
	// +optional
	Spec string `json:"spec,omitempty"`
	// refused is why Auth0 rejected the value. The operator does not send it again until the spec or the value in Auth0
	// changes, or until you request a reconciliation.
	// +optional
	Refused string `json:"refused,omitempty"`
	// generation is the metadata.generation of this object when Auth0 rejected the value.
	// +optional
	Generation int64 `json:"generation,omitempty"`
}
