package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0UserSpec declares a user.
// +kubebuilder:validation:XValidation:rule="has(self.email) || has(self.username) || has(self.phoneNumber) || has(self.userId)",message="a user needs an email, a username or a phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.userId) || (has(self.adoptionPolicy) && self.adoptionPolicy == 'IfUnmanaged') || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="userId names a user who exists: set adoptionPolicy to IfUnmanaged, or managementPolicy to Observe"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.userId) || (has(self.userId) && self.userId == oldSelf.userId)",message="userId is immutable: another user is another Auth0User"
// +kubebuilder:validation:XValidation:rule="!has(self.signup) || (has(self.provisioning) && self.provisioning == 'Signup')",message="signup goes with provisioning: Signup, and only with it"
// +kubebuilder:validation:XValidation:rule="!(has(self.provisioning) && self.provisioning == 'Signup') || has(self.signup)",message="provisioning: Signup needs signup with the application through which the user signs up"
// +kubebuilder:validation:XValidation:rule="!(has(self.provisioning) && self.provisioning == 'Signup' && has(self.userId))",message="a user with a userId exists already and cannot sign up"
// +kubebuilder:validation:XValidation:rule="!has(self.emailVerified) || has(self.email)",message="emailVerified needs email"
// +kubebuilder:validation:XValidation:rule="!has(self.verifyEmail) || has(self.email)",message="verifyEmail needs email"
// +kubebuilder:validation:XValidation:rule="!(has(self.verifyEmail) && self.verifyEmail && has(self.emailVerified) && self.emailVerified)",message="verifyEmail asks for a mail to verify an address that emailVerified declares verified: set one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneVerified) || has(self.phoneNumber)",message="phoneVerified needs phoneNumber"
// +kubebuilder:validation:XValidation:rule="has(self.connection) != has(self.connectionRef)",message="name the connection by one of connection and connectionRef"
// +kubebuilder:validation:XValidation:rule="!(has(self.password) && has(self.password.generate) && has(self.invitation)) || self.password.generate.outputSecret.name != self.invitation.outputSecret.name",message="password.generate.outputSecret and invitation.outputSecret have the same name, and each would overwrite the other: choose two names"
// +kubebuilder:validation:XValidation:rule="has(self.connection) == has(oldSelf.connection)",message="connection and connectionRef are immutable: create another Auth0User there and delete this one"
type Auth0UserSpec struct {
	ManagedSpec `json:",inline"`

	// connection is the name of the connection that holds the user, for example `Username-Password-Authentication`.
	// Immutable: users cannot move between connections; create another Auth0User for the other connection. Excludes
	// connectionRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="connection is immutable: a user cannot move to another connection; create another Auth0User there and delete this one"
	// +optional
	Connection string `json:"connection,omitempty"`

	// connectionRef names the Auth0Connection that holds the user, in the place of connection. The user waits until it is Ready,
	// and it is not deleted in Auth0 as long as the user is there. Immutable.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="connectionRef is immutable: a user cannot move to another connection; create another Auth0User there and delete this one"
	// +optional
	ConnectionRef *ObjectReference `json:"connectionRef,omitempty"`

	// userId takes over a user who exists, by id: the only way for users of enterprise, social and passwordless
	// connections, whom their identity provider creates. Needs adoptionPolicy `IfUnmanaged`. Immutable.
	// Example: `google-oauth2|103547991597142817347`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="no id is . or .."
	// +optional
	UserID *string `json:"userId,omitempty"`

	// provisioning is how the user is created: `Management` (default) through the Management API, by one call and without
	// any mail; or `Signup` through the Authentication API as an application does it, with all that the tenant does on
	// sign-up: Actions, and its verification mail. Either way the user is managed alike afterwards.
	// +optional
	Provisioning Provisioning `json:"provisioning,omitempty"`

	// signup says through which application the user signs up; with provisioning `Signup`.
	// +optional
	Signup *UserSignup `json:"signup,omitempty"`

	// email address of the user. Auth0 stores it in lower case. A change keeps the user, and leaves the new address
	// unverified unless emailVerified is set. Example: `ada@example.com`.
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@\\\\s<>(),;]{1,64}@([^@\\\\s<>(),;.]+[.])+[^@\\\\s<>(),;.]+$')",message="email must be an e-mail address such as ada@example.com, at most 64 characters before the @"
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
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https?://[^/?#[:space:]]+|data:image/)[^[:space:]]*$') && isURL(self)",message="picture must be a URL with http:// or https:// and a host, such as https://example.com/ada.png, without spaces"
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

	// invitation writes a link to a Secret by which the user chooses a password. It is made once, and again when the
	// annotation auth0-operator.io/invite gets a new value; a new link ends the earlier one. No mail is sent.
	// +optional
	Invitation *UserInvitation `json:"invitation,omitempty"`

	// roles of the user. Unset: not managed.
	// +optional
	Roles *UserRoles `json:"roles,omitempty"`

	// permissions granted to the user directly, not through a role. Unset: not managed.
	// +optional
	Permissions *UserPermissions `json:"permissions,omitempty"`

	// organizations that the user is a member of, and the user's roles there. Unset: not managed.
	// +optional
	Organizations *UserOrganizations `json:"organizations,omitempty"`
}

