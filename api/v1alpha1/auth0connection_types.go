package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0ConnectionSpec declares a connection.
// +kubebuilder:validation:XValidation:rule="!has(self.database) || self.strategy == 'auth0'",message="database is for connections of strategy auth0; those of other strategies have options"
// +kubebuilder:validation:XValidation:rule="!(has(self.options) || has(self.optionSecrets)) || self.strategy != 'auth0'",message="options and optionSecrets are for other strategies; a connection of strategy auth0 has database"
type Auth0ConnectionSpec struct {
	ManagedSpec `json:",inline"`

	// name of the connection, unique within the tenant: letters, digits and single hyphens between them. Immutable: Auth0
	// cannot rename a connection, and deleting it deletes its users. Example: `customers`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$')",message="name consists of letters, digits and single hyphens, with a letter or digit at both ends, such as customers-eu"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="name is immutable: Auth0 cannot rename a connection; create another Auth0Connection, move its users, and delete this one"
	// +required
	Name string `json:"name"`

	// strategy is where the users come from: `auth0` for a database in Auth0, otherwise Auth0's name of the identity
	// provider, such as `google-oauth2`, `samlp`, `oidc`, `waad`, `email` or `sms`. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]+([-_][a-z0-9]+)*$')",message="strategy is Auth0's name of an identity provider, such as auth0 or google-oauth2"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="strategy is immutable: create another Auth0Connection with the other strategy"
	// +required
	Strategy string `json:"strategy"`

	// displayName is the name on the login page. Auth0's default: the name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	DisplayName *string `json:"displayName,omitempty"`

	// isDomainConnection lets third-party applications use the connection. Auth0's default: false.
	// +optional
	IsDomainConnection *bool `json:"isDomainConnection,omitempty"`

	// showAsButton shows a button for the connection on the login page; otherwise only users whose e-mail domain leads there
	// get to it. For enterprise connections. Auth0's default: false.
	// +optional
	ShowAsButton *bool `json:"showAsButton,omitempty"`

	// realms are the names by which the connection is chosen at sign-in. Auth0's default: its name.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +optional
	Realms []string `json:"realms,omitempty"`

	// metadata are notes of yours. Each key is managed by itself; keys that are not named here are left alone. Auth0 allows 10,
	// of which the operator's mark takes one.
	// +kubebuilder:validation:MaxProperties=9
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() >= 1 && key.size() <= 255 && key != 'auth0_operator')",message="keys of metadata have 1 to 255 characters, and auth0_operator is the operator's own"
	// +optional
	Metadata map[string]MetadataValue `json:"metadata,omitempty"`

	// authentication says whether users sign in through the connection. Auth0's default: active.
	// +optional
	Authentication *ConnectionAuthentication `json:"authentication,omitempty"`

	// connectedAccounts says whether users connect accounts through the connection, whose tokens Auth0's Token Vault keeps.
	// Auth0's default: not active.
	// +optional
	ConnectedAccounts *ConnectionConnectedAccounts `json:"connectedAccounts,omitempty"`

	// crossAppAccessRequestingApp says whether the connection is a requesting application of Cross App Access.
	// +optional
	CrossAppAccessRequestingApp *ConnectionCrossAppAccess `json:"crossAppAccessRequestingApp,omitempty"`

	// database are the options of a connection of strategy `auth0`. Each field is managed by itself, however deep; what is
	// not set here is left as it is in Auth0.
	// +optional
	Database *DatabaseOptions `json:"database,omitempty"`

	// options of a connection of any other strategy, in Auth0's own names: see the documentation of the Management API for
	// those of a strategy. Each value is managed by itself, however deep; what is not set here is left as it is in Auth0.
	// Secrets do not belong here, but in optionSecrets. At most 128 KiB. Example: `{client_id: "…", scope: [email, profile]}`.
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MaxProperties=200
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Options *apiextensionsv1.JSON `json:"options,omitempty"`

	// optionSecrets are options whose values come from Secrets, such as the client_secret at an identity provider. They are
	// sent when their value changes; what Auth0 shows of them is not looked at.
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=20
	// +optional
	OptionSecrets []OptionSecret `json:"optionSecrets,omitempty"`

	// enabledClients are the applications whose users may sign in through the connection. Unset: not managed.
	// +optional
	EnabledClients *EnabledClients `json:"enabledClients,omitempty"`
}

