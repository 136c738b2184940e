package v1alpha1

// Condition types. They follow kstatus: Ready is always there, the others only while true (ConnectionsEnabled apart).
const (
	// ConditionReady says whether Auth0 is in sync with the spec. Under managementPolicy `Observe`: whether it was looked at.
	ConditionReady = "Ready"
	// ConditionReconciling is there while the operator works towards Ready by itself: it waits for something, or retries.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is there while a person must act: the message says what to do.
	ConditionStalled = "Stalled"
	// ConditionConnectionsEnabled says on an Auth0Tenant whether the operator's own application is enabled for every
	// database connection; Auth0 refuses to create users in one for which it is not.
	ConditionConnectionsEnabled = "ConnectionsEnabled"
	// ConditionScopesGranted says on an Auth0Token whether Auth0 granted all the scopes that were asked for.
	ConditionScopesGranted = "ScopesGranted"
	// ConditionRefreshTokenReplaySafe says on an Auth0Token with a refresh token whether the sign-in survives an answer of Auth0's that gets
	// lost on its way.
	ConditionRefreshTokenReplaySafe = "RefreshTokenReplaySafe"
)

// Reasons with which Ready is true.
const (
	// ReasonReconciled surfaces when Auth0 is in sync with the spec.
	ReasonReconciled = "Reconciled"
	// ReasonObserved surfaces under managementPolicy `Observe`: the message and status.differences say what differs.
	ReasonObserved = "Observed"
)

