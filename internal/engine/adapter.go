package engine

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Adapter is all that a kind has to say about its object in Auth0. Desired, ID and Observe are pure; the others make one
// call each, and nothing that can fail may follow the call inside Create.
type Adapter[O v1alpha1.Managed] interface {
	// Fields says what is special about the fields of the kind.
	Fields() Fields
	// Scopes says which scopes the kind needs.
	Scopes() []Scope[O]
	// Desired renders the spec in Auth0's field names. A field that is not declared is left out. references are what the
	// object's References resolved to.
	Desired(object O, references reference.Values) auth0.Document
	// ID returns the id of the object in Auth0 from status, "" if it was not seen there yet.
	ID(O) string
	// Describe names an object in Auth0 for people: "user auth0|507f1f77bcf86cd799439011".
	Describe(auth0.Document) string
	// Observe takes into status what Auth0 says.
	Observe(O, auth0.Document)

	// Get reads the object.
	Get(ctx context.Context, session *auth0.Session, id string) (auth0.Document, error)
	// Find returns the objects that could be the wanted one, by its natural key and, where names repeat, by its marker, all of
	// them. wanted is what is desired, or what an Announcer recorded before.
	Find(ctx context.Context, req Request[O], wanted auth0.Document) ([]auth0.Document, error)
	// Create creates the object, and returns it as far as the answer shows it. If one with its natural key exists, it fails
	// with auth0.ClassConflict.
	Create(ctx context.Context, req Request[O], desired auth0.Document) (auth0.Document, error)
	// Update merges a patch into the object, and returns the whole of it.
	Update(ctx context.Context, session *auth0.Session, id string, patch auth0.Document) (auth0.Document, error)
	// Delete deletes the object. It succeeds, or fails with auth0.ClassNotFound, if there is none.
	Delete(ctx context.Context, session *auth0.Session, id string) error
}

// Scope is a scope of the Management API that a kind needs.
type Scope[O v1alpha1.Managed] struct {
	Name string
	// Needed reports whether an object needs it; nil means that every one does.
	Needed func(O) bool
}

// The rest is optional; an Adapter that implements one of these interfaces takes that step.

// Marker marks the object in Auth0 as held by a Kubernetes object.
type Marker interface {
	// MarkerField is where the marker is, as object.key of an object of Fields.Merged or Fields.Replaced.
	MarkerField() string
}

// SecretFields takes values of fields from Secrets, by the path of the field. The values are sent when they change, and with
// the object of Fields.Replaced that they are in; Auth0 does not give them back.
type SecretFields[O v1alpha1.Managed] interface {
	SecretFields(O) map[string]v1alpha1.SecretKeyReference
}

// SecretChecker judges values of Secrets before they are sent.
type SecretChecker[O v1alpha1.Managed] interface {
	// CheckSecret returns what is wrong with the value of a field if Auth0 takes no such value, and a warning if it is likely a
	// mistake. Neither quotes the value; both say what it is, and what to do.
	CheckSecret(object O, field, value string) (wrong, warning string)
}

// SecretExplainer finds out why Auth0 refused the value of a Secret.
type SecretExplainer[O v1alpha1.Managed] interface {
	// ExplainSecret says which rule the value of a field breaks that was sent with the call, "" if the refusal is about something
	// else, or nothing is known. It does not quote the value.
	ExplainSecret(ctx context.Context, req Request[O], field, value string, failed *auth0.Error) string
}

// Inputs names further Secrets that an object is made of or writes, besides those of SecretFields: it is reconciled again
// when one of them changes.
type Inputs[O v1alpha1.Managed] interface {
	Inputs(O) []string
}

// Checker finds what schema and CEL cannot see. The message begins with the field.
type Checker[O v1alpha1.Managed] interface {
	Check(O) error
}

// Explainer gives a reason and a message to an answer of Auth0's that means something particular for the kind.
type Explainer[O v1alpha1.Managed] interface {
	// Explain makes no call. References are those that resolved before the call that failed.
	Explain(req Request[O], failed *auth0.Error) error
}

