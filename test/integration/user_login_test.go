package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestSignupSetsTheRestAtOnce signs a user up: one call for the sign-up, one for what it cannot carry.
func TestSignupSetsTheRestAtOnce(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	signupFixture.prepare(e)
	user := signupFixture.object(e, "ada").(*v1alpha1.Auth0User)
	user.Spec.Roles, user.Spec.Permissions, user.Spec.EmailVerified = nil, nil, new(true)
	e.sim.ResetRequests()
	e.create(user)
	e.eventuallyReady(user)
	e.requireCalls("a sign-up", 2)
	signupFixture.require(e, user)
	stored := e.user(user.Status.UserID)
	if metadata := stored["user_metadata"].(map[string]any); len(metadata) != 1 {
		t.Errorf("the proof of the sign-up is left in user_metadata: %v", metadata)
	}
	if stored["email_verified"] != true || !strings.HasPrefix(fmt.Sprint(stored["app_metadata"]), "map[auth0_operator:"+e.namespace+"/ada/") {
		t.Errorf("the user in Auth0 is %v", stored)
	}
	e.sim.ResetRequests()
	e.reconcile(user)
	signupFixture.requireWrites(e, 0)
}

// TestSignupTakesNoForeignAccount has somebody else sign up with the same address first, who even claims to be ours.
func TestSignupTakesNoForeignAccount(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	signupFixture.prepare(e)
	user := signupFixture.object(e, "ada").(*v1alpha1.Auth0User)
	e.dashboard("POST", "/api/v2/users", map[string]any{
		"connection": connection, "email": "ada@example.com", "password": "Stranger-Horse-1", "verify_email": false,
		"user_metadata": map[string]any{"auth0_operator": e.namespace + "/ada"},
	})
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonAlreadyExists)
	if foreignObject := e.users()[0]; foreignObject["name"] == "Ada Lovelace" || foreignObject["app_metadata"] != nil {
		t.Errorf("the stranger's account was changed: %v", foreignObject)
	}
	e.deleteAndWait(user)
	signupFixture.requireCount(e, 1)
}

func TestSignupRefused(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	signupFixture.prepare(e)
	for _, found := range e.dashboardList("/api/v2/connections?name=" + connection) {
		options := found["options"].(map[string]any)
		options["disable_signup"] = true
		e.dashboard("PATCH", "/api/v2/connections/"+found["id"].(string), map[string]any{"options": options})
	}
	user := signupFixture.object(e, "ada").(*v1alpha1.Auth0User)
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonSignupRefused, "spec.provisioning to Management")
}

// TestRefusedPasswordIsNotSentAgain until it changes. The message names the rule.
func TestRefusedPasswordIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]fixture{"Management": userFixture, "Signup": signupFixture} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			secret := &corev1.Secret{ObjectMeta: e.meta("password")}
			change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("planted-weak") })
			user := s.object(e, "ada").(*v1alpha1.Auth0User)
			e.create(user)
			const rule = "it lacks upper-case letters and digits"
			e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected, rule)
			e.restartOperator()
			e.eventuallyReady(e.tenant())
			e.sim.ResetRequests()
			change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Name = new("Ada again") })
			e.eventuallyStalled(user, v1alpha1.ReasonPasswordRejected, rule)
			if writes := s.writes(e.sim.Requests()); writes != 0 {
				t.Errorf("the refused password was sent again: %+v", e.sim.Requests().ByRoute)
			}
			change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-1") })
			e.eventuallyReady(user)
			// The operator would put the block right that is lifted to sign in.
			e.stopOperator()
			requirePassword(e, "Correct-Horse-1", true)
			if len(user.Status.AppliedSecrets) != 1 || user.Status.AppliedSecrets[0].Refused != "" {
				t.Errorf("the refusal is still remembered: %+v", user.Status.AppliedSecrets)
			}
		})
	}
}