// MetadataValue is a value of metadata in Auth0.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
type MetadataValue string

// ConnectionAuthentication says whether a connection serves to sign in.
type ConnectionAuthentication struct {
	// active lets users sign in through the connection.
	// +required
	Active bool `json:"active"`
}

// ConnectionConnectedAccounts says whether a connection serves to connect accounts.
type ConnectionConnectedAccounts struct {
	// active lets users connect accounts through the connection.
	// +required
	Active bool `json:"active"`

	// crossAppAccess lets connected accounts be used across applications. Auth0's default: false.
	// +optional
	CrossAppAccess *bool `json:"crossAppAccess,omitempty"`
}

// ConnectionCrossAppAccess says whether a connection takes part in Cross App Access.
type ConnectionCrossAppAccess struct {
	// active makes the connection a requesting application.
	// +required
	Active bool `json:"active"`
}

// OptionSecret is an option whose value comes from a Secret.
type OptionSecret struct {
	// path of the option in Auth0's names; dots lead into objects, and `\.` is a dot within a name. Examples: `client_secret`,
	// `gateway_authentication.secret`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^([^.\\\\\\\\]|\\\\\\\\.)+([.]([^.\\\\\\\\]|\\\\\\\\.)+)*$')",message="path consists of names with dots between them, such as client_secret or gateway_authentication.secret"
	// +required
	Path string `json:"path"`

	// secretRef names the key of a Secret in the same namespace that holds the value.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// EnabledClients are the applications that a connection is enabled for.
type EnabledClients struct {
	// mode is `Additive` (default: applications that others enabled stay so) or `Exact` (they lose the connection;
	// the operator's own application does not).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// excludeOperator does not enable the connection for the operator's own application. Default: false. In a connection of
	// strategy `auth0`, `email` or `sms`, Auth0 lets only applications create users that the connection is enabled for; so it is
	// enabled for the operator's, as if it was one of items. With true, Auth0Users of this connection cannot be created, unless
	// somebody else enables it: neither true nor mode `Exact` takes the connection from the operator's application.
	// +optional
	ExcludeOperator bool `json:"excludeOperator,omitempty"`

	// items are the applications.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +required
	Items []EnabledClient `json:"items"`
}

// EnabledClient is an application that a connection is enabled for.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId
type EnabledClient struct {
	// clientRef names an Auth0Client of the same tenant.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty"`

	// clientId of the application, for one that is not declared in Kubernetes.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="no id is . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`
}

// DatabaseOptions are the options of a database connection.
// +kubebuilder:validation:XValidation:rule="!has(self.passwordOptions) || !(has(self.passwordPolicy) || has(self.passwordComplexityOptions) || has(self.passwordHistory) || has(self.passwordDictionary) || has(self.passwordNoPersonalInfo))",message="passwordOptions replaces passwordPolicy, passwordComplexityOptions, passwordHistory, passwordDictionary and passwordNoPersonalInfo: set either it or those"
// +kubebuilder:validation:XValidation:rule="!has(self.attributes) || !(has(self.requiresUsername) || has(self.validation))",message="attributes replaces requiresUsername and validation: set either it or those"
// +kubebuilder:validation:XValidation:rule="!has(self.precedence) || has(self.attributes)",message="precedence orders the attributes: it needs attributes"
// +kubebuilder:validation:XValidation:rule="!(has(self.importMode) && self.importMode) || has(self.customScripts)",message="importMode needs customScripts with login and getUser, by which users are found in your database"
type DatabaseOptions struct {
	// passwordPolicy is how strong passwords must be: `none` (1 character), `low` (6), `fair` (8, with a lower-case letter, an
	// upper-case letter and a digit), `good` (8, with three of: lower-case, upper-case, digit, special) or `excellent` (10, as
	// good, and no more than two identical characters in a row). It applies to new passwords. Auth0's default: `good`.
	// Excludes passwordOptions.
	// +optional
	PasswordPolicy *PasswordPolicy `json:"passwordPolicy,omitempty"`

	// passwordComplexityOptions overrides the length of passwordPolicy. Excludes passwordOptions.
	// +optional
	PasswordComplexityOptions *PasswordComplexityOptions `json:"passwordComplexityOptions,omitempty"`

	// passwordHistory keeps users from using their last passwords again. Excludes passwordOptions.
	// +optional
	PasswordHistory *PasswordHistory `json:"passwordHistory,omitempty"`

	// passwordDictionary refuses common passwords, and words of yours. Excludes passwordOptions.
	// +optional
	PasswordDictionary *PasswordDictionary `json:"passwordDictionary,omitempty"`

	// passwordNoPersonalInfo refuses passwords that contain parts of the user's name or e-mail. Excludes passwordOptions.
	// +optional
	PasswordNoPersonalInfo *PasswordNoPersonalInfo `json:"passwordNoPersonalInfo,omitempty"`

	// passwordOptions is the newer, more flexible password policy, in the place of passwordPolicy and its kin: those are taken
	// away when this is set, and the other way round.
	// +optional
	PasswordOptions *PasswordOptions `json:"passwordOptions,omitempty"`

	// requiresUsername asks for a username beside the e-mail. Auth0's default: false. Excludes attributes.
	// +optional
	RequiresUsername *bool `json:"requiresUsername,omitempty"`

	// validation bounds usernames. Excludes attributes.
	// +optional
	Validation *DatabaseValidation `json:"validation,omitempty"`

	// attributes are the flexible identifiers: by which of e-mail, phone number and username users are known, and what they
	// must give on sign-up. At least one must be an active identifier. Excludes requiresUsername and validation.
	// +optional
	Attributes *DatabaseAttributes `json:"attributes,omitempty"`

	// precedence is the order in which the attributes are tried when a user signs in. Default, Auth0's: email, phone_number, username.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="self.all(one, self.exists_one(other, other == one))",message="precedence names each attribute once"
	// +optional
	Precedence []DatabaseIdentifier `json:"precedence,omitempty"`

	// disableSignup keeps people from signing up by themselves. Auth0's default: false.
	// +optional
	DisableSignup *bool `json:"disableSignup,omitempty"`

	// bruteForceProtection blocks an address that tries many passwords for one user. Auth0's default: true.
	// +optional
	BruteForceProtection *bool `json:"bruteForceProtection,omitempty"`

	// mfa says whether users of the connection use multi-factor authentication, as far as the tenant's policies ask for it.
	// +optional
	MFA *DatabaseMFA `json:"mfa,omitempty"`

	// authenticationMethods are the ways to sign in.
	// +optional
	AuthenticationMethods *DatabaseAuthenticationMethods `json:"authenticationMethods,omitempty"`

	// passkeyOptions say how passkeys are offered.
	// +optional
	PasskeyOptions *PasskeyOptions `json:"passkeyOptions,omitempty"`

	// disableSelfServiceChangePassword takes the link to reset a forgotten password off the login page. Auth0's default: false.
	// +optional
	DisableSelfServiceChangePassword *bool `json:"disableSelfServiceChangePassword,omitempty"`

	// nonPersistentAttrs are fields of user profiles that Auth0 shall not store. Example: `[ethnicity, gender]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +optional
	NonPersistentAttrs []string `json:"nonPersistentAttrs,omitempty"`

	// setUserRootAttributes says when the profile is taken over from your database: `on_each_login`, `on_first_login` or
	// `never_on_login`. With enabledDatabaseCustomization.
	// +kubebuilder:validation:Enum=on_each_login;on_first_login;never_on_login
	// +optional
	SetUserRootAttributes *string `json:"setUserRootAttributes,omitempty"`

	// realmFallback lets sign-ins fall back to another connection of the same realm. Auth0's default: false.
	// +optional
	RealmFallback *bool `json:"realmFallback,omitempty"`

	// enabledDatabaseCustomization keeps the users in a database of your own, which Auth0 asks through customScripts.
	// Auth0's default: false.
	// +optional
	EnabledDatabaseCustomization *bool `json:"enabledDatabaseCustomization,omitempty"`

	// importMode moves users from your database to Auth0's as they sign in, with the scripts login and getUser. Auth0's
	// default: false.
	// +optional
	ImportMode *bool `json:"importMode,omitempty"`

	// customScripts are the Node.js functions by which Auth0 asks your database.
	// +optional
	CustomScripts *CustomScripts `json:"customScripts,omitempty"`

	// enableScriptContext gives customScripts the context of the request as an argument. Auth0 does not let it be
	// switched off again.
	// +kubebuilder:validation:XValidation:rule="self || !oldSelf",message="enableScriptContext cannot be switched off once it is on"
	// +optional
	EnableScriptContext *bool `json:"enableScriptContext,omitempty"`

	// configuration are values for customScripts, there as `configuration.NAME`, from Secrets in the same namespace. Auth0 keeps
	// them encrypted and shows them to nobody, so all values of a connection must be named here once one of its options is
	// to change.
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]{0,127}$'))",message="names of configuration consist of letters, digits and '_', as in DATABASE_URL"
	// +optional
	Configuration map[string]SecretKeyReference `json:"configuration,omitempty"`

	// customPasswordHash names an Action that checks passwords whose hashes Auth0 cannot check.
	// +optional
	CustomPasswordHash *CustomPasswordHash `json:"customPasswordHash,omitempty"`
}

