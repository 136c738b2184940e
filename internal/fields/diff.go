package fields

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Semantics describes the special fields of a kind, in Auth0's names. The zero value suits a plain object.
type Semantics struct {
	// Merged are objects that Auth0 merges by top-level key; each key is a separate field.
	Merged []string
	// Replaced are objects that Auth0 replaces whole. Each value in them, at any depth, is a separate field. A patch sends the
	// object as it was read, with the differences.
	Replaced []string
	// Keyed are lists of objects that Auth0 replaces whole, by the field that identifies their entries. Each entry is a separate
	// field. A patch sends the list as it was read, with the differences. The order does not matter.
	Keyed map[string]string
	// ListKeys are lists of objects, at any depth, by the field that identifies their entries. Their order does not matter. Those of
	// the CRD need no mention.
	ListKeys map[string]string
	// Sets are lists whose order does not matter, as JSON arrays or as words in one string.
	Sets []string
	// CreateOnly are fields that only the creation sends.
	CreateOnly []string
	// UpdateOnly are secret values that the creation does not accept: they are sent right after it.
	UpdateOnly []string
	// Shown are the patterns of secret values that Auth0 returns in the clear to callers that may see them.
	Shown []string
	// Free are objects that the spec declares as JSON: a value in them is secret if its name says so, unless the spec declares it.
	Free []string
	// Unshown are objects of Replaced of which Auth0 may accept a value and never show it.
	Unshown []string
	// With lists fields to send whenever another one is sent: Auth0 would reset them, or reads them only together.
	With map[string][]string
	// Lifted lists boolean fields that Auth0 sets to false when another one is sent. The operator keeps one that is true, even if
	// it is not declared.
	Lifted map[string][]string
	// WriteOnly are fields that are sent only together with the field that names them in With, and never read.
	WriteOnly []string
	// Cleared is the value that clears a field where null does not, or an object of Replaced where {} does not.
	Cleared map[string]any
	// Kept are fields that Auth0 cannot clear: they stay when they are removed from the spec.
	Kept []string
	// FoldCase are fields that are compared without regard to case.
	FoldCase []string
	// First are fields that nothing may delay when they become true. They are sent before all others, or with them if one call
	// suffices. If Auth0 refuses that call, they are sent alone.
	First []string
	// Apart are groups of fields that must not be sent in one call. The other fields are sent with the last group, or after it if
	// it has a field of Alone.
	Apart [][]string
	Alone []string
}

// Change is a field that differs.
type Change struct {
	// Path is the field, or object.key below a merged object.
	Path       string
	Want, Have any
	// Refused is Auth0's message when it refused the change, "" if it did not.
	Refused string
	// IsBeside marks an entry of a list beside the object.
	IsBeside bool
	// IsSecret marks a secret value that Auth0 shows. Want and Have are keyed hashes of it.
	IsSecret bool
}

// PathsOf returns the paths of changes.
func PathsOf(changes []Change) []string {
	paths := make([]string, len(changes))
	for i, one := range changes {
		paths[i] = one.Path
	}
	return paths
}

// ChangesIn returns the changes that a part contains, except some.
func ChangesIn(part auth0.Document, changes, but []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(one Change) bool {
		field, _, _ := strings.Cut(one.Path, ".")
		_, carried := part[field]
		return !carried || slices.ContainsFunc(but, func(other Change) bool { return other.Path == one.Path })
	})
}

// Diff compares the desired document with what Auth0 has. managed are the paths that were desired before: it clears the paths
// that are no longer desired.
func (f Semantics) Diff(desired, have auth0.Document, managed []string) []Change {
	want := f.Flatten(desired)
	var changes []Change
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if current := f.ValueAt(have, path); !f.Equal(path, want[path], current) && !f.isWithDefaults(path, want[path], current, managed) {
			changes = append(changes, Change{Path: path, Want: want[path], Have: current})
		}
	}
	for _, path := range managed {
		if _, still := want[path]; still || slices.Contains(f.Kept, path) {
			continue
		}
		cleared := f.Cleared[path]
		if current := f.ValueAt(have, path); current != nil && !f.Equal(path, cleared, current) {
			changes = append(changes, Change{Path: path, Want: cleared, Have: current})
		}
	}
	return changes
}