// Provisioning is how a user is created.
// +kubebuilder:validation:Enum=Management;Signup
type Provisioning string

const (
	// ProvisioningManagement creates the user through the Management API.
	ProvisioningManagement Provisioning = "Management"
	// ProvisioningSignup signs the user up through the Authentication API.
	ProvisioningSignup Provisioning = "Signup"
)

// UserSignup names the application through which a user signs up.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId;secretRef
type UserSignup struct {
	// clientRef names the Auth0Client of the application.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty"`

	// clientId of the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="no id is . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// secretRef names a Secret in the same namespace with the key `clientId`.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// UserPassword says where the password of a user comes from.
// +kubebuilder:validation:ExactlyOneOf=secretRef;generate
type UserPassword struct {
	// secretRef names the key of a Secret in the same namespace that holds the password. It is set when the user is
	// created and again whenever the value in the Secret changes, not otherwise: people change their own passwords.
	// +optional
	SecretRef *SecretKeyReference `json:"secretRef,omitempty"`

	// generate makes a random password that meets the policy of the connection and writes it to a Secret. It is made anew
	// when the annotation auth0-operator.io/rotate-password gets a new value, or when the Secret is deleted.
	// +optional
	Generate *GeneratedPassword `json:"generate,omitempty"`
}

// GeneratedPassword says where a generated password is written.
type GeneratedPassword struct {
	// outputSecret is the Secret. Values for its templates, and its default keys: `username` (the email, username or phone
	// number to sign in with) and `password`.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`
}

// UserInvitation is a link by which a user chooses a password.
// +kubebuilder:validation:XValidation:rule="(has(self.resultUrl) ? 1 : 0) + (has(self.clientId) ? 1 : 0) + (has(self.clientRef) ? 1 : 0) <= 1",message="resultUrl, clientRef and clientId exclude each other: they say where the user ends up"
type UserInvitation struct {
	// outputSecret is where the link is written. Values for its templates, and its default keys: `url` and `expiresAt`
	// (RFC 3339). Whoever has the link can take the account: treat it like a password.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`

	// ttl is how long the link is good, at most `720h`. Auth0's default: `120h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="ttl must be a duration such as 72h, between 1m and 720h"
	// +optional
	TTL *metav1.Duration `json:"ttl,omitempty"`

	// resultUrl is where the user ends up after choosing a password. Excludes clientRef and clientId.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$') && isURL(self)",message="resultUrl must be a URL with http:// or https:// and a host, such as https://app.example.com/welcome, without spaces"
	// +optional
	ResultURL *string `json:"resultUrl,omitempty"`

	// clientRef names the Auth0Client of the application whose login page the user ends up at. Excludes resultUrl and clientId.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty"`

	// clientId of the application whose login page the user ends up at. Excludes resultUrl and clientRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="no id is . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// markEmailAsVerified says that following the link proves the e-mail address. Auth0's default: false.
	// +optional
	MarkEmailAsVerified *bool `json:"markEmailAsVerified,omitempty"`
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
// +kubebuilder:validation:ExactlyOneOf=roleRef;name
type UserRole struct {
	// roleRef names the Auth0Role. It is assigned when it is Ready.
	// +optional
	RoleRef *ObjectReference `json:"roleRef,omitempty"`

	// name of the role in Auth0, upper and lower case as there.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +optional
	Name *string `json:"name,omitempty"`
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
	Items []Permission `json:"items"`
}

// UserOrganizations are the organizations of a user.
type UserOrganizations struct {
	// mode is `Additive` (default: memberships and roles there that others gave stay) or `Exact` (other memberships end, and
	// other roles are taken away where roles are declared).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the organizations.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +required
	Items []UserOrganization `json:"items"`
}

// UserOrganization is an organization that a user is a member of.
// +kubebuilder:validation:ExactlyOneOf=organizationRef;organizationId
type UserOrganization struct {
	// organizationRef names an Auth0Organization of the same tenant.
	// +optional
	OrganizationRef *ObjectReference `json:"organizationRef,omitempty"`

	// organizationId is the id of an organization that is not declared in Kubernetes. Example: `org_VvIJTfJhf3NwyCie`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="no id is . or .."
	// +optional
	OrganizationID *string `json:"organizationId,omitempty"`

	// roles of the user within the organization only; Auth0 allows 50. Unset: not managed.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +optional
	Roles []UserRole `json:"roles,omitempty"`
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

	// lastLogin is the day of the user's last login. Example: `2026-11-23`.
	// +optional
	LastLogin string `json:"lastLogin,omitempty"`

	// logins says, in coarse steps, how often the user signed in at least: 1, 2, 5, 10, 20, 50, …
	// +optional
	Logins int64 `json:"logins,omitempty"`

	// multifactorEnrolments counts the kinds of second factor that the user enrolled.
	// +optional
	MultifactorEnrolments int32 `json:"multifactorEnrolments,omitempty"`

	// linkedIdentities counts the identities that are linked to the user, besides the user's own.
	// +optional
	LinkedIdentities int32 `json:"linkedIdentities,omitempty"`

	// invitation tells about the link in the Secret of spec.invitation.
	// +optional
	Invitation *InvitationStatus `json:"invitation,omitempty"`

	// lastHandledUnblock echoes the value of the annotation auth0-operator.io/unblock that was acted on last.
	// +optional
	LastHandledUnblock string `json:"lastHandledUnblock,omitempty"`

	// importing notes the batch of an import in which the user is being created, and a hash of what is sent. Gone when the
	// outcome is known.
	// +optional
	Importing string `json:"importing,omitempty"`

	// roles that were assigned through this object.
	// +listType=set
	// +optional
	Roles []string `json:"roles,omitempty"`

	// permissions that were granted through this object, as `name api`.
	// +listType=set
	// +optional
	Permissions []string `json:"permissions,omitempty"`

	// organizations are the ids of those that the user became a member of through this object.
	// +listType=set
	// +optional
	Organizations []string `json:"organizations,omitempty"`

	// organizationRoles are the roles within organizations that were assigned through this object, as `organization role`.
	// +listType=set
	// +optional
	OrganizationRoles []string `json:"organizationRoles,omitempty"`
}

// InvitationStatus tells about an invitation, without its link.
type InvitationStatus struct {
	// expiresAt is until when the link is good.
	ExpiresAt metav1.Time `json:"expiresAt"`
}

// Auth0User is a user in Auth0.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0user,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.login`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Deleting",type=date,JSONPath=`.metadata.deletionTimestamp`
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

// GetIdentity implements Referent.
func (u *Auth0User) GetIdentity() Identity {
	return Identity{ID: u.Status.UserID, Name: u.Status.Login}
}
