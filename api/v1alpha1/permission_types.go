package v1alpha1

// Permission is a permission of an API: one of its scopes, assigned to a role or user.
// +kubebuilder:validation:ExactlyOneOf=resourceServerRef;audience
type Permission struct {
	// resourceServerRef refers to the Auth0ResourceServer that defines the permission. The operator assigns the permission
	// when the API is Ready.
	// +optional
	ResourceServerRef *ObjectReference `json:"resourceServerRef,omitempty"`

	// audience is the identifier of the API that defines the permission. Example: `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +optional
	Audience *string `json:"audience,omitempty" auth0:"names=Auth0ResourceServer"`

	// name of the permission. Example: `read:orders`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=280
	// +kubebuilder:validation:Pattern=`^[^\s]+$`
	// +required
	Name string `json:"name"`
}
