package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// Auth0Connection is a connection in Auth0: a user database, or an identity provider.
//
// Deleting it deletes the connection in Auth0 with all its users, unless spec.deletionPolicy is Retain.
// +kubebuilder:resource:shortName=a0conn
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.spec.name`
// +kubebuilder:printcolumn:name="Strategy",type=string,priority=1,JSONPath=`.spec.strategy`

// Auth0ConnectionSpec declares a connection.
// +kubebuilder:validation:XValidation:rule="!(has(self.database) && has(self.database.enabledDatabaseCustomization) && self.database.enabledDatabaseCustomization) || (has(self.database.customScripts) && has(self.database.customScripts.login)) || (has(self.adoptionPolicy) && self.adoptionPolicy == 'IfUnmanaged') || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="database.enabledDatabaseCustomization needs the script database.customScripts.login: without it, nobody can sign in; only a connection that exists (adoptionPolicy IfUnmanaged, or managementPolicy Observe) may keep the scripts that it has"
// +kubebuilder:validation:XValidation:rule="!has(self.database) || self.strategy == 'auth0'",message="database needs strategy auth0: use options for other strategies"
// +kubebuilder:validation:XValidation:rule="!(has(self.options) || has(self.optionSecrets)) || self.strategy != 'auth0'",message="options and optionSecrets need a strategy other than auth0: use database for strategy auth0"
type Auth0ConnectionSpec struct {
	ManagedSpec `json:",inline"`

	// name of the connection, unique within the tenant: letters, digits and single hyphens between them. Immutable: Auth0
	// cannot rename a connection, and deleting it deletes its users. Example: `customers`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$')",message="name must consist of letters, digits and single hyphens, with a letter or digit at both ends, such as customers-eu"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="name is immutable: Auth0 cannot rename a connection; create another Auth0Connection, move its users, and delete this one"
	// +auth0:naturalKey
	// +required
	Name string `json:"name"`

	// strategy is the type of the connection: `auth0` for a database in Auth0, otherwise Auth0's name of the identity
	// provider, such as `google-oauth2`, `samlp`, `oidc`, `waad`, `email` or `sms`. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]+([-_][a-z0-9]+)*$')",message="strategy must be Auth0's name of an identity provider, such as auth0 or google-oauth2"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="strategy is immutable: create another Auth0Connection with the other strategy"
	// +required
	Strategy string `json:"strategy"`

	// displayName is the name on the login page. Auth0's default: the name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="displayName must not be blank"
	// +optional
	DisplayName *string `json:"displayName,omitempty"`

	// isDomainConnection allows third-party applications to use the connection. Auth0's default: false.
	// +optional
	IsDomainConnection *bool `json:"isDomainConnection,omitempty"`

	// showAsButton shows a button for the connection on the login page. Otherwise only users with a matching email domain
	// reach it. For enterprise connections. Auth0's default: false.
	// +optional
	ShowAsButton *bool `json:"showAsButton,omitempty"`

	// realms are the names that select the connection at sign-in. Auth0's default: its name.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of realms must not be blank"
	// +optional
	Realms []string `json:"realms,omitempty"`

	// metadata are custom values. The operator manages each key on its own, and ignores keys that you do not declare. Auth0
	// allows 10 keys, of which the operator uses one.
	// +kubebuilder:validation:MaxProperties=9
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() >= 1 && key.size() <= 255 && key != 'auth0_operator')",message="keys of metadata must have 1 to 255 characters; auth0_operator is reserved for the operator"
	// +optional
	Metadata map[string]MetadataValue `json:"metadata,omitempty"`

	// authentication selects whether users can sign in through the connection. Auth0's default: active.
	// +optional
	Authentication *ConnectionAuthentication `json:"authentication,omitempty"`

	// connectedAccounts selects whether users can connect accounts through the connection. Auth0's Token Vault stores their
	// tokens. Auth0's default: not active.
	// +optional
	ConnectedAccounts *ConnectionConnectedAccounts `json:"connectedAccounts,omitempty"`

	// crossAppAccessRequestingApp selects whether the connection is a requesting application of Cross App Access.
	// +optional
	CrossAppAccessRequestingApp *ConnectionCrossAppAccess `json:"crossAppAccessRequestingApp,omitempty"`

	// database are the options of a connection with strategy `auth0`. The operator manages each field on its own, at any
	// depth, and ignores fields that you do not set.
	// +optional
	Database *DatabaseOptions `json:"database,omitempty"`

	// options of a connection with another strategy, in Auth0's names: see the Management API documentation. The operator
	// manages each value on its own, at any depth, and ignores values that you do not set. Put secrets into optionSecrets
	// instead. At most 128 KiB. Example: `{client_id: "…", scope: [email, profile]}`.
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MaxProperties=200
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Options *apiextensionsv1.JSON `json:"options,omitempty"`

	// optionSecrets are options with values from Secrets, such as the client_secret of an identity provider. The operator
	// sends a value when it changes in the Secret. It cannot detect drift in them.
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=20
	// +optional
	OptionSecrets []OptionSecret `json:"optionSecrets,omitempty"`

	// enabledClients are the applications whose users can sign in through the connection. Unset: not managed.
	// +optional
	EnabledClients *EnabledClients `json:"enabledClients,omitempty"`
}

// MetadataValue is a value of metadata in Auth0.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
type MetadataValue string

// ConnectionAuthentication selects whether users can sign in through a connection.
type ConnectionAuthentication struct {
	// active allows users to sign in through the connection.
	// +required
	Active bool `json:"active"`
}

// ConnectionConnectedAccounts selects whether users can connect accounts through a connection.
type ConnectionConnectedAccounts struct {
	// active allows users to connect accounts through the connection.
	// +required
	Active bool `json:"active"`

	// crossAppAccess allows other applications to use connected accounts. Auth0's default: false.
	// +optional
	CrossAppAccess *bool `json:"crossAppAccess,omitempty"`
}

// ConnectionCrossAppAccess configures Cross App Access of a connection.
type ConnectionCrossAppAccess struct {
	// active makes the connection a requesting application.
	// +required
	Active bool `json:"active"`
}

// OptionSecret is a connection option with a value from a Secret.
type OptionSecret struct {
	// path of the option in Auth0's names. A dot separates levels, and `\.` is a dot in a name. Examples: `client_secret`,
	// `gateway_authentication.secret`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^([^.\\\\\\\\]|\\\\\\\\.)+([.]([^.\\\\\\\\]|\\\\\\\\.)+)*$')",message="path must be names separated by dots, such as client_secret or gateway_authentication.secret"
	// +required
	Path string `json:"path"`

	// secretRef refers to the key of a Secret in the same namespace with the value.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// EnabledClients are the applications for which a connection is enabled.
type EnabledClients struct {
	// mode is `Additive` (default: keeps applications that others enabled) or `Exact` (disables the connection for all
	// others, except the operator's own application).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// excludeOperator prevents the operator from enabling the connection for its own application. Default: false. For a
	// connection with strategy `auth0`, `email` or `sms`, Auth0 lets an application create users only if the connection is
	// enabled for it. By default, the operator therefore enables it for its own application, as if items contained it. If
	// true, the operator cannot create Auth0Users of this connection unless someone else enables it. Neither true nor mode
	// `Exact` disables the connection for the operator's application.
	// +optional
	ExcludeOperator bool `json:"excludeOperator,omitempty"`

	// items are the applications.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []EnabledClient `json:"items"`
}

// EnabledClient is an application for which a connection is enabled.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId
type EnabledClient struct {
	// clientRef refers to an Auth0Client of the same tenant.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty" auth0:"existing"`

	// clientId of an application that no Kubernetes object declares.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`
}

