package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// List is a list beside an object in Auth0, such as the roles of a user. Strings that people know identify the entries.
type List struct {
	// Field is the field of the spec, for messages.
	Field string
	// Declared reports whether the spec has the list. If not, the operator only removes what it added before.
	Declared bool
	Mode     v1alpha1.ListMode
	// Want are the entries of the spec.
	Want []string
	// Managed are the entries that the operator added for the object, in its status.
	Managed *[]string

	// Read, Add and Remove make the calls. Add and Remove are idempotent; they receive only the missing or the surplus entries.
	Read func(ctx context.Context, session *auth0.Session, id string) ([]string, error)
	// Add returns the entries that it added.
	Add    func(ctx context.Context, session *auth0.Session, id string, entries []string) ([]string, error)
	Remove func(ctx context.Context, session *auth0.Session, id string, entries []string) error
	// Bulk changes the list of many objects at once; nil if there are no such calls.
	Bulk *BulkChange

	// Differing returns the entries whose attributes differ from the declared ones, as of the last Read or Amend. Amend changes
	// them; both are nil if entries have no attributes.
	Differing func() []string
	Amend     func(ctx context.Context, session *auth0.Session, id string, entries []string) error
	// notTaken reports whether Auth0 accepted this very change before and did not make it. leftOut records that; both are nil if
	// nobody records it.
	notTaken func(entry string, remove bool) bool
	leftOut  func(entry string, remove bool)
	// Sent reports whether the creation of the object sends the entries.
	Sent bool
}

// differing returns the existing entries whose attributes differ from the declared ones.
func (l List) differing() []string {
	if l.Differing == nil {
		return nil
	}
	return l.Differing()
}

// idle reports whether there is nothing to do for the list.
func (l List) idle() bool {
	return len(l.Want) == 0 && len(*l.Managed) == 0 && (!l.Declared || l.Mode != v1alpha1.ListModeExact)
}

// plan compares the declared entries with the current ones.
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

// read returns the current entries, without a call if they are known.
func (l List) read(ctx context.Context, session *auth0.Session, id string, known *onLists) ([]string, error) {
	if entries, ok := known.entriesOf(l); ok {
		return entries, nil
	}
	return l.Read(ctx, session, id)
}

// converge updates the list to match the spec, based on its known entries. save records the entries before they are added: after
// a crash, nobody could distinguish them from what others added.
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

// fresh leaves out the changes that Auth0 accepted before and did not make, and records them.
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

// verify reads the list again after entries were removed, or added for the second time, and records the entries that Auth0 left
// unchanged. An entry that is added for the first time costs no read: if Auth0 leaves it out, the next reconciliation adds it
// again, and reads.
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

// addedBefore returns the missing entries that were added before: somebody removed them, or Auth0 left them out. It returns none
// for an object that is new or changed in a batch, because status records its entries before they are first added.
func (l List) addedBefore(missing []string, known *onLists) []string {
	if known != nil {
		return nil
	}
	return intersect(missing, *l.Managed)
}

// intersect returns the entries of a that are also in b.
func intersect(a, b []string) []string { return without(a, without(a, b)) }

// onLists is what is known of the lists beside an object, so that they need not be read. nil means that nothing is known.
type onLists struct {
	// isNew means that the object was just created: its lists contain no other entries than the known ones.
	isNew bool
	// entries are the entries of the known lists, by field, and changed are the lists that were changed since.
	entries map[string][]string
	changed map[string]bool
}

// entriesOf returns the entries of a list, if they are known.
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

// isNews reports whether to report a list: it was changed, now or before, and not because the object is new.
func (o *onLists) isNews(field string, changed bool) bool {
	if o == nil {
		return changed
	}
	return !o.isNew && (changed || o.changed[field])
}

// intend records entries that are about to be added.
func (l List) intend(entries []string) {
	*l.Managed = union(*l.Managed, entries)
}

// lists returns the lists of the object that need work.
func (w *objectSync[O]) lists() []List {
	lister, ok := w.Adapter.(Lister[O])
	if !ok {
		return nil
	}
	return w.withoutMemberLists(slices.DeleteFunc(lister.Lists(w.req()), List.idle))
}

// finishes reports whether the object has follow-up work.
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

// settle updates all lists beside the object, does the follow-up work, and ends the reconciliation.
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
