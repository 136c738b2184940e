package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestLinkedClients links applications by reference and by id. Two that link each other are created and deleted in any order.
func TestLinkedClients(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	web := newExpressClient(e, "web", v1alpha1.ClientLinkedClient{ClientRef: &v1alpha1.ObjectReference{Name: "mobile"}})
	e.create(web)
	e.eventuallyReconciling(web, v1alpha1.ReasonReferenceNotReady,
		"spec.expressConfiguration.linkedClients[0].clientRef: Auth0Client "+e.namespace+"/mobile does not exist")
	mobile := newExpressClient(e, "mobile",
		v1alpha1.ClientLinkedClient{ClientID: new("KuX7cKbqvYI8hGqUjNRT8eDk1hBUoRb7")},
		v1alpha1.ClientLinkedClient{ClientRef: &v1alpha1.ObjectReference{Name: "web"}},
	)
	e.create(mobile)
	e.eventuallyReady(web)
	e.eventuallyReady(mobile)
	for _, want := range []struct {
		client *v1alpha1.Auth0Client
		linked []string
	}{
		{web, []string{mobile.Status.ClientID}},
		{mobile, []string{"KuX7cKbqvYI8hGqUjNRT8eDk1hBUoRb7", web.Status.ClientID}},
	} {
		if diff := cmp.Diff(want.linked, e.linkedClients(want.client)); diff != "" {
			t.Errorf("linked to %s (-want +got):\n%s", want.client.Name, diff)
		}
	}
	both := newExpressClient(e, "both", v1alpha1.ClientLinkedClient{
		ClientID: new("KuX7cKbqvYI8hGqUjNRT8eDk1hBUoRb7"), ClientRef: &v1alpha1.ObjectReference{Name: "web"},
	})
	if err := e.kube.Create(e.ctx, both); !apierrors.IsInvalid(err) {
		t.Errorf("clientId and clientRef of one application: %v", err)
	}
	e.delete(web)
	e.delete(mobile)
	e.eventuallyGone(web)
	e.eventuallyGone(mobile)
}

// linkedClients are the ids of the applications that are linked to one in Auth0.
func (e *environment) linkedClients(client *v1alpha1.Auth0Client) []string {
	e.Helper()
	express, _ := e.client(client.Status.ClientID)["express_configuration"].(map[string]any)
	entries, _ := express["linked_clients"].([]any)
	linked := make([]string, len(entries))
	for i, entry := range entries {
		linked[i], _ = entry.(map[string]any)["client_id"].(string)
	}
	return linked
}

// newExpressClient is an application in the Okta Integration Network.
func newExpressClient(e *environment, name string, linked ...v1alpha1.ClientLinkedClient) *v1alpha1.Auth0Client {
	return &v1alpha1.Auth0Client{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec: e.managedSpec(),
		ClientSettings: v1alpha1.ClientSettings{
			Name: name, AppType: new("express_configuration"),
			ExpressConfiguration: &v1alpha1.ClientExpressConfiguration{
				InitiateLoginURITemplate: "https://portal.example.com/login/{organization_name}",
				UserAttributeProfileID:   "uap_1csDj3szFsgxGS1oTZTdFm", ConnectionProfileID: "cop_4vAvNyoGLp1xVjHBj3cn3t",
				OktaOINClientID: "nfgVxTdOYkQr2L3NcAq6wDDGl0Y5kPgo", AdminLoginDomain: "login.example.com",
				LinkedClients: linked,
			},
		},
	}}
}
