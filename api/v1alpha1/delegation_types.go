package v1alpha1

// AllManagementAPIScopes in managementApiScopes stands for every scope of the Management API.
const AllManagementAPIScopes = "*"

// Delegation defines what objects in other namespaces than the tenant's can do.
// +kubebuilder:validation:XValidation:rule="self.namespaces.from != 'Same'",message="namespaces.from must be Selector or All: objects in the tenant's own namespace may do everything"
type Delegation struct {
	// namespaces to which the rule applies: `{from: All}`, or `{from: Selector, selector: …}`. spec.allowedNamespaces must
	// admit them too.
	// +required
	Namespaces AllowedNamespaces `json:"namespaces"`

	// kinds to which the rule applies. Default: all kinds. A namespace with rules can have only the kinds in these rules.
	// Example: `[Auth0User, Auth0Token]`.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^Auth0[A-Za-z]+$`
	// +optional
	Kinds []string `json:"kinds,omitempty"`

	// managementApiScopes are the scopes of the tenant's Management API that the objects can grant: to applications by
	// client grants, to users and roles by permissions, or through a token or the credentials of an adopted application. `*`
	// means all scopes. Default: none. Example: `[read:users]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	ManagementAPIScopes []string `json:"managementApiScopes,omitempty"`

	// adoptionPolicy is the most permissive spec.adoptionPolicy that the objects can set: `Never` (default) or
	// `IfUnmanaged`.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`
}