func TestGeneratedPassword(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	for _, found := range e.dashboardList("/api/v2/connections?name=" + connection) {
		options := found["options"].(map[string]any)
		options["passwordPolicy"] = "excellent"
		options["password_complexity_options"] = map[string]any{"min_length": 60}
		e.dashboard("PATCH", "/api/v2/connections/"+found["id"].(string), map[string]any{"options": options})
	}
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{
		Name: "login", Data: map[string]v1alpha1.SecretTemplate{"LOGIN": "{{ .username }}:{{ .password }}"},
	}}}
	e.create(user)
	e.eventuallyReady(user)
	first := e.generated("login")
	requirePassword(e, first, false)
	secret := &corev1.Secret{ObjectMeta: e.meta("login")}
	e.get(secret)
	if string(secret.Data["LOGIN"]) != "ada@example.com:"+first || len(first) < 60 {
		t.Errorf("the Secret has %d keys, and a password of %d characters", len(secret.Data), len(first))
	}

	e.sim.ResetRequests()
	e.reconcile(user)
	e.restartOperator()
	e.reconcile(user)
	if e.generated("login") != first || e.sim.Requests().Writes() != 0 {
		t.Error("the password changed by itself")
	}

	rotate := func(token string) {
		change(e, user, func(u *v1alpha1.Auth0User) {
			u.Annotations[v1alpha1.AnnotationRotatePassword] = token
		})
	}
	rotate("now")
	e.eventually(func() error {
		if e.generated("login") == first {
			return errNotYet
		}
		return nil
	})
	e.reconcile(user)
	second := e.generated("login")
	requirePassword(e, second, false)

	e.delete(secret)
	e.eventually(func() error {
		if third := e.generated("login"); third == "" || third == second {
			return errNotYet
		}
		return nil
	})
	e.reconcile(user)
	requirePassword(e, e.generated("login"), false)
}

// generated returns the password in a Secret, "" if there is none.
func (e *environment) generated(name string) string {
	e.Helper()
	var secret corev1.Secret
	if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: name}, &secret); err != nil {
		return ""
	}
	return string(secret.Data["password"])
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Invitation = &v1alpha1.UserInvitation{
		OutputSecret: v1alpha1.OutputSecret{Name: "invitation"}, TTL: &metav1.Duration{Duration: 48 * time.Hour}, MarkEmailAsVerified: new(true),
	}
	e.create(user)
	e.eventuallyReady(user)
	link := e.invitation()
	if !strings.HasPrefix(link, e.sim.URL+"/u/reset-password?ticket=") {
		t.Errorf("the link is %q", link)
	}
	if left := time.Until(user.Status.Invitation.ExpiresAt.Time); left < 47*time.Hour || left > 48*time.Hour {
		t.Errorf("the link is good for %s", left)
	}
	e.reconcile(user)
	e.restartOperator()
	e.reconcile(user)
	if tickets := e.sim.Requests().Count("POST", "/api/v2/tickets/password-change"); tickets != 1 || e.invitation() != link {
		t.Errorf("%d links were made, want 1", tickets)
	}
	change(e, user, func(u *v1alpha1.Auth0User) {
		u.Annotations[v1alpha1.AnnotationInvite] = "again"
	})
	e.eventually(func() error {
		if e.invitation() == link {
			return errNotYet
		}
		return nil
	})
	if len(e.sim.Emails()) != 0 {
		t.Error("an invitation sent mail")
	}
}

func (e *environment) invitation() string {
	e.Helper()
	secret := &corev1.Secret{ObjectMeta: e.meta("invitation")}
	e.get(secret)
	return string(secret.Data["url"])
}

// TestUserIDTakesOverAnExistingUser has an identity provider keep the profile of a user.
func TestUserIDTakesOverAnExistingUser(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	userFixture.existing(e)
	id := e.users()[0]["user_id"].(string)
	user := userFixture.object(e, "ada").(*v1alpha1.Auth0User)
	user.Spec.UserID, user.Spec.AdoptionPolicy = &id, v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(user)
	e.eventuallyReady(user)
	userFixture.require(e, user)
	if e.sim.Requests().Count("POST", "/api/v2/users") != 0 {
		t.Error("a user with a userId was created")
	}

	nobody := newUser(e, "nobody", "nobody@example.com")
	nobody.Spec.UserID, nobody.Spec.AdoptionPolicy = new("auth0|000000000000000000000000"), v1alpha1.AdoptionPolicyIfUnmanaged
	e.create(nobody)
	e.eventuallyStalled(nobody, v1alpha1.ReasonUserNotFound)
	userFixture.requireCount(e, 1)
}

