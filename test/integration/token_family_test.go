package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func durationOf(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

// loseAnswer has the next answer of the token endpoint get lost.
func (e *environment) loseAnswer(drop simulator.Drop) {
	e.Helper()
	e.sim.AddFaults(simulator.Fault{Method: "POST", Route: "/oauth/token", Times: 1, Drop: drop})
}

// shop declares a token with a token family whose application has the settings.
func (e *environment) shop(settings map[string]any) *v1alpha1.Auth0Token {
	e.Helper()
	refreshTokenFixture.prepare(e)
	e.setRefreshRules(settings)
	token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	e.eventuallyReady(token)
	return token
}

// setRefreshRules changes the settings of the application.
func (e *environment) setRefreshRules(settings map[string]any) {
	e.Helper()
	id, _ := e.machine()
	e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"refresh_token": settings})
}

var withoutLeeway = map[string]any{"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 0}

// TestALostAnswerWithinTheLeeway costs nothing.
func TestALostAnswerWithinTheLeeway(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	e.eventuallyCondition(token, v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionTrue, v1alpha1.ReasonReplayAllowed)
	if status := token.Status.RefreshToken; status == nil || !*status.Rotating || status.Leeway.Duration != time.Minute || status.SecretName != "token-refresh-token" {
		t.Errorf("status says %+v", status)
	}
	e.loseAnswer(simulator.DropAfter)
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	refreshTokenFixture.eventuallyRequire(e, token)
	e.requireNoReuse()
}

// TestNoLeewayIsWarnedOf with the setting to change.
func TestNoLeewayIsWarnedOf(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(withoutLeeway)
	e.eventuallyCondition(token, v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionFalse, v1alpha1.ReasonNoLeeway, "Overlap Period")
}

// TestALostAnswerWithoutLeeway sends nothing more, tells what to do, and goes on with what a person brings.
func TestALostAnswerWithoutLeeway(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(withoutLeeway)
	before := e.familyOf().Tokens.RefreshToken
	e.loseAnswer(simulator.DropAfter)
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	e.eventuallyReconciling(token, v1alpha1.ReasonRefreshResponseLost)
	sent := e.refreshes()
	// Half an hour later the log tells.
	e.stopOperator()
	e.editFamily(func(line map[string]any) {
		line["exchange"].(map[string]any)["until"] = time.Now().Add(-30 * time.Minute)
	})
	e.startOperator()
	message := e.eventuallyStalled(token, v1alpha1.ReasonRefreshResponseLost, "Secret seed", "leeway of 0s is over")
	if kept := e.familyOf(); kept.Tokens.RefreshToken != before {
		t.Error("the old token was not kept")
	}
	output := &corev1.Secret{ObjectMeta: e.meta("token")}
	e.get(output)
	if _, err := e.verify(string(output.Data["accessToken"]), ordersAPI); err != nil {
		t.Errorf("the access token that is still good is gone: %v", err)
	}
	// What the log said is remembered: it need not say so again.
	e.sim.AddFaults(simulator.Fault{Method: "GET", Route: "/api/v2/logs", Status: 503})
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBeforePercentage = new(int32(10)) })
	e.reconcile(token)
	e.eventuallyStalled(token, v1alpha1.ReasonRefreshResponseLost, message)
	e.sim.ClearFaults()
	if again := e.refreshes(); again != sent {
		t.Errorf("the refresh token was sent %d times more", again-sent)
	}
	e.requireNoReuse()
	e.putSecret("seed", "refreshToken", e.refreshToken())
	refreshTokenFixture.eventuallyRequire(e, token)
}

// TestAnAnswerOutlivesTheAPIServer has the API server refuse every write right after Auth0 answered.
func TestAnAnswerOutlivesTheAPIServer(t *testing.T) {
	t.Parallel()
	e, interruptions := newInterruptedEnvironment(t)
	// Without a leeway, nothing but the answer in memory can save the sign-in.
	token := e.shop(withoutLeeway)
	interruptions.breakAtAnswer()
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	interruptions.endAfter(e, func() {})
	refreshTokenFixture.eventuallyRequire(e, token)
	e.requireNoReuse()
}

