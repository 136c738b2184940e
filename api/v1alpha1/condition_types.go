package v1alpha1

// Condition types. They follow kstatus: Ready is always there, the others only while true (ConnectionsEnabled and Delivering apart).
const (
	// ConditionReady reports whether Auth0 is in sync with the spec. With managementPolicy `Observe`: whether the operator
	// has read the object.
	ConditionReady = "Ready"
	// ConditionReconciling is present while the operator is still working: it waits for something, or retries.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while a person must act. The message says what to do.
	ConditionStalled = "Stalled"
	// ConditionConnectionsEnabled reports on an Auth0Tenant whether the operator's application is enabled for every database
	// connection. Auth0 refuses to create users in the others.
	ConditionConnectionsEnabled = "ConnectionsEnabled"
	// ConditionScopesGranted reports on an Auth0Token whether Auth0 granted all requested scopes.
	ConditionScopesGranted = "ScopesGranted"
	// ConditionRefreshTokenReplaySafe reports on an Auth0Token with a refresh token whether the sign-in survives a lost
	// response from Auth0.
	ConditionRefreshTokenReplaySafe = "RefreshTokenReplaySafe"
	// ConditionDelivering reports on an Auth0LogStream whether Auth0 sends events to the sink.
	ConditionDelivering = "Delivering"
)

// Reasons with which Ready is true.
const (
	// ReasonReconciled surfaces when Auth0 is in sync with the spec.
	ReasonReconciled = "Reconciled"
	// ReasonObserved surfaces with managementPolicy `Observe`. The message and status.differences show the differences.
	ReasonObserved = "Observed"
)

// Reasons that need no person: the operator goes on by itself (Reconciling).
const (
	// ReasonTenantNotReady surfaces while the Auth0Tenant is not Ready, or does not exist in this namespace. The operator
	// makes no calls for the object.
	ReasonTenantNotReady = "TenantNotReady"
	// ReasonTenantUnavailable surfaces while Auth0 is unreachable or answers with a server error (5xx). On an Auth0Tenant,
	// the message and status.unavailableSince say since when.
	ReasonTenantUnavailable = "TenantUnavailable"
	// ReasonRateLimited surfaces while the operator waits for Auth0's rate limit, or for calls that Auth0 has not answered
	// yet.
	ReasonRateLimited = "RateLimited"
	// ReasonImporting surfaces while an import job creates the user, together with many others.
	ReasonImporting = "Importing"
	// ReasonSecretNotFound surfaces while a Secret or ConfigMap that the spec refers to does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonRoleNotFound surfaces while a role in the spec does not exist in the tenant.
	ReasonRoleNotFound = "RoleNotFound"
	// ReasonPermissionNotFound surfaces while a permission in the spec does not exist in the tenant.
	ReasonPermissionNotFound = "PermissionNotFound"
	// ReasonUserNotReady surfaces while the Auth0User that an Auth0Token refers to does not exist or is not Ready.
	ReasonUserNotReady = "UserNotReady"
	// ReasonReferenceNotReady surfaces while an object that the spec refers to does not exist, is not Ready, or is in
	// another namespace and belongs to another tenant. The operator makes no calls for the object.
	ReasonReferenceNotReady = "ReferenceNotReady"
	// ReasonScopesInUse surfaces on an Auth0ResourceServer before the operator removes a scope that is no longer declared.
	// The message lists who loses it, and when.
	ReasonScopesInUse = "ScopesInUse"
	// ReasonProgressingWithRetry surfaces while the operator retries after an error.
	ReasonProgressingWithRetry = "ProgressingWithRetry"
	// ReasonQuotaExceeded surfaces while the application or its organization has no token quota left.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonApprovalPending surfaces while a person has to approve the sign-in of an Auth0Token with a device code.
	ReasonApprovalPending = "ApprovalPending"
	// ReasonRefreshInFlight surfaces while another replica of the operator may still refresh the token.
	ReasonRefreshInFlight = "RefreshInFlight"
	// ReasonDeleting surfaces while the object is being deleted in Auth0.
	ReasonDeleting = "Deleting"
	// ReasonInUse surfaces on an object that is being deleted while other objects still refer to it.
	ReasonInUse = "InUse"
)

