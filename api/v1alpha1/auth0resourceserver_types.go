package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0ResourceServer is an API in Auth0, for which Auth0 issues tokens.
// +kubebuilder:resource:shortName=a0api
// +kubebuilder:printcolumn:name="Identifier",type=string,JSONPath=`.spec.identifier`

// Auth0ResourceServerSpec declares an API.
// +kubebuilder:validation:XValidation:rule="!has(self.signingSecretRef) || (has(self.signingAlg) && self.signingAlg == 'HS256')",message="signingSecretRef needs signingAlg: HS256"
// +kubebuilder:validation:XValidation:rule="!(has(self.tokenLifetime) && has(self.tokenLifetimeForWeb)) || self.tokenLifetimeForWeb <= self.tokenLifetime",message="tokenLifetimeForWeb must be at most tokenLifetime"
type Auth0ResourceServerSpec struct {
	ManagedSpec `json:",inline"`

	// identifier of the API, which applications send as `audience`. It looks like a URL, but Auth0 never calls it.
	// Immutable: for another identifier, create another Auth0ResourceServer. `https://<tenant's domain>/api/v2/` is the
	// tenant's Management API, on which the operator depends: objects can only observe it. Example:
	// `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="identifier must not contain spaces or line breaks"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="identifier is immutable: create another Auth0ResourceServer for another identifier and delete this one"
	// +required
	Identifier string `json:"identifier"`

	// name of the API, for display. Auth0's default: the identifier. You can change it, but not remove it. Example:
	// `Orders`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +kubebuilder:validation:XValidation:rule="!self.contains('<') && !self.contains('>')",message="name must not contain < or >"
	// +optional
	Name *string `json:"name,omitempty"`

	// scopes that the API defines, also called its permissions. Unset: not managed.
	// +optional
	Scopes *ResourceServerScopes `json:"scopes,omitempty"`

	// signingAlg is the algorithm that signs access tokens: `RS256` (Auth0's default), `RS512`, `PS256`, or `HS256` with a
	// secret that the API shares with Auth0.
	// +kubebuilder:validation:Enum=HS256;RS256;RS512;PS256
	// +optional
	SigningAlg *string `json:"signingAlg,omitempty"`

	// signingSecretRef refers to the key of a Secret in the same namespace with the secret for `HS256`, at least 16
	// characters. The operator sends it when the value in the Secret changes. Unset: Auth0 generates one.
	// +optional
	SigningSecretRef *SecretKeyReference `json:"signingSecretRef,omitempty"`

	// tokenLifetime is how many seconds access tokens are valid, at most 2592000 (30 days). Auth0's default: 86400.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	// +optional
	TokenLifetime *int64 `json:"tokenLifetime,omitempty"`

	// tokenLifetimeForWeb is how many seconds access tokens are valid that a browser gets with the implicit or hybrid flow,
	// at most tokenLifetime. Auth0's default: 7200.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	// +optional
	TokenLifetimeForWeb *int64 `json:"tokenLifetimeForWeb,omitempty"`

	// tokenDialect is the format of access tokens: `access_token` (Auth0's default) or `rfc9068_profile`. With the suffix
	// `_authz`, tokens contain the user's permissions, which needs enforcePolicies.
	// +kubebuilder:validation:Enum=access_token;access_token_authz;rfc9068_profile;rfc9068_profile_authz
	// +optional
	TokenDialect *string `json:"tokenDialect,omitempty"`

	// enforcePolicies enables RBAC: users get only the scopes of their roles and permissions. Auth0's default: false.
	// +optional
	EnforcePolicies *bool `json:"enforcePolicies,omitempty"`

	// allowOfflineAccess allows applications to request refresh tokens with the scope `offline_access`. Auth0's default:
	// false.
	// +optional
	AllowOfflineAccess *bool `json:"allowOfflineAccess,omitempty"`

	// allowOnlineAccess allows applications to request refresh tokens that end with the user's session, with the scope
	// `online_access`. Auth0's default: false.
	// +optional
	AllowOnlineAccess *bool `json:"allowOnlineAccess,omitempty"`

	// allowOnlineAccessWithEphemeralSessions issues such tokens also if sessions end with the browser. Auth0's default:
	// false.
	// +optional
	AllowOnlineAccessWithEphemeralSessions *bool `json:"allowOnlineAccessWithEphemeralSessions,omitempty"`

	// skipConsentForVerifiableFirstPartyClients skips the consent prompt for your own applications. Auth0's default: false.
	// +optional
	SkipConsentForVerifiableFirstPartyClients *bool `json:"skipConsentForVerifiableFirstPartyClients,omitempty"`

	// subjectTypeAuthorization selects which applications get tokens for the API. The operator manages each part on its own.
	// +optional
	SubjectTypeAuthorization *SubjectTypeAuthorization `json:"subjectTypeAuthorization,omitempty"`

	// consentPolicy is the way Auth0 asks users for consent: `transactional-authorization-with-mfa` asks for a second factor
	// for each transaction. Needs Highly Regulated Identity.
	// +kubebuilder:validation:Enum=transactional-authorization-with-mfa
	// +optional
	ConsentPolicy *string `json:"consentPolicy,omitempty"`

	// authorizationDetails are the types of rich authorization requests that the API supports.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +optional
	AuthorizationDetails []AuthorizationDetail `json:"authorizationDetails,omitempty"`

	// tokenEncryption encrypts access tokens for the API with a public key. Needs Highly Regulated Identity.
	// +optional
	TokenEncryption *TokenEncryption `json:"tokenEncryption,omitempty"`

	// proofOfPossession binds access tokens to the application.
	// +optional
	ProofOfPossession *ProofOfPossession `json:"proofOfPossession,omitempty"`

	// authorizationPolicy applies an Auth0 policy to token requests.
	// +optional
	AuthorizationPolicy *AuthorizationPolicy `json:"authorizationPolicy,omitempty"`
}