// isWithDefaults reports whether an object is declared empty, exists, and had nothing declared in it before: its values are then
// Auth0's defaults.
func (f Semantics) isWithDefaults(path string, want, have any, managed []string) bool {
	wanted, isObject := asObject(want)
	_, exists := asObject(have)
	field, _, _ := strings.Cut(path, ".")
	return isObject && exists && len(wanted) == 0 && slices.Contains(f.Replaced, field) &&
		!slices.ContainsFunc(managed, func(other string) bool { return strings.HasPrefix(other, path+".") })
}

// Paths returns what diff enforces of a desired document.
func (f Semantics) Paths(desired auth0.Document) []string {
	return slices.Sorted(maps.Keys(f.Flatten(desired)))
}

// Flatten spreads merged objects into one path per key and leaves out what is not compared.
func (f Semantics) Flatten(desired auth0.Document) map[string]any {
	flat := map[string]any{}
	for field, value := range desired {
		switch {
		case slices.Contains(f.CreateOnly, field), slices.Contains(f.WriteOnly, field):
		case slices.Contains(f.Merged, field):
			for key, nested := range desired.Object(field) {
				flat[field+"."+key] = nested
			}
		case slices.Contains(f.Replaced, field):
			flattenInto(flat, field, value)
		case f.Keyed[field] != "":
			maps.Copy(flat, f.Entries(field, desired))
		default:
			flat[field] = value
		}
	}
	return flat
}

// ValueAt returns the value at a path, nil if there is none.
func (f Semantics) ValueAt(document auth0.Document, path string) any {
	object, key, nested := strings.Cut(path, ".")
	switch {
	case nested && slices.Contains(f.Merged, object):
		return document.Object(object)[key]
	case nested && slices.Contains(f.Replaced, object):
		return ValueIn(document[object], SplitPath(key))
	case nested && f.Keyed[object] != "":
		return f.Entries(object, document)[path]
	}
	return ValueIn(document, SplitPath(path))
}

// Entries returns the entries of a keyed list by their paths.
func (f Semantics) Entries(field string, document auth0.Document) map[string]any {
	entries := map[string]any{}
	for _, entry := range document.Objects(field) {
		entries[field+"."+escapeKey.Replace(entry.String(f.Keyed[field]))] = map[string]any(entry)
	}
	return entries
}

// replaceEntry replaces the entry of a path in a keyed list; nil removes it.
func (f Semantics) replaceEntry(list any, path string, entry any) []any {
	field, _, _ := strings.Cut(path, ".")
	before, _ := list.([]any)
	after := slices.DeleteFunc(slices.Clone(before), func(other any) bool {
		return f.Entries(field, auth0.Document{field: []any{other}})[path] != nil
	})
	if entry != nil {
		after = append(after, entry)
	}
	return after
}

// Equal reports whether two values of a path are the same for Auth0.
func (f Semantics) Equal(path string, a, b any) bool {
	if slices.Contains(f.FoldCase, path) {
		textA, okA := a.(string)
		textB, okB := b.(string)
		return okA && okB && strings.EqualFold(textA, textB)
	}
	if slices.Contains(f.Sets, path) {
		return sameSet(a, b)
	}
	return sameJSON(a, b)
}

