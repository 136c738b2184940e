package integration

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const clientsPath = "/api/v2/clients"

// clientFixture is a web application whose credentials go to a Secret. Each object has a Secret of its own.
var clientFixture = fixture{
	prepare: func(*environment) {},
	object: func(e *environment, name string) v1alpha1.Managed {
		return &v1alpha1.Auth0Client{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientSpec{
			ManagedSpec: e.managedSpec(),
			ClientSettings: v1alpha1.ClientSettings{
				Name:              "Shop",
				Description:       new("where people buy"),
				AppType:           new("regular_web"),
				Callbacks:         []string{"https://shop.example.com/callback", "https://shop.example.com/back"},
				AllowedLogoutURLs: []string{"https://shop.example.com/"},
				OIDCConformant:    new(true),
				JWTConfiguration:  &v1alpha1.ClientJWTConfiguration{Alg: new("RS256"), LifetimeInSeconds: new(int64(3600))},
				RefreshToken:      &v1alpha1.ClientRefreshToken{RotationType: "rotating", ExpirationType: "expiring", Leeway: new(int64(3))},
				ClientMetadata:    map[string]v1alpha1.ClientMetadataValue{"team": "web"},
			},
			GrantTypes:   &v1alpha1.ClientGrantTypes{Items: []string{"password"}},
			OutputSecret: &v1alpha1.OutputSecret{Name: "shop-" + name},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkClient(e, object.(*v1alpha1.Auth0Client))
	},
	count:  func(e *environment) int { return len(e.clients()) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{"POST", clientsPath},

	namesRepeat: true,

	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Client).Spec
		spec.Name = "Shop and more"
		spec.Callbacks = []string{"https://shop.example.com/back"}
		spec.JWTConfiguration.LifetimeInSeconds = new(int64(7200))
		spec.ClientMetadata["team"] = "apps"
		spec.GrantTypes.Items = []string{"http://auth0.com/oauth/grant-type/password-realm"}
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Client).Spec
		spec.Description, spec.Callbacks, spec.OIDCConformant, spec.RefreshToken, spec.ClientMetadata, spec.GrantTypes = nil, nil, nil, nil, nil, nil
		spec.JWTConfiguration.LifetimeInSeconds = nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		have := e.client(object.(*v1alpha1.Auth0Client).Status.ClientID)
		want := map[string]any{
			"description": "", "callbacks": []any{}, "oidc_conformant": false,
			"jwt_configuration": map[string]any{"alg": "RS256", "secret_encoded": false},
			"grant_types":       []any{"authorization_code", "implicit", "refresh_token", "client_credentials"},
			"client_metadata":   map[string]any{"auth0_operator": holder(object)},
		}
		var failures []error
		for field, value := range want {
			if !reflect.DeepEqual(have[field], value) {
				failures = append(failures, fmt.Errorf("%s is %v, want %v", field, have[field], value))
			}
		}
		if refresh := have["refresh_token"].(map[string]any); refresh["rotation_type"] != "non-rotating" || refresh["expiration_type"] != "non-expiring" || refresh["leeway"] != 0.0 {
			failures = append(failures, fmt.Errorf("refresh_token is left: %v", refresh))
		}
		return errors.Join(failures...)
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", clientPath(object), map[string]any{
			"description": "somebody else's", "jwt_configuration": map[string]any{"alg": "HS256"},
			"client_metadata": map[string]any{"team": "theirs", "theirs": "1"},
		})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) { e.dashboard("DELETE", clientPath(object), nil) },
	existing: func(e *environment) {
		e.dashboard("POST", clientsPath, map[string]any{"name": "Shop", "app_type": "regular_web"})
	},
	existsReason:   v1alpha1.ReasonAmbiguous,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Client).Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"SECRET": "{{ .password }}"}
	},
	fix: func(object v1alpha1.Managed) { object.(*v1alpha1.Auth0Client).Spec.OutputSecret.Data = nil },
	withoutScope: func(e *environment) string {
		e.withoutScopes("read:client_keys")
		return "read:client_keys"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

func clientPath(object v1alpha1.Managed) string {
	return clientsPath + "/" + object.(*v1alpha1.Auth0Client).Status.ClientID
}

// clients lists the applications but for the operator's own.
func (e *environment) clients() []map[string]any {
	e.Helper()
	return slices.DeleteFunc(e.dashboardList(clientsPath+"?is_global=false"), func(c map[string]any) bool { return c["client_id"] == operatorClientID })
}

func (e *environment) client(id string) map[string]any {
	e.Helper()
	return e.dashboard("GET", clientsPath+"/"+id, nil)
}

// checkClient compares an application in Auth0, and the Secret with its credentials, with what its object declares.
func checkClient(e *environment, object *v1alpha1.Auth0Client) error {
	e.Helper()
	if status, answer := e.sim.Dashboard("GET", clientPath(object), nil); status != 200 {
		return fmt.Errorf("application %q: %d %s", object.Status.ClientID, status, answer)
	}
	have, spec := e.client(object.Status.ClientID), object.Spec
	var failures []error
	expect := func(field string, have, want any) {
		if !reflect.DeepEqual(have, want) {
			failures = append(failures, fmt.Errorf("%s is %v, want %v", field, have, want))
		}
	}
	expect("name", have["name"], spec.Name)
	if spec.Description != nil {
		expect("description", have["description"], *spec.Description)
	}
	if spec.Callbacks != nil {
		expect("callbacks", textsOf(have["callbacks"]), spec.Callbacks)
	}
	if jwt := spec.JWTConfiguration; jwt != nil && jwt.LifetimeInSeconds != nil {
		expect("jwt_configuration", have["jwt_configuration"], map[string]any{
			"alg": *jwt.Alg, "lifetime_in_seconds": float64(*jwt.LifetimeInSeconds), "secret_encoded": false,
		})
	}
	metadata, _ := have["client_metadata"].(map[string]any)
	expect("the mark", metadata["auth0_operator"], holder(object))
	for key, value := range spec.ClientMetadata {
		expect("client_metadata."+key, metadata[key], string(value))
	}
	if grants := spec.GrantTypes; grants != nil {
		for _, grant := range append([]string{"authorization_code", "refresh_token"}, grants.Items...) {
			if !slices.Contains(textsOf(have["grant_types"]), grant) {
				failures = append(failures, fmt.Errorf("grant_types lack %s: %v", grant, have["grant_types"]))
			}
		}
	}
	return errors.Join(append(failures, checkCredentials(e, object, have))...)
}

// checkCredentials compares the output Secret of an application with Auth0.
func checkCredentials(e *environment, object *v1alpha1.Auth0Client, have map[string]any) error {
	e.Helper()
	if object.Spec.OutputSecret == nil {
		return nil
	}
	secret := &corev1.Secret{ObjectMeta: e.meta(object.Spec.OutputSecret.Name)}
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		return err
	}
	if !metav1.IsControlledBy(secret, object) {
		return fmt.Errorf("Secret %s is not owned by the application", secret.Name)
	}
	want := map[string]any{"domain": e.sim.Domain, "clientId": have["client_id"], "clientSecret": have["client_secret"]}
	keys := 3
	if object.Spec.ClientAuthenticationMethods != nil {
		delete(want, "clientSecret")
		keys = 5
		if err := checkKey(e, object, secret); err != nil {
			return err
		}
	}
	for key, value := range want {
		if string(secret.Data[key]) != value {
			return fmt.Errorf("%s in Secret %s is not the application's", key, secret.Name)
		}
	}
	if len(secret.Data) != keys {
		return fmt.Errorf("Secret %s has %d keys, want %d", secret.Name, len(secret.Data), keys)
	}
	return nil
}

