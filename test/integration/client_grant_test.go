package integration

import (
	"fmt"
	"slices"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// newGrant declares a grant for the operator's own tenant by literal names.
func newGrant(e *environment, name, clientID, audience string, scopes ...string) *v1alpha1.Auth0ClientGrant {
	return &v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientGrantSpec{
		ManagedSpec: e.managedSpec(), ClientID: &clientID, Audience: &audience, Scopes: scopes,
	}}
}

// application makes an application behind the operator's back and returns its client id.
func (e *environment) application(name string) string {
	e.Helper()
	return e.dashboard("POST", "/api/v2/clients", map[string]any{"name": name, "app_type": "non_interactive"})["client_id"].(string)
}

func TestCallsOfAClientGrant(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedOrders(e)
	grant := newGrant(e, "machine", e.application("machine"), ordersAPI, "read:orders")
	e.sim.ResetRequests()
	e.create(grant)
	e.eventuallyReady(grant)
	e.requireCalls("creating a grant", 1)
	e.reconcile(grant)
	e.requireCalls("finding nothing to do", 1)
	change(e, grant, func(grant *v1alpha1.Auth0ClientGrant) { grant.Spec.Scopes = []string{"write:orders"} })
	e.eventuallyReady(grant)
	e.requireCalls("changing a field", 2)
	e.deleteAndWait(grant)
	e.requireCalls("deleting a grant", 3)
}

// TestGrantWaitsForItsScope has a grant ask for a scope that the API does not define yet.
func TestGrantWaitsForItsScope(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	clientGrantFixture.prepare(e)
	grant := clientGrantFixture.object(e, "machine").(*v1alpha1.Auth0ClientGrant)
	grant.Spec.Scopes = []string{"approve:orders"}
	e.create(grant)
	e.eventuallyReconciling(grant, v1alpha1.ReasonPermissionNotFound, "approve:orders")
	change(e, newResourceServer(e, "orders", ordersAPI), func(api *v1alpha1.Auth0ResourceServer) {
		api.Spec.Scopes.Items = append(api.Spec.Scopes.Items, v1alpha1.ResourceServerScope{Value: "approve:orders"})
	})
	e.eventuallyReady(grant)
	if scopes := grantScopes(e.dashboard("GET", grantPath(grant.Status.ID), nil)); !slices.Equal(scopes, []string{"approve:orders"}) {
		t.Errorf("the scopes are %v", scopes)
	}
	clientGrantFixture.requireCount(e, 1)
}

// TestGrantForTheManagementAPI gives an application scopes of the Management API, for itself and for users.
func TestGrantForTheManagementAPI(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	id := e.application("machine")
	grant := newGrant(e, "machine", id, "", "read:users")
	grant.Spec.Audience, grant.Spec.ManagementAPI = nil, new(true)
	e.create(grant)
	e.eventuallyReady(grant)
	if grant.Status.Audience != "https://"+e.sim.Domain+"/api/v2/" {
		t.Errorf("the grant is for %s", grant.Status.Audience)
	}
	have := e.dashboard("GET", grantPath(grant.Status.ID), nil)
	if have["client_id"] != id || have["audience"] != grant.Status.Audience || !slices.Equal(grantScopes(have), []string{"read:users"}) {
		t.Errorf("the grant is %v", have)
	}
	e.deleteAndWait(grant)
}

// TestGrantFollowsItsApplication has the application be replaced by another one: gone from Auth0 and recreated, and left
// behind in Auth0 by an object of the same name.
func TestGrantFollowsItsApplication(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	clientGrantFixture.prepare(e)
	grant := clientGrantFixture.object(e, "machine").(*v1alpha1.Auth0ClientGrant)
	e.create(grant)
	e.eventuallyReady(grant)
	machine := newMachine(e, "machine")
	follow := func() {
		t.Helper()
		e.eventually(func() error {
			e.get(machine)
			e.get(grant)
			if grant.Status.ClientID != machine.Status.ClientID || readyStatus(grant) != "True" {
				return fmt.Errorf("the grant is for %s, the application %s: %+v", grant.Status.ClientID, machine.Status.ClientID, grant.Status.Conditions)
			}
			return nil
		})
		clientGrantFixture.require(e, grant)
	}
	e.get(machine)
	before := machine.Status.ClientID
	e.dashboard("DELETE", "/api/v2/clients/"+before, nil)
	e.reconcile(machine)
	follow()
	if grant.Status.ClientID == before {
		t.Error("the application was not made anew")
	}

	change(e, machine, func(c *v1alpha1.Auth0Client) { c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.deleteAndWait(machine)
	successor := newMachine(e, "machine")
	e.create(successor)
	machine = successor
	follow()
}

// TestApplicationsAndAPIsOfGrantsStay deletes what a grant refers to.
func TestApplicationsAndAPIsOfGrantsStay(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	clientGrantFixture.prepare(e)
	grant := clientGrantFixture.object(e, "machine").(*v1alpha1.Auth0ClientGrant)
	e.create(grant)
	e.eventuallyReady(grant)
	machine, api := newMachine(e, "machine"), newResourceServer(e, "orders", ordersAPI)
	for _, object := range []v1alpha1.Managed{machine, api} {
		e.delete(object)
		e.eventuallyReconciling(object, v1alpha1.ReasonInUse, "Auth0ClientGrant "+e.namespace+"/machine")
	}
	e.deleteAndWait(grant)
	e.eventuallyGone(machine)
	e.eventuallyGone(api)
	if left := len(e.grants(ordersAPI)) + len(e.apis(ordersAPI)); left > 0 {
		t.Errorf("%d are left", left)
	}
}
