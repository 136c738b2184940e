package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Auth0Client is an application in Auth0: machine to machine, web, single page or native. The operator writes its
// credentials to a Secret.
// +kubebuilder:resource:shortName=a0client
// +kubebuilder:printcolumn:name="Name",type=string,JSONPath=`.status.name`

// Auth0ClientSpec declares an application.
//
// It omits these of Auth0's fields: `oidc_backchannel_logout` and `cross_origin_auth`, which oidcLogout and
// crossOriginAuthentication replace; `signed_request_object` and `token_vault_privileged_access`, which contain credentials
// that the operator does not manage yet.
// +kubebuilder:validation:XValidation:rule="!has(self.clientId) || (has(self.adoptionPolicy) && self.adoptionPolicy == 'IfUnmanaged') || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",message="clientId names an application that exists: set adoptionPolicy to IfUnmanaged, or managementPolicy to Observe"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.clientId) || (has(self.clientId) && self.clientId == oldSelf.clientId)",message="clientId is immutable: create another Auth0Client for another application"
// +kubebuilder:validation:XValidation:rule="has(oldSelf.resourceServerIdentifier) == has(self.resourceServerIdentifier) && (!has(self.resourceServerIdentifier) || self.resourceServerIdentifier == oldSelf.resourceServerIdentifier)",message="resourceServerIdentifier is immutable: Auth0 accepts it only at creation; create another Auth0Client"
// +kubebuilder:validation:XValidation:rule="!(has(self.isFirstParty) && !self.isFirstParty && has(self.organizationUsage))",message="organizationUsage needs a first-party application: remove it, or isFirstParty: false"
// +kubebuilder:validation:XValidation:rule="!(has(self.clientAuthenticationMethods) && has(self.tokenEndpointAuthMethod))",message="set at most one of spec.clientAuthenticationMethods and spec.tokenEndpointAuthMethod"
// +kubebuilder:validation:XValidation:rule="!has(self.rotateSecretEvery) || has(self.outputSecret)",message="rotateSecretEvery needs spec.outputSecret: the operator writes the new secret there"
// +kubebuilder:validation:XValidation:rule="!(has(self.rotateSecretEvery) && (has(self.clientSecret) || has(self.clientAuthenticationMethods)))",message="rotateSecretEvery needs a secret from Auth0: remove clientSecret and clientAuthenticationMethods"
// +kubebuilder:validation:XValidation:rule="!(has(self.clientAuthenticationMethods) && has(self.clientAuthenticationMethods.privateKeyJwt.generate)) || has(self.outputSecret)",message="generate needs spec.outputSecret: the operator writes the private key there"
// +kubebuilder:validation:XValidation:rule="!(has(self.clientAuthenticationMethods) && has(self.clientSecret))",message="set at most one of spec.clientAuthenticationMethods and spec.clientSecret"
// +kubebuilder:validation:XValidation:rule="!(has(self.tokenEndpointAuthMethod) && self.tokenEndpointAuthMethod == 'none' && has(self.grantTypes) && 'client_credentials' in self.grantTypes.items)",message="grantTypes: client_credentials needs an application that authenticates: set tokenEndpointAuthMethod to client_secret_post, or remove client_credentials"
// +kubebuilder:validation:XValidation:rule="!(has(self.appType) && self.appType == 'spa' && has(self.grantTypes) && 'client_credentials' in self.grantTypes.items)",message="grantTypes: a single-page application (appType: spa) keeps no secret and cannot use client_credentials; remove it, or create another Auth0Client with appType non_interactive"
// +kubebuilder:validation:XValidation:rule="!(has(self.appType) && self.appType == 'native' && !has(self.tokenEndpointAuthMethod) && !has(self.clientAuthenticationMethods) && has(self.grantTypes) && 'client_credentials' in self.grantTypes.items)",message="grantTypes: a native application without tokenEndpointAuthMethod keeps no secret and cannot use client_credentials; remove it, or create another Auth0Client with appType non_interactive"
type Auth0ClientSpec struct {
	ManagedSpec    `json:",inline"`
	ClientSettings `json:",inline"`

	// clientId takes over an existing application by id, because names are not unique in Auth0. Needs adoptionPolicy
	// `IfUnmanaged`, or managementPolicy `Observe`. Without clientId, `IfUnmanaged` takes over the application with the
	// declared name if there is exactly one. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	ClientID *string `json:"clientId,omitempty"`

	// grantTypes are the OAuth grant types that the application can use. Unset: not managed; Auth0 sets defaults for the
	// application type.
	// +optional
	GrantTypes *ClientGrantTypes `json:"grantTypes,omitempty"`

	// defaultOrganization applies to token requests that do not specify an organization.
	// +optional
	DefaultOrganization *ClientDefaultOrganization `json:"defaultOrganization,omitempty"`

	// clientAuthenticationMethods configures authentication with a private key instead of a client secret. Excludes
	// tokenEndpointAuthMethod.
	// +optional
	ClientAuthenticationMethods *ClientAuthenticationMethods `json:"clientAuthenticationMethods,omitempty"`

	// clientSecret sets your own client secret. Unset: Auth0 generates one.
	// +optional
	ClientSecret *ClientSecret `json:"clientSecret,omitempty"`

	// rotateSecretEvery rotates the client secret at this interval, at least `1h`. The previous secret becomes invalid at
	// once: to avoid the gap, use clientAuthenticationMethods with generate. To request a rotation, set a new value of the
	// annotation auth0-operator.io/rotate-secret. Needs outputSecret. Example: `720h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1h')",message="rotateSecretEvery must be a duration such as 720h, at least 1h"
	// +optional
	RotateSecretEvery *metav1.Duration `json:"rotateSecretEvery,omitempty"`

	// outputSecret is the Secret for the application's credentials. Default keys: `domain`, `clientId` and `clientSecret`,
	// which an Auth0Token can use without changes. A generated key pair has `privateKey`, `keyId` and `signingAlgorithm`
	// instead of `clientSecret`. With `tokenEndpointAuthMethod: client_secret_basic`, that key is added. Values for
	// templates: these, `issuer`, `tokenUrl`, `customDomain`, `canonicalDomain`, `canonicalIssuer` and `canonicalTokenUrl`.
	// `domain`, `issuer` and `tokenUrl` contain the custom domain of the Auth0Tenant after Auth0 has verified it
	// (`customDomain`, otherwise empty). The canonical values always contain the tenant's own domain. If someone deletes or
	// edits the Secret, the operator writes it again, and generates a new private key, because Auth0 does not have it. If
	// you remove outputSecret, the operator stops updating the Secret and deletes it with this object; from an adopted
	// Secret, it removes its keys. An Event reports this. Unset: no Secret.
	// +optional
	OutputSecret *OutputSecret `json:"outputSecret,omitempty"`

	// outputConfigMap is the ConfigMap for the application's public values, for workloads that cannot read Secrets, such as
	// single-page applications. Default keys: `domain` and `clientId`. Values for templates: these, `issuer`, `tokenUrl`,
	// `customDomain`, `canonicalDomain`, `canonicalIssuer` and `canonicalTokenUrl`, as in outputSecret. If you remove
	// outputConfigMap, the operator stops updating the ConfigMap and deletes it with this object; from an adopted ConfigMap,
	// it removes its keys. An Event reports this. Unset: no ConfigMap.
	// +optional
	OutputConfigMap *OutputConfigMap `json:"outputConfigMap,omitempty"`
}