// DatabaseOptions are the options of a database connection.
// +kubebuilder:validation:XValidation:rule="!has(self.passwordOptions) || !(has(self.passwordPolicy) || has(self.passwordComplexityOptions) || has(self.passwordHistory) || has(self.passwordDictionary) || has(self.passwordNoPersonalInfo))",message="set either passwordOptions, or passwordPolicy, passwordComplexityOptions, passwordHistory, passwordDictionary and passwordNoPersonalInfo"
// +kubebuilder:validation:XValidation:rule="!has(self.attributes) || !(has(self.requiresUsername) || has(self.validation))",message="set either attributes, or requiresUsername and validation"
// +kubebuilder:validation:XValidation:rule="!has(self.precedence) || has(self.attributes)",message="precedence needs attributes"
// +kubebuilder:validation:XValidation:rule="!(has(self.importMode) && self.importMode) || (has(self.customScripts) && has(self.customScripts.login) && has(self.customScripts.getUser))",message="importMode needs customScripts.login and customScripts.getUser, which find users in your database"
type DatabaseOptions struct {
	// passwordPolicy is the required strength of new passwords: `none` (1 character), `low` (6), `fair` (8, with a
	// lower-case letter, an upper-case letter and a digit), `good` (8, with three of: lower-case, upper-case, digit,
	// special) or `excellent` (10, as good, and at most two identical characters in a row). Auth0's default: `good`.
	// Excludes passwordOptions.
	// +optional
	PasswordPolicy *PasswordPolicy `json:"passwordPolicy,omitempty"`

	// passwordComplexityOptions overrides the minimum length of passwordPolicy. Excludes passwordOptions.
	// +optional
	PasswordComplexityOptions *PasswordComplexityOptions `json:"passwordComplexityOptions,omitempty"`

	// passwordHistory rejects the user's previous passwords. Excludes passwordOptions.
	// +optional
	PasswordHistory *PasswordHistory `json:"passwordHistory,omitempty"`

	// passwordDictionary rejects common passwords and custom words. Excludes passwordOptions.
	// +optional
	PasswordDictionary *PasswordDictionary `json:"passwordDictionary,omitempty"`

	// passwordNoPersonalInfo rejects passwords that contain parts of the user's name or email. Excludes passwordOptions.
	// +optional
	PasswordNoPersonalInfo *PasswordNoPersonalInfo `json:"passwordNoPersonalInfo,omitempty"`

	// passwordOptions is the newer, more flexible password policy. It replaces passwordPolicy and the related fields: if you
	// set one, the operator clears the other.
	// +optional
	PasswordOptions *PasswordOptions `json:"passwordOptions,omitempty"`

	// requiresUsername requires a username in addition to the email. Auth0's default: false. Excludes attributes.
	// +optional
	RequiresUsername *bool `json:"requiresUsername,omitempty"`

	// validation limits usernames. Excludes attributes.
	// +optional
	Validation *DatabaseValidation `json:"validation,omitempty"`

	// attributes are the flexible identifiers: which of email, phone number and username identify users, and which of them
	// users must enter on sign-up. At least one must be an active identifier. Excludes requiresUsername and validation.
	// +optional
	Attributes *DatabaseAttributes `json:"attributes,omitempty"`

	// precedence is the order in which Auth0 tries the attributes at sign-in. Auth0's default: email, phone_number,
	// username.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="self.all(one, self.exists_one(other, other == one))",message="precedence must name each attribute once"
	// +optional
	Precedence []DatabaseIdentifier `json:"precedence,omitempty"`

	// disableSignup prevents self-service sign-up. Auth0's default: false.
	// +optional
	DisableSignup *bool `json:"disableSignup,omitempty"`

	// bruteForceProtection blocks an IP address that tries many passwords for one user. Auth0's default: true.
	// +optional
	BruteForceProtection *bool `json:"bruteForceProtection,omitempty"`

	// mfa enables multi-factor authentication for users of the connection, if the tenant's policies require it.
	// +optional
	MFA *DatabaseMFA `json:"mfa,omitempty"`

	// authenticationMethods are the enabled ways to sign in.
	// +optional
	AuthenticationMethods *DatabaseAuthenticationMethods `json:"authenticationMethods,omitempty"`

	// passkeyOptions configures passkeys.
	// +optional
	PasskeyOptions *PasskeyOptions `json:"passkeyOptions,omitempty"`

	// disableSelfServiceChangePassword removes the link to reset a forgotten password from the login page. Auth0's default:
	// false.
	// +optional
	DisableSelfServiceChangePassword *bool `json:"disableSelfServiceChangePassword,omitempty"`

	// nonPersistentAttrs are fields of user profiles that Auth0 does not store. Example: `[ethnicity, gender]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of nonPersistentAttrs must not be blank"
	// +optional
	NonPersistentAttrs []string `json:"nonPersistentAttrs,omitempty"`

	// setUserRootAttributes selects when Auth0 copies the profile from your database: `on_each_login`, `on_first_login` or
	// `never_on_login`. Needs enabledDatabaseCustomization.
	// +kubebuilder:validation:Enum=on_each_login;on_first_login;never_on_login
	// +optional
	SetUserRootAttributes *string `json:"setUserRootAttributes,omitempty"`

	// realmFallback allows sign-ins to fall back to another connection of the same realm. Auth0's default: false.
	// +optional
	RealmFallback *bool `json:"realmFallback,omitempty"`

	// enabledDatabaseCustomization stores the users in your own database, which Auth0 calls through customScripts. Needs the
	// script login, unless the connection exists already. Auth0's default: false.
	// +optional
	EnabledDatabaseCustomization *bool `json:"enabledDatabaseCustomization,omitempty"`

	// importMode moves users from your database to Auth0's when they sign in, with the scripts login and getUser. Auth0's
	// default: false.
	// +optional
	ImportMode *bool `json:"importMode,omitempty"`

	// customScripts are the Node.js functions with which Auth0 calls your database.
	// +optional
	CustomScripts *CustomScripts `json:"customScripts,omitempty"`

	// enableScriptContext passes the context of the request to customScripts. Auth0 does not allow you to turn it off again.
	// +kubebuilder:validation:XValidation:rule="self || !oldSelf",message="enableScriptContext is immutable once it is true: Auth0 cannot turn it off"
	// +optional
	EnableScriptContext *bool `json:"enableScriptContext,omitempty"`

	// configuration are values for customScripts, available as `configuration.NAME`, from Secrets in the same namespace.
	// Auth0 encrypts and hides them, so declare all values of the connection before you change one of its options.
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]{0,127}$'))",message="keys of configuration must consist of letters, digits and '_', such as DATABASE_URL"
	// +optional
	Configuration map[string]SecretKeyReference `json:"configuration,omitempty"`

	// customPasswordHash selects an Action that checks passwords with hashes that Auth0 does not support.
	// +optional
	CustomPasswordHash *CustomPasswordHash `json:"customPasswordHash,omitempty"`
}

