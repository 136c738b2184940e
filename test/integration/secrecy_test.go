package integration

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

var errNotYet = errors.New("not yet")

// TestSecretsStaySecret plants secrets in inputs, has things go well and wrong with them, and looks for them in everything
// that people can read.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	user := userFixture.object(e, "ada").(*v1alpha1.Auth0User)
	e.create(user)
	e.eventuallyReady(user)
	e.create(e.secret("weak", map[string]string{"password": "planted-weak"}))
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Password = passwordFrom("weak") })
	e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected)

	machine := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "machine", "app_type": "non_interactive", "grant_types": []string{"client_credentials"}})
	e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": machine["client_id"], "audience": ordersAPI, "scope": []string{"read:orders"}})
	e.create(e.secret("machine", map[string]string{"clientId": machine["client_id"].(string), "clientSecret": machine["client_secret"].(string)}))
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	issued := &corev1.Secret{ObjectMeta: e.meta("token")}
	e.get(issued)
	change(e, &corev1.Secret{ObjectMeta: e.meta("machine")}, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte("planted-wrong") })
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.ClientCredentials.Scopes = nil })
	e.eventuallyStalled(token, v1alpha1.ReasonInvalidCredentials)

	resourceServerFixture.prepare(e)
	api := resourceServerFixture.object(e, "api").(*v1alpha1.Auth0ResourceServer)
	mayAdopt(api)
	e.create(api)
	e.eventuallyReady(api)

	places := map[string]string{"logs": logs.String(), "metrics": e.metricsText()}
	for name, list := range map[string]client.ObjectList{
		"tenants": &v1alpha1.Auth0TenantList{}, "users": &v1alpha1.Auth0UserList{}, "tokens": &v1alpha1.Auth0TokenList{}, "APIs": &v1alpha1.Auth0ResourceServerList{}, "events": &eventsv1.EventList{},
	} {
		if err := e.kube.List(e.ctx, list, client.InNamespace(e.namespace)); err != nil {
			t.Fatal(err)
		}
		places[name] = fmt.Sprintf("%+v", list)
	}
	for name, secret := range map[string]string{
		"the operator's client secret": operatorClientSecret,
		"a password":                   userPassword,
		"a signing secret":             signingSecret,
		"a password that was refused":  "planted-weak",
		"the secret of an application": machine["client_secret"].(string),
		"a wrong client secret":        "planted-wrong",
		"an issued token":              string(issued.Data["accessToken"]),
	} {
		for place, text := range places {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in the %s", name, place)
			}
		}
	}
}

func (e *environment) metricsText() string {
	e.Helper()
	families, err := e.metrics.Gather()
	if err != nil {
		e.Fatal(err)
	}
	return fmt.Sprint(families)
}

// signIn signs a user of the usual connection in.
func (e *environment) signIn(username, password string) (status int, answer string) {
	e.Helper()
	return e.signInTo(connection, username, password)
}

// signInTo signs a user in by the password grant, with an application made for it.
func (e *environment) signInTo(realm, username, password string) (status int, answer string) {
	e.Helper()
	app := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "sign-in", "app_type": "regular_web", "grant_types": []string{"http://auth0.com/oauth/grant-type/password-realm"}})
	e.enableConnectionFor(app["client_id"].(string), realm, true)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(e.sim.CA)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	request, err := http.NewRequestWithContext(e.ctx, http.MethodPost, e.sim.URL+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"http://auth0.com/oauth/grant-type/password-realm"}, "realm": {realm}, "scope": {"openid"},
		"client_id": {app["client_id"].(string)}, "client_secret": {app["client_secret"].(string)},
		"username": {username}, "password": {password},
	}.Encode()))
	if err != nil {
		e.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := browser.Do(request)
	if err != nil {
		e.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}