// checkKey wants the application to accept the key in the Secret.
func checkKey(e *environment, object *v1alpha1.Auth0Client, secret *corev1.Secret) error {
	e.Helper()
	accepted := fmt.Sprint(e.client(object.Status.ClientID)["client_authentication_methods"])
	for _, credential := range e.dashboardList(clientPath(object) + "/credentials") {
		if credential["kid"] == string(secret.Data["keyId"]) && strings.Contains(accepted, credential["id"].(string)) {
			return nil
		}
	}
	return fmt.Errorf("the application does not accept the key in Secret %s", secret.Name)
}

// requireNoOrphanedClients fails if an application is marked as ours and no object would stay until it is gone.
func requireNoOrphanedClients(e *environment) {
	e.Helper()
	var objects v1alpha1.Auth0ClientList
	if err := e.kube.List(e.ctx, &objects, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	for _, application := range e.clients() {
		mark := markerOf(application, "client_metadata")
		kept := slices.ContainsFunc(objects.Items, func(object v1alpha1.Auth0Client) bool {
			return len(object.Finalizers) > 0 && mark == holder(&object)
		})
		if mark != "" && !kept {
			e.Errorf("application %v is an orphan", application["client_id"])
		}
	}
}

func ownSecret(e *environment) {
	e.create(e.secret("own", map[string]string{"secret": "planted-client-secret-of-my-own-0001"}))
}

func withOwnSecret(object v1alpha1.Managed) {
	object.(*v1alpha1.Auth0Client).Spec.ClientSecret = &v1alpha1.ClientSecret{SecretRef: v1alpha1.SecretKeyReference{Name: "own", Key: "secret"}}
}

func withKeyPair(object v1alpha1.Managed) {
	object.(*v1alpha1.Auth0Client).Spec.ClientAuthenticationMethods = &v1alpha1.ClientAuthenticationMethods{
		PrivateKeyJWT: &v1alpha1.ClientPrivateKeyJWT{Generate: &v1alpha1.ClientKeyPair{}},
	}
}

func textsOf(list any) []string {
	items, _ := list.([]any)
	found := make([]string, len(items))
	for i, item := range items {
		found[i], _ = item.(string)
	}
	return found
}