// PasswordPolicy is how strong passwords must be.
// +kubebuilder:validation:Enum=none;low;fair;good;excellent
type PasswordPolicy string

// PasswordComplexityOptions bound the length of passwords.
type PasswordComplexityOptions struct {
	// minLength of passwords, 1 to 128.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	MinLength int32 `json:"minLength"`
}

// PasswordHistory keeps users from using passwords again.
type PasswordHistory struct {
	// enable refuses passwords that the user had before.
	// +required
	Enable bool `json:"enable"`

	// size is how many of the last passwords count, up to 24. Auth0's default: 5.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=24
	// +optional
	Size *int32 `json:"size,omitempty"`
}

// PasswordDictionary refuses common passwords.
type PasswordDictionary struct {
	// enable refuses the 10,000 most common passwords.
	// +required
	Enable bool `json:"enable"`

	// dictionary are words that are refused besides.
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=50
	// +optional
	Dictionary []string `json:"dictionary,omitempty"`
}

// PasswordNoPersonalInfo refuses passwords that contain what is known of the user.
type PasswordNoPersonalInfo struct {
	// enable refuses them.
	// +required
	Enable bool `json:"enable"`
}

// PasswordOptions is a password policy. What is not set is as Auth0 has it.
type PasswordOptions struct {
	// complexity is how passwords must be made.
	// +optional
	Complexity *PasswordComplexity `json:"complexity,omitempty"`

	// dictionary refuses common passwords.
	// +optional
	Dictionary *PasswordOptionsDictionary `json:"dictionary,omitempty"`

	// history keeps users from using passwords again.
	// +optional
	History *PasswordOptionsHistory `json:"history,omitempty"`

	// profileData refuses passwords that contain what is known of the user.
	// +optional
	ProfileData *PasswordOptionsProfileData `json:"profileData,omitempty"`
}

