package integration

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

func newClient(e *environment, name string) *v1alpha1.Auth0Client {
	return clientFixture.object(e, name).(*v1alpha1.Auth0Client)
}

// machine is an application with nothing but its type, and no Secret.
func machine(e *environment, name string) *v1alpha1.Auth0Client {
	return &v1alpha1.Auth0Client{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec:    e.managedSpec(),
		ClientSettings: v1alpha1.ClientSettings{Name: "Worker", AppType: new("non_interactive")},
	}}
}

// TestClientCalls holds the calls that an application takes against docs/reference/calls.md.
func TestClientCalls(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		declare func(*environment, *v1alpha1.Auth0Client)
		edit    func(*v1alpha1.Auth0Client)

		create, idle, change int
	}{
		"plain": {create: 1, idle: 1, change: 2},
		"with Secret": {declare: func(_ *environment, c *v1alpha1.Auth0Client) {
			c.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "worker"}
		}, create: 1, idle: 1, change: 2},
		"exact grant types": {
			declare: func(_ *environment, c *v1alpha1.Auth0Client) {
				c.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: []string{"client_credentials"}}
			}, create: 1, idle: 1, change: 2,
		},
		"additional grant types": {
			declare: func(_ *environment, c *v1alpha1.Auth0Client) {
				c.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Items: []string{"password"}}
			}, create: 2, idle: 1, change: 2,
		},
		"a secret of one's own": {
			declare: func(e *environment, c *v1alpha1.Auth0Client) {
				e.create(e.secret("own", map[string]string{"secret": "planted-client-secret-of-my-own-0001"}))
				c.Spec.ClientSecret = &v1alpha1.ClientSecret{SecretRef: v1alpha1.SecretKeyReference{Name: "own", Key: "secret"}}
				c.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "worker"}
			}, create: 2, idle: 1, change: 2,
		},
		"public keys of one's own": {
			declare: func(_ *environment, c *v1alpha1.Auth0Client) {
				c.Spec.ClientAuthenticationMethods = publicKeys(publicPEM(t))
			},
			create: 1, idle: 1, change: 2,
		},
		"a generated key pair": {
			declare: func(_ *environment, c *v1alpha1.Auth0Client) { generateKeyPair(c) },
			create:  4, idle: 1, change: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			c := machine(e, "worker")
			if row.declare != nil {
				row.declare(e, c)
			}
			e.create(c)
			e.eventuallyReady(c)
			e.requireCalls("create", row.create)
			e.reconcile(c)
			e.requireCalls("nothing to do", row.idle)
			change(e, c, func(c *v1alpha1.Auth0Client) { c.Spec.Description = new("another") })
			e.eventuallyReady(c)
			e.requireCalls("change a field", row.change)
			e.deleteAndWait(c)
			e.requireCalls("delete", 3)
		})
	}
}

// TestClientSecretIsRestored edits and deletes the output Secret: it is written again from Auth0, which keeps its secret.
func TestClientSecretIsRestored(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	c := newClient(e, "one")
	e.create(c)
	e.eventuallyReady(c)
	e.sim.ResetRequests()
	secret := &corev1.Secret{ObjectMeta: e.meta("shop-one")}
	change(e, secret, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte("edited") })
	clientFixture.eventuallyRequire(e, c)
	e.deleteSecretAndWait(secret, func() error { return clientFixture.check(e, c) })
	clientFixture.requireWrites(e, 0)
}

// deleteSecretAndWait deletes a Secret and waits until what is made of it is there again.
func (e *environment) deleteSecretAndWait(secret *corev1.Secret, restored func() error) {
	e.Helper()
	e.delete(secret)
	e.eventually(restored)
}

// TestForeignSecretStopsTheCreation shows that no application is created whose credentials could not be written.
func TestForeignSecretStopsTheCreation(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("shop-one", map[string]string{"theirs": "yes"}))
	c := newClient(e, "one")
	e.create(c)
	e.eventuallyStalled(c, v1alpha1.ReasonSecretConflict)
	clientFixture.requireCount(e, 0)
	e.delete(&corev1.Secret{ObjectMeta: e.meta("shop-one")})
	e.eventuallyReady(c)
	clientFixture.require(e, c)
}

