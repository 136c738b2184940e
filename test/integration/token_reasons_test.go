package integration

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// oauthFault has the token endpoint answer once as Auth0 does when the simulator cannot.
func oauthFault(status int, code, description string) func(*environment) {
	return func(e *environment) {
		body, _ := json.Marshal(map[string]string{"error": code, "error_description": description})
		e.sim.AddFaults(simulator.Fault{Method: "POST", Route: "/oauth/token", Times: 1, Status: status, Body: body})
	}
}

// machineGrants are the client grants of the application in Secret machine.
func (e *environment) machineGrants() []map[string]any {
	e.Helper()
	id, _ := e.machine()
	return e.dashboardList("/api/v2/client-grants?client_id=" + id)
}

// TestEveryRefusalHasAReason shows, for each way in which Auth0 refuses a token, the reason, the way out in the message, that
// what would make it worse is not repeated, and that the object heals by itself where what is missing appears.
func TestEveryRefusalHasAReason(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		fixture     fixture
		makeInvalid func(*environment)
		reason      string
		says        string
		// fix is what makes it good without anybody touching the object; nil where a person must say so.
		fix func(*environment)
	}{
		{"wrong password", passwordTokenFixture, func(e *environment) { e.putSecret("ada", "password", "planted-wrong") },
			v1alpha1.ReasonWrongPassword, "correct the password", func(e *environment) { e.putSecret("ada", "password", "Correct-Horse-1") }},
		{"blocked user", passwordTokenFixture, func(e *environment) {
			e.dashboard("PATCH", userPath(e.adaID()), map[string]any{"blocked": true})
		}, v1alpha1.ReasonUserBlocked, "unblock the user", nil},
		{"second factor", passwordTokenFixture, oauthFault(403, "mfa_required", "Multifactor authentication required"),
			v1alpha1.ReasonMFARequired, "spec.deviceCode", nil},
		{"brute force", passwordTokenFixture, oauthFault(429, "too_many_attempts", "Your account has been blocked after multiple consecutive login attempts."),
			v1alpha1.ReasonTooManyAttempts, v1alpha1.AnnotationUnblock, nil},
		{"breached password", passwordTokenFixture, oauthFault(401, "password_leaked", "This login attempt has been blocked."),
			v1alpha1.ReasonPasswordLeaked, "another one", nil},
		{"connection not enabled", passwordTokenFixture, func(e *environment) {
			id, _ := e.machine()
			e.enableConnectionFor(id, connection, false)
		}, v1alpha1.ReasonConnectionNotEnabled, "enable it", func(e *environment) {
			id, _ := e.machine()
			e.enableConnectionFor(id, connection, true)
		}},
		{"unknown audience", tokenFixture, func(e *environment) {
			e.dashboard("DELETE", "/api/v2/resource-servers/"+url.PathEscape(ordersAPI), nil)
		}, v1alpha1.ReasonAudienceNotFound, "create the API", func(e *environment) {
			seedOrders(e)
			id, _ := e.machine()
			e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": id, "audience": ordersAPI, "scope": []string{"read:orders"}})
		}},
		{"no client grant", tokenFixture, func(e *environment) {
			e.dashboard("DELETE", "/api/v2/client-grants/"+e.machineGrants()[0]["id"].(string), nil)
		}, v1alpha1.ReasonClientGrantMissing, "authorise it", func(e *environment) {
			id, _ := e.machine()
			e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": id, "audience": ordersAPI, "scope": []string{"read:orders"}})
		}},
		{"scope not granted", tokenFixture, func(e *environment) {
			e.dashboard("PATCH", "/api/v2/client-grants/"+e.machineGrants()[0]["id"].(string), map[string]any{"scope": []string{"write:orders"}})
		}, v1alpha1.ReasonScopeNotGranted, "ask for fewer", func(e *environment) {
			e.dashboard("PATCH", "/api/v2/client-grants/"+e.machineGrants()[0]["id"].(string), map[string]any{"scope": []string{"read:orders"}})
		}},
		{"grant type not allowed", tokenFixture, func(e *environment) {
			id, _ := e.machine()
			e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"grant_types": []string{"implicit"}})
		}, v1alpha1.ReasonGrantTypeNotAllowed, "add the grant type", func(e *environment) {
			id, _ := e.machine()
			e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"grant_types": []string{"client_credentials"}})
		}},
		{"expired code", codeOfNobody, func(e *environment) { e.sim.Advance(11 * time.Minute) },
			v1alpha1.ReasonCodeRefused, "sign in again", func(e *environment) { e.putSecret("code", "code", e.authorize(callback)) }},
		{"unknown refresh token", refreshTokenFixture, func(e *environment) { e.putSecret("seed", "refreshToken", "v1.nobody") },
			v1alpha1.ReasonRefreshTokenRefused, "sign in again", func(e *environment) { e.putSecret("seed", "refreshToken", e.refreshToken()) }},
		{"deleted user", refreshTokenFixture, func(e *environment) { e.dashboard("DELETE", userPath(e.adaID()), nil) },
			v1alpha1.ReasonUserNotFound, "does not exist any more", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			row.fixture.prepare(e)
			row.makeInvalid(e)
			token := row.fixture.object(e, "one").(*v1alpha1.Auth0Token)
			e.create(token)
			if message := e.eventuallyStalled(token, row.reason, row.says); strings.Contains(message, "planted") {
				t.Errorf("the message tells a secret: %s", message)
			}
			if row.fix != nil {
				row.fix(e)
				row.fixture.eventuallyRequire(e, token)
				return
			}
			e.sim.ResetRequests()
			change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBeforePercentage = new(int32(10)) })
			e.eventuallyStalled(token, row.reason)
			row.fixture.requireWrites(e, 0)
		})
	}
}

