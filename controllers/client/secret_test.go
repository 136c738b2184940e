package client

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// TestSecretNotShown distinguishes a missing scope from an application without a client secret.
func TestSecretNotShown(t *testing.T) {
	byKeys := auth0.Document{"client_authentication_methods": map[string]any{"private_key_jwt": map[string]any{}}}
	for _, row := range []struct {
		scopes []string
		have   auth0.Document
		reason string
		want   string
	}{
		{nil, auth0.Document{}, v1alpha1.ReasonMissingScope, "read:client_keys"},
		{nil, byKeys, v1alpha1.ReasonInvalidSpec, "the application authenticates by private_key_jwt"},
		{[]string{"read:client_keys"}, auth0.Document{"token_endpoint_auth_method": "none"}, v1alpha1.ReasonInvalidSpec, `as token_endpoint_auth_method is "none"`},
	} {
		err := secretNotShown("out", row.scopes, row.have)
		told, ok := err.(*problem.Problem) //nolint:errorlint // It is not wrapped.
		if !ok || told.Reason != row.reason || !strings.Contains(fmt.Sprint(err), row.want) {
			t.Errorf("%v %v: %v, want %s %q", row.scopes, row.have, err, row.reason, row.want)
		}
	}
}