// ClientAuthenticationMethods configure authentication without a client secret. The operator does not manage Auth0's methods
// `tls_client_auth` and `self_signed_tls_client_auth` yet.
// +kubebuilder:validation:ExactlyOneOf=privateKeyJwt
type ClientAuthenticationMethods struct {
	// privateKeyJwt authenticates the application with a signed assertion (Private Key JWT). Auth0 has the public key. Needs
	// an Enterprise plan.
	// +optional
	PrivateKeyJWT *ClientPrivateKeyJWT `json:"privateKeyJwt,omitempty"`
}

// ClientPrivateKeyJWT selects the public keys of an application: your own, or a generated pair.
// +kubebuilder:validation:ExactlyOneOf=credentials;generate
type ClientPrivateKeyJWT struct {
	// credentials are your own public keys. Auth0 allows two at a time: to replace a key without an interruption, add the
	// new one, then remove the old one.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +optional
	Credentials []ClientPublicKey `json:"credentials,omitempty"`

	// generate creates a key pair. The operator writes the private key to outputSecret before it sends the public key to
	// Auth0.
	// +optional
	Generate *ClientKeyPair `json:"generate,omitempty"`
}

// ClientAssertionAlgorithm is the signing algorithm of an application's assertions.
// +kubebuilder:validation:Enum=RS256;RS384;PS256
type ClientAssertionAlgorithm string

// ClientPublicKey is a public key.
// +kubebuilder:validation:ExactlyOneOf=pem;secretRef
// +kubebuilder:validation:XValidation:rule="has(self.alg) == has(oldSelf.alg) && (!has(self.alg) || self.alg == oldSelf.alg)",message="alg is immutable: declare the key under another name and kid, or declare another key"
// +kubebuilder:validation:XValidation:rule="!has(self.kid) || !has(oldSelf.kid) || self.kid != oldSelf.kid || (has(self.pem) == has(oldSelf.pem) && (!has(self.pem) || self.pem == oldSelf.pem))",message="the key of a kid is immutable: use another kid for another key"
// +kubebuilder:validation:XValidation:rule="!has(self.pem) || !self.pem.contains('PRIVATE KEY')",fieldPath=".pem",message="pem is a private key, which is now exposed: create a new key pair, and set pem to its public key or certificate"
// +kubebuilder:validation:XValidation:rule="!has(self.pem) || self.pem.contains('PRIVATE KEY') || self.pem.matches('-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----')",fieldPath=".pem",message="pem must be a public key or certificate in PEM format, starting with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----"
type ClientPublicKey struct {
	// name of the key, for display.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +required
	Name string `json:"name"`

	// pem is the RSA public key, or its X.509 certificate, in PEM format.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="pem must not be blank"
	// +optional
	PEM *string `json:"pem,omitempty"`

	// secretRef refers to the key of a Secret in the same namespace with the public key or certificate in PEM format, such
	// as `tls.crt` of a cert-manager Certificate.
	// +optional
	SecretRef *SecretKeyReference `json:"secretRef,omitempty"`

	// alg is the signing algorithm of the assertions: `RS256` (default), `RS384` or `PS256`.
	// +optional
	Alg ClientAssertionAlgorithm `json:"alg,omitempty"`

	// kid is the key id in the assertions. Default: the thumbprint of the key (RFC 7638).
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="kid must not be blank"
	// +optional
	Kid *string `json:"kid,omitempty"`

	// expiresAt is when Auth0 stops accepting the key. Unset: never.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
}

// ClientKeyPair configures a generated key pair.
// +kubebuilder:validation:XValidation:rule="!has(self.rotateEvery) || !has(self.overlap) || duration(self.overlap) <= duration(self.rotateEvery)",message="overlap must be at most rotateEvery, because an application has two keys at most: lower overlap, or raise rotateEvery"
type ClientKeyPair struct {
	// alg is the signing algorithm of the assertions: `RS256` (default), `RS384` or `PS256`. A change generates a new key
	// pair.
	// +optional
	Alg ClientAssertionAlgorithm `json:"alg,omitempty"`

	// rotateEvery generates a new key pair at this interval, at least `1h`. Unset: only on request, by a new value of the
	// annotation auth0-operator.io/rotate-key. Example: `720h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1h')",message="rotateEvery must be a duration such as 720h, at least 1h"
	// +optional
	RotateEvery *metav1.Duration `json:"rotateEvery,omitempty"`

	// overlap is how long the previous key stays valid after outputSecret has the new one, so that workloads have time to
	// reload it. Default: `1h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="overlap must be a duration such as 1h, between 1m and 720h"
	// +optional
	Overlap *metav1.Duration `json:"overlap,omitempty"`
}

