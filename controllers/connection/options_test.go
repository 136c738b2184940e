package connection

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers/client"
)

// plantedKey is the body of the keys in these tests. No message may quote it.
const plantedKey = "planted-key"

func providerConnection(strategy string, options map[string]any, secrets ...string) *v1alpha1.Auth0Connection {
	raw, _ := json.Marshal(options)
	c := &v1alpha1.Auth0Connection{Spec: v1alpha1.Auth0ConnectionSpec{Strategy: strategy, Options: &apiextensionsv1.JSON{Raw: raw}}}
	for _, path := range secrets {
		c.Spec.OptionSecrets = append(c.Spec.OptionSecrets, v1alpha1.OptionSecret{Path: path})
	}
	return c
}

func databaseScript(source string) *v1alpha1.Auth0Connection {
	return &v1alpha1.Auth0Connection{Spec: v1alpha1.Auth0ConnectionSpec{Strategy: "auth0", Database: &v1alpha1.DatabaseOptions{
		CustomScripts: &v1alpha1.CustomScripts{Login: new(v1alpha1.CustomScript(source))},
	}}}
}

// TestOptionsThatCannotBe checks that each error names the field and the remedy.
func TestOptionsThatCannotBe(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\n" + plantedKey
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"private key as a certificate", check(providerConnection("samlp", map[string]any{"signingCert": key})), "spec.options.signingCert holds a private key, which is now exposed"},
		{"private key deep in options", check(providerConnection("samlp", map[string]any{"idp": map[string]any{"keys": []any{"", key}}})), "spec.options.idp.keys[1] holds a private key"},
		{"certificate that is none", check(providerConnection("samlp", map[string]any{"signingCert": "MIIB"})), "spec.options.signingCert is no X.509 certificate"},
		{"certificate by another name", check(providerConnection("samlp", map[string]any{"x509_cert": "MIIB"})), "spec.options.x509_cert is no X.509 certificate"},
		{"certificate in a list", check(providerConnection("ad", map[string]any{"certs": []any{"MIIB"}})), "spec.options.certs[0] is no X.509 certificate"},
		{"public key that is none", check(providerConnection("samlp", map[string]any{"publicKey": "ssh-rsa AAAA"})), "spec.options.publicKey is neither a certificate nor a public key"},
		{"private key in a script", check(databaseScript(key)), "spec.database: customScripts.login holds a private key, which is now exposed"},
		{"URL without scheme", check(providerConnection("oidc", map[string]any{"discovery_url": "id.example.com/x"})), "spec.options.discovery_url must be a URL with https:// and a host"},
		{"URL with a space", check(providerConnection("samlp", map[string]any{"signInEndpoint": "https://id.example.com/s o"})), "spec.options.signInEndpoint must be a URL"},
		{"path instead of a URL", check(providerConnection("oauth2", map[string]any{"tokenURL": "/oauth/token"})), "spec.options.tokenURL must be a URL"},
		{"URL within metadata", check(providerConnection("oidc", map[string]any{"oidc_metadata": map[string]any{"jwks_uri": "x"}})), "spec.options.oidc_metadata.jwks_uri must be a URL"},
		{"URL by http, which Auth0 takes", check(providerConnection("oidc", map[string]any{"discovery_url": "http://id.example.com/x", "issuer": "accounts.example.com"})), ""},
		{"domain with a scheme", check(providerConnection("okta", map[string]any{"domain": "https://acme.okta.com"})), "spec.options.domain is a domain name, such as example.com"},
		{"e-mail domain with an at sign", check(providerConnection("samlp", map[string]any{"domain_aliases": []any{"a.example.com", "@b.example.com"}})), "spec.options.domain_aliases[1] is a domain name"},
		{"no domain of Google Workspace", requireOptions(providerConnection("google-apps", map[string]any{"client_id": "us"})), `needs "domain" or "tenant_domain"`},
		{"secret", check(providerConnection("oidc", map[string]any{"client_secret": plantedKey})), "spec.options.client_secret is a secret"},
		{"no client id", requireOptions(providerConnection("oidc", map[string]any{"issuer": "https://id.example.com"})), `strategy oidc needs "client_id"`},
		{"no endpoint", requireOptions(providerConnection("oidc", map[string]any{"client_id": "us"})), `needs "discovery_url" or "issuer" or "oidc_metadata"`},
		{"no sign-in", requireOptions(providerConnection("samlp", map[string]any{"signingCert": "x"})), `needs "signInEndpoint"`},
		{"no domain", requireOptions(providerConnection("okta", map[string]any{"client_id": "us", "domain": ""})), `strategy okta needs "domain"`},
		{"client id from a Secret", requireOptions(providerConnection("oidc", map[string]any{"issuer": "https://id.example.com"}, "client_id")), ""},
		{"social with Auth0's keys", requireOptions(providerConnection("google-oauth2", nil)), ""},
		{"add-on that is none", client.CheckAddons(map[string]apiextensionsv1.JSON{"saml": {Raw: []byte("{}")}}), `Auth0 has no add-on "saml"; correct it: aws, `},
		{"key in an add-on", client.CheckAddons(map[string]apiextensionsv1.JSON{"layer": {Raw: fmt.Appendf(nil, `{"privateKey":%q}`, key)}}), "spec.addons.layer.privateKey holds a private key"},
		{"add-on", client.CheckAddons(map[string]apiextensionsv1.JSON{"samlp": {Raw: []byte("{}")}}), ""},
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

// TestConnectionWarnings checks the warnings about likely misspelt strategies and options.
func TestConnectionWarnings(t *testing.T) {
	for _, row := range []struct {
		connection *v1alpha1.Auth0Connection
		want       string
	}{
		{providerConnection("oidc", map[string]any{"clientId": "us"}), "spec.options.clientId: strategy oidc has no such option, but client_id; rename it"},
		{providerConnection("samlp", map[string]any{"signing_cert": "x"}), "but signingCert"},
		{providerConnection("oidc", map[string]any{"frobnicate": true, "zeal": 1}), "spec.options: Auth0 is not known to have these options of strategy oidc, and may ignore them: frobnicate, zeal; check the names"},
		{providerConnection("oidc", map[string]any{"client_id": 123}), "spec.options.client_id: strategy oidc takes a text in quotes here"},
		{providerConnection("samlp", map[string]any{"signSAMLRequest": "yes"}), "spec.options.signSAMLRequest: strategy samlp takes true or false here"},
		{providerConnection("samlp", map[string]any{"domain_aliases": "example.com"}), "takes a list here"},
		{providerConnection("oidc", map[string]any{"type": "backchannel"}), `spec.options.type: Auth0 is not known to have this value; it takes "back_channel" or "front_channel"`},
		{providerConnection("samlp", map[string]any{"signatureAlgorithm": "sha256"}), `it takes "rsa-sha1" or "rsa-sha256"`},
		{providerConnection("oidc", nil, "clientSecret"), "spec.optionSecrets[0].path: strategy oidc has no option clientSecret, but client_secret"},
		{providerConnection("saml", nil), `spec.strategy: Auth0 is not known to have a strategy "saml"`},
		{providerConnection("oidc", map[string]any{"client_id": "us", "discovery_url": "x"}), ""},
		{providerConnection("auth0", nil), ""},
	} {
		if got := strings.Join(warnings(row.connection), "\n"); got != row.want && (row.want == "" || !strings.Contains(got, row.want)) {
			t.Errorf("%s: %q, want %q", row.connection.Spec.Strategy, got, row.want)
		}
	}
}
