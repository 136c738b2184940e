package integration

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	callback      = "https://shop.example.com/callback"
	otherCallback = "https://shop.example.com/other"
	verifier      = "planted-code-verifier-planted-code-verifier-01"
)

// rotating are the settings of an application whose refresh tokens survive an answer that gets lost.
var rotating = map[string]any{
	"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 60, "infinite_token_lifetime": true, "infinite_idle_token_lifetime": true,
}

// notRotating are those of one whose refresh tokens stay the same.
var notRotating = map[string]any{"rotation_type": "non-rotating", "expiration_type": "non-expiring"}

// seedShop makes an API, a user, and an application that keeps its users signed in, with its credentials in Secret machine.
func seedShop(e *environment, settings map[string]any) {
	e.Helper()
	seedOrders(e)
	e.dashboard("PATCH", "/api/v2/resource-servers/"+url.PathEscape(ordersAPI), map[string]any{"allow_offline_access": true})
	userFixture.existing(e)
	body := map[string]any{
		"name": "machine", "app_type": "regular_web", "callbacks": []string{callback, otherCallback}, "oidc_conformant": true, "refresh_token": rotating,
		"grant_types": []string{
			"authorization_code", "refresh_token", "http://auth0.com/oauth/grant-type/password-realm", "urn:ietf:params:oauth:grant-type:device_code",
		},
	}
	maps.Copy(body, settings)
	app := e.dashboard("POST", "/api/v2/clients", body)
	e.enableConnectionFor(app["client_id"].(string), connection, true)
	values := map[string]string{"clientId": app["client_id"].(string)}
	if body["token_endpoint_auth_method"] != "none" {
		values["clientSecret"] = app["client_secret"].(string)
	}
	e.create(e.secret("machine", values))
	e.create(e.secret("ada", map[string]string{"password": "Correct-Horse-1"}))
}

// seedNative is seedShop with an application that keeps no secret.
func seedNative(e *environment) {
	e.Helper()
	seedShop(e, map[string]any{"app_type": "native", "token_endpoint_auth_method": "none"})
}

// machine returns the id of the application in Secret machine.
func (e *environment) machine() (id, secret string) {
	e.Helper()
	credentials := &corev1.Secret{ObjectMeta: e.meta("machine")}
	e.get(credentials)
	return string(credentials.Data["clientId"]), string(credentials.Data["clientSecret"])
}

// adaID is the user who signs in.
func (e *environment) adaID() string {
	e.Helper()
	for _, user := range e.users() {
		if user["email"] == "ada@example.com" {
			return user["user_id"].(string)
		}
	}
	e.Fatal("there is no user ada@example.com")
	return ""
}

// authorize signs ada in as a browser would, and returns the code.
func (e *environment) authorize(redirect string) string {
	e.Helper()
	id, _ := e.machine()
	code, err := e.sim.Authorize(simulator.Login{
		ClientID: id, UserID: e.adaID(), RedirectURI: redirect, Audience: ordersAPI, Scope: "openid offline_access read:orders write:orders",
		CodeChallenge: challengeOf(verifier), CodeChallengeMethod: "S256",
	})
	if err != nil {
		e.Fatal(err)
	}
	return code
}

// refreshToken signs ada in and returns the refresh token.
func (e *environment) refreshToken() string {
	e.Helper()
	id, secret := e.machine()
	_, answer := e.exchange(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "client_secret": {secret}, "code": {e.authorize(callback)}, "redirect_uri": {callback},
		"code_verifier": {verifier},
	})
	token, _ := answer["refresh_token"].(string)
	if token == "" {
		e.Fatalf("no refresh token: %v", answer)
	}
	return token
}

// browser reaches the tenant as anybody does.
func (e *environment) browser() *http.Client {
	e.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(e.sim.CA)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
}

// exchange calls the token endpoint as somebody else than the operator.
func (e *environment) exchange(form url.Values) (status int, answer map[string]any) {
	e.Helper()
	return e.post("/oauth/token", form)
}

// post sends a form to the Authentication API.
func (e *environment) post(path string, form url.Values) (status int, answer map[string]any) {
	e.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, e.sim.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		e.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := e.browser().Do(request)
	if err != nil {
		e.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	_ = json.Unmarshal(body, &answer)
	return response.StatusCode, answer
}

// verify checks a token as a resource server does: its signature by the tenant's JWKS, its issuer and its time.
func (e *environment) verify(token, audience string) (map[string]any, error) {
	e.Helper()
	keys, err := jwk.Fetch(context.Background(), e.sim.URL+"/.well-known/jwks.json", jwk.WithHTTPClient(e.browser()))
	if err != nil {
		return nil, err
	}
	verified, err := jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithIssuer(e.sim.URL+"/"), jwt.WithAudience(audience),
		jwt.WithClock(jwt.ClockFunc(e.sim.Now)), jwt.WithAcceptableSkew(time.Second))
	if err != nil {
		return nil, err
	}
	return verified.AsMap(context.Background())
}