// PasswordPolicy is the required strength of passwords.
// +kubebuilder:validation:Enum=none;low;fair;good;excellent
type PasswordPolicy string

// PasswordComplexityOptions limits the length of passwords.
type PasswordComplexityOptions struct {
	// minLength of passwords, 1 to 128.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	MinLength int32 `json:"minLength"`
}

// PasswordHistory rejects the user's previous passwords.
type PasswordHistory struct {
	// enable rejects the user's previous passwords.
	// +required
	Enable bool `json:"enable"`

	// size is the number of previous passwords to reject, up to 24. Auth0's default: 5.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=24
	// +optional
	Size *int32 `json:"size,omitempty"`
}

// PasswordDictionary rejects common passwords.
type PasswordDictionary struct {
	// enable rejects the 10,000 most common passwords.
	// +required
	Enable bool `json:"enable"`

	// dictionary are more words to reject.
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=50
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of dictionary must not be blank"
	// +optional
	Dictionary []string `json:"dictionary,omitempty"`
}

// PasswordNoPersonalInfo rejects passwords that contain personal data of the user.
type PasswordNoPersonalInfo struct {
	// enable rejects passwords that contain personal data of the user.
	// +required
	Enable bool `json:"enable"`
}

// PasswordOptions is a password policy. Unset fields have Auth0's defaults.
type PasswordOptions struct {
	// complexity defines the length and characters of passwords.
	// +optional
	Complexity *PasswordComplexity `json:"complexity,omitempty"`

	// dictionary rejects common passwords.
	// +optional
	Dictionary *PasswordOptionsDictionary `json:"dictionary,omitempty"`

	// history rejects the user's previous passwords.
	// +optional
	History *PasswordOptionsHistory `json:"history,omitempty"`

	// profileData rejects passwords that contain personal data of the user.
	// +optional
	ProfileData *PasswordOptionsProfileData `json:"profileData,omitempty"`
}

