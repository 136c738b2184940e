package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0Token is a token for a machine or a user. Auth0 issues it, and the operator renews it in a Secret.
// +kubebuilder:resource:shortName=a0token
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.spec.outputSecret.name`
// +kubebuilder:printcolumn:name="Approve At",type=string,JSONPath=`.status.device.verificationUriComplete`
// +kubebuilder:printcolumn:name="Expires",type=string,format=date-time,priority=1,JSONPath=`.status.expiresAt`
// +kubebuilder:printcolumn:name="User Code",type=string,priority=1,JSONPath=`.status.device.userCode`

// Auth0TokenSpec declares a token that Auth0 issues and the operator renews in a Secret.
// +kubebuilder:validation:ExactlyOneOf=clientCredentials;password;authorizationCode;refreshToken;deviceCode
// +kubebuilder:validation:AtMostOneOf=renewBefore;renewBeforePercentage
// +kubebuilder:validation:XValidation:rule="!has(self.revokeOnDelete) || !self.revokeOnDelete || !has(self.clientCredentials)",message="revokeOnDelete needs a grant with refresh tokens, which clientCredentials does not have: remove it"
// +kubebuilder:validation:XValidation:rule="size(self.outputSecret.name) <= 239",message="outputSecret.name must have at most 239 characters: the operator keeps refresh tokens in a Secret with this name and the suffix -refresh-token"
type Auth0TokenSpec struct {
	ManagedSpec `json:",inline"`

	// client is the application to which Auth0 issues the token.
	// +required
	Client TokenClient `json:"client"`

	// clientCredentials requests a token for the application itself (machine to machine). Tokens for your own APIs count
	// against the tenant's monthly quota. The operator requests one only if the Secret has no valid token.
	// +optional
	ClientCredentials *ClientCredentialsGrant `json:"clientCredentials,omitempty"`

	// password requests a token for a user who signs in with a password. The application needs the grant type `password` or
	// `http://auth0.com/oauth/grant-type/password-realm`, and the connection must be enabled for it.
	// +optional
	Password *PasswordGrant `json:"password,omitempty"`

	// authorizationCode exchanges the authorization code of a user's sign-in for tokens, and renews them with the refresh
	// token. The application needs the grant types `authorization_code` and `refresh_token`.
	// +optional
	AuthorizationCode *AuthorizationCodeGrant `json:"authorizationCode,omitempty"`

	// refreshToken continues an existing sign-in, starting from its refresh token. Do not use that refresh token anywhere
	// else. The application needs the grant type `refresh_token`.
	// +optional
	RefreshToken *RefreshTokenGrant `json:"refreshToken,omitempty"`

	// deviceCode lets a person sign in with a browser on any device: status.device has the URL to open. The application must
	// be native, with the grant types `urn:ietf:params:oauth:grant-type:device_code` and `refresh_token`.
	// +optional
	DeviceCode *DeviceCodeGrant `json:"deviceCode,omitempty"`

	// renewBefore is how long before its expiry the operator renews a token. Default: a fifth of its lifetime. Example:
	// `1h`. The operator adds up to a tenth of the lifetime, so that tokens issued together do not expire together. If the
	// value exceeds half the lifetime, the object reports an error and half is used. With managementPolicy `CreateOnly`, the
	// operator renews a token after it has expired.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s')",message="renewBefore must be a duration such as 1h, at least 10s"
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// renewBeforePercentage is renewBefore as a percentage of the lifetime, at most 50. Default: `20`.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	// +optional
	RenewBeforePercentage *int32 `json:"renewBeforePercentage,omitempty"`

	// revokeOnDelete revokes the refresh token when this object is deleted, which ends the sign-in. Access tokens stay valid
	// until they expire. Default: false. It has no effect with deletionPolicy `Retain`.
	// +optional
	RevokeOnDelete bool `json:"revokeOnDelete,omitempty"`

	// outputSecret is the Secret for the token. Values for templates, and default keys: `accessToken`, `tokenType`, `scope`,
	// `expiresAt` (RFC 3339), and `idToken` for a user's token with the scope `openid`. Templates can also use `audience`
	// (the API of the token, empty if the token does not contain it) and `refreshToken`. A workload that uses a rotating
	// refresh token ends the sign-in.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`

	// outputConfigMap is the ConfigMap for the public values of the token, for workloads that cannot read Secrets. Values
	// for templates, and default keys: `domain`, `issuer`, `audience`, `scope` and `expiresAt` (RFC 3339). If you remove
	// outputConfigMap, the operator stops updating the ConfigMap and deletes it with this object; from an adopted ConfigMap,
	// it removes its keys. An Event reports this. Unset: no ConfigMap.
	// +optional
	OutputConfigMap *OutputConfigMap `json:"outputConfigMap,omitempty"`
}

