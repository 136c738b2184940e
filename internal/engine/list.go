package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// List is a list beside an object in Auth0, such as the roles of a user. Entries are named by strings that people know.
type List struct {
	// Field in the spec, for messages.
	Field string
	// Declared reports whether the spec has the list at all; otherwise only what was set through it before is taken back.
	Declared bool
	Mode     v1alpha1.ListMode
	// Want are the entries of the spec.
	Want []string
	// Managed are the entries that were set through the object, in its status.
	Managed *[]string

	// Read, Add and Remove make the calls. Add and Remove are idempotent; they get what is missing or too much only.
	Read func(ctx context.Context, session *auth0.Session, id string) ([]string, error)
	// Add returns what it added.
	Add    func(ctx context.Context, session *auth0.Session, id string, entries []string) ([]string, error)
	Remove func(ctx context.Context, session *auth0.Session, id string, entries []string) error
	// BulkChange makes the calls for many objects at once; nil if there are no such calls.
	Bulk *BulkChange

	// Differing returns the entries that have other attributes than declared, as of the last Read or Amend, and Amend changes
	// them; nil if entries have none.
	Differing func() []string
	Amend     func(ctx context.Context, session *auth0.Session, id string, entries []string) error
	// notTaken reports whether Auth0 took this very change before and did not make it, and leftOut notes that; nil where nobody keeps
	// that in mind.
	notTaken func(entry string, remove bool) bool
	leftOut  func(entry string, remove bool)
	// Sent tells that the entries travel with the creation of the object.
	Sent bool
}

// differing returns the entries that are there and have other attributes than declared.
func (l List) differing() []string {
	if l.Differing == nil {
		return nil
	}
	return l.Differing()
}

// idle reports whether there is nothing to look after.
func (l List) idle() bool {
	return len(l.Want) == 0 && len(*l.Managed) == 0 && (!l.Declared || l.Mode != v1alpha1.ListModeExact)
}

// plan compares with what is there.
func (l List) plan(have []string) (missing, surplus []string) {
	missing = without(l.Want, have)
	for _, entry := range have {
		if slices.Contains(l.Want, entry) {
			continue
		}
		if l.Declared && l.Mode == v1alpha1.ListModeExact || slices.Contains(*l.Managed, entry) {
			surplus = append(surplus, entry)
		}
	}
	return missing, surplus
}

// read returns the entries that are there, without a call if they are known.
func (l List) read(ctx context.Context, session *auth0.Session, id string, known *onLists) ([]string, error) {
	if entries, ok := known.entriesOf(l); ok {
		return entries, nil
	}
	return l.Read(ctx, session, id)
}

// converge brings the list in line, going by what is known to be on it. save writes down what is about to be added, as
// nobody could tell it from what others added after a crash.
func (l List) converge(ctx context.Context, session *auth0.Session, id string, known *onLists, save func(context.Context) error) (changed bool, err error) {
	have, err := l.read(ctx, session, id, known)
	if err != nil {
		return false, err
	}
	missing, surplus := l.plan(have)
	listed := without(l.Want, missing)
	missing, surplus = l.fresh(missing, surplus, l.leftOut)
	again := l.addedBefore(missing, known)
	noted := len(without(missing, *l.Managed)) == 0
	differing := l.differing()
	if len(differing) > 0 {
		if err := l.Amend(ctx, session, id, differing); err != nil {
			return false, err
		}
	}
	if len(surplus) > 0 {
		if err := l.Remove(ctx, session, id, surplus); err != nil {
			return false, err
		}
	}
	*l.Managed = slices.DeleteFunc(union(*l.Managed, nil), func(entry string) bool { return !slices.Contains(l.Want, entry) })
	*l.Managed = union(*l.Managed, listed)
	if len(missing) == 0 {
		return len(surplus)+len(differing) > 0, l.verify(ctx, session, id, nil, surplus)
	}
	if !noted {
		l.intend(missing)
		if err := save(ctx); err != nil {
			return false, err
		}
	}
	added, err := l.Add(ctx, session, id, missing)
	if auth0.ClassOf(err) != auth0.ClassUnavailable {
		// Otherwise the answer may have been lost after the effect.
		*l.Managed = union(without(*l.Managed, missing), added)
	}
	if err != nil {
		return true, err
	}
	return true, l.verify(ctx, session, id, again, surplus)
}

// fresh leaves out the changes that Auth0 took before and did not make, and has these noted.
func (l List) fresh(missing, surplus []string, note func(entry string, remove bool)) (freshMissing, freshSurplus []string) {
	if l.notTaken == nil {
		return missing, surplus
	}
	isKnown := func(remove bool) func(string) bool {
		return func(entry string) bool {
			known := l.notTaken(entry, remove)
			if known {
				note(entry, remove)
			}
			return known
		}
	}
	return slices.DeleteFunc(slices.Clone(missing), isKnown(false)), slices.DeleteFunc(slices.Clone(surplus), isKnown(true))
}