// PasswordComplexity defines the length and characters of passwords.
type PasswordComplexity struct {
	// minLength of passwords, 1 to 72. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=72
	// +optional
	MinLength *int32 `json:"minLength,omitempty"`

	// characterTypes that a password must contain: `lowercase`, `uppercase`, `number`, `special`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Enum=lowercase;uppercase;number;special
	// +optional
	CharacterTypes []string `json:"characterTypes,omitempty"`

	// characterTypeRule is `all` (Auth0's default: every one of characterTypes) or `three_of_four`.
	// +kubebuilder:validation:Enum=all;three_of_four
	// +optional
	CharacterTypeRule *string `json:"characterTypeRule,omitempty"`

	// identicalCharacters selects whether a password can have more than two identical characters in a row: `allow` (Auth0's
	// default) or `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	IdenticalCharacters *string `json:"identicalCharacters,omitempty"`

	// sequentialCharacters selects whether a password can contain sequences such as 123 or abc: `allow` (Auth0's default) or
	// `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	SequentialCharacters *string `json:"sequentialCharacters,omitempty"`

	// maxLengthExceeded selects how Auth0 handles passwords of more than 72 bytes: `truncate` or `error` (Auth0's default).
	// +kubebuilder:validation:Enum=truncate;error
	// +optional
	MaxLengthExceeded *string `json:"maxLengthExceeded,omitempty"`
}