// StatusInitializer takes the natural name of an object into status before anything is known of it in Auth0, so that lists show it.
type StatusInitializer[O v1alpha1.Managed] interface {
	InitializeStatus(O)
}

// Referrer refers to other objects of this group. Until all of them are Ready, the object waits and takes no call.
type Referrer[O v1alpha1.Managed] interface {
	References(O) []reference.Reference
}

// Namer names other things in Auth0 as Auth0 does. Objects that declare them are waited for like those that it refers to.
type Namer[O v1alpha1.Managed] interface {
	Names(O) []reference.Named
}

// Declarer is named by others with the name that it has in Auth0.
type Declarer[O v1alpha1.Managed] interface {
	// Declares returns the name that the spec asks for.
	Declares(O) string
}

// LateInitializer completes what is desired with what is there and stays, such as entries that others added to a list that Auth0
// replaces whole.
type LateInitializer[O v1alpha1.Managed] interface {
	// LateInitialize changes desired. have is what was read just now, nil before the object is created.
	LateInitialize(object O, desired, have auth0.Document)
}

// Preserver keeps an update from doing away with what is not declared.
type Preserver[O v1alpha1.Managed] interface {
	// Preserve adds to a patch what Auth0 would reset without it, or fails if have, which was read just now, does not show it.
	// The values of secrets are in the patch already.
	Preserve(req Request[O], have, patch auth0.Document) error
}

// ExactLister has lists of Fields.Keyed that hold nothing but what is declared, anyone who added the rest.
type ExactLister[O v1alpha1.Managed] interface {
	ExactLists(O) []string
}

// RemovalDelayer holds back for a while what others would miss, such as the removal of a scope that roles have.
type RemovalDelayer[O v1alpha1.Managed] interface {
	// DelayRemoval takes out of the patch what is not to be sent yet, and says why and until when; nil if there is no such thing.
	// It is asked in every reconciliation, with an empty patch if nothing differs.
	DelayRemoval(ctx context.Context, req Request[O], have, patch auth0.Document) (*problem.Problem, error)
}

// Retainer leaves in Auth0 what must not be deleted, such as what Auth0 has made itself.
type Retainer interface {
	// RetainReason says why an object stays, "" if it may be deleted.
	RetainReason(session *auth0.Session, have auth0.Document) string
}

// Protector is for kinds of which some objects in Auth0 may be nobody's to manage, as the operator itself depends on them.
type Protector interface {
	// Protects says what an object in Auth0 is, if no Kubernetes object may take it over, change or delete it, "" otherwise.
	// operators are the client ids of the operator's own applications. have may be what is desired, which has no id.
	Protects(session *auth0.Session, operators []string, have auth0.Document) string
}

// Resetter is for kinds that note in status what was set in Auth0 through the object, besides what every kind notes.
type Resetter[O v1alpha1.Managed] interface {
	// Reset drops these notes, as the object is about to stand for something else in Auth0.
	Reset(O)
}

// IntentRecorder is for kinds of which nothing in Auth0 tells after a lost answer that an object is ours: those that carry no
// mark, and those whose names repeat, so that Auth0 would make a second one. What is about to be created is noted in
// status first. A kind that is a Marker as well is one whose names repeat.
type IntentRecorder interface {
	// Intent returns the fields that are noted: the natural key, and others that tell the object from a somebody else's. None of
	// them may be secret.
	Intent(desired auth0.Document) auth0.Document
}

// Renamer is an Announcer that carries a marker and whose names are unique, but can change: after a lost answer the object may
// have been created under the name that was declared before.
type Renamer interface {
	IntentRecorder
	Renames()
}

// IdempotentCreator is for objects whose creation cannot carry the marker: it carries an idempotency key instead, which only this operator can
// make, and which goes when the marker comes.
type IdempotentCreator[O v1alpha1.Managed] interface {
	// IdempotencyKeyField is where the idempotency key goes, as object.key of a merged object; "" if the creation carries the marker.
	IdempotencyKeyField(O) string
	// IdempotencyKeyName is the name under which the object is created, and found again with its idempotency key.
	IdempotencyKeyName(O) string
}