// editFamily changes what the operator keeps.
func (e *environment) editFamily(edit func(map[string]any)) {
	e.Helper()
	change(e, &corev1.Secret{ObjectMeta: e.meta("token-refresh-token")}, func(s *corev1.Secret) {
		var line map[string]any
		if err := json.Unmarshal(s.Data["family"], &line); err != nil {
			e.Fatal(err)
		}
		edit(line)
		s.Data["family"], _ = json.Marshal(line)
	})
}

// TestOneRefreshAtATime finds a refresh that another replica began, and waits.
func TestOneRefreshAtATime(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	e.stopOperator()
	until := time.Now().Add(6 * time.Second)
	e.editFamily(func(line map[string]any) {
		line["exchange"] = map[string]any{"by": "another replica", "until": until, "began": time.Now()}
	})
	e.startOperator()
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	e.eventuallyReconciling(token, v1alpha1.ReasonRefreshInFlight)
	refreshed := func() int { return len(e.logged("sertft")) }
	if before := refreshed(); before != 1 || !time.Now().Before(until) {
		t.Errorf("%d refreshes before the other replica has given up", before)
	}
	refreshTokenFixture.eventuallyRequire(e, token)
	if time.Now().Before(until) || refreshed() != 2 {
		t.Errorf("%d refreshes, too early", refreshed())
	}
}

// logged returns the entries of the tenant's log of a type.
func (e *environment) logged(kind string) []map[string]any {
	e.Helper()
	var found []map[string]any
	for _, entry := range e.dashboardList("/api/v2/logs?per_page=100") {
		if entry["type"] == kind {
			found = append(found, entry)
		}
	}
	return found
}

// eventuallyLogged waits until the tenant's log has so many entries of a type.
func (e *environment) eventuallyLogged(kind string, least int) {
	e.Helper()
	e.eventually(func() error {
		if found := len(e.logged(kind)); found < least {
			return fmt.Errorf("%d entries of the type %s, want %d", found, kind, least)
		}
		return nil
	})
}

// setTokenLifetime has tokens for the API for orders live for so many seconds.
func (e *environment) setTokenLifetime(seconds int) {
	e.Helper()
	e.dashboard("PATCH", apisRoute+"/"+url.PathEscape(ordersAPI), map[string]any{"token_lifetime": seconds})
}

// TestThePreviousTokenStandsIn when Auth0 refuses the newest within the leeway, and never after.
func TestThePreviousTokenStandsIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		passes time.Duration
		alive  bool
	}{{"within the leeway", 0, true}, {"after the leeway", -2 * time.Minute, false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			token := e.shop(rotating)
			e.stopOperator()
			e.editFamily(func(line map[string]any) {
				tokens := line["tokens"].(map[string]any)
				tokens["refreshToken"] = "v1.overtaken"
				line["refreshedAt"] = time.Now().Add(row.passes)
			})
			e.startOperator()
			change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
			if row.alive {
				refreshTokenFixture.eventuallyRequire(e, token)
			} else {
				e.eventuallyStalled(token, v1alpha1.ReasonRefreshTokenRefused)
				sent := e.refreshes()
				change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBeforePercentage = new(int32(10)) })
				e.eventuallyStalled(token, v1alpha1.ReasonRefreshTokenRefused)
				if again := e.refreshes(); again != sent {
					t.Errorf("the refused token was sent %d times more", again-sent)
				}
			}
			e.requireNoReuse()
		})
	}
}

// TestASignInIsKeptByOneObject refuses a second one for the same refresh token.
func TestASignInIsKeptByOneObject(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	second := refreshTokenFixture.object(e, "two").(*v1alpha1.Auth0Token)
	second.Spec.OutputSecret.Name = "second"
	e.create(second)
	e.eventuallyStalled(second, v1alpha1.ReasonConflict, e.namespace+"/one", "delete this object", "If you delete "+e.namespace+"/one instead, without spec.deletionPolicy: Retain")
	e.restartOperator()
	e.reconcile(second)
	e.eventuallyStalled(second, v1alpha1.ReasonConflict)
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	e.eventuallyReady(token)
	e.deleteAndWait(second)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RefreshToken.Scopes = []string{"read:orders"} })
	e.eventuallyReady(token)
	e.requireNoReuse()
}

