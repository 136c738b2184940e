package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// Auth0 may answer a write with success and apply only part of it. The operator compares the object again after each write. Auth0
// accepts some values and never shows them: status keeps them as sent, as a keyed hash.

// verify compares an object after a write with what was sent. An answer may lack fields, so it reads the object before it reports
// any as not applied.
func (w *objectSync[O]) verify(ctx context.Context, have auth0.Document, sent []fields.Change) (auth0.Document, error) {
	// An object that Auth0 does not show as it was sent is completed as before the write.
	w.lateInitialize(have)
	differing, err := w.differingSecrets(ctx, have)
	if err != nil {
		return nil, err
	}
	if len(w.left(have, sent)) == 0 && w.shows(have, differing) {
		w.noteDiffering(nil)
		return have, nil
	}
	have, err = w.readRoutes(ctx, have, w.routesOf(fields.PathsOf(slices.Concat(sent, w.differing))))
	if err != nil {
		return nil, err
	}
	w.lateInitialize(have)
	if differing, err = w.differingSecrets(ctx, have); err != nil {
		return nil, err
	}
	w.noteDiffering(differing)
	var cleared, left []fields.Change
	for _, one := range w.left(have, sent) {
		switch {
		case one.Have == nil && w.fields.MayHide(one.Path):
			if err := w.rememberUnshown(ctx, one); err != nil {
				return nil, err
			}
		case w.mayBeDefault(one):
			cleared = append(cleared, one)
		default:
			left = append(left, one)
		}
	}
	if len(left) > 0 {
		// The other changes of the call were not applied either.
		w.unapplied = slices.Concat(w.unapplied, left, cleared)
	}
	return have, nil
}

// mayBeDefault reports whether the value of a cleared field may be the default of Auth0. Keys of objects that
// are merged and entries of lists have no default.
func (w *objectSync[O]) mayBeDefault(one fields.Change) bool {
	if _, declared := w.fields.Flatten(w.desired)[one.Path]; declared || w.fields.Cleared[one.Path] != nil {
		return false
	}
	field, _, nested := strings.Cut(one.Path, ".")
	return !nested || !slices.Contains(w.fields.Merged, field) && w.fields.Keyed[field] == ""
}

// left returns the differences that were sent and still exist.
func (w *objectSync[O]) left(have auth0.Document, sent []fields.Change) []fields.Change {
	return slices.DeleteFunc(w.diff(have, fields.PathsOf(sent)), func(one fields.Change) bool {
		return !slices.ContainsFunc(sent, func(other fields.Change) bool { return other.Path == one.Path })
	})
}

// verifying returns a list that reports the changes to entries and their attributes that Auth0 accepted and did not make, and
// does not send them again.
func (w *objectSync[O]) verifying(list lists.List) lists.List {
	list.LeftOut = func(entry string, remove bool) {
		w.unapplied = append(w.unapplied, entryChange(list.Field, entry, remove))
	}
	list.NotTaken = func(entry string, remove bool) bool {
		one := entryChange(list.Field, entry, remove)
		return w.wasNotApplied(&one)
	}
	differing, amend := list.Differing, list.Amend
	if differing == nil {
		return list
	}
	list.Differing = func() []string {
		return slices.DeleteFunc(slices.Clone(differing()), func(entry string) bool {
			one := fields.Change{Path: list.Field + "." + entry, IsBeside: true}
			known := w.wasNotApplied(&one)
			if known {
				w.unapplied = append(w.unapplied, one)
			}
			return known
		})
	}
	list.Amend = func(ctx context.Context, session *auth0.Session, id string, entries []string) error {
		if err := amend(ctx, session, id, entries); err != nil {
			return err
		}
		for _, entry := range differing() {
			if slices.Contains(entries, entry) {
				w.unapplied = append(w.unapplied, fields.Change{Path: list.Field + "." + entry, IsBeside: true})
			}
		}
		return nil
	}
	return list
}

// entryChange returns the change that adds an entry to a list, or removes it.
func entryChange(field, entry string, remove bool) fields.Change {
	one := fields.Change{Path: field + "." + entry, IsBeside: true}
	if remove {
		one.Have = entry
	} else {
		one.Want = entry
	}
	return one
}

// appliedFields returns the fields of a patch in which Auth0 applied something.
func (w *objectSync[O]) appliedFields(patch auth0.Document) []string {
	left := map[string]bool{}
	for _, path := range fields.PathsOf(slices.Concat(w.unapplied, w.failed)) {
		field, _, _ := strings.Cut(path, ".")
		left[field] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(patch)), func(field string) bool { return left[field] })
}