// TestClientSecretOfOnesOwn takes the secret from a Secret, follows its changes, and corrects what others change.
func TestClientSecretOfOnesOwn(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	own := e.secret("own", map[string]string{"secret": "planted-client-secret-of-my-own-0001"})
	e.create(own)
	c := newClient(e, "one")
	c.Spec.ClientSecret = &v1alpha1.ClientSecret{SecretRef: v1alpha1.SecretKeyReference{Name: "own", Key: "secret"}}
	e.create(c)
	e.eventuallyReady(c)
	expect := func(secret string) {
		t.Helper()
		e.eventually(func() error {
			if e.client(c.Status.ClientID)["client_secret"] != secret {
				return fmt.Errorf("the client secret is not that of the Secret")
			}
			return clientFixture.check(e, c)
		})
	}
	expect("planted-client-secret-of-my-own-0001")
	change(e, own, func(s *corev1.Secret) { s.Data["secret"] = []byte("planted-client-secret-of-my-own-0002") })
	expect("planted-client-secret-of-my-own-0002")
	e.dashboard("POST", clientPath(c)+"/rotate-secret", nil)
	e.reconcile(c)
	expect("planted-client-secret-of-my-own-0002")
	e.dashboard("DELETE", clientPath(c), nil)
	e.reconcile(c)
	expect("planted-client-secret-of-my-own-0002")
}

// TestClientIsTakenOverByID takes over the one of several with the same name that the spec names.
func TestClientIsTakenOverByID(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	clientFixture.existing(e)
	clientFixture.existing(e)
	wanted := e.clients()[1]["client_id"].(string)
	c := newClient(e, "one")
	c.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(c)
	e.eventuallyStalled(c, v1alpha1.ReasonAmbiguous, wanted)
	change(e, c, func(c *v1alpha1.Auth0Client) { c.Spec.ClientID = &wanted })
	e.eventuallyReady(c)
	if c.Status.ClientID != wanted {
		t.Errorf("took over %s, want %s", c.Status.ClientID, wanted)
	}
	clientFixture.requireCount(e, 2)

	other := newClient(e, "two")
	other.Spec.AdoptionPolicy, other.Spec.ClientID = v1alpha1.AdoptionPolicyIfUnmanaged, new("NoSuchClientNoSuchClientNoSuchCl")
	e.create(other)
	e.eventuallyStalled(other, v1alpha1.ReasonClientNotFound)
}

// TestClientIsFoundByItsID has somebody take the marker off: the application is known by its id.
func TestClientIsFoundByItsID(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	c := newClient(e, "one")
	e.create(c)
	e.eventuallyReady(c)
	id := c.Status.ClientID
	e.dashboard("PATCH", clientPath(c), map[string]any{"client_metadata": map[string]any{"auth0_operator": nil}})
	e.reconcile(c)
	clientFixture.eventuallyRequire(e, c)
	if c.Status.ClientID != id {
		t.Errorf("the application is %s, was %s", c.Status.ClientID, id)
	}
}

// TestGrantTypes adds to what Auth0 gives by default, takes back only what was added, and sets exactly what is declared.
func TestGrantTypes(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	c := machine(e, "worker")
	c.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Items: []string{"password", "client_credentials"}}
	e.create(c)
	e.eventuallyReady(c)
	defaults := []string{"authorization_code", "client_credentials", "implicit", "refresh_token"}
	expect := func(want ...string) {
		t.Helper()
		have := textsOf(e.client(c.Status.ClientID)["grant_types"])
		slices.Sort(have)
		if err := checkList("grant_types", have, want); err != nil {
			t.Error(err)
		}
	}
	expect(append(slices.Clone(defaults), "password")...)
	theirs := "urn:ietf:params:oauth:grant-type:device_code"
	e.dashboard("PATCH", clientPath(c), map[string]any{"grant_types": append(slices.Clone(defaults), "password", theirs)})
	change(e, c, func(c *v1alpha1.Auth0Client) { c.Spec.GrantTypes.Items = []string{"client_credentials"} })
	e.eventuallyReady(c)
	expect(append(slices.Clone(defaults), theirs)...)
	change(e, c, func(c *v1alpha1.Auth0Client) { c.Spec.GrantTypes = nil })
	e.eventuallyReady(c)
	expect(append(slices.Clone(defaults), theirs)...)
	change(e, c, func(c *v1alpha1.Auth0Client) {
		c.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: []string{"client_credentials"}}
	})
	e.eventuallyReady(c)
	expect("client_credentials")
}