// TokenClient refers to the application to which Auth0 issues a token.
// +kubebuilder:validation:ExactlyOneOf=secretRef;clientRef
type TokenClient struct {
	// secretRef refers to a Secret in the same namespace with the key `clientId` and the application's credentials:
	// `clientSecret`, with `tokenEndpointAuthMethod: client_secret_basic` to send it in a header; or `privateKey`, an RSA
	// key in PEM format (Private Key JWT), with `signingAlgorithm` if the credential in Auth0 uses another algorithm than
	// `RS256`. Public applications, such as native ones, need neither.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// clientRef refers to an Auth0Client in the same namespace. The operator reads `clientSecret` or `privateKey` from its
	// spec.outputSecret. A public application (`tokenEndpointAuthMethod: none`, native or single-page) needs no
	// outputSecret. The operator requests the token when the Auth0Client is Ready.
	// +optional
	ClientRef *LocalReference `json:"clientRef,omitempty"`
}

// ClientCredentialsGrant is the OAuth 2.0 client credentials grant.
type ClientCredentialsGrant struct {
	// audience is the identifier of the API. Example: `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +required
	Audience string `json:"audience" auth0:"names=Auth0ResourceServer"`

	// scopes to request. Default: all scopes of the application's client grant.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// organization of the token, by id or name. The client grant must allow organizations. Example: `org_8xrk2mPwkV7iUvGd`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="organization must not be blank"
	// +optional
	Organization *string `json:"organization,omitempty" auth0:"names=Auth0Organization"`
}

// PasswordGrant is the OAuth 2.0 resource owner password grant, with Auth0's realm extension.
// +kubebuilder:validation:ExactlyOneOf=userRef;username
// +kubebuilder:validation:XValidation:rule="has(self.username) == has(self.passwordSecretRef)",message="set both username and passwordSecretRef, or neither"
type PasswordGrant struct {
	// userRef refers to an Auth0User in the same namespace with spec.password. The operator requests the token when the user
	// is Ready.
	// +optional
	UserRef *LocalReference `json:"userRef,omitempty" auth0:"weak"`

	// username is the email, username or phone number to sign in with. Needs passwordSecretRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="username must not be blank"
	// +optional
	Username *string `json:"username,omitempty"`

	// passwordSecretRef refers to the key of a Secret in the same namespace with the password. Needs username.
	// +optional
	PasswordSecretRef *SecretKeyReference `json:"passwordSecretRef,omitempty"`

	// realm is the name of the connection. Default: the connection of userRef, or with username the tenant's default
	// directory.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="realm must not be blank"
	// +optional
	Realm *string `json:"realm,omitempty" auth0:"names=Auth0Connection"`

	// audience is the identifier of the API. Unset: the tenant's default audience, or the user's own profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +optional
	Audience *string `json:"audience,omitempty" auth0:"names=Auth0ResourceServer"`

	// scopes to request. `openid` returns an ID token, `offline_access` a refresh token. Default: all scopes of the API.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
}

// AuthorizationCodeGrant is the OAuth 2.0 authorization code grant. The sign-in determines the API and the scopes of the
// tokens. To renew the token, the sign-in must have requested `offline_access`.
type AuthorizationCodeGrant struct {
	// codeSecretRef refers to the key of a Secret in the same namespace with the authorization code. A code works once and
	// expires within minutes: write it right after the sign-in. You can delete the Secret afterwards. Another code starts a
	// new sign-in.
	// +required
	CodeSecretRef SecretKeyReference `json:"codeSecretRef"`

	// redirectUri is the redirect URI of the sign-in. Example: `https://shop.example.com/callback`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z][-+.a-zA-Z0-9]*:[^[:space:]#*]+$')",message="redirectUri must be an absolute URI such as https://shop.example.com/callback, without spaces, wildcards and fragment (#…)"
	// +kubebuilder:validation:XValidation:rule="self.matches('^(?i:https?):') ? self.matches('^(?i:https?)://[^/?#:@]') : !self.matches('^(?i:javascript|data):')",message="redirectUri: http:// and https:// are followed by a host, and javascript: and data: are no redirect URIs"
	// +required
	RedirectURI string `json:"redirectUri"`

	// codeVerifierSecretRef refers to the key of a Secret in the same namespace with the PKCE code verifier, if the sign-in
	// used a code challenge.
	// +optional
	CodeVerifierSecretRef *SecretKeyReference `json:"codeVerifierSecretRef,omitempty"`
}