// TestWhatWorksOnceMayGo deletes the Secret with the refresh token to begin with.
func TestWhatWorksOnceMayGo(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	e.delete(&corev1.Secret{ObjectMeta: e.meta("seed")})
	e.reconcile(token)
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	refreshTokenFixture.eventuallyRequire(e, token)
}

// TestADeletedTokenFamilyIsNoReplay says that the Secret is gone, and sends nothing that was replaced.
func TestADeletedTokenFamilyIsNoReplay(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	sent := e.refreshes()
	e.delete(&corev1.Secret{ObjectMeta: e.meta("token-refresh-token")})
	e.restartOperator()
	e.reconcile(token)
	e.eventuallyStalled(token, v1alpha1.ReasonRefreshTokenSecretDeleted, "Secret token-refresh-token", "Secret seed")
	if again := e.refreshes(); again != sent {
		t.Errorf("a refresh token was sent %d times more", again-sent)
	}
	e.putSecret("seed", "refreshToken", e.refreshToken())
	refreshTokenFixture.eventuallyRequire(e, token)
	e.requireNoReuse()
}

// TestTheOutputIsRestoredFromTheTokenFamily without a call, whatever becomes of it.
func TestTheOutputIsRestoredFromTheTokenFamily(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	e.sim.ResetRequests()
	output := &corev1.Secret{ObjectMeta: e.meta("token")}
	for name, harm := range map[string]func(){
		"deleted":   func() { e.delete(output.DeepCopy()) },
		"edited":    func() { change(e, output, func(s *corev1.Secret) { s.Data["accessToken"] = []byte("edited") }) },
		"unlabeled": func() { change(e, output, func(s *corev1.Secret) { delete(s.Labels, "team") }) },
		"immutable": func() {
			change(e, output, func(s *corev1.Secret) { s.Immutable = new(true) })
			change(e, token, func(token *v1alpha1.Auth0Token) {
				token.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"accessToken": "{{ .accessToken }}", "more": "{{ .scope }}"}
			})
		},
		"of another type": func() {
			change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.OutputSecret.Type = "example.com/token" })
		},
	} {
		harm()
		e.eventually(func() error {
			if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "token"}, output); err != nil {
				return err
			}
			declared := token.Spec.OutputSecret
			if output.Labels["team"] != "shop" || declared.Type != "" && string(output.Type) != declared.Type || declared.Data != nil && len(output.Data) != len(declared.Data) {
				return fmt.Errorf("%s: not restored: %v %s %d keys", name, output.Labels, output.Type, len(output.Data))
			}
			return checkToken(e, token)
		})
		e.eventuallyReady(token)
	}
	refreshTokenFixture.requireWrites(e, 0)
}

// TestContentHash changes with the content, and with nothing else.
func TestContentHash(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	output := &corev1.Secret{ObjectMeta: e.meta("token")}
	hash := func() string {
		e.get(output)
		return output.Annotations["auth0-operator.io/content-hash"]
	}
	first := hash()
	change(e, token, func(token *v1alpha1.Auth0Token) {
		token.Spec.OutputSecret.Labels = map[string]v1alpha1.SecretLabel{"team": "other"}
	})
	e.eventuallyReady(token)
	if first == "" || hash() != first {
		t.Errorf("the hash changed from %q to %q with a label", first, hash())
	}
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	e.eventuallyReady(token)
	if hash() == first {
		t.Error("the hash is the same for another token")
	}
}

// TestRevokeOnDelete ends the sign-in with the object, and only if that is asked for.
func TestRevokeOnDelete(t *testing.T) {
	t.Parallel()
	for _, revoke := range []bool{true, false} {
		t.Run(fmt.Sprint(revoke), func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			token := e.shop(rotating)
			change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RevokeOnDelete = revoke })
			e.eventuallyReady(token)
			refreshToken := e.familyOf().Tokens.RefreshToken
			e.deleteAndWait(token)
			id, secret := e.machine()
			status, answer := e.exchange(url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refreshToken}})
			if alive := status == http.StatusOK; alive == revoke {
				t.Errorf("revokeOnDelete %t leaves a refresh token that is answered with %d %v", revoke, status, answer["error"])
			}
		})
	}
}