func TestUnblockOnRequest(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("password", map[string]string{"password": "Correct-Horse-1"}))
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = passwordFrom("password")
	e.create(user)
	e.eventuallyReady(user)
	for range 10 {
		e.signIn("ada@example.com", "wrong")
	}
	if status, _ := e.signIn("ada@example.com", "Correct-Horse-1"); status != 429 {
		t.Fatalf("ten wrong passwords did not block: %d", status)
	}
	change(e, user, func(u *v1alpha1.Auth0User) {
		u.Annotations = map[string]string{v1alpha1.AnnotationUnblock: "1"}
	})
	e.eventually(func() error {
		e.get(user)
		if user.Status.LastHandledUnblock != "1" {
			return errNotYet
		}
		return nil
	})
	if status, answer := e.signIn("ada@example.com", "Correct-Horse-1"); status != 200 {
		t.Errorf("the block was not lifted: %d %s", status, answer)
	}
	e.reconcile(user)
	if user.Status.Logins != 1 || user.Status.LastLogin != e.sim.Now().UTC().Format(time.DateOnly) {
		t.Errorf("status says %d logins, the last on %q", user.Status.Logins, user.Status.LastLogin)
	}
	if unblocks := e.sim.Requests().Count("DELETE", "/api/v2/user-blocks/{id}"); unblocks != 1 {
		t.Errorf("blocks were lifted %d times", unblocks)
	}
}

// TestTokenOfADeclaredUser signs in a user whose password was generated, for an ID token and a refresh token, too.
func TestTokenOfADeclaredUser(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	passwordTokenFixture.prepare(e)
	for _, user := range e.users() {
		e.dashboard("DELETE", userPath(user["user_id"].(string)), nil)
	}
	for _, api := range e.dashboardList("/api/v2/resource-servers") {
		if api["identifier"] == ordersAPI {
			e.dashboard("PATCH", "/api/v2/resource-servers/"+api["id"].(string), map[string]any{"allow_offline_access": true})
		}
	}
	for _, c := range e.dashboardList("/api/v2/clients") {
		if c["name"] == "machine" {
			e.dashboard("PATCH", "/api/v2/clients/"+c["client_id"].(string), map[string]any{"grant_types": []string{"http://auth0.com/oauth/grant-type/password-realm", "refresh_token"}})
		}
	}
	token := newToken(e, "ada-token")
	token.Spec.ClientCredentials = nil
	token.Spec.Password = &v1alpha1.PasswordGrant{UserRef: &v1alpha1.LocalReference{Name: "ada"}, Audience: new(ordersAPI), Scopes: []string{"openid", "offline_access", "read:orders"}}
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonUserNotReady)
	if requests := e.sim.Requests().Count("POST", "/oauth/token"); requests != 0 {
		t.Errorf("waiting for a user took %d sign-ins", requests)
	}
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "login"}}}
	e.create(user)
	e.eventuallyReady(token)
	e.get(user)
	if token.Status.Subject != user.Status.UserID {
		t.Errorf("the token is for %q, want %q", token.Status.Subject, user.Status.UserID)
	}
	secret := &corev1.Secret{ObjectMeta: e.meta("token")}
	e.get(secret)
	if len(secret.Data["accessToken"]) == 0 || len(secret.Data["refreshToken"]) != 0 {
		t.Error("the Secret holds no access token, or shows workloads the refresh token")
	}
	id, _ := e.machine()
	if claims, err := e.verify(string(secret.Data["idToken"]), id); err != nil || claims["sub"] != user.Status.UserID {
		t.Errorf("the ID token says %v, %v", claims, err)
	}
}

