package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0TokenSpec declares a token that Auth0 issues and the operator keeps fresh in a Secret.
// +kubebuilder:validation:ExactlyOneOf=clientCredentials;password;authorizationCode;refreshToken;deviceCode
// +kubebuilder:validation:AtMostOneOf=renewBefore;renewBeforePercentage
// +kubebuilder:validation:XValidation:rule="!has(self.revokeOnDelete) || !self.revokeOnDelete || !has(self.clientCredentials)",message="revokeOnDelete is for refresh tokens, which clientCredentials never has"
// +kubebuilder:validation:XValidation:rule="size(self.outputSecret.name) <= 245",message="outputSecret.name may have at most 245 characters: refresh tokens are kept in a Secret of that name with -refresh-token"
type Auth0TokenSpec struct {
	ManagedSpec `json:",inline"`

	// client is the application to which the token is issued.
	// +required
	Client TokenClient `json:"client"`

	// clientCredentials asks for a token for the application itself (machine to machine). Tokens for APIs of your own
	// count against the tenant's monthly quota: the operator issues one only when the Secret has none that is valid.
	// +optional
	ClientCredentials *ClientCredentialsGrant `json:"clientCredentials,omitempty"`

	// password asks for a token for a user, who signs in with a password. The application needs the grant type `password`
	// or `http://auth0.com/oauth/grant-type/password-realm`, and the connection must be enabled for it.
	// +optional
	Password *PasswordGrant `json:"password,omitempty"`

	// authorizationCode exchanges a code that a user's sign-in gave to an application, once, and keeps the sign-in alive by
	// its refresh token. The application needs the grant types `authorization_code` and `refresh_token`.
	// +optional
	AuthorizationCode *AuthorizationCodeGrant `json:"authorizationCode,omitempty"`

	// refreshToken keeps a sign-in alive that was made elsewhere, from its refresh token on. Nothing else may use that refresh
	// token any more. The application needs the grant type `refresh_token`.
	// +optional
	RefreshToken *RefreshTokenGrant `json:"refreshToken,omitempty"`

	// deviceCode lets a person sign in with a browser anywhere: status shows the URL to open. The application must be native,
	// with the grant types `urn:ietf:params:oauth:grant-type:device_code` and `refresh_token`.
	// +optional
	DeviceCode *DeviceCodeGrant `json:"deviceCode,omitempty"`

	// renewBefore is how long before its expiry a token is replaced. Default: a fifth of its lifetime. Example: `1h`. Up to a
	// tenth of the lifetime is added, so that tokens which were issued together do not come due together. A value of more
	// than half the lifetime is refused once the lifetime is known; until it is corrected, it counts as half. Under
	// managementPolicy `CreateOnly` a token is replaced when it has expired.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s')",message="renewBefore must be a duration such as 1h, at least 10s"
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// renewBeforePercentage says the same as a part of the lifetime, at most half: `20`, the default, replaces a token when a
	// fifth of its lifetime is left.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	// +optional
	RenewBeforePercentage *int32 `json:"renewBeforePercentage,omitempty"`

	// revokeOnDelete ends the sign-in in Auth0 when this object is deleted, by revoking the refresh token. Access tokens live on
	// until they expire. Default: false. Without effect under deletionPolicy `Retain`.
	// +optional
	RevokeOnDelete bool `json:"revokeOnDelete,omitempty"`

	// outputSecret is where the token is written. Values for its templates, and its default keys: `accessToken`,
	// `tokenType`, `scope`, `expiresAt` (RFC 3339); and, for a user's token, `idToken` where the scope `openid` was granted.
	// Templates can use `audience` (the API that the token is for; empty where the token does not say) and `refreshToken` too; but a
	// workload that uses a refresh token which rotates ends the sign-in.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`
}

// TokenClient names the application to which a token is issued.
// +kubebuilder:validation:ExactlyOneOf=secretRef;clientRef
type TokenClient struct {
	// secretRef names a Secret in the same namespace with the key `clientId`, and how the application proves itself:
	// `clientSecret`, with `tokenEndpointAuthMethod: client_secret_basic` if it goes into a header; or `privateKey`, an RSA
	// key in PEM form (Private Key JWT), with `signingAlgorithm` if the credential in Auth0 has another than `RS256`. Public applications, such as native ones, have neither.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// clientRef names an Auth0Client in the same namespace. Its secret is read from the key `clientSecret` of its
	// spec.outputSecret, or its key from `privateKey`; an application that keeps none (`tokenEndpointAuthMethod: none`, native and single-page ones) needs no
	// outputSecret. The token is asked for when the Auth0Client is Ready.
	// +optional
	ClientRef *LocalReference `json:"clientRef,omitempty"`
}

