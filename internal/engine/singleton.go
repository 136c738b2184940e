package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Each tenant has exactly one object of some kinds, such as its branding. Nobody creates or deletes it: one Kubernetes object
// adopts it, and its deletion sets the fields to what they were before. See docs/decisions/0036-singletons.md.

// isSingleton reports whether each tenant has exactly one object of the kind.
func (d *Definition[O]) isSingleton() bool { return auth0.IsSingleton(d.Resource) }

// singletonID returns the id of the tenant's only object, or of the only one for the values of its path. The object that an object
// adopted stays its own, whatever its spec says later.
func (d *Definition[O]) singletonID(object O) string {
	if d.Path == nil {
		return d.Resource
	}
	return cmp.Or(ownedID(object), auth0.JoinID(d.Path(object, nil)...))
}

// checkPath fails if the values of the path are not the ones of the adopted object: nobody would set that one back.
func (w *objectSync[O]) checkPath(id string) error {
	if w.Definition.Path == nil || auth0.JoinID(w.req().Path()...) == id {
		return nil
	}
	return problem.Stalled(v1alpha1.ReasonInvalidSpec,
		"this object manages %s, which it cannot exchange for another one; restore the value, or delete this object and create another one", w.described(id))
}

// described names the tenant's only object with an id.
func (w *objectSync[O]) described(id string) string {
	return w.Definition.Describe(auth0.Document{auth0.IDField(w.Definition.Resource): id})
}

// contend fails if another Kubernetes object manages the tenant's only object: the one that adopted it, or else the oldest one
// that may. It makes no call.
func (w *objectSync[O]) contend(ctx context.Context) error {
	if !w.Definition.isSingleton() || w.observes() {
		return nil
	}
	id := w.Definition.ID(w.object)
	if err := w.checkPath(id); err != nil {
		return err
	}
	list := w.kind.NewList()
	if err := w.Client.List(ctx, list, client.MatchingFields{reference.IDIndex: reference.IDKey(w.object, id)}); err != nil {
		return err
	}
	first := w.object
	for _, other := range objectsIn(list) {
		contends, err := w.contends(ctx, other.(O), id)
		if err != nil {
			return err
		}
		if contends && comesBefore(other.(O), first, id) {
			first = other.(O)
		}
	}
	if first.GetUID() == w.object.GetUID() {
		return nil
	}
	w.object.GetManagedStatus().Claims = id
	return problem.Stalled(v1alpha1.ReasonConflict,
		"%s %s manages %s; move these settings to that object, or delete one of the two",
		w.kind.Name, client.ObjectKeyFromObject(first), w.described(id))
}

// contends reports whether another object manages the tenant's only object, or may adopt it.
func (w *objectSync[O]) contends(ctx context.Context, other O, id string) (bool, error) {
	switch {
	case other.GetUID() == w.object.GetUID():
		return false, nil
	case ownedID(other) == id:
		// An object that is being deleted hands over what this one manages already.
		return other.GetDeletionTimestamp() == nil || ownedID(w.object) != id, nil
	case other.IsSuspended():
		return false, nil
	}
	return w.mayInherit(ctx, other, id)
}

// comesBefore reports whether an object has precedence over another one: the one that adopted the tenant's only object, and else
// the older one.
func comesBefore[O v1alpha1.Managed](a, b O, id string) bool {
	if owns := ownedID(a) == id; owns != (ownedID(b) == id) {
		return owns
	}
	return isOlder(a, b)
}

// rememberFormer records in status the values of the fields that the object is about to set for the first time. The caller saves
// the status before it sends them.
func (w *objectSync[O]) rememberFormer(have auth0.Document) {
	if !w.Definition.isSingleton() {
		return
	}
	status := w.object.GetManagedStatus()
	for _, path := range w.fields.Paths(w.desired) {
		if !slices.Contains(status.ManagedFields, path) {
			status.FormerValues = slices.DeleteFunc(status.FormerValues, func(one v1alpha1.FormerValue) bool { return one.Field == path })
			status.FormerValues = append(status.FormerValues, formerValue(path, w.redact(path, w.fields.ValueAt(have, path), nil)))
		}
	}
}