// ClientGrantTypes are the OAuth grant types of an application.
type ClientGrantTypes struct {
	// mode is `Additive` (default: adds items to the grant types in Auth0) or `Exact` (the application has exactly these
	// items).
	// +optional
	Mode ListMode `json:"mode,omitempty"`

	// items are grant types: `authorization_code`, `implicit`, `refresh_token`, `client_credentials`, `password`,
	// `http://auth0.com/oauth/grant-type/password-realm`, `http://auth0.com/oauth/grant-type/mfa-oob`, `…/mfa-otp`,
	// `…/mfa-recovery-code`, `…/passwordless/otp`, `urn:ietf:params:oauth:grant-type:device_code`,
	// `urn:openid:params:grant-type:ciba`, `urn:ietf:params:oauth:grant-type:token-exchange`, and Auth0's others. If you
	// remove an item in mode Additive, the operator removes it in Auth0. If you remove grantTypes in mode Exact, the grant
	// types stay, because Auth0 does not return its defaults.
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:Enum="authorization_code";"implicit";"refresh_token";"client_credentials";"password";"http://auth0.com/oauth/grant-type/password-realm";"http://auth0.com/oauth/grant-type/mfa-oob";"http://auth0.com/oauth/grant-type/mfa-otp";"http://auth0.com/oauth/grant-type/mfa-recovery-code";"http://auth0.com/oauth/grant-type/passwordless/otp";"urn:ietf:params:oauth:grant-type:device_code";"urn:openid:params:grant-type:ciba";"urn:ietf:params:oauth:grant-type:token-exchange";"urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";"urn:okta:params:oauth:grant-type:webauthn";"urn:ietf:params:oauth:grant-type:jwt-bearer";"http://auth0.com/oauth/legacy/grant-type/ro";"http://auth0.com/oauth/legacy/grant-type/ro/jwt-bearer";"http://auth0.com/oauth/legacy/grant-type/delegation/refresh_token";"http://auth0.com/oauth/legacy/grant-type/delegation/id_token";"http://auth0.com/oauth/legacy/grant-type/access_token"
	// +required
	Items []string `json:"items"`
}

// ClientDefaultOrganization is the organization for token requests that do not specify one.
// +kubebuilder:validation:ExactlyOneOf=organizationRef;organizationId
type ClientDefaultOrganization struct {
	// organizationRef refers to an Auth0Organization.
	// +optional
	OrganizationRef *ObjectReference `json:"organizationRef,omitempty" auth0:"weak,link"`

	// organizationId is the id of the organization in Auth0. Example: `org_9ybsU1dN2dKfDkBi`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[^/\\\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != '.' && self != '..'",message="must not be . or .."
	// +optional
	OrganizationID *string `json:"organizationId,omitempty"`

	// flows that use the default. Auth0 supports `client_credentials`.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:Enum=client_credentials
	// +required
	Flows []string `json:"flows"`
}

