package integration

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// refresh has a token refreshed now, and returns the refresh token that came of it.
func (e *environment) refresh(token *v1alpha1.Auth0Token) string {
	e.Helper()
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	refreshTokenFixture.eventuallyRequire(e, token)
	return e.familyOf().Tokens.RefreshToken
}

// TestTheKeyOfTheHashesIsLost as when the operator is installed again. What a sign-in began with was replaced since, and is not
// sent again.
func TestTheKeyOfTheHashesIsLost(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	newest := e.refresh(token)
	machine := newToken(e, "machine")
	machine.Spec.OutputSecret.Name, machine.Spec.Client.SecretRef.Name = "of-the-machine", e.orderingApplication("worker")
	e.create(machine)
	e.eventuallyReady(machine)
	e.stopOperator()
	e.delete(&corev1.Secret{ObjectMeta: e.meta("auth0-operator-hash-key")})
	e.sim.ResetRequests()
	e.startOperator()
	for _, object := range []v1alpha1.Object{token, machine} {
		e.reconcile(object)
		e.eventuallyReady(object)
	}
	if kept := e.familyOf().Tokens.RefreshToken; kept != newest {
		t.Error("the sign-in did not go on where it was")
	}
	if issued := e.sim.Requests().Count("POST", "/oauth/token"); issued > 1 {
		t.Errorf("%d tokens were asked for, want the operator's own at most", issued)
	}
	e.requireNoReuse()
}

// orderingApplication makes an application that may call the API for orders, with its credentials in a Secret of its name.
func (e *environment) orderingApplication(name string) string {
	e.Helper()
	app := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": name, "app_type": "non_interactive", "grant_types": []string{"client_credentials"}})
	e.dashboard("POST", grantsRoute, map[string]any{"client_id": app["client_id"], "audience": ordersAPI, "scope": []string{"read:orders"}})
	e.create(e.secret(name, map[string]string{"clientId": app["client_id"].(string), "clientSecret": app["client_secret"].(string)}))
	return name
}

// TestAMistakeEndsNoSignIn has a person put a wrong value where a sign-in began, and correct it.
func TestAMistakeEndsNoSignIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, secret, key string
		wrong             func(*environment) string
	}{
		{"refresh token", "seed", "refreshToken", func(*environment) string { return "v1.nobody" }},
		{"application", "machine", "clientId", func(e *environment) string {
			return e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "other", "app_type": "regular_web"})["client_id"].(string)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			token := e.shop(rotating)
			newest := e.refresh(token)
			from := &corev1.Secret{ObjectMeta: e.meta(row.secret)}
			e.get(from)
			right := string(from.Data[row.key])
			e.putSecret(row.secret, row.key, row.wrong(e))
			e.eventuallyStalled(token, v1alpha1.ReasonRefreshTokenRefused)
			e.putSecret(row.secret, row.key, right)
			e.eventuallyReady(token)
			change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RefreshToken.Scopes = []string{"read:orders"} })
			refreshTokenFixture.eventuallyRequire(e, token)
			if previous := e.familyOf().Previous; previous != newest {
				t.Error("the sign-in did not go on where it was")
			}
			e.requireNoReuse()
		})
	}
}

// TestATokenGoesWithItsApplication although the one waits for the other.
func TestATokenGoesWithItsApplication(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	machine := e.declaredShop()
	token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.Client, token.Spec.RevokeOnDelete = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: machine.Name}}, true
	e.create(token)
	e.eventuallyReady(token)
	e.delete(machine)
	e.eventuallyReconciling(machine, v1alpha1.ReasonInUse)
	e.deleteAndWait(token)
	if revoked := len(e.logged("srrt")); revoked != 1 {
		t.Errorf("the sign-in was revoked %d times", revoked)
	}
	e.eventuallyGone(machine)
}

// TestATokenIsRenewedWhateverItsApplicationIsStalledFor renews with what it had renewed with before.
func TestATokenIsRenewedWhateverItsApplicationIsStalledFor(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	machine := e.declaredShop()
	token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.Client = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: machine.Name}}
	e.create(token)
	e.eventuallyReady(token)
	change(e, machine, func(c *v1alpha1.Auth0Client) {
		c.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"SECRET": "{{ .password }}"}
	})
	e.eventuallyStalled(machine, v1alpha1.ReasonInvalidSpec)
	e.refresh(token)
}

