package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0User is a user in Auth0.
// +kubebuilder:resource:shortName=a0user
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.login`

// Auth0UserSpec declares a user.
// +kubebuilder:validation:XValidation:rule="has(self.email) || has(self.username) || has(self.phoneNumber) || has(self.userId)",message="set at least one of spec.email, spec.username and spec.phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.userId) || (has(self.adoptionPolicy) && self.adoptionPolicy == 'IfUnmanaged') || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="userId names a user who exists: set adoptionPolicy to IfUnmanaged, or managementPolicy to Observe"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.userId) || (has(self.userId) && self.userId == oldSelf.userId)",message="userId is immutable: create another Auth0User for another user"
// +kubebuilder:validation:XValidation:rule="!has(self.signup) || (has(self.provisioning) && self.provisioning == 'Signup')",message="signup needs provisioning: Signup"
// +kubebuilder:validation:XValidation:rule="!(has(self.provisioning) && self.provisioning == 'Signup') || has(self.signup)",message="provisioning: Signup needs signup: set signup.clientRef or signup.clientId to the application of the sign-up"
// +kubebuilder:validation:XValidation:rule="!(has(self.provisioning) && self.provisioning == 'Signup' && has(self.userId))",message="a user with spec.userId exists already and cannot sign up: remove userId, or provisioning: Signup"
// +kubebuilder:validation:XValidation:rule="!has(self.emailVerified) || has(self.email)",message="emailVerified needs email"
// +kubebuilder:validation:XValidation:rule="!has(self.verifyEmail) || has(self.email)",message="verifyEmail needs email"
// +kubebuilder:validation:XValidation:rule="!(has(self.verifyEmail) && self.verifyEmail && has(self.emailVerified) && self.emailVerified)",message="set at most one of verifyEmail: true and emailVerified: true"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneVerified) || has(self.phoneNumber)",message="phoneVerified needs phoneNumber"
// +kubebuilder:validation:XValidation:rule="has(self.connection) != has(self.connectionRef)",message="set exactly one of spec.connection and spec.connectionRef"
// +kubebuilder:validation:XValidation:rule="!(has(self.password) && has(self.password.generate) && has(self.invitation)) || self.password.generate.outputSecret.name != self.invitation.outputSecret.name",message="password.generate.outputSecret and invitation.outputSecret must have different names, because each would overwrite the other"
// +kubebuilder:validation:XValidation:rule="has(self.connection) == has(oldSelf.connection)",message="connection and connectionRef are immutable: create another Auth0User there and delete this one"
type Auth0UserSpec struct {
	ManagedSpec `json:",inline"`

	// connection is the name of the user's connection, for example `Username-Password-Authentication`. Immutable, because
	// users cannot move between connections: create another Auth0User for another connection. Excludes connectionRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="connection must not be blank"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="connection is immutable: a user cannot move to another connection; create another Auth0User there and delete this one"
	// +optional
	Connection string `json:"connection,omitempty" auth0:"names=Auth0Connection"`

	// connectionRef refers to the Auth0Connection of the user. Excludes connection. The user waits until the connection is
	// Ready, and the operator does not delete the connection in Auth0 while the user exists. Immutable.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="connectionRef is immutable: a user cannot move to another connection; create another Auth0User there and delete this one"
	// +optional
	ConnectionRef *ObjectReference `json:"connectionRef,omitempty"`

	// userId takes over an existing user by id. This is the only way for users of enterprise, social and passwordless
	// connections, because their identity provider creates them. Needs adoptionPolicy `IfUnmanaged`. Immutable. Example:
	// `google-oauth2|103547991597142817347`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	UserID *string `json:"userId,omitempty"`

	// provisioning selects how the operator creates the user. `Management` (default) uses the Management API: one call, no
	// email. `Signup` uses the Authentication API like an application: it runs the tenant's Actions for sign-ups, and Auth0
	// sends a verification email. Afterwards both are managed in the same way.
	// +optional
	Provisioning Provisioning `json:"provisioning,omitempty"`

	// signup selects the application for the sign-up. Needs provisioning `Signup`.
	// +optional
	Signup *UserSignup `json:"signup,omitempty"`

	// email address of the user. Auth0 stores it in lower case. You can change it: the new address is unverified unless
	// emailVerified is set. Example: `ada@example.com`.
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@]{1,64}@') && self.matches('^[^@\\\\s\\\\p{Z}\\\\p{C}<>(),;:\\\\[\\\\]\\\\\\\\\".]+([.][^@\\\\s\\\\p{Z}\\\\p{C}<>(),;:\\\\[\\\\]\\\\\\\\\".]+)*@([\\\\pL\\\\pN]([-\\\\pL\\\\pM\\\\pN]*[\\\\pL\\\\pM\\\\pN])?[.])+[\\\\pL\\\\pN]([-\\\\pL\\\\pM\\\\pN]*[\\\\pL\\\\pM\\\\pN])?$')",message="email must be an e-mail address such as ada@example.com, at most 64 characters before the @, without double dots"
	// +optional
	Email *string `json:"email,omitempty"`

	// emailVerified sets whether the email address counts as verified. Unset: not managed.
	// +optional
	EmailVerified *bool `json:"emailVerified,omitempty"`

	// verifyEmail asks Auth0 to send a verification email when the operator creates the user or changes the address.
	// Default: false.
	// +optional
	VerifyEmail *bool `json:"verifyEmail,omitempty"`

	// username of the user, if the connection uses usernames. Auth0's default limits are 1 to 15 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="username must not be blank"
	// +optional
	Username *string `json:"username,omitempty"`

	// phoneNumber of the user in E.164 format. Example: `+4915112345678`.
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][0-9]{1,15}$')",message="phoneNumber must be in E.164 format, such as +4915112345678"
	// +optional
	PhoneNumber *string `json:"phoneNumber,omitempty"`

	// phoneVerified sets whether the phone number counts as verified.
	// +optional
	PhoneVerified *bool `json:"phoneVerified,omitempty"`

	// name is the full name. Auth0's default: the email address.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +optional
	Name *string `json:"name,omitempty"`

	// givenName is the first name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=150
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="givenName must not be blank"
	// +optional
	GivenName *string `json:"givenName,omitempty"`

	// familyName is the last name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=150
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="familyName must not be blank"
	// +optional
	FamilyName *string `json:"familyName,omitempty"`

	// nickname of the user. Auth0's default: the part of the email address before the @.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="nickname must not be blank"
	// +optional
	Nickname *string `json:"nickname,omitempty"`

	// picture is the URL of the user's picture. Auth0's default: a Gravatar address.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https?://[^/?#:@[:space:]]|data:image/)[^[:space:]]*$') && isURL(self)",message="picture must be a URL with http:// or https:// and a host, such as https://example.com/ada.png, without spaces"
	// +optional
	Picture *string `json:"picture,omitempty"`

	// blocked prevents the user from signing in while true. Unset: not managed.
	// +optional
	Blocked *bool `json:"blocked,omitempty"`

	// userMetadata is metadata that the user can read and change. The operator manages each top-level key on its own, and
	// ignores keys that you do not declare. Auth0 allows 10 KB for a user profile.
	// +kubebuilder:validation:MaxProperties=100
	// +optional
	UserMetadata map[string]apiextensionsv1.JSON `json:"userMetadata,omitempty"`

	// appMetadata is metadata that only applications can change. The operator manages each top-level key on its own, and
	// ignores keys that you do not declare. Auth0 allows 10 KB for a user profile.
	// +kubebuilder:validation:MaxProperties=100
	// +optional
	AppMetadata map[string]apiextensionsv1.JSON `json:"appMetadata,omitempty"`

	// password of the user. Unset: the operator sets a random password that nobody knows, and the user has to reset it.
	// +optional
	Password *UserPassword `json:"password,omitempty"`

	// invitation writes a link to a Secret where the user chooses a password. The operator creates the link once, and again
	// when the annotation auth0-operator.io/invite gets a new value. A new link invalidates the previous one. Auth0 sends no
	// email.
	// +optional
	Invitation *UserInvitation `json:"invitation,omitempty"`

	// roles of the user. Unset: not managed.
	// +optional
	Roles *UserRoles `json:"roles,omitempty"`

	// permissions that the user has directly, not through a role. Unset: not managed.
	// +optional
	Permissions *UserPermissions `json:"permissions,omitempty"`

	// organizations of which the user is a member, and the user's roles in them. Unset: not managed.
	// +optional
	Organizations *UserOrganizations `json:"organizations,omitempty"`

	// outputConfigMap is the ConfigMap for the public values of the user, for workloads that cannot read Secrets. Values for
	// templates, and default keys: `userId`, `domain` and `issuer`. If you remove outputConfigMap, the operator stops
	// updating the ConfigMap and deletes it with this object; from an adopted ConfigMap, it removes its keys. An Event
	// reports this. Unset: no ConfigMap.
	// +optional
	OutputConfigMap *OutputConfigMap `json:"outputConfigMap,omitempty"`
}

// Provisioning selects how the operator creates a user.
// +kubebuilder:validation:Enum=Management;Signup
type Provisioning string

const (
	// ProvisioningManagement creates the user through the Management API.
	ProvisioningManagement Provisioning = "Management"
	// ProvisioningSignup signs the user up through the Authentication API.
	ProvisioningSignup Provisioning = "Signup"
)

// UserSignup selects the application for a sign-up.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId;secretRef
type UserSignup struct {
	// clientRef refers to the Auth0Client of the application.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty"`

	// clientId of the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// secretRef refers to a Secret in the same namespace with the key `clientId`.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// UserPassword selects the source of a user's password.
