package tenants

import (
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// AnyApplication reads from a Secret the client ID of an application and its credential: clientSecret or privateKey. A public
// application has neither.
func AnyApplication(ctx context.Context, reader client.Reader, namespace, name string) (auth0.Application, error) {
	return readApplication(ctx, reader, namespace, name, "clientId")
}

// Credential reads from a Secret the credential of an application, a client secret or a private key. The client ID may be
// missing.
func Credential(ctx context.Context, reader client.Reader, namespace, name string) (auth0.Application, error) {
	application, err := readApplication(ctx, reader, namespace, name)
	if err == nil && application.IsPublic() {
		err = noCredential(namespace, name)
	}
	return application, err
}

func noCredential(namespace, name string) error {
	return problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s has a value neither under the key \"clientSecret\" nor under \"privateKey\"; add one", namespace, name)
}

// applicationKeys are the keys of a Secret that describe an application and its credential.
var applicationKeys = []string{"clientId", "clientSecret", "privateKey", "signingAlgorithm", "tokenEndpointAuthMethod"}

func readApplication(ctx context.Context, reader client.Reader, namespace, name string, required ...string) (auth0.Application, error) {
	values, err := secret.Some(ctx, reader, namespace, name, required, applicationKeys...)
	if err != nil {
		return auth0.Application{}, err
	}
	return applicationIn(values, namespace, name)
}

// applicationIn returns the application that the values of a Secret describe.
func applicationIn(values map[string]string, namespace, name string) (auth0.Application, error) {
	application := auth0.Application{
		ID:     strings.TrimSpace(values["clientId"]),
		Secret: values["clientSecret"], PrivateKey: values["privateKey"],
		SigningAlgorithm:        strings.TrimSpace(values["signingAlgorithm"]),
		TokenEndpointAuthMethod: strings.TrimSpace(values["tokenEndpointAuthMethod"]),
	}
	if err := application.Validate(); err != nil {
		return auth0.Application{}, problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s: %v; correct it", namespace, name, err)
	}
	return application, nil
}