// withoutKnown leaves out the differences that Auth0 did not apply before, and those in values that it does not show. An object
// that is replaced whole is sent with all its differences.
func (w *objectSync[O]) withoutKnown(changes []fields.Change) []fields.Change {
	var fresh, known []fields.Change
	w.unapplied = nil
	w.sendDiffering()
	for _, one := range changes {
		switch {
		case w.isUnshown(one):
			known = append(known, one)
		case w.wasNotApplied(&one):
			w.unapplied = append(w.unapplied, one)
			known = append(known, one)
		default:
			fresh = append(fresh, one)
		}
	}
	for _, one := range known {
		if object := w.fields.ReplacedObject(one.Path); object != "" && w.sends(object, fresh) {
			fresh = append(fresh, one)
			w.unapplied = slices.DeleteFunc(w.unapplied, func(other fields.Change) bool { return other.Path == one.Path })
		}
	}
	return fresh
}

// sends reports whether an object that is replaced whole is to be sent.
func (w *objectSync[O]) sends(object string, changes []fields.Change) bool {
	for path := range w.secrets {
		if w.fields.ReplacedObject(path) == object {
			return true
		}
	}
	return slices.ContainsFunc(changes, func(one fields.Change) bool { return w.fields.ReplacedObject(one.Path) == object })
}

// notAppliedBefore returns the differences that Auth0 did not apply, or refused, when they were last sent.
func notAppliedBefore(object v1alpha1.Managed) []v1alpha1.Difference {
	status := object.GetManagedStatus()
	if object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyObserve || Requested(object) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(status.Differences), func(before v1alpha1.Difference) bool {
		seen := status.ObservedGeneration
		if before.Refused != "" {
			seen = before.Generation
		}
		return seen != object.GetGeneration()
	})
}

// wasNotApplied reports whether Auth0 did not apply this very difference before. If Auth0 refused it, it adds the refusal to the
// change.
func (w *objectSync[O]) wasNotApplied(one *fields.Change) bool {
	now := w.differenceOf(*one)
	for _, before := range w.notApplied {
		if before.Field == now.Field && before.Auth0 == now.Auth0 && before.Spec == now.Spec {
			one.Refused = before.Refused
			return true
		}
	}
	return false
}

// isUnshown reports whether a difference is in a value that Auth0 took and does not show.
func (w *objectSync[O]) isUnshown(one fields.Change) bool {
	return one.Have == nil && w.unshown[one.Path]
}

// recallUnshown finds out which values Auth0 accepted before and does not show.
func (w *objectSync[O]) recallUnshown(ctx context.Context) error {
	w.unshown = map[string]bool{}
	if len(w.fields.Unshown) == 0 {
		return nil
	}
	want := w.fields.Flatten(w.desired)
	for _, before := range w.object.GetManagedStatus().AppliedSecrets {
		value, declared := want[before.Field]
		if !declared || !w.fields.MayHide(before.Field) {
			continue
		}
		hash, err := w.hashUnshown(ctx, before.Field, value)
		if err != nil {
			return err
		}
		if hash == before.Hash {
			w.unshown[before.Field] = true
			w.applied = append(w.applied, before)
		}
	}
	return nil
}

// rememberUnshown records a value that Auth0 accepted and does not show.
func (w *objectSync[O]) rememberUnshown(ctx context.Context, one fields.Change) error {
	hash, err := w.hashUnshown(ctx, one.Path, one.Want)
	if err != nil {
		return err
	}
	w.unshown[one.Path] = true
	w.applied = withSecret(w.applied, v1alpha1.AppliedSecret{Field: one.Path, Hash: hash})
	return nil
}

func (w *objectSync[O]) hashUnshown(ctx context.Context, path string, value any) (string, error) {
	// A value that came from JSON can become JSON.
	text, _ := json.Marshal(value)
	return w.hashSecret(ctx, path, string(text))
}

// abandonedUnshown returns changes that clear values that Auth0 does not show and that are no longer declared.
func (w *objectSync[O]) abandonedUnshown() []fields.Change {
	want := w.fields.Flatten(w.desired)
	var gone []fields.Change
	for _, path := range w.abandonedSecrets() {
		if _, declared := want[path]; !declared && w.fields.MayHide(path) {
			gone = append(gone, fields.Change{Path: path})
		}
	}
	return gone
}

func (w *objectSync[O]) differencesOf(changes []fields.Change) []v1alpha1.Difference {
	var differences []v1alpha1.Difference
	for _, one := range changes {
		differences = append(differences, w.differenceOf(one))
	}
	return differences
}

// differenceOf renders a change for status, without secret values.
func (w *objectSync[O]) differenceOf(one fields.Change) v1alpha1.Difference {
	difference := v1alpha1.Difference{Field: one.Path, Refused: one.Refused}
	if one.IsSecret {
		difference.Auth0, difference.Spec = fmt.Sprintf("%s %s", redacted, one.Have), fmt.Sprintf("%s %s", redacted, one.Want)
		return difference
	}
	difference.Auth0, difference.Spec = valueText(w.redact(one.Path, one.Have, redacted)), valueText(one.Want)
	return difference
}