// +kubebuilder:validation:ExactlyOneOf=secretRef;generate
type UserPassword struct {
	// secretRef refers to the key of a Secret in the same namespace with the password. The operator sets the password when
	// it creates the user, and when the value in the Secret changes. It does not overwrite a password that the user chose.
	// +optional
	SecretRef *SecretKeyReference `json:"secretRef,omitempty"`

	// generate creates a random password that meets the password policy of the connection, and writes it to a Secret. The
	// operator generates a new password when the annotation auth0-operator.io/rotate-password gets a new value, or when the
	// Secret is deleted.
	// +optional
	Generate *GeneratedPassword `json:"generate,omitempty"`
}

// GeneratedPassword configures a generated password.
type GeneratedPassword struct {
	// outputSecret is the Secret for the password. Values for templates, and default keys: `username` (the email, username
	// or phone number to sign in with) and `password`.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`
}

// UserInvitation is a link where a user chooses a password.
// +kubebuilder:validation:XValidation:rule="(has(self.resultUrl) ? 1 : 0) + (has(self.clientId) ? 1 : 0) + (has(self.clientRef) ? 1 : 0) <= 1",message="set at most one of resultUrl, clientRef and clientId"
type UserInvitation struct {
	// outputSecret is the Secret for the link. Values for templates, and default keys: `url` and `expiresAt` (RFC 3339).
	// Anyone who has the link can take the account: treat it like a password.
	// +required
	OutputSecret OutputSecret `json:"outputSecret"`

	// ttl is how long the link is valid, at most `720h`. Auth0's default: `120h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="ttl must be a duration such as 72h, between 1m and 720h"
	// +optional
	TTL *metav1.Duration `json:"ttl,omitempty"`

	// resultUrl is the page that Auth0 opens after the user has chosen a password. Excludes clientRef and clientId.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#:@[:space:]][^[:space:]]*$') && isURL(self)",message="resultUrl must be a URL with http:// or https:// and a host, such as https://app.example.com/welcome, without spaces"
	// +optional
	ResultURL *string `json:"resultUrl,omitempty"`

	// clientRef refers to the Auth0Client whose login page Auth0 opens afterwards. Excludes resultUrl and clientId.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty"`

	// clientId of the application whose login page Auth0 opens afterwards. Excludes resultUrl and clientRef.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// markEmailAsVerified makes Auth0 verify the email address when the user follows the link. Auth0's default: false.
	// +optional
	MarkEmailAsVerified *bool `json:"markEmailAsVerified,omitempty"`
}

