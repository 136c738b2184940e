package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// apply creates what a manifest has, as kubectl does.
func (e *environment) apply(manifest string) error {
	e.Helper()
	for part := range strings.SplitSeq(manifest, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(part), object); err != nil {
			e.Fatal(err)
		}
		if object.GetAPIVersion() == "" {
			object.SetAPIVersion("auth0-operator.io/v1alpha1")
		}
		object.SetNamespace(e.namespace)
		if err := e.kube.Create(e.ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// mustApply is apply for what the API server takes.
func (e *environment) mustApply(manifest string) {
	e.Helper()
	if err := e.apply(manifest); err != nil {
		e.Fatal(err)
	}
}

// eventuallyWarned waits for a Warning Event with these words.
func (e *environment) eventuallyWarned(object client.Object, words string) {
	e.Helper()
	e.eventually(func() error {
		e.get(object)
		found := e.events(object)
		if !slices.ContainsFunc(found, func(event string) bool {
			return strings.HasPrefix(event, v1alpha1.ReasonSuspicious+": ") && strings.Contains(event, words)
		}) {
			return fmt.Errorf("no Event says %q: %q", words, found)
		}
		return nil
	})
}

// TestSuspiciousValuesAreWarnedOf has the operator take what Auth0 takes, and say in an Event of the API server what is likely wrong.
func TestSuspiciousValuesAreWarnedOf(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("short", map[string]string{"secret": "planted"}))
	e.mustApply(`
kind: Auth0Client
metadata: {name: shop, annotations: {auth0-operator.io/rotate-secrets: "1", auth0operator.io/rotate-secret: "1"}}
spec:
  tenantRef: {name: main}
  name: Shop
  appType: regular_web
  allowedClients: [doesnotexist, urn:none]
  callbacks: ["htps://shop.example.com/callback"]
  clientSecret: {secretRef: {name: short, key: secret}}
---
kind: Auth0Connection
metadata: {name: partner}
spec:
  tenantRef: {name: main}
  name: partner
  strategy: oidc
  options: {client_id: us, discovery_url: "https://id.example.com/x", frobnicate: true}
`)
	shop := &v1alpha1.Auth0Client{ObjectMeta: e.meta("shop")}
	e.eventuallyReady(shop)
	for _, words := range []string{
		"there is no annotation auth0-operator.io/rotate-secrets",
		"you may mean auth0-operator.io/rotate-secret",
		`spec.allowedClients[0]: tenant ` + e.sim.Domain + ` has no application and no API "doesnotexist"`,
		`spec.allowedClients[1]: `,
		"spec.callbacks[0] begins with what looks like a misspelt https://",
		"the value in Secret short, key secret, is a client secret of less than 32 characters",
	} {
		e.eventuallyWarned(shop, words)
	}
	for _, event := range e.events(shop) {
		if strings.Contains(event, "planted") {
			t.Errorf("an Event quotes the secret: %s", event)
		}
	}
	partner := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("partner")}
	e.eventuallyReady(partner)
	e.eventuallyWarned(partner, "may ignore them: frobnicate")
}

// TestKnownClientsAreNotWarnedOf allows an application and an API that are there.
func TestKnownClientsAreNotWarnedOf(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedOrders(e)
	shop := newMachine(e, "shop")
	shop.Spec.AllowedClients = []string{e.application("other"), ordersAPI}
	e.create(shop)
	e.eventuallyReady(shop)
	for _, event := range e.events(shop) {
		if strings.HasPrefix(event, v1alpha1.ReasonSuspicious) {
			t.Error(event)
		}
	}
}

// TestSecretsThatAuth0DoesNotTake names the Secret, the key and the rule, and sends nothing.
func TestSecretsThatAuth0DoesNotTake(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	short := e.secret("short", map[string]string{"secret": "planted"})
	e.create(short)
	api := newResourceServer(e, "orders", ordersAPI)
	api.Spec.SigningAlg, api.Spec.SigningSecretRef = new("HS256"), &v1alpha1.SecretKeyReference{Name: "short", Key: "secret"}
	e.create(api)
	message := e.eventuallyStalled(api, v1alpha1.ReasonSecretInvalid, "the value in Secret short, key secret, is too short", "at least 16 characters")
	if strings.Contains(message, "planted") {
		t.Errorf("the message quotes the secret: %s", message)
	}
	if made := len(e.apis(ordersAPI)); made > 0 {
		t.Errorf("%d APIs were created", made)
	}
	change(e, short, func(s *corev1.Secret) { s.Data["secret"] = []byte("planted-signing-secret") })
	e.eventuallyReady(api)
}

