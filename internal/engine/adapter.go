package engine

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Adapter is what the loop needs to know about a kind. Desired, ID and Observe are pure. Find makes calls.
type Adapter[O v1alpha1.Managed] interface {
	// Resource is the name of the kind in the paths of the Management API and in the resource table of internal/auth0: "users".
	// The calls that read, create, update and delete an object follow from it.
	Resource() string
	// Fields describes the special fields of the kind.
	Fields() fields.Semantics
	// Scopes returns the scopes that the kind needs.
	Scopes() []Scope[O]
	// Desired renders the spec in Auth0's field names, without the fields that are not declared. references are the resolved
	// References of the object.
	Desired(object O, references reference.Values) auth0.Document
	// ID returns the id of the object in Auth0 from status, "" if the object was not found in Auth0 yet.
	ID(O) string
	// Describe names an object in Auth0 for messages: "user auth0|507f1f77bcf86cd799439011".
	Describe(auth0.Document) string
	// Observe copies what Auth0 returned into status.
	Observe(O, auth0.Document)

	// Find returns all objects that could be the wanted one: by the natural key and, where names repeat, by the marker. wanted is
	// the desired document, or what an IntentRecorder recorded before.
	Find(ctx context.Context, req Request[O], wanted auth0.Document) ([]auth0.Document, error)
}

// Scope is a scope of the Management API that a kind needs.
type Scope[O v1alpha1.Managed] struct {
	Name string
	// Needed reports whether an object needs the scope; nil means that every object does.
	Needed func(O) bool
}

// The interfaces below are optional. An Adapter that implements one takes part in that step.

// Creator is for kinds whose creation takes more than the resource's own call.
type Creator[O v1alpha1.Managed] interface {
	// Create creates the object with one call, and returns what the answer shows of it. Nothing that can fail may follow the call.
	// If an object with the same natural key exists, it fails with auth0.ClassConflict.
	Create(ctx context.Context, req Request[O], desired auth0.Document) (auth0.Document, error)
}

// Marker is for kinds whose objects carry a marker in Auth0.
type Marker interface {
	// MarkerField is the path of the marker, as object.key of an object in Fields.Merged or Fields.Replaced.
	MarkerField() string
}

// SecretFields takes values of fields from Secrets, by the path of the field. A value is sent when it changes, and whenever the
// object of Fields.Replaced around it is sent. Auth0 does not return the values.
type SecretFields[O v1alpha1.Managed] interface {
	SecretFields(O) map[string]v1alpha1.SecretKeyReference
}

// SecretChecker checks values of Secrets before they are sent.
type SecretChecker[O v1alpha1.Managed] interface {
	// CheckSecret returns in wrong why Auth0 would refuse the value of a field, and in warning why the value is likely a mistake.
	// Neither quotes the value; both say what it is, and what to do.
	CheckSecret(object O, field, value string) (wrong, warning string)
}

// SecretExplainer finds out why Auth0 refused the value of a Secret.
type SecretExplainer[O v1alpha1.Managed] interface {
	// ExplainSecret says which rule the value of a field breaks that was sent with the call. It returns "" if Auth0 refused
	// something else, or if nothing is known. It does not quote the value.
	ExplainSecret(ctx context.Context, req Request[O], field, value string, failed *auth0.Error) string
}

// Inputs names further Secrets that an object reads or writes, besides those of SecretFields. A change of one of them triggers a
// reconciliation.
type Inputs[O v1alpha1.Managed] interface {
	Inputs(O) []string
}

// Checker finds errors that the schema and CEL cannot see. The message begins with the field.
type Checker[O v1alpha1.Managed] interface {
	Check(O) error
}

// Explainer gives a reason and a message for an answer of Auth0 that has a particular meaning for the kind.
type Explainer[O v1alpha1.Managed] interface {
	// Explain makes no call. References are the ones that were resolved before the failed call.
	Explain(req Request[O], failed *auth0.Error) error
}

// StatusInitializer copies the natural name of an object into status before anything is known of it in Auth0, so that kubectl get
// shows it.
type StatusInitializer[O v1alpha1.Managed] interface {
	InitializeStatus(O)
}

// Referrer refers to other objects of this group. Until all of them are Ready, the object waits and makes no call.
type Referrer[O v1alpha1.Managed] interface {
	References(O) []reference.Reference
}

// Namer names other things in Auth0 by their names there. The object waits for the objects that declare these names, as for those
// that it refers to.
type Namer[O v1alpha1.Managed] interface {
	Names(O) []reference.Named
}

// Declarer is for kinds whose objects others name by the name in Auth0.
type Declarer[O v1alpha1.Managed] interface {
	// Declares returns the name that the spec declares.
	Declares(O) string
}

// LateInitializer completes the desired document with what Auth0 has and keeps, such as entries that others added to a list that
// Auth0 replaces whole.
type LateInitializer[O v1alpha1.Managed] interface {
	// LateInitialize changes desired. have was just read; it is nil before the creation.
	LateInitialize(object O, desired, have auth0.Document)
}

// Preserver prevents an update from removing what is not declared.
type Preserver[O v1alpha1.Managed] interface {
	// Preserve adds to a patch what Auth0 would otherwise reset. It fails if have, which was just read, does not show a value
	// that it needs. The patch contains the values of secrets already.
	Preserve(req Request[O], have, patch auth0.Document) error
}

// ExactLister is for kinds with lists of Fields.Keyed that may contain only the declared entries. The operator removes all
// others, even those that it did not add.
type ExactLister[O v1alpha1.Managed] interface {
	ExactLists(O) []string
}