// ClientCredentialsGrant is the OAuth 2.0 client credentials grant.
type ClientCredentialsGrant struct {
	// audience is the identifier of the API for which the token is valid. Example: `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +required
	Audience string `json:"audience"`

	// scopes to ask for. Default: all that the application's client grant holds.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// organization for which the token is, by id or name. The client grant must allow organizations. Example:
	// `org_8xrk2mPwkV7iUvGd`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +optional
	Organization *string `json:"organization,omitempty"`
}

// PasswordGrant is the OAuth 2.0 resource owner password grant, in Auth0's form with a realm.
// +kubebuilder:validation:ExactlyOneOf=userRef;username
// +kubebuilder:validation:XValidation:rule="has(self.username) == has(self.passwordSecretRef)",message="username and passwordSecretRef go together"
type PasswordGrant struct {
	// userRef names an Auth0User in the same namespace whose spec.password says where the password is. The token is asked
	// for when the user is Ready.
	// +optional
	UserRef *LocalReference `json:"userRef,omitempty"`

	// username is the email, username or phone number to sign in with; together with passwordSecretRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=254
	// +optional
	Username *string `json:"username,omitempty"`

	// passwordSecretRef names the key of a Secret in the same namespace that holds the password; together with username.
	// +optional
	PasswordSecretRef *SecretKeyReference `json:"passwordSecretRef,omitempty"`

	// realm is the name of the connection to sign in to. Default: the connection of userRef; with username, the tenant's
	// default directory.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Realm *string `json:"realm,omitempty"`

	// audience is the identifier of the API for which the access token is valid. Unset: the tenant's default audience, or
	// the user's own profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +optional
	Audience *string `json:"audience,omitempty"`

	// scopes to ask for. `openid` gives an ID token, `offline_access` a refresh token. Default: all of the API's.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
}

// AuthorizationCodeGrant is the OAuth 2.0 authorization code grant. Which API and scopes the tokens are for was said when the
// user signed in; `offline_access` must be among the scopes for the token to be renewed.
type AuthorizationCodeGrant struct {
	// codeSecretRef names the key of a Secret in the same namespace that holds the code. It works once and only for minutes: put
	// it there right after the sign-in. The Secret may be deleted afterwards. Another code begins anew.
	// +required
	CodeSecretRef SecretKeyReference `json:"codeSecretRef"`

	// redirectUri is the one with which the user signed in. Example: `https://shop.example.com/callback`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z][-+.a-zA-Z0-9]*:[^[:space:]]+$')",message="redirectUri must be an absolute URI such as https://shop.example.com/callback"
	// +required
	RedirectURI string `json:"redirectUri"`

	// codeVerifierSecretRef names the key of a Secret in the same namespace that holds the PKCE code verifier, if the sign-in was
	// made with a code challenge.
	// +optional
	CodeVerifierSecretRef *SecretKeyReference `json:"codeVerifierSecretRef,omitempty"`
}

// RefreshTokenGrant is the OAuth 2.0 refresh token grant.
type RefreshTokenGrant struct {
	// secretRef names the key of a Secret in the same namespace that holds the refresh token to begin with. The operator keeps
	// those that follow elsewhere; the Secret may be deleted afterwards. Another refresh token begins anew.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`

	// audience is the identifier of the API for which the access token is valid. Default: the one of the sign-in. Another takes
	// a refresh token policy of the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +optional
	Audience *string `json:"audience,omitempty"`

	// scopes to ask for, of those of the sign-in. Default: all of them.
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
	// audience is the identifier of the API for which the access token is valid. Unset: the tenant's default audience, or
	// the user's own profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +optional
	Audience *string `json:"audience,omitempty"`

	// scopes to ask for. `openid` gives an ID token; `offline_access` is always asked for. Default: all of the API's.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
}