// ResourceServerScopes are the scopes of an API.
type ResourceServerScopes struct {
	// mode is `Additive` (default: keeps scopes that others added; if you remove a scope from the spec, the operator removes
	// it in Auth0) or `Exact` (removes all scopes that are not in the spec). With a scope, Auth0 removes it from all roles,
	// users and client grants that have it: the status lists them first, and the operator removes the scope one minute
	// later.
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the scopes. Auth0 allows 1000 for an API.
	// +listType=map
	// +listMapKey=value
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []ResourceServerScope `json:"items"`
}

// ResourceServerScope is a scope of an API.
type ResourceServerScope struct {
	// value of the scope, as applications request it. Example: `read:orders`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=280
	// +kubebuilder:validation:Pattern=`^[^\s]+$`
	// +required
	Value string `json:"value"`

	// description of the scope, for the consent prompt. Unset: none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="description must not be blank"
	// +optional
	Description *string `json:"description,omitempty"`
}

// SubjectTypeAuthorization selects which applications get tokens for an API.
// +kubebuilder:validation:MinProperties=1
type SubjectTypeAuthorization struct {
	// user applies to applications that act for a user.
	// +optional
	User *UserAuthorization `json:"user,omitempty"`

	// client applies to applications that act for themselves.
	// +optional
	Client *ClientAuthorization `json:"client,omitempty"`
}

// UserAuthorization selects the applications that can act for users.
type UserAuthorization struct {
	// policy is `allow_all` (Auth0's default: every application), `require_client_grant` (applications with an
	// Auth0ClientGrant of subjectType `user`), or `deny_all`.
	// +kubebuilder:validation:Enum=allow_all;deny_all;require_client_grant
	// +required
	Policy string `json:"policy"`
}

// ClientAuthorization selects the applications that can act for themselves.
type ClientAuthorization struct {
	// policy is `require_client_grant` (Auth0's default: applications with an Auth0ClientGrant) or `deny_all`.
	// +kubebuilder:validation:Enum=deny_all;require_client_grant
	// +required
	Policy string `json:"policy"`
}

