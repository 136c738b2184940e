package fields

import (
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// A path joins the keys of nested objects by dots: options.password_options.history.active. A backslash escapes a dot or a
// backslash within a key.

var (
	escapeKey   = strings.NewReplacer(`\`, `\\`, ".", `\.`)
	unescapeKey = strings.NewReplacer(`\\`, `\`, `\.`, ".")
)

// flattenInto adds every value of a nested object by its path. Lists and empty objects count as values.
func flattenInto(flat map[string]any, path string, value any) {
	object, ok := asObject(value)
	if !ok || len(object) == 0 {
		flat[path] = value
		return
	}
	for key, nested := range object {
		flattenInto(flat, path+"."+escapeKey.Replace(key), nested)
	}
}

// SplitPath returns the keys of a path.
func SplitPath(path string) []string {
	var keys []string
	start := 0
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '.':
			keys = append(keys, unescapeKey.Replace(path[start:i]))
			start = i + 1
		}
	}
	return append(keys, unescapeKey.Replace(path[start:]))
}

// ValueIn returns the value that nested objects have at some keys, nil if there is none.
func ValueIn(value any, keys []string) any {
	for _, key := range keys {
		object, ok := asObject(value)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// Set sets the value at a path; nil removes it, and the objects on the path that become empty.
func Set(object map[string]any, keys []string, value any) {
	key, rest := keys[0], keys[1:]
	switch nested, ok := asObject(object[key]); {
	case len(rest) == 0 && value == nil:
		delete(object, key)
	case len(rest) == 0:
		object[key] = value
	case ok:
		Set(nested, rest, value)
		if value == nil && len(nested) == 0 {
			delete(object, key)
		}
	case value != nil:
		nested = map[string]any{}
		object[key] = nested
		Set(nested, rest, value)
	}
}

func asObject(value any) (map[string]any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return value, true
	case auth0.Document:
		return value, true
	}
	return nil, false
}