// Patch turns changes and values of secrets, by their paths, into the merge patch that Auth0 accepts, with the fields that must
// accompany them.
func (f Semantics) Patch(desired, have auth0.Document, changes []Change, secrets map[string]any) auth0.Document {
	patch := auth0.Document{}
	for _, change := range changes {
		object, key, nested := strings.Cut(change.Path, ".")
		switch {
		case nested && slices.Contains(f.Merged, object):
			if patch[object] == nil {
				patch[object] = map[string]any{}
			}
			patch.Object(object)[key] = change.Want
		case nested && slices.Contains(f.Replaced, object):
			if _, declared := patch[object]; !declared {
				patch[object] = nil
			}
		case nested && f.Keyed[object] != "":
			if patch[object] == nil {
				patch[object] = have[object]
			}
			patch[object] = f.replaceEntry(patch[object], change.Path, change.Want)
		default:
			patch[change.Path] = change.Want
		}
	}
	f.replace(patch, have, changes)
	f.includeSecrets(patch, desired, have, secrets)
	f.addCompanions(patch, desired)
	f.addLifted(patch, have)
	return patch
}

// replace adds the objects that Auth0 replaces whole to a patch: as they were read, with the differences. It clears paths first,
// and removes objects that become empty, unless they are declared empty.
func (f Semantics) replace(patch, have auth0.Document, changes []Change) {
	for _, object := range f.Replaced {
		if _, sent := patch[object]; !sent {
			continue
		}
		whole, isDeclared := asObject(patch[object])
		if !isDeclared {
			whole = have.Object(object).Clone()
		}
		for _, clearing := range []bool{true, false} {
			for _, change := range changes {
				if key, in := strings.CutPrefix(change.Path, object+"."); in && (change.Want == nil) == clearing {
					Set(whole, SplitPath(key), change.Want)
				}
			}
		}
		patch[object] = whole
		if empty, ok := f.Cleared[object]; ok && !isDeclared && len(whole) == 0 {
			patch[object] = empty
		}
	}
}

func (f Semantics) addCompanions(patch, desired auth0.Document) {
	for field, companions := range f.With {
		if _, sent := patch[field]; !sent {
			continue
		}
		for _, companion := range companions {
			if value, declared := desired[companion]; declared {
				patch[companion] = value
			}
		}
	}
}

// addLifted adds the values that others set and that Auth0 would reset.
func (f Semantics) addLifted(patch, have auth0.Document) {
	for field, lifted := range f.Lifted {
		if _, sent := patch[field]; !sent {
			continue
		}
		for _, other := range lifted {
			if _, sent := patch[other]; !sent && have.Bool(other) {
				patch[other] = true
			}
		}
	}
}

// Merge returns an object as a patch leaves it. Nothing else changes.
func (f Semantics) Merge(have, patch auth0.Document) auth0.Document {
	merged := have.Clone()
	for field, value := range patch {
		keys, isObject := asObject(value)
		if !isObject || !slices.Contains(f.Merged, field) {
			merged[field] = value
			continue
		}
		object := merged.Object(field)
		if object == nil {
			object = auth0.Document{}
		}
		maps.Copy(object, keys)
		merged[field] = withoutNull(object)
	}
	return withoutNull(merged)
}

// withoutNull removes the fields that are null.
func withoutNull(object auth0.Document) auth0.Document {
	maps.DeleteFunc(object, func(_ string, value any) bool { return value == nil })
	return object
}