// Reasons that need a person (Stalled), apart from Suspended, which somebody chose.
const (
	// ReasonSuspended surfaces while spec.suspend is true; Ready keeps its last value.
	ReasonSuspended = "Suspended"
	// ReasonInvalidSpec surfaces when Auth0 does not allow what the spec declares, or the object is too large.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonRejected surfaces when Auth0 rejects the object. The message quotes Auth0.
	ReasonRejected = "Rejected"
	// ReasonResponseTooLarge surfaces when Auth0's response is larger than the operator reads for one object: 2 MiB, or
	// 25,000 values.
	ReasonResponseTooLarge = "ResponseTooLarge"
	// ReasonSecretInvalid surfaces when a Secret lacks a key, has an invalid value, or has the wrong type.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonSecretConflict surfaces when the output Secret or ConfigMap exists and this object may not write to it.
	ReasonSecretConflict = "SecretConflict"
	// ReasonInvalidCredentials surfaces when Auth0 rejects the credentials of the application.
	ReasonInvalidCredentials = "InvalidCredentials"
	// ReasonCertificateUntrusted surfaces when no known certificate authority signed the certificate of the tenant's domain.
	ReasonCertificateUntrusted = "CertificateUntrusted"
	// ReasonMissingScope surfaces when the operator's application lacks a scope.
	ReasonMissingScope = "MissingScope"
	// ReasonNotPermitted surfaces when the other namespace has no Auth0Tenant of that name that admits this namespace, or
	// the tenant does not allow what the object declares.
	ReasonNotPermitted = "NotPermitted"
	// ReasonAlreadyExists surfaces when the object exists in Auth0 and adoptionPolicy does not allow the operator to take it
	// over.
	ReasonAlreadyExists = "AlreadyExists"
	// ReasonProtected surfaces when the operator depends on the object in Auth0, or it is the tenant's global client. No
	// object can take it over, change or delete it.
	ReasonProtected = "Protected"
	// ReasonNotApplied surfaces when Auth0 accepts a write but does not store the values.
	ReasonNotApplied = "NotApplied"
	// ReasonNotEntitled surfaces when the plan of the tenant lacks something that the object declares. The rest is applied.
	ReasonNotEntitled = "NotEntitled"
	// ReasonConflict surfaces when another Kubernetes object manages the object in Auth0. The message names it.
	ReasonConflict = "Conflict"
	// ReasonDeletionHeld surfaces on an object that is being deleted while a person has to confirm its deletion in Auth0:
	// its CustomResourceDefinition is being deleted, more objects are being deleted than spec.deletionProtection of the
	// tenant allows, or Auth0 would also delete what no object declares: the users of a connection, the members of an
	// organization or a role, or the client grants for an API. The message says how to confirm.
	ReasonDeletionHeld = "DeletionHeld"
	// ReasonAmbiguous surfaces when several objects in Auth0 match the spec.
	ReasonAmbiguous = "Ambiguous"
	// ReasonConnectionNotFound surfaces when the connection in the spec does not exist in the tenant.
	ReasonConnectionNotFound = "ConnectionNotFound"
	// ReasonConnectionNotEnabled surfaces when the operator's application is not enabled for the connection.
	ReasonConnectionNotEnabled = "ConnectionNotEnabled"
	// ReasonOptionsHidden surfaces when an update would replace options of a connection whose values Auth0 hides.
	ReasonOptionsHidden = "OptionsHidden"
	// ReasonUserNotFound surfaces when no user has the id in spec.userId, or when the user of a token was deleted.
	ReasonUserNotFound = "UserNotFound"
	// ReasonClientNotFound surfaces when no application has the id in spec.clientId of an Auth0Client.
	ReasonClientNotFound = "ClientNotFound"
	// ReasonSignupRefused surfaces when Auth0 refuses the sign-up.
	ReasonSignupRefused = "SignupRefused"
	// ReasonPasswordRejected surfaces when the password breaks the password policy of the connection.
	ReasonPasswordRejected = "PasswordRejected"
	// ReasonWrongPassword surfaces when Auth0 rejects username and password. The operator does not repeat the sign-in until
	// its inputs change, because repeated failures block the account and the operator's IP address.
	ReasonWrongPassword = "WrongPassword"
	// ReasonUserBlocked surfaces when an administrator blocked the user.
	ReasonUserBlocked = "UserBlocked"
	// ReasonTooManyAttempts surfaces when Auth0's attack protection blocks the account or the operator's IP address.
	ReasonTooManyAttempts = "TooManyAttempts"
	// ReasonPasswordLeaked surfaces when Auth0 found the password in a data breach.
	ReasonPasswordLeaked = "PasswordLeaked"
	// ReasonMFARequired surfaces when the sign-in needs a second factor.
	ReasonMFARequired = "MFARequired"
	// ReasonAudienceNotFound surfaces when no API has the audience.
	ReasonAudienceNotFound = "AudienceNotFound"
	// ReasonClientGrantMissing surfaces when the application is not authorized for the API.
	ReasonClientGrantMissing = "ClientGrantMissing"
	// ReasonScopeNotGranted surfaces when the application is authorized for the API, but not for all requested scopes.
	ReasonScopeNotGranted = "ScopeNotGranted"
	// ReasonGrantTypeNotAllowed surfaces when the application may not use the grant type.
	ReasonGrantTypeNotAllowed = "GrantTypeNotAllowed"
	// ReasonGrantRefused surfaces when Auth0 refuses to issue a token for another reason.
	ReasonGrantRefused = "GrantRefused"
	// ReasonCodeRefused surfaces when an authorization code has been used, has expired, or does not match redirectUri or the
	// code verifier.
	ReasonCodeRefused = "CodeRefused"
	// ReasonRefreshTokenRefused surfaces when Auth0 no longer accepts the refresh token: the user must sign in again.
	ReasonRefreshTokenRefused = "RefreshTokenRefused"
	// ReasonRefreshResponseLost surfaces when the response to a refresh was lost and the leeway is over: Auth0 may have
	// replaced the refresh token. The operator does not send it again unless the tenant's log shows that Auth0 did not
	// replace it.
	ReasonRefreshResponseLost = "RefreshResponseLost"
	// ReasonRefreshTokenSecretDeleted surfaces when the Secret with the current refresh token was deleted: the user must
	// sign in again.
	ReasonRefreshTokenSecretDeleted = "RefreshTokenSecretDeleted"
	// ReasonNotRenewable surfaces when a token without a refresh token has expired.
	ReasonNotRenewable = "NotRenewable"
	// ReasonApprovalDenied surfaces when the person denied the sign-in with the device code.
	ReasonApprovalDenied = "ApprovalDenied"
	// ReasonApprovalExpired surfaces when nobody approved the sign-in within several device codes.
	ReasonApprovalExpired = "ApprovalExpired"
)