// codeOfNobody is a token by a code that nobody replaces.
var codeOfNobody = func() fixture {
	s := codeTokenFixture
	s.prepare = func(e *environment) {
		seedShop(e, nil)
		e.create(e.secret("code", map[string]string{"code": e.authorize(callback), "verifier": verifier}))
	}
	return s
}()

func TestTokenQuota(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	id, _ := e.machine()
	e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"token_quota": map[string]any{"client_credentials": map[string]any{"enforce": true, "per_hour": 1}}})
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	if quotas := token.Status.Quotas; len(quotas) != 1 || quotas[0].Limit != 1 || quotas[0].Remaining != 0 || quotas[0].Period != "per_hour" || quotas[0].Of != "Client" {
		t.Errorf("the quotas in status are %+v", quotas)
	}
	if issued := token.Status.Issued; issued == nil || issued.Total != 1 || issued.ThisMonth != 1 {
		t.Errorf("status counts %+v", issued)
	}
	other := newToken(e, "other")
	other.Spec.OutputSecret.Name = "other"
	e.create(other)
	e.eventuallyReconciling(other, v1alpha1.ReasonQuotaExceeded, "issues the next token at")
	e.sim.ResetRequests()
	// What is waited for is waited for as told, whatever else happens.
	change(e, other, func(token *v1alpha1.Auth0Token) {
		token.Spec.OutputSecret.Labels = map[string]v1alpha1.SecretLabel{"team": "shop"}
	})
	e.eventuallyReconciling(other, v1alpha1.ReasonQuotaExceeded)
	e.reconcile(token)
	tokenFixture.requireWrites(e, 0)
	// Nobody else is held back.
	e.dashboard("PATCH", "/api/v2/clients/"+id, map[string]any{"token_quota": nil})
	third := newToken(e, "third")
	third.Spec.OutputSecret.Name = "third"
	e.create(third)
	e.eventuallyReady(third)

	tenant := e.tenant()
	e.reconcile(tenant)
	if issued := tenant.Status.IssuedTokens; issued == nil || issued.ThisMonth != 2 {
		t.Errorf("the tenant counts %+v", issued)
	}
	if text := e.metricsText(); !strings.Contains(text, "auth0_operator_tokens_issued_total") {
		t.Error("no metric counts the tokens")
	}
}

// TestFewerScopesThanAsked has Auth0 grant less than the spec asks for.
func TestFewerScopesThanAsked(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	passwordTokenFixture.prepare(e)
	token := passwordTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.Password.Scopes = []string{"read:orders", "read:invoices"}
	e.create(token)
	e.eventuallyReady(token)
	message := e.eventuallyCondition(token, v1alpha1.ConditionScopesGranted, "False", v1alpha1.ReasonPartiallyGranted)
	if !strings.Contains(message, "read:invoices") || strings.Contains(message, "read:orders") {
		t.Errorf("the message is %s", message)
	}
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.Password.Scopes = []string{"read:orders"} })
	e.eventuallyCondition(token, v1alpha1.ConditionScopesGranted, "True", v1alpha1.ReasonAllGranted)
}

// TestARenewalAllTheTimeIsRefused keeps the token alive all the same.
func TestARenewalAllTheTimeIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBefore = durationOf(23 * time.Hour) })
	e.eventuallyStalled(token, v1alpha1.ReasonInvalidSpec, "half is used instead")
	if ahead := token.Status.ExpiresAt.Sub(token.Status.RenewsAt.Time); ahead < 12*time.Hour || ahead > 15*time.Hour {
		t.Errorf("the token is renewed %s before it expires", ahead)
	}
	tokenFixture.require(e, token)
}

