package engine

import (
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Values from Secrets are never compared: Auth0 does not return them, or masks them. A value in an object that Auth0 replaces
// whole must be part of every patch of that object.

// replacedObject returns the object of Fields.Replaced that contains a path, "" if there is none.
func (f Fields) replacedObject(path string) string {
	object, _, nested := strings.Cut(path, ".")
	if nested && slices.Contains(f.Replaced, object) {
		return object
	}
	return ""
}

// declares reports whether a document has a value at a path, or below it.
func (f Fields) declares(document auth0.Document, path string) bool {
	if f.replacedObject(path) == "" {
		return false
	}
	return valueIn(document, splitPath(path)) != nil
}

// carries reports whether a patch contains the value of a path.
func (f Fields) carries(patch auth0.Document, path string) bool {
	if object := f.replacedObject(path); object != "" {
		return valueIn(patch[object], splitPath(path)[1:]) != nil
	}
	_, sent := patch[path]
	return sent
}

// setSecrets sets values by their paths.
func (f Fields) setSecrets(document auth0.Document, values map[string]any) {
	for path, value := range values {
		if f.replacedObject(path) != "" {
			setIn(document, splitPath(path), value)
		} else {
			document[path] = value
		}
	}
}

// includeSecrets adds values to a patch, with the rest of the objects around them.
func (f Fields) includeSecrets(patch, have auth0.Document, values map[string]any) {
	for path := range values {
		if object := f.replacedObject(path); object != "" && patch[object] == nil {
			patch[object] = map[string]any(have.Object(object).Clone())
		}
	}
	f.setSecrets(patch, values)
}

// restoreSecrets replaces what was read by the values, in the objects that a patch replaces.
func (f Fields) restoreSecrets(patch auth0.Document, values map[string]any) {
	for path, value := range values {
		if object := f.replacedObject(path); object != "" && patch[object] != nil {
			setIn(patch, splitPath(path), value)
		}
	}
}
