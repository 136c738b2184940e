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

// Where nothing in Auth0 would tell that an object is ours, what is about to be created is noted in status first. After a
// lost answer or a crash the note tells what to look for: docs/decisions/0009-create-intents.md.

// intent is what was noted before an earlier attempt whose outcome is not known, "" if there was none.
func (w *objectSync[O]) intent() string { return w.object.GetManagedStatus().Creating }

// intentOf is what is noted before the object is created, "" if the creation speaks for itself by an id or a marker.
func (w *objectSync[O]) intentOf() string {
	switch adapter := w.Adapter.(type) {
	case IntentRecorder:
		// What came from JSON can become JSON; keys are sorted.
		note, _ := json.Marshal(adapter.Intent(w.desired))
		return string(note)
	case IdempotentCreator[O]:
		if adapter.IdempotencyKeyField(w.object) != "" {
			return adapter.IdempotencyKeyName(w.object)
		}
	}
	return ""
}

// recordIntent writes the create intent down.
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

// clearIntent forgets an create intent when Auth0's answer leaves no doubt that nothing was created. One whose own answer
// was lost stays.
func (w *objectSync[O]) clearIntent(before string, err error) {
	failed, answered := errors.AsType[*auth0.Error](err)
	if before == "" && answered && failed.Class != auth0.ClassUnavailable {
		w.object.GetManagedStatus().Creating = ""
	}
}

// mustFind reports whether to look for the object before it is created: an earlier attempt was recorded as intent under another name,
// so that trying again would be no conflict; or names repeat, so that it never would be.
func (w *objectSync[O]) mustFind() bool {
	tried := w.intent()
	if tried != "" && tried != w.intentOf() {
		return true
	}
	if _, recordsIntent := w.Adapter.(IntentRecorder); !recordsIntent {
		return false
	}
	if w.namesRepeat() {
		adopts := w.object.GetManagedSpec().AdoptionPolicy == v1alpha1.AdoptionPolicyIfUnmanaged
		return tried != "" || adopts && w.Adapter.ID(w.object) == ""
	}
	return w.heldByOther()
}

// namesRepeat reports whether Auth0 would make a second object of the same name.
func (w *objectSync[O]) namesRepeat() bool {
	_, recordsIntent := w.Adapter.(IntentRecorder)
	_, marks := w.Adapter.(Marker)
	_, unique := w.Adapter.(Renamer)
	return recordsIntent && marks && !unique
}

// heldByOther reports whether the object was found to be there already and is somebody else's: to ask whether it still is
// costs a read, to try in vain a write as well.
func (w *objectSync[O]) heldByOther() bool {
	ready := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	return ready != nil && (ready.Reason == v1alpha1.ReasonAlreadyExists || ready.Reason == v1alpha1.ReasonConflict)
}

// findIntended looks for what an earlier attempt may have created, under the name that it had then, and for what is
// declared now.
func (w *objectSync[O]) findIntended(ctx context.Context) (candidates []auth0.Document, ours auth0.Document, err error) {
	_, recordsIntent := w.Adapter.(IntentRecorder)
	if recordsIntent && w.intent() == "" && w.desired == nil {
		// It is being deleted, and its creation was never tried.
		return nil, nil, nil
	}
	wanted, moved := w.desired, w.intent() != "" && w.intent() != w.intentOf()
	if recordsIntent && moved {
		wanted = w.intentDocument()
	}
	candidates, ours, err = w.find(ctx, wanted)
	if moved && ours == nil && !w.namesRepeat() {
		// What bears the old name is a somebody else's; the new name has not been tried.
		candidates = nil
	}
	return candidates, ours, err
}

// hasIntent reports whether an object that carries no marker, and was found by what was recorded as intent, is the one that was. One
// whose id status has already was not found so.
func (w *objectSync[O]) hasIntent(have auth0.Document) bool {
	if _, recordsIntent := w.Adapter.(IntentRecorder); !recordsIntent || w.markerField() != "" || w.intent() == "" {
		return false
	}
	intent := w.intentDocument()
	return intent != nil && w.Adapter.ID(w.object) != w.idOf(have) && len(w.fields.diff(intent, have, nil)) == 0
}

// intentDocument is what was recorded as intent, nil if nothing was or it is no document.
func (w *objectSync[O]) intentDocument() auth0.Document {
	if _, recordsIntent := w.Adapter.(IntentRecorder); !recordsIntent {
		return nil
	}
	// The status is ours to write; somebody who spoils it has the object looked for under no name.
	intent, _ := auth0.ParseDocument([]byte(w.intent()))
	return intent
}

// holder returns who else holds an object in Auth0: by its marker, or, as many carry none, by the id that another Kubernetes
// object has in status. "" means nobody.
func (w *objectSync[O]) holder(ctx context.Context, have auth0.Document) (string, error) {
	if foreign := w.foreignOwner(have); foreign != "" {
		return foreign, nil
	}
	if _, marks := w.Adapter.(Marker); marks {
		return "", nil
	}
	list := w.kind.NewList()
	if err := w.Client.List(ctx, list, client.MatchingFields{reference.IDIndex: w.idKey(have)}); err != nil {
		return "", err
	}
	for _, other := range objectsIn(list) {
		owns := ownedID(other.(O)) == w.idOf(have)
		// One that is being deleted hands over what this one manages already.
		holds := !w.manages(have) || other.GetDeletionTimestamp() == nil && isOlder(other, w.object)
		if other.GetUID() != w.object.GetUID() && owns && holds {
			return Owner(other), nil
		}
	}
	return "", nil
}

// idOf is the id of an object in Auth0.
func (w *objectSync[O]) idOf(have auth0.Document) string {
	seen := w.New()
	w.Adapter.Observe(seen, have)
	return w.Adapter.ID(seen)
}

// idKey is how an object in Auth0 stands in reference.IDIndex.
func (w *objectSync[O]) idKey(have auth0.Document) string {
	return reference.IDKey(w.object, w.idOf(have))
}

// claim takes an object in Auth0 that carries no marker for this Kubernetes object, or fails because another one did so a
// moment ago, which the cache does not show yet.
func (w *objectSync[O]) claim(ctx context.Context, have auth0.Document) error {
	if _, marks := w.Adapter.(Marker); marks {
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

// isOlder decides who holds what two objects took over at the same time.
func isOlder(a, b client.Object) bool {
	before, after := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if before.Equal(&after) {
		return a.GetUID() < b.GetUID()
	}
	return before.Before(&after)
}