// TestSecretRotation has Auth0 make new secrets, by request and by schedule.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.stopOperator()
	clock := newSteppedClock(time.Now())
	e.clock = clock
	e.startOperator()
	c := newClient(e, "one")
	c.Spec.RotateSecretEvery = &metav1.Duration{Duration: 24 * time.Hour}
	c.Annotations = map[string]string{v1alpha1.AnnotationRotateSecret: "from the beginning"}
	e.create(c)
	e.eventuallyReady(c)
	requireRotations(e, 0)
	change(e, c, func(c *v1alpha1.Auth0Client) { c.Annotations[v1alpha1.AnnotationRotateSecret] = "now" })
	e.reconcile(c)
	requireRotations(e, 1)
	clientFixture.require(e, c)
	e.reconcile(c)
	requireRotations(e, 1)
	e.advance(clock, 25*time.Hour)
	e.reconcile(c)
	requireRotations(e, 2)
	clientFixture.require(e, c)
	if want := metav1.NewTime(clock.Now().Truncate(time.Second)); !c.Status.SecretRotation.RotatedAt.Equal(&want) {
		t.Errorf("status says %s, want %s", c.Status.SecretRotation.RotatedAt, want)
	}
	change(e, c, func(c *v1alpha1.Auth0Client) {
		c.Spec.RotateSecretEvery, c.Spec.OutputSecret = nil, nil
		c.Annotations[v1alpha1.AnnotationRotateSecret] = "again"
	})
	e.eventuallyStalled(c, v1alpha1.ReasonInvalidSpec)
	requireRotations(e, 2)
}

func requireRotations(e *environment, want int) {
	e.Helper()
	if made := rotations(e); made != want {
		e.Errorf("%d rotations, want %d", made, want)
	}
}

func rotations(e *environment) int {
	return e.sim.Requests().Count("POST", clientsPath+"/{id}/rotate-secret")
}

func publicKeys(keys ...string) *v1alpha1.ClientAuthenticationMethods {
	methods := &v1alpha1.ClientAuthenticationMethods{PrivateKeyJWT: &v1alpha1.ClientPrivateKeyJWT{}}
	for i := range keys {
		methods.PrivateKeyJWT.Credentials = append(methods.PrivateKeyJWT.Credentials, v1alpha1.ClientPublicKey{Name: fmt.Sprintf("key-%d", i), PEM: &keys[i]})
	}
	return methods
}

func publicPEM(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}))
}

// TestPublicKeys replaces one key by another, and both by a secret again.
func TestPublicKeys(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	first, second, third := publicPEM(t), publicPEM(t), publicPEM(t)
	c := machine(e, "worker")
	c.Spec.ClientAuthenticationMethods = publicKeys(first)
	e.create(c)
	e.eventuallyReady(c)
	requireKeys(e, c, "key-0")
	change(e, c, func(c *v1alpha1.Auth0Client) { c.Spec.ClientAuthenticationMethods = publicKeys(first, second) })
	e.eventuallyReady(c)
	requireKeys(e, c, "key-0", "key-1")
	expiry := metav1.NewTime(time.Now().Add(24 * time.Hour).Truncate(time.Second))
	change(e, c, func(c *v1alpha1.Auth0Client) {
		c.Spec.ClientAuthenticationMethods = publicKeys(third, second)
		c.Spec.ClientAuthenticationMethods.PrivateKeyJWT.Credentials[1].ExpiresAt = &expiry
	})
	e.eventuallyReady(c)
	requireKeys(e, c, "key-0", "key-1")
	for _, credential := range e.dashboardList(clientPath(c) + "/credentials") {
		expires, _ := credential["expires_at"].(string)
		if credential["name"] == "key-1" && !strings.HasPrefix(expires, expiry.UTC().Format("2006-01-02T15:04:05")) {
			t.Errorf("key-1 expires at %q, want %s", expires, expiry)
		}
	}
	e.sim.ResetRequests()
	e.dashboard("PATCH", clientPath(c), map[string]any{"client_authentication_methods": nil})
	e.reconcile(c)
	requireKeys(e, c, "key-0", "key-1")
	change(e, c, func(c *v1alpha1.Auth0Client) {
		c.Spec.ClientAuthenticationMethods = nil
		c.Spec.TokenEndpointAuthMethod = new("client_secret_post")
	})
	e.eventuallyReady(c)
	requireKeys(e, c)
	if have := e.client(c.Status.ClientID); have["token_endpoint_auth_method"] != "client_secret_post" {
		t.Errorf("token_endpoint_auth_method is %v", have["token_endpoint_auth_method"])
	}
	e.reconcile(c)
	e.sim.ResetRequests()
	e.reconcile(c)
	e.requireCalls("nothing to do", 1)
}

