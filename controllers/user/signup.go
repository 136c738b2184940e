package user

import (
	"context"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// signupFields are the fields of a sign-up. The Management API sets the others right after it.
var signupFields = []string{"connection", "email", "username", "phone_number", "password", "name", "given_name", "family_name", "nickname", "picture"}

func signsUp(u *v1alpha1.Auth0User) bool { return u.Spec.Provisioning == v1alpha1.ProvisioningSignup }

// idempotencyKeyField is the field of a sign-up that proves that the user is this object's. A sign-up can set neither an ID nor
// app_metadata. Users can write their own user_metadata, so a name would prove nothing.
func idempotencyKeyField(u *v1alpha1.Auth0User) string {
	if signsUp(u) {
		return "user_metadata." + engine.MarkerKey
	}
	return ""
}

// idempotencyKeyName is the identifier that the user signs up with.
func idempotencyKeyName(u *v1alpha1.Auth0User) string { return loginOf(u) }

// signUp signs the user up through an application.
func signUp(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], desired auth0.Document) (auth0.Document, error) {
	client, err := readSignupClient(ctx, req)
	if err != nil {
		return nil, err
	}
	request := auth0.Document{
		"client_id":     client,
		"user_metadata": map[string]any{engine.MarkerKey: desired.Object("user_metadata").String(engine.MarkerKey)},
	}
	for _, field := range signupFields {
		if value, declared := desired[field]; declared {
			request[field] = value
		}
	}
	return req.Session.SignUp(ctx, request)
}

// readSignupClient returns the client ID of the application through which the user signs up.
func readSignupClient(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) (string, error) {
	signup := req.Object.Spec.Signup
	if signup.SecretRef == nil {
		return req.References.ID(signupClientField, signup.ClientID), nil
	}
	values, err := secret.Values(ctx, req.Reader, req.Object.Namespace, signup.SecretRef.Name, "clientId")
	return strings.TrimSpace(values["clientId"]), err
}
