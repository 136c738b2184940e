package client

import (
	"context"
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
)

// gives implements Definition.Gives: refresh tokens that can be exchanged, and applications that stand for an API.
func gives(_ context.Context, req engine.Request[*v1alpha1.Auth0Client]) ([]engine.Access, error) {
	spec, session := req.Object.Spec, req.Session
	var given []engine.Access
	if spec.RefreshToken != nil {
		for i, policy := range spec.RefreshToken.Policies {
			if session.IsManagementAPI(policy.Audience) {
				given = append(given, engine.Access{Field: fmt.Sprintf("spec.refreshToken.policies[%d]", i), Scopes: policy.Scope})
			}
		}
	}
	if session.IsManagementAPI(ptr.Deref(spec.ResourceServerIdentifier, "")) {
		given = append(given, engine.Access{Field: "spec.resourceServerIdentifier", Scopes: rbac.AllScopes()})
	}
	return given, nil
}

// holds implements Definition.Holds: who reads the credentials of an application gets the access of its client grants.
func holds(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) ([]engine.Access, error) {
	grants, err := req.Session.Find(ctx, "client-grants", map[string]string{
		"audience": req.Session.ManagementAudience(), "client_id": have.String("client_id"),
	})
	var held []engine.Access
	for _, grant := range grants {
		held = append(held, rbac.OfGrant("spec.adoptionPolicy: application "+have.String("client_id"), grant))
	}
	return held, err
}
