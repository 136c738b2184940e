package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// Object is what the engine asks of every kind of this group.
// +kubebuilder:object:generate=false
type Object interface {
	metav1.Object
	runtime.Object
	// IsSuspended tells whether spec.suspend is set.
	IsSuspended() bool
	// GetCommonStatus returns the part of the status that every kind has, for reading and writing.
	GetCommonStatus() *CommonStatus
}

// Managed is an Object that stands for something in an Auth0 tenant.
// +kubebuilder:object:generate=false
type Managed interface {
	Object
	// GetManagedSpec returns the part of the spec that every such kind has.
	GetManagedSpec() *ManagedSpec
	// GetManagedStatus returns the part of the status that every such kind has.
	GetManagedStatus() *ManagedStatus
}

// Referent is a Managed that other objects refer to.
// +kubebuilder:object:generate=false
type Referent interface {
	Managed
	// GetIdentity tells what the object is in Auth0, for those who refer to it. The zero value: it is not there yet.
	GetIdentity() Identity
}

// Identity is what other objects in Auth0 refer to an object by.
// +kubebuilder:object:generate=false
type Identity struct {
	// ID is given by Auth0: con_…, rol_…, a client id.
	ID string
	// Name is the natural key, where there is one: the name of a connection, role or organization, the identifier of an API.
	Name string
}

// ManagementPolicy says how much of an object in Auth0 the operator manages.
// +kubebuilder:validation:Enum=Full;CreateOnly;Observe
type ManagementPolicy string

const (
	// ManagementPolicyFull creates the object and keeps it as declared.
	ManagementPolicyFull ManagementPolicy = "Full"
	// ManagementPolicyCreateOnly creates the object and never changes it afterwards.
	ManagementPolicyCreateOnly ManagementPolicy = "CreateOnly"
	// ManagementPolicyObserve writes nothing; status shows what Full would change.
	ManagementPolicyObserve ManagementPolicy = "Observe"
)

// DeletionPolicy says what becomes of the object in Auth0 when the Kubernetes object is deleted.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// DeletionPolicyDelete deletes the object in Auth0 too.
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyRetain leaves the object in Auth0, free to be adopted by another Kubernetes object.
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// AdoptionPolicy says what happens when the declared object is in Auth0 already.
// +kubebuilder:validation:Enum=Never;IfUnmanaged
type AdoptionPolicy string

const (
	// AdoptionPolicyNever reports the existing object and leaves it alone.
	AdoptionPolicyNever AdoptionPolicy = "Never"
	// AdoptionPolicyIfUnmanaged takes over the existing object if no other Kubernetes object holds it.
	AdoptionPolicyIfUnmanaged AdoptionPolicy = "IfUnmanaged"
)

