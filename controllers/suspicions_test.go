package controllers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers/client"
	"github.com/auth0-operator/auth0-operator/controllers/clientgrant"
	"github.com/auth0-operator/auth0-operator/controllers/connection"
	"github.com/auth0-operator/auth0-operator/controllers/resourceserver"
	"github.com/auth0-operator/auth0-operator/controllers/user"
	"github.com/auth0-operator/auth0-operator/internal/tokens"
)

// warningsOf returns the warnings for a manifest's spec.
func warningsOf(t *testing.T, kind, manifest string) string {
	t.Helper()
	into := func(object any) {
		if err := yaml.Unmarshal([]byte(manifest), object); err != nil {
			t.Fatal(err)
		}
	}
	var warnings []string
	switch kind {
	case "Auth0Client":
		var c v1alpha1.Auth0Client
		into(&c)
		warnings = client.Definition.Warnings(&c)
	case "Auth0ClientGrant":
		var grant v1alpha1.Auth0ClientGrant
		into(&grant)
		warnings = clientgrant.Definition.Warnings(&grant)
	case "Auth0Connection":
		var c v1alpha1.Auth0Connection
		into(&c)
		warnings = connection.Definition.Warnings(&c)
	case "Auth0ResourceServer":
		var api v1alpha1.Auth0ResourceServer
		into(&api)
		warnings = resourceserver.Definition.Warnings(&api)
	case "Auth0Token":
		var token v1alpha1.Auth0Token
		into(&token)
		warnings = tokens.Warnings(&token)
	case "Auth0User":
		var u v1alpha1.Auth0User
		into(&u)
		warnings = user.Definition.Warnings(&u)
	}
	return strings.Join(warnings, "\n")
}