// attend has somebody look at the objects and help as their words ask for, until the test ends; once for what an object says,
// as the operator takes a moment to say something else.
func (e *environment) attend(help func(token *v1alpha1.Auth0Token)) {
	ctx, helped := e.ctx, map[string]string{}
	go func() {
		for ctx.Err() == nil {
			var tokens v1alpha1.Auth0TokenList
			if err := e.kube.List(ctx, &tokens, client.InNamespace(e.namespace)); err == nil {
				for i := range tokens.Items {
					if token := &tokens.Items[i]; helped[token.Name] != token.ResourceVersion {
						helped[token.Name] = token.ResourceVersion
						help(token)
					}
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
}

func stalledFor(token *v1alpha1.Auth0Token, reasons ...string) bool {
	condition := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionStalled)
	return condition != nil && condition.ObservedGeneration == token.Generation && slices.Contains(reasons, condition.Reason)
}

// putSecret writes a value into a Secret, from outside of the test's goroutine.
func (e *environment) putSecret(name, key, value string) {
	secret := &corev1.Secret{ObjectMeta: e.meta(name)}
	before := secret.DeepCopy()
	secret.StringData = map[string]string{key: value}
	_ = e.kube.Patch(e.ctx, secret, client.MergeFrom(before))
}

// familyToken is a token that is kept alive by its refresh token.
func familyToken(e *environment, name string, declare func(*v1alpha1.Auth0TokenSpec)) v1alpha1.Managed {
	token := tokenFixture.object(e, name).(*v1alpha1.Auth0Token)
	token.Spec.ClientCredentials = nil
	token.Spec.OutputSecret.Labels = map[string]v1alpha1.SecretLabel{"team": "shop"}
	declare(&token.Spec)
	return token
}

// familyFixture is what tokens with a refresh token have in common.
func familyFixture(declare func(*v1alpha1.Auth0TokenSpec)) fixture {
	s := tokenFixture
	s.object = func(e *environment, name string) v1alpha1.Managed { return familyToken(e, name, declare) }
	s.clear = func(object v1alpha1.Managed) { object.(*v1alpha1.Auth0Token).Spec.OutputSecret.Labels = nil }
	s.cleared = func(e *environment, _ v1alpha1.Managed) error {
		secret := &corev1.Secret{ObjectMeta: e.meta("token")}
		e.get(secret)
		if team, ok := secret.Labels["team"]; ok {
			return fmt.Errorf("the label team=%s is left", team)
		}
		return nil
	}
	return s
}

// withoutGrantType takes a grant type from the application.
func withoutGrantType(grantType string) func(e *environment) string {
	return func(e *environment) string {
		id, _ := e.machine()
		e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"grant_types": []string{"client_credentials"}})
		return grantType
	}
}

// codeTokenFixture is a token by an authorization code. Where the code is used up, somebody signs in again, as the words say.
var codeTokenFixture = func() fixture {
	s := familyFixture(func(spec *v1alpha1.Auth0TokenSpec) {
		spec.AuthorizationCode = &v1alpha1.AuthorizationCodeGrant{
			CodeSecretRef: v1alpha1.SecretKeyReference{Name: "code", Key: "code"}, RedirectURI: callback,
			CodeVerifierSecretRef: &v1alpha1.SecretKeyReference{Name: "code", Key: "verifier"},
		}
	})
	s.prepare = func(e *environment) {
		seedShop(e, nil)
		e.create(e.secret("code", map[string]string{"code": e.authorize(callback), "verifier": verifier}))
		tried := 0
		e.attend(func(token *v1alpha1.Auth0Token) {
			// The reason stays while the next code is exchanged, and may be read when that has been done; the refusal does not.
			refused := stalledFor(token, v1alpha1.ReasonCodeRefused) &&
				slices.ContainsFunc(token.Status.AppliedSecrets, func(s v1alpha1.AppliedSecret) bool { return s.Refused != "" })
			if !refused && !stalledFor(token, v1alpha1.ReasonRefreshTokenRefused) {
				return
			}
			// The object may be written to again before the operator has seen the new code.
			if now := len(e.logged("seacft")) + len(e.logged("feacft")); now > tried {
				tried = now
				e.putSecret("code", "code", e.authorize(token.Spec.AuthorizationCode.RedirectURI))
			}
		})
	}
	s.change = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.AuthorizationCode.RedirectURI = otherCallback
	}
	s.withoutScope, s.scopeReason = withoutGrantType("authorization_code"), v1alpha1.ReasonGrantTypeNotAllowed
	return s
}()

