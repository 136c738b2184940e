package v1alpha1

// Auth0Organization is an organization in Auth0: a customer of yours, with its own members and ways to sign in.
// +kubebuilder:resource:shortName=a0org
// +kubebuilder:printcolumn:name="Organization",type=string,JSONPath=`.spec.name`

// Auth0OrganizationSpec declares an organization.
type Auth0OrganizationSpec struct {
	ManagedSpec `json:",inline"`

	// name of the organization, unique within the tenant: lower-case letters, digits, `-` and `_`, starting with a letter or
	// digit, up to 50 characters. Applications send it at sign-in, and tokens contain it. A change renames the organization.
	// Example: `initech`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9][a-z0-9_-]*$')",message="name must consist of lower-case letters, digits, '-' and '_', and start with a letter or digit, such as initech"
	// +required
	Name string `json:"name"`

	// displayName is the name on the login page. Auth0's default: the name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="displayName must not be blank"
	// +optional
	DisplayName *string `json:"displayName,omitempty"`

	// branding is the look of the login page for users of the organization.
	// +optional
	Branding *OrganizationBranding `json:"branding,omitempty"`

	// metadata are custom values that Actions can read. The operator manages each key on its own, and ignores keys that you
	// do not declare. Auth0 allows 25 keys, of which the operator uses one.
	// +kubebuilder:validation:MaxProperties=24
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() >= 1 && key.size() <= 255 && key != 'auth0_operator')",message="keys of metadata must have 1 to 255 characters; auth0_operator is reserved for the operator"
	// +optional
	Metadata map[string]MetadataValue `json:"metadata,omitempty"`

	// connections through which users of the organization sign in. Unset: not managed.
	// +optional
	Connections *OrganizationConnections `json:"connections,omitempty"`

	// clientGrants with which applications can call APIs for the organization. Unset: not managed.
	// +optional
	ClientGrants *OrganizationClientGrants `json:"clientGrants,omitempty"`

	// tokenQuota limits the number of tokens that applications get for the organization. Auth0's default: the tenant's.
	// +optional
	TokenQuota *OrganizationTokenQuota `json:"tokenQuota,omitempty"`

	// thirdPartyClientAccess selects whether third-party applications can use the organization: `allow` or `block`. If you
	// remove it from the spec, it keeps its value.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	ThirdPartyClientAccess *string `json:"thirdPartyClientAccess,omitempty"`
}

// OrganizationBranding is the look of the login page.
type OrganizationBranding struct {
	// logoUrl is the URL of the logo. Example: `https://initech.example.com/logo.png`.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#:@[:space:]][^[:space:]]*$') && isURL(self)",message="logoUrl must be a URL with http:// or https:// and a host, such as https://example.com/logo.png, without spaces"
	// +optional
	LogoURL *string `json:"logoUrl,omitempty"`

	// colors of the page.
	// +optional
	Colors *OrganizationColors `json:"colors,omitempty"`
}

// OrganizationColors are the colors of the login page.
type OrganizationColors struct {
	// primary is the color of buttons and links. Example: `#0059d6`.
	// +kubebuilder:validation:XValidation:rule="self.matches('^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$')",message="must be a color such as #0059d6"
	// +kubebuilder:validation:MaxLength=7
	// +required
	Primary string `json:"primary"`

	// pageBackground is the background color. Example: `#000000`.
	// +kubebuilder:validation:XValidation:rule="self.matches('^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$')",message="must be a color such as #0059d6"
	// +kubebuilder:validation:MaxLength=7
	// +required
	PageBackground string `json:"pageBackground"`
}

// OrganizationConnections are the connections of an organization.
type OrganizationConnections struct {
	// mode is `Additive` (default: keeps connections that others added) or `Exact` (removes them).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the connections. Auth0 allows 10 for an organization.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +required
	Items []OrganizationConnection `json:"items"`
}