// AuthorizationDetail is a type of rich authorization requests.
type AuthorizationDetail struct {
	// type of the request. Example: `payment`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="type must not be blank"
	// +required
	Type string `json:"type"`
}

// TokenEncryption encrypts access tokens.
type TokenEncryption struct {
	// format is `compact-nested-jwe`.
	// +kubebuilder:validation:Enum=compact-nested-jwe
	// +required
	Format string `json:"format"`

	// encryptionKey is the public key of the API.
	// +required
	EncryptionKey TokenEncryptionKey `json:"encryptionKey"`
}

// TokenEncryptionKey is the public key that encrypts access tokens.
// +kubebuilder:validation:XValidation:rule="!self.pem.contains('PRIVATE KEY')",fieldPath=".pem",message="pem is a private key, which is now exposed: create a new key pair, and set pem to its public key"
// +kubebuilder:validation:XValidation:rule="self.pem.contains('PRIVATE KEY') || self.pem.startsWith('-----BEGIN PUBLIC KEY-----') || self.pem.startsWith('-----BEGIN CERTIFICATE-----')",fieldPath=".pem",message="pem must be a public key in PEM format, starting with -----BEGIN PUBLIC KEY-----"
type TokenEncryptionKey struct {
	// name of the key, for display.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +optional
	Name *string `json:"name,omitempty"`

	// alg is the algorithm of the key: `RSA-OAEP-256`, `RSA-OAEP-384` or `RSA-OAEP-512`.
	// +kubebuilder:validation:Enum=RSA-OAEP-256;RSA-OAEP-384;RSA-OAEP-512
	// +required
	Alg string `json:"alg"`

	// kid is the key id in the header of tokens. Auth0 does not return the key: give a new key a new kid. Default: derived
	// from the key, so that every key has its own.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="kid must not be blank"
	// +optional
	Kid *string `json:"kid,omitempty"`

	// pem is the public key in PEM format.
	// +kubebuilder:validation:MaxLength=4096
	// +required
	PEM string `json:"pem"`
}

// ProofOfPossession binds access tokens to an application.
type ProofOfPossession struct {
	// mechanism is `mtls` (the application's certificate) or `dpop` (a key of the application).
	// +kubebuilder:validation:Enum=mtls;dpop
	// +required
	Mechanism string `json:"mechanism"`

	// required refuses tokens without proof of possession.
	// +required
	Required bool `json:"required"`

	// requiredFor is `all_clients` or `public_clients`. Only with mechanism `dpop`. Unset: not managed.
	// +kubebuilder:validation:Enum=all_clients;public_clients
	// +optional
	RequiredFor *string `json:"requiredFor,omitempty"`
}

// AuthorizationPolicy refers to an Auth0 policy.
type AuthorizationPolicy struct {
	// policyId is the id of the policy.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="policyId must not be blank"
	// +required
	PolicyID string `json:"policyId"`
}

// Auth0ResourceServerStatus describes the API in Auth0.
type Auth0ResourceServerStatus struct {
	ManagedStatus `json:",inline"`

	// id of the API in Auth0. Example: `6560f1a2b3c4d5e6f7a8b9c0`.
	// +optional
	ID string `json:"id,omitempty"`

	// identifier of the API, the audience of its tokens.
	// +auth0:naturalKey
	// +optional
	Identifier string `json:"identifier,omitempty"`

	// system reports whether the API is Auth0's own.
	// +optional
	System bool `json:"system,omitempty"`

	// removingScopes lists the scopes that are no longer declared but still in use, and when the operator removes them.
	// +listType=map
	// +listMapKey=value
	// +optional
	RemovingScopes []RemovingScope `json:"removingScopes,omitempty"`
}

// RemovingScope is a scope that the operator is about to remove.
type RemovingScope struct {
	// value of the scope.
	// +required
	Value string `json:"value"`
	// at is when the operator removes the scope, unless you declare it again.
	// +required
	At metav1.Time `json:"at"`
	// heldBy lists some of the roles, users and client grants that have the scope.
	// +listType=atomic
	// +optional
	HeldBy []string `json:"heldBy,omitempty"`
}