// RefreshTokenGrant is the OAuth 2.0 refresh token grant.
type RefreshTokenGrant struct {
	// secretRef refers to the key of a Secret in the same namespace with the initial refresh token. The operator stores
	// later refresh tokens elsewhere, so you can delete the Secret afterwards. Another refresh token starts a new sign-in.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`

	// audience is the identifier of the API. Default: the audience of the sign-in. Another audience needs a refresh token
	// policy of the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +optional
	Audience *string `json:"audience,omitempty" auth0:"names=Auth0ResourceServer"`

	// scopes to request, a subset of those of the sign-in. Default: all of them.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
}

// DeviceCodeGrant is the OAuth 2.0 device authorization grant.
type DeviceCodeGrant struct {
	// audience is the identifier of the API. Unset: the tenant's default audience, or the user's own profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +optional
	Audience *string `json:"audience,omitempty" auth0:"names=Auth0ResourceServer"`

	// scopes to request. `openid` returns an ID token. The operator always requests `offline_access`. Default: all scopes of
	// the API.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
}

// Auth0TokenStatus describes the token in the Secret, without its value.
type Auth0TokenStatus struct {
	ManagedStatus `json:",inline"`

	// subject of the token: the id of a user, or the application.
	// +optional
	Subject string `json:"subject,omitempty"`

	// audience of the token in the Secret.
	// +optional
	Audience string `json:"audience,omitempty"`

	// scopes that Auth0 granted.
	// +listType=set
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// organization of the token, if it has one.
	// +optional
	Organization string `json:"organization,omitempty"`

	// issuedAt is when Auth0 issued the token.
	// +optional
	IssuedAt *metav1.Time `json:"issuedAt,omitempty"`

	// expiresAt is when the token expires.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// renewsAt is when the operator renews the token.
	// +optional
	RenewsAt *metav1.Time `json:"renewsAt,omitempty"`

	// issued counts the tokens that Auth0 issued for this object. Client credentials tokens for your own APIs count against
	// the tenant's monthly quota.
	// +optional
	Issued *IssuedTokens `json:"issued,omitempty"`

	// quotas shows the remaining token quotas of the application and its organization, as Auth0 reported them with the last
	// token.
	// +listType=atomic
	// +optional
	Quotas []TokenQuota `json:"quotas,omitempty"`

	// device shows where a person approves the sign-in, while the operator waits for it.
	// +optional
	Device *DeviceApproval `json:"device,omitempty"`

	// refreshToken describes the refresh token, if there is one.
	// +optional
	RefreshToken *RefreshTokenStatus `json:"refreshToken,omitempty"`
}

// IssuedTokens counts tokens.
type IssuedTokens struct {
	// total number since the object exists.
	// +optional
	Total int64 `json:"total"`
	// month of the last token, in UTC. Example: `2026-11`.
	// +optional
	Month string `json:"month,omitempty"`
	// thisMonth is the number of tokens in that month.
	// +optional
	ThisMonth int64 `json:"thisMonth"`
}

// TokenQuota is the remainder of a quota.
type TokenQuota struct {
	// of is the owner of the quota: `Client` or `Organization`.
	// +required
	Of string `json:"of"`
	// period of the quota: `per_hour` or `per_day`.
	// +required
	Period string `json:"period"`
	// limit is the maximum number of tokens in a period.
	// +required
	Limit int32 `json:"limit"`
	// remaining is the number of tokens that are left in the period.
	// +required
	Remaining int32 `json:"remaining"`
	// resetsAt is when the next period starts.
	// +required
	ResetsAt metav1.Time `json:"resetsAt"`
}

// DeviceApproval describes where a person approves a sign-in.
type DeviceApproval struct {
	// verificationUriComplete is the URL to open. It contains the code.
	// +required
	VerificationURIComplete string `json:"verificationUriComplete"`
	// verificationUri is the URL where a person can enter userCode.
	// +required
	VerificationURI string `json:"verificationUri"`
	// userCode is the code to enter there.
	// +required
	UserCode string `json:"userCode"`
	// expiresAt is when the operator requests another code, or stops.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt"`
}

// RefreshTokenStatus describes a refresh token.
type RefreshTokenStatus struct {
	// secretName is the Secret in which the operator stores the refresh token. Workloads must not use it.
	// +required
	SecretName string `json:"secretName"`
	// rotating reports whether each refresh replaces the refresh token. Absent if unknown.
	// +optional
	Rotating *bool `json:"rotating,omitempty"`
	// leeway is how long a replaced refresh token stays valid. Absent if unknown.
	// +optional
	Leeway *metav1.Duration `json:"leeway,omitempty"`
	// endsAt is when the user must sign in again at the latest, if the application's settings define it.
	// +optional
	EndsAt *metav1.Time `json:"endsAt,omitempty"`
}
