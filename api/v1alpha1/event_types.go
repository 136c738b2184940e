package v1alpha1

// Reasons of Events, besides those of conditions: an Event with the reason of a condition says that the condition changed.
const (
	// EventCreated reports that the operator created the object in Auth0, or created it again after someone deleted it there.
	EventCreated = "Created"
	// EventAdopted reports that the object existed in Auth0, and the operator manages it from now on.
	EventAdopted = "Adopted"
	// EventUpdated reports which fields the operator changed in Auth0: because the spec changed, or because someone changed them in Auth0.
	EventUpdated = "Updated"
	// EventImported reports, on an Auth0Tenant, how many users an import job created.
	EventImported = "Imported"
	// EventDeleted reports that an Auth0ClientGrant deleted the grant of its previous application.
	EventDeleted = "Deleted"
	// EventLeft reports that an Auth0ClientGrant left the grant of its previous application in Auth0.
	EventLeft = "Left"
	// EventDuplicateDeleted warns that two attempts to create the object both succeeded, and the operator deleted the later one.
	EventDuplicateDeleted = "DuplicateDeleted"
	// EventIssued reports that the operator wrote a token to the output Secret.
	EventIssued = "Issued"
	// EventApprovalNeeded reports, on an Auth0Token by device code, where a person approves the sign-in.
	EventApprovalNeeded = "ApprovalNeeded"
	// EventInvited reports that the operator wrote an invitation link to a Secret.
	EventInvited = "Invited"
	// EventUnblocked reports that the operator lifted the blocks of Auth0's brute-force protection.
	EventUnblocked = "Unblocked"
	// EventPasswordGenerated reports that the operator wrote a new password to a Secret.
	EventPasswordGenerated = "PasswordGenerated"
	// EventSecretRotated reports that Auth0 generated a new client secret.
	EventSecretRotated = "SecretRotated"
	// EventKeyGenerated reports that the operator generated the first key pair of an application.
	EventKeyGenerated = "KeyGenerated"
	// EventKeyRotated reports that the operator generated another key pair, and until when the previous one works.
	EventKeyRotated = "KeyRotated"
	// EventSecretAbandoned warns that the spec no longer names an output Secret or ConfigMap, and reports what happens to it.
	EventSecretAbandoned = "SecretAbandoned"
	// EventSuspicious warns of what Auth0 accepts but that is probably a mistake: an annotation or a setting without effect, a strategy or an
	// option that Auth0 is not known to have, a short client secret.
	EventSuspicious = "Suspicious"
)