// ClientSecret selects the source of an application's client secret.
type ClientSecret struct {
	// secretRef refers to the key of a Secret in the same namespace with the client secret. When the value in the Secret
	// changes, it takes effect at once, and the previous client secret becomes invalid.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// ClientSettings are the settings that go to Auth0 as they are.
// +kubebuilder:validation:XValidation:rule="!has(self.refreshToken) || self.refreshToken.rotationType != 'rotating' || self.refreshToken.expirationType == 'expiring'",message="rotationType: rotating needs expirationType: expiring"
type ClientSettings struct {
	// name of the application, as users see it. Names are not unique in Auth0.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="name must not be blank"
	// +kubebuilder:validation:XValidation:rule="!self.contains('<') && !self.contains('>')",message="name must not contain < or >"
	// +required
	Name string `json:"name"`

	// description is free text, at most 140 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=140
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="description must not be blank"
	// +optional
	Description *string `json:"description,omitempty"`

	// appType is the application type: `native`, `spa` (single page), `regular_web`, `non_interactive` (machine to machine),
	// or another type of Auth0. It determines the defaults of other settings when the application is created. It cannot be
	// cleared: if you remove it, the application keeps its type.
	// +kubebuilder:validation:Enum=native;spa;regular_web;non_interactive;resource_server;express_configuration;rms;box;cloudbees;concur;dropbox;mscrm;echosign;egnyte;newrelic;office365;salesforce;sentry;sharepoint;slack;springcm;zendesk;zoom;sso_integration;oag
	// +optional
	AppType *string `json:"appType,omitempty"`

	// logoUri is the URL of the logo that users see; 150 by 150 pixels are recommended.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#:@[:space:]][^[:space:]]*$') && isURL(self)",message="logoUri must be a URL with http:// or https:// and a host, such as https://example.com/logo.png, without spaces"
	// +optional
	LogoURI *string `json:"logoUri,omitempty"`

	// callbacks are the URLs to which Auth0 can redirect users after sign-in: each with its scheme, without spaces and
	// commas. The first label of the host can be a wildcard: `https://*.example.com/callback`. Example:
	// `https://shop.example.com/callback`.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:Pattern=`^[^\t\r\v\f]*$`
	// +kubebuilder:validation:items:XValidation:rule="!self.contains(' ') && !self.contains(',') && !self.contains('\\n') && self.matches('^[a-zA-Z][a-zA-Z0-9+.-]*:[^0-9]')",message="each entry must be one URL with a scheme, such as https://shop.example.com/callback or com.example.shop://callback, without spaces and commas; put each URL into its own entry, and write a comma in a URL as %2C"
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(?i:https?):') ? self.matches('^(?i:https?)://[^/?#:@]') : !(self.lowerAscii().startsWith('javascript:') || self.lowerAscii().startsWith('data:'))",message="http:// and https:// need a host, and javascript: and data: are not allowed; use a URL such as https://shop.example.com/callback"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('*') || self.matches('^http[^*.]*[*][^/*.]*[.][^/*.]+[.][^*]+$')",message="use at most one wildcard, in the first label of a host below your own domain: https://*.example.com/callback"
	// +optional
	Callbacks []string `json:"callbacks,omitzero"`

	// allowedLogoutUrls are the URLs to which Auth0 can redirect users after sign-out. The first is the default. Wildcards
	// are allowed for subdomains.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:Pattern=`^[^\t\r\v\f]*$`
	// +kubebuilder:validation:items:XValidation:rule="!self.contains(' ') && !self.contains(',') && !self.contains('\\n') && self.matches('^[a-zA-Z][a-zA-Z0-9+.-]*:[^0-9]')",message="each entry must be one URL with a scheme, such as https://shop.example.com/callback or com.example.shop://callback, without spaces and commas; put each URL into its own entry, and write a comma in a URL as %2C"
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^(?i:https?):') ? self.matches('^(?i:https?)://[^/?#:@]') : !(self.lowerAscii().startsWith('javascript:') || self.lowerAscii().startsWith('data:'))",message="http:// and https:// need a host, and javascript: and data: are not allowed; use a URL such as https://shop.example.com/callback"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('*') || self.matches('^http[^*.]*[*][^/*.]*[.][^/*.]+[.][^*]+$')",message="use at most one wildcard, in the first label of a host below your own domain: https://*.example.com/callback"
	// +optional
	AllowedLogoutURLs []string `json:"allowedLogoutUrls,omitzero"`

	// allowedOrigins are origins that can call Auth0 from JavaScript (CORS), in addition to those of callbacks.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self == 'file://*' || self.matches('^[a-zA-Z][\\\\w+.-]*://[^/?#:@ ,][^/?#@ ,]*/?$')",message="each entry must be one origin (scheme, host and port) such as https://shop.example.com, without a path, spaces and commas; put each origin into its own entry"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('*') || self == 'file://*' || self.matches('^http[^*.]*[*][^/*.]*[.][^/*.]+[.][^*]+$')",message="use at most one wildcard, in the first label of a host below your own domain: https://*.example.com"
	// +optional
	AllowedOrigins []string `json:"allowedOrigins,omitzero"`

	// webOrigins are origins for cross-origin authentication, the device flow and the web message response mode. Single-page
	// applications need their origin here to renew tokens silently.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self == 'file://*' || self.matches('^[a-zA-Z][\\\\w+.-]*://[^/?#:@ ,][^/?#@ ,]*/?$')",message="each entry must be one origin (scheme, host and port) such as https://shop.example.com, without a path, spaces and commas; put each origin into its own entry"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('*') || self == 'file://*' || self.matches('^http[^*.]*[*][^/*.]*[.][^/*.]+[.][^*]+$')",message="use at most one wildcard, in the first label of a host below your own domain: https://*.example.com"
	// +optional
	WebOrigins []string `json:"webOrigins,omitzero"`

	// initiateLoginUri is the application's own login page, to which Auth0 redirects users who have to start the login
	// again. https only.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^/?#:@*[:space:],][^#*[:space:],]*$')",message="initiateLoginUri must be a URL with https:// and a host, without spaces, commas, wildcards and fragment (#…)"
	// +optional
	InitiateLoginURI *string `json:"initiateLoginUri,omitempty"`

	// allowedClients are ids of applications and APIs that can make delegation requests. Empty: all.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=600
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of allowedClients must not be blank"
	// +optional
	AllowedClients []string `json:"allowedClients,omitzero"`

	// clientAliases are audiences and realms for SAML, for the WS-Federation add-on.
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of clientAliases must not be blank"
	// +optional
	ClientAliases []string `json:"clientAliases,omitzero"`

	// tokenEndpointAuthMethod is how the application authenticates at the token endpoint: `none` (it cannot keep a secret),
	// `client_secret_post` or `client_secret_basic`.
	// +kubebuilder:validation:Enum=none;client_secret_post;client_secret_basic
	// +optional
	TokenEndpointAuthMethod *string `json:"tokenEndpointAuthMethod,omitempty"`

	// isTokenEndpointIpHeaderTrusted makes brute-force protection use the IP address in the header auth0-forwarded-for, for
	// servers that request tokens on behalf of users. Auth0's default: false.
	// +optional
	IsTokenEndpointIPHeaderTrusted *bool `json:"isTokenEndpointIpHeaderTrusted,omitempty"`

	// isFirstParty is true for your own applications. Users must consent to third-party applications. Auth0's default: true.
	// +optional
	IsFirstParty *bool `json:"isFirstParty,omitempty"`

	// oidcConformant enables strict OpenID Connect behavior. Auth0's default for the Management API: false.
	// +optional
	OIDCConformant *bool `json:"oidcConformant,omitempty"`

	// jwtConfiguration configures ID tokens.
	// +optional
	JWTConfiguration *ClientJWTConfiguration `json:"jwtConfiguration,omitempty"`

	// encryptionKey is a public key that encrypts SAML and WS-Federation responses.
	// +optional
	EncryptionKey *ClientEncryptionKey `json:"encryptionKey,omitempty"`

	// refreshToken configures the lifetime and rotation of refresh tokens.
	// +optional
	RefreshToken *ClientRefreshToken `json:"refreshToken,omitempty"`

	// sso makes Auth0 handle single sign-on instead of the identity provider. For SSO integrations only.
	// +optional
	SSO *bool `json:"sso,omitempty"`

	// ssoDisabled disables single sign-on. Auth0's default: false.
	// +optional
	SSODisabled *bool `json:"ssoDisabled,omitempty"`

	// crossOriginAuthentication allows sign-in from the application's own page. Auth0's default: false.
	// +optional
	CrossOriginAuthentication *bool `json:"crossOriginAuthentication,omitempty"`

	// crossOriginLoc is the URL of your page for cross-origin verification.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#:@[:space:]][^[:space:]]*$') && isURL(self)",message="crossOriginLoc must be a URL with http:// or https:// and a host, such as https://example.com/verify, without spaces"
	// +optional
	CrossOriginLoc *string `json:"crossOriginLoc,omitempty"`

	// customLoginPageOn enables customLoginPage in the classic login. Auth0's default: true.
	// +optional
	CustomLoginPageOn *bool `json:"customLoginPageOn,omitempty"`

	// customLoginPage is the HTML of the login page, in the classic login.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="customLoginPage must not be blank"
	// +optional
	CustomLoginPage *string `json:"customLoginPage,omitempty"`

	// customLoginPagePreview is the HTML of the login page in previews.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="customLoginPagePreview must not be blank"
	// +optional
	CustomLoginPagePreview *string `json:"customLoginPagePreview,omitempty"`

	// formTemplate is the HTML form for WS-Federation.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="formTemplate must not be blank"
	// +optional
	FormTemplate *string `json:"formTemplate,omitempty"`

	// addons enables add-ons by Auth0's name, with settings in Auth0's names: for example `samlp: {audience: "urn:shop",
	// signResponse: true}`. `{}` is an add-on without settings. Do not put secrets here: set them in the Auth0 Dashboard. At
	// most 64 KiB.
	// +kubebuilder:validation:MaxProperties=40
	// +optional
	Addons map[string]apiextensionsv1.JSON `json:"addons,omitempty"`

	// clientMetadata are custom values. The operator manages each key on its own, and ignores keys that you do not declare.
	// Auth0 allows 10 keys, of which the operator uses one, and 255 characters in keys and values.
	// +kubebuilder:validation:MaxProperties=9
	// +kubebuilder:validation:XValidation:rule="!('auth0_operator' in self)",message="the key auth0_operator is reserved for the operator: choose another"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() > 0 && key.size() <= 255)",message="keys must have 1 to 255 characters"
	// +optional
	ClientMetadata map[string]ClientMetadataValue `json:"clientMetadata,omitempty"`

	// mobile are the settings of native mobile applications.
	// +optional
	Mobile *ClientMobile `json:"mobile,omitempty"`

	// nativeSocialLogin lets a native application sign in users with tokens of a social provider's SDK.
	// +optional
	NativeSocialLogin *ClientNativeSocialLogin `json:"nativeSocialLogin,omitempty"`

	// fedcmLogin configures Federated Credential Management (FedCM) of browsers.
	// +optional
	FedCMLogin *ClientFedCMLogin `json:"fedcmLogin,omitempty"`

	// organizationUsage selects whether users sign in to an organization: `deny`, `allow` or `require`. Auth0's default:
	// `deny`.
	// +kubebuilder:validation:Enum=deny;allow;require
	// +optional
	OrganizationUsage *string `json:"organizationUsage,omitempty"`

	// organizationRequireBehavior selects how Auth0 determines a required organization: `no_prompt` (the application
	// specifies it), `pre_login_prompt` (Auth0 asks the user first) or `post_login_prompt` (the user chooses after sign-in).
	// +kubebuilder:validation:Enum=no_prompt;pre_login_prompt;post_login_prompt
	// +optional
	OrganizationRequireBehavior *string `json:"organizationRequireBehavior,omitempty"`

	// organizationDiscoveryMethods are what the pre-login prompt asks for: `email`, `organization_name`.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=email;organization_name
	// +optional
	OrganizationDiscoveryMethods []string `json:"organizationDiscoveryMethods,omitempty"`

	// requirePushedAuthorizationRequests requires pushed authorization requests. Auth0's default: false.
	// +optional
	RequirePushedAuthorizationRequests *bool `json:"requirePushedAuthorizationRequests,omitempty"`

	// parRequestExpiry is how many seconds the URI of a pushed authorization request is valid.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=600
	// +optional
	ParRequestExpiry *int64 `json:"parRequestExpiry,omitempty"`

	// requireProofOfPossession requires sender-constrained tokens. Auth0's default: false.
	// +optional
	RequireProofOfPossession *bool `json:"requireProofOfPossession,omitempty"`

	// complianceLevel is the security profile that Auth0 enforces.
	// +kubebuilder:validation:Enum=none;fapi1_adv_pkj_par;fapi1_adv_mtls_par;fapi2_sp_pkj_mtls;fapi2_sp_mtls_mtls
	// +optional
	ComplianceLevel *string `json:"complianceLevel,omitempty"`

	// skipNonVerifiableCallbackUriConfirmationPrompt skips the confirmation before a redirect to a callback with an owner
	// that Auth0 cannot verify, such as `myapp://` or `localhost`. Auth0 recommends false.
	// +optional
	SkipNonVerifiableCallbackURIConfirmationPrompt *bool `json:"skipNonVerifiableCallbackUriConfirmationPrompt,omitempty"`

	// oidcLogout configures back-channel logout: Auth0 notifies the application when a session ends.
	// +optional
	OIDCLogout *ClientOIDCLogout `json:"oidcLogout,omitempty"`

	// sessionTransfer configures web sessions that start from a token of a native application.
	// +optional
	SessionTransfer *ClientSessionTransfer `json:"sessionTransfer,omitempty"`

	// tokenExchange allows the application to exchange tokens.
	// +optional
	TokenExchange *ClientTokenExchange `json:"tokenExchange,omitempty"`

	// tokenQuota limits the number of tokens for the application.
	// +optional
	TokenQuota *ClientTokenQuota `json:"tokenQuota,omitempty"`

	// resourceServerIdentifier is the API that the application represents, with appType `resource_server`. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="resourceServerIdentifier must not contain spaces or line breaks"
	// +optional
	ResourceServerIdentifier *string `json:"resourceServerIdentifier,omitempty" auth0:"names=Auth0ResourceServer"`

	// thirdPartySecurityMode is the security mode of a third-party application: `strict` or `permissive`. It cannot be cleared:
	// if you remove it, the application keeps its mode.
	// +kubebuilder:validation:Enum=strict;permissive
	// +optional
	ThirdPartySecurityMode *string `json:"thirdPartySecurityMode,omitempty"`

	// redirectionPolicy selects whether Auth0 always redirects users of a third-party application, or protects them against
	// open redirects: `allow_always` or `open_redirect_protection`. It cannot be cleared: if you remove it, the application keeps
	// its policy.
	// +kubebuilder:validation:Enum=allow_always;open_redirect_protection
	// +optional
	RedirectionPolicy *string `json:"redirectionPolicy,omitempty"`

	// expressConfiguration is for applications in the Okta Integration Network, with appType `express_configuration`.
	// +optional
	ExpressConfiguration *ClientExpressConfiguration `json:"expressConfiguration,omitempty"`

	// myOrganizationConfiguration limits what the My Organization API allows through the application.
	// +optional
	MyOrganizationConfiguration *ClientMyOrganizationConfiguration `json:"myOrganizationConfiguration,omitempty"`

	// asyncApprovalNotificationChannels are the channels for approval requests (CIBA): `guardian-push`, `email`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=guardian-push;email
	// +optional
	AsyncApprovalNotificationChannels []string `json:"asyncApprovalNotificationChannels,omitzero"`
}

// ClientMetadataValue is a value of clientMetadata.
// +kubebuilder:validation:MaxLength=255
type ClientMetadataValue string

// ClientJWTConfiguration configures ID tokens.
type ClientJWTConfiguration struct {
	// alg is the signing algorithm of ID tokens: `RS256`, `RS512`, `PS256`, or `HS256` with the client secret. Auth0's
	// default for OIDC-conformant applications in the dashboard: `RS256`.
	// +kubebuilder:validation:Enum=HS256;RS256;RS512;PS256
	// +optional
	Alg *string `json:"alg,omitempty"`

	// lifetimeInSeconds is how long ID tokens are valid. Auth0's default: 36000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	// +optional
	LifetimeInSeconds *int64 `json:"lifetimeInSeconds,omitempty"`

	// secretEncoded is true if the client secret is base64-encoded, for legacy applications. Auth0's default: false.
	// +optional
	SecretEncoded *bool `json:"secretEncoded,omitempty"`

	// scopes are settings of legacy scopes, in Auth0's own form. At most 64 KiB.
	// +kubebuilder:validation:MaxProperties=100
	// +optional
	Scopes map[string]apiextensionsv1.JSON `json:"scopes,omitempty"`
}

// ClientEncryptionKey is a public key.
// +kubebuilder:validation:XValidation:rule="has(self.pub) || has(self.cert)",message="set both pub (the public key) and cert (its certificate)"
// +kubebuilder:validation:XValidation:rule="!has(self.pub) || !self.pub.contains('PRIVATE KEY')",fieldPath=".pub",message="pub is a private key, which is now exposed: create a new key pair, and set pub to its public key"
// +kubebuilder:validation:XValidation:rule="!has(self.pub) || self.pub.contains('PRIVATE KEY') || self.pub.matches('-----BEGIN (RSA )?PUBLIC KEY-----')",fieldPath=".pub",message="pub must be a public key in PEM format, starting with -----BEGIN PUBLIC KEY-----; set cert to the certificate"
// +kubebuilder:validation:XValidation:rule="!has(self.cert) || !self.cert.contains('PRIVATE KEY')",fieldPath=".cert",message="cert contains a private key, which is now exposed: create a new key pair, and set cert to its certificate"
// +kubebuilder:validation:XValidation:rule="!has(self.cert) || self.cert.contains('PRIVATE KEY') || self.cert.contains('-----BEGIN CERTIFICATE-----')",fieldPath=".cert",message="cert must be a certificate in PEM format, starting with -----BEGIN CERTIFICATE-----; set pub to the public key"
type ClientEncryptionKey struct {
	// pub is the RSA public key in PEM format.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="pub must not be blank"
	// +optional
	Pub *string `json:"pub,omitempty"`

	// cert is its X.509 certificate in PEM format.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="cert must not be blank"
	// +optional
	Cert *string `json:"cert,omitempty"`

	// subject of the certificate. Example: `/CN=example.com`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="subject must not be blank"
	// +optional
	Subject *string `json:"subject,omitempty"`
}

// ClientRefreshToken configures the lifetime and rotation of refresh tokens.
// +kubebuilder:validation:XValidation:rule="!has(self.tokenLifetime) || !has(self.idleTokenLifetime) || (has(self.infiniteTokenLifetime) && self.infiniteTokenLifetime) || (has(self.infiniteIdleTokenLifetime) && self.infiniteIdleTokenLifetime) || self.idleTokenLifetime <= self.tokenLifetime",message="idleTokenLifetime must be at most tokenLifetime: lower idleTokenLifetime, or raise tokenLifetime"
type ClientRefreshToken struct {
	// rotationType is `rotating` (each use returns a new refresh token) or `non-rotating`.
	// +kubebuilder:validation:Enum=rotating;non-rotating
	// +required
	RotationType string `json:"rotationType"`

	// expirationType is `expiring` or `non-expiring`. Rotating tokens must be expiring.
	// +kubebuilder:validation:Enum=expiring;non-expiring
	// +required
	ExpirationType string `json:"expirationType"`

	// leeway is how many seconds the previous refresh token stays valid. Auth0's default: 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=60
	// +optional
	Leeway *int64 `json:"leeway,omitempty"`

	// tokenLifetime is how many seconds refresh tokens are valid. Rotation does not extend it. Auth0's default: 2592000 (30
	// days).
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31557600
	// +optional
	TokenLifetime *int64 `json:"tokenLifetime,omitempty"`

	// infiniteTokenLifetime makes refresh tokens never expire (overrides tokenLifetime).
	// +optional
	InfiniteTokenLifetime *bool `json:"infiniteTokenLifetime,omitempty"`

	// idleTokenLifetime is after how many seconds without use refresh tokens expire. Auth0's default: 1296000 (15 days).
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31557600
	// +optional
	IdleTokenLifetime *int64 `json:"idleTokenLifetime,omitempty"`

	// infiniteIdleTokenLifetime makes refresh tokens not expire through inactivity.
	// +optional
	InfiniteIdleTokenLifetime *bool `json:"infiniteIdleTokenLifetime,omitempty"`

	// policies are other APIs for which the application can exchange a refresh token.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Policies []ClientRefreshTokenPolicy `json:"policies,omitzero"`
}

// ClientRefreshTokenPolicy is an API for which the application can exchange a refresh token.
type ClientRefreshTokenPolicy struct {
	// audience is the identifier of the API.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=600
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\s\\\\p{Z}]')",message="audience must not contain spaces or line breaks"
	// +required
	Audience string `json:"audience" auth0:"names=Auth0ResourceServer"`

	// scope lists the permissions of the API.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=280
	// +kubebuilder:validation:items:Pattern=`^[^\s]+$`
	// +required
	Scope []string `json:"scope"`
}

