package secret

import (
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Render makes the data of an output Secret out of the values of a kind: one key per value, or what the templates say.
func Render(output v1alpha1.OutputSecret, values map[string]string) (map[string][]byte, error) {
	data := map[string][]byte{}
	if len(output.Data) == 0 {
		for key, value := range values {
			data[key] = []byte(value)
		}
		return data, nil
	}
	for key, text := range output.Data {
		rendered, err := render(key, string(text), values)
		if err != nil {
			return nil, err
		}
		data[key] = rendered
	}
	return data, nil
}

func render(key, text string, values map[string]string) ([]byte, error) {
	parsed, err := template.New(key).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret is not a Go template: %v", key, err)
	}
	var rendered strings.Builder
	if err := parsed.Execute(&rendered, values); err != nil {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret cannot be filled: %v; it can use %s", key, err, names(values))
	}
	return []byte(rendered.String()), nil
}

// names lists what a template can use: .accessToken, .expiresAt, …
func names(values map[string]string) string {
	return "." + strings.Join(slices.Sorted(maps.Keys(values)), ", .")
}