// TestRevocationDoesNotHoldAnObject whose credentials are gone.
func TestRevocationDoesNotHoldAnObject(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RevokeOnDelete = true })
	e.eventuallyReady(token)
	e.delete(&corev1.Secret{ObjectMeta: e.meta("machine")})
	e.deleteAndWait(token)
}

// TestASignedInUserIsRefreshed signs in once, and again only when the refresh token is lost.
func TestASignedInUserIsRefreshed(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	refreshingPasswordFixture.prepare(e)
	e.setTokenLifetime(5)
	token := refreshingPasswordFixture.object(e, "one")
	e.create(token)
	e.eventuallyReady(token)
	e.eventuallyLogged("sertft", 2)
	if signIns := len(e.logged("sepft")); signIns != 1 {
		t.Errorf("the user was signed in %d times", signIns)
	}
	id, secret := e.machine()
	e.stopOperator()
	if status, _ := e.post("/oauth/revoke", url.Values{"client_id": {id}, "client_secret": {secret}, "token": {e.familyOf().Tokens.RefreshToken}}); status != http.StatusOK {
		t.Fatalf("the revocation is answered with %d", status)
	}
	e.startOperator()
	e.eventuallyLogged("sepft", 2)
	e.eventuallyReady(token)
}

// TestDeviceApproval shows a person where to go, and takes no for an answer.
func TestDeviceApproval(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedNative(e)
	token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	message := e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
	device := token.Status.Device
	if device == nil || !strings.Contains(message, device.VerificationURIComplete) || !strings.Contains(message, device.UserCode) || device.VerificationURI != e.sim.URL+"/activate" {
		t.Fatalf("status says %+v, the message %s", device, message)
	}
	e.eventually(func() error {
		for _, event := range e.events(token) {
			if strings.HasPrefix(event, "ApprovalNeeded: ") && strings.Contains(event, device.UserCode) {
				return nil
			}
		}
		return errNotYet
	})
	// A restart shows the same code.
	e.restartOperator()
	e.reconcile(token)
	if again := token.Status.Device; again == nil || again.UserCode != device.UserCode {
		t.Errorf("after a restart status says %+v", again)
	}
	if err := e.sim.ApproveDevice(simulator.DeviceApproval{UserCode: device.UserCode, Deny: true}); err != nil {
		t.Fatal(err)
	}
	e.eventuallyStalled(token, v1alpha1.ReasonApprovalDenied, "The end-user denied the authorization request")
	e.sim.ResetRequests()
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBeforePercentage = new(int32(10)) })
	e.eventuallyStalled(token, v1alpha1.ReasonApprovalDenied)
	if requests := e.sim.Requests(); requests.Count("POST", "/oauth/device/code")+requests.Count("POST", "/oauth/token") != 0 {
		t.Errorf("a no is not taken for an answer: %v", requests.ByRoute)
	}
	e.reconcile(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
	if err := e.sim.ApproveDevice(simulator.DeviceApproval{UserCode: token.Status.Device.UserCode, UserID: e.adaID()}); err != nil {
		t.Fatal(err)
	}
	deviceTokenFixture.eventuallyRequire(e, token)
	if token.Status.Device != nil {
		t.Error("status still shows the code")
	}
}

// TestNobodyApproves shows a bounded number of codes.
func TestNobodyApproves(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedNative(e)
	token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	codes := map[string]bool{}
	e.within(2*patience, func() error {
		e.get(token)
		if device := token.Status.Device; device != nil && !codes[device.UserCode] {
			codes[device.UserCode] = true
			e.sim.Advance(16 * time.Minute)
		}
		if condition := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionStalled); condition == nil || condition.Reason != v1alpha1.ReasonApprovalExpired {
			return fmt.Errorf("not given up after %d codes: %+v", len(codes), token.Status.Conditions)
		}
		return nil
	})
	if len(codes) != 4 {
		t.Errorf("%d codes were shown, want 4", len(codes))
	}
}

