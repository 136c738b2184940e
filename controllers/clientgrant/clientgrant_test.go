package clientgrant

import (
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