// declaredShop is what seedShop makes, with the application declared.
func (e *environment) declaredShop() *v1alpha1.Auth0Client {
	e.Helper()
	seedOrders(e)
	e.dashboard("PATCH", "/api/v2/resource-servers/"+url.PathEscape(ordersAPI), map[string]any{"allow_offline_access": true})
	userFixture.existing(e)
	machine := newMachine(e, "machine")
	machine.Spec.AppType, machine.Spec.Callbacks, machine.Spec.OIDCConformant = new("regular_web"), []string{callback}, new(true)
	machine.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Items: []string{"authorization_code", "refresh_token"}}
	machine.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "machine"}
	e.create(machine)
	e.eventuallyReady(machine)
	e.create(e.secret("seed", map[string]string{"refreshToken": e.refreshToken()}))
	return machine
}

// TestWhatIsIssuedOnce under CreateOnly is left alone for as long as it is valid, whatever the spec says of renewals.
func TestWhatIsIssuedOnce(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	refreshTokenFixture.prepare(e)
	e.setTokenLifetime(5)
	token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.ManagementPolicy, token.Spec.RenewBefore = v1alpha1.ManagementPolicyCreateOnly, durationOf(time.Hour)
	e.create(token)
	e.eventuallyStalled(token, v1alpha1.ReasonInvalidSpec, "half is used instead")
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBefore = nil })
	e.eventuallyReady(token)
	first := token.Status.ExpiresAt.Time
	e.eventually(func() error {
		e.get(token)
		if !token.Status.ExpiresAt.After(first) {
			return errNotYet
		}
		return nil
	})
	if again := token.Status.IssuedAt; again.Time.Before(first) {
		t.Errorf("replaced at %s; the first was valid until %s", again, first)
	}
}

// TestAnExpiredTokenIsNotReady although nobody can renew it, nor anything happens that has it looked at.
func TestAnExpiredTokenIsNotReady(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	e.setTokenLifetime(20)
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Suspend = true })
	e.eventuallyReconciling(token, v1alpha1.ReasonTenantNotReady)
	if ready := meta.IsStatusConditionTrue(token.Status.Conditions, v1alpha1.ConditionReady); !ready {
		t.Error("a token that is still valid is not Ready any more")
	}
	e.eventuallyCondition(token, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTenantNotReady)
	if now := time.Now(); now.Before(token.Status.ExpiresAt.Time) {
		t.Errorf("not Ready before it expired at %s", token.Status.ExpiresAt)
	}
}

// TestAnApprovalOutlivesTheAPIServer has the API server refuse every write right after Auth0 let the device in.
func TestAnApprovalOutlivesTheAPIServer(t *testing.T) {
	t.Parallel()
	e, interruptions := newInterruptedEnvironment(t)
	seedNative(e)
	token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
	if err := e.sim.ApproveDevice(simulator.DeviceApproval{UserCode: token.Status.Device.UserCode, UserID: e.adaID()}); err != nil {
		t.Fatal(err)
	}
	interruptions.breakAtAnswer()
	interruptions.endAfter(e, func() {})
	deviceTokenFixture.eventuallyRequire(e, token)
}

// TestADeletionLosesNoAnswer has an object be deleted, and what it had stay, before the answer of Auth0's could be written down.
func TestADeletionLosesNoAnswer(t *testing.T) {
	t.Parallel()
	e, interruptions := newInterruptedEnvironment(t)
	token := e.shop(withoutLeeway)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.eventuallyReady(token)
	interruptions.breakAtAnswer()
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	interruptions.endAfter(e, func() { e.delete(token) })
	e.eventuallyGone(token)
	id, secret := e.machine()
	kept := e.familyOf().Tokens.RefreshToken
	if status, answer := e.exchange(url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {kept}}); status != http.StatusOK {
		t.Errorf("what is left is answered with %d %v", status, answer)
	}
}

