package auth0

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/display"
)

const (
	// redacted replaces a secret that a server sent back.
	redacted = "[redacted]"
	// shortestSecret is the minimum length of the secrets to search for: shorter texts occur by chance.
	shortestSecret = 4
	// mostSent bounds how much of a request is searched for secrets.
	mostSent = 1 << 20
)

type secretsKey struct{}

// WithSecrets returns a context whose calls quote none of these values in their errors, in whatever field they are sent. values is
// called for each error.
func WithSecrets(ctx context.Context, values func() []string) context.Context {
	return context.WithValue(ctx, secretsKey{}, values)
}

var (
	// secretFields are the fields of a request whose values are secret, including everything inside.
	secretFields = regexp.MustCompile(`(?i)(password|secret|token|assertion|credential|hash|salt|_key|^key|^pem|^cert|^code$|device_code|code_verifier)`)
	// publicFields match secretFields, but are settings.
	publicFields = regexp.MustCompile(`(?i)(_policy|_method|_type|_lifetime|_options|_dialect|_signing|_alg|^token_endpoint)`)
)

// redact removes from the error of a failed call what must not be quoted: secrets of the request that the server or a proxy sent
// back, and control characters that affect a terminal.
func redact(request *http.Request, err error) error {
	failed, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	secrets := secretsIn(request)
	if values, ok := request.Context().Value(secretsKey{}).(func() []string); ok {
		secrets = append(secrets, values()...)
	}
	var forms []string
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		quoted, _ := json.Marshal(secret) // A string can always be encoded.
		for _, form := range []string{secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret)} {
			forms = append(forms, form, redacted)
		}
	}
	replacer := strings.NewReplacer(forms...)
	failed.Message = display.Text(replacer.Replace(failed.Message))
	failed.Code = display.Text(replacer.Replace(failed.Code))
	failed.RequestID = replacer.Replace(failed.RequestID)
	return failed
}

// secretsIn returns the secrets in a request.
func secretsIn(request *http.Request) []string {
	var secrets []string
	if _, token, ok := strings.Cut(request.Header.Get("Authorization"), " "); ok {
		secrets = append(secrets, token)
	}
	if _, password, ok := request.BasicAuth(); ok {
		secrets = append(secrets, password)
	}
	if request.GetBody == nil {
		return secrets
	}
	content, err := request.GetBody()
	if err != nil {
		return secrets
	}
	defer func() { _ = content.Close() }()
	sent, err := io.ReadAll(io.LimitReader(content, mostSent))
	if err != nil {
		return secrets
	}
	if value, err := ParseValue(sent); err == nil {
		return secretsOf(value, false, secrets)
	}
	// A body that is not a form has no fields.
	form, _ := url.ParseQuery(string(sent))
	for field, values := range form {
		if IsSecretField(field) {
			secrets = append(secrets, values...)
		}
	}
	return secrets
}

// IsSecretField reports whether the name of a field says that its value is secret.
func IsSecretField(name string) bool {
	return secretFields.MatchString(name) && !publicFields.MatchString(name)
}

// secretsOf adds the strings in secret fields of a JSON value, or all strings.
func secretsOf(value any, all bool, secrets []string) []string {
	switch value := value.(type) {
	case string:
		if all {
			secrets = append(secrets, value)
		}
	case []any:
		for _, item := range value {
			secrets = secretsOf(item, all, secrets)
		}
	case map[string]any:
		for field, item := range value {
			secrets = secretsOf(item, all || IsSecretField(field), secrets)
		}
	}
	return secrets
}