func formerValue(path string, value any) v1alpha1.FormerValue {
	former := v1alpha1.FormerValue{Field: path}
	if value != nil {
		// A value that came from JSON can become JSON.
		encoded, _ := json.Marshal(value)
		former.Value = string(encoded)
	}
	return former
}

// forgetFormerValues drops the values of fields that the object no longer manages.
func (w *objectSync[O]) forgetFormerValues() {
	status := w.object.GetManagedStatus()
	status.FormerValues = slices.DeleteFunc(status.FormerValues, func(one v1alpha1.FormerValue) bool {
		return !slices.Contains(status.ManagedFields, one.Field)
	})
}

// handOverFormer gives the record of former values to the object that takes over the tenant's only object, which then sets the
// fields that it does not declare to their former values. Under deletionPolicy Retain, the values of this object stay.
func (w *objectSync[O]) handOverFormer(successor O) {
	if !w.Definition.isSingleton() || w.object.GetManagedSpec().DeletionPolicy == v1alpha1.DeletionPolicyRetain {
		return
	}
	from, to := w.object.GetManagedStatus(), successor.GetManagedStatus()
	to.ManagedFields, to.FormerValues = slices.Clone(from.ManagedFields), slices.Clone(from.FormerValues)
}

// formerOf returns the value that a field had before the object set it, nil for none.
func (w *objectSync[O]) formerOf(path string) any {
	for _, one := range w.object.GetManagedStatus().FormerValues {
		if one.Field == path && one.Value != "" {
			// Only the operator writes the status. A value that someone corrupts counts as none.
			document, _ := auth0.ParseDocument([]byte(`{"value":` + one.Value + `}`))
			return document["value"]
		}
	}
	return nil
}

// diff compares the desired document with what Auth0 has. managed are the paths that were desired before: where they are not
// desired any more, it sets them to their former values, or clears them if they had none.
func (w *objectSync[O]) diff(have auth0.Document, managed []string) []fields.Change {
	have = w.withoutSecrets(have)
	want := w.fields.Flatten(w.desired)
	var cleared []string
	var former []fields.Change
	for _, path := range managed {
		value := w.formerOf(path)
		if _, still := want[path]; still || value == nil {
			cleared = append(cleared, path)
			continue
		}
		if current := w.fields.ValueAt(have, path); !w.fields.Equal(path, value, current) {
			former = append(former, fields.Change{Path: path, Want: value, Have: current})
		}
	}
	return append(w.fields.Diff(w.desired, have, cleared), former...)
}

// restore sets the fields that the object managed to their former values, for an object that is being deleted. Values of Secrets
// are not known any more: it clears those in objects that Auth0 replaces whole, and leaves the others.
func (w *objectSync[O]) restore(ctx context.Context, have auth0.Document) (Outcome, error) {
	if w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly {
		return RemoveFinalizer("left in Auth0: managementPolicy CreateOnly changed nothing"), nil
	}
	w.desired, w.secretValues = auth0.Document{}, map[string]any{}
	for _, applied := range w.object.GetManagedStatus().AppliedSecrets {
		w.secretValues[applied.Field] = nil
	}
	changes := w.diff(have, w.object.GetManagedStatus().ManagedFields)
	patch := w.patch(have, changes)
	if len(patch) == 0 {
		return RemoveFinalizer("Auth0 has again what it had before"), nil
	}
	if _, err := w.sendParts(ctx, have, patch, changes); err != nil {
		return Outcome{}, err
	}
	if !w.isTaken() {
		return Outcome{}, problem.Stalled(v1alpha1.ReasonRejected, "%s", w.refused().message)
	}
	restored := fields.PathsOf(changes)
	return RemoveFinalizer("set in Auth0 to what they were before: " + strings.Join(restored, ", ")), nil
}