// TestTokensAreVerifiable verifies what every grant gives as those do for whom it is.
func TestTokensAreVerifiable(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]fixture{
		"client credentials": tokenFixture, "password": refreshingPasswordFixture, "authorization code": codeTokenFixture,
		"refresh token": refreshTokenFixture, "device code": deviceTokenFixture,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			token := s.object(e, "one").(*v1alpha1.Auth0Token)
			switch spec := &token.Spec; {
			case spec.Password != nil:
				spec.Password.Scopes = append(spec.Password.Scopes, "openid")
			case spec.RefreshToken != nil:
				spec.RefreshToken.Scopes = append(spec.RefreshToken.Scopes, "openid")
			case spec.DeviceCode != nil:
				spec.DeviceCode.Scopes = append(spec.DeviceCode.Scopes, "openid")
			}
			e.create(token)
			e.eventuallyReady(token)
			id, _ := e.machine()
			secret := &corev1.Secret{ObjectMeta: e.meta("token")}
			e.get(secret)
			fixture := id + "@clients"
			if token.Spec.ClientCredentials == nil {
				fixture = e.adaID()
				claims, err := e.verify(string(secret.Data["idToken"]), id)
				if err != nil || claims["sub"] != fixture {
					t.Errorf("the ID token says %v: %v", claims, err)
				}
			}
			claims, err := e.verify(string(secret.Data["accessToken"]), ordersAPI)
			if err != nil || claims["sub"] != fixture || !strings.Contains(fmt.Sprint(claims["scope"]), "read:orders") {
				t.Errorf("the access token says %v: %v", claims, err)
			}
			status := token.Status
			if status.Subject != fixture || status.Audience != ordersAPI || status.ExpiresAt == nil || !status.ExpiresAt.Time.Equal(claims["exp"].(time.Time)) {
				t.Errorf("status says %+v, the token %v", status, claims)
			}
		})
	}
}

// TestTokenByPrivateKey has an application prove itself by a key.
func TestTokenByPrivateKey(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	id, _ := e.machine()
	key := e.requireKeyOf(id, "RS256")
	change(e, &corev1.Secret{ObjectMeta: e.meta("machine")}, func(s *corev1.Secret) {
		s.Data = map[string][]byte{"clientId": []byte(id), "privateKey": []byte(key)}
	})
	tokenFixture.declared(e)
}

// TestTokenForAnOrganization has a client grant that goes with organizations.
func TestTokenForAnOrganization(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	organization := e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "acme"})
	e.dashboard("PATCH", "/api/v2/client-grants/"+e.machineGrants()[0]["id"].(string), map[string]any{"organization_usage": "allow", "allow_any_organization": true})
	token := newToken(e, "orders")
	token.Spec.ClientCredentials.Organization = new("acme")
	e.create(token)
	e.eventuallyReady(token)
	if token.Status.Organization != organization["id"] {
		t.Errorf("status says %q", token.Status.Organization)
	}
}

// TestADeletedUserIsNoticed long before the token runs out, anyone who deleted the user.
func TestADeletedUserIsNoticed(t *testing.T) {
	t.Parallel()
	inTheDashboard := func(e *environment, ada string) { e.dashboard("DELETE", userPath(ada), nil) }
	withItsObject := func(e *environment, ada string) {
		user := userFixture.object(e, "ada").(*v1alpha1.Auth0User)
		user.Spec.UserID, user.Spec.Password, user.Spec.Roles = new(ada), nil, nil
		mayAdopt(user)
		e.create(user)
		e.eventuallyReady(user)
		e.deleteAndWait(user)
	}
	for _, row := range []struct {
		name    string
		fixture fixture
		remove  func(e *environment, ada string)
	}{
		{"of a token family, in the dashboard", refreshTokenFixture, inTheDashboard},
		{"of a password, in the dashboard", passwordTokenFixture, inTheDashboard},
		{"of a token family, with its object", refreshTokenFixture, withItsObject},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			row.fixture.prepare(e)
			token := row.fixture.object(e, "one").(*v1alpha1.Auth0Token)
			e.create(token)
			e.eventuallyReady(token)
			e.sim.ResetRequests()
			row.remove(e, token.Status.Subject)
			e.eventuallyStalled(token, v1alpha1.ReasonUserNotFound, "Secret token is valid until "+token.Status.ExpiresAt.UTC().Format(time.RFC3339))
			// Who comes later knows, too.
			e.restartOperator()
			e.reconcile(token)
			e.eventuallyStalled(token, v1alpha1.ReasonUserNotFound)
			if issued := len(e.logged("sertft")) + len(e.logged("fertft")) + len(e.logged("sepft")); issued != 1 {
				t.Errorf("a token was asked for %d times", issued)
			}
		})
	}
}
