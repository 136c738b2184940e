package integration

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

func newToken(e *environment, name string) *v1alpha1.Auth0Token {
	return tokenFixture.object(e, name).(*v1alpha1.Auth0Token)
}

func TestTokenStatusAndSecret(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	status := token.Status
	if lifetime := status.ExpiresAt.Sub(status.IssuedAt.Time); lifetime != 24*time.Hour {
		t.Errorf("the token lives for %s", lifetime)
	}
	if ahead := status.ExpiresAt.Sub(status.RenewsAt.Time); ahead < 24*time.Hour/5 || ahead > 24*time.Hour*3/10+time.Second {
		t.Errorf("the token is renewed %s before it expires", ahead)
	}
	secret := &corev1.Secret{ObjectMeta: e.meta("token")}
	e.get(secret)
	for key, want := range map[string]string{
		"tokenType": "Bearer", "scope": "read:orders", "expiresAt": status.ExpiresAt.UTC().Format(time.RFC3339),
	} {
		if have := string(secret.Data[key]); have != want {
			t.Errorf("%s is %q, want %q", key, have, want)
		}
	}
	if len(secret.Data) != 4 {
		t.Errorf("the Secret has %d keys, want 4", len(secret.Data))
	}
}

func TestTokenTemplates(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "orders")
	token.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"AUTHORIZATION": "{{ .tokenType }} {{ .accessToken }}", "fixed": "yes"}
	e.create(token)
	e.eventuallyReady(token)
	secret := &corev1.Secret{ObjectMeta: e.meta("token")}
	e.get(secret)
	if have := string(secret.Data["AUTHORIZATION"]); len(secret.Data) != 2 || string(secret.Data["fixed"]) != "yes" || have[:7] != "Bearer " {
		t.Errorf("the Secret has the keys %d", len(secret.Data))
	}
}

// TestTokenIsRenewedBeforeItExpires uses an API whose tokens live for seconds.
func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	e.setTokenLifetime(15)
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	first := token.Status.IssuedAt.DeepCopy()
	e.eventually(func() error {
		e.get(token)
		if token.Status.IssuedAt.Equal(first) {
			return errNotYet
		}
		return nil
	})
	if !token.Status.IssuedAt.Before(&metav1.Time{Time: first.Add(15 * time.Second)}) {
		t.Errorf("renewed at %s, after the first had expired (%s + 15s)", token.Status.IssuedAt, first)
	}
}

// TestTokenIsNeverIssuedTwice goes through what must not cost another token.
func TestTokenIsNeverIssuedTwice(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReady(token)
	e.sim.ResetRequests()
	e.reconcile(token)
	change(e, token, func(token *v1alpha1.Auth0Token) { token.Spec.RenewBefore = &metav1.Duration{Duration: time.Hour} })
	e.eventuallyReady(token)
	change(e, &corev1.Secret{ObjectMeta: e.meta("token")}, func(s *corev1.Secret) { s.Labels["theirs"] = "yes" })
	e.reconcile(token)
	change(e, &corev1.Secret{ObjectMeta: e.meta("token")}, func(s *corev1.Secret) { s.Data["theirs"] = []byte("yes") })
	e.reconcile(token)
	tokenFixture.requireWrites(e, 0)

	before := token.Status.DeepCopy()
	e.stopOperator()
	e.loseStatus(token)
	e.startOperator()
	e.eventuallyReady(token)
	if requests := e.sim.Requests().Count("POST", "/oauth/token"); requests > 1 {
		t.Errorf("%d tokens were issued after a restart with the status lost, want the operator's own at most", requests)
	}
	if after := token.Status; !after.IssuedAt.Equal(before.IssuedAt) || !after.ExpiresAt.Equal(before.ExpiresAt) || len(after.Scopes) != 1 {
		t.Errorf("status was not restored from the Secret: %+v, was %+v", after, before)
	}
}

// loseStatus empties the status of an object, as a restore from a backup does.
func (e *environment) loseStatus(token *v1alpha1.Auth0Token) {
	e.Helper()
	e.get(token)
	token.Status = v1alpha1.Auth0TokenStatus{}
	if err := e.kube.Status().Update(e.ctx, token); err != nil {
		e.Fatal(err)
	}
}

// TestBadTokenInput shows what a person sees.
func TestBadTokenInput(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		setup  func(*environment)
		spec   func(*v1alpha1.Auth0Token)
		stall  bool
		reason string
	}{
		{"wrong client secret", func(e *environment) {
			change(e, &corev1.Secret{ObjectMeta: e.meta("machine")}, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte("planted-wrong") })
		}, nil, true, v1alpha1.ReasonInvalidCredentials},
		{"Secret of the client missing", nil, func(t *v1alpha1.Auth0Token) { t.Spec.Client.SecretRef.Name = "nowhere" }, false, v1alpha1.ReasonSecretNotFound},
		{"unknown API", nil, func(t *v1alpha1.Auth0Token) { t.Spec.ClientCredentials.Audience = "https://nowhere/" }, true, v1alpha1.ReasonAudienceNotFound},
		{"scope not granted", nil, func(t *v1alpha1.Auth0Token) { t.Spec.ClientCredentials.Scopes = []string{"delete:orders"} }, true, v1alpha1.ReasonScopeNotGranted},
		{"grant type not allowed", func(e *environment) {
			for _, c := range e.dashboardList("/api/v2/clients") {
				if c["name"] == "machine" {
					e.dashboard("PATCH", "/api/v2/clients/"+c["client_id"].(string), map[string]any{"grant_types": []string{"authorization_code"}})
				}
			}
		}, nil, true, v1alpha1.ReasonGrantTypeNotAllowed},
		{"Secret that would overwrite the credentials", nil, func(t *v1alpha1.Auth0Token) { t.Spec.OutputSecret.Name = "machine" }, true, v1alpha1.ReasonInvalidSpec},
		{"broken template", nil, func(t *v1alpha1.Auth0Token) {
			t.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"A": "{{ .accessToken"}
		}, true, v1alpha1.ReasonInvalidSpec},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			tokenFixture.prepare(e)
			if row.setup != nil {
				row.setup(e)
			}
			token := newToken(e, "orders")
			if row.spec != nil {
				row.spec(token)
			}
			e.create(token)
			if row.stall {
				e.eventuallyStalled(token, row.reason)
			} else {
				e.eventuallyReconciling(token, row.reason)
			}
			tokenFixture.requireCount(e, 0)
		})
	}
}

// TestNoTokenIsIssuedThatCannotBeWritten has a quota keep the output Secret out.
func TestNoTokenIsIssuedThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	other := newToken(e, "other")
	other.Spec.OutputSecret.Name = "other"
	e.create(other)
	e.eventuallyReady(other)
	quota := &corev1.ResourceQuota{ObjectMeta: e.meta("full"), Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/secrets": resource.MustParse("1")}}}
	e.create(quota)
	e.eventually(func() error {
		e.get(quota)
		if quota.Status.Hard == nil {
			return errNotYet
		}
		return nil
	})
	e.sim.ResetRequests()
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyReconciling(token, v1alpha1.ReasonProgressingWithRetry, "quota")
	tokenFixture.requireWrites(e, 0)
	e.delete(quota)
	e.eventuallyReady(token)
	tokenFixture.requireWrites(e, 1)
}