// Reasons that need no person: the operator goes on by itself (Reconciling).
const (
	// ReasonTenantNotReady surfaces while the Auth0Tenant is not Ready, or does not exist in this namespace; no call is made
	// meanwhile.
	ReasonTenantNotReady = "TenantNotReady"
	// ReasonTenantUnavailable surfaces while Auth0 cannot be reached or answers with an error of its own (5xx). On an Auth0Tenant, the
	// message and status.unavailableSince say since when.
	ReasonTenantUnavailable = "TenantUnavailable"
	// ReasonRateLimited surfaces while Auth0's rate limit makes the operator wait, or calls that Auth0 has not answered yet.
	ReasonRateLimited = "RateLimited"
	// ReasonImporting surfaces while a user is being created by an import job, together with many others.
	ReasonImporting = "Importing"
	// ReasonSecretNotFound surfaces while a Secret or ConfigMap that the spec names does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonRoleNotFound surfaces while a role that the spec names does not exist in the tenant.
	ReasonRoleNotFound = "RoleNotFound"
	// ReasonPermissionNotFound surfaces while a permission that the spec names does not exist in the tenant.
	ReasonPermissionNotFound = "PermissionNotFound"
	// ReasonUserNotReady surfaces while the Auth0User that an Auth0Token refers to does not exist or is not Ready.
	ReasonUserNotReady = "UserNotReady"
	// ReasonReferenceNotReady surfaces while an object that the spec refers to does not exist or is not Ready, or is one in another
	// namespace that the tenant does not have; no call is made meanwhile.
	ReasonReferenceNotReady = "ReferenceNotReady"
	// ReasonScopesInUse surfaces on an Auth0ResourceServer while a scope that is no longer declared is about to be taken from those
	// who have it; the message names them, and the time.
	ReasonScopesInUse = "ScopesInUse"
	// ReasonProgressingWithRetry surfaces while an attempt failed for a reason that may pass; it is retried.
	ReasonProgressingWithRetry = "ProgressingWithRetry"
	// ReasonQuotaExceeded surfaces while the token quota of the application or its organization is used up.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonApprovalPending surfaces while a person is to approve the sign-in of an Auth0Token by device code.
	ReasonApprovalPending = "ApprovalPending"
	// ReasonRefreshInFlight surfaces while another replica of the operator may still be refreshing the token.
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
	// ReasonInvalidSpec surfaces when the spec asks for something that Auth0 does not allow, or when the object is too large.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonRejected surfaces when Auth0 refuses the object; the message quotes Auth0.
	ReasonRejected = "Rejected"
	// ReasonResponseTooLarge surfaces when Auth0 answers with more than the operator reads of one object: 2 MiB, or 25,000 values.
	ReasonResponseTooLarge = "ResponseTooLarge"
	// ReasonSecretInvalid surfaces when a Secret lacks a key that the spec names, holds a value that cannot be used, or is of a type
	// that is for something else.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonSecretConflict surfaces when the output Secret exists and is not this object's to write.
	ReasonSecretConflict = "SecretConflict"
	// ReasonInvalidCredentials surfaces when Auth0 refuses the credentials of the application.
	ReasonInvalidCredentials = "InvalidCredentials"
	// ReasonCertificateUntrusted surfaces when the tenant's domain shows a certificate that nobody vouches for.
	ReasonCertificateUntrusted = "CertificateUntrusted"
	// ReasonMissingScope surfaces when the operator's application lacks a scope that the work needs.
	ReasonMissingScope = "MissingScope"
	// ReasonNotPermitted surfaces when there is no Auth0Tenant of that name in the other namespace that admits this one, or when it
	// does not allow this namespace what the object declares.
	ReasonNotPermitted = "NotPermitted"
	// ReasonAlreadyExists surfaces when the object exists in Auth0 and adoptionPolicy does not allow to take it over.
	ReasonAlreadyExists = "AlreadyExists"
	// ReasonProtected surfaces when the object in Auth0 is one by which the operator itself has access to the tenant, or the
	// tenant's global client: no object may take it over, change or delete it.
	ReasonProtected = "Protected"
	// ReasonNotApplied surfaces when Auth0 answers a write with success and does not do what it says.
	ReasonNotApplied = "NotApplied"
	// ReasonConflict surfaces when another Kubernetes object holds the object in Auth0.
	ReasonConflict = "Conflict"
	// ReasonDeletionHeld surfaces on an object that is being deleted when a person must confirm that it may be deleted in Auth0: its
	// CustomResourceDefinition is being deleted and every object of the kind with it, or more objects of the tenant are than its
	// spec.deletionProtection lets go, or it would take with it what no object declares: the users of a connection, the members of an
	// organization or a role, the client grants for an API. The message says how.
	ReasonDeletionHeld = "DeletionHeld"
	// ReasonAmbiguous surfaces when several objects in Auth0 could be the declared one.
	ReasonAmbiguous = "Ambiguous"
	// ReasonConnectionNotFound surfaces when the connection that the spec names does not exist in the tenant.
	ReasonConnectionNotFound = "ConnectionNotFound"
	// ReasonConnectionNotEnabled surfaces when the operator's application is not enabled for the connection.
	ReasonConnectionNotEnabled = "ConnectionNotEnabled"
	// ReasonOptionsHidden surfaces when options of a connection, which Auth0 replaces whole, cannot be sent again, as Auth0 does
	// not show them: a change would erase or spoil them.
	ReasonOptionsHidden = "OptionsHidden"
	// ReasonUserNotFound surfaces when spec.userId names a user who does not exist, or when the user of a token was deleted.
	ReasonUserNotFound = "UserNotFound"
	// ReasonClientNotFound surfaces when spec.clientId of an Auth0Client names an application that does not exist.
	ReasonClientNotFound = "ClientNotFound"
	// ReasonSignupRefused surfaces when the tenant does not let users sign up in this way.
	ReasonSignupRefused = "SignupRefused"
	// ReasonPasswordRejected surfaces when the password breaks the password policy of the connection.
	ReasonPasswordRejected = "PasswordRejected"
	// ReasonWrongPassword surfaces when Auth0 refuses username and password. The sign-in is not repeated until its inputs change:
	// repetition would block the account, and the operator's address.
	ReasonWrongPassword = "WrongPassword"
	// ReasonUserBlocked surfaces when an administrator blocked the user.
	ReasonUserBlocked = "UserBlocked"
	// ReasonTooManyAttempts surfaces when Auth0's attack protection blocks the account or the operator's address.
	ReasonTooManyAttempts = "TooManyAttempts"
	// ReasonPasswordLeaked surfaces when the password is known from a breach and Auth0 refuses it therefore.
	ReasonPasswordLeaked = "PasswordLeaked"
	// ReasonMFARequired surfaces when the sign-in takes a second factor, which no operator has.
	ReasonMFARequired = "MFARequired"
	// ReasonAudienceNotFound surfaces when no API has the audience.
	ReasonAudienceNotFound = "AudienceNotFound"
	// ReasonClientGrantMissing surfaces when the application is not authorised for the API.
	ReasonClientGrantMissing = "ClientGrantMissing"
	// ReasonScopeNotGranted surfaces when the application is authorised for the API, but not with all the scopes.
	ReasonScopeNotGranted = "ScopeNotGranted"
	// ReasonGrantTypeNotAllowed surfaces when the application may not use the grant type.
	ReasonGrantTypeNotAllowed = "GrantTypeNotAllowed"
	// ReasonGrantRefused surfaces when Auth0 refuses to issue a token for any other reason.
	ReasonGrantRefused = "GrantRefused"
	// ReasonCodeRefused surfaces when an authorization code was used before, has expired, or does not fit redirectUri or verifier.
	ReasonCodeRefused = "CodeRefused"
	// ReasonRefreshTokenRefused surfaces when Auth0 no longer accepts the refresh token: the user must sign in again.
	ReasonRefreshTokenRefused = "RefreshTokenRefused"
	// ReasonRefreshResponseLost surfaces when Auth0's answer to a refresh got lost and the leeway is over: the refresh token may have been
	// replaced by one that nobody has, and is not sent again unless the tenant's log says that it was not.
	ReasonRefreshResponseLost = "RefreshResponseLost"
	// ReasonRefreshTokenSecretDeleted surfaces when the Secret with the next refresh token was deleted: the user must sign in again.
	ReasonRefreshTokenSecretDeleted = "RefreshTokenSecretDeleted"
	// ReasonNotRenewable surfaces when a token has expired that came without a refresh token.
	ReasonNotRenewable = "NotRenewable"
	// ReasonApprovalDenied surfaces when the person denied the sign-in by device code.
	ReasonApprovalDenied = "ApprovalDenied"
	// ReasonApprovalExpired surfaces when nobody approved the sign-in, after several device codes.
	ReasonApprovalExpired = "ApprovalExpired"
)