// Auth0TokenStatus tells what is in the Secret, without its values.
type Auth0TokenStatus struct {
	ManagedStatus `json:",inline"`

	// subject is whom the token is for: a user's id, or the application.
	// +optional
	Subject string `json:"subject,omitempty"`

	// audience for which the token in the Secret is valid.
	// +optional
	Audience string `json:"audience,omitempty"`

	// scopes that Auth0 granted.
	// +listType=set
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// organization for which the token is, if it is for one.
	// +optional
	Organization string `json:"organization,omitempty"`

	// issuedAt is when the token was issued.
	// +optional
	IssuedAt *metav1.Time `json:"issuedAt,omitempty"`

	// expiresAt is when the token expires.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// renewsAt is when the operator replaces the token.
	// +optional
	RenewsAt *metav1.Time `json:"renewsAt,omitempty"`

	// issued counts the tokens that were issued for this object. Those of clientCredentials for APIs of your own count against the
	// tenant's monthly quota.
	// +optional
	Issued *IssuedTokens `json:"issued,omitempty"`

	// quotas are what is left of the token quotas of the application and its organization, as Auth0 said when it issued the token.
	// +listType=atomic
	// +optional
	Quotas []TokenQuota `json:"quotas,omitempty"`

	// device is where a person approves the sign-in, while that is waited for.
	// +optional
	Device *DeviceApproval `json:"device,omitempty"`

	// refreshToken tells how the token is kept alive, if there is a refresh token.
	// +optional
	RefreshToken *RefreshTokenStatus `json:"refreshToken,omitempty"`
}

// IssuedTokens counts tokens.
type IssuedTokens struct {
	// total since the object exists.
	// +optional
	Total int64 `json:"total"`
	// month of the last one, in UTC. Example: `2026-11`.
	// +optional
	Month string `json:"month,omitempty"`
	// thisMonth is how many there were in that month.
	// +optional
	ThisMonth int64 `json:"thisMonth"`
}

// TokenQuota is what is left of a quota.
type TokenQuota struct {
	// of is whose quota it is: `Client` or `Organization`.
	Of string `json:"of"`
	// period is that of the quota: `per_hour` or `per_day`.
	Period string `json:"period"`
	// limit is how many tokens may be issued in a period.
	Limit int32 `json:"limit"`
	// remaining of them.
	Remaining int32 `json:"remaining"`
	// resetsAt is when the next period begins.
	ResetsAt metav1.Time `json:"resetsAt"`
}

// DeviceApproval is where a person approves a sign-in.
type DeviceApproval struct {
	// verificationUriComplete is the URL to open; it holds the code.
	VerificationURIComplete string `json:"verificationUriComplete"`
	// verificationUri is the URL at which userCode can be entered.
	VerificationURI string `json:"verificationUri"`
	// userCode to enter there.
	UserCode string `json:"userCode"`
	// expiresAt is when the code is replaced by another, or the sign-in given up.
	ExpiresAt metav1.Time `json:"expiresAt"`
}

// RefreshTokenStatus tells how a token is kept alive.
type RefreshTokenStatus struct {
	// secretName is the Secret in which the operator keeps the refresh token. It is not for workloads.
	SecretName string `json:"secretName"`
	// rotating tells that each refresh replaces the refresh token; absent if that is not known.
	// +optional
	Rotating *bool `json:"rotating,omitempty"`
	// leeway is how long a replaced refresh token still works; absent if that is not known.
	// +optional
	Leeway *metav1.Duration `json:"leeway,omitempty"`
	// endsAt is when the user must sign in again in any case, if the application's settings set an end.
	// +optional
	EndsAt *metav1.Time `json:"endsAt,omitempty"`
}

// Auth0Token is a token issued by Auth0, kept fresh in a Secret.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0token,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.spec.outputSecret.name`
// +kubebuilder:printcolumn:name="Approve At",type=string,JSONPath=`.status.device.verificationUriComplete`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Deleting",type=date,JSONPath=`.metadata.deletionTimestamp`
// +kubebuilder:printcolumn:name="Expires",type=string,format=date-time,priority=1,JSONPath=`.status.expiresAt`
// +kubebuilder:printcolumn:name="User Code",type=string,priority=1,JSONPath=`.status.device.userCode`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`
type Auth0Token struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the token.
	// +required
	Spec Auth0TokenSpec `json:"spec"`
	// status tells what is in the Secret, without its values.
	// +kubebuilder:default={observedGeneration:-1}
	// +optional
	Status Auth0TokenStatus `json:"status,omitempty"`
}

// Auth0TokenList is a list of Auth0Token.
// +kubebuilder:object:root=true
type Auth0TokenList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Auth0Token `json:"items"`
}

// IsSuspended implements Object.
func (t *Auth0Token) IsSuspended() bool { return t.Spec.Suspend }

// GetCommonStatus implements Object.
func (t *Auth0Token) GetCommonStatus() *CommonStatus { return &t.Status.CommonStatus }

// GetManagedSpec implements Managed.
func (t *Auth0Token) GetManagedSpec() *ManagedSpec { return &t.Spec.ManagedSpec }

// GetManagedStatus implements Managed.
func (t *Auth0Token) GetManagedStatus() *ManagedStatus { return &t.Status.ManagedStatus }
