package controllers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// documentOf renders a part of a spec with Auth0's field names: it converts camelCase to snake_case. Fields listed in verbatim,
// by Auth0's name, keep the names inside them, because those are the user's own, for example in metadata.
func documentOf(settings any, verbatim ...string) auth0.Document {
	// The types of the API always encode to valid JSON.
	encoded, _ := json.Marshal(settings)
	document, _ := auth0.ParseDocument(encoded)
	return snakeObject(document, verbatim)
}

// settingsOf renders a whole spec without the fields that every kind has.
func settingsOf(spec any, verbatim ...string) auth0.Document {
	settings := documentOf(spec, verbatim...)
	for _, common := range []string{"tenant_ref", "management_policy", "deletion_policy", "adoption_policy", "suspend"} {
		delete(settings, common)
	}
	return settings
}

func snakeObject(object map[string]any, verbatim []string) map[string]any {
	renamed := make(map[string]any, len(object))
	for key, value := range object {
		name := snake(key)
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

// snake turns appType into app_type.
func snake(camel string) string {
	var name strings.Builder
	for _, letter := range camel {
		if unicode.IsUpper(letter) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(letter))
	}
	return name.String()
}

// jsonSize is the size of free JSON in bytes, including keys.
func jsonSize(values map[string]apiextensionsv1.JSON) int {
	size := 0
	for key, value := range values {
		size += len(key) + len(value.Raw)
	}
	return size
}

// checkSize rejects free JSON of more than most bytes. The API server can bound only its first level.
func checkSize(field string, size, most int) error {
	if size <= most {
		return nil
	}
	return fmt.Errorf("%s has %d KiB; at most %d KiB are allowed: make it smaller", field, (size+1023)>>10, most>>10)
}