// TestSuspicions checks that a likely mistake gives a warning with the field and the remedy, and that its correct sibling gives
// none.
func TestSuspicions(t *testing.T) {
	secret := "clientSecret: {secretRef: {name: s, key: k}}"
	for _, row := range []struct{ kind, spec, want string }{
		{"Auth0Client", "appType: spa\n" + secret, "spec.clientSecret: a public application"},
		{"Auth0Client", "tokenEndpointAuthMethod: none\n" + secret, "spec.clientSecret: a public application"},
		{"Auth0Client", "appType: spa\njwtConfiguration: {alg: HS256}\n" + secret, ""},
		{"Auth0Client", "appType: native\ntokenEndpointAuthMethod: client_secret_post\n" + secret, ""},
		{"Auth0Client", "appType: native\nrotateSecretEvery: 720h", "spec.rotateSecretEvery: a public application"},
		{"Auth0Client", "grantTypes: {mode: Exact, items: []}", "spec.grantTypes: the list is empty"},
		{"Auth0Client", "grantTypes: {items: []}", ""},
		{"Auth0Client", "refreshToken: {rotationType: rotating, expirationType: expiring}\ngrantTypes: {mode: Exact, items: [authorization_code]}", "spec.refreshToken has no effect"},
		{"Auth0Client", "appType: spa\ngrantTypes: {items: ['urn:ietf:params:oauth:grant-type:device_code']}", "set appType to native"},
		{"Auth0Client", "organizationUsage: deny\norganizationRequireBehavior: pre_login_prompt", "spec.organizationRequireBehavior has no effect"},
		{"Auth0Client", "appType: resource_server", "name it in spec.resourceServerIdentifier"},
		{"Auth0Client", "tokenQuota: {clientCredentials: {perDay: 1, perHour: 2}}", "perHour is more than perDay"},
		{"Auth0Client", "mobile: {android: {appPackageName: shop}}", "spec.mobile.android.appPackageName"},
		{"Auth0Client", "mobile: {android: {sha256CertFingerprints: ['D8:A0']}}", "spec.mobile.android.sha256CertFingerprints"},
		{"Auth0Client", "mobile: {ios: {teamId: x}}", "spec.mobile.ios.teamId"},
		{"Auth0Client", "callbacks: ['https://a.example.com/', 'https://a.example.com/']", "spec.callbacks[1] is in the list before"},
		{"Auth0Client", "callbacks: ['htps://a.example.com/']", "spec.callbacks[0] begins with what looks like a misspelt https://"},
		{"Auth0Client", "allowedLogoutUrls: ['HTTPS://a.example.com/']", "spec.allowedLogoutUrls[0] begins with"},
		{"Auth0Client", "callbacks: ['https://a.example.com/#x']", "spec.callbacks[0] has a fragment"},
		{"Auth0Client", "callbacks: ['com.example.shop://cb', 'http://localhost:3000/', 'https://a.example.com/']", ""},
		{"Auth0Client", "outputSecret: {name: s, data: {ID: clientId, HOST: shop}}", `spec.outputSecret.data.ID: the Secret holds the word "clientId"; for the value, write {{ .clientId }}`},
		{"Auth0ClientGrant", "scopes: ['read:a,read:b']", "give each an item of its own"},
		{"Auth0Token", "clientCredentials: {audience: urn:x}\noutputSecret: {name: s, data: {R: '{{ .refreshToken }}'}}", "spec.outputSecret.data.R: clientCredentials gives no refreshToken"},
		{"Auth0Token", "password: {userRef: {name: ada}}\noutputSecret: {name: s, data: {R: '{{ .refreshToken }}'}}", ""},
		{"Auth0User", "username: Ada Lovelace", "spec.username: Auth0 takes letters"},
		{"Auth0User", "username: ada.l+1", ""},
		{"Auth0User", "phoneNumber: '+0491511'", "no country code begins with 0"},
		{"Auth0User", "password: {generate: {outputSecret: {name: s, data: {P: .password}}}}", "spec.password.generate.outputSecret.data.P"},
		{"Auth0ResourceServer", "tokenDialect: access_token_authz\nenforcePolicies: false", "spec.tokenDialect"},
		{"Auth0ResourceServer", "tokenDialect: access_token_authz\nenforcePolicies: true", ""},
		{"Auth0ResourceServer", "allowOnlineAccess: false\nallowOnlineAccessWithEphemeralSessions: true", "without allowOnlineAccess"},
		{"Auth0ResourceServer", "proofOfPossession: {mechanism: mtls, required: true, requiredFor: all_clients}", "spec.proofOfPossession.requiredFor"},
		{"Auth0ResourceServer", "scopes: {items: [{value: 'read:a,read:b'}]}", "give each an item of its own"},
	} {
		got := warningsOf(t, row.kind, "spec:\n  "+strings.ReplaceAll(row.spec, "\n", "\n  "))
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s %s: %q, want %q", row.kind, row.spec, got, row.want)
		}
	}
}

// TestSamplesAreNotSuspicious checks that correct manifests give no warnings.
func TestSamplesAreNotSuspicious(t *testing.T) {
	files, err := filepath.Glob("../config/samples/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for manifest := range strings.SplitSeq(string(content), "\n---\n") {
			var object struct{ Kind string }
			if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
				t.Fatal(err)
			}
			if got := warningsOf(t, object.Kind, manifest); got != "" {
				t.Errorf("%s: %s", file, got)
			}
		}
	}
}

// TestSecretsTooShort checks that the warning names the field and never quotes the value.
func TestSecretsTooShort(t *testing.T) {
	short := "planted"
	wrong, warning := resourceserver.Definition.CheckSecret(nil, "signing_secret", short)
	if !strings.Contains(wrong, "at least 16 characters") || warning != "" {
		t.Errorf("signing secret: %q, %q", wrong, warning)
	}
	if wrong, warning := client.Definition.CheckSecret(nil, "client_secret", short); wrong != "" || !strings.Contains(warning, "less than 32 characters") {
		t.Errorf("client secret: %q, %q", wrong, warning)
	}
	if wrong, warning := client.Definition.CheckSecret(nil, "client_secret", strings.Repeat("a", client.ShortestClientSecret)); wrong+warning != "" {
		t.Errorf("long client secret: %q, %q", wrong, warning)
	}
}
