package integration

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const clientsPath = "/api/v2/clients"

// clientFixture has what no file can say: the credentials in the Secret of an application.
var clientFixture = func() fixture {
	s := fromFiles("Auth0Client")
	check := s.check
	s.check = func(e *environment, object v1alpha1.Managed) error {
		if err := check(e, object); err != nil {
			return err
		}
		application := object.(*v1alpha1.Auth0Client)
		return checkCredentials(e, application, e.client(application.Status.ClientID))
	}
	return s
}()

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

var withKeyPair = declares("Auth0Client", "key-pair")

func textsOf(list any) []string {
	items, _ := list.([]any)
	found := make([]string, len(items))
	for i, item := range items {
		found[i], _ = item.(string)
	}
	return found
}
