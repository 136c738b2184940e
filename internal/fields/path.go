package fields

import (
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// A path joins the keys of nested objects by dots: options.password_options.history.active. A backslash escapes a dot or a
// backslash within a key. An entry of a list goes by the field that identifies it, never by its position:
// secrets.[name=API_KEY].value. In a pattern, [name] stands for every entry.

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

// ValueIn returns the value that nested objects and lists have at some keys, nil if there is none.
func ValueIn(value any, keys []string) any {
	for _, key := range keys {
		if list, isList := value.([]any); isList {
			value = entryIn(list, key)
			continue
		}
		object, ok := asObject(value)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// entryKey returns the key of a path for an entry of a list. name is the field that identifies it.
func entryKey(name, value string) string { return "[" + name + "=" + value + "]" }

// splitEntryKey is the reverse of entryKey. every means that the key stands for every entry.
func splitEntryKey(key string) (name, value string, every, ok bool) {
	inner, opens := strings.CutPrefix(key, "[")
	inner, closes := strings.CutSuffix(inner, "]")
	name, value, isOne := strings.Cut(inner, "=")
	return name, value, !isOne, opens && closes
}

func entryIn(list []any, key string) any {
	name, want, every, ok := splitEntryKey(key)
	if !ok || every {
		return nil
	}
	for _, entry := range list {
		if object, _ := asObject(entry); object[name] == want {
			return entry
		}
	}
	return nil
}

// PatternOf returns the pattern of a path.
func PatternOf(path string) string { return JoinKeys(patternKeys(SplitPath(path))) }

func patternKeys(keys []string) []string {
	pattern := slices.Clone(keys)
	for i, key := range pattern {
		if name, _, every, ok := splitEntryKey(key); ok && !every {
			pattern[i] = "[" + name + "]"
		}
	}
	return pattern
}

// JoinKeys returns the path of some keys.
func JoinKeys(keys []string) string {
	escaped := make([]string, len(keys))
	for i, key := range keys {
		escaped[i] = escapeKey.Replace(key)
	}
	return strings.Join(escaped, ".")
}

// SplitEntry returns the path of the outermost list on the way to a value, and the keys of the entry in it; none if there is no list.
func SplitEntry(path string) (list string, entry []string) {
	keys := SplitPath(path)
	at := slices.IndexFunc(keys, isEntryKey)
	if at < 1 {
		return "", nil
	}
	return JoinKeys(keys[:at]), keys[:at+1]
}

// Below returns the keys that lead from a path to a path or a pattern below it. It returns none if the path itself is meant, or is
// below the other one.
func Below(path, other string) (keys []string, ok bool) {
	from, to := patternKeys(SplitPath(path)), patternKeys(SplitPath(other))
	both := min(len(from), len(to))
	if !slices.Equal(from[:both], to[:both]) {
		return nil, false
	}
	return SplitPath(other)[both:], true
}

// Edit returns a copy of a value in which edit replaced what some keys lead to; nil removes it. at are the keys without patterns.
// What does not exist stays so.
func Edit(value any, keys []string, edit func(at []string, value any) any) any {
	return editAt(nil, value, keys, edit)
}

// without returns a copy of a document without what some keys lead to.
func without(document auth0.Document, keys []string) auth0.Document {
	rest, _ := asObject(Edit(document, keys, func([]string, any) any { return nil }))
	return rest
}

func editAt(at []string, value any, keys []string, edit func([]string, any) any) any {
	if len(keys) == 0 {
		return edit(at, value)
	}
	key, rest := keys[0], keys[1:]
	if list, isList := value.([]any); isList {
		return editEntries(at, list, key, rest, edit)
	}
	object, _ := asObject(value)
	inner, exists := object[key]
	if !exists {
		return value
	}
	object = maps.Clone(object)
	if object[key] = editAt(append(slices.Clone(at), key), inner, rest, edit); object[key] == nil {
		delete(object, key)
	}
	return object
}

func editEntries(at []string, list []any, key string, rest []string, edit func([]string, any) any) any {
	name, want, every, ok := splitEntryKey(key)
	list = slices.Clone(list)
	for i, entry := range list {
		object, _ := asObject(entry)
		if text, isText := object[name].(string); ok && isText && (every || text == want) {
			list[i] = editAt(append(slices.Clone(at), entryKey(name, text)), entry, rest, edit)
		}
	}
	return list
}

// Set sets the value at a path; nil removes it, and the objects on the path that become empty. It adds no entry to a list.
func Set(object map[string]any, keys []string, value any) {
	key, rest := keys[0], keys[1:]
	if list, isList := object[key].([]any); isList && len(rest) > 0 {
		object[key] = setInEntry(list, rest[0], rest[1:], value)
		return
	}
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
	case value != nil && !isEntryKey(rest[0]):
		nested = map[string]any{}
		object[key] = nested
		Set(nested, rest, value)
	}
}

func isEntryKey(key string) bool {
	_, _, _, ok := splitEntryKey(key)
	return ok
}

// setInEntry returns a copy of a list in which the value in one entry is set.
func setInEntry(list []any, key string, rest []string, value any) []any {
	name, want, _, _ := splitEntryKey(key)
	list = slices.Clone(list)
	for i, entry := range list {
		if object, _ := asObject(entry); object[name] == want && len(rest) > 0 {
			changed := auth0.Document(object).Clone()
			Set(changed, rest, value)
			list[i] = map[string]any(changed)
		}
	}
	return list
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