// TestATokenFamilyIsDeletedDuringARefresh which nobody else went on with.
func TestATokenFamilyIsDeletedDuringARefresh(t *testing.T) {
	t.Parallel()
	e, interruptions := newInterruptedEnvironment(t)
	token := e.shop(withoutLeeway)
	interruptions.atAnswer(func() { _ = e.kube.Delete(e.ctx, &corev1.Secret{ObjectMeta: e.meta("token-refresh-token")}) })
	newest := e.refresh(token)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RefreshToken.Scopes = []string{"read:orders"} })
	refreshTokenFixture.eventuallyRequire(e, token)
	if previous := e.familyOf().Previous; previous != newest {
		t.Error("the sign-in did not go on where it was")
	}
	e.requireNoReuse()
}

// declaredAda declares a user, and a token for that user.
func (e *environment) declaredAda() (*v1alpha1.Auth0User, *v1alpha1.Auth0Token) {
	e.Helper()
	seedShop(e, nil)
	ada := userFixture.object(e, "ada").(*v1alpha1.Auth0User)
	ada.Spec.Blocked, ada.Spec.Roles = nil, nil
	mayAdopt(ada)
	e.create(e.secret("password", map[string]string{"password": "Correct-Horse-1"}))
	e.create(ada)
	e.eventuallyReady(ada)
	token := refreshingPasswordFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.Password.Username, token.Spec.Password.PasswordSecretRef = nil, nil
	token.Spec.Password.UserRef = &v1alpha1.LocalReference{Name: "ada"}
	e.create(token)
	e.eventuallyReady(token)
	return ada, token
}

// TestAUserIsRecreated has somebody delete the user of a token in Auth0, and the operator create the user again, with another id.
func TestAUserIsRecreated(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	ada, token := e.declaredAda()
	first := token.Status.Subject
	userFixture.deleteRemotely(e, ada)
	e.reconcile(ada)
	e.eventually(func() error {
		e.get(token)
		e.get(ada)
		if ada.Status.UserID == first || token.Status.Subject != ada.Status.UserID {
			return fmt.Errorf("the token is for %s, the user is %s: %+v", token.Status.Subject, ada.Status.UserID, token.Status.Conditions)
		}
		return nil
	})
	e.eventuallyReady(token)
}

