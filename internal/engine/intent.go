package engine

import (
	"context"
	"encoding/json"
	"errors"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// If nothing in Auth0 would show that this Kubernetes object created an object, status records the intent before the creation.
// After a lost response or a crash, the intent says what to look for: docs/decisions/0009-create-intents.md.

// intent is the recorded intent of an earlier attempt whose outcome is unknown, "" if there is none.
func (w *objectSync[O]) intent() string { return w.object.GetManagedStatus().Creating }

// intentOf is what to record before the creation, "" if an id or a marker identifies the object.
func (w *objectSync[O]) intentOf() string {
	switch {
	case w.Definition.Intent != nil:
		// A document that came from JSON can become JSON; keys are sorted.
		note, _ := json.Marshal(w.Definition.Intent(w.desired))
		return string(note)
	case w.idempotencyKeyField() != "":
		return w.Definition.IdempotencyKeyName(w.object)
	}
	return ""
}

// recordIntent writes the intent to status.
func (w *objectSync[O]) recordIntent(ctx context.Context) error {
	if err := w.reconciliation.AddFinalizer(ctx); err != nil {
		return err
	}
	before, intent := w.intent(), w.intentOf()
	if intent == before {
		return nil
	}
	w.object.GetManagedStatus().Creating = intent
	err := w.reconciliation.saveUnlessChanged(ctx)
	if err != nil {
		w.object.GetManagedStatus().Creating = before
	}
	return err
}

// clearIntent removes an intent if Auth0's response proves that nothing was created. An intent with a lost response stays.
func (w *objectSync[O]) clearIntent(before string, err error) {
	failed, answered := errors.AsType[*auth0.Error](err)
	if before == "" && answered && failed.Class != auth0.ClassUnavailable {
		w.object.GetManagedStatus().Creating = ""
	}
}

// mustFind reports whether to look for the object before its creation: either an earlier attempt has an intent under another
// name, so that a retry would not conflict, or names repeat, so that it never would.
func (w *objectSync[O]) mustFind() bool {
	tried := w.intent()
	if tried != "" && tried != w.intentOf() {
		return true
	}
	if w.Definition.Intent == nil {
		return false
	}
	if w.Definition.NamesRepeat {
		if w.Definition.MarkerField == "" {
			return true
		}
		adopts := w.object.GetManagedSpec().AdoptionPolicy == v1alpha1.AdoptionPolicyIfUnmanaged
		return tried != "" || adopts && w.Definition.ID(w.object) == ""
	}
	return w.heldByOther()
}

// heldByOther reports whether status says that the object exists and belongs to someone else. To check again costs a read. A
// futile creation would cost a write as well.
func (w *objectSync[O]) heldByOther() bool {
	ready := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	return ready != nil && (ready.Reason == v1alpha1.ReasonAlreadyExists || ready.Reason == v1alpha1.ReasonConflict)
}

// findIntended looks for the object of an earlier attempt, under its recorded name, and for the declared one.
func (w *objectSync[O]) findIntended(ctx context.Context) (candidates []auth0.Document, ours auth0.Document, err error) {
	if w.Definition.Intent != nil && w.intent() == "" && w.desired == nil {
		// It is being deleted, and its creation was never tried.
		return nil, nil, nil
	}
	wanted, moved := w.desired, w.intent() != "" && w.intent() != w.intentOf()
	if w.Definition.Intent != nil && moved {
		wanted = w.intentDocument()
	}
	candidates, ours, err = w.find(ctx, wanted)
	if !moved || ours != nil || err != nil || w.Definition.NamesRepeat && w.Definition.MarkerField != "" {
		return candidates, ours, err
	}
	if w.Definition.NamesRepeat && w.desired != nil {
		// The old name was not created, or is gone.
		return w.find(ctx, w.desired)
	}
	// Someone else's object has the old name; the new name was not tried.
	return nil, nil, nil
}

// hasIntent reports whether an object without a marker matches the recorded intent. An object whose id status had already was not
// found by its intent.
func (w *objectSync[O]) hasIntent(have auth0.Document) bool {
	if w.Definition.Intent == nil || w.markerField() != "" || w.intent() == "" {
		return false
	}
	intent := w.intentDocument()
	return intent != nil && w.Definition.ID(w.object) != w.idOf(have) && len(w.fields.Diff(intent, have, nil)) == 0
}

// intentDocument is the recorded intent, nil if there is none or it is not a document.
func (w *objectSync[O]) intentDocument() auth0.Document {
	if w.Definition.Intent == nil {
		return nil
	}
	// Only the operator writes the status. If someone corrupts it, the operator searches without a name.
	intent, _ := auth0.ParseDocument([]byte(w.intent()))
	return intent
}

// holder returns the other owner of an object in Auth0: by its marker, or, for kinds without one, by the id in the status of
// another Kubernetes object. "" means that there is none.
func (w *objectSync[O]) holder(ctx context.Context, have auth0.Document) (string, error) {
	if foreign := w.foreignOwner(have); foreign != "" {
		return foreign, nil
	}
	if w.Definition.MarkerField != "" {
		return "", nil
	}
	list := w.kind.NewList()
	if err := w.Client.List(ctx, list, client.MatchingFields{reference.IDIndex: w.idKey(have)}); err != nil {
		return "", err
	}
	for _, other := range objectsIn(list) {
		owns := ownedID(other.(O)) == w.idOf(have)
		// An object that is being deleted hands over what this one manages already.
		holds := !w.manages(have) || other.GetDeletionTimestamp() == nil && isOlder(other, w.object)
		if other.GetUID() != w.object.GetUID() && owns && holds {
			return Owner(other), nil
		}
	}
	return "", nil
}

// idOf is the id of an object in Auth0.
func (w *objectSync[O]) idOf(have auth0.Document) string {
	if w.Definition.isSingleton() {
		return w.Definition.ID(w.object)
	}
	seen := newObject[O]()
	w.Definition.Observe(seen, have)
	return w.Definition.ID(seen)
}

// idKey is the key of an object in Auth0 in reference.IDIndex.
func (w *objectSync[O]) idKey(have auth0.Document) string {
	return reference.IDKey(w.object, w.idOf(have))
}

// claim reserves an object in Auth0 without a marker for this Kubernetes object. It fails if another one did so a moment ago,
// which the cache does not show yet.
func (w *objectSync[O]) claim(ctx context.Context, have auth0.Document) error {
	if w.Definition.MarkerField != "" {
		return nil
	}
	key, mine := w.idKey(have), claimantOf(w.object)
	for {
		holder, held := w.claims.take(key, mine)
		if !held {
			return nil
		}
		other := w.kind.New()
		err := w.Reader.Get(ctx, holder.NamespacedName, other)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil && claimantOf(other) == holder {
			return w.claimed(have, Owner(other))
		}
		w.claims.drop(key, holder)
	}
}

func heldBy(described, holder string) error {
	return problem.Stalled(v1alpha1.ReasonConflict,
		"%s is held by the Kubernetes object %s (namespace/name/uid); delete one of the two. That one needs spec.deletionPolicy: Retain first if its cluster, namespace or Auth0Tenant is another", described, holder)
}

// isOlder decides which of two objects that adopted the same thing at the same time keeps it.
func isOlder(a, b client.Object) bool {
	before, after := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if before.Equal(&after) {
		return a.GetUID() < b.GetUID()
	}
	return before.Before(&after)
}
