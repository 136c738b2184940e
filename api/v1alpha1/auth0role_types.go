package v1alpha1

// Auth0Role is a role in Auth0: a named set of permissions.
// +kubebuilder:resource:shortName=a0role
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.name`

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