// TestImpossibleApplications plays case 12: what kubectl says of each.
func TestImpossibleApplications(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	for _, row := range []struct{ spec, want string }{
		{"appType: non_interactive\n  tokenEndpointAuthMethod: none\n  grantTypes: {mode: Exact, items: [client_credentials]}", "set tokenEndpointAuthMethod to client_secret_post, or remove client_credentials"},
		{`callbacks: ["http://localhost:3000/cb, https://app.example.com/cb"]`, "give every URL an entry of its own"},
		{`callbacks: ["*.apps.example.com/callback"]`, "each entry is one URL with its scheme"},
		{"refreshToken: {rotationType: non-rotating, expirationType: non-expiring, tokenLifetime: 100, idleTokenLifetime: 200}", "idleTokenLifetime must not be longer than tokenLifetime"},
	} {
		err := e.apply("kind: Auth0Client\nmetadata: {name: c12}\nspec:\n  tenantRef: {name: main}\n  name: c12\n  " + row.spec)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.spec, err, row.want)
		}
	}
}

// TestAllScopesOfASystemAPI plays case 05, and its siblings by the identifier of an API of Auth0's own.
func TestAllScopesOfASystemAPI(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(newMachine(e, "c05"))
	grant := func(name, api string) string {
		return "kind: Auth0ClientGrant\nmetadata: {name: " + name + "}\nspec:\n  tenantRef: {name: main}\n  clientRef: {name: c05}\n  allowAllScopes: true\n  " + api
	}
	if err := e.apply(grant("management", "managementApi: true")); err == nil || !strings.Contains(err.Error(), "allowAllScopes is not for the Management API") {
		t.Errorf("the API server says: %v", err)
	}
	e.mustApply(grant("management", "audience: https://"+e.sim.Domain+"/api/v2/"))
	e.eventuallyStalled(&v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta("management")}, v1alpha1.ReasonInvalidSpec,
		"spec.allowAllScopes is not for the Management API", "list the permissions in spec.scopes")
	e.dashboard("POST", "/api/v2/resource-servers", map[string]any{"identifier": "https://" + e.sim.Domain + "/me/"})
	e.mustApply(grant("account", "audience: https://"+e.sim.Domain+"/me/"))
	e.eventuallyStalled(&v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta("account")}, v1alpha1.ReasonInvalidSpec,
		"spec.allowAllScopes: Auth0 refuses it (allow_all_scopes cannot be enabled for system resource servers); list the permissions in spec.scopes instead", "Auth0's request ID")
	e.mustApply(strings.Replace(grant("slash", "audience: https://"+e.sim.Domain+"/api/v2"), "allowAllScopes: true", "scopes: [read:users]", 1))
	e.eventuallyStalled(&v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta("slash")}, v1alpha1.ReasonInvalidSpec,
		"spec.audience: the identifier of the Management API ends with a slash", "spec.managementApi: true")
}

// TestPermissionsThatNobodyCanAdd tells a person at once that a permission of the Management API is misspelt.
func TestPermissionsThatNobodyCanAdd(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	permissions := []v1alpha1.Permission{{API: new("https://" + e.sim.Domain + "/api/v2/"), Name: "read:user"}}
	role := &v1alpha1.Auth0Role{ObjectMeta: e.meta("editor"), Spec: v1alpha1.Auth0RoleSpec{
		ManagedSpec: e.managedSpec(), Name: "editor", Permissions: &v1alpha1.RolePermissions{Items: permissions},
	}}
	e.create(role)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Permissions = &v1alpha1.UserPermissions{Items: permissions}
	e.create(user)
	for _, object := range []v1alpha1.Object{role, user} {
		e.eventuallyStalled(object, v1alpha1.ReasonPermissionNotFound, "read:user", "nobody can add some: correct the name")
	}
}

// TestUsernameInAConnectionWithout says where usernames are turned on.
func TestUsernameInAConnectionWithout(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Username = new("ada")
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonInvalidSpec, `spec.username: connection "`+connection+`" has no usernames`, "spec.database.requiresUsername")
}