// ClientMobile are the settings of native mobile applications.
type ClientMobile struct {
	// android is the application on Android.
	// +optional
	Android *ClientMobileAndroid `json:"android,omitempty"`

	// ios is the application on iOS.
	// +optional
	IOS *ClientMobileIOS `json:"ios,omitempty"`
}

// ClientMobileAndroid is an application on Android.
type ClientMobileAndroid struct {
	// appPackageName is the package name in AndroidManifest.xml.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="appPackageName must not be blank"
	// +optional
	AppPackageName *string `json:"appPackageName,omitempty"`

	// sha256CertFingerprints are the fingerprints of the signing certificates, such as of debug and production builds.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="entries of sha256CertFingerprints must not be blank"
	// +optional
	SHA256CertFingerprints []string `json:"sha256CertFingerprints,omitempty"`
}

// ClientMobileIOS is an application on iOS.
type ClientMobileIOS struct {
	// teamId is the Apple team ID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="teamId must not be blank"
	// +optional
	TeamID *string `json:"teamId,omitempty"`

	// appBundleIdentifier is the application's name in the store. Example: `com.example.shop`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="appBundleIdentifier must not be blank"
	// +optional
	AppBundleIdentifier *string `json:"appBundleIdentifier,omitempty"`
}

// ClientNativeSocialLogin lets a native application sign in users with tokens of a social provider's SDK.
type ClientNativeSocialLogin struct {
	// apple configures Sign in with Apple.
	// +optional
	Apple *ClientNativeSocialLoginProvider `json:"apple,omitempty"`

	// facebook configures Facebook.
	// +optional
	Facebook *ClientNativeSocialLoginProvider `json:"facebook,omitempty"`

	// google configures Google.
	// +optional
	Google *ClientNativeSocialLoginProvider `json:"google,omitempty"`
}