// PasswordComplexity is how passwords must be made.
type PasswordComplexity struct {
	// minLength of passwords, 1 to 72. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=72
	// +optional
	MinLength *int32 `json:"minLength,omitempty"`

	// characterTypes that a password must have: `lowercase`, `uppercase`, `number`, `special`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Enum=lowercase;uppercase;number;special
	// +optional
	CharacterTypes []string `json:"characterTypes,omitempty"`

	// characterTypeRule is `all` (default, Auth0's: every one of characterTypes) or `three_of_four`.
	// +kubebuilder:validation:Enum=all;three_of_four
	// +optional
	CharacterTypeRule *string `json:"characterTypeRule,omitempty"`

	// identicalCharacters says whether more than two identical characters in a row are all right: `allow` (Auth0's default)
	// or `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	IdenticalCharacters *string `json:"identicalCharacters,omitempty"`

	// sequentialCharacters says whether sequences such as 123 or abc are all right: `allow` (Auth0's default) or `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	SequentialCharacters *string `json:"sequentialCharacters,omitempty"`

	// maxLengthExceeded is what becomes of passwords of more than 72 bytes: `truncate` or `error` (Auth0's default).
	// +kubebuilder:validation:Enum=truncate;error
	// +optional
	MaxLengthExceeded *string `json:"maxLengthExceeded,omitempty"`
}