// TestRefusedSignInIsNotRepeated until its inputs change: not by a reconciliation of other things, not by a restart.
func TestRefusedSignInIsNotRepeated(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	passwordTokenFixture.prepare(e)
	secret := &corev1.Secret{ObjectMeta: e.meta("ada")}
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("planted-wrong") })
	token := passwordTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	e.create(token)
	e.eventuallyStalled(token, v1alpha1.ReasonWrongPassword)
	e.sim.ResetRequests()
	change(e, secret, func(s *corev1.Secret) { s.Labels = map[string]string{"touched": "yes"} })
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBefore = &metav1.Duration{Duration: time.Hour} })
	e.eventuallyStalled(token, v1alpha1.ReasonWrongPassword)
	e.restartOperator()
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBefore = nil })
	e.eventuallyStalled(token, v1alpha1.ReasonWrongPassword)
	if signIns := e.sim.Requests().Count("POST", "/oauth/token"); signIns > 1 {
		t.Errorf("the sign-in was repeated: %d calls, want the operator's own at most", signIns)
	}
	change(e, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("Correct-Horse-1") })
	e.eventuallyReady(token)
}

func TestMetadataKeysOfTheOperatorAreReserved(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.UserMetadata = map[string]apiextensionsv1.JSON{"auth0_operator": {Raw: []byte(`"x"`)}}
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonInvalidSpec)
}

// TestCustomDomain sends sign-ups and sign-ins to a domain of the tenant's own, and passwords to no other.
func TestCustomDomain(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	custom := strings.Replace(e.sim.Domain, "localhost", "127.0.0.1", 1)
	tenant := e.tenant()
	change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.CustomDomain = &custom })
	e.eventuallyStalled(tenant, v1alpha1.ReasonInvalidSpec, "not a verified custom domain")
	passwordTokenFixture.prepare(e)
	token := passwordTokenFixture.object(e, "one")
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonTenantNotReady)

	domain := e.dashboard("POST", "/api/v2/custom-domains", map[string]any{"domain": custom, "type": "auth0_managed_certs"})
	e.dashboard("POST", "/api/v2/custom-domains/"+domain["custom_domain_id"].(string)+"/verify", nil)
	e.reconcile(tenant)
	e.eventuallyReady(tenant)
	if tenant.Status.CustomDomain != custom {
		t.Errorf("status says %q", tenant.Status.CustomDomain)
	}
	e.eventuallyReady(token)
	passwordTokenFixture.require(e, token)
}

// TestProviderKeepsItsFields takes over a user whose e-mail address the sign-in keeps.
func TestProviderKeepsItsFields(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "email", "strategy": "email", "enabled_clients": []any{operatorClientID}})
	e.dashboard("POST", "/api/v2/users", map[string]any{"connection": "email", "email": "ada@example.com", "email_verified": true})
	id := e.users()[0]["user_id"].(string)
	user := newUser(e, "ada", "countess@example.com")
	user.Spec.Connection, user.Spec.UserID, user.Spec.AdoptionPolicy = "email", &id, v1alpha1.AdoptionPolicyIfUnmanaged
	user.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"plan": {Raw: []byte(`"pro"`)}}
	e.create(user)
	e.eventuallyCondition(user, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReconciled, "left alone, as the passwordless sign-in of connection email keeps them: email")
	stored := e.user(id)
	if metadata, _ := stored["app_metadata"].(map[string]any); stored["email"] != "ada@example.com" || metadata["plan"] != "pro" {
		t.Errorf("the user in Auth0 is %v", stored)
	}
	e.sim.ResetRequests()
	e.reconcile(user)
	userFixture.requireWrites(e, 0)
}

// TestARefusedSignInHoldsNobodyElseBack has a plan whose answers to sign-ins tell of the limit on failed ones.
func TestARefusedSignInHoldsNobodyElseBack(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, func(o *simulator.Options) { o.RateLimit = simulator.RateLimitEnterprise })
	passwordTokenFixture.prepare(e)
	e.create(e.secret("wrong", map[string]string{"password": "planted-wrong"}))
	refused := passwordTokenFixture.object(e, "refused").(*v1alpha1.Auth0Token)
	refused.Spec.Password.PasswordSecretRef.Name, refused.Spec.OutputSecret.Name = "wrong", "refused"
	e.create(refused)
	e.eventuallyStalled(refused, v1alpha1.ReasonWrongPassword)
	token := passwordTokenFixture.object(e, "one")
	e.create(token)
	e.eventuallyReady(token)
}