// RemovalDelayer delays a removal that others would miss, such as the removal of a scope that roles have.
type RemovalDelayer[O v1alpha1.Managed] interface {
	// DelayRemoval takes out of the patch what must not be sent yet, and returns why and until when, nil if it delays nothing.
	// Every reconciliation calls it, with an empty patch if nothing differs.
	DelayRemoval(ctx context.Context, req Request[O], have, patch auth0.Document) (*problem.Problem, error)
}

// Retainer keeps objects in Auth0 that must not be deleted, such as objects that Auth0 made itself.
type Retainer interface {
	// RetainReason says why an object must stay, "" if it may be deleted.
	RetainReason(session *auth0.Session, have auth0.Document) string
}

// Protector is for kinds with objects in Auth0 that nobody may manage, because the operator itself depends on them.
type Protector interface {
	// Protects says what an object in Auth0 is if no Kubernetes object may adopt, change or delete it, "" otherwise. operators
	// are the client ids of the operator's own applications. have may be the desired document, which has no id.
	Protects(session *auth0.Session, operators []string, have auth0.Document) string
}

// Resetter is for kinds whose status records more of what was set in Auth0 than the common fields do.
type Resetter[O v1alpha1.Managed] interface {
	// Reset clears these records, because the object is about to represent something else in Auth0.
	Reset(O)
}

// IntentRecorder is for kinds whose objects cannot be recognized in Auth0 after a lost answer: those without a marker, and those
// whose names repeat, so that a retry would create a second object. Status records the intent before the creation. A kind that is
// a Marker as well is one whose names repeat.
type IntentRecorder interface {
	// Intent returns the fields to record: the natural key, and others that distinguish the object from someone else's. None of
	// them may be secret.
	Intent(desired auth0.Document) auth0.Document
}

// Renamer is an IntentRecorder that carries a marker and whose names are unique, but can change: after a lost answer, the object
// may exist under the name that was declared before.
type Renamer interface {
	IntentRecorder
	Renames()
}

// IdempotentCreator is for objects whose creation cannot carry the marker. It carries an idempotency key instead, which only this
// operator can make. The update that sets the marker removes the key.
type IdempotentCreator[O v1alpha1.Managed] interface {
	// IdempotencyKeyField is the path of the idempotency key, as object.key of a merged object; "" if the creation carries the
	// marker.
	IdempotencyKeyField(O) string
	// IdempotencyKeyName is the name under which the object is created, and under which it is found by its idempotency key.
	IdempotencyKeyName(O) string
}

// Publisher writes what is known of an object into Kubernetes, such as its credentials into a Secret. It runs whenever the object
// was read or created, except under managementPolicy Observe. It makes no call to Auth0.
type Publisher[O v1alpha1.Managed] interface {
	Publish(ctx context.Context, req Request[O], have auth0.Document) error
}

// SecretWriter writes Secrets. When the object is deleted, the operator gives up the Secrets that existed before it, and keeps
// them.
type SecretWriter[O v1alpha1.Managed] interface {
	// OutputSecrets names the Secrets that the spec declares as outputs.
	OutputSecrets(O) []string
}

// ConfigMapWriter writes the public values of an object into a ConfigMap.
type ConfigMapWriter[O v1alpha1.Managed] interface {
	// OutputConfigMap returns the declared ConfigMap, nil for none.
	OutputConfigMap(O) *v1alpha1.OutputConfigMap
	// PublicValues returns the values for templates. None of them may be secret. have is empty before the creation.
	PublicValues(req Request[O], have auth0.Document) map[string]string
}

// Scheduler is for objects that have something due at a certain time.
type Scheduler[O v1alpha1.Managed] interface {
	// NextAt returns when the object must be reconciled again in any case, the zero time if there is no such time.
	NextAt(O) time.Time
}

// Exempter is for objects with fields that someone else maintains, such as an identity provider. The operator leaves these fields
// alone.
type Exempter interface {
	// Exempt returns the fields, and who maintains them, for messages.
	Exempt(have auth0.Document) (fields []string, keeper string)
}

// Preparer prepares what an object needs before it is reconciled. It does not run under managementPolicy Observe.
type Preparer[O v1alpha1.Managed] interface {
	Prepare(context.Context, Request[O]) error
}

// Finisher does follow-up work once the object is in sync. It does not run under managementPolicy Observe.
type Finisher[O v1alpha1.Managed] interface {
	// Finishes reports whether there is follow-up work.
	Finishes(O) bool
	// Finish does the follow-up work. have is the object as it is in Auth0 now.
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

// RetainReason says why the object in Auth0 must not be deleted for this Kubernetes object, "" if it may be. It makes no call:
// have may come from status. Every deletion checks it first.
func (t Request[O]) RetainReason(ctx context.Context, have auth0.Document) (string, error) {
	return t.retainReason(ctx, have)
}

// Save writes the status before the reconciliation continues.
func (t Request[O]) Save(ctx context.Context) error { return t.reconciliation.Save(ctx) }

// Event records an Event about something that was done.
func (t Request[O]) Event(ctx context.Context, reason, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeNormal, reason, message)
}

// Warn records an Event about a likely mistake.
func (t Request[O]) Warn(ctx context.Context, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, message)
}

// Lister is for objects with lists beside them, such as the roles of a user.
type Lister[O v1alpha1.Managed] interface {
	Lists(Request[O]) []lists.List
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
