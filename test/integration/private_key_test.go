package integration

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// requireKeyOf has an application prove itself by private_key_jwt from now on, and returns the key.
func (e *environment) requireKeyOf(clientID, algorithm string) string {
	e.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		e.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		e.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		e.Fatal(err)
	}
	credential := e.dashboard("POST", "/api/v2/clients/"+clientID+"/credentials", map[string]any{
		"credential_type": "public_key", "alg": algorithm, "pem": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	})
	e.dashboard("PATCH", "/api/v2/clients/"+clientID, map[string]any{
		"token_endpoint_auth_method": nil,
		"client_authentication_methods": map[string]any{
			"private_key_jwt": map[string]any{"credentials": []any{map[string]any{"id": credential["id"]}}},
		},
	})
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestTenantByPrivateKey has the operator's own application prove itself by a key, and move to it from a secret.
func TestTenantByPrivateKey(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	key := e.requireKeyOf(operatorClientID, "PS256")
	e.reconcile(e.tenant())
	e.eventuallyStalled(e.tenant(), v1alpha1.ReasonInvalidCredentials)
	credentials := &corev1.Secret{ObjectMeta: e.meta("credentials")}
	change(e, credentials, func(s *corev1.Secret) {
		delete(s.Data, "clientSecret")
		s.Data["privateKey"], s.Data["signingAlgorithm"] = []byte(key), []byte("PS256")
	})
	e.eventuallyReady(e.tenant())
	userFixture.prepare(e)
	userFixture.declared(e)

	change(e, credentials, func(s *corev1.Secret) { s.Data["privateKey"] = []byte("planted-key") })
	if message := e.eventuallyStalled(e.tenant(), v1alpha1.ReasonSecretInvalid, "privateKey"); strings.Contains(message, "planted") {
		t.Errorf("the message is %s", message)
	}
	change(e, credentials, func(s *corev1.Secret) { delete(s.Data, "privateKey") })
	e.eventuallyStalled(e.tenant(), v1alpha1.ReasonSecretInvalid, `"clientSecret" nor under "privateKey"`)
}