// ListMode selects how the operator treats entries in Auth0 that are not in the spec.
// +kubebuilder:validation:Enum=Additive;Exact
type ListMode string

const (
	// ListModeAdditive keeps entries that others added. If you remove an entry from the spec, the operator removes it in
	// Auth0.
	ListModeAdditive ListMode = "Additive"
	// ListModeExact removes every entry that is not in the spec.
	ListModeExact ListMode = "Exact"
)

// UserRoles are the roles of a user.
type UserRoles struct {
	// mode is `Additive` (default: keeps roles that others assigned) or `Exact` (removes them).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the roles. Auth0 allows 50 for a user.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +required
	Items []UserRole `json:"items"`
}

// UserRole is a role of a user.
// +kubebuilder:validation:ExactlyOneOf=roleRef;name
type UserRole struct {
	// roleRef refers to the Auth0Role. The operator assigns the role when it is Ready.
	// +optional
	RoleRef *ObjectReference `json:"roleRef,omitempty"`

	// name of the role in Auth0, case-sensitive.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +optional
	Name *string `json:"name,omitempty" auth0:"names=Auth0Role"`
}

// UserPermissions are permissions that a user has directly.
type UserPermissions struct {
	// mode is `Additive` (default: keeps permissions that others granted) or `Exact` (removes them).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the permissions. Auth0 allows 1000 for a user.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []Permission `json:"items"`
}

