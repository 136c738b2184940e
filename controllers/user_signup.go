package controllers

import (
	"context"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// signupFields are what a sign-up may carry. The rest is set through the Management API right after it.
var signupFields = []string{"connection", "email", "username", "phone_number", "password", "name", "given_name", "family_name", "nickname", "picture"}

func signsUp(u *v1alpha1.Auth0User) bool { return u.Spec.Provisioning == v1alpha1.ProvisioningSignup }

// ProofField is where a sign-up carries the proof that it is ours, as it can set neither an id nor app_metadata. Users can
// write their user_metadata themselves, so a name would prove nothing.
func (userAdapter) ProofField(u *v1alpha1.Auth0User) string {
	if signsUp(u) {
		return "user_metadata." + userMark
	}
	return ""
}

// ProofName is what the user signs up with.
func (userAdapter) ProofName(u *v1alpha1.Auth0User) string { return loginOf(u) }

// signUp signs the user up as an application does.
func (userAdapter) signUp(ctx context.Context, tools engine.Tools[*v1alpha1.Auth0User], desired auth0.Document) (auth0.Document, error) {
	client, err := readSignupClient(ctx, tools)
	if err != nil {
		return nil, err
	}
	request := auth0.Document{
		"client_id":     client,
		"user_metadata": map[string]any{userMark: desired.Object("user_metadata").String(userMark)},
	}
	for _, field := range signupFields {
		if value, declared := desired[field]; declared {
			request[field] = value
		}
	}
	return tools.Session.SignUp(ctx, request)
}

// readSignupClient finds the application through which the user signs up.
func readSignupClient(ctx context.Context, tools engine.Tools[*v1alpha1.Auth0User]) (string, error) {
	signup := tools.Object.Spec.Signup
	if signup.SecretRef == nil {
		return tools.References.ID(signupClientField, signup.ClientID), nil
	}
	values, err := secret.Values(ctx, tools.Reader, tools.Object.Namespace, signup.SecretRef.Name, "clientId")
	return strings.TrimSpace(values["clientId"]), err
}
