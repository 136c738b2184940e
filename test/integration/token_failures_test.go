package integration

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// newFrozenEnvironment is one for whose operator no time goes by once it has started: what it does again, it does for a reason.
func newFrozenEnvironment(t *testing.T) *environment {
	t.Helper()
	e := newBareEnvironment(t)
	clock := newSteppedClock(time.Now())
	e.clock = clock
	e.create(e.tenant())
	e.startOperator()
	e.eventuallyReady(e.tenant())
	e.eventually(func() error {
		if e.counter("auth0_operator_full_resyncs_total") == 0 {
			clock.Step(time.Second)
			return errNotYet
		}
		return nil
	})
	return e
}

// declaredMachine declares the application whose credentials are in Secret machine.
func (e *environment) declaredMachine(grantTypes ...string) *v1alpha1.Auth0Client {
	e.Helper()
	machine := newMachine(e, "machine")
	machine.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: grantTypes}
	machine.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "machine"}
	e.create(machine)
	e.eventuallyReady(machine)
	return machine
}

// TestATokenComesWithItsGrant has a token lack its client grant. That other grants appear costs no call.
func TestATokenComesWithItsGrant(t *testing.T) {
	t.Parallel()
	e := newFrozenEnvironment(t)
	tokenFixture.prepare(e)
	e.dashboard("DELETE", "/api/v2/client-grants/"+e.machineGrants()[0]["id"].(string), nil)
	invoices := newResourceServer(e, "invoices", "https://invoices.example.com/", "read:invoices")
	e.create(invoices)
	e.eventuallyReady(invoices)
	id, _ := e.machine()
	token := newToken(e, "orders")
	e.create(token)
	e.eventuallyStalled(token, v1alpha1.ReasonClientGrantMissing)
	e.sim.ResetRequests()
	for _, grant := range []*v1alpha1.Auth0ClientGrant{
		newGrant(e, "of-another-api", id, invoices.Spec.Identifier, "read:invoices"),
		newGrant(e, "of-another-application", e.application("other"), ordersAPI, "read:orders"),
	} {
		e.create(grant)
		e.eventuallyReady(grant)
	}
	change(e, &corev1.Secret{ObjectMeta: e.meta("machine")}, func(s *corev1.Secret) { s.Labels = map[string]string{"theirs": "yes"} })
	grant := newGrant(e, "orders", id, ordersAPI, "read:orders")
	e.create(grant)
	e.eventuallyReady(grant)
	e.eventuallyReady(token)
	e.requireCalls("three grants and a token", 4)
	if delay := readySince(token).Sub(readySince(grant)); delay > 2*time.Second {
		t.Errorf("the token came %s after its grant", delay)
	}
	tokenFixture.require(e, token)
}

// readySince is when an object became Ready.
func readySince(object v1alpha1.Object) time.Time {
	return meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady).LastTransitionTime.Time
}

// TestWhatIsDeclaredHeals a refusal with one more call for the token.
func TestWhatIsDeclaredHeals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		prepare func(*environment)
		declare func(*v1alpha1.Auth0Token)
		reason  string
		// declareMissing declares what is missing. Where something else is still missing, next is the reason.
		declareMissing func(*environment)
		next           string
	}{
		{
			name: "API", reason: v1alpha1.ReasonAudienceNotFound, next: v1alpha1.ReasonClientGrantMissing,
			prepare:        func(e *environment) { e.declaredMachine("client_credentials") },
			declareMissing: func(e *environment) { e.create(newResourceServer(e, "orders", ordersAPI, "read:orders")) },
		},
		{
			name: "scope of the grant", reason: v1alpha1.ReasonScopeNotGranted,
			prepare: func(e *environment) {
				seedOrders(e)
				grant := newGrant(e, "orders", e.declaredMachine("client_credentials").Status.ClientID, ordersAPI, "write:orders")
				e.create(grant)
				e.eventuallyReady(grant)
			},
			declareMissing: func(e *environment) {
				change(e, newGrant(e, "orders", "", ""), func(grant *v1alpha1.Auth0ClientGrant) { grant.Spec.Scopes = []string{"read:orders"} })
			},
		},
		{
			name: "grant type", reason: v1alpha1.ReasonGrantTypeNotAllowed,
			prepare:        func(e *environment) { e.orderingMachine("implicit") },
			declareMissing: func(e *environment) { e.allow("client_credentials") },
		},
		{
			name: "grant type of an application by reference", reason: v1alpha1.ReasonGrantTypeNotAllowed,
			prepare: func(e *environment) { e.orderingMachine("implicit") },
			declare: func(token *v1alpha1.Auth0Token) {
				token.Spec.Client = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: "machine"}}
			},
			declareMissing: func(e *environment) { e.allow("client_credentials") },
		},
		{
			name: "connection", reason: v1alpha1.ReasonConnectionNotFound, next: v1alpha1.ReasonWrongPassword,
			prepare: func(e *environment) {
				e.orderingMachine("http://auth0.com/oauth/grant-type/password-realm")
				e.create(e.secret("ada", map[string]string{"password": "Correct-Horse-1"}))
			},
			declare: func(token *v1alpha1.Auth0Token) {
				token.Spec.ClientCredentials = nil
				token.Spec.Password = &v1alpha1.PasswordGrant{
					Username: new("ada@example.com"), PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "ada", Key: "password"},
					Realm: new("customers"), Audience: new(ordersAPI),
				}
			},
			declareMissing: func(e *environment) {
				id, _ := e.machine()
				e.create(&v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers"), Spec: v1alpha1.Auth0ConnectionSpec{
					ManagedSpec: e.managedSpec(), Name: "customers", Strategy: "auth0",
					EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{{ClientID: &id}}},
				}})
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newFrozenEnvironment(t)
			row.prepare(e)
			token := newToken(e, "orders")
			if row.declare != nil {
				row.declare(token)
			}
			e.create(token)
			e.eventuallyStalled(token, row.reason)
			e.sim.ResetRequests()
			row.declareMissing(e)
			if row.next == "" {
				e.eventuallyReady(token)
			} else {
				e.eventuallyStalled(token, row.next)
			}
			tokenFixture.requireWrites(e, 1)
		})
	}
}

// orderingMachine declares an application that may call the API for orders.
func (e *environment) orderingMachine(grantTypes ...string) {
	e.Helper()
	seedOrders(e)
	id := e.declaredMachine(grantTypes...).Status.ClientID
	e.dashboard("POST", grantsRoute, map[string]any{"client_id": id, "audience": ordersAPI, "scope": []string{"read:orders"}})
}

// allow gives the declared application other grant types.
func (e *environment) allow(grantTypes ...string) {
	e.Helper()
	change(e, newMachine(e, "machine"), func(c *v1alpha1.Auth0Client) { c.Spec.GrantTypes.Items = grantTypes })
}