// Reasons of ConnectionsEnabled.
const (
	// ReasonEnabled surfaces when the operator's application is enabled for every database connection.
	ReasonEnabled = "Enabled"
	// ReasonNotEnabled surfaces when it is not: the operator cannot create users there.
	ReasonNotEnabled = "NotEnabled"
	// ReasonUnknown surfaces when the application lacks the scopes to find out.
	ReasonUnknown = "Unknown"
)

// Reasons of ScopesGranted.
const (
	// ReasonAllGranted surfaces when Auth0 granted all requested scopes.
	ReasonAllGranted = "AllGranted"
	// ReasonPartiallyGranted surfaces when Auth0 did not grant some scopes. The message lists them.
	ReasonPartiallyGranted = "PartiallyGranted"
)

// Reasons of RefreshTokenReplaySafe; Unknown is one, too.
const (
	// ReasonReplayAllowed surfaces when the operator can repeat a refresh if the response is lost.
	ReasonReplayAllowed = "ReplayAllowed"
	// ReasonNoLeeway surfaces when a replaced refresh token becomes invalid at once: one lost response ends the sign-in.
	ReasonNoLeeway = "NoLeeway"
	// ReasonNoRefreshToken surfaces when the sign-in returned no refresh token. It ends when the token expires.
	ReasonNoRefreshToken = "NoRefreshToken"
)

// Reasons of Delivering.
const (
	// ReasonActive surfaces when Auth0 sends events to the sink.
	ReasonActive = "Active"
	// ReasonPaused surfaces when somebody paused the stream, in the spec or in Auth0.
	ReasonPaused = "Paused"
	// ReasonSuspendedByAuth0 surfaces when Auth0 stopped the stream, because its sink refused too many events.
	ReasonSuspendedByAuth0 = "SuspendedByAuth0"
)

// Annotations that people and tools set on objects.
const (
	// AnnotationReconcileRequestedAt asks for a reconciliation now; any new value works.
	AnnotationReconcileRequestedAt = "auth0-operator.io/reconcile-requested-at"
	// AnnotationFluxRequestedAt is Flux's name for the same request (`flux reconcile`).
	AnnotationFluxRequestedAt = "reconcile.fluxcd.io/requestedAt"
	// AnnotationRotatePassword asks, on an Auth0User with spec.password.generate, for a new password; any new value works.
	AnnotationRotatePassword = "auth0-operator.io/rotate-password"
	// AnnotationInvite asks, on an Auth0User with spec.invitation, for a new link; any new value works.
	AnnotationInvite = "auth0-operator.io/invite"
	// AnnotationRotateSecret asks, on an Auth0Client with spec.outputSecret, for a new client secret; any new value works.
	AnnotationRotateSecret = "auth0-operator.io/rotate-secret"
	// AnnotationRotateKey asks, on an Auth0Client with a generated key pair, for a new one; any new value works.
	AnnotationRotateKey = "auth0-operator.io/rotate-key"
	// AnnotationUnblock asks, on an Auth0User, to lift the blocks of Auth0's brute-force protection; any new value works.
	AnnotationUnblock = "auth0-operator.io/unblock"
	// AnnotationConfirmDeletion confirms, on an Auth0Tenant, the held deletions (DeletionHeld) of its objects that began
	// before the time in its value (RFC 3339). On another object, it confirms that Auth0 may also delete the object's users,
	// members or grants.
	AnnotationConfirmDeletion = "auth0-operator.io/confirm-deletion"
	// AnnotationDeletable allows, on an Auth0Tenant, its deletion if the optional admission policy for that is installed.
	// Any value works.
	AnnotationDeletable = "auth0-operator.io/deletable"
)

// Finalizer keeps an object until the operator has deleted or released its counterpart in Auth0.
const Finalizer = "auth0-operator.io/finalizer"
