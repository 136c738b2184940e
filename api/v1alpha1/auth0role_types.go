package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0RoleSpec declares a role.
type Auth0RoleSpec struct {
	ManagedSpec `json:",inline"`

	// name of the role, unique in the tenant. You can change it: users keep the role. Example: `editor`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +required
	Name string `json:"name"`

	// description of the role, for display. Unset: not managed.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1000
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="description must not be blank"
	// +optional
	Description *string `json:"description,omitempty"`

	// permissions of the role. Unset: not managed.
	// +optional
	Permissions *RolePermissions `json:"permissions,omitempty"`
}

// RolePermissions are the permissions of a role.
type RolePermissions struct {
	// mode is `Additive` (default: keeps permissions that others added) or `Exact` (removes them).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the permissions. Auth0 allows 1000 for a role.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []Permission `json:"items"`
}

// Auth0RoleStatus describes the role in Auth0.
type Auth0RoleStatus struct {
	ManagedStatus `json:",inline"`

	// id of the role in Auth0. Example: `rol_xPSJ3BfhKflWGKpU`.
	// +optional
	ID string `json:"id,omitempty"`

	// name of the role in Auth0.
	// +optional
	Name string `json:"name,omitempty"`

	// permissions that the operator added for this object, as `name api`.
	// +listType=set
	// +optional
	Permissions []string `json:"permissions,omitempty"`
}

// Auth0Role is a role in Auth0: a named set of permissions.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0role,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Deleting",type=date,JSONPath=`.metadata.deletionTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,priority=1,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`
type Auth0Role struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the role.
	// +required
	Spec Auth0RoleSpec `json:"spec"`
	// status describes the role in Auth0.
	// +default={"observedGeneration":-1}
	// +optional
	Status Auth0RoleStatus `json:"status,omitempty"`
}

// Auth0RoleList is a list of Auth0Role.
// +kubebuilder:object:root=true
type Auth0RoleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Auth0Role `json:"items"`
}

// IsSuspended implements Object.
func (r *Auth0Role) IsSuspended() bool { return r.Spec.Suspend }

// GetCommonStatus implements Object.
func (r *Auth0Role) GetCommonStatus() *CommonStatus { return &r.Status.CommonStatus }

// GetManagedSpec implements Managed.
func (r *Auth0Role) GetManagedSpec() *ManagedSpec { return &r.Spec.ManagedSpec }

// GetManagedStatus implements Managed.
func (r *Auth0Role) GetManagedStatus() *ManagedStatus { return &r.Status.ManagedStatus }

// GetIdentity implements Referent: the id, and the name.
func (r *Auth0Role) GetIdentity() Identity { return Identity{ID: r.Status.ID, Name: r.Status.Name} }
