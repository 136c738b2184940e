package tokens

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// Warnings implements engine.Warner. It warns of templates with values that Auth0 does not issue for the grant.
func (h *tokenHandler) Warnings(token *v1alpha1.Auth0Token) []string { return Warnings(token) }

// Warnings warns of likely mistakes in the spec of a token.
func Warnings(token *v1alpha1.Auth0Token) []string {
	warnings := secret.TemplateWarnings("spec.outputSecret", token.Spec.OutputSecret, "accessToken", "tokenType", "scope", "expiresAt", "idToken", "refreshToken", "audience")
	if token.Spec.ClientCredentials == nil {
		return warnings
	}
	for _, key := range slices.Sorted(maps.Keys(token.Spec.OutputSecret.Data)) {
		for _, value := range []string{"refreshToken", "idToken"} {
			if strings.Contains(string(token.Spec.OutputSecret.Data[key]), "."+value) {
				warnings = append(warnings, fmt.Sprintf("spec.outputSecret.data.%s: clientCredentials gives no %s, so that it is empty; remove it, or ask for a token of a user", key, value))
			}
		}
	}
	return warnings
}
