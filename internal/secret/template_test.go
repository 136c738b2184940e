package secret

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

var templateValues = map[string]string{"clientId": "id", "clientSecret": "a b", "empty": ""}

func TestTemplatesFillASecret(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "",
		"{{ .clientId }}:{{ .clientSecret }}": "id:a b",
		"{{/* for curl */}}secret={{ .clientSecret | urlquery }}":                                "secret=a+b",
		`{{ if .empty }}yes{{ else if not .clientId }}maybe{{ else }}no{{ end }}`:                "no",
		"{{ if .empty }}{{ .empty }}{{ else }}{{ print .clientId \"=\" (not .empty) }}{{ end }}": "id=true",
		`{{ or .empty .clientId }} {{ and .clientId .clientSecret }} {{ "<" | html }}`:           "id a b &lt;",
		"{{- .clientId -}}\n{{ \"{{\" }}":                                                        "id{{",
	} {
		data, err := Render(output(text), templateValues)
		if err != nil || string(data["key"]) != want {
			t.Errorf("%s gives %q, %v; want %q", text, data["key"], err, want)
		}
	}
}

// TestTemplatesCannotKeepTheOperatorBusy checks that templates that would never end, or fill the memory, are refused before they
// run.
func TestTemplatesCannotKeepTheOperatorBusy(t *testing.T) {
	refuse(t, map[string]string{
		"{{ range 1000000000000 }}{{ end }}":                                              "uses {{range",
		"{{ if .clientId }}{{ range $ }}{{ end }}{{ end }}":                               "uses {{range",
		"{{ if .empty }}{{ else }}{{ range $ }}{{ end }}{{ end }}":                        "uses {{range",
		"{{ $x := .clientId }}{{ $x = print $x $x }}":                                     "uses the variable $x",
		`{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`: "defines another template",
		`{{ define "key" }}{{ index "a" 0 }}{{ end }}`:                                    "defines another template",
		`{{ block "a" . }}{{ end }}`:                                                      "defines another template",
		`{{ template "a" }}`:                                                              "uses {{template",
		`{{ .clientId | printf "%[1]s%[1]s" | printf "%[1]s%[1]s" }}`:                     "uses the function printf",
		`{{ if print (printf "%1000000d" 1) }}{{ end }}`:                                  "uses the function printf",
		"{{ with .clientId }}{{ with print . . }}{{ . }}{{ end }}{{ end }}":               "uses {{with",
	})
}

// TestTemplatesCannotAskWhatASecretIs checks that every template that can fail for a value is refused: the error of one showed a
// byte of a client secret, and the existence of an error is an answer too.
func TestTemplatesCannotAskWhatASecretIs(t *testing.T) {
	refuse(t, map[string]string{
		`{{if .clientSecret}}{{index "" (index .clientSecret 0)}}{{end}}`: "uses the function index",
		`{{ slice .clientSecret 0 40 }}`:                                  "uses the function slice",
		`{{ if .empty }}{{ index .clientSecret 0 }}{{ end }}`:             "uses the function index",
		`{{ if .empty }}{{ .password }}{{ end }}`:                         "uses .password",
		`{{ if .empty }}{{ .clientSecret.more }}{{ end }}`:                "uses .clientSecret.more",
		`{{ if .empty }}{{ (print .clientSecret).more }}{{ end }}`:        "uses (print .clientSecret).more",
		`{{ if .empty }}{{ not }}{{ end }}`:                               "uses the function not with 0 arguments",
		`{{ if .empty }}{{ not .clientId .empty }}{{ end }}`:              "uses the function not with 2 arguments",
		`{{ if .empty }}{{ .clientId | not .empty }}{{ end }}`:            "uses the function not with 2 arguments",
		`{{ if .empty }}{{ and }}{{ end }}`:                               "uses the function and with 0 arguments",
		`{{ if .empty }}{{ .clientId "x" }}{{ end }}`:                     "uses .clientId as a function",
		`{{ if .empty }}{{ .clientId | .clientSecret }}{{ end }}`:         "uses .clientSecret as a function",
		`{{ if .empty }}{{ print not }}{{ end }}`:                         "uses not",
		`{{ len .clientSecret }}`:                                         "uses the function len",
		`{{ if eq .clientSecret "a b" }}{{ end }}`:                        "uses the function eq",
		`{{ if lt .clientSecret "a c" }}{{ end }}`:                        "uses the function lt",
		`{{ call .clientSecret }}`:                                        "uses the function call",
		`{{ js .clientSecret }}`:                                          "uses the function js",
		`{{ print 18446744073709551615 }}`:                                "uses 18446744073709551615",
		`{{ . }}`:                                                         "uses .;",
		`{{ $.clientId }}`:                                                "uses $.clientId",
		`{{ nil }}`:                                                       "uses nil",
		`{{ .clientId`:                                                    "not a Go template: unclosed action",
	})
	for _, says := range []string{"the template of key ", "it can use the values .clientId, .clientSecret, .empty, texts in quotes, if and else, and the functions and html not or print urlquery"} {
		if _, err := Render(output("{{ .password }}"), templateValues); !strings.Contains(err.Error(), says) {
			t.Errorf("the message does not say %q: %v", says, err)
		}
	}
}

func refuse(t *testing.T, texts map[string]string) {
	t.Helper()
	for text, named := range texts {
		data, err := Render(output(text), templateValues)
		if err == nil || !strings.Contains(err.Error(), named) {
			t.Errorf("%s: want a refusal that says %q, got: %q, %v", text, named, data, err)
		}
	}
}

