package secret

import (
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

var templateValues = map[string]string{"clientId": "id", "clientSecret": "a b", "empty": ""}

func TestTemplatesFillASecret(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "",
		"{{ .clientId }}:{{ .clientSecret }}": "id:a b",
		"{{/* for curl */}}secret={{ .clientSecret | urlquery }}":                          "secret=a+b",
		`{{ if eq .clientId "id" }}yes{{ else }}no{{ end }}`:                               "yes",
		"{{ if .empty }}{{ .empty }}{{ else }}{{ print .clientId (len .empty) }}{{ end }}": "id0",
	} {
		data, err := Render(output(text), templateValues)
		if err != nil || string(data["key"]) != want {
			t.Errorf("%s gives %q, %v; want %q", text, data["key"], err, want)
		}
	}
}

// TestTemplatesCannotKeepTheOperatorBusy wants what would never end, or fill the memory, refused before it is begun.
func TestTemplatesCannotKeepTheOperatorBusy(t *testing.T) {
	for text, named := range map[string]string{
		"{{ range 1000000000000 }}{{ end }}":                                              "range",
		"{{ if .clientId }}{{ range $ }}{{ end }}{{ end }}":                               "range",
		"{{ if .empty }}{{ else }}{{ range $ }}{{ end }}{{ end }}":                        "range",
		"{{ $x := .clientId }}{{ $x = print $x $x }}":                                     "the variable $x",
		`{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`: "template",
		`{{ block "a" . }}{{ end }}`:                                                      "template",
		`{{ .clientId | printf "%[1]s%[1]s" | printf "%[1]s%[1]s" }}`:                     "the function printf",
		`{{ if print (printf "%1000000d" 1) }}{{ end }}`:                                  "the function printf",
		"{{ with .clientId }}{{ with print . . }}{{ . }}{{ end }}{{ end }}":               "with",
		`{{ (js "x").y }}`: "the function js",
	} {
		_, err := Render(output(text), templateValues)
		if err == nil || !strings.Contains(err.Error(), "uses "+named) && !strings.Contains(err.Error(), "uses {{"+named) {
			t.Errorf("%s: want a refusal that names %q, got: %v", text, named, err)
		}
	}
}

func output(text string) v1alpha1.OutputSecret {
	return v1alpha1.OutputSecret{Data: map[string]v1alpha1.SecretTemplate{"key": v1alpha1.SecretTemplate(text)}}
}