// PasswordOptionsDictionary rejects common passwords.
type PasswordOptionsDictionary struct {
	// active rejects the passwords of default and custom. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// default is Auth0's list of common passwords: `en_10k` or `en_100k` (Auth0's default).
	// +kubebuilder:validation:Enum=en_10k;en_100k
	// +optional
	Default *string `json:"default,omitempty"`

	// custom are more words to reject.
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=50
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of custom must not be blank"
	// +optional
	Custom []string `json:"custom,omitempty"`
}

// PasswordOptionsHistory rejects the user's previous passwords.
type PasswordOptionsHistory struct {
	// active rejects the user's previous passwords. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// size is the number of previous passwords to reject, 1 to 24. Auth0's default: 3.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=24
	// +optional
	Size *int32 `json:"size,omitempty"`
}

// PasswordOptionsProfileData rejects passwords that contain personal data of the user.
type PasswordOptionsProfileData struct {
	// active rejects passwords that contain personal data of the user. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// blockedFields are the profile fields to check. Example: `[name, email, user_metadata.first]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=12
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of blockedFields must not be blank"
	// +optional
	BlockedFields []string `json:"blockedFields,omitempty"`
}

// DatabaseValidation limits what users can enter.
type DatabaseValidation struct {
	// username limits the length of usernames.
	// +required
	Username UsernameLength `json:"username"`
}

// UsernameLength limits the length of usernames.
// +kubebuilder:validation:XValidation:rule="self.min <= self.max",message="min must be at most max"
type UsernameLength struct {
	// min is the minimum length. Auth0's default: 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	Min int32 `json:"min"`

	// max is the maximum length. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	Max int32 `json:"max"`
}

// DatabaseIdentifier is an attribute that identifies users.
// +kubebuilder:validation:Enum=email;phone_number;username
type DatabaseIdentifier string

// DatabaseAttributes are the identifiers of users.
// +kubebuilder:validation:XValidation:rule="(has(self.email) && has(self.email.identifier) && self.email.identifier.active) || (has(self.phoneNumber) && has(self.phoneNumber.identifier) && self.phoneNumber.identifier.active) || (has(self.username) && has(self.username.identifier) && self.username.identifier.active)",message="at least one of attributes must be an active identifier, so that users can sign in"
type DatabaseAttributes struct {
	// email configures the email address.
	// +optional
	Email *EmailAttribute `json:"email,omitempty"`

	// phoneNumber configures the phone number.
	// +optional
	PhoneNumber *PhoneNumberAttribute `json:"phoneNumber,omitempty"`

	// username configures the username.
	// +optional
	Username *UsernameAttribute `json:"username,omitempty"`
}

// EmailAttribute configures the email address as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="profileRequired needs the attribute at sign-up: set signup.status to required or optional"
type EmailAttribute struct {
	// identifier selects whether users can sign in with it.
	// +optional
	Identifier *EmailIdentifier `json:"identifier,omitempty"`

	// unique requires a different email address for each user. Auth0's default: true. Auth0 does not allow you to change it
	// later.
	// +optional
	Unique *bool `json:"unique,omitempty"`

	// profileRequired requires an email address for every user.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// verificationMethod is `link` (Auth0's default) or `otp` (a code).
	// +kubebuilder:validation:Enum=link;otp
	// +optional
	VerificationMethod *string `json:"verificationMethod,omitempty"`

	// signup configures the attribute on sign-up.
	// +optional
	Signup *VerifiedSignup `json:"signup,omitempty"`
}

// EmailIdentifier selects whether users can sign in with their email address.
type EmailIdentifier struct {
	// active allows users to sign in with their email address.
	// +required
	Active bool `json:"active"`

	// defaultMethod is the first method on the login page: `password` or `email_otp`.
	// +kubebuilder:validation:Enum=password;email_otp
	// +optional
	DefaultMethod *string `json:"defaultMethod,omitempty"`
}