// TestTemplatesMakeNoMoreThanASecretHolds renders much output from short templates. A template is refused for what it could
// render from any value, so the refusal comes before there is a value, and reveals no length.
func TestTemplatesMakeNoMoreThanASecretHolds(t *testing.T) {
	many := v1alpha1.OutputSecret{Data: map[string]v1alpha1.SecretTemplate{}}
	for i := range 32 {
		many.Data[fmt.Sprint("key", i)] = v1alpha1.SecretTemplate(strings.Repeat("{{.clientId}}", 9))
	}
	for name, output := range map[string]v1alpha1.OutputSecret{
		"many values":                 output(strings.Repeat("{{.clientId}}", 300)),
		"many values in many keys":    many,
		"escapes of escapes":          output("{{ `" + strings.Repeat("&", 2000) + "`" + strings.Repeat("|html", 400) + "}}"),
		"escapes of escapes of a URL": output("{{ `" + strings.Repeat("&", 2000) + "`" + strings.Repeat("|urlquery", 200) + "}}"),
		"much work, little output":    output("{{ if " + strings.Repeat("print (", 500) + ".clientId" + strings.Repeat(")", 500) + "}}{{ end }}"),
	} {
		start := time.Now()
		_, err := Render(output, templateValues)
		if err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
			t.Errorf("%s: want a refusal, got: %v", name, err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("%s: the refusal took %s", name, took)
		}
	}
	half := map[string]string{"clientId": strings.Repeat("x", 500<<10)}
	if data, err := Render(output("{{ .clientId }}{{ .clientId }}"), half); err != nil || len(data["key"]) != 1000<<10 {
		t.Errorf("a Secret of 1000 KiB: %v", err)
	}
	if _, err := Render(output("{{ .clientId }}{{ .clientId }}{{ .clientId }}"), half); err == nil {
		t.Error("1500 KiB were made")
	}
}

func output(text string) v1alpha1.OutputSecret {
	return v1alpha1.OutputSecret{Data: map[string]v1alpha1.SecretTemplate{"key": v1alpha1.SecretTemplate(text)}}
}

// TestRandomIsNoFunction checks that a random value is alone in its key and long enough to be secret; Output adds it.
func TestRandomIsNoFunction(t *testing.T) {
	for _, text := range []string{"{{ random 16 }}", "{{random 256}}", "\n{{- random 32 -}}\n"} {
		if data, err := Render(output(text), templateValues); err != nil || len(data) > 0 {
			t.Errorf("%s gives %q, %v", text, data, err)
		}
	}
	refuse(t, map[string]string{
		"{{ random 15 }}":                "asks for 15 random characters; ask for 16 to 256",
		"{{ random 9999 }}":              "asks for 9999 random characters",
		"a{{ random 32 }}":               "random beside other text",
		"{{ random 32 }}{{ random 32 }}": "random beside other text",
		"{{ random .clientSecret }}":     "random beside other text",
		"{{ random 32 | urlquery }}":     "random beside other text",
		"{{ print (random 32) }}":        "random beside other text",
	})
}

func TestNewRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		value := string(newRandom(32))
		if len(value) != 32 || seen[value] {
			t.Fatalf("%d characters, seen before: %v", len(value), seen[value])
		}
		seen[value] = true
	}
}

// FuzzRender checks that every template ends soon, renders no more than fits into a Secret, and fails alike for any two values,
// so that a failure reveals neither.
func FuzzRender(f *testing.F) {
	for _, text := range []string{
		"{{ random 32 }}", "{{ .clientId }}{{ random 32 }}",
		"{{ .clientId }}:{{ .clientSecret }}", `{{if .clientSecret}}{{index "" (index .clientSecret 0)}}{{end}}`,
		"{{ .clientSecret | urlquery | html }}", "{{ if not .empty }}{{ print .clientId (or .empty .clientSecret) }}{{ else }}{{ and .empty }}{{ end }}",
		"{{ $x := .clientId }}", `{{ define "key" }}{{ slice .clientSecret 1 }}{{ end }}`, "{{ `" + strings.Repeat("&", 100) + "`" + strings.Repeat("|html", 500) + "}}",
		"{{- /* a */ -}}", "{{ print `a` \"b\" 'c' 1 true nil }}", "{{ . | print $ | not }}", "{{ (.clientId).x }}", "{{ range .clientId }}{{ break }}{{ end }}",
	} {
		f.Add(text, "fe0-%<>&'\"")
	}
	f.Fuzz(func(t *testing.T, text, secret string) {
		const largestTemplate = 4096
		if len(text) > largestTemplate || secret == "" || len(secret) > 64<<10 {
			return
		}
		other := strings.Repeat("x", len(secret))
		start := time.Now()
		data, err := Render(output(text), map[string]string{"clientId": "id", "clientSecret": secret, "empty": ""})
		_, errOther := Render(output(text), map[string]string{"clientId": "id", "clientSecret": other, "empty": ""})
		if fmt.Sprint(err) != fmt.Sprint(errOther) {
			t.Errorf("one value gives %v, another one %v", err, errOther)
		}
		if len(data["key"]) > largestOutput {
			t.Errorf("it made %d bytes", len(data["key"]))
		}
		if err != nil && strings.Contains(err.Error(), "cannot be filled") {
			t.Errorf("a template was not understood before it was filled: %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