// Split divides a patch into the calls that it needs, in order.
func (f Semantics) Split(patch auth0.Document) []auth0.Document {
	rest := maps.Clone(patch)
	first := f.TakeFirst(rest)
	var parts []auth0.Document
	for _, group := range f.Apart {
		part := auth0.Document{}
		for _, field := range group {
			if value, sent := rest[field]; sent {
				part[field] = value
				delete(rest, field)
			}
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	switch last := len(parts) - 1; {
	case len(rest) == 0:
	case last >= 0 && !f.alone(parts[last]):
		maps.Copy(parts[last], rest)
	default:
		parts = append(parts, rest)
	}
	switch {
	case len(first) == 0:
		return parts
	case len(parts) == 1 && !f.alone(parts[0]):
		// One call suffices, if Auth0 refuses nothing in it.
		maps.Copy(parts[0], first)
		return parts
	}
	return append([]auth0.Document{first}, parts...)
}

// TakeFirst removes from a patch the fields that nothing may delay.
func (f Semantics) TakeFirst(patch auth0.Document) auth0.Document {
	first := auth0.Document{}
	for _, field := range f.First {
		if patch.Bool(field) {
			first[field] = true
			delete(patch, field)
		}
	}
	return first
}

func (f Semantics) alone(part auth0.Document) bool {
	return slices.ContainsFunc(f.Alone, func(field string) bool {
		_, in := part[field]
		return in
	})
}

// WithoutChanges removes changes from a part of a patch. In an object that is replaced whole, it restores the value that was
// read.
func (f Semantics) WithoutChanges(part, have auth0.Document, changes []Change) auth0.Document {
	part = part.Clone()
	for _, one := range changes {
		field, key, nested := strings.Cut(one.Path, ".")
		switch {
		case nested && slices.Contains(f.Merged, field):
			delete(part.Object(field), key)
		case nested && f.Keyed[field] != "":
			part[field] = f.replaceEntry(part[field], one.Path, one.Have)
		case nested && slices.Contains(f.Replaced, field) && part.Object(field) != nil:
			Set(part, SplitPath(one.Path), one.Have)
		default:
			delete(part, field)
		}
		if f.isAsRead(part, have, field) {
			delete(part, field)
		}
	}
	for field, companions := range f.With {
		if slices.ContainsFunc(changes, func(one Change) bool { return one.Path == field }) {
			for _, companion := range companions {
				delete(part, companion)
			}
		}
	}
	return part
}

// isAsRead reports whether nothing is left to change in a field of a part.
func (f Semantics) isAsRead(part, have auth0.Document, field string) bool {
	switch object := part.Object(field); {
	case slices.Contains(f.Merged, field):
		return len(object) == 0
	case slices.Contains(f.Replaced, field):
		return object != nil && reflect.DeepEqual(map[string]any(object), map[string]any(have.Object(field)))
	case f.Keyed[field] != "":
		return sameSet(part[field], have[field])
	}
	return false
}

// sameSet compares lists without regard to order.
func sameSet(a, b any) bool {
	textA, okTextA := a.(string)
	textB, okTextB := b.(string)
	if okTextA && okTextB {
		return sameWords(textA, textB)
	}
	listA, okA := a.([]any)
	listB, okB := b.([]any)
	if a != nil && !okA || b != nil && !okB {
		return sameJSON(a, b)
	}
	if len(listA) != len(listB) {
		return false
	}
	for _, item := range listA {
		if !slices.ContainsFunc(listB, func(other any) bool { return sameJSON(item, other) }) {
			return false
		}
	}
	return true
}

// sameWords compares lists in one string, such as an OAuth scope: Auth0 may return the words in another order.
func sameWords(a, b string) bool {
	words := func(text string) []string {
		return slices.Sorted(slices.Values(strings.FieldsFunc(text, func(char rune) bool { return char == ' ' || char == ',' })))
	}
	return slices.Equal(words(a), words(b))
}

// sameJSON compares JSON values; null is the same as absent, and numbers are compared by value.
func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case auth0.Document:
		return sameObject(a, b)
	case map[string]any:
		return sameObject(a, b)
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, sameJSON)
	case json.Number:
		number, ok := b.(json.Number)
		return ok && sameNumber(a, number)
	}
	switch b.(type) {
	case auth0.Document, map[string]any, []any:
		return false
	}
	return a == b
}

func sameObject(a map[string]any, b any) bool {
	var other map[string]any
	switch b := b.(type) {
	case auth0.Document:
		other = b
	case map[string]any:
		other = b
	default:
		return false
	}
	for key, value := range a {
		if !sameJSON(value, other[key]) {
			return false
		}
	}
	for key, value := range other {
		if _, in := a[key]; !in && value != nil {
			return false
		}
	}
	return true
}

// sameNumber compares as Auth0 does, which stores numbers as doubles: with more digits, they would differ forever.
func sameNumber(a, b json.Number) bool {
	x, errX := a.Float64()
	y, errY := b.Float64()
	return a == b || errX == nil && errY == nil && x == y
}