// refreshTokenFixture is a token that begins with a refresh token from elsewhere.
var refreshTokenFixture = func() fixture {
	s := familyFixture(func(spec *v1alpha1.Auth0TokenSpec) {
		spec.RefreshToken = &v1alpha1.RefreshTokenGrant{
			SecretRef: v1alpha1.SecretKeyReference{Name: "seed", Key: "refreshToken"}, Scopes: []string{"read:orders"},
		}
	})
	s.prepare = func(e *environment) {
		seedShop(e, nil)
		e.create(e.secret("seed", map[string]string{"refreshToken": e.refreshToken()}))
	}
	s.change = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.RefreshToken.Scopes = []string{"write:orders"}
	}
	s.withoutScope, s.scopeReason = withoutGrantType("refresh_token"), v1alpha1.ReasonGrantTypeNotAllowed
	return s
}()

// endingTokenFixture is a token with which its sign-in ends. What there is of it in Auth0 are refresh tokens.
var endingTokenFixture = func() fixture {
	s := refreshTokenFixture
	s.object = func(e *environment, name string) v1alpha1.Managed {
		token := refreshTokenFixture.object(e, name).(*v1alpha1.Auth0Token)
		token.Spec.RevokeOnDelete = true
		return token
	}
	s.count = func(e *environment) int {
		tokens, _ := e.dashboard("GET", userPath(e.adaID())+"/refresh-tokens", nil)["tokens"].([]any)
		return len(tokens)
	}
	return s
}()

// withoutRotation has the application's refresh tokens stay the same.
func withoutRotation(e *environment) {
	e.Helper()
	e.setRefreshRules(notRotating)
}

// deviceTokenFixture is a token by a device code, which somebody approves.
var deviceTokenFixture = func() fixture {
	s := familyFixture(func(spec *v1alpha1.Auth0TokenSpec) {
		spec.DeviceCode = &v1alpha1.DeviceCodeGrant{Audience: new(ordersAPI), Scopes: []string{"read:orders"}}
	})
	s.prepare = func(e *environment) {
		seedNative(e)
		ada := e.adaID()
		e.attend(func(token *v1alpha1.Auth0Token) {
			if device := token.Status.Device; device != nil {
				// A code that was used, or replaced, is none any more.
				_ = e.sim.ApproveDevice(simulator.DeviceApproval{UserCode: device.UserCode, UserID: ada})
			}
		})
	}
	s.create = call{"POST", "/oauth/device/code"}
	s.change = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.DeviceCode.Scopes = []string{"write:orders"}
	}
	s.withoutScope, s.scopeReason = withoutGrantType("device_code"), v1alpha1.ReasonGrantTypeNotAllowed
	return s
}()

// refreshingPasswordFixture is a token by password that is kept alive by its refresh token.
var refreshingPasswordFixture = func() fixture {
	s := passwordTokenFixture
	s.prepare = func(e *environment) { seedShop(e, nil) }
	s.object = func(e *environment, name string) v1alpha1.Managed {
		token := passwordTokenFixture.object(e, name).(*v1alpha1.Auth0Token)
		token.Spec.Password.Scopes = []string{"offline_access", "read:orders"}
		return token
	}
	s.change = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.Password.Scopes = []string{"offline_access", "write:orders"}
	}
	return s
}()

// askedScopes are the scopes that a token asks for, nil if it asks for all.
func askedScopes(spec v1alpha1.Auth0TokenSpec) []string {
	switch {
	case spec.ClientCredentials != nil:
		return spec.ClientCredentials.Scopes
	case spec.Password != nil:
		return spec.Password.Scopes
	case spec.RefreshToken != nil:
		return spec.RefreshToken.Scopes
	case spec.DeviceCode != nil:
		return append([]string{"offline_access"}, spec.DeviceCode.Scopes...)
	}
	return nil
}

// checkToken compares the token in the output Secret with what its object declares.
func checkToken(e *environment, object *v1alpha1.Auth0Token) error {
	e.Helper()
	secret := &corev1.Secret{ObjectMeta: e.meta(object.Spec.OutputSecret.Name)}
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		return err
	}
	if !metav1.IsControlledBy(secret, object) && !strings.HasSuffix(secret.Annotations["auth0-operator.io/adopted-by"], string(object.UID)) {
		return fmt.Errorf("Secret %s is neither owned nor adopted by the token", secret.Name)
	}
	for key, value := range object.Spec.OutputSecret.Labels {
		if secret.Labels[key] != string(value) {
			return fmt.Errorf("the labels are %v", secret.Labels)
		}
	}
	claims, err := e.verify(string(secret.Data["accessToken"]), ordersAPI)
	if err != nil {
		return err
	}
	if want := askedScopes(object.Spec); want != nil {
		granted, _ := claims["scope"].(string)
		return checkList("scopes", slices.Sorted(slices.Values(strings.Fields(granted))), slices.Clone(want))
	}
	return nil
}

// challengeOf is the PKCE challenge of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