// TestTokenOfADeclaredClient waits for its application without a call, and goes on within moments.
func TestTokenOfADeclaredClient(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedOrders(e)
	token := newToken(e, "orders")
	token.Spec.Client = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: "worker"}}
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonReferenceNotReady)
	e.requireCalls("waiting for the application", 0)
	worker := &v1alpha1.Auth0Client{ObjectMeta: e.meta("worker"), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec:    e.managedSpec(),
		ClientSettings: v1alpha1.ClientSettings{Name: "worker", AppType: new("non_interactive")},
		GrantTypes:     &v1alpha1.ClientGrantTypes{Items: []string{"client_credentials"}},
	}}
	e.create(worker)
	e.eventuallyReady(worker)
	e.eventuallyStalled(token, v1alpha1.ReasonInvalidSpec, "has no spec.outputSecret")
	change(e, worker, func(c *v1alpha1.Auth0Client) {
		c.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "worker-credentials"}
	})
	// The grant appears two seconds after the application.
	e.eventuallyStalled(token, v1alpha1.ReasonClientGrantMissing)
	<-time.After(2 * time.Second)
	e.get(worker)
	e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": worker.Status.ClientID, "audience": ordersAPI, "scope": []string{"read:orders"}})
	tokenFixture.eventuallyRequire(e, token)
}

// TestEveryAuthenticationMethodOfAnApplication has tokens issued to an application by reference and by its output Secret, and has a tenant
// reached with the Secret.
func TestEveryAuthenticationMethodOfAnApplication(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		declare func(*v1alpha1.Auth0Client)
		key     string
	}{
		{"secret in the form", func(c *v1alpha1.Auth0Client) { c.Spec.TokenEndpointAuthMethod = new("client_secret_post") }, "clientSecret"},
		{"secret in a header", func(c *v1alpha1.Auth0Client) { c.Spec.TokenEndpointAuthMethod = new("client_secret_basic") }, "tokenEndpointAuthMethod"},
		{"key pair", func(c *v1alpha1.Auth0Client) { withKeyPair(c) }, "privateKey"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			seedOrders(e)
			worker := &v1alpha1.Auth0Client{ObjectMeta: e.meta("worker"), Spec: v1alpha1.Auth0ClientSpec{
				ManagedSpec:    e.managedSpec(),
				ClientSettings: v1alpha1.ClientSettings{Name: "worker", AppType: new("non_interactive")},
				GrantTypes:     &v1alpha1.ClientGrantTypes{Items: []string{"client_credentials"}},
				OutputSecret:   &v1alpha1.OutputSecret{Name: "worker"},
			}}
			row.declare(worker)
			worker.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "worker"}
			e.create(worker)
			e.eventuallyReady(worker)
			for _, audience := range []string{ordersAPI, "https://" + e.sim.Domain + "/api/v2/"} {
				e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": worker.Status.ClientID, "audience": audience, "scope": []string{}})
			}
			for name, by := range map[string]v1alpha1.TokenClient{
				"referred": {ClientRef: &v1alpha1.LocalReference{Name: "worker"}},
				"secret":   {SecretRef: &v1alpha1.SecretReference{Name: "worker"}},
			} {
				token := newToken(e, name)
				token.Spec.Client, token.Spec.OutputSecret.Name, token.Spec.ClientCredentials.Scopes = by, name, nil
				e.create(token)
				e.eventuallyReady(token)
			}
			secret := &corev1.Secret{ObjectMeta: e.meta("worker")}
			e.get(secret)
			if len(secret.Data[row.key]) == 0 {
				t.Errorf("the output Secret holds no %s", row.key)
			}
			// The application can be the operator's, too, once a person says so by the type of the Secret.
			e.create(&corev1.Secret{ObjectMeta: e.meta("by-worker"), Type: v1alpha1.CredentialsSecretType, Data: secret.Data})
			tenant := e.tenant()
			tenant.Name, tenant.Spec.CredentialsSecretRef.Name = "by-worker", "by-worker"
			e.create(tenant)
			e.eventuallyReady(tenant)
		})
	}
}