// ClientNativeSocialLoginProvider enables a provider.
type ClientNativeSocialLoginProvider struct {
	// enabled enables the provider.
	// +required
	Enabled bool `json:"enabled"`
}

// ClientFedCMLogin configures Federated Credential Management (FedCM) of browsers.
type ClientFedCMLogin struct {
	// google configures Google.
	// +required
	Google ClientFedCMLoginGoogle `json:"google"`
}

// ClientFedCMLoginGoogle configures Google's prompt.
type ClientFedCMLoginGoogle struct {
	// isEnabled shows Google's prompt on the login page.
	// +required
	IsEnabled bool `json:"isEnabled"`
}

// ClientOIDCLogout configures back-channel logout.
type ClientOIDCLogout struct {
	// backchannelLogoutUrls are the URLs that Auth0 calls when a session ends. Auth0 allows one.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^https?://[^/?#:@*[:space:],][^*[:space:],]*$')",message="each of backchannelLogoutUrls must be a URL such as https://shop.example.com/logout, without spaces, commas and wildcards"
	// +optional
	BackchannelLogoutURLs []string `json:"backchannelLogoutUrls,omitzero"`

	// backchannelLogoutInitiators selects which events trigger a back-channel logout.
	// +optional
	BackchannelLogoutInitiators *ClientLogoutInitiators `json:"backchannelLogoutInitiators,omitempty"`

	// backchannelLogoutSessionMetadata configures session metadata in the logout token.
	// +optional
	BackchannelLogoutSessionMetadata *ClientLogoutSessionMetadata `json:"backchannelLogoutSessionMetadata,omitempty"`
}

