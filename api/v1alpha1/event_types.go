package v1alpha1

// Reasons of Events, besides those of conditions: an Event with the reason of a condition says that the condition changed.
const (
	// EventCreated says that the operator created the object in Auth0, or created it again after somebody deleted it there.
	EventCreated = "Created"
	// EventAdopted says that the object existed in Auth0, and the operator manages it from now on.
	EventAdopted = "Adopted"
	// EventUpdated says which fields the operator changed in Auth0: as the spec changed, or as somebody changed them in Auth0.
	EventUpdated = "Updated"
	// EventImported says, on an Auth0Tenant, how many users an import job created.
	EventImported = "Imported"
	// EventDeleted says that an Auth0ClientGrant deleted the grant of its former application.
	EventDeleted = "Deleted"
	// EventLeft says that an Auth0ClientGrant left the grant of its former application in Auth0.
	EventLeft = "Left"
	// EventDuplicateDeleted warns that two attempts to create the object both took effect, and the operator deleted the later one.
	EventDuplicateDeleted = "DuplicateDeleted"
	// EventIssued says that the operator wrote a token to the output Secret.
	EventIssued = "Issued"
	// EventApprovalNeeded says, on an Auth0Token by device code, where a person approves the sign-in.
	EventApprovalNeeded = "ApprovalNeeded"
	// EventInvited says that the operator wrote an invitation link to a Secret.
	EventInvited = "Invited"
	// EventUnblocked says that the operator lifted the blocks of Auth0's brute-force protection.
	EventUnblocked = "Unblocked"
	// EventPasswordGenerated says that the operator wrote a new password to a Secret.
	EventPasswordGenerated = "PasswordGenerated"
	// EventSecretRotated says that Auth0 made a new client secret.
	EventSecretRotated = "SecretRotated"
	// EventKeyGenerated says that the operator made the first key pair of an application.
	EventKeyGenerated = "KeyGenerated"
	// EventKeyRotated says that the operator made another key pair, and until when the former one works.
	EventKeyRotated = "KeyRotated"
	// EventSecretAbandoned warns that the spec no longer names an output Secret, and says what becomes of that.
	EventSecretAbandoned = "SecretAbandoned"
	// EventSuspicious warns of what Auth0 takes and is likely a mistake: an annotation or a setting without effect, a strategy or an
	// option that Auth0 is not known to have, a short client secret.
	EventSuspicious = "Suspicious"
)
