package engine

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Definition is all that the loop knows about a kind. Only Resource and Noun are required. A nil function means that the kind does
// not take part in that step, or that the default applies where the comment names one. Functions that have no context make no call
// and change nothing but their arguments.
type Definition[O v1alpha1.Managed] struct {
	// Resource is the name of the kind in the paths of the Management API and in the resource table of internal/auth0: "users".
	// The calls that read, create, update and delete an object follow from it.
	Resource string
	// Path returns the values for the parameters of the resource's path, such as the organization in
	// organizations/{organization}/discovery-domains. They must not change. Kinds whose path has parameters need it. For a
	// singleton, the spec alone has the values.
	Path func(object O, references reference.Values) []string
	// Noun is what messages call an object: "role".
	Noun string
	// Scopes are the scopes that the kind needs. Default: LifecycleScopes of the resource.
	Scopes []Scope[O]

	// Fields describes the special fields of the kind. The lists without an order follow from the CRD.
	Fields fields.Semantics
	// Renamed are the fields that Auth0 calls otherwise, by their name in the spec. Others have the same name in snake_case.
	Renamed map[string]string
	// Beside are the fields of the spec that are no part of Auth0's document, such as Lists.
	Beside []string
	// Verbatim are the fields, by Auth0's name, whose content has the same names in the spec and in Auth0.
	Verbatim []string
	// Desired renders the spec in Auth0's field names, without the fields that are not declared. references are the resolved
	// References of the object. Default: the whole spec; a field connectionRef becomes connection_id.
	Desired func(object O, references reference.Values) auth0.Document
	// Render changes the document that follows from the spec, where Auth0 has another form. It is for kinds without Desired.
	Render func(object O, document auth0.Document)
	// LateInitialize completes the desired document with what Auth0 has and keeps, such as entries that others added to a list
	// that Auth0 replaces whole. have was just read; it is nil before the creation.
	LateInitialize func(object O, desired, have auth0.Document)
	// Preserve adds to a patch what Auth0 would otherwise reset. It fails if have, which was just read, does not show a value
	// that it needs. The patch contains the values of secrets already.
	Preserve func(req Request[O], have, patch auth0.Document) error
	// ExactLists returns the lists of Fields.Keyed that may contain only the declared entries. The operator removes all others,
	// even those that it did not add.
	ExactLists func(O) []string
	// DelayRemoval delays a removal that others would miss, such as the removal of a scope that roles have. It takes out of the
	// patch what must not be sent yet, and returns why and until when, nil if it delays nothing. Every reconciliation calls it,
	// with an empty patch if nothing differs.
	DelayRemoval func(ctx context.Context, req Request[O], have, patch auth0.Document) (*problem.Problem, error)
	// Urgent returns the fields that must take effect even if the rest of the object has an error and that, according to status,
	// have not; nil if there are none.
	Urgent func(O) auth0.Document
	// Exempt returns the fields that someone else maintains, such as an identity provider, and who that is, for messages. The
	// operator leaves these fields alone.
	Exempt func(have auth0.Document) (fields []string, keeper string)

	// What is wrong with an object, and how to say it.

	// Check finds errors that the schema and CEL cannot see. The message begins with the field.
	Check func(O) error
	// Warnings say what is likely wrong, on which field, and what to do.
	Warnings func(O) []string
	// Explain gives a reason and a message for an answer of Auth0 that has a particular meaning for the kind, nil for others. It
	// makes no call. References are the ones that were resolved before the failed call.
	Explain func(req Request[O], failed *auth0.Error) error

	// What an object needs of others.

	// References are the objects of this group that an object refers to. Until all of them are Ready, the object waits and makes
	// no call. Default: those of its fields (reference.FieldsOf).
	References func(O) []reference.Reference
	// Names are other things in Auth0 that an object names by their names there. The object waits for the objects that declare
	// these names, as for those that it refers to. Default: those of its fields (reference.FieldsOf).
	Names func(O) []reference.Named
	// kinds are those of References and Names, if both follow from the fields.
	kinds []string
	// Declares returns the name that the spec declares, if others name objects of the kind by their name in Auth0.
	Declares func(O) string

	// How the operator knows an object in Auth0 again.

	// ID returns the id of the object in Auth0 from status, "" if the object was not found in Auth0 yet. Default: its GetIdentity.
	ID func(O) string
	// Describe names an object in Auth0 for messages: "user auth0|507f1f77bcf86cd799439011". Default: the noun, the name and the
	// id.
	Describe func(auth0.Document) string
	// Observe copies what Auth0 returned into status. Default: the id, and the fields of the status that Auth0 has, too.
	Observe func(O, auth0.Document)
	// Conditions returns conditions of the kind, from the status of an object that is in Auth0. They appear together with Ready.
	Conditions func(O) []metav1.Condition
	// InitializeStatus copies the natural name of an object into status before anything is known of it in Auth0, so that kubectl
	// get shows it.
	InitializeStatus func(O)
	// Find returns all objects that could be the wanted one: by the natural key and, where names repeat, by the marker. wanted is
	// the desired document, or what Intent recorded before. Default: the objects of the same name.
	Find func(ctx context.Context, req Request[O], wanted auth0.Document) ([]auth0.Document, error)
	// MarkerField is the path of the marker that the objects carry in Auth0, as object.key of an object in Fields.Merged or
	// Fields.Replaced; empty if they carry none.
	MarkerField string
	// Intent is for kinds whose objects cannot be recognized in Auth0 after a lost answer: those without a marker, and those
	// whose names repeat, so that a retry would create a second object. Status records the intent before the creation. It returns
	// the fields to record: the natural key, and others that distinguish the object from someone else's. None of them may be
	// secret. Default without a marker: the whole desired document.
	Intent func(desired auth0.Document) auth0.Document
	// NamesRepeat means that Auth0 allows a second object with the same name. Without a marker, the operator looks for the name
	// before each creation, and does not create a second object itself.
	NamesRepeat bool
	// FindByMarker returns all objects in Auth0 that carry a marker, as far as a list shows them. It is for kinds whose names
	// repeat: of two attempts to create an object, both may have an effect.
	FindByMarker func(ctx context.Context, session *auth0.Session, mark string) ([]auth0.Document, error)
	// IdempotencyKeyField is for objects whose creation cannot carry the marker. It carries an idempotency key instead, which
	// only this operator can make. The update that sets the marker removes the key. It returns the path of the key, as object.key
	// of a merged object; "" if the creation carries the marker.
	IdempotencyKeyField func(O) string
	// IdempotencyKeyName is the name under which such an object is created, and found by its idempotency key.
	IdempotencyKeyName func(O) string

	// What an object takes from Secrets, and writes into Secrets and ConfigMaps.

	// SecretFields takes values of fields from Secrets, by the path of the field. A value is sent when it changes, and whenever
	// the object of Fields.Replaced around it is sent. Auth0 does not return the values. Default: a field tokenSecretRef of the
	// spec holds the value of token.
	SecretFields func(O) map[string]v1alpha1.SecretKeyReference
	// secretPatterns are the patterns of the fields whose values may come from Secrets, or that Auth0 shows in the clear.
	secretPatterns []string
	// CheckSecret checks a value before it is sent. It returns in wrong why Auth0 would refuse the value of a field, and in
	// warning why the value is likely a mistake. Neither quotes the value; both say what it is, and what to do.
	CheckSecret func(object O, field, value string) (wrong, warning string)
	// ExplainSecret says which rule the value of a field breaks that was sent with the call. It returns "" if Auth0 refused
	// something else, or if nothing is known. It does not quote the value.
	ExplainSecret func(ctx context.Context, req Request[O], field, value string, failed *auth0.Error) string
	// Inputs names further Secrets that an object reads or writes, besides those of SecretFields. A change of one of them
	// triggers a reconciliation.
	Inputs func(O) []string
	// OutputSecrets names the Secrets that the spec declares as outputs. When the object is deleted, the operator gives up those
	// that existed before it, and keeps them.
	OutputSecrets func(O) []string
	// Publish writes what is known of an object into Kubernetes, such as its credentials into a Secret. It runs whenever the
	// object was read or created, except under managementPolicy Observe. It makes no call to Auth0.
	Publish func(ctx context.Context, req Request[O], have auth0.Document) error
	// OutputConfigMap returns the declared ConfigMap for the public values of an object, nil for none.
	OutputConfigMap func(O) *v1alpha1.OutputConfigMap
	// PublicValues returns the values for the ConfigMap. None of them may be secret. have is empty before the creation.
	PublicValues func(req Request[O], have auth0.Document) map[string]string

	// What a kind does around its object.

	// Prepare prepares what an object needs before it is reconciled. It does not run under managementPolicy Observe.
	Prepare func(context.Context, Request[O]) error
	// Create is for kinds whose creation takes more than the resource's own call. It creates the object with one call, and
	// returns what the answer shows of it. Nothing that can fail may follow the call. If an object with the same natural key
	// exists, it fails with auth0.ClassConflict.
	Create func(ctx context.Context, req Request[O], desired auth0.Document) (auth0.Document, error)
	// Imports is for kinds that Auth0 can create in import jobs: docs/decisions/0012-imports.md.
	Imports *Importer[O]
	// Lists are the lists beside an object, such as the roles of a user.
	Lists func(Request[O]) []lists.List
	// Steps are the states that the object must reach in Auth0 after it was written, in their order.
	Steps []Step[O]
	// Assembled is a list in Auth0 that is written whole, and to which each object adds an entry; nil if there is none.
	Assembled *Assembled[O]
	// Finishes reports whether there is follow-up work.
	Finishes func(O) bool
	// Finish does the follow-up work once the object is in sync. have is the object as it is in Auth0 now. It does not run under
	// managementPolicy Observe.
	Finish func(ctx context.Context, req Request[O], have auth0.Document) error
	// NextAt returns when the object must be reconciled again in any case, the zero time if there is no such time.
	NextAt func(O) time.Time
	// AffectedBy returns a function that reports whether a write to an object of any kind may have changed an object of this one
	// in Auth0, nil if it changes none. A mistake costs a read, or leaves the change to the next comparison.
	AffectedBy func(write drift.Write) func(O) bool
	// Export fills the spec of an object so that it declares exactly what Auth0 has, without secrets. It may read what belongs
	// to the object, such as its lists. It returns false if nobody should adopt the object, because it belongs to Auth0 or to the
	// operator itself. Default for kinds whose whole document follows from the spec: what the spec has a field for.
	Export func(ctx context.Context, session *auth0.Session, have auth0.Document, names Names, object O) (bool, error)

	// Which objects in Auth0 may be managed, be deleted, or give access.

	// RetainReason says why an object must stay in Auth0, such as one that Auth0 made itself, "" if it may be deleted.
	RetainReason func(session *auth0.Session, have auth0.Document) string
	// Protects says what an object in Auth0 is if no Kubernetes object may adopt, change or delete it, because the operator
	// itself depends on it, "" otherwise. operators are the client ids of the operator's own applications. have may be the
	// desired document, which has no id.
	Protects func(session *auth0.Session, operators []string, have auth0.Document) string
	// Population says what Auth0 deletes with an object that no Kubernetes object may have declared, such as people. It makes one
	// call.
	Population func(ctx context.Context, session *auth0.Session, have auth0.Document) (Population, error)
	// Reset clears what status records, beyond the common fields, of what was set in Auth0, because the object is about to
	// represent something else there.
	Reset func(O)
	// Gives returns the access to the Management API that an object gives. It makes calls only for what the object has not given
	// yet.
	Gives func(ctx context.Context, req Request[O]) ([]Access, error)
	// Holds returns the access to the Management API that an object in Auth0 has. A Kubernetes object that adopts it gets that
	// access.
	Holds func(ctx context.Context, req Request[O], have auth0.Document) ([]Access, error)
}

