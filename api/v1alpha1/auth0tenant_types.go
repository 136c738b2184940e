package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CredentialsSecretType is the type of a Secret with the credentials of an Auth0Tenant. The operator writes no Secret of this type.
const CredentialsSecretType = "auth0-operator.io/credentials"

// Auth0Tenant connects the operator to an Auth0 tenant, with the credentials to call it. All other objects refer to one in
// spec.tenantRef.
// +kubebuilder:resource:shortName=a0tenant
// +kubebuilder:printcolumn:name="Domain",type=string,JSONPath=`.status.domain`
// +kubebuilder:printcolumn:name="ID",type=string,priority=1,JSONPath=`.status.clientId`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.metadata.name`

// Auth0TenantSpec declares how to connect to an Auth0 tenant, and who can use it.
type Auth0TenantSpec struct {
	// credentialsSecretRef refers to a Secret of type `auth0-operator.io/credentials` in the namespace of this object. The
	// operator accepts no other type, because specs control the content of output Secrets of other types. Keys: `domain`
	// (for example `example.eu.auth0.com`, never a custom domain), `clientId` and `clientSecret` of a machine-to-machine
	// application that is authorized for the Management API. For Private Key JWT, set `privateKey` (an RSA key in PEM
	// format) instead of `clientSecret`, and `signingAlgorithm` to the algorithm of the credential in Auth0: `RS256`
	// (default), `RS384` or `PS256`. `tokenEndpointAuthMethod` selects how to send the secret: `client_secret_post`
	// (default) or `client_secret_basic`. A change to the Secret takes effect at once.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// caBundle refers to a ConfigMap or Secret with the certificate authority of the tenant's domain, in PEM format. It
	// cannot be the output Secret of another object. Set it only if the domain has a private certificate, for example with
	// auth0-simulator. Default: the system's certificate authorities.
	// +optional
	CABundle *CABundleReference `json:"caBundle,omitempty"`

	// customDomain is the custom domain of the tenant that the operator uses for sign-ups and sign-ins. It must be a
	// verified custom domain of the tenant. To check this, the operator needs the scope read:custom_domains. Default: the
	// domain in the Secret. Example: `login.example.com`.
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*(:[0-9]{1,5})?$')",message="customDomain must be a host name such as login.example.com (no https://, no path)"
	// +optional
	CustomDomain *string `json:"customDomain,omitempty"`

	// allowedNamespaces selects the namespaces whose objects can refer to this tenant. Default: `{from: Same}`.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// delegations define what objects in other namespaces can do. The rules that match an object's namespace and kind add
	// up. In a namespace that no rule matches, objects of all kinds are allowed, but they cannot grant access to the
	// tenant's Management API, and cannot adopt. Objects in the tenant's own namespace have no restrictions. Example:
	// `[{namespaces: {from: All}, kinds: [Auth0User, Auth0Token]}]`.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Delegations []Delegation `json:"delegations,omitempty"`

	// deletionProtection limits how many of this tenant's objects can be deleted at a time. If more are being deleted, the
	// operator deletes none of them in Auth0, and they report `DeletionHeld`, until you set the annotation
	// `auth0-operator.io/confirm-deletion` on this object. Objects that are deleted with their namespace are not held and do
	// not count. Default: no limit. Example: `{maxObjects: 20, maxPercent: 10}`.
	// +optional
	DeletionProtection *DeletionProtection `json:"deletionProtection,omitempty"`

	// rateLimit limits how much of Auth0's rate limit the operator uses. The operator detects the rate limit from Auth0's
	// responses. Default: 90 percent of each limit.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// resyncInterval is the time within which the operator compares every object of this tenant with Auth0 again, at least
	// `1m`. It spreads the calls over this time. Default: `24h` if the operator watches changes (see watch), otherwise `1h`.
	// Example: `30m`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m')",message="resyncInterval must be a duration such as 30m, at least 1m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('168h')",message="resyncInterval must be at most 168h"
	// +optional
	ResyncInterval *metav1.Duration `json:"resyncInterval,omitempty"`

	// userImport selects how the operator creates many users. With `Auto` (default), the operator uses Auth0's bulk import
	// when 200 or more users are waiting (needs the scope read:connections). With `Never`, it creates each user with its own
	// call. The result is the same.
	// +optional
	UserImport UserImportPolicy `json:"userImport,omitempty"`

	// watch selects how the operator detects changes made outside Kubernetes. `Auto` (default) listens to the Events API if
	// the application has the scope read:events, and polls the tenant's log every 30 seconds if it has read:logs. The events
	// cover users, organizations and connections only. `Events` and `Log` use one of the two. `None` uses neither: the
	// operator then detects changes within resyncInterval. status.watch shows what is in effect.
	// +optional
	Watch WatchPolicy `json:"watch,omitempty"`

	// suspend stops all work on this tenant and on every object that refers to it, while true. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// DeletionProtection limits how many objects of a tenant can be deleted in Auth0 without confirmation.
// +kubebuilder:validation:XValidation:rule="has(self.maxObjects) || has(self.maxPercent)",message="set maxObjects, maxPercent or both"
type DeletionProtection struct {
	// maxObjects is the maximum number of the tenant's objects that can be deleted within the window. Default: no maximum.
	// Example: 20.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	MaxObjects *int32 `json:"maxObjects,omitempty"`

	// maxPercent is the maximum percentage of the tenant's objects that can be deleted within the window, but at least one
	// object. If maxObjects is also set, the smaller of the two applies. Default: no maximum. Example: 10.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	MaxPercent *int32 `json:"maxPercent,omitempty"`

	// window is the time within which deletions are counted together, at least `1m`. Default: `10m`. Example: `1h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="window must be a duration such as 10m, at least 1m and at most 168h"
	// +optional
	Window *metav1.Duration `json:"window,omitempty"`
}

// DeletionCount counts the objects that the operator deleted within a window of spec.deletionProtection.
type DeletionCount struct {
	// since is the start of the window. Example: `2026-03-01T14:05:00Z`.
	// +required
	Since metav1.Time `json:"since"`
	// count is the number of deleted objects. Example: 3.
	// +required
	Count int32 `json:"count"`
}

// UserImportPolicy selects how the operator creates many users.
// +kubebuilder:validation:Enum=Auto;Never
type UserImportPolicy string

const (
	// UserImportPolicyAuto uses import jobs when many users wait.
	UserImportPolicyAuto UserImportPolicy = "Auto"
	// UserImportPolicyNever creates users one by one.
	UserImportPolicyNever UserImportPolicy = "Never"
)

// CABundleReference refers to a key of a ConfigMap or Secret with certificates.
type CABundleReference struct {
	// kind of the object with the certificates, in the same namespace: `ConfigMap` or `Secret`.
	// +kubebuilder:validation:Enum=ConfigMap;Secret
	// +required
	Kind string `json:"kind"`

	// name of the ConfigMap or Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// key of the certificates. Default: `ca.crt`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Key string `json:"key,omitempty"`
}

// WatchPolicy selects how the operator detects changes made outside Kubernetes.
// +kubebuilder:validation:Enum=Auto;Events;Log;None
type WatchPolicy string

const (
	// WatchPolicyAuto uses what the scopes of the application allow.
	WatchPolicyAuto WatchPolicy = "Auto"
	// WatchPolicyEvents listens to the Events API only.
	WatchPolicyEvents WatchPolicy = "Events"
	// WatchPolicyLog polls the tenant's log only.
	WatchPolicyLog WatchPolicy = "Log"
	// WatchPolicyNone uses neither.
	WatchPolicyNone WatchPolicy = "None"
)

// RateLimit limits how much of the tenant's rate limit the operator uses.
// +kubebuilder:validation:XValidation:rule="!has(self.burst) || has(self.requestsPerSecond)",message="burst needs requestsPerSecond"
type RateLimit struct {
	// requestsPerSecond is the maximum number of calls per second, on average. Default: the limit of Auth0. Example: 5.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// burst is the maximum number of calls at once. Default: requestsPerSecond.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Burst int32 `json:"burst,omitempty"`

	// headroomPercent is the percentage of each of Auth0's limits that the operator leaves to other clients, such as your
	// own services. Default: 10. Example: 50.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=90
	// +optional
	HeadroomPercent *int32 `json:"headroomPercent,omitempty"`
}

// Auth0TenantStatus reports the state of the tenant.
type Auth0TenantStatus struct {
	CommonStatus `json:",inline"`

	// unavailableSince is when the tenant stopped responding, or started to respond with server errors (5xx). The operator
	// then calls it every 10 seconds, and resumes when it responds. Empty while the tenant is available. Example:
	// `2026-03-01T14:05:00Z`.
	// +optional
	UnavailableSince *metav1.Time `json:"unavailableSince,omitempty"`

	// domain of the tenant, from the credentials Secret.
	// +optional
	Domain string `json:"domain,omitempty"`

	// customDomain that the operator uses for sign-ups and sign-ins, after it has verified that the domain belongs to the
	// tenant.
	// +optional
	CustomDomain string `json:"customDomain,omitempty"`

	// clientId of the operator's application, from the credentials Secret.
	// +optional
	ClientID string `json:"clientId,omitempty"`

	// scopes of the Management API token.
	// +listType=atomic
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// missingScopes lists, per kind, the scopes that the kind needs and the token does not have.
	// +listType=map
	// +listMapKey=kind
	// +optional
	MissingScopes []MissingScopes `json:"missingScopes,omitempty"`

	// imports lists the running import jobs, and those whose result has not reached all their users.
	// +listType=map
	// +listMapKey=batch
	// +optional
	Imports []ImportStatus `json:"imports,omitempty"`

	// deletions counts the deletions in the latest window of spec.deletionProtection. Empty if there were none.
	// +optional
	Deletions *DeletionCount `json:"deletions,omitempty"`

	// callBudget shows how the operator uses the tenant's rate limit.
	// +optional
	CallBudget *CallBudget `json:"callBudget,omitempty"`

	// watch shows how the operator detects changes made outside Kubernetes.
	// +optional
	Watch *WatchStatus `json:"watch,omitempty"`

	// issuedTokens counts the client credentials tokens that the tenant's existing Auth0Tokens got this month. Tokens for
	// your own APIs count against the tenant's monthly quota.
	// +optional
	IssuedTokens *IssuedTokens `json:"issuedTokens,omitempty"`

	// guarded lists the Secrets and ConfigMaps that the operator protects from deletion while the tenant needs them, as
	// `Secret/name`.
	// +listType=set
	// +optional
	Guarded []string `json:"guarded,omitempty"`
}

// ImportStatus describes an import job.
type ImportStatus struct {
	// batch is the batch of users that the job creates, as in status.importing of the Auth0Users.
	// +required
	Batch string `json:"batch"`

	// job is the id of the job in Auth0.
	// +required
	Job string `json:"job"`

	// startedAt is when the job started. Auth0 keeps a job for a day.
	// +required
	StartedAt metav1.Time `json:"startedAt"`
}

// CallBudget shows how the operator uses the tenant's rate limit. The values are approximate, so that they change rarely.
// The metrics are exact.
type CallBudget struct {
	// plan is the Auth0 plan that the rate limits indicate: `Free`, `Essentials or Professional`, `Enterprise`, or
	// `Enterprise, not for production`. Empty while it is unknown.
	// +optional
	Plan string `json:"plan,omitempty"`

	// waiting is the approximate number of objects and calls that wait for the rate limit, rounded down to a power of ten.
	// +optional
	Waiting int32 `json:"waiting,omitempty"`
}

// WatchStatus shows how the operator detects changes made outside Kubernetes.
type WatchStatus struct {
	// by is the mode: `EventsAndLog`, `Events`, `Log` or `None`.
	// +required
	By WatchedBy `json:"by"`

	// message explains what prevents faster detection, and what to do.
	// +optional
	Message string `json:"message,omitempty"`

	// log is the id of an entry in the tenant's log up to which the operator has handled changes. Updated occasionally.
	// +optional
	Log string `json:"log,omitempty"`

	// events is an offset of the Events API up to which the operator has handled changes. Updated occasionally.
	// +optional
	Events string `json:"events,omitempty"`
}

// WatchedBy is how the operator detects changes.
type WatchedBy string

const (
	// WatchedByEventsAndLog detects changes to users, organizations and connections at once, all others within 30 seconds.
	WatchedByEventsAndLog WatchedBy = "EventsAndLog"
	// WatchedByEvents detects changes to users, organizations and connections at once.
	WatchedByEvents WatchedBy = "Events"
	// WatchedByLog detects changes within 30 seconds.
	WatchedByLog WatchedBy = "Log"
	// WatchedByNone detects changes within spec.resyncInterval.
	WatchedByNone WatchedBy = "None"
)

// MissingScopes lists scopes that a kind needs and the token does not have.
type MissingScopes struct {
	// kind that needs the scopes.
	// +required
	Kind string `json:"kind"`
	// scopes to grant to the operator's application.
	// +listType=set
	// +required
	Scopes []string `json:"scopes"`
}
