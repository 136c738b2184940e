package lists

import (
	"context"
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
	// Members returns the list in Auth0 of the objects that have an entry; nil if there is none.
	Members func(entry string) auth0.MemberList
	// Bulk changes the list of many objects at once; nil if there are no such calls.
	Bulk *Bulk

	// Differing returns the entries whose attributes differ from the declared ones, as of the last Read or Amend. Amend changes
	// them; both are nil if entries have no attributes.
	Differing func() []string
	Amend     func(ctx context.Context, session *auth0.Session, id string, entries []string) error
	// NotTaken reports whether Auth0 accepted this very change before and did not make it. leftOut records that; both are nil if
	// nobody records it.
	NotTaken func(entry string, remove bool) bool
	LeftOut  func(entry string, remove bool)
	// Sent reports whether the creation of the object sends the entries.
	Sent bool
}

// Outdated returns the existing entries whose attributes differ from the declared ones.
func (l List) Outdated() []string {
	if l.Differing == nil {
		return nil
	}
	return l.Differing()
}

// Idle reports whether there is nothing to do for the list.
func (l List) Idle() bool {
	return len(l.Want) == 0 && len(*l.Managed) == 0 && (!l.Declared || l.Mode != v1alpha1.ListModeExact)
}

// Plan compares the declared entries with the current ones.
func (l List) Plan(have []string) (missing, surplus []string) {
	missing = Without(l.Want, have)
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
func (l List) read(ctx context.Context, session *auth0.Session, id string, known *Known) ([]string, error) {
	if entries, ok := known.EntriesOf(l); ok {
		return entries, nil
	}
	return l.Read(ctx, session, id)
}

// Converge updates the list to match the spec, based on its known entries. save records the entries before they are added: after
// a crash, nobody could distinguish them from what others added.
func (l List) Converge(ctx context.Context, session *auth0.Session, id string, known *Known, save func(context.Context) error) (changed bool, err error) {
	have, err := l.read(ctx, session, id, known)
	if err != nil {
		return false, err
	}
	missing, surplus := l.Plan(have)
	listed := Without(l.Want, missing)
	missing, surplus = l.fresh(missing, surplus, l.LeftOut)
	again := l.addedBefore(missing, known)
	noted := len(Without(missing, *l.Managed)) == 0
	differing := l.Outdated()
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
	*l.Managed = slices.DeleteFunc(Union(*l.Managed, nil), func(entry string) bool { return !slices.Contains(l.Want, entry) })
	*l.Managed = Union(*l.Managed, listed)
	if len(missing) == 0 {
		return len(surplus)+len(differing) > 0, l.verify(ctx, session, id, nil, surplus)
	}
	if !noted {
		l.Intend(missing)
		if err := save(ctx); err != nil {
			return false, err
		}
	}
	added, err := l.Add(ctx, session, id, missing)
	if auth0.ClassOf(err) != auth0.ClassUnavailable {
		// Otherwise the answer may have been lost after the effect.
		*l.Managed = Union(Without(*l.Managed, missing), added)
	}
	if err != nil {
		return true, err
	}
	return true, l.verify(ctx, session, id, again, surplus)
}

// fresh leaves out the changes that Auth0 accepted before and did not make, and records them.
func (l List) fresh(missing, surplus []string, note func(entry string, remove bool)) (freshMissing, freshSurplus []string) {
	if l.NotTaken == nil {
		return missing, surplus
	}
	isKnown := func(remove bool) func(string) bool {
		return func(entry string) bool {
			known := l.NotTaken(entry, remove)
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
	if l.LeftOut == nil || len(again)+len(removed) == 0 {
		return nil
	}
	have, err := l.Read(ctx, session, id)
	if err != nil {
		return err
	}
	for _, entry := range Without(again, have) {
		l.LeftOut(entry, false)
	}
	for _, entry := range intersect(removed, have) {
		l.LeftOut(entry, true)
	}
	return nil
}

// addedBefore returns the missing entries that were added before: somebody removed them, or Auth0 left them out. It returns none
// for an object that is new or changed in a batch, because status records its entries before they are first added.
func (l List) addedBefore(missing []string, known *Known) []string {
	if known != nil {
		return nil
	}
	return intersect(missing, *l.Managed)
}

// intersect returns the entries of a that are also in b.
func intersect(a, b []string) []string { return Without(a, Without(a, b)) }

// Known is what is known of the lists beside an object, so that they need not be read. nil means that nothing is known.
type Known struct {
	// IsNew means that the object was just created: its lists contain no other entries than the known ones.
	IsNew bool
	// Entries are the entries of the known lists, by field, and changed are the lists that were changed since.
	Entries map[string][]string
	changed map[string]bool
}

// EntriesOf returns the entries of a list, if they are known.
func (o *Known) EntriesOf(list List) (entries []string, known bool) {
	switch {
	case o == nil:
		return nil, false
	case o.IsNew && list.Sent:
		return list.Want, true
	}
	entries, known = o.Entries[list.Field]
	return entries, known || o.IsNew
}

// With returns what is known after some changes.
func (o *Known) With(changes []Change) *Known {
	after := &Known{IsNew: o.IsNew, Entries: maps.Clone(o.Entries), changed: map[string]bool{}}
	if after.Entries == nil {
		after.Entries = map[string][]string{}
	}
	for _, to := range changes {
		after.changed[to.Field] = true
		entries := Without(after.Entries[to.Field], []string{to.Entry})
		if !to.Remove {
			entries = append(entries, to.Entry)
		}
		after.Entries[to.Field] = entries
	}
	return after
}

// IsNews reports whether to report a list: it was changed, now or before, and not because the object is new.
func (o *Known) IsNews(field string, changed bool) bool {
	if o == nil {
		return changed
	}
	return !o.IsNew && (changed || o.changed[field])
}

// Intend records entries that are about to be added.
func (l List) Intend(entries []string) {
	*l.Managed = Union(*l.Managed, entries)
}

// Bulk changes a list of many objects with one call.
type Bulk struct {
	// Most is how many objects one call accepts.
	Most int
	// Add and Remove change the list for many objects; nil if there is no such call.
	Add, Remove BulkCall
}

// BulkCall adds or removes an entry, such as a role, for many objects. It returns false if it cannot. It ignores objects that have
// the entry already, or do not have it.
type BulkCall func(ctx context.Context, session *auth0.Session, entry string, ids []string) (bool, error)

// Change is a change to a list: an entry that is added or removed.
type Change struct {
	Field, Entry string
	Remove       bool
}

// Targets are the changes from the current entries of the list to the declared ones, as far as a batch can make them.
func (l List) Targets(have []string) []Change {
	var targets []Change
	missing, surplus := l.Plan(have)
	missing, surplus = l.fresh(missing, surplus, func(string, bool) {})
	if l.Bulk.Add != nil {
		for _, entry := range missing {
			targets = append(targets, Change{Field: l.Field, Entry: entry})
		}
	}
	if l.Bulk.Remove != nil {
		for _, entry := range surplus {
			targets = append(targets, Change{Field: l.Field, Entry: entry, Remove: true})
		}
	}
	return targets
}

// Union returns the entries of both, sorted.
func Union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Without returns the names that are not in granted.
func Without(names, granted []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(granted, name) })
}