// Importer creates objects in import jobs.
type Importer[O v1alpha1.Managed] struct {
	// Importable reports whether an import creates the object exactly as a call of its own would.
	Importable func(O) bool
	// Importing returns the field of status that records that the object is being imported.
	Importing func(O) *string
	// Import renders the body of a creation as an import. It returns nil if that is not possible.
	Import func(ctx context.Context, req Request[O], body auth0.Document) (*Import, error)
}

// Scope is a scope of the Management API that a kind needs.
type Scope[O v1alpha1.Managed] struct {
	Name string
	// Needed reports whether an object needs the scope; nil means that every object does.
	Needed func(O) bool
}

// scopeNames returns all scopes that objects of the kind may need.
func (d *Definition[O]) scopeNames() []string {
	names := make([]string, len(d.Scopes))
	for i, scope := range d.Scopes {
		names[i] = scope.Name
	}
	return names
}

// neededScopes returns the scopes that an object needs.
func (d *Definition[O]) neededScopes(object O) []string {
	var names []string
	for _, scope := range d.Scopes {
		if scope.Needed == nil || scope.Needed(object) {
			names = append(names, scope.Name)
		}
	}
	return names
}

// indexed returns how the objects are indexed in the cache.
func (d *Definition[O]) indexed() reference.Indexed {
	indexed := reference.Indexed{
		Kind:   nameOf[O](),
		Kinds:  d.kinds,
		Inputs: func(object client.Object) []string { return d.inputs(object.(O)) },
		ID:     func(object client.Object) string { return d.ID(object.(O)) },
	}
	if d.References != nil {
		indexed.References = func(object client.Object) []reference.Reference { return d.References(object.(O)) }
	}
	if d.Names != nil {
		indexed.Names = func(object client.Object) []reference.Named { return d.Names(object.(O)) }
	}
	if d.Declares != nil {
		indexed.Declares = func(object client.Object) string { return d.Declares(object.(O)) }
	}
	return indexed
}

// inputs lists the Secrets and ConfigMaps that an object names, in the form of reference.InputIndex.
func (d *Definition[O]) inputs(object O) []string {
	var names []string
	if d.SecretFields != nil {
		for _, ref := range d.SecretFields(object) {
			names = append(names, reference.SecretInput(ref.Name))
		}
	}
	if d.Inputs != nil {
		for _, name := range d.Inputs(object) {
			names = append(names, reference.SecretInput(name))
		}
	}
	if d.OutputConfigMap != nil {
		for _, name := range configMapName(d.OutputConfigMap(object)) {
			names = append(names, reference.ConfigMapInput(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
