package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0TokenSpec declares a token that Auth0 issues and the operator keeps fresh in a Secret.
// +kubebuilder:validation:ExactlyOneOf=clientCredentials;password
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

	// renewBefore is how long before its expiry a token is replaced. Default: a fifth of its lifetime. Example: `1h`.
	// A value of more than half the lifetime counts as half.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s')",message="renewBefore must be a duration such as 1h, at least 10s"
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// outputSecret is where the token is written. Values for its templates, and its default keys: `accessToken`,
	// `tokenType`, `scope`, `expiresAt` (RFC 3339); and, for a user's token, `idToken` and `refreshToken` where the scopes
	// `openid` and `offline_access` were granted.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`
}

// TokenClient names the application to which a token is issued.
type TokenClient struct {
	// secretRef names a Secret in the same namespace with the keys `clientId` and `clientSecret`.
	// +required
	SecretRef *SecretReference `json:"secretRef"`
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

	// issuedAt is when the token was issued.
	// +optional
	IssuedAt *metav1.Time `json:"issuedAt,omitempty"`

	// expiresAt is when the token expires.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// renewsAt is when the operator replaces the token.
	// +optional
	RenewsAt *metav1.Time `json:"renewsAt,omitempty"`
}

// Auth0Token is a token issued by Auth0, kept fresh in a Secret.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0token,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.spec.outputSecret.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Expires",type=string,format=date-time,priority=1,JSONPath=`.status.expiresAt`
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
