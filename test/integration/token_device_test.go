package integration

import (
	"net/http"
	"slices"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestRefusedPollsAreSaidOnce has Auth0 refuse a native application that does not say how it proves itself: the object says so
// and what to do, and not in turns with its code.
func TestRefusedPollsAreSaidOnce(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedShop(e, nil)
	application := machine(e, "phone")
	application.Spec.AppType = new("native")
	application.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Items: []string{"urn:ietf:params:oauth:grant-type:device_code", "refresh_token"}}
	e.create(application)
	token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.Client = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: "phone"}}
	e.create(token)
	e.eventuallyStalled(token, v1alpha1.ReasonInvalidCredentials, "set its spec.tokenEndpointAuthMethod")
	e.eventually(func() error {
		for _, call := range e.sim.Requests().ByRoute {
			if call.Route == "/oauth/token" && call.Status == http.StatusUnauthorized && call.Count >= 2 {
				return nil
			}
		}
		return errNotYet
	})
	told := slices.DeleteFunc(e.logReasons(token), func(reason string) bool { return reason != v1alpha1.ReasonInvalidCredentials })
	if len(told) != 1 {
		t.Errorf("it is told %d times", len(told))
	}
	change(e, application, func(client *v1alpha1.Auth0Client) { client.Spec.TokenEndpointAuthMethod = new("none") })
	e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
}
