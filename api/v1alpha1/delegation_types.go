package v1alpha1

// AllManagementAPIScopes in managementApiScopes stands for every scope of the Management API.
const AllManagementAPIScopes = "*"

// Delegation says what objects in other namespaces than the tenant's may do.
// +kubebuilder:validation:XValidation:rule="self.namespaces.from != 'Same'",message="namespaces.from must be Selector or All: objects in the tenant's own namespace may do everything"
type Delegation struct {
	// namespaces to which the rule applies: `{from: All}`, or `{from: Selector, selector: …}`. spec.allowedNamespaces must admit
	// them, too.
	// +required
	Namespaces AllowedNamespaces `json:"namespaces"`

	// kinds to which the rule applies. Default: all kinds. A namespace to which rules apply may declare only the kinds that these
	// rules name. Example: `[Auth0User, Auth0Token]`.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^Auth0[A-Za-z]+$`
	// +optional
	Kinds []string `json:"kinds,omitempty"`

	// managementApiScopes are the scopes of the tenant's Management API that the objects may give: to applications by client
	// grants, to users and roles by permissions, or to whoever reads a token or the credentials of an adopted application.
	// `*` stands for all scopes. Default: none. Example: `[read:users]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +optional
	ManagementAPIScopes []string `json:"managementApiScopes,omitempty"`

	// adoptionPolicy says whether the objects may take over what exists in Auth0: `Never` (default), or `IfUnmanaged`, by which
	// they may set spec.adoptionPolicy to `IfUnmanaged`.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`
}