// verify reads the list once more after entries were added for the second time, or removed, and notes those that Auth0 left as they were. An
// entry that is added for the first time costs no read: if Auth0 leaves it out, the next look adds it again, and reads.
func (l List) verify(ctx context.Context, session *auth0.Session, id string, again, removed []string) error {
	if l.leftOut == nil || len(again)+len(removed) == 0 {
		return nil
	}
	have, err := l.Read(ctx, session, id)
	if err != nil {
		return err
	}
	for _, entry := range without(again, have) {
		l.leftOut(entry, false)
	}
	for _, entry := range intersect(removed, have) {
		l.leftOut(entry, true)
	}
	return nil
}

// addedBefore returns the missing entries that were added before: somebody took them away, or Auth0 left them out. Of an object that is new or
// whose changes are made together with those of others, they are noted before they are added for the first time.
func (l List) addedBefore(missing []string, known *onLists) []string {
	if known != nil {
		return nil
	}
	return intersect(missing, *l.Managed)
}

// intersect returns the entries of a that are in b, too.
func intersect(a, b []string) []string { return without(a, without(a, b)) }

// onLists is what is known of the lists beside an object, so that they need not be read. nil knows nothing.
type onLists struct {
	// isNew tells that the object was created just now: what is not known to be on its lists is not.
	isNew bool
	// entries are those of the lists that are known, by field, and changed are the lists that were changed since.
	entries map[string][]string
	changed map[string]bool
}

// entriesOf returns what is on a list, if it is known.
func (o *onLists) entriesOf(list List) (entries []string, known bool) {
	switch {
	case o == nil:
		return nil, false
	case o.isNew && list.Sent:
		return list.Want, true
	}
	entries, known = o.entries[list.Field]
	return entries, known || o.isNew
}

// with returns what is known after some changes.
func (o *onLists) with(changes []target) *onLists {
	after := &onLists{isNew: o.isNew, entries: maps.Clone(o.entries), changed: map[string]bool{}}
	if after.entries == nil {
		after.entries = map[string][]string{}
	}
	for _, to := range changes {
		after.changed[to.field] = true
		entries := without(after.entries[to.field], []string{to.entry})
		if !to.remove {
			entries = append(entries, to.entry)
		}
		after.entries[to.field] = entries
	}
	return after
}

// isNews reports whether people are told of a list: it was changed, just now or before, and not because the object is new.
func (o *onLists) isNews(field string, changed bool) bool {
	if o == nil {
		return changed
	}
	return !o.isNew && (changed || o.changed[field])
}

// intend remembers entries that are about to be added.
func (l List) intend(entries []string) {
	*l.Managed = union(*l.Managed, entries)
}

// lists returns the lists of the object that need looking after.
func (w *objectSync[O]) lists() []List {
	lister, ok := w.Adapter.(Lister[O])
	if !ok {
		return nil
	}
	return w.withoutMemberLists(slices.DeleteFunc(lister.Lists(w.req()), List.idle))
}

// finishes reports whether there is something to see to after the object.
func (w *objectSync[O]) finishes() bool {
	finisher, ok := w.Adapter.(Finisher[O])
	return ok && finisher.Finishes(w.object)
}

// publish writes what is known of the object into Kubernetes.
func (w *objectSync[O]) publish(ctx context.Context, have auth0.Document) error {
	if publisher, ok := w.Adapter.(Publisher[O]); ok {
		if err := publisher.Publish(ctx, w.req(), have); err != nil {
			return err
		}
	}
	return w.publishConfigMap(ctx, have)
}

// settle brings the lists beside the object in line, all of them, sees to the rest, and ends the reconciliation.
func (w *objectSync[O]) settle(ctx context.Context, have auth0.Document, known *onLists) (Outcome, error) {
	if err := w.publish(ctx, have); err != nil {
		return Outcome{}, err
	}
	if known == nil && w.batchesChanges(have) {
		if known = w.readLists(ctx); len(w.targets(known)) > 0 {
			return w.batchChanges(ctx, have, known)
		}
	}
	var failures []error
	for _, list := range w.lists() {
		changed, err := w.verifying(list).converge(ctx, w.session, w.Adapter.ID(w.object), known, w.reconciliation.Save)
		if err != nil {
			failures = append(failures, err)
		} else if known.isNews(list.Field, changed) {
			w.countDrift()
			w.event(ctx, v1alpha1.EventUpdated, w.updatedMessage()+list.Field)
		}
	}
	if len(failures) > 0 {
		return Outcome{}, errors.Join(failures...)
	}
	if w.finishes() {
		if err := w.Adapter.(Finisher[O]).Finish(ctx, w.req(), have); err != nil {
			return Outcome{}, err
		}
	}
	return w.done("in sync with Auth0"), nil
}
