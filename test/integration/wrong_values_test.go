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
			return strings.HasPrefix(event, v1alpha1.EventSuspicious+": ") && strings.Contains(event, words)
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
		if strings.HasPrefix(event, v1alpha1.EventSuspicious) {
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
		{`callbacks: ["http://localhost:3000/cb, https://app.example.com/cb"]`, "put each URL into its own entry"},
		{`callbacks: ["*.apps.example.com/callback"]`, "each entry must be one URL with a scheme"},
		{"refreshToken: {rotationType: non-rotating, expirationType: non-expiring, tokenLifetime: 100, idleTokenLifetime: 200}", "idleTokenLifetime must be at most tokenLifetime"},
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
	if err := e.apply(grant("management", "managementApi: true")); err == nil || !strings.Contains(err.Error(), "Auth0 refuses allowAllScopes for the Management API") {
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
	permissions := []v1alpha1.Permission{{Audience: new("https://" + e.sim.Domain + "/api/v2/"), Name: "read:user"}}
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

// TestWeakPasswordsNameTheRule has passwords break each rule that Auth0 does not name.
func TestWeakPasswordsNameTheRule(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, password string
		options        map[string]any
		want           string
	}{
		{"length", "Pl4nted", map[string]any{"passwordPolicy": "low", "password_complexity_options": map[string]any{"min_length": 20}}, "it must have at least 20 characters"},
		{"kinds", "plantedplanted", map[string]any{"passwordPolicy": "fair"}, "it must have upper-case letters and digits"},
		{"identical", "Plaaanted-1", map[string]any{"passwordPolicy": "excellent"}, "no more than 2 identical characters"},
		{"dictionary", "Pl4nted-word", map[string]any{"password_dictionary": map[string]any{"enable": true, "dictionary": []any{"Pl4nted-word"}}}, "one of the common passwords, or a word of the connection's own dictionary"},
		{"personal data", "Ada-Lovelace-Pl4nted", map[string]any{"password_no_personal_info": map[string]any{"enable": true}}, "a part of what the profile says of the user"},
		{"newer form", "Pl4nted-abc-long", map[string]any{"password_options": map[string]any{"complexity": map[string]any{"min_length": 1, "sequential_characters": "block"}}}, "it must hold no sequences"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			e.setPasswordPolicy(row.options)
			user := newUser(e, "ada", "lovelace@example.com")
			user.Spec.Password = e.passwordIn("password", row.password)
			e.create(user)
			message := e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected, "the password in Secret password, key password,", row.want, "choose another", "Auth0's request ID")
			if strings.Contains(message, row.password) {
				t.Errorf("the message quotes the password: %s", message)
			}
		})
	}
}

// TestUsedPasswordNamesTheRule and so does a password of a user who is there already.
func TestUsedPasswordNamesTheRule(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.setPasswordPolicy(map[string]any{"password_history": map[string]any{"enable": true, "size": 3}})
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = e.passwordIn("password", "Pl4nted-first")
	e.create(user)
	e.eventuallyReady(user)
	secret := &corev1.Secret{ObjectMeta: e.meta("password")}
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Pl4nted-second") })
	e.eventually(func() error {
		if e.sim.Requests().Count("PATCH", "/api/v2/users/{id}") < 1 {
			return fmt.Errorf("the second password is not set")
		}
		return nil
	})
	e.reconcile(user)
	e.eventuallyReady(user)
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Pl4nted-first") })
	e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected, "it is one of the last 3 passwords of the user")
}

// TestHiddenPasswordPolicy says which scope shows the rule.
func TestHiddenPasswordPolicy(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.withoutScopes("read:connections_options")
	e.restartOperator()
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = e.passwordIn("password", "planted")
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected, "lacks the scope read:connections or read:connections_options")
}

// setPasswordPolicy replaces the options of the connection that there is from the start.
func (e *environment) setPasswordPolicy(options map[string]any) {
	e.Helper()
	for _, found := range e.dashboardList("/api/v2/connections?name=" + connection) {
		e.dashboard("PATCH", "/api/v2/connections/"+found["id"].(string), map[string]any{"options": options})
	}
}