// OrganizationConnection is a connection of an organization. The operator does not manage unset fields.
// +kubebuilder:validation:ExactlyOneOf=connectionRef;connectionId
// +kubebuilder:validation:XValidation:rule="!(has(self.isSignupEnabled) && self.isSignupEnabled) || (has(self.assignMembershipOnLogin) && self.assignMembershipOnLogin)",message="isSignupEnabled needs assignMembershipOnLogin: a user who signs up becomes a member"
type OrganizationConnection struct {
	// connectionRef refers to an Auth0Connection of the same tenant.
	// +optional
	ConnectionRef *ObjectReference `json:"connectionRef,omitempty"`

	// connectionId is the id of a connection that no Kubernetes object declares. Example: `con_1D0JFKzHjd17eNfe`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ConnectionID *string `json:"connectionId,omitempty"`

	// assignMembershipOnLogin makes every user who signs in through the connection a member. Auth0's default: false.
	// +optional
	AssignMembershipOnLogin *bool `json:"assignMembershipOnLogin,omitempty"`

	// isSignupEnabled allows sign-ups for the organization. For database connections. Auth0's default: false.
	// +optional
	IsSignupEnabled *bool `json:"isSignupEnabled,omitempty"`

	// showAsButton shows a button on the organization's login page. For enterprise connections. Auth0's default: true.
	// +optional
	ShowAsButton *bool `json:"showAsButton,omitempty"`
}

// OrganizationClientGrants are the client grants of an organization.
type OrganizationClientGrants struct {
	// mode is `Additive` (default: keeps client grants that others added) or `Exact` (removes them).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the client grants. Auth0 allows 100 for an organization.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +required
	Items []OrganizationClientGrant `json:"items"`
}

// OrganizationClientGrant is a client grant of an organization. It must allow organizations.
// +kubebuilder:validation:ExactlyOneOf=clientGrantRef;clientGrantId
type OrganizationClientGrant struct {
	// clientGrantRef refers to an Auth0ClientGrant of the same tenant.
	// +optional
	ClientGrantRef *ObjectReference `json:"clientGrantRef,omitempty"`

	// clientGrantId is the id of a client grant that no Kubernetes object declares. Example: `cgr_VoablmktAIYPIFnb`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientGrantID *string `json:"clientGrantId,omitempty"`
}

// OrganizationTokenQuota bounds how many tokens applications get.
type OrganizationTokenQuota struct {
	// clientCredentials bounds tokens by client credentials.
	// +required
	ClientCredentials OrganizationTokenQuotaLimits `json:"clientCredentials"`
}

// OrganizationTokenQuotaLimits are the bounds.
// +kubebuilder:validation:XValidation:rule="has(self.perDay) || has(self.perHour)",message="set perDay, perHour or both"
type OrganizationTokenQuotaLimits struct {
	// enforce makes Auth0 refuse tokens beyond the quota. Otherwise Auth0 only logs them.
	// +required
	Enforce bool `json:"enforce"`

	// perDay is the maximum number of tokens per day.
	// +kubebuilder:validation:Minimum=1
	// +optional
	PerDay *int32 `json:"perDay,omitempty"`

	// perHour is the maximum number of tokens per hour.
	// +kubebuilder:validation:Minimum=1
	// +optional
	PerHour *int32 `json:"perHour,omitempty"`
}

// Auth0OrganizationStatus describes the organization in Auth0.
type Auth0OrganizationStatus struct {
	ManagedStatus `json:",inline"`

	// organizationId is the organization's id in Auth0. Example: `org_VvIJTfJhf3NwyCie`.
	// +optional
	OrganizationID string `json:"organizationId,omitempty"`

	// name of the organization in Auth0.
	// +optional
	Name string `json:"name,omitempty"`

	// connections are the ids of the connections that the operator added for this object.
	// +listType=set
	// +optional
	Connections []string `json:"connections,omitempty"`

	// clientGrants are the ids of the client grants that the operator added for this object.
	// +listType=set
	// +optional
	ClientGrants []string `json:"clientGrants,omitempty"`
}
