package controllers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// plantedKey is the body of keys in these tests; no message may quote it.
const plantedKey = "planted-key"

func providerConnection(strategy string, options map[string]any, secrets ...string) *v1alpha1.Auth0Connection {
	raw, _ := json.Marshal(options)
	c := &v1alpha1.Auth0Connection{Spec: v1alpha1.Auth0ConnectionSpec{Strategy: strategy, Options: &apiextensionsv1.JSON{Raw: raw}}}
	for _, path := range secrets {
		c.Spec.OptionSecrets = append(c.Spec.OptionSecrets, v1alpha1.OptionSecret{Path: path})
	}
	return c
}

// TestOptionsThatCannotBe wants the field and the way out.
func TestOptionsThatCannotBe(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\n" + plantedKey
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"private key as a certificate", connectionAdapter{}.Check(providerConnection("samlp", map[string]any{"signingCert": key})), "spec.options.signingCert holds a private key, which is leaked now"},
		{"private key deep in options", connectionAdapter{}.Check(providerConnection("samlp", map[string]any{"idp": map[string]any{"keys": []any{"", key}}})), "spec.options.idp.keys[1] holds a private key"},
		{"certificate that is none", connectionAdapter{}.Check(providerConnection("samlp", map[string]any{"signingCert": "MIIB"})), "spec.options.signingCert is no X.509 certificate"},
		{"secret", connectionAdapter{}.Check(providerConnection("oidc", map[string]any{"client_secret": plantedKey})), "spec.options.client_secret is a secret"},
		{"no client id", requireOptions(providerConnection("oidc", map[string]any{"issuer": "https://id.example.com"})), `strategy oidc needs "client_id"`},
		{"no endpoint", requireOptions(providerConnection("oidc", map[string]any{"client_id": "us"})), `needs "discovery_url" or "issuer" or "oidc_metadata"`},
		{"no sign-in", requireOptions(providerConnection("samlp", map[string]any{"signingCert": "x"})), `needs "signInEndpoint"`},
		{"no domain", requireOptions(providerConnection("okta", map[string]any{"client_id": "us", "domain": ""})), `strategy okta needs "domain"`},
		{"client id from a Secret", requireOptions(providerConnection("oidc", map[string]any{"issuer": "https://id.example.com"}, "client_id")), ""},
		{"social with Auth0's keys", requireOptions(providerConnection("google-oauth2", nil)), ""},
		{"add-on that is none", checkAddons(map[string]apiextensionsv1.JSON{"saml": {Raw: []byte("{}")}}), `Auth0 has no add-on "saml"; correct it: aws, `},
		{"key in an add-on", checkAddons(map[string]apiextensionsv1.JSON{"layer": {Raw: fmt.Appendf(nil, `{"privateKey":%q}`, key)}}), "spec.addons.layer.privateKey holds a private key"},
		{"add-on", checkAddons(map[string]apiextensionsv1.JSON{"samlp": {Raw: []byte("{}")}}), ""},
	} {
		got := fmt.Sprint(row.err)
		if row.want == "" && row.err != nil || row.want != "" && !strings.Contains(got, row.want) {
			t.Errorf("%s: %s, want %q", row.name, got, row.want)
		}
		if strings.Contains(got, plantedKey) {
			t.Errorf("%s: the message quotes the key", row.name)
		}
	}
}

// TestConnectionWarnings lists strategies and options that are likely misspelt.
func TestConnectionWarnings(t *testing.T) {
	for _, row := range []struct {
		connection *v1alpha1.Auth0Connection
		want       string
	}{
		{providerConnection("oidc", map[string]any{"clientId": "us", "mine": 1}), "spec.options.clientId: strategy oidc has no such option, but client_id; rename it"},
		{providerConnection("samlp", map[string]any{"signing_cert": "x"}), "but signingCert"},
		{providerConnection("saml", nil), `spec.strategy: Auth0 is not known to have a strategy "saml"`},
		{providerConnection("oidc", map[string]any{"client_id": "us", "discovery_url": "x"}), ""},
		{providerConnection("auth0", nil), ""},
	} {
		if got := strings.Join(connectionAdapter{}.Warnings(row.connection), "\n"); got != row.want && (row.want == "" || !strings.Contains(got, row.want)) {
			t.Errorf("%s: %q, want %q", row.connection.Spec.Strategy, got, row.want)
		}
	}
}