// PhoneNumberAttribute configures the phone number as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="profileRequired needs the attribute at sign-up: set signup.status to required or optional"
type PhoneNumberAttribute struct {
	// identifier selects whether users can sign in with it.
	// +optional
	Identifier *PhoneNumberIdentifier `json:"identifier,omitempty"`

	// profileRequired requires a phone number for every user.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// signup configures the attribute on sign-up.
	// +optional
	Signup *VerifiedSignup `json:"signup,omitempty"`
}

// PhoneNumberIdentifier selects whether users can sign in with their phone number.
type PhoneNumberIdentifier struct {
	// active allows users to sign in with their phone number.
	// +required
	Active bool `json:"active"`

	// defaultMethod is the first method on the login page: `password` or `phone_otp`.
	// +kubebuilder:validation:Enum=password;phone_otp
	// +optional
	DefaultMethod *string `json:"defaultMethod,omitempty"`
}

// UsernameAttribute configures the username as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="profileRequired needs the attribute at sign-up: set signup.status to required or optional"
type UsernameAttribute struct {
	// identifier selects whether users can sign in with it.
	// +optional
	Identifier *UsernameIdentifier `json:"identifier,omitempty"`

	// profileRequired requires a username for every user.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// signup configures the attribute on sign-up.
	// +optional
	Signup *UsernameSignup `json:"signup,omitempty"`

	// validation limits usernames.
	// +optional
	Validation *UsernameValidation `json:"validation,omitempty"`
}

// UsernameIdentifier selects whether users can sign in with their username.
type UsernameIdentifier struct {
	// active allows users to sign in with their username.
	// +required
	Active bool `json:"active"`
}

// SignupStatus selects whether users enter an attribute on sign-up.
// +kubebuilder:validation:Enum=required;optional;inactive
type SignupStatus string

// VerifiedSignup configures an attribute on sign-up, and its verification.
type VerifiedSignup struct {
	// status is `required`, `optional` or `inactive`.
	// +optional
	Status *SignupStatus `json:"status,omitempty"`

	// verification selects whether Auth0 verifies the attribute.
	// +optional
	Verification *SignupVerification `json:"verification,omitempty"`
}

// SignupVerification selects whether Auth0 verifies an attribute on sign-up.
type SignupVerification struct {
	// active requires verification.
	// +required
	Active bool `json:"active"`
}

// UsernameSignup configures the username on sign-up.
type UsernameSignup struct {
	// status is `required`, `optional` or `inactive`.
	// +optional
	Status *SignupStatus `json:"status,omitempty"`
}

// UsernameValidation limits usernames.
// +kubebuilder:validation:XValidation:rule="!has(self.minLength) || !has(self.maxLength) || self.minLength <= self.maxLength",message="minLength must be at most maxLength"
type UsernameValidation struct {
	// minLength is the minimum length, 1 to 128. Auth0's default: 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +optional
	MinLength *int32 `json:"minLength,omitempty"`

	// maxLength is the maximum length, 1 to 128. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +optional
	MaxLength *int32 `json:"maxLength,omitempty"`

	// allowedTypes selects other formats that a username can have.
	// +optional
	AllowedTypes *UsernameAllowedTypes `json:"allowedTypes,omitempty"`
}

// UsernameAllowedTypes selects other formats that a username can have.
type UsernameAllowedTypes struct {
	// email allows usernames in the format of an email address.
	// +optional
	Email *bool `json:"email,omitempty"`

	// phoneNumber allows usernames in the format of a phone number.
	// +optional
	PhoneNumber *bool `json:"phoneNumber,omitempty"`
}

// DatabaseMFA configures multi-factor authentication.
type DatabaseMFA struct {
	// active enables multi-factor authentication. Auth0's default: true.
	// +optional
	Active *bool `json:"active,omitempty"`

	// returnEnrollSettings returns the settings for enrollment to applications. Auth0's default: true.
	// +optional
	ReturnEnrollSettings *bool `json:"returnEnrollSettings,omitempty"`
}

