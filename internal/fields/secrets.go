package fields

import (
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Values from Secrets are never compared: Auth0 does not return them, or masks them. A value in an object that Auth0 replaces
// whole must be part of every patch of that object.

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

// Declares reports whether a document has a value at a path, or below it.
func (f Semantics) Declares(document auth0.Document, path string) bool {
	if f.ReplacedObject(path) == "" {
		return false
	}
	return ValueIn(document, SplitPath(path)) != nil
}

// Carries reports whether a patch contains the value of a path.
func (f Semantics) Carries(patch auth0.Document, path string) bool {
	if object := f.ReplacedObject(path); object != "" {
		return ValueIn(patch[object], SplitPath(path)[1:]) != nil
	}
	_, sent := patch[path]
	return sent
}

// SetSecrets sets values by their paths.
func (f Semantics) SetSecrets(document auth0.Document, values map[string]any) {
	for path, value := range values {
		if f.ReplacedObject(path) != "" {
			Set(document, SplitPath(path), value)
		} else {
			document[path] = value
		}
	}
}

// includeSecrets adds values to a patch, with the rest of the objects around them.
func (f Semantics) includeSecrets(patch, have auth0.Document, values map[string]any) {
	for path := range values {
		if object := f.ReplacedObject(path); object != "" && patch[object] == nil {
			patch[object] = map[string]any(have.Object(object).Clone())
		}
	}
	f.SetSecrets(patch, values)
}

// RestoreSecrets replaces what was read by the values, in the objects that a patch replaces.
func (f Semantics) RestoreSecrets(patch auth0.Document, values map[string]any) {
	for path, value := range values {
		if object := f.ReplacedObject(path); object != "" && patch[object] != nil {
			Set(patch, SplitPath(path), value)
		}
	}
}