// PasswordOptionsDictionary refuses common passwords.
type PasswordOptionsDictionary struct {
	// active refuses the passwords of default and custom. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// default is Auth0's list of common passwords: `en_10k` or `en_100k` (Auth0's default).
	// +kubebuilder:validation:Enum=en_10k;en_100k
	// +optional
	Default *string `json:"default,omitempty"`

	// custom are words that are refused besides.
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=50
	// +optional
	Custom []string `json:"custom,omitempty"`
}

// PasswordOptionsHistory keeps users from using passwords again.
type PasswordOptionsHistory struct {
	// active refuses passwords that the user had before. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// size is how many of the last passwords count, 1 to 24. Auth0's default: 3.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=24
	// +optional
	Size *int32 `json:"size,omitempty"`
}

// PasswordOptionsProfileData refuses passwords that contain what is known of the user.
type PasswordOptionsProfileData struct {
	// active refuses them. Auth0's default: false.
	// +optional
	Active *bool `json:"active,omitempty"`

	// blockedFields are the fields of the profile that are looked at. Example: `[name, email, user_metadata.first]`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=12
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +optional
	BlockedFields []string `json:"blockedFields,omitempty"`
}

// DatabaseValidation bounds what users enter.
type DatabaseValidation struct {
	// username bounds the length of usernames.
	// +required
	Username UsernameLength `json:"username"`
}

// UsernameLength bounds the length of usernames.
// +kubebuilder:validation:XValidation:rule="self.min <= self.max",message="min must not be greater than max"
type UsernameLength struct {
	// min is the least length. Auth0's default: 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	Min int32 `json:"min"`

	// max is the greatest length. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +required
	Max int32 `json:"max"`
}

// DatabaseIdentifier is something by which users are known.
// +kubebuilder:validation:Enum=email;phone_number;username
type DatabaseIdentifier string

// DatabaseAttributes are the identifiers of users.
// +kubebuilder:validation:XValidation:rule="(has(self.email) && has(self.email.identifier) && self.email.identifier.active) || (has(self.phoneNumber) && has(self.phoneNumber.identifier) && self.phoneNumber.identifier.active) || (has(self.username) && has(self.username.identifier) && self.username.identifier.active)",message="at least one of attributes must be an active identifier, or nobody could sign in"
type DatabaseAttributes struct {
	// email is the e-mail address.
	// +optional
	Email *EmailAttribute `json:"email,omitempty"`

	// phoneNumber is the telephone number.
	// +optional
	PhoneNumber *PhoneNumberAttribute `json:"phoneNumber,omitempty"`

	// username is a name of the user's choice.
	// +optional
	Username *UsernameAttribute `json:"username,omitempty"`
}