// TestAPasswordThatIsOnItsWay is refused before Auth0 has it from the user's object, and not for good.
func TestAPasswordThatIsOnItsWay(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	ada, token := e.declaredAda()
	change(e, ada, func(user *v1alpha1.Auth0User) { user.Spec.Suspend = true })
	e.eventuallyCondition(ada, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	e.putSecret("password", "password", "planted-Next-Password-1")
	change(e, token, func(token *v1alpha1.Auth0Token) {
		token.Spec.Password.Scopes = []string{"offline_access", "write:orders"}
	})
	e.eventuallyStalled(token, v1alpha1.ReasonWrongPassword)
	change(e, ada, func(user *v1alpha1.Auth0User) { user.Spec.Suspend = false })
	refreshingPasswordFixture.eventuallyRequire(e, token)
}

// TestTheRiskIsOverWhenItsSettingIsChanged as the message says.
func TestTheRiskIsOverWhenItsSettingIsChanged(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(withoutLeeway)
	e.eventuallyCondition(token, v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionFalse, v1alpha1.ReasonNoLeeway)
	e.setRefreshRules(rotating)
	e.reconcile(token)
	e.eventuallyCondition(token, v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionTrue, v1alpha1.ReasonReplayAllowed)
}

// TestALeewayThatIsGone is not relied on.
func TestALeewayThatIsGone(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	e.setRefreshRules(withoutLeeway)
	e.loseAnswer(simulator.DropAfter)
	change(e, token, func(token *v1alpha1.Auth0Token) { refreshTokenFixture.change(token) })
	e.eventuallyReconciling(token, v1alpha1.ReasonRefreshResponseLost)
	e.requireNoReuse()
}

// TestARequestOutlivesAFailure asks for what was refused once more, and Auth0 is out of order just then.
func TestARequestOutlivesAFailure(t *testing.T) {
	t.Parallel()
	outOfOrder := func(e *environment, route string) {
		e.sim.AddFaults(simulator.Fault{Method: "POST", Route: route, Times: 1, Status: 503})
	}
	t.Run("a sign-in", func(t *testing.T) {
		t.Parallel()
		e := newEnvironment(t)
		passwordTokenFixture.prepare(e)
		e.dashboard("PATCH", userPath(e.adaID()), map[string]any{"blocked": true})
		token := passwordTokenFixture.object(e, "one")
		e.create(token)
		e.eventuallyStalled(token, v1alpha1.ReasonUserBlocked)
		e.dashboard("PATCH", userPath(e.adaID()), map[string]any{"blocked": false})
		outOfOrder(e, "/oauth/token")
		e.reconcile(token)
		e.eventuallyReady(token)
	})
	t.Run("another code", func(t *testing.T) {
		t.Parallel()
		e := newEnvironment(t)
		seedNative(e)
		token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
		e.create(token)
		e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
		if err := e.sim.ApproveDevice(simulator.DeviceApproval{UserCode: token.Status.Device.UserCode, Deny: true}); err != nil {
			t.Fatal(err)
		}
		e.eventuallyStalled(token, v1alpha1.ReasonApprovalDenied)
		outOfOrder(e, "/oauth/device/code")
		e.reconcile(token)
		e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
	})
}

// TestADeletedUserIsNotSaidToHaveTheWrongPassword although the sign-in is refused with these words.
func TestADeletedUserIsNotSaidToHaveTheWrongPassword(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	// Nobody hears of the deletion.
	e.withoutScopes("read:logs", "read:events")
	e.create(e.tenant())
	e.startOperator()
	refreshingPasswordFixture.prepare(e)
	e.setTokenLifetime(5)
	token := refreshingPasswordFixture.object(e, "one")
	e.create(token)
	e.eventuallyReady(token)
	e.dashboard("DELETE", userPath(e.adaID()), nil)
	e.eventuallyStalled(token, v1alpha1.ReasonUserNotFound, "ada@example.com does not exist any more")
}

// TestAUserThatIsNotReadyStaysSignedIn as a refresh takes no password.
func TestAUserThatIsNotReadyStaysSignedIn(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	ada, token := e.declaredAda()
	change(e, ada, func(user *v1alpha1.Auth0User) {
		user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("nobody")}}}
	})
	e.eventuallyReconciling(ada, v1alpha1.ReasonRoleNotFound)
	before := len(e.logged("sertft"))
	e.setTokenLifetime(5)
	e.stopOperator()
	e.editFamily(func(line map[string]any) { line["tokens"].(map[string]any)["expiresAt"] = time.Now().Add(time.Second) })
	e.startOperator()
	e.eventuallyLogged("sertft", before+2)
	e.eventuallyReady(token)
}

// TestWhatWasNotUsedIsFree for another object, when the first has gone on to something else.
func TestWhatWasNotUsedIsFree(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	refreshTokenFixture.prepare(e)
	e.sim.AddFaults(simulator.Fault{Method: "POST", Route: "/oauth/token", Status: 503})
	first := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(first)
	e.eventually(func() error {
		e.get(first)
		if len(first.Status.AppliedSecrets) == 0 {
			return errNotYet
		}
		return nil
	})
	e.sim.ClearFaults()
	e.create(e.secret("other", map[string]string{"refreshToken": e.refreshToken()}))
	change(e, first, func(token *v1alpha1.Auth0Token) { token.Spec.RefreshToken.SecretRef.Name = "other" })
	e.eventuallyReady(first)
	second := refreshTokenFixture.object(e, "two").(*v1alpha1.Auth0Token)
	second.Spec.OutputSecret.Name = "second"
	e.create(second)
	e.eventuallyReady(second)
}

// TestNobodyIsSentToACodeThatIsOver tells no place to approve a sign-in that is not waited for any more.
func TestNobodyIsSentToACodeThatIsOver(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedNative(e)
	token := deviceTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonApprovalPending)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.DeviceCode.Audience = new("https://nowhere.example.com/") })
	e.eventuallyStalled(token, v1alpha1.ReasonAudienceNotFound)
	if device := token.Status.Device; device != nil {
		t.Errorf("status still shows the code %s", device.UserCode)
	}
}

// TestNothingStaysOfADeletedToken in the metrics.
func TestNothingStaysOfADeletedToken(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "short-lived")
	e.create(token)
	e.eventuallyReady(token)
	counted := func(want bool) {
		t.Helper()
		e.eventually(func() error {
			if text := e.metricsText(); strings.Contains(text, "short-lived") != want {
				return fmt.Errorf("whether a metric counts the token should be %t: %s", want, text)
			}
			return nil
		})
	}
	counted(true)
	e.deleteAndWait(token)
	counted(false)
}

