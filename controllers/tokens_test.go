package controllers_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	audience    = "https://orders.example.com/"
	callback    = "https://shop.example.com/callback"
	verifier    = "planted-code-verifier-planted-code-verifier-01"
	password    = "Correct-Horse-1"
	directory   = "Username-Password-Authentication"
	tokenSecret = "token"
)

// shop is an application in Auth0 with a user who can sign in to it, and an API.
type shop struct {
	*world

	clientID, clientSecret, userID string
}

// administer edits the tenant as an administrator, and returns Auth0's answer.
func (w *world) administer(method, path string, body map[string]any) map[string]any {
	w.Helper()
	status, answer := w.sim.Dashboard(method, "/api/v2/"+path, body)
	if status >= http.StatusMultipleChoices {
		w.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	var document map[string]any
	if bytes.HasPrefix(answer, []byte("{")) {
		if err := json.Unmarshal(answer, &document); err != nil {
			w.Fatal(err)
		}
	}
	return document
}

func newShop(t *testing.T, settings map[string]any) *shop {
	t.Helper()
	s := &shop{world: newWorld(t)}
	s.administer(http.MethodPost, "resource-servers", map[string]any{
		"identifier": audience, "name": "Orders", "allow_offline_access": true,
		"scopes": []any{map[string]any{"value": "read:orders"}, map[string]any{"value": "write:orders"}},
	})
	user := s.administer(http.MethodPost, "users", map[string]any{"connection": directory, "email": "ada@example.com", "password": password})
	s.userID = user["user_id"].(string)
	body := map[string]any{
		"name": "machine", "app_type": "regular_web", "callbacks": []string{callback}, "oidc_conformant": true,
		"grant_types": []string{
			"client_credentials", "authorization_code", "refresh_token", "http://auth0.com/oauth/grant-type/password-realm",
			"urn:ietf:params:oauth:grant-type:device_code",
		},
		"refresh_token": map[string]any{
			"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 60, "infinite_token_lifetime": true, "infinite_idle_token_lifetime": true,
		},
	}
	maps.Copy(body, settings)
	application := s.administer(http.MethodPost, "clients", body)
	s.clientID = application["client_id"].(string)
	credentials := map[string]string{"clientId": s.clientID}
	if body["token_endpoint_auth_method"] != "none" {
		s.clientSecret = application["client_secret"].(string)
		credentials["clientSecret"] = s.clientSecret
		s.administer(http.MethodPost, "client-grants", map[string]any{"client_id": s.clientID, "audience": audience, "scope": []string{"read:orders", "write:orders"}})
	}
	s.enableDirectory()
	s.secret("machine", credentials)
	s.secret("ada", map[string]string{"password": password})
	return s
}

// enableDirectory lets the users of the directory sign in to the application.
func (s *shop) enableDirectory() {
	s.Helper()
	var connections []struct{ ID, Name string }
	_, content := s.sim.Dashboard(http.MethodGet, "/api/v2/connections?name="+directory, nil)
	if err := json.Unmarshal(content, &connections); err != nil || len(connections) != 1 {
		s.Fatalf("connections: %s", content)
	}
	status, answer := s.sim.Dashboard(http.MethodPatch, "/api/v2/connections/"+connections[0].ID+"/clients", []any{map[string]any{"client_id": s.clientID, "status": true}})
	if status >= http.StatusMultipleChoices {
		s.Fatalf("enable the connection: %d %s", status, answer)
	}
}

func (w *world) secret(name string, values map[string]string) {
	w.Helper()
	w.declare(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: values})
}

// code signs ada in as a browser does.
func (s *shop) code() string {
	s.Helper()
	sum := sha256.Sum256([]byte(verifier))
	code, err := s.sim.Authorize(simulator.Login{
		ClientID: s.clientID, UserID: s.userID, RedirectURI: callback, Audience: audience, Scope: "openid offline_access read:orders write:orders",
		CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]), CodeChallengeMethod: "S256",
	})
	if err != nil {
		s.Fatal(err)
	}
	return code
}

// refreshToken signs ada in, and returns the refresh token.
func (s *shop) refreshToken() string {
	s.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {s.clientID}, "client_secret": {s.clientSecret}, "code": {s.code()},
		"redirect_uri": {callback}, "code_verifier": {verifier},
	}
	request := httptest.NewRequestWithContext(s.Context(), http.MethodPost, s.sim.URL+"/oauth/token", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	s.sim.ServeHTTP(answer, request)
	var tokens struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err != nil || tokens.RefreshToken == "" {
		s.Fatalf("no refresh token: %d", answer.Code)
	}
	return tokens.RefreshToken
}

// flow is a way to get tokens.
type flow struct {
	// settings are those of the application, beside the usual ones.
	settings map[string]any
	// prepare makes what the flow begins with. It may be nil.
	prepare func(*shop)
	// declare edits the spec for these scopes.
	declare func(spec *v1alpha1.Auth0TokenSpec, scopes ...string)
	// once reports whether what the flow begins with can be used once, so that it may be lost with an answer.
	once bool
}