// passwordIn puts a password into a Secret.
func (e *environment) passwordIn(name, password string) *v1alpha1.UserPassword {
	e.Helper()
	e.create(e.secret(name, map[string]string{"password": password}))
	return &v1alpha1.UserPassword{SecretRef: &v1alpha1.SecretKeyReference{Name: name, Key: "password"}}
}

// TestMarkerThatDoesNotFit adopts what has as much metadata as Auth0 allows: the message names the operator's own key.
func TestMarkerThatDoesNotFit(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	full := func(keys int) map[string]any {
		metadata := map[string]any{}
		for i := range keys {
			metadata[fmt.Sprint("key", i)] = "theirs"
		}
		return metadata
	}
	shop := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "shop", "client_metadata": full(10)})["client_id"].(string)
	e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "acme", "metadata": full(25)})
	e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "partner", "strategy": "auth0", "metadata": full(10)})
	adopt := e.managedSpec()
	adopt.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	for _, row := range []struct {
		object   v1alpha1.Object
		metadata string
	}{
		{&v1alpha1.Auth0Client{ObjectMeta: e.meta("shop"), Spec: v1alpha1.Auth0ClientSpec{ManagedSpec: adopt, ClientID: &shop, ClientSettings: v1alpha1.ClientSettings{Name: "shop"}}}, "client_metadata"},
		{&v1alpha1.Auth0Organization{ObjectMeta: e.meta("acme"), Spec: v1alpha1.Auth0OrganizationSpec{ManagedSpec: adopt, Name: "acme"}}, "metadata"},
		{&v1alpha1.Auth0Connection{ObjectMeta: e.meta("partner"), Spec: v1alpha1.Auth0ConnectionSpec{ManagedSpec: adopt, Name: "partner", Strategy: "auth0"}}, "metadata"},
	} {
		e.create(row.object)
		e.eventuallyStalled(row.object, v1alpha1.ReasonRejected, row.metadata+" is full", "the operator needs room for its own key auth0_operator", "remove a key in Auth0, or from the spec", "Auth0's request ID")
	}
}

// TestPrivateKeyInTheCABundle names the ConfigMap, and does not quote the key.
func TestPrivateKeyInTheCABundle(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	bundle := e.caBundle()
	e.get(bundle)
	change(e, bundle, func(c *corev1.ConfigMap) {
		c.Data["ca.crt"] += "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n"
	})
	tenant := e.tenant()
	e.create(tenant)
	e.startOperator()
	message := e.eventuallyStalled(tenant, v1alpha1.ReasonSecretInvalid, "spec.caBundle: ConfigMap "+e.namespace+"/"+bundle.Name, `key "ca.crt"`, "it holds a private key", "create a new key pair")
	if strings.Contains(message, "planted") {
		t.Errorf("the message quotes the key: %s", message)
	}
}

// TestConnectionWithoutTheOptionsScopes plays case 01: the tenant, the connection and the user who waits for it say which scopes lack.
func TestConnectionWithoutTheOptionsScopes(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.withoutScopes("read:connections_options", "update:connections_options")
	e.restartOperator()
	e.mustApply(`
kind: Auth0Connection
metadata: {name: customers}
spec:
  tenantRef: {name: main}
  name: customers
  strategy: auth0
  database: {disableSignup: true, passwordPolicy: good}
---
kind: Auth0User
metadata: {name: ada}
spec:
  tenantRef: {name: main}
  connectionRef: {name: customers}
  email: ada@example.com
  password: {generate: {outputSecret: {name: ada-pw}}}
`)
	customers, ada := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers")}, &v1alpha1.Auth0User{ObjectMeta: e.meta("ada")}
	e.eventuallyStalled(customers, v1alpha1.ReasonMissingScope, "missing scopes: read:connections_options, update:connections_options", operatorClientID)
	e.eventuallyReconciling(ada, v1alpha1.ReasonReferenceNotReady, "customers", v1alpha1.ReasonMissingScope)
	tenant := e.tenant()
	e.reconcile(tenant)
	if missing := fmt.Sprint(tenant.Status.MissingScopes); !strings.Contains(missing, "read:connections_options update:connections_options") {
		t.Errorf("status.missingScopes: %s", missing)
	}
}
