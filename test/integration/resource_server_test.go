package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// newResourceServer declares an API with scopes.
func newResourceServer(e *environment, name, identifier string, scopes ...string) *v1alpha1.Auth0ResourceServer {
	api := &v1alpha1.Auth0ResourceServer{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ResourceServerSpec{
		ManagedSpec: e.managedSpec(), Identifier: identifier,
	}}
	if len(scopes) > 0 {
		api.Spec.Scopes = &v1alpha1.ResourceServerScopes{}
	}
	for _, scope := range scopes {
		api.Spec.Scopes.Items = append(api.Spec.Scopes.Items, v1alpha1.ResourceServerScope{Value: scope})
	}
	return api
}

func TestCallsOfAResourceServer(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	e.create(api)
	e.eventuallyReady(api)
	e.requireCalls("creating an API", 1)
	e.reconcile(api)
	e.requireCalls("finding nothing to do", 1)
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) {
		api.Spec.Scopes.Items = append(api.Spec.Scopes.Items, v1alpha1.ResourceServerScope{Value: "write:orders"})
	})
	e.eventuallyReady(api)
	e.requireCalls("changing a field", 2)
	e.deleteAndWait(api)
	e.requireCalls("deleting an API", 4)
}

// TestScopesOfOthers shows what becomes of scopes that others added.
func TestScopesOfOthers(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard("POST", apisRoute, map[string]any{"identifier": ordersAPI, "name": "Orders", "scopes": []any{
		map[string]any{"value": "their:scope", "description": "theirs"}, map[string]any{"value": "read:orders", "description": "before"},
	}})
	api := newResourceServer(e, "orders", ordersAPI, "read:orders", "write:orders")
	mayAdopt(api)
	e.create(api)
	e.eventuallyReady(api)
	e.requireScopes(api, map[string]string{"their:scope": "theirs", "read:orders": "", "write:orders": ""})

	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.Scopes.Items = api.Spec.Scopes.Items[:1] })
	e.eventuallyReady(api)
	e.requireScopes(api, map[string]string{"their:scope": "theirs", "read:orders": ""})

	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.Scopes.Mode = v1alpha1.ListModeExact })
	e.eventuallyReady(api)
	e.requireScopes(api, map[string]string{"read:orders": ""})
}

func (e *environment) requireScopes(api *v1alpha1.Auth0ResourceServer, want map[string]string) {
	e.Helper()
	if have := scopesOf(e.api(api.Status.ID)); fmt.Sprint(have) != fmt.Sprint(want) {
		e.Errorf("the scopes are %v, want %v", have, want)
	}
}

// TestScopesInUseStayAMoment removes scopes: one that a role has, one that a declared user is granted, one that a client
// grant holds, one that nobody has.
func TestScopesInUseStayAMoment(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	now := newSteppedClock(time.Now().Truncate(time.Second))
	e.clock = now
	e.create(e.tenant())
	e.startOperator()
	e.eventuallyReady(e.tenant())
	api := newResourceServer(e, "orders", ordersAPI, "read:orders", "write:orders", "sell:orders", "spare:orders", "stay:orders")
	e.create(api)
	e.eventuallyReady(api)
	role := e.dashboard("POST", "/api/v2/roles", map[string]any{"name": "editor"})
	e.dashboard("POST", "/api/v2/roles/"+role["id"].(string)+"/permissions", map[string]any{"permissions": []any{
		map[string]any{"resource_server_identifier": ordersAPI, "permission_name": "write:orders"},
	}})
	machine := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "machine", "app_type": "non_interactive"})
	e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": machine["client_id"], "audience": ordersAPI, "scope": []string{"sell:orders"}})
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "read:orders"}}}
	e.create(user)
	e.eventuallyReady(user)

	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.Scopes.Items = api.Spec.Scopes.Items[4:] })
	at := now.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	e.eventuallyReconciling(api, v1alpha1.ReasonScopesInUse,
		"read:orders at "+at+" from Auth0User "+e.namespace+"/ada", "write:orders at "+at+" from role editor",
		"sell:orders at "+at+" from the client grant of application "+machine["client_id"].(string))
	e.eventually(func() error {
		for _, event := range e.events(api) {
			if strings.HasPrefix(event, v1alpha1.ReasonScopesInUse+": ") {
				return nil
			}
		}
		return fmt.Errorf("no Event warns: %v", e.events(api))
	})
	if ready := readyStatus(api); ready != "False" {
		t.Errorf("Ready is %s", ready)
	}
	inUse := map[string]string{"read:orders": "", "write:orders": "", "sell:orders": "", "stay:orders": ""}
	e.requireScopes(api, inUse)

	e.advance(now, 59*time.Second)
	e.restartOperator()
	e.sim.ResetRequests()
	e.reconcile(api)
	e.requireScopes(api, inUse)
	if calls := e.sim.Requests().Count("GET", "/api/v2/roles"); calls != 0 {
		t.Errorf("who has the scopes was asked %d times again", calls)
	}

	change(e, api, func(api *v1alpha1.Auth0ResourceServer) {
		api.Spec.Scopes.Items = append(api.Spec.Scopes.Items, v1alpha1.ResourceServerScope{Value: "sell:orders"})
	})
	e.eventuallyReconciling(api, v1alpha1.ReasonScopesInUse)
	e.advance(now, time.Second)
	e.reconcile(api)
	e.eventuallyReady(api)
	e.requireScopes(api, map[string]string{"sell:orders": "", "stay:orders": ""})
	if left := api.Status.RemovingScopes; len(left) > 0 {
		t.Errorf("the status still speaks of %v", left)
	}
}