var flows = map[string]flow{
	"client credentials": {
		declare: func(spec *v1alpha1.Auth0TokenSpec, scopes ...string) {
			spec.ClientCredentials = &v1alpha1.ClientCredentialsGrant{Audience: audience, Scopes: scopes}
		},
	},
	"password": {declare: signIn},
	"password, refreshed": {
		declare: func(spec *v1alpha1.Auth0TokenSpec, scopes ...string) {
			signIn(spec, append(scopes, "offline_access")...)
		},
	},
	"authorization code": {
		prepare: func(s *shop) { s.secret("code", map[string]string{"code": s.code(), "verifier": verifier}) },
		declare: func(spec *v1alpha1.Auth0TokenSpec, _ ...string) {
			spec.AuthorizationCode = &v1alpha1.AuthorizationCodeGrant{
				CodeSecretRef: v1alpha1.SecretKeyReference{Name: "code", Key: "code"}, RedirectURI: callback,
				CodeVerifierSecretRef: &v1alpha1.SecretKeyReference{Name: "code", Key: "verifier"},
			}
		},
		once: true,
	},
	"refresh token": {prepare: beginWithRefreshToken, declare: refresh},
	"refresh token that does not rotate": {
		settings: map[string]any{"refresh_token": map[string]any{"rotation_type": "non-rotating", "expiration_type": "non-expiring"}},
		prepare:  beginWithRefreshToken, declare: refresh,
	},
	"device code": {
		settings: map[string]any{"app_type": "native", "token_endpoint_auth_method": "none", "grant_types": []string{
			"refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
		}},
		declare: func(spec *v1alpha1.Auth0TokenSpec, scopes ...string) {
			spec.DeviceCode = &v1alpha1.DeviceCodeGrant{Audience: new(audience), Scopes: scopes}
		},
	},
}

func signIn(spec *v1alpha1.Auth0TokenSpec, scopes ...string) {
	spec.Password = &v1alpha1.PasswordGrant{
		Username: new("ada@example.com"), PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "ada", Key: "password"},
		Realm: new(directory), Audience: new(audience), Scopes: scopes,
	}
}

func beginWithRefreshToken(s *shop) {
	s.secret("seed", map[string]string{"refreshToken": s.refreshToken()})
}

func refresh(spec *v1alpha1.Auth0TokenSpec, scopes ...string) {
	spec.RefreshToken = &v1alpha1.RefreshTokenGrant{SecretRef: v1alpha1.SecretKeyReference{Name: "seed", Key: "refreshToken"}, Scopes: scopes}
}

// token creates a token by a flow.
func (s *shop) token(f flow, edit func(*v1alpha1.Auth0TokenSpec)) *v1alpha1.Auth0Token {
	s.Helper()
	token := &v1alpha1.Auth0Token{ObjectMeta: metav1.ObjectMeta{Name: "one"}, Spec: v1alpha1.Auth0TokenSpec{
		ManagedSpec:  v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: "main"}},
		Client:       v1alpha1.TokenClient{SecretRef: &v1alpha1.SecretReference{Name: "machine"}},
		OutputSecret: v1alpha1.OutputSecret{Name: tokenSecret},
	}}
	f.declare(&token.Spec, "read:orders")
	if edit != nil {
		edit(&token.Spec)
	}
	s.declare(token)
	return token
}

// reconcileApproved reconciles a token, and approves its sign-in if it waits for that.
func (s *shop) reconcileApproved(token *v1alpha1.Auth0Token) {
	s.Helper()
	for range mostReconciles {
		s.reconcile(token)
		s.get(token)
		if token.Status.Device == nil {
			return
		}
		// A code that was used already is none any more.
		_ = s.sim.ApproveDevice(simulator.DeviceApproval{UserCode: token.Status.Device.UserCode, UserID: s.userID})
		s.advance(10 * time.Second)
	}
}

// issued is the access token in the Secret, empty if there is none.
func (s *shop) issued() string {
	s.Helper()
	var output corev1.Secret
	if err := s.kube.Get(s.Context(), client.ObjectKey{Namespace: namespace, Name: tokenSecret}, &output); err != nil {
		return ""
	}
	return string(output.Data["accessToken"])
}

// eachFlow runs a test for every flow.
func eachFlow(t *testing.T, test func(*shop, flow)) {
	t.Helper()
	for name, f := range flows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, f.settings)
			if f.prepare != nil {
				f.prepare(s)
			}
			test(s, f)
		})
	}
}

