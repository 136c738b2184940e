package resourceserver

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// apiSuspicions find settings without effect.
var apiSuspicions = []problem.Suspicion[v1alpha1.Auth0ResourceServerSpec]{
	{Holds: func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return strings.HasSuffix(ptr.Deref(s.TokenDialect, ""), "_authz") && s.EnforcePolicies != nil && !*s.EnforcePolicies
	},
		Message: "spec.tokenDialect: tokens carry permissions only with enforcePolicies: true; set that, or a dialect without _authz"},
	{Holds: func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return ptr.Deref(s.AllowOnlineAccessWithEphemeralSessions, false) && s.AllowOnlineAccess != nil && !*s.AllowOnlineAccess
	},
		Message: "spec.allowOnlineAccessWithEphemeralSessions has no effect without allowOnlineAccess: true; set that, or remove it"},
	{Holds: func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return s.ProofOfPossession != nil && s.ProofOfPossession.Mechanism == "mtls" && s.ProofOfPossession.RequiredFor != nil
	},
		Message: "spec.proofOfPossession.requiredFor is for mechanism dpop; remove it, or change the mechanism"},
	{Holds: func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return s.Scopes != nil && slices.ContainsFunc(s.Scopes.Items, func(scope v1alpha1.ResourceServerScope) bool { return strings.Contains(scope.Value, ",") })
	},
		Message: "spec.scopes: a value with a comma is one scope; if you meant several, give each an item of its own"},
}

// warnings implements Definition.Warnings.
func warnings(api *v1alpha1.Auth0ResourceServer) []string {
	return problem.SuspicionsOf(api.Spec, apiSuspicions)
}

// shortestSigningSecret is the shortest secret of an API that Auth0 accepts.
const shortestSigningSecret = 16

// checkSecret implements Definition.CheckSecret.
func checkSecret(_ *v1alpha1.Auth0ResourceServer, _, value string) (wrong, warning string) {
	if len([]rune(value)) < shortestSigningSecret {
		return fmt.Sprintf("is too short to sign tokens: Auth0 asks for at least %d characters; put a longer one there, such as that of openssl rand -base64 32", shortestSigningSecret), ""
	}
	return "", ""
}
