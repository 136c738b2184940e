package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0UserSpec declares a user.
// +kubebuilder:validation:XValidation:rule="has(self.email) || has(self.username) || has(self.phoneNumber)",message="a user needs an email, a username or a phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.emailVerified) || has(self.email)",message="emailVerified needs email"
// +kubebuilder:validation:XValidation:rule="!has(self.verifyEmail) || has(self.email)",message="verifyEmail needs email"
// +kubebuilder:validation:XValidation:rule="!(has(self.verifyEmail) && self.verifyEmail && has(self.emailVerified) && self.emailVerified)",message="verifyEmail asks for a mail to verify an address that emailVerified declares verified: set one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneVerified) || has(self.phoneNumber)",message="phoneVerified needs phoneNumber"
type Auth0UserSpec struct {
	ManagedSpec `json:",inline"`

	// connection is the name of the connection that holds the user, for example `Username-Password-Authentication`.
	// Immutable: users cannot move between connections; create another Auth0User for the other connection.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="connection is immutable: a user cannot move to another connection; create another Auth0User there and delete this one"
	// +required
	Connection string `json:"connection"`

	// email address of the user. Auth0 stores it in lower case. A change keeps the user, and leaves the new address
	// unverified unless emailVerified is set. Example: `ada@example.com`.
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@\\\\s<>(),;]{1,64}@[^@\\\\s]+$')",message="email must be an e-mail address such as ada@example.com, at most 64 characters before the @"
	// +optional
	Email *string `json:"email,omitempty"`

	// emailVerified says whether the address counts as verified. Unset: Auth0 keeps track of it.
	// +optional
	EmailVerified *bool `json:"emailVerified,omitempty"`

	// verifyEmail asks Auth0 to mail the user a verification link when the user is created or the address changes.
	// Default: false, no mail is sent.
	// +optional
	VerifyEmail *bool `json:"verifyEmail,omitempty"`

	// username of the user, where the connection uses usernames. Auth0's default limits are 1 to 15 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Username *string `json:"username,omitempty"`

	// phoneNumber of the user in E.164 form. Example: `+4915112345678`.
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][0-9]{1,15}$')",message="phoneNumber must be in E.164 form, such as +4915112345678"
	// +optional
	PhoneNumber *string `json:"phoneNumber,omitempty"`

	// phoneVerified says whether the phone number counts as verified.
	// +optional
	PhoneVerified *bool `json:"phoneVerified,omitempty"`

	// name is the full name. Auth0's default: the e-mail address.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +optional
	Name *string `json:"name,omitempty"`

	// givenName is the first name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=150
	// +optional
	GivenName *string `json:"givenName,omitempty"`

	// familyName is the last name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=150
	// +optional
	FamilyName *string `json:"familyName,omitempty"`

	// nickname of the user. Auth0's default: the part of the e-mail address before the @.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +optional
	Nickname *string `json:"nickname,omitempty"`

	// picture is the URL of the user's picture. Auth0's default: a Gravatar address.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self)",message="picture must be a URL such as https://example.com/ada.png"
	// +optional
	Picture *string `json:"picture,omitempty"`

	// blocked keeps the user from signing in while true. Unset: not managed.
	// +optional
	Blocked *bool `json:"blocked,omitempty"`

	// userMetadata is metadata that the user may read and change. Each top-level key is managed by itself; keys that are
	// not named here are left alone. Auth0 allows a user profile 10 KB in all.
	// +kubebuilder:validation:MaxProperties=100
	// +optional
	UserMetadata map[string]apiextensionsv1.JSON `json:"userMetadata,omitempty"`

	// appMetadata is metadata that only applications may change. Each top-level key is managed by itself; keys that are
	// not named here are left alone. Auth0 allows a user profile 10 KB in all.
	// +kubebuilder:validation:MaxProperties=100
	// +optional
	AppMetadata map[string]apiextensionsv1.JSON `json:"appMetadata,omitempty"`

	// password of the user. Unset: a random one that nobody knows; the user gets in through a password reset.
	// +optional
	Password *UserPassword `json:"password,omitempty"`

	// roles of the user. Unset: not managed.
	// +optional
	Roles *UserRoles `json:"roles,omitempty"`

	// permissions granted to the user directly, not through a role. Unset: not managed.
	// +optional
	Permissions *UserPermissions `json:"permissions,omitempty"`
}