// EmailAttribute is the e-mail address as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="an attribute with profileRequired must be asked for on sign-up: signup.status must not be inactive"
type EmailAttribute struct {
	// identifier says whether users sign in with it.
	// +optional
	Identifier *EmailIdentifier `json:"identifier,omitempty"`

	// unique says whether no two users may share an address. Auth0's default: true. Auth0 does not let it be changed later.
	// +optional
	Unique *bool `json:"unique,omitempty"`

	// profileRequired says whether every user must have one.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// verificationMethod is `link` (Auth0's default) or `otp`, a code.
	// +kubebuilder:validation:Enum=link;otp
	// +optional
	VerificationMethod *string `json:"verificationMethod,omitempty"`

	// signup says whether it is asked for on sign-up.
	// +optional
	Signup *VerifiedSignup `json:"signup,omitempty"`
}

// EmailIdentifier says whether users sign in with their e-mail address.
type EmailIdentifier struct {
	// active lets them.
	// +required
	Active bool `json:"active"`

	// defaultMethod is what the login page asks for first: `password` or `email_otp`.
	// +kubebuilder:validation:Enum=password;email_otp
	// +optional
	DefaultMethod *string `json:"defaultMethod,omitempty"`
}

// PhoneNumberAttribute is the telephone number as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="an attribute with profileRequired must be asked for on sign-up: signup.status must not be inactive"
type PhoneNumberAttribute struct {
	// identifier says whether users sign in with it.
	// +optional
	Identifier *PhoneNumberIdentifier `json:"identifier,omitempty"`

	// profileRequired says whether every user must have one.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// signup says whether it is asked for on sign-up.
	// +optional
	Signup *VerifiedSignup `json:"signup,omitempty"`
}

// PhoneNumberIdentifier says whether users sign in with their telephone number.
type PhoneNumberIdentifier struct {
	// active lets them.
	// +required
	Active bool `json:"active"`

	// defaultMethod is what the login page asks for first: `password` or `phone_otp`.
	// +kubebuilder:validation:Enum=password;phone_otp
	// +optional
	DefaultMethod *string `json:"defaultMethod,omitempty"`
}

// UsernameAttribute is the username as an attribute of users.
// +kubebuilder:validation:XValidation:rule="!(has(self.profileRequired) && self.profileRequired && has(self.signup) && has(self.signup.status) && self.signup.status == 'inactive')",message="an attribute with profileRequired must be asked for on sign-up: signup.status must not be inactive"
type UsernameAttribute struct {
	// identifier says whether users sign in with it.
	// +optional
	Identifier *UsernameIdentifier `json:"identifier,omitempty"`

	// profileRequired says whether every user must have one.
	// +optional
	ProfileRequired *bool `json:"profileRequired,omitempty"`

	// signup says whether it is asked for on sign-up.
	// +optional
	Signup *UsernameSignup `json:"signup,omitempty"`

	// validation bounds usernames.
	// +optional
	Validation *UsernameValidation `json:"validation,omitempty"`
}

// UsernameIdentifier says whether users sign in with their username.
type UsernameIdentifier struct {
	// active lets them.
	// +required
	Active bool `json:"active"`
}

// SignupStatus says whether an attribute is asked for on sign-up.
// +kubebuilder:validation:Enum=required;optional;inactive
type SignupStatus string

// VerifiedSignup says whether an attribute is asked for on sign-up, and verified.
type VerifiedSignup struct {
	// status is `required`, `optional` or `inactive`.
	// +optional
	Status *SignupStatus `json:"status,omitempty"`

	// verification says whether it is verified.
	// +optional
	Verification *SignupVerification `json:"verification,omitempty"`
}