// Reasons of ConnectionsEnabled.
const (
	// ReasonEnabled surfaces when the operator's application is enabled for every database connection.
	ReasonEnabled = "Enabled"
	// ReasonNotEnabled surfaces when it is not: creating users there would fail.
	ReasonNotEnabled = "NotEnabled"
	// ReasonUnknown surfaces when the application lacks the scopes to find out.
	ReasonUnknown = "Unknown"
)

// Reasons of ScopesGranted.
const (
	// ReasonAllGranted surfaces when all the scopes were granted that were asked for.
	ReasonAllGranted = "AllGranted"
	// ReasonPartiallyGranted surfaces when some were not; the message names them.
	ReasonPartiallyGranted = "PartiallyGranted"
)

// Reasons of RefreshTokenReplaySafe; Unknown is one, too.
const (
	// ReasonReplayAllowed surfaces when the same refresh token can be sent again should an answer get lost.
	ReasonReplayAllowed = "ReplayAllowed"
	// ReasonNoLeeway surfaces when a replaced refresh token dies at once: an answer that gets lost ends the sign-in.
	ReasonNoLeeway = "NoLeeway"
	// ReasonNoRefreshToken surfaces when the sign-in gave no refresh token: it ends with the token.
	ReasonNoRefreshToken = "NoRefreshToken"
)

// Annotations that people and tools set on objects.
const (
	// AnnotationReconcileRequestedAt asks for a reconciliation now; any new value will do.
	AnnotationReconcileRequestedAt = "auth0-operator.io/reconcile-requested-at"
	// AnnotationFluxRequestedAt is Flux's name for the same request (`flux reconcile`).
	AnnotationFluxRequestedAt = "reconcile.fluxcd.io/requestedAt"
	// AnnotationRotatePassword asks, on an Auth0User with spec.password.generate, for a new password; any new value will do.
	AnnotationRotatePassword = "auth0-operator.io/rotate-password"
	// AnnotationInvite asks, on an Auth0User with spec.invitation, for a new link; any new value will do.
	AnnotationInvite = "auth0-operator.io/invite"
	// AnnotationRotateSecret asks, on an Auth0Client with spec.outputSecret, for a new client secret; any new value will do.
	AnnotationRotateSecret = "auth0-operator.io/rotate-secret"
	// AnnotationRotateKey asks, on an Auth0Client with a generated key pair, for a new one; any new value will do.
	AnnotationRotateKey = "auth0-operator.io/rotate-key"
	// AnnotationUnblock asks, on an Auth0User, to lift the blocks of Auth0's brute-force protection; any new value will do.
	AnnotationUnblock = "auth0-operator.io/unblock"
	// AnnotationConfirmDeletion confirms, on an Auth0Tenant, the deletions of its objects that are held (DeletionHeld) and began
	// before the time that it holds, in the form of RFC 3339. On an Auth0Connection, it confirms that its users may go with it.
	AnnotationConfirmDeletion = "auth0-operator.io/confirm-deletion"
	// AnnotationDeletable lets an Auth0Tenant be deleted where the optional admission policy for that is installed. Any value does.
	AnnotationDeletable = "auth0-operator.io/deletable"
)

// Finalizer keeps an object until what it stands for in Auth0 is gone, or may stay.
const Finalizer = "auth0-operator.io/finalizer"