// UserOrganizations are the organizations of a user.
type UserOrganizations struct {
	// mode is `Additive` (default: memberships and roles that others added stay) or `Exact` (the operator removes other
	// memberships, and other roles in organizations with declared roles).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are the organizations.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +required
	Items []UserOrganization `json:"items"`
}

// UserOrganization is an organization of which a user is a member.
// +kubebuilder:validation:ExactlyOneOf=organizationRef;organizationId
type UserOrganization struct {
	// organizationRef refers to an Auth0Organization of the same tenant.
	// +optional
	OrganizationRef *ObjectReference `json:"organizationRef,omitempty"`

	// organizationId is the id of an organization that no Kubernetes object declares. Example: `org_VvIJTfJhf3NwyCie`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	OrganizationID *string `json:"organizationId,omitempty"`

	// roles of the user in this organization only. Auth0 allows 50. Unset: not managed.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +optional
	Roles []UserRole `json:"roles,omitempty"`
}

// Auth0UserStatus describes the user in Auth0.
type Auth0UserStatus struct {
	ManagedStatus `json:",inline"`

	// userId is the user's id in Auth0. Example: `auth0|507f1f77bcf86cd799439011`.
	// +optional
	UserID string `json:"userId,omitempty"`

	// login is the email, username or phone number that identifies the user in the connection.
	// +auth0:naturalKey
	// +optional
	Login string `json:"login,omitempty"`

	// connection of the user.
	// +optional
	Connection string `json:"connection,omitempty"`

	// email of the user in Auth0.
	// +optional
	Email string `json:"email,omitempty"`

	// emailVerified reports whether the email address is verified.
	// +optional
	EmailVerified bool `json:"emailVerified,omitempty"`

	// blocked reports whether an administrator has blocked the user.
	// +optional
	Blocked bool `json:"blocked,omitempty"`

	// lastLogin is the day of the user's last login. Example: `2026-11-23`.
	// +optional
	LastLogin string `json:"lastLogin,omitempty"`

	// logins is the minimum number of the user's logins, in steps: 1, 2, 5, 10, 20, 50, …
	// +optional
	Logins int64 `json:"logins,omitempty"`

	// multifactorEnrolments counts the kinds of second factor that the user has enrolled.
	// +optional
	MultifactorEnrolments int32 `json:"multifactorEnrolments,omitempty"`

	// linkedIdentities counts the identities that are linked to the user, without the user's own.
	// +optional
	LinkedIdentities int32 `json:"linkedIdentities,omitempty"`

	// invitation describes the link in the Secret of spec.invitation.
	// +optional
	Invitation *InvitationStatus `json:"invitation,omitempty"`

	// lastHandledUnblock is the last value of the annotation auth0-operator.io/unblock that the operator handled.
	// +optional
	LastHandledUnblock string `json:"lastHandledUnblock,omitempty"`

	// importing is the import batch that creates the user, and a hash of what it sends. Internal; removed afterwards.
	// +optional
	Importing string `json:"importing,omitempty"`

	// roles that the operator assigned for this object.
	// +listType=set
	// +optional
	Roles []string `json:"roles,omitempty"`

	// permissions that the operator granted for this object, as `name api`.
	// +listType=set
	// +optional
	Permissions []string `json:"permissions,omitempty"`

	// organizations are the ids of the organizations that the operator added the user to for this object.
	// +listType=set
	// +optional
	Organizations []string `json:"organizations,omitempty"`

	// organizationRoles are the roles within organizations that were assigned through this object, as `organization role`.
	// +listType=set
	// +optional
	OrganizationRoles []string `json:"organizationRoles,omitempty"`
}

// InvitationStatus describes an invitation, without its link.
type InvitationStatus struct {
	// expiresAt is when the link expires.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt"`
}
