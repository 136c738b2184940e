package tokens

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

func clientReference(token *v1alpha1.Auth0Token, name string) reference.Reference {
	return reference.To(token, "spec.client.clientRef", "Auth0Client", v1alpha1.ObjectReference{Name: name})
}

// readApplication returns the application that requests the token, with its credentials.
func (w *tokenSync) readApplication(ctx context.Context) (auth0.Application, error) {
	client := w.token.Spec.Client
	if client.ClientRef != nil {
		return w.referredApplication(ctx, client.ClientRef.Name)
	}
	return tenants.AnyApplication(ctx, w.Reader, w.token.Namespace, client.SecretRef.Name)
}

// referredApplication reads the application from an Auth0Client. A token that was never issued waits until that is Ready. An
// issued token does not wait: its application stays the same whatever stalls the Auth0Client, which may also be waiting for the
// deletion of the token.
func (w *tokenSync) referredApplication(ctx context.Context, name string) (auth0.Application, error) {
	to := clientReference(w.token, name)
	to.Weak = w.token.Status.ExpiresAt != nil || w.token.DeletionTimestamp != nil
	resolved, err := reference.Resolve(ctx, w.Client, w.token, []reference.Reference{to})
	if err != nil {
		return auth0.Application{}, err
	}
	id := resolved.ID(to.Field, nil)
	var client v1alpha1.Auth0Client
	if err := w.Client.Get(ctx, types.NamespacedName{Namespace: w.token.Namespace, Name: name}, &client); err != nil {
		return auth0.Application{}, fmt.Errorf("read %s: %w", to, err)
	}
	if isPublic(&client) {
		return auth0.Application{ID: id}, nil
	}
	output := client.Spec.OutputSecret
	if output == nil {
		return auth0.Application{}, problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s: %s has no spec.outputSecret, from which its secret is read; add one, or name a Secret in spec.client.secretRef", to.Field, to)
	}
	application, err := tenants.Credential(ctx, w.Reader, w.token.Namespace, output.Name)
	application.ID = id
	if method := client.Spec.TokenEndpointAuthMethod; method != nil {
		application.TokenEndpointAuthMethod = *method
	}
	return application, err
}

// isPublic reports whether an application has no secret.
func isPublic(client *v1alpha1.Auth0Client) bool {
	if method := client.Spec.TokenEndpointAuthMethod; method != nil {
		return *method == "none"
	}
	return client.Spec.AppType != nil && slices.Contains([]string{"native", "spa"}, *client.Spec.AppType)
}

// applicationName is the application's name in messages. It is the client ID, unless that comes from a Secret: the key there may
// hold anything, even a secret.
func (w *tokenSync) applicationName() string {
	if ref := w.token.Spec.Client.SecretRef; ref != nil {
		return "of Secret " + ref.Name
	}
	return w.request.Application.ID
}

// withoutClientID removes a client ID that comes from a Secret from Auth0's error message.
func (w *tokenSync) withoutClientID(failed *auth0.Error) *auth0.Error {
	id := w.request.Application.ID
	if w.token.Spec.Client.SecretRef == nil || id == "" {
		return failed
	}
	cleaned := *failed
	cleaned.Message = strings.ReplaceAll(failed.Message, id, "(the client id)")
	return &cleaned
}

// credentialsName is the name, in messages, of the object that holds the application's credentials.
func credentialsName(token *v1alpha1.Auth0Token) string {
	if ref := token.Spec.Client.ClientRef; ref != nil {
		return "Auth0Client " + ref.Name
	}
	return "Secret " + token.Spec.Client.SecretRef.Name
}
