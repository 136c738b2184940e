package controllers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// TestRefusedScopes checks that each refusal of a client grant quotes Auth0, and that it stalls only what a person can correct.
func TestRefusedScopes(t *testing.T) {
	undefined := "The following scopes are not defined by the resource server: read:ordres"
	for _, row := range []struct {
		name, message string
		spec          v1alpha1.Auth0ClientGrantSpec
		stalled       bool
		want          string
	}{
		{"undefined", undefined, v1alpha1.Auth0ClientGrantSpec{}, false, "spec.scopes: the API does not define all of them (Auth0 says: " + undefined},
		{"undefined by the Management API", undefined, v1alpha1.Auth0ClientGrantSpec{ManagementAPI: new(true)}, true, "nobody can add some"},
		{"all of a system API", "allow_all_scopes cannot be enabled", v1alpha1.Auth0ClientGrantSpec{AllowAllScopes: new(true)}, true, "spec.allowAllScopes: Auth0 refuses it (allow_all_scopes cannot be enabled)"},
		{"another reason", "A scope is too long.", v1alpha1.Auth0ClientGrantSpec{}, true, "spec.scopes: Auth0 refuses them (A scope is too long)"},
	} {
		err := explainScopes(&v1alpha1.Auth0ClientGrant{Spec: row.spec}, &auth0.Error{Class: auth0.ClassInvalid, Message: row.message})
		told, ok := err.(*problem.Problem) //nolint:errorlint // It is not wrapped.
		if !ok || told.Stalled != row.stalled || !strings.Contains(told.Message, row.want) {
			t.Errorf("%s: %v, want %q, stalled %v", row.name, err, row.want, row.stalled)
		}
	}
}

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