// DatabaseAuthenticationMethods are ways to sign in.
type DatabaseAuthenticationMethods struct {
	// password configures sign-in with a password.
	// +optional
	Password *PasswordMethod `json:"password,omitempty"`

	// passkey configures sign-in with a passkey.
	// +optional
	Passkey *AuthenticationMethod `json:"passkey,omitempty"`

	// emailOtp configures sign-in with a code sent by email.
	// +optional
	EmailOTP *AuthenticationMethod `json:"emailOtp,omitempty"`

	// phoneOtp configures sign-in with a code sent to the phone number.
	// +optional
	PhoneOTP *AuthenticationMethod `json:"phoneOtp,omitempty"`
}

// PasswordMethod configures sign-in with a password.
type PasswordMethod struct {
	// enabled enables sign-in with a password. Auth0's default: true.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// apiBehavior selects whether users created through the Management API need a password: `required` (Auth0's default) or
	// `optional`.
	// +kubebuilder:validation:Enum=required;optional
	// +optional
	APIBehavior *string `json:"apiBehavior,omitempty"`

	// signupBehavior selects whether users can sign up with a password: `allow` (Auth0's default) or `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	SignupBehavior *string `json:"signupBehavior,omitempty"`
}

// AuthenticationMethod is a way to sign in.
type AuthenticationMethod struct {
	// enabled enables this way to sign in. Auth0's default: false.
	// +required
	Enabled bool `json:"enabled"`
}

// PasskeyOptions configures passkeys.
type PasskeyOptions struct {
	// challengeUi is how the login page offers passkeys: `both` (Auth0's default), `autofill` or `button`.
	// +kubebuilder:validation:Enum=both;autofill;button
	// +optional
	ChallengeUI *string `json:"challengeUi,omitempty"`

	// progressiveEnrollmentEnabled offers users a passkey after they signed in with another method. Auth0's default: true.
	// +optional
	ProgressiveEnrollmentEnabled *bool `json:"progressiveEnrollmentEnabled,omitempty"`

	// localEnrollmentEnabled offers a local passkey to users who signed in with a passkey of another device. Auth0's
	// default: true.
	// +optional
	LocalEnrollmentEnabled *bool `json:"localEnrollmentEnabled,omitempty"`
}

// CustomScript is the source of a Node.js function.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=102400
type CustomScript string

// CustomScripts are the functions with which Auth0 calls your database. Put secrets into configuration instead.
type CustomScripts struct {
	// login checks a password: `function login(email, password, callback)`.
	// +optional
	Login *CustomScript `json:"login,omitempty"`

	// getUser finds a user: `function getByEmail(email, callback)`.
	// +optional
	GetUser *CustomScript `json:"getUser,omitempty"`

	// create creates a user: `function create(user, callback)`.
	// +optional
	Create *CustomScript `json:"create,omitempty"`

	// verify sets an email address to verified: `function verify(email, callback)`.
	// +optional
	Verify *CustomScript `json:"verify,omitempty"`

	// changePassword sets a password: `function changePassword(email, newPassword, callback)`.
	// +optional
	ChangePassword *CustomScript `json:"changePassword,omitempty"`

	// delete removes a user: `function remove(id, callback)`.
	// +optional
	Delete *CustomScript `json:"delete,omitempty"`

	// changeUsername sets a username.
	// +optional
	ChangeUsername *CustomScript `json:"changeUsername,omitempty"`

	// changeEmail sets an email address: `function changeEmail(email, newEmail, verified, callback)`.
	// +optional
	ChangeEmail *CustomScript `json:"changeEmail,omitempty"`

	// changePhoneNumber sets a phone number.
	// +optional
	ChangePhoneNumber *CustomScript `json:"changePhoneNumber,omitempty"`
}

// CustomPasswordHash selects an Action that checks passwords with hashes that Auth0 does not support.
type CustomPasswordHash struct {
	// actionId of the Action with the trigger `password-hash-migration`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="actionId must not be blank"
	// +required
	ActionID string `json:"actionId"`
}

// Auth0ConnectionStatus describes the connection in Auth0.
type Auth0ConnectionStatus struct {
	ManagedStatus `json:",inline"`

	// connectionId is the connection's id in Auth0. Example: `con_1D0JFKzHjd17eNfe`.
	// +optional
	ConnectionID string `json:"connectionId,omitempty"`

	// enabledClients are the client IDs of the applications for which the operator enabled the connection for this object.
	// +listType=set
	// +optional
	EnabledClients []string `json:"enabledClients,omitempty"`
}