// TestTokenEncryption gives an API a key, which Auth0 does not show again, and another one.
func TestTokenEncryption(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api := newResourceServer(e, "orders", ordersAPI)
	key := func(last string) *v1alpha1.TokenEncryption {
		return &v1alpha1.TokenEncryption{Format: "compact-nested-jwe", EncryptionKey: v1alpha1.TokenEncryptionKey{
			Alg: "RSA-OAEP-256", PEM: "-----BEGIN PUBLIC KEY-----\nMFww" + last + "\n-----END PUBLIC KEY-----\n",
		}}
	}
	api.Spec.TokenEncryption = key("AAAA")
	api.Spec.ProofOfPossession = &v1alpha1.ProofOfPossession{Mechanism: "mtls", Required: true}
	e.create(api)
	e.eventuallyReady(api)
	e.requireCalls("creating an API", 1)
	e.reconcile(api)
	e.requireCalls("finding nothing to do", 1)
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.TokenEncryption = key("BBBB") })
	e.eventuallyReady(api)
	e.requireCalls("changing the key", 2)
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) {
		api.Spec.TokenEncryption, api.Spec.ProofOfPossession = nil, nil
	})
	e.eventuallyReady(api)
	if api := e.api(api.Status.ID); api["token_encryption"] != nil || api["proof_of_possession"] != nil {
		t.Errorf("what was removed is still there: %v", api)
	}
}

// TestTwoObjectsAdoptAtOnce has many objects reach for the same thing at the same time: one gets it, and the others change
// nothing, take nothing along, and make way.
func TestTwoObjectsAdoptAtOnce(t *testing.T) {
	for _, name := range []string{"Auth0ClientGrant", "Auth0ResourceServer", "Auth0Role"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := subjects[name]
			e := newEnvironment(t)
			s.prepare(e)
			s.existing(e)
			e.stopOperator()
			objects := make([]v1alpha1.Managed, 4)
			for i := range objects {
				objects[i] = s.object(e, fmt.Sprintf("object-%d", i))
				mayAdopt(objects[i])
				e.create(objects[i])
			}
			e.startOperator()
			var holder v1alpha1.Managed
			e.eventually(func() error {
				held, refused := 0, 0
				for _, object := range objects {
					e.get(object)
					switch readyReason(object) {
					case v1alpha1.ReasonReconciled:
						held, holder = held+1, object
					case v1alpha1.ReasonConflict:
						refused++
					}
				}
				if held != 1 || refused != len(objects)-1 {
					return fmt.Errorf("%d hold it, %d were refused", held, refused)
				}
				return nil
			})
			for _, object := range objects {
				if object != holder {
					if len(object.GetManagedStatus().ManagedFields) > 0 {
						t.Errorf("%s was refused and thinks that it holds something", object.GetName())
					}
					e.deleteAndWait(object)
				}
			}
			e.reconcile(holder)
			s.require(e, holder)
		})
	}
}

func readyReason(object v1alpha1.Object) string {
	for _, condition := range object.GetCommonStatus().Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			return condition.Reason
		}
	}
	return ""
}