// UserPassword says where the password of a user comes from.
type UserPassword struct {
	// secretRef names the key of a Secret in the same namespace that holds the password. It is set when the user is
	// created and again whenever the value in the Secret changes, not otherwise: people change their own passwords.
	// +required
	SecretRef *SecretKeyReference `json:"secretRef"`
}

// ListMode says what becomes of entries that are in Auth0 and not in the spec.
// +kubebuilder:validation:Enum=Additive;Exact
type ListMode string

const (
	// ListModeAdditive leaves entries alone that others added; an entry that is removed from the spec is removed in Auth0.
	ListModeAdditive ListMode = "Additive"
	// ListModeExact removes every entry that is not in the spec.
	ListModeExact ListMode = "Exact"
)

// UserRoles are the roles of a user.
type UserRoles struct {
	// mode is `Additive` (default: roles assigned by others stay) or `Exact` (they are removed).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the roles; Auth0 allows 50 for a user.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +required
	Items []UserRole `json:"items"`
}

// UserRole is a role of a user.
type UserRole struct {
	// name of the role in Auth0, upper and lower case as there.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +required
	Name string `json:"name"`
}

// UserPermissions are permissions granted to a user directly.
type UserPermissions struct {
	// mode is `Additive` (default: permissions granted by others stay) or `Exact` (they are removed).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the permissions; Auth0 allows 1000 for a user.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []UserPermission `json:"items"`
}

// UserPermission is a permission of an API.
type UserPermission struct {
	// api is the identifier (audience) of the API that defines the permission. Example: `https://orders.example.com/`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +required
	API string `json:"api"`

	// name of the permission. Example: `read:orders`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=280
	// +required
	Name string `json:"name"`
}

// Auth0UserStatus tells what the user is in Auth0.
type Auth0UserStatus struct {
	ManagedStatus `json:",inline"`

	// userId is the user's id in Auth0. Example: `auth0|507f1f77bcf86cd799439011`.
	// +optional
	UserID string `json:"userId,omitempty"`

	// login is the email, username or phone number by which the user is known in the connection.
	// +optional
	Login string `json:"login,omitempty"`

	// connection that holds the user.
	// +optional
	Connection string `json:"connection,omitempty"`

	// email of the user in Auth0.
	// +optional
	Email string `json:"email,omitempty"`

	// emailVerified tells whether the address is verified.
	// +optional
	EmailVerified bool `json:"emailVerified,omitempty"`

	// blocked tells whether the user is blocked by an administrator.
	// +optional
	Blocked bool `json:"blocked,omitempty"`

	// roles that were assigned through this object.
	// +listType=set
	// +optional
	Roles []string `json:"roles,omitempty"`

	// permissions that were granted through this object, as `name api`.
	// +listType=set
	// +optional
	Permissions []string `json:"permissions,omitempty"`
}

// Auth0User is a user in Auth0.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0user,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.login`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,priority=1,JSONPath=`.status.userId`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`
type Auth0User struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the user.
	// +required
	Spec Auth0UserSpec `json:"spec"`
	// status tells what the user is in Auth0.
	// +kubebuilder:default={observedGeneration:-1}
	// +optional
	Status Auth0UserStatus `json:"status,omitempty"`
}

// Auth0UserList is a list of Auth0User.
// +kubebuilder:object:root=true
type Auth0UserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Auth0User `json:"items"`
}

// IsSuspended implements Object.
func (u *Auth0User) IsSuspended() bool { return u.Spec.Suspend }

// GetCommonStatus implements Object.
func (u *Auth0User) GetCommonStatus() *CommonStatus { return &u.Status.CommonStatus }

// GetManagedSpec implements Managed.
func (u *Auth0User) GetManagedSpec() *ManagedSpec { return &u.Spec.ManagedSpec }

// GetManagedStatus implements Managed.
func (u *Auth0User) GetManagedStatus() *ManagedStatus { return &u.Status.ManagedStatus }
