package fields

import (
	"iter"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Values from Secrets are never compared: Auth0 does not return them, or masks them. A value in an object or a list that Auth0
// replaces whole must be part of every patch of it.

// ReplacedObject returns the object of Fields.Replaced that contains a path, "" if there is none.
func (f Semantics) ReplacedObject(path string) string {
	object, _, nested := strings.Cut(path, ".")
	if nested && slices.Contains(f.Replaced, object) {
		return object
	}
	return ""
}

// MayHide reports whether Auth0 may take the value of a path without ever showing it.
func (f Semantics) MayHide(path string) bool {
	return slices.Contains(f.Unshown, f.ReplacedObject(path))
}

// wholeOf returns the field around a nested path that a patch sends whole, "" if the path is a field itself, or a key of a merged
// object.
func (f Semantics) wholeOf(path string) string {
	field, _, nested := strings.Cut(path, ".")
	if !nested || slices.Contains(f.Merged, field) {
		return ""
	}
	return field
}

// IsInList reports whether a path is the one of a value in an entry of a list.
func IsInList(path string) bool { return slices.ContainsFunc(SplitPath(path), isEntryKey) }

// Declares reports whether a document has a value at a path, or below it.
func (f Semantics) Declares(document auth0.Document, path string) bool {
	return f.wholeOf(path) != "" && ValueIn(document, SplitPath(path)) != nil
}

// Carries reports whether a patch contains the value of a path.
func (f Semantics) Carries(patch auth0.Document, path string) bool {
	return ValueIn(patch, SplitPath(path)) != nil
}

// SetSecrets sets values by their paths. It changes no object or list that the document shares with another one.
func (f Semantics) SetSecrets(document auth0.Document, values map[string]any) {
	for path, value := range values {
		keys := SplitPath(path)
		if len(keys) == 1 {
			document[path] = value
			continue
		}
		if whole, exists := document[keys[0]]; exists {
			document[keys[0]] = auth0.Document{keys[0]: whole}.Clone()[keys[0]]
		}
		Set(document, keys, value)
	}
}

// includeSecrets adds values to a patch, with the rest of the fields around them: as they are desired, or as they were read if others
// own a part.
func (f Semantics) includeSecrets(patch, desired, have auth0.Document, values map[string]any) {
	for path := range values {
		field := f.wholeOf(path)
		if _, sent := patch[field]; field == "" || sent && patch[field] != nil {
			continue
		}
		if whole, declared := desired[field]; declared && !slices.Contains(f.Replaced, field) && f.Keyed[field] == "" {
			patch[field] = whole
		} else if have[field] != nil {
			patch[field] = have[field]
		}
	}
	f.SetSecrets(patch, values)
}

// RestoreSecrets replaces what was read by the values, in the objects and lists that a patch replaces.
func (f Semantics) RestoreSecrets(patch auth0.Document, values map[string]any) {
	inPatch := map[string]any{}
	for path, value := range values {
		if field := f.wholeOf(path); field != "" && patch[field] != nil {
			inPatch[path] = value
		}
	}
	f.SetSecrets(patch, inPatch)
}

// WithoutSecrets returns a copy of a document without the values at some paths.
func WithoutSecrets(document auth0.Document, paths iter.Seq[string]) auth0.Document {
	for path := range paths {
		document = without(document, SplitPath(path))
	}
	return document
}