// SignupVerification says whether an attribute is verified on sign-up.
type SignupVerification struct {
	// active has it verified.
	// +required
	Active bool `json:"active"`
}

// UsernameSignup says whether a username is asked for on sign-up.
type UsernameSignup struct {
	// status is `required`, `optional` or `inactive`.
	// +optional
	Status *SignupStatus `json:"status,omitempty"`
}

// UsernameValidation bounds usernames.
// +kubebuilder:validation:XValidation:rule="!has(self.minLength) || !has(self.maxLength) || self.minLength <= self.maxLength",message="minLength must not be greater than maxLength"
type UsernameValidation struct {
	// minLength is the least length, 1 to 128. Auth0's default: 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +optional
	MinLength *int32 `json:"minLength,omitempty"`

	// maxLength is the greatest length, 1 to 128. Auth0's default: 15.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	// +optional
	MaxLength *int32 `json:"maxLength,omitempty"`

	// allowedTypes says whether a username may look like something else.
	// +optional
	AllowedTypes *UsernameAllowedTypes `json:"allowedTypes,omitempty"`
}

// UsernameAllowedTypes says what a username may look like.
type UsernameAllowedTypes struct {
	// email allows e-mail addresses.
	// +optional
	Email *bool `json:"email,omitempty"`

	// phoneNumber allows telephone numbers.
	// +optional
	PhoneNumber *bool `json:"phoneNumber,omitempty"`
}

// DatabaseMFA says whether users use multi-factor authentication.
type DatabaseMFA struct {
	// active has them use it. Auth0's default: true.
	// +optional
	Active *bool `json:"active,omitempty"`

	// returnEnrollSettings gives applications the settings by which users enrol. Auth0's default: true.
	// +optional
	ReturnEnrollSettings *bool `json:"returnEnrollSettings,omitempty"`
}

// DatabaseAuthenticationMethods are ways to sign in.
type DatabaseAuthenticationMethods struct {
	// password lets users sign in with a password.
	// +optional
	Password *PasswordMethod `json:"password,omitempty"`

	// passkey lets users sign in with a passkey.
	// +optional
	Passkey *AuthenticationMethod `json:"passkey,omitempty"`

	// emailOtp lets users sign in with a code sent by e-mail.
	// +optional
	EmailOTP *AuthenticationMethod `json:"emailOtp,omitempty"`

	// phoneOtp lets users sign in with a code sent to their telephone.
	// +optional
	PhoneOTP *AuthenticationMethod `json:"phoneOtp,omitempty"`
}

// PasswordMethod is signing in with a password.
type PasswordMethod struct {
	// enabled lets users. Auth0's default: true.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// apiBehavior says whether users that are created through the Management API need a password: `required` (Auth0's
	// default) or `optional`.
	// +kubebuilder:validation:Enum=required;optional
	// +optional
	APIBehavior *string `json:"apiBehavior,omitempty"`

	// signupBehavior says whether users may sign up with a password: `allow` (Auth0's default) or `block`.
	// +kubebuilder:validation:Enum=allow;block
	// +optional
	SignupBehavior *string `json:"signupBehavior,omitempty"`
}

// AuthenticationMethod is a way to sign in.
type AuthenticationMethod struct {
	// enabled lets users sign in so. Auth0's default: false.
	// +required
	Enabled bool `json:"enabled"`
}

// PasskeyOptions say how passkeys are offered.
type PasskeyOptions struct {
	// challengeUi is where the login page offers them: `both` (Auth0's default), `autofill` or `button`.
	// +kubebuilder:validation:Enum=both;autofill;button
	// +optional
	ChallengeUI *string `json:"challengeUi,omitempty"`

	// progressiveEnrollmentEnabled offers users a passkey after they signed in with something else. Auth0's default: true.
	// +optional
	ProgressiveEnrollmentEnabled *bool `json:"progressiveEnrollmentEnabled,omitempty"`

	// localEnrollmentEnabled offers users who came with a passkey of another device one of this. Auth0's default: true.
	// +optional
	LocalEnrollmentEnabled *bool `json:"localEnrollmentEnabled,omitempty"`
}

