package fields

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// FromSettings renders a part of a spec with Auth0's field names: it converts camelCase to snake_case. Fields listed in verbatim,
// by Auth0's name, keep the names inside them, because those are the user's own, for example in metadata.
func FromSettings(settings any, verbatim ...string) auth0.Document {
	// The types of the API always encode to valid JSON.
	encoded, _ := json.Marshal(settings)
	document, _ := auth0.ParseDocument(encoded)
	return snakeObject(document, verbatim)
}

// FromSpec renders a whole spec without the fields that every kind has.
func FromSpec(spec any, verbatim ...string) auth0.Document {
	settings := FromSettings(spec, verbatim...)
	for _, common := range []string{"tenant_ref", "management_policy", "deletion_policy", "adoption_policy", "suspend"} {
		delete(settings, common)
	}
	return settings
}

func snakeObject(object map[string]any, verbatim []string) map[string]any {
	renamed := make(map[string]any, len(object))
	for key, value := range object {
		name := Snake(key)
		if !slices.Contains(verbatim, name) {
			value = snakeValue(value, verbatim)
		}
		renamed[name] = value
	}
	return renamed
}

func snakeValue(value any, verbatim []string) any {
	switch value := value.(type) {
	case map[string]any:
		return snakeObject(value, verbatim)
	case []any:
		for i, item := range value {
			value[i] = snakeValue(item, verbatim)
		}
	}
	return value
}

// Snake turns appType into app_type.
func Snake(camel string) string {
	var name strings.Builder
	for _, letter := range camel {
		if unicode.IsUpper(letter) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(letter))
	}
	return name.String()
}

// JSONSize is the size of free JSON in bytes, including keys.
func JSONSize(values map[string]apiextensionsv1.JSON) int {
	size := 0
	for key, value := range values {
		size += len(key) + len(value.Raw)
	}
	return size
}

// CheckSize rejects free JSON of more than most bytes. The API server can bound only its first level.
func CheckSize(field string, size, most int) error {
	if size <= most {
		return nil
	}
	return fmt.Errorf("%s has %d KiB; at most %d KiB are allowed: make it smaller", field, (size+1023)>>10, most>>10)
}

// List converts to the list type of documents.
func List(items []string) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// Texts returns the strings of a list in a document.
func Texts(list any) []string {
	items, _ := list.([]any)
	found := make([]string, 0, len(items))
	for _, item := range items {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

// ToSpec is the reverse of FromSettings: it copies the fields of a document for which the spec has a field. It skips empty
// values, which mean the same as absent ones.
func ToSpec(settings any, have auth0.Document, verbatim ...string) error {
	encoded, err := json.Marshal(camelObject(have, verbatim))
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, settings)
}

func camelObject(object map[string]any, verbatim []string) map[string]any {
	renamed := make(map[string]any, len(object))
	for key, value := range object {
		if !slices.Contains(verbatim, key) {
			value = camelValue(value, verbatim)
		}
		if !isEmpty(value) {
			renamed[camel(key)] = value
		}
	}
	return renamed
}

func camelValue(value any, verbatim []string) any {
	switch value := value.(type) {
	case map[string]any:
		return camelObject(value, verbatim)
	case auth0.Document:
		return camelObject(value, verbatim)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = camelValue(item, verbatim)
		}
		return items
	}
	return value
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// camel turns app_type into appType.
func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// Without is a copy of a document without some of its fields.
func Without(have auth0.Document, fields ...string) auth0.Document {
	rest := maps.Clone(have)
	for _, field := range fields {
		delete(rest, field)
	}
	return rest
}

// Put sets a field of a document if there is a value.
func Put[T any](document auth0.Document, field string, value *T) {
	if value != nil {
		document[field] = *value
	}
}