// TestTokens runs the life of a token by every flow: it is issued once, issued again when its scopes change or the Secret is gone, and
// ends.
func TestTokens(t *testing.T) {
	eachFlow(t, func(s *shop, f flow) {
		token := s.token(f, nil)
		s.reconcileApproved(token)
		s.requireReady(token)
		first := s.issued()
		if first == "" {
			t.Fatal("the Secret has no token")
		}
		s.requireNoWrites(token)
		if again := s.sim.Requests().Count(http.MethodPost, "/oauth/token"); again > 0 {
			t.Errorf("another reconciliation makes %d calls for a token", again)
		}
		if f.once {
			s.requireGone(token)
			return
		}

		s.edit(token, func(o v1alpha1.Managed) { f.declare(&o.(*v1alpha1.Auth0Token).Spec, "write:orders") })
		s.reconcileApproved(token)
		s.requireReady(token)
		second := s.issued()
		if second == first || !slices.Contains(token.Status.Scopes, "write:orders") || slices.Contains(token.Status.Scopes, "read:orders") {
			t.Errorf("the token is not issued again; scopes %v", token.Status.Scopes)
		}

		if err := s.kube.Delete(s.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: tokenSecret}}); err != nil {
			t.Fatal(err)
		}
		s.reconcileApproved(token)
		s.requireReady(token)
		if s.issued() == "" {
			t.Error("there is no Secret")
		}
		s.requireGone(token)
	})
}

// TestTokensAreRenewed lets a token come near its end: another one replaces it, and the old one is replaced once.
func TestTokensAreRenewed(t *testing.T) {
	eachFlow(t, func(s *shop, f flow) {
		token := s.token(f, nil)
		s.reconcileApproved(token)
		s.requireReady(token)
		first := s.issued()
		s.advance(23 * time.Hour)
		s.sim.ResetRequests()
		s.reconcile(token)
		s.requireReady(token)
		if s.issued() == first {
			t.Fatal("it is not renewed an hour before its end")
		}
		s.requireNoWrites(token)
	})
}

// TestTokensOfOthersStay has a Secret of that name exist.
func TestTokensOfOthersStay(t *testing.T) {
	eachFlow(t, func(s *shop, f flow) {
		s.secret(tokenSecret, map[string]string{"accessToken": "somebody's"})
		token := s.token(f, nil)
		s.requireStalled(token, v1alpha1.ReasonSecretConflict, tokenSecret)
		if s.issued() != "somebody's" {
			t.Error("the Secret was written to")
		}
		if calls := s.sim.Requests().Count(http.MethodPost, "/oauth/device/code"); calls > 0 {
			t.Error("a sign-in began, and its token has nowhere to go")
		}
		s.requireGone(token)
		if s.issued() != "somebody's" {
			t.Error("the Secret was deleted")
		}
	})
}

// TestTokensTakeAGrantType takes the grant types from the application.
func TestTokensTakeAGrantType(t *testing.T) {
	eachFlow(t, func(s *shop, f flow) {
		s.administer(http.MethodPatch, "clients/"+s.clientID, map[string]any{"grant_types": []string{"implicit"}})
		token := s.token(f, nil)
		s.requireStalled(token, v1alpha1.ReasonGrantTypeNotAllowed, "grant")
		if s.issued() != "" {
			t.Error("a token was issued")
		}
	})
}

// TestRevokedTokensAreGone deletes a token with spec.revokeOnDelete: Auth0 keeps no refresh token of the sign-in.
func TestRevokedTokensAreGone(t *testing.T) {
	for _, name := range []string{"password, refreshed", "authorization code", "refresh token", "device code"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := flows[name]
			s := newShop(t, f.settings)
			if f.prepare != nil {
				f.prepare(s)
			}
			token := s.token(f, func(spec *v1alpha1.Auth0TokenSpec) { spec.RevokeOnDelete = true })
			s.reconcileApproved(token)
			s.requireReady(token)
			s.requireGone(token)
			kept := s.administer(http.MethodGet, "users/"+url.PathEscape(s.userID)+"/refresh-tokens", nil)["tokens"].([]any)
			if len(kept) > 0 {
				t.Errorf("%d refresh tokens are left", len(kept))
			}
		})
	}
}

// TestTokensWithLostWritesAndAnswers lets each write to the API server, and each call to Auth0, fail once, before and after its effect. The token
// is Ready in the end, and no sign-in ends for it.
func TestTokensWithLostWritesAndAnswers(t *testing.T) {
	for name, f := range flows {
		for _, after := range []bool{false, true} {
			if f.once && after {
				// The code is used up then, and a person signs in again.
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for at := 1; ; at++ {
					made, written := lifeOfToken(t, f, at, after)
					if made < at && written < at {
						return
					}
				}
			})
		}
	}
}

// lifeOfToken lets the call or the write with a number fail, before or after its effect, while a token is issued. It returns how many
// calls and writes that took.
func lifeOfToken(t *testing.T, f flow, at int, after bool) (calls, writes int) {
	t.Helper()
	for _, isCall := range []bool{true, false} {
		s := newShop(t, f.settings)
		if f.prepare != nil {
			f.prepare(s)
		}
		s.calls.Store(0)
		if isCall {
			s.lost.Store(&lost{int64(at), after})
			s.writes.Reset(0, after)
		} else {
			s.writes.Reset(at, after)
		}
		token := s.token(f, nil)
		for range mostReconciles {
			s.reconcileApproved(token)
		}
		s.requireReady(token)
		if s.issued() == "" {
			t.Errorf("call %t, number %d, after its effect %t: there is no token", isCall, at, after)
		}
		calls, writes = max(calls, int(s.calls.Load())), max(writes, len(s.writes.Made()))
	}
	return calls, writes
}
