package engine

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Fields describes the special fields of a kind, in Auth0's names. The zero value suits a plain object.
type Fields struct {
	// Merged are objects that Auth0 merges by top-level key; each key is a separate field.
	Merged []string
	// Replaced are objects that Auth0 replaces whole. Each value in them, at any depth, is a separate field. A patch sends the
	// object as it was read, with the differences.
	Replaced []string
	// Keyed are lists of objects that Auth0 replaces whole, by the field that identifies their entries. Each entry is a separate
	// field. A patch sends the list as it was read, with the differences. The order does not matter.
	Keyed map[string]string
	// Sets are lists whose order does not matter, as JSON arrays or as words in one string.
	Sets []string
	// CreateOnly are fields that only the creation sends.
	CreateOnly []string
	// UpdateOnly are secret values that the creation does not accept: they are sent right after it.
	UpdateOnly []string
	// Shown are secret values that Auth0 returns in the clear to callers that may see them.
	Shown []string
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

// change is a field that differs.
type change struct {
	// path is the field, or object.key below a merged object.
	path       string
	want, have any
	// refused is Auth0's message when it refused the change, "" if it did not.
	refused string
	// isBeside marks an entry of a list beside the object.
	isBeside bool
}

// diff compares the desired document with what Auth0 has. managed are the paths that were desired before: it clears the paths
// that are no longer desired.
func (f Fields) diff(desired, have auth0.Document, managed []string) []change {
	want := f.flatten(desired)
	var changes []change
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if current := f.valueAt(have, path); !f.equal(path, want[path], current) && !f.isWithDefaults(path, want[path], current, managed) {
			changes = append(changes, change{path: path, want: want[path], have: current})
		}
	}
	for _, path := range managed {
		if _, still := want[path]; still || slices.Contains(f.Kept, path) {
			continue
		}
		cleared := f.Cleared[path]
		if current := f.valueAt(have, path); current != nil && !f.equal(path, cleared, current) {
			changes = append(changes, change{path: path, want: cleared, have: current})
		}
	}
	return changes
}

// isWithDefaults reports whether an object is declared empty, exists, and had nothing declared in it before: its values are then
// Auth0's defaults.
func (f Fields) isWithDefaults(path string, want, have any, managed []string) bool {
	wanted, isObject := asObject(want)
	_, exists := asObject(have)
	field, _, _ := strings.Cut(path, ".")
	return isObject && exists && len(wanted) == 0 && slices.Contains(f.Replaced, field) &&
		!slices.ContainsFunc(managed, func(other string) bool { return strings.HasPrefix(other, path+".") })
}

// paths returns what diff enforces of a desired document.
func (f Fields) paths(desired auth0.Document) []string {
	return slices.Sorted(maps.Keys(f.flatten(desired)))
}

// flatten spreads merged objects into one path per key and leaves out what is not compared.
func (f Fields) flatten(desired auth0.Document) map[string]any {
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
			maps.Copy(flat, f.entries(field, desired))
		default:
			flat[field] = value
		}
	}
	return flat
}

func (f Fields) valueAt(document auth0.Document, path string) any {
	object, key, nested := strings.Cut(path, ".")
	switch {
	case nested && slices.Contains(f.Merged, object):
		return document.Object(object)[key]
	case nested && slices.Contains(f.Replaced, object):
		return valueIn(document[object], splitPath(key))
	case nested && f.Keyed[object] != "":
		return f.entries(object, document)[path]
	}
	return document[path]
}

// entries returns the entries of a keyed list by their paths.
func (f Fields) entries(field string, document auth0.Document) map[string]any {
	entries := map[string]any{}
	for _, entry := range document.Objects(field) {
		entries[field+"."+escapeKey.Replace(entry.String(f.Keyed[field]))] = map[string]any(entry)
	}
	return entries
}

// replaceEntry replaces the entry of a path in a keyed list; nil removes it.
func (f Fields) replaceEntry(list any, path string, entry any) []any {
	field, _, _ := strings.Cut(path, ".")
	before, _ := list.([]any)
	after := slices.DeleteFunc(slices.Clone(before), func(other any) bool {
		return f.entries(field, auth0.Document{field: []any{other}})[path] != nil
	})
	if entry != nil {
		after = append(after, entry)
	}
	return after
}

func (f Fields) equal(path string, a, b any) bool {
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

// patch turns changes into the merge patch that Auth0 accepts, with the fields that must accompany them.
func (f Fields) patch(desired, have auth0.Document, changes []change) auth0.Document {
	patch := auth0.Document{}
	for _, change := range changes {
		object, key, nested := strings.Cut(change.path, ".")
		switch {
		case nested && slices.Contains(f.Merged, object):
			if patch[object] == nil {
				patch[object] = map[string]any{}
			}
			patch.Object(object)[key] = change.want
		case nested && slices.Contains(f.Replaced, object):
			if _, declared := patch[object]; !declared {
				patch[object] = nil
			}
		case nested && f.Keyed[object] != "":
			if patch[object] == nil {
				patch[object] = have[object]
			}
			patch[object] = f.replaceEntry(patch[object], change.path, change.want)
		default:
			patch[change.path] = change.want
		}
	}
	f.replace(patch, have, changes)
	f.addCompanions(patch, desired)
	return patch
}

// replace adds the objects that Auth0 replaces whole to a patch: as they were read, with the differences. It clears paths first,
// and removes objects that become empty, unless they are declared empty.
func (f Fields) replace(patch, have auth0.Document, changes []change) {
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
				if key, in := strings.CutPrefix(change.path, object+"."); in && (change.want == nil) == clearing {
					setIn(whole, splitPath(key), change.want)
				}
			}
		}
		patch[object] = whole
		if empty, ok := f.Cleared[object]; ok && !isDeclared && len(whole) == 0 {
			patch[object] = empty
		}
	}
}

func (f Fields) addCompanions(patch, desired auth0.Document) {
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
func (f Fields) addLifted(patch, have auth0.Document) {
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

// split divides a patch into the calls that it needs, in order.
func (f Fields) split(patch auth0.Document) []auth0.Document {
	rest := maps.Clone(patch)
	first := f.takeFirst(rest)
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

// takeFirst removes from a patch the fields that nothing may delay.
func (f Fields) takeFirst(patch auth0.Document) auth0.Document {
	first := auth0.Document{}
	for _, field := range f.First {
		if patch.Bool(field) {
			first[field] = true
			delete(patch, field)
		}
	}
	return first
}

func (f Fields) alone(part auth0.Document) bool {
	return slices.ContainsFunc(f.Alone, func(field string) bool {
		_, in := part[field]
		return in
	})
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
