package v1alpha1

// Auth0ClientGrant is a client grant in Auth0: the permission of an application to call an API.
// +kubebuilder:resource:shortName=a0grant
// +kubebuilder:printcolumn:name="Client",type=string,JSONPath=`.status.clientId`
// +kubebuilder:printcolumn:name="API",type=string,JSONPath=`.status.audience`

// Auth0ClientGrantSpec declares the permission of an application to call an API. Application, API and subject type are
// immutable: to change one, create another Auth0ClientGrant.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId;defaultFor
// +kubebuilder:validation:ExactlyOneOf=resourceServerRef;audience;managementApi
// +kubebuilder:validation:XValidation:rule="has(self.scopes) != (has(self.allowAllScopes) && self.allowAllScopes)",message="set exactly one of scopes and allowAllScopes: true"
// +kubebuilder:validation:XValidation:rule="has(self.clientRef) == has(oldSelf.clientRef) && (!has(self.clientRef) || self.clientRef == oldSelf.clientRef)",message="clientRef is immutable: create another Auth0ClientGrant for the other application and delete this one"
// +kubebuilder:validation:XValidation:rule="has(self.clientId) == has(oldSelf.clientId) && (!has(self.clientId) || self.clientId == oldSelf.clientId)",message="clientId is immutable: create another Auth0ClientGrant for the other application and delete this one"
// +kubebuilder:validation:XValidation:rule="has(self.resourceServerRef) == has(oldSelf.resourceServerRef) && (!has(self.resourceServerRef) || self.resourceServerRef == oldSelf.resourceServerRef)",message="resourceServerRef is immutable: create another Auth0ClientGrant for the other API and delete this one"
// +kubebuilder:validation:XValidation:rule="has(self.audience) == has(oldSelf.audience) && (!has(self.audience) || self.audience == oldSelf.audience)",message="audience is immutable: create another Auth0ClientGrant for the other API and delete this one"
// +kubebuilder:validation:XValidation:rule="(has(self.subjectType) ? self.subjectType : 'client') == (has(oldSelf.subjectType) ? oldSelf.subjectType : 'client')",message="subjectType is immutable: create another Auth0ClientGrant for the other subject type"
// +kubebuilder:validation:XValidation:rule="!(has(self.managementApi) && has(self.allowAllScopes) && self.allowAllScopes)",message="Auth0 refuses allowAllScopes for the Management API: list the permissions in scopes"
type Auth0ClientGrantSpec struct {
	ManagedSpec `json:",inline"`

	// clientRef refers to the Auth0Client that can call the API. The operator creates the grant when the application is
	// Ready. Immutable.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty" auth0:"existing"`

	// clientId of the application that can call the API. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// defaultFor makes this the default grant of a group of applications that have no grant of their own for the API:
	// `third_party_clients`. Immutable.
	// +kubebuilder:validation:Enum=third_party_clients
	// +optional
	DefaultFor *string `json:"defaultFor,omitempty"`

	// resourceServerRef refers to the Auth0ResourceServer of the API. The operator creates the grant when the API is Ready.
	// Immutable.
	// +optional
	ResourceServerRef *ObjectReference `json:"resourceServerRef,omitempty"`

	// audience is the identifier of the API. Immutable. Example: `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +optional
	Audience *string `json:"audience,omitempty" auth0:"names=Auth0ResourceServer"`

	// managementApi is `true` for the tenant's Management API. Immutable.
	// +kubebuilder:validation:XValidation:rule="self",message="managementApi must be true or unset"
	// +optional
	ManagementAPI *bool `json:"managementApi,omitempty"`

	// subjectType is `client` (default: the application calls the API for itself, with client credentials) or `user` (it
	// calls the API for a user who is signed in). Immutable.
	// +kubebuilder:validation:Enum=client;user
	// +optional
	SubjectType *string `json:"subjectType,omitempty"`

	// scopes are the only scopes of the API that the application gets. The API must define each of them. Example:
	// `[read:orders]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitzero"`

	// allowAllScopes grants all current and future scopes of the API. Not allowed for Auth0's own APIs, such as the
	// Management API.
	// +optional
	AllowAllScopes *bool `json:"allowAllScopes,omitempty"`

	// organizationUsage selects whether the application can specify an organization when it requests a token for itself:
	// `deny`, `allow` or `require`. Unset: not managed.
	// +kubebuilder:validation:Enum=deny;allow;require
	// +optional
	OrganizationUsage *string `json:"organizationUsage,omitempty"`

	// allowAnyOrganization allows any organization, not only those with this grant.
	// +optional
	AllowAnyOrganization *bool `json:"allowAnyOrganization,omitempty"`

	// authorizationDetailsTypes are the types of rich authorization requests that the application can make.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of authorizationDetailsTypes must not be blank"
	// +optional
	AuthorizationDetailsTypes []string `json:"authorizationDetailsTypes,omitempty"`
}

// Auth0ClientGrantStatus describes the grant in Auth0.
type Auth0ClientGrantStatus struct {
	ManagedStatus `json:",inline"`

	// id of the grant in Auth0. Example: `cgr_VoablmktAIYPIFnb`.
	// +optional
	ID string `json:"id,omitempty"`

	// clientId of the application.
	// +optional
	ClientID string `json:"clientId,omitempty"`

	// audience is the identifier of the API.
	// +optional
	Audience string `json:"audience,omitempty"`
}
