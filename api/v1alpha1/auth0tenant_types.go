package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CredentialsSecretType is the type of a Secret with the credentials of an Auth0Tenant. The operator writes no Secret of this type.
const CredentialsSecretType = "auth0-operator.io/credentials"

// Auth0TenantSpec declares how to reach an Auth0 tenant and who may use it.
type Auth0TenantSpec struct {
	// credentialsSecretRef names a Secret of type `auth0-operator.io/credentials` in the namespace of this object. No other type is
	// accepted: the operator writes output Secrets of other types, and their specs choose what is in them. Its keys are `domain` (for example
	// `example.eu.auth0.com`, never a custom domain), `clientId` and `clientSecret` of a machine-to-machine application
	// that is authorised for the Management API. In the place of `clientSecret`, `privateKey` holds an RSA key in PEM form,
	// for an application that proves itself by Private Key JWT, and `signingAlgorithm` the one of the credential in Auth0:
	// `RS256` (default), `RS384` or `PS256`. `tokenEndpointAuthMethod` says how the secret is sent: `client_secret_post`
	// (default) or `client_secret_basic`. A change of the Secret takes effect at once.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// caBundle names a ConfigMap or Secret with the certificate authority of the tenant's domain, as PEM; not an output Secret of
	// another object. Needed only
	// where the domain is served with a private certificate, such as by auth0-simulator. Default: the system's authorities.
	// +optional
	CABundle *CABundleReference `json:"caBundle,omitempty"`

	// customDomain is the tenant's own domain name, to which sign-ups and sign-ins go. It must be among the verified custom
	// domains of the tenant, which takes the scope read:custom_domains to find out. Default: the domain of the Secret.
	// Example: `login.example.com`.
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*(:[0-9]{1,5})?$')",message="customDomain must be a host name such as login.example.com (no https://, no path)"
	// +optional
	CustomDomain *string `json:"customDomain,omitempty"`

	// allowedNamespaces says from which namespaces objects may refer to this tenant. Default: `{from: Same}`.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// delegations say what objects in other namespaces may do. An object may do what all rules that apply to its namespace and
	// kind allow together. In a namespace to which no rule applies, objects of all kinds are allowed, but none may give access to
	// the tenant's Management API, and none may adopt. Objects in the tenant's own namespace may do everything.
	// Example: `[{namespaces: {from: All}, kinds: [Auth0User, Auth0Token]}]`.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Delegations []Delegation `json:"delegations,omitempty"`

	// deletionProtection holds deletions of this tenant's objects if more are being deleted than it lets go: none of them is deleted
	// in Auth0 until somebody confirms that by the annotation `auth0-operator.io/confirm-deletion` on this object, and they say
	// `DeletionHeld`. What goes with a namespace that is deleted is not held and does not count. Default: no limit.
	// Example: `{maxObjects: 20, maxPercent: 10}`.
	// +optional
	DeletionProtection *DeletionProtection `json:"deletionProtection,omitempty"`

	// rateLimit says how much of Auth0's rate limit the operator may use. The limits themselves it learns from Auth0's
	// answers. Default: all but a tenth of each.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// resyncInterval is the time within which every object of this tenant is compared with Auth0 again, at least `1m`; the
	// calls that this takes are spread over it. Default: `24h` while changes are watched (see watch), `1h` otherwise.
	// Example: `30m`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m')",message="resyncInterval must be a duration such as 30m, at least 1m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('168h')",message="resyncInterval must be at most 168h"
	// +optional
	ResyncInterval *metav1.Duration `json:"resyncInterval,omitempty"`

	// userImport says whether many new users are created at once. With `Auto` (default), users go by import jobs of Auth0's
	// when 200 or more of the tenant wait to be created, which takes the scope read:connections: hundreds by one call.
	// `Never` creates each user by a call of its own. What comes of it is the same.
	// +optional
	UserImport UserImportPolicy `json:"userImport,omitempty"`

	// watch says how changes are noticed that others make in Auth0. `Auto` (default) listens to the Events API, if the
	// application has the scope read:events, and polls the tenant's log every 30 seconds, if it has read:logs; the events
	// tell of users, organizations and connections only. `Events` and `Log` do one of the two. `None` does neither:
	// such changes are found after up to resyncInterval. status.watch says what is in force.
	// +optional
	Watch WatchPolicy `json:"watch,omitempty"`

	// suspend stops all work on this tenant and on every object that refers to it, while true. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// DeletionProtection says how many objects of a tenant may be deleted in Auth0 without a person who confirms that.
// +kubebuilder:validation:XValidation:rule="has(self.maxObjects) || has(self.maxPercent)",message="deletionProtection needs maxObjects, maxPercent or both"
type DeletionProtection struct {
	// maxObjects is how many objects of the tenant may be deleted within the window. Default: no limit by number. Example: 20.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	MaxObjects *int32 `json:"maxObjects,omitempty"`

	// maxPercent is which share of the tenant's objects may be deleted within the window; one object always may. Where maxObjects is
	// set too, the smaller of both counts. Default: no limit by share. Example: 10.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	MaxPercent *int32 `json:"maxPercent,omitempty"`

	// window is within what time deletions count together, at least `1m`. Default: `10m`. Example: `1h`.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(\\\\.[0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="window must be a duration such as 10m, at least 1m and at most 168h"
	// +optional
	Window *metav1.Duration `json:"window,omitempty"`
}

// DeletionCount tells how many objects the operator deleted within a window of spec.deletionProtection.
type DeletionCount struct {
	// since is when the window began. Example: `2026-03-01T14:05:00Z`.
	Since metav1.Time `json:"since"`
	// count of the objects. Example: 3.
	Count int32 `json:"count"`
}

// UserImportPolicy says whether many new users are created at once.
// +kubebuilder:validation:Enum=Auto;Never
type UserImportPolicy string

const (
	// UserImportPolicyAuto creates users by import jobs when many wait.
	UserImportPolicyAuto UserImportPolicy = "Auto"
	// UserImportPolicyNever creates users one by one.
	UserImportPolicyNever UserImportPolicy = "Never"
)

// CABundleReference names a key of a ConfigMap or Secret with certificates.
type CABundleReference struct {
	// kind of the object that holds the certificates: `ConfigMap` or `Secret`, in the same namespace.
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

// WatchPolicy says how changes are noticed that others make in Auth0.
// +kubebuilder:validation:Enum=Auto;Events;Log;None
type WatchPolicy string

const (
	// WatchPolicyAuto uses what the application has the scopes for.
	WatchPolicyAuto WatchPolicy = "Auto"
	// WatchPolicyEvents listens to the Events API only.
	WatchPolicyEvents WatchPolicy = "Events"
	// WatchPolicyLog polls the tenant's log only.
	WatchPolicyLog WatchPolicy = "Log"
	// WatchPolicyNone does neither.
	WatchPolicyNone WatchPolicy = "None"
)

// RateLimit says how much of the tenant's rate limit the operator may use.
// +kubebuilder:validation:XValidation:rule="!has(self.burst) || has(self.requestsPerSecond)",message="burst goes with requestsPerSecond"
type RateLimit struct {
	// requestsPerSecond is how many calls a second the operator makes at most, on average. Default: as many as Auth0
	// allows. Example: 5.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// burst is how many calls it may make at once. Default: requestsPerSecond.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Burst int32 `json:"burst,omitempty"`

	// headroomPercent is the share of each of Auth0's limits that is left to others, such as your own services: the
	// operator makes no call that would leave less of what can be called at once. Default: 10. Example: 50.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=90
	// +optional
	HeadroomPercent *int32 `json:"headroomPercent,omitempty"`
}

// Auth0TenantStatus tells what the operator knows of the tenant.
type Auth0TenantStatus struct {
	CommonStatus `json:",inline"`

	// unavailableSince is when the tenant stopped to answer, or began to answer with errors of its own (5xx). The operator calls it
	// every 10 seconds then, and goes on as soon as it answers. Empty while the tenant is available.
	// Example: `2026-03-01T14:05:00Z`.
	// +optional
	UnavailableSince *metav1.Time `json:"unavailableSince,omitempty"`

	// domain of the tenant, from the credentials Secret.
	// +optional
	Domain string `json:"domain,omitempty"`

	// customDomain to which sign-ups and sign-ins go, once Auth0 confirmed that it is the tenant's.
	// +optional
	CustomDomain string `json:"customDomain,omitempty"`

	// clientId of the operator's application, from the credentials Secret.
	// +optional
	ClientID string `json:"clientId,omitempty"`

	// scopes that the Management API token carries.
	// +listType=set
	// +optional
	Scopes []string `json:"scopes,omitempty"`

	// missingScopes lists, per kind, the scopes that the kind needs and the token lacks.
	// +listType=map
	// +listMapKey=kind
	// +optional
	MissingScopes []MissingScopes `json:"missingScopes,omitempty"`

	// imports lists the import jobs that create users and whose outcome is not known to all of them.
	// +listType=map
	// +listMapKey=batch
	// +optional
	Imports []ImportStatus `json:"imports,omitempty"`

	// deletions tells what was deleted in the latest window of spec.deletionProtection. Empty while nothing was.
	// +optional
	Deletions *DeletionCount `json:"deletions,omitempty"`

	// callBudget tells how the operator stands with the tenant's rate limit.
	// +optional
	CallBudget *CallBudget `json:"callBudget,omitempty"`

	// watch tells how changes are noticed that others make in Auth0.
	// +optional
	Watch *WatchStatus `json:"watch,omitempty"`

	// issuedTokens counts the tokens by client credentials that were issued this month for the Auth0Tokens that there are. Those
	// for APIs of your own count against the tenant's monthly quota.
	// +optional
	IssuedTokens *IssuedTokens `json:"issuedTokens,omitempty"`

	// guarded lists the Secrets and ConfigMaps that the operator keeps from being deleted while the tenant needs them, as
	// `Secret/name`.
	// +listType=set
	// +optional
	Guarded []string `json:"guarded,omitempty"`
}

// ImportStatus tells of an import job.
type ImportStatus struct {
	// batch of users that the job creates, as in status.importing of the Auth0Users.
	Batch string `json:"batch"`

	// job is its id in Auth0.
	Job string `json:"job"`

	// startedAt is when it was started. Auth0 keeps a job for a day.
	StartedAt metav1.Time `json:"startedAt"`
}

// CallBudget tells how the operator stands with the tenant's rate limit. Its figures are coarse, so that they change
// seldom; the metrics are exact.
type CallBudget struct {
	// plan whose limits Auth0's answers tell of: `Free`, `Essentials or Professional`, `Enterprise`, or
	// `Enterprise, not for production`. Empty while no answer told, or if none of them fits.
	// +optional
	Plan string `json:"plan,omitempty"`

	// waiting is about how many objects and calls wait for the rate limit, rounded down to a power of ten.
	// +optional
	Waiting int32 `json:"waiting,omitempty"`
}

// WatchStatus tells how changes are noticed that others make in Auth0.
type WatchStatus struct {
	// by is `EventsAndLog`, `Events`, `Log` or `None`.
	By WatchedBy `json:"by"`

	// message says why it is not more, and what to do.
	// +optional
	Message string `json:"message,omitempty"`

	// log is the id of an entry of the tenant's log: what came before it was handled. Written now and then.
	// +optional
	Log string `json:"log,omitempty"`

	// events is an offset of the Events API: what came before it was handled. Written now and then.
	// +optional
	Events string `json:"events,omitempty"`
}

// WatchedBy says by what changes are noticed.
type WatchedBy string

const (
	// WatchedByEventsAndLog means: changes of users, organizations and connections at once, all others within 30 seconds.
	WatchedByEventsAndLog WatchedBy = "EventsAndLog"
	// WatchedByEvents means: changes of users, organizations and connections at once.
	WatchedByEvents WatchedBy = "Events"
	// WatchedByLog means: changes within 30 seconds.
	WatchedByLog WatchedBy = "Log"
	// WatchedByNone means: changes within spec.resyncInterval.
	WatchedByNone WatchedBy = "None"
)

// MissingScopes lists scopes that a kind needs and the token lacks.
type MissingScopes struct {
	// kind that needs the scopes.
	Kind string `json:"kind"`
	// scopes to grant to the operator's application.
	// +listType=set
	Scopes []string `json:"scopes"`
}

// Auth0Tenant is an Auth0 tenant and the operator's credentials to it.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=a0tenant,categories=auth0
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Domain",type=string,JSONPath=`.status.domain`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Deleting",type=date,JSONPath=`.metadata.deletionTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,priority=1,JSONPath=`.status.clientId`
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.metadata.name`
type Auth0Tenant struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares how to reach the tenant and who may use it.
	// +required
	Spec Auth0TenantSpec `json:"spec"`
	// status tells what the operator knows of the tenant.
	// +kubebuilder:default={observedGeneration:-1}
	// +optional
	Status Auth0TenantStatus `json:"status,omitempty"`
}

// Auth0TenantList is a list of Auth0Tenant.
// +kubebuilder:object:root=true
type Auth0TenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Auth0Tenant `json:"items"`
}

// IsSuspended implements Object.
func (t *Auth0Tenant) IsSuspended() bool { return t.Spec.Suspend }

// GetCommonStatus implements Object.
func (t *Auth0Tenant) GetCommonStatus() *CommonStatus { return &t.Status.CommonStatus }