// ClientLogoutInitiators selects which events trigger a back-channel logout.
// +kubebuilder:validation:XValidation:rule="self.mode == 'custom' || !has(self.selectedInitiators)",message="selectedInitiators needs mode: custom"
type ClientLogoutInitiators struct {
	// mode is `all`, or `custom` with selectedInitiators.
	// +kubebuilder:validation:Enum=custom;all
	// +required
	Mode string `json:"mode"`

	// selectedInitiators are the events. Only with mode `custom`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=9
	// +kubebuilder:validation:items:Enum=rp-logout;idp-logout;password-changed;session-expired;session-revoked;account-deleted;email-identifier-changed;mfa-phone-unenrolled;account-deactivated
	// +optional
	SelectedInitiators []string `json:"selectedInitiators,omitempty"`
}

// ClientLogoutSessionMetadata configures session metadata in the logout token.
type ClientLogoutSessionMetadata struct {
	// include adds session metadata to the logout token.
	// +required
	Include bool `json:"include"`
}

// ClientSessionTransfer configures web sessions that start from a token of a native application.
type ClientSessionTransfer struct {
	// canCreateSessionTransferToken allows a native application to get session transfer tokens. Auth0's default: false.
	// +optional
	CanCreateSessionTransferToken *bool `json:"canCreateSessionTransferToken,omitempty"`

	// enforceCascadeRevocation ends the sessions of a session transfer token when its refresh token is revoked. For native
	// applications.
	// +optional
	EnforceCascadeRevocation *bool `json:"enforceCascadeRevocation,omitempty"`

	// allowedAuthenticationMethods are how a web application accepts a session transfer token: `cookie`, `query`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=cookie;query
	// +optional
	AllowedAuthenticationMethods []string `json:"allowedAuthenticationMethods,omitzero"`

	// enforceDeviceBinding requires the same device, identified by IP (`ip`) or network (`asn`). `none` turns the check off.
	// +kubebuilder:validation:Enum=ip;asn;none
	// +optional
	EnforceDeviceBinding *string `json:"enforceDeviceBinding,omitempty"`

	// allowRefreshToken allows a web application to get refresh tokens in such a session. Auth0's default: false.
	// +optional
	AllowRefreshToken *bool `json:"allowRefreshToken,omitempty"`

	// enforceOnlineRefreshTokens makes these refresh tokens end with the session. For web applications.
	// +optional
	EnforceOnlineRefreshTokens *bool `json:"enforceOnlineRefreshTokens,omitempty"`

	// delegation configures access on behalf of another user.
	// +optional
	Delegation *ClientSessionTransferDelegation `json:"delegation,omitempty"`
}

// ClientSessionTransferDelegation configures access on behalf of another user.
type ClientSessionTransferDelegation struct {
	// allowDelegatedAccess allows access on behalf of another user. Auth0's default: false.
	// +optional
	AllowDelegatedAccess *bool `json:"allowDelegatedAccess,omitempty"`

	// enforceDeviceBinding requires the same device, identified by IP (`ip`).
	// +kubebuilder:validation:Enum=ip
	// +optional
	EnforceDeviceBinding *string `json:"enforceDeviceBinding,omitempty"`
}

// ClientTokenExchange allows the application to exchange tokens.
type ClientTokenExchange struct {
	// allowAnyProfileOfType are the allowed types of token exchange: `custom_authentication`, `on_behalf_of_token_exchange`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=custom_authentication;on_behalf_of_token_exchange
	// +required
	AllowAnyProfileOfType []string `json:"allowAnyProfileOfType"`
}

// ClientTokenQuota limits the number of tokens for the application.
type ClientTokenQuota struct {
	// clientCredentials limits tokens for the application itself.
	// +required
	ClientCredentials ClientTokenQuotaLimits `json:"clientCredentials"`
}

// ClientTokenQuotaLimits are limits on the number of tokens.
// +kubebuilder:validation:MinProperties=1
type ClientTokenQuotaLimits struct {
	// enforce makes Auth0 refuse tokens beyond the quota. Otherwise Auth0 only logs them.
	// +optional
	Enforce *bool `json:"enforce,omitempty"`

	// perDay is the maximum number of tokens per day.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	PerDay *int64 `json:"perDay,omitempty"`

	// perHour is the maximum number of tokens per hour.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	PerHour *int64 `json:"perHour,omitempty"`
}