// ManagedSpec is what the spec of every kind has that stands for something in an Auth0 tenant.
type ManagedSpec struct {
	// tenantRef names the Auth0Tenant in which the object lives. Immutable: to move an object to another tenant,
	// delete it and create it anew.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="tenantRef is immutable: delete the object and create it in the other tenant"
	// +required
	TenantRef TenantReference `json:"tenantRef"`

	// managementPolicy says how much the operator manages: `Full` (default) creates the object and keeps it as declared,
	// `CreateOnly` creates it and never changes it afterwards, `Observe` writes nothing at all and shows in
	// status.differences what `Full` would change.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy says what becomes of the object in Auth0 when this one is deleted: `Delete` (default) deletes it
	// there too, `Retain` leaves it there, free to be adopted by another Kubernetes object. Nothing is deleted in Auth0 under managementPolicy `Observe`.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// adoptionPolicy says what happens when the object exists already: `Never` (default) reports it and leaves it alone,
	// `IfUnmanaged` takes it over unless another Kubernetes object holds it.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// suspend stops all reconciliation of this object, deletion included, while true. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// GetManagedSpec implements Managed for every spec that embeds ManagedSpec.
func (s *ManagedSpec) GetManagedSpec() *ManagedSpec { return s }

// CommonStatus is what the status of every kind has.
type CommonStatus struct {
	// observedGeneration is the metadata.generation that the status speaks of. -1 until the object was looked at first.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions tell the state. `Ready` is always there; `Reconciling` and `Stalled` only while true, never both.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// lastHandledReconcileAt echoes the value of the annotation auth0-operator.io/reconcile-requested-at (or
	// reconcile.fluxcd.io/requestedAt) that was acted on last.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ManagedStatus is what the status of every kind has that stands for something in an Auth0 tenant.
type ManagedStatus struct {
	CommonStatus `json:",inline"`

	// owned names the object in Auth0 that the operator created for this one, or took over. The operator changes and deletes
	// no other. Not set under managementPolicy `Observe`, nor on an Auth0Token.
	// +optional
	Owned *OwnedObject `json:"owned,omitempty"`

	// claims names the object in Auth0 that the spec declares and another Kubernetes object holds (`Conflict`): it is handed over
	// when that one is deleted. Example: `rol_xPSJ3BfhKflWGKpU`.
	// +optional
	Claims string `json:"claims,omitempty"`

	// outputSecrets names the Secrets that the operator writes for this object. When one leaves the spec, the operator removes its
	// keys from a Secret that existed before, and leaves one that it created until this object is deleted.
	// +listType=set
	// +optional
	OutputSecrets []string `json:"outputSecrets,omitempty"`

	// managedFields lists the fields, in Auth0's names, that were set through this object, so that one which is removed
	// from the spec can be cleared in Auth0.
	// +listType=set
	// +optional
	ManagedFields []string `json:"managedFields,omitempty"`

	// appliedSecrets remembers, as keyed hashes, the secret values that were sent to Auth0, which does not give them back.
	// +listType=map
	// +listMapKey=field
	// +optional
	AppliedSecrets []AppliedSecret `json:"appliedSecrets,omitempty"`

	// creating is what the operator notes before it creates an object of which nothing in Auth0 would tell that it is this
	// one's: by what it is found again after a crash. Gone when the outcome is known.
	// +optional
	Creating string `json:"creating,omitempty"`

	// recheckAt is when the operator looks at the object in Auth0 once more, as an earlier attempt, of which it does not know
	// what became, may take effect late: a second application that came of it is deleted. Gone when that is done.
	// +optional
	RecheckAt *metav1.Time `json:"recheckAt,omitempty"`

	// differences lists, under managementPolicy `Observe`, the fields that differ between spec and Auth0. Values of
	// secrets are never shown.
	// +listType=map
	// +listMapKey=field
	// +optional
	Differences []Difference `json:"differences,omitempty"`
}

// OwnedObject names an object in Auth0 that belongs to a Kubernetes object.
type OwnedObject struct {
	// id of the object in Auth0. Example: `rol_xPSJ3BfhKflWGKpU`.
	ID string `json:"id"`
	// uid of the Kubernetes object that owns it. In a status that was copied from another object it differs, and the object in
	// Auth0 is not owned.
	UID types.UID `json:"uid"`
}

// GetManagedStatus implements Managed for every status that embeds ManagedStatus.
func (s *ManagedStatus) GetManagedStatus() *ManagedStatus { return s }

// GetCommonStatus implements Object for every status that embeds CommonStatus.
func (s *CommonStatus) GetCommonStatus() *CommonStatus { return s }

// AppliedSecret remembers a secret value without revealing it.
type AppliedSecret struct {
	// field is the field in Auth0's name, for example `password`.
	Field string `json:"field"`
	// hash is a keyed hash of the value; the key never leaves the operator's namespace.
	Hash string `json:"hash"`
	// refused is why Auth0 refused the value. It is not sent again until it changes, or a reconciliation is requested.
	// +optional
	Refused string `json:"refused,omitempty"`
}

// Difference is one field in which spec and Auth0 differ.
type Difference struct {
	// field is the field in Auth0's name, for example `user_metadata.plan`.
	Field string `json:"field"`
	// auth0 is the value in Auth0 as JSON; absent if there is none.
	// +optional
	Auth0 string `json:"auth0,omitempty"`
	// spec is the declared value as JSON; absent if the field would be cleared.
	// +optional
	Spec string `json:"spec,omitempty"`
	// refused is what Auth0 said when it refused the value; absent if it did not. It is not sent again before the spec, or the value in
	// Auth0, changes, or a reconciliation is requested.
	// +optional
	Refused string `json:"refused,omitempty"`
	// generation is metadata.generation of the object when Auth0 refused the value; absent if it did not.
	// +optional
	Generation int64 `json:"generation,omitempty"`
}