// Publisher writes what is known of an object into Kubernetes, such as its credentials into a Secret. It is called whenever
// the object was read or created, but under managementPolicy Observe, and makes no call.
type Publisher[O v1alpha1.Managed] interface {
	Publish(ctx context.Context, req Request[O], have auth0.Document) error
}

// SecretWriter writes Secrets. Those that were there before the object, and stay, are given back when it is deleted.
type SecretWriter[O v1alpha1.Managed] interface {
	// OutputSecrets names the Secrets that the spec has written.
	OutputSecrets(O) []string
}

// ConfigMapWriter has what is public of an object written into a ConfigMap.
type ConfigMapWriter[O v1alpha1.Managed] interface {
	// OutputConfigMap is what the spec declares, nil for none.
	OutputConfigMap(O) *v1alpha1.OutputConfigMap
	// PublicValues are offered to templates. None of them may be secret. have is empty before the object is created.
	PublicValues(req Request[O], have auth0.Document) map[string]string
}

// Scheduler is for objects of which something falls due at a time.
type Scheduler[O v1alpha1.Managed] interface {
	// NextAt is when the object must be reconciled again whatever happens, the zero time for no such time.
	NextAt(O) time.Time
}

// Exempter leaves fields alone that something else than the operator keeps, such as an identity provider.
type Exempter interface {
	// Exempt returns the fields, and who keeps them, for people.
	Exempt(have auth0.Document) (fields []string, keeper string)
}

// Preparer sees to what must be there before the object is looked at. It is not called under managementPolicy Observe.
type Preparer[O v1alpha1.Managed] interface {
	Prepare(context.Context, Request[O]) error
}

// Finisher sees to what comes after the object is as declared. It is not called under managementPolicy Observe.
type Finisher[O v1alpha1.Managed] interface {
	// Finishes reports whether there is anything to see to.
	Finishes(O) bool
	// Finish gets the object as it is in Auth0 now.
	Finish(ctx context.Context, req Request[O], have auth0.Document) error
}

// Request is what an Adapter needs for the steps around its object.
type Request[O v1alpha1.Managed] struct {
	Deps
	Object         O
	Session        *auth0.Session
	References     reference.Values
	reconciliation *Reconciliation[O]
	retainReason   func(ctx context.Context, have auth0.Document) (string, error)
}

// RetainReason says why an object in Auth0 must not be deleted for this Kubernetes object, "" if it may. It makes no call: have may
// be what status tells. Every deletion asks it first.
func (t Request[O]) RetainReason(ctx context.Context, have auth0.Document) (string, error) {
	return t.retainReason(ctx, have)
}

// Save writes the status down before the reconciliation goes on.
func (t Request[O]) Save(ctx context.Context) error { return t.reconciliation.Save(ctx) }

// Event tells people of something that was done.
func (t Request[O]) Event(ctx context.Context, reason, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeNormal, reason, message)
}

// Warn tells people of what is likely a mistake.
func (t Request[O]) Warn(ctx context.Context, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, message)
}

// ListedKind is for kinds whose objects can be read from lists, and of whose changes Auth0 tells. See internal/auth0's listings.
type ListedKind interface {
	// Resource is the name of the kind in the paths of the Management API: "users".
	Resource() string
}

// Lister has lists beside the object, such as the roles of a user.
type Lister[O v1alpha1.Managed] interface {
	Lists(Request[O]) []List
}

// needs returns the scopes that an object needs.
func needs[O v1alpha1.Managed](adapter Adapter[O], object O) []string {
	var names []string
	for _, scope := range adapter.Scopes() {
		if scope.Needed == nil || scope.Needed(object) {
			names = append(names, scope.Name)
		}
	}
	return names
}

// without returns the names that are not granted.
func without(names, granted []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(granted, name) })
}