// CustomScript is the source of a Node.js function.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=102400
type CustomScript string

// CustomScripts are the functions by which Auth0 asks a database of yours. Secrets do not belong in them, but in configuration.
type CustomScripts struct {
	// login checks a password: `function login(email, password, callback)`.
	// +optional
	Login *CustomScript `json:"login,omitempty"`

	// getUser finds a user: `function getByEmail(email, callback)`.
	// +optional
	GetUser *CustomScript `json:"getUser,omitempty"`

	// create makes a user: `function create(user, callback)`.
	// +optional
	Create *CustomScript `json:"create,omitempty"`

	// verify marks an e-mail address as verified: `function verify(email, callback)`.
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

	// changeEmail sets an e-mail address: `function changeEmail(email, newEmail, verified, callback)`.
	// +optional
	ChangeEmail *CustomScript `json:"changeEmail,omitempty"`

	// changePhoneNumber sets a telephone number.
	// +optional
	ChangePhoneNumber *CustomScript `json:"changePhoneNumber,omitempty"`
}

// CustomPasswordHash names what checks passwords whose hashes Auth0 cannot check.
type CustomPasswordHash struct {
	// actionId of the Action with the trigger `password-hash-migration`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	ActionID string `json:"actionId"`
}

// Auth0ConnectionStatus tells what the connection is in Auth0.
type Auth0ConnectionStatus struct {
	ManagedStatus `json:",inline"`

	// connectionId is the connection's id in Auth0. Example: `con_1D0JFKzHjd17eNfe`.
	// +optional
	ConnectionID string `json:"connectionId,omitempty"`

	// enabledClients are the client ids of the applications that the connection was enabled for through this object.
	// +listType=set
	// +optional
	EnabledClients []string `json:"enabledClients,omitempty"`
}

// Auth0Connection is a connection in Auth0: a database of users, or an identity provider where they come from.
//
// Deleting it deletes the connection in Auth0 with all its users, unless spec.deletionPolicy is Retain.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0conn,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.spec.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Deleting",type=date,JSONPath=`.metadata.deletionTimestamp`
// +kubebuilder:printcolumn:name="Strategy",type=string,priority=1,JSONPath=`.spec.strategy`
// +kubebuilder:printcolumn:name="ID",type=string,priority=1,JSONPath=`.status.connectionId`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`
type Auth0Connection struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the connection.
	// +required
	Spec Auth0ConnectionSpec `json:"spec"`
	// status tells what the connection is in Auth0.
	// +kubebuilder:default={observedGeneration:-1}
	// +optional
	Status Auth0ConnectionStatus `json:"status,omitempty"`
}

// Auth0ConnectionList is a list of Auth0Connection.
// +kubebuilder:object:root=true
type Auth0ConnectionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Auth0Connection `json:"items"`
}

// IsSuspended implements Object.
func (c *Auth0Connection) IsSuspended() bool { return c.Spec.Suspend }

// GetCommonStatus implements Object.
func (c *Auth0Connection) GetCommonStatus() *CommonStatus { return &c.Status.CommonStatus }

// GetManagedSpec implements Managed.
func (c *Auth0Connection) GetManagedSpec() *ManagedSpec { return &c.Spec.ManagedSpec }

// GetManagedStatus implements Managed.
func (c *Auth0Connection) GetManagedStatus() *ManagedStatus { return &c.Status.ManagedStatus }

// GetIdentity implements Referent.
func (c *Auth0Connection) GetIdentity() Identity {
	if c.Status.ConnectionID == "" {
		return Identity{}
	}
	return Identity{ID: c.Status.ConnectionID, Name: c.Spec.Name}
}