// requireKeys fails unless the application has just the keys with these names, and accepts all of them.
func requireKeys(e *environment, c *v1alpha1.Auth0Client, names ...string) {
	e.Helper()
	credentials := e.dashboardList(clientPath(c) + "/credentials")
	if err := checkList("credentials", fieldOf(credentials, "name"), names); err != nil {
		e.Error(err)
	}
	methods, _ := e.client(c.Status.ClientID)["client_authentication_methods"].(map[string]any)
	method, _ := methods["private_key_jwt"].(map[string]any)
	var accepted []map[string]any
	listed, _ := method["credentials"].([]any)
	for _, item := range listed {
		accepted = append(accepted, item.(map[string]any))
	}
	if err := checkList("accepted credentials", fieldOf(accepted, "id"), fieldOf(credentials, "id")); err != nil {
		e.Error(err)
	}
}

func generateKeyPair(c *v1alpha1.Auth0Client) {
	c.Spec.ClientAuthenticationMethods = &v1alpha1.ClientAuthenticationMethods{PrivateKeyJWT: &v1alpha1.ClientPrivateKeyJWT{
		Generate: &v1alpha1.ClientKeyPair{RotateEvery: &metav1.Duration{Duration: 24 * time.Hour}},
	}}
	c.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "keys"}
}

// TestKeyPairIsRotated has an application prove itself by the key in its Secret, all the way through a rotation.
func TestKeyPairIsRotated(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.stopOperator()
	clock := newSteppedClock(time.Now())
	e.clock = clock
	e.startOperator()
	c := machine(e, "worker")
	generateKeyPair(c)
	e.create(c)
	e.eventuallyReady(c)
	keys := &corev1.Secret{ObjectMeta: e.meta("keys")}
	e.get(keys)
	first := string(keys.Data["privateKey"])
	if kid := string(keys.Data["keyId"]); kid == "" || kid != c.Status.KeyPair.KeyID {
		t.Errorf("keyId is %q, status says %q", kid, c.Status.KeyPair.KeyID)
	}
	requireKeyCount(e, c, 1)

	e.advance(clock, 25*time.Hour)
	e.reconcile(c)
	e.get(keys)
	second := string(keys.Data["privateKey"])
	if second == first || len(keys.Data["nextPrivateKey"]) > 0 {
		t.Error("the Secret does not hold a new key alone")
	}
	requireKeyCount(e, c, 2)
	if c.Status.KeyPair.RetiringKeyID == "" || c.Status.KeyPair.RetiresAt == nil {
		t.Errorf("status does not tell of the former key: %+v", c.Status.KeyPair)
	}
	e.advance(clock, 61*time.Minute)
	e.reconcile(c)
	requireKeyCount(e, c, 1)
	e.get(keys)
	if string(keys.Data["privateKey"]) != second {
		t.Error("the key changed when the former one went")
	}

	e.delete(keys)
	e.eventually(func() error {
		again := &corev1.Secret{ObjectMeta: e.meta("keys")}
		if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(again), again); err != nil {
			return err
		}
		if string(again.Data["privateKey"]) == second {
			return fmt.Errorf("the lost key came back")
		}
		return nil
	})
	e.reconcile(c)
	requireKeyCount(e, c, 1)
}

// requireKeyCount fails unless the application has so many keys, accepts all of them, and one is that in the Secret.
func requireKeyCount(e *environment, c *v1alpha1.Auth0Client, want int) {
	e.Helper()
	credentials := e.dashboardList(clientPath(c) + "/credentials")
	if len(credentials) != want {
		e.Errorf("%d keys, want %d: %v", len(credentials), want, credentials)
	}
	requireKeys(e, c, fieldOf(credentials, "name")...)
	keys := &corev1.Secret{ObjectMeta: e.meta(c.Spec.OutputSecret.Name)}
	e.get(keys)
	if kids := fieldOf(credentials, "kid"); !slices.Contains(kids, string(keys.Data["keyId"])) {
		e.Errorf("the key in the Secret is none of %v", kids)
	}
}