// ClientExpressConfiguration is for applications in the Okta Integration Network.
type ClientExpressConfiguration struct {
	// initiateLoginUriTemplate is the URI that users bookmark. It can contain organization_name, organization_id and
	// connection_name in braces.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="initiateLoginUriTemplate must not be blank"
	// +required
	InitiateLoginURITemplate string `json:"initiateLoginUriTemplate"`

	// userAttributeProfileId is the id of the user attribute profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="userAttributeProfileId must not be blank"
	// +required
	UserAttributeProfileID string `json:"userAttributeProfileId"`

	// connectionProfileId is the id of the connection profile.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="connectionProfileId must not be blank"
	// +required
	ConnectionProfileID string `json:"connectionProfileId"`

	// enableClient enables the connections for the application.
	// +required
	EnableClient bool `json:"enableClient"`

	// enableOrganization enables the organization for these connections.
	// +required
	EnableOrganization bool `json:"enableOrganization"`

	// linkedClients are related applications, such as web and mobile applications.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +optional
	LinkedClients []ClientLinkedClient `json:"linkedClients,omitzero"`

	// oktaOinClientId is the id of Okta's own application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="oktaOinClientId must not be blank"
	// +required
	OktaOINClientID string `json:"oktaOinClientId"`

	// adminLoginDomain is the domain where administrators sign in: the tenant's domain or a custom domain.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="adminLoginDomain must not be blank"
	// +required
	AdminLoginDomain string `json:"adminLoginDomain"`

	// oinSubmissionId is the id of the application in the Okta Integration Network.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="oinSubmissionId must not be blank"
	// +optional
	OINSubmissionID *string `json:"oinSubmissionId,omitempty"`
}

// ClientLinkedClient is a related application.
// +kubebuilder:validation:ExactlyOneOf=clientRef;clientId
type ClientLinkedClient struct {
	// clientRef refers to an Auth0Client of the same tenant. The application is linked when it exists in Auth0.
	// +optional
	ClientRef *ObjectReference `json:"clientRef,omitempty" auth0:"weak,link"`

	// clientId of an application that no Kubernetes object declares.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="clientId must not be blank"
	// +optional
	ClientID *string `json:"clientId,omitempty"`
}

// ClientMyOrganizationConfiguration limits what the My Organization API allows through the application.
type ClientMyOrganizationConfiguration struct {
	// connectionProfileId is the id of the connection profile that connections must use.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="connectionProfileId must not be blank"
	// +optional
	ConnectionProfileID *string `json:"connectionProfileId,omitempty"`

	// userAttributeProfileId is the id of the user attribute profile that connections must use.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="userAttributeProfileId must not be blank"
	// +optional
	UserAttributeProfileID *string `json:"userAttributeProfileId,omitempty"`

	// allowedStrategies are the strategies of connections that organizations can create.
	// +listType=set
	// +kubebuilder:validation:MaxItems=7
	// +kubebuilder:validation:items:Enum=pingfederate;adfs;waad;google-apps;okta;oidc;samlp
	// +required
	AllowedStrategies []string `json:"allowedStrategies"`

	// connectionDeletionBehavior selects the connections that organizations can delete: `allow` (all) or `allow_if_empty`.
	// +kubebuilder:validation:Enum=allow;allow_if_empty
	// +required
	ConnectionDeletionBehavior string `json:"connectionDeletionBehavior"`

	// invitationLandingClientId is the client ID of the application that invitations open.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="invitationLandingClientId must not be blank"
	// +optional
	InvitationLandingClientID *string `json:"invitationLandingClientId,omitempty"`
}

// Auth0ClientStatus describes the application in Auth0.
type Auth0ClientStatus struct {
	ManagedStatus `json:",inline"`

	// clientId is the application's id in Auth0.
	// +optional
	ClientID string `json:"clientId,omitempty"`

	// name of the application in Auth0.
	// +optional
	Name string `json:"name,omitempty"`

	// secretRotation records rotations of the client secret.
	// +optional
	SecretRotation *ClientSecretRotation `json:"secretRotation,omitempty"`

	// credentials are the public keys that the operator added for this object.
	// +listType=map
	// +listMapKey=kid
	// +optional
	Credentials []ClientCredential `json:"credentials,omitempty"`

	// keyPair describes the generated key pair.
	// +optional
	KeyPair *ClientKeyPairStatus `json:"keyPair,omitempty"`

	// addedGrantTypes are the grant types that spec.grantTypes added to those of the application.
	// +listType=set
	// +optional
	AddedGrantTypes []string `json:"addedGrantTypes,omitempty"`
}

// ClientSecretRotation records rotations of a client secret.
type ClientSecretRotation struct {
	// rotatedAt is when the client secret was created, if the operator knows it.
	// +optional
	RotatedAt *metav1.Time `json:"rotatedAt,omitempty"`

	// lastHandledRequest is the last value of the annotation auth0-operator.io/rotate-secret that the operator handled.
	// +optional
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// replacing is a keyed hash of the client secret during its rotation. Internal; removed afterwards.
	// +optional
	Replacing string `json:"replacing,omitempty"`
}

// ClientCredential is a public key of an application.
type ClientCredential struct {
	// kid is the key id.
	// +required
	Kid string `json:"kid"`
	// id of the credential in Auth0.
	// +required
	ID string `json:"id"`
	// name of the key.
	// +optional
	Name string `json:"name,omitempty"`
	// expiresAt is when Auth0 stops accepting it.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
}

// ClientKeyPairStatus describes a generated key pair.
type ClientKeyPairStatus struct {
	// keyId of the key in outputSecret.
	// +required
	KeyID string `json:"keyId"`
	// madeAt is when the operator generated the key pair.
	// +required
	MadeAt metav1.Time `json:"madeAt"`
	// retiringKeyId is the previous key, which is valid until retiresAt.
	// +optional
	RetiringKeyID string `json:"retiringKeyId,omitempty"`
	// retiresAt is when the previous key becomes invalid.
	// +optional
	RetiresAt *metav1.Time `json:"retiresAt,omitempty"`
}