// TestATokenThatNobodyCanRenew is left in peace until it expires, and says so.
func TestATokenThatNobodyCanRenew(t *testing.T) {
	t.Parallel()
	m := newCrashable(t)
	seedShop(m.environment, nil)
	m.dashboard("PATCH", "/api/v2/resource-servers/"+url.PathEscape(ordersAPI), map[string]any{"allow_offline_access": false})
	m.create(m.secret("code", map[string]string{"code": m.authorize(callback), "verifier": verifier}))
	token := codeTokenFixture.object(m.environment, "one").(*v1alpha1.Auth0Token)
	m.create(token)
	m.eventuallyReady(token)
	m.eventuallyCondition(token, v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionFalse, v1alpha1.ReasonNoRefreshToken)
	if renews := token.Status.RenewsAt; renews != nil {
		t.Errorf("status says that it is renewed at %s", renews)
	}
	m.stopOperator()
	m.sim.Advance(22 * time.Hour)
	life := m.startByHand()
	result, err := life.loop.Reconcile(m.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(token)})
	if err != nil || result.RequeueAfter < 30*time.Minute {
		t.Errorf("looked at again after %s: %v", result.RequeueAfter, err)
	}
}

// TestATokenThatIsForAnotherAPI than the one that was asked for is said to be.
func TestATokenThatIsForAnotherAPI(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	refreshTokenFixture.prepare(e)
	const invoicesAPI = "https://invoices.example.com/"
	e.dashboard("POST", "/api/v2/resource-servers", map[string]any{"identifier": invoicesAPI, "name": "Invoices"})
	token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.RefreshToken.Audience = new(invoicesAPI)
	e.create(token)
	e.eventuallyReady(token)
	e.eventuallyCondition(token, v1alpha1.ConditionScopesGranted, metav1.ConditionFalse, v1alpha1.ReasonPartiallyGranted, "is for "+ordersAPI, invoicesAPI)
	if token.Status.Audience != ordersAPI {
		t.Errorf("status says that it is for %s", token.Status.Audience)
	}
}

// TestATokenThatHasExpiredAlready as the operator's clock is wrong, or the API lets none live, is not asked for again and again.
func TestATokenThatHasExpiredAlready(t *testing.T) {
	t.Parallel()
	m := newCrashable(t)
	tokenFixture.prepare(m.environment)
	m.setTokenLifetime(0)
	token := newToken(m.environment, "orders")
	m.create(token)
	m.eventuallyStalled(token, v1alpha1.ReasonNotRenewable, "has expired already", "clock")
	m.stopOperator()
	life := m.startByHand()
	result, err := life.loop.Reconcile(m.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(token)})
	if err != nil || result.RequeueAfter < 10*time.Minute {
		t.Errorf("looked at again after %s: %v", result.RequeueAfter, err)
	}
}

// TestADeletionSaysHowToGoOn where the sign-in cannot be ended.
func TestADeletionSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	token := e.shop(rotating)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RevokeOnDelete = true })
	e.eventuallyReady(token)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Suspend = true })
	e.delete(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonTenantNotReady, "set spec.revokeOnDelete to false")
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RevokeOnDelete = false })
	e.eventuallyGone(token)
}

// TestTokensAreRenewedWhileTheirTenantWaits for its objects to go: workloads go on until then.
func TestTokensAreRenewedWhileTheirTenantWaits(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	e.setTokenLifetime(20)
	token := tokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	e.eventuallyReady(token)
	tenant := e.tenant()
	e.get(tenant)
	e.delete(tenant)
	e.eventually(func() error {
		e.get(tenant)
		if ready := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonInUse {
			return fmt.Errorf("the tenant does not wait: %+v", ready)
		}
		return nil
	})
	output := &corev1.Secret{ObjectMeta: e.meta(token.Spec.OutputSecret.Name)}
	e.get(output)
	before := string(output.Data["accessToken"])
	e.eventually(func() error {
		e.get(output)
		if string(output.Data["accessToken"]) == before {
			return errors.New("the token is not renewed")
		}
		return nil
	})
	e.deleteAndWait(token)
	e.eventuallyGone(tenant)
}
