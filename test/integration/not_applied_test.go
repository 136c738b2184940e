package integration

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestScopesThatAuth0Drops has a new client grant for scopes that Auth0 takes and does not grant.
func TestScopesThatAuth0Drops(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	machine := e.dashboard(http.MethodPost, "/api/v2/clients", map[string]any{"name": "machine", "app_type": "non_interactive"})["client_id"].(string)
	grant := newGrant(e, "grant", machine, e.managementAPI(), "read:roles", "create:role_members")
	e.create(grant)
	e.eventuallyStalled(grant, v1alpha1.ReasonNotApplied, "did not apply: scope")
	want := v1alpha1.Difference{Field: "scope", Auth0: `["read:roles"]`, Spec: `["create:role_members","read:roles"]`}
	if got := grant.Status.Differences; len(got) != 1 || got[0].Auth0 != want.Auth0 || !strings.Contains(got[0].Spec, "create:role_members") {
		t.Errorf("differences are %+v, want %+v", got, want)
	}
	if events := e.events(grant); slices.ContainsFunc(events, func(event string) bool { return strings.HasPrefix(event, "Updated") }) {
		t.Errorf("an Event says that something was updated: %v", events)
	}
	change(e, grant, func(grant *v1alpha1.Auth0ClientGrant) { grant.Spec.Scopes = []string{"read:roles"} })
	e.eventuallyReady(grant)
	if len(grant.Status.Differences) > 0 {
		t.Errorf("differences are left: %+v", grant.Status.Differences)
	}
}

// TestOptionsThatAuth0DoesNotShow sends such an option once, sees no drift in it, keeps it when another option changes, and takes
// it away when it is no longer declared.
func TestOptionsThatAuth0DoesNotShow(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	certificate := string(e.sim.CA)
	options := func(base, certificate string) *apiextensionsv1.JSON {
		fields := map[string]any{"pingFederateBaseUrl": base, "signatureAlgorithm": "rsa-sha256", "digestAlgorithm": "sha256"}
		if certificate != "" {
			fields["signingCert"] = certificate
		}
		// What came from JSON can become JSON.
		text, _ := json.Marshal(fields)
		return &apiextensionsv1.JSON{Raw: text}
	}
	connection := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("ping"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "ping", Strategy: "pingfederate", Options: options("https://ping.example.com", certificate),
	}}
	e.create(connection)
	e.eventuallyReady(connection)
	shown := func() map[string]any {
		return e.dashboard(http.MethodGet, "/api/v2/connections/"+connection.Status.ConnectionID, nil)["options"].(map[string]any)
	}
	e.sim.ResetRequests()
	e.reconcile(connection)
	e.eventuallyReady(connection)
	e.restartOperator()
	e.reconcile(connection)
	e.eventuallyReady(connection)
	if report := e.sim.Requests(); report.Writes() > 0 {
		t.Errorf("what Auth0 does not show was sent again: %+v", report.ByRoute)
	}
	for _, event := range e.events(connection) {
		if strings.Contains(event, "was changed in Auth0") {
			t.Errorf("an Event speaks of drift: %s", event)
		}
	}

	change(e, connection, func(c *v1alpha1.Auth0Connection) { c.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve })
	e.eventuallyReady(connection)
	if len(connection.Status.Differences) > 0 {
		t.Errorf("Observe would change %+v", connection.Status.Differences)
	}

	change(e, connection, func(c *v1alpha1.Auth0Connection) {
		c.Spec.ManagementPolicy = v1alpha1.ManagementPolicyFull
		c.Spec.Options = options("https://other.example.com", certificate)
	})
	e.eventuallyReady(connection)
	if cert := shown()["cert"]; cert != certificate {
		t.Errorf("the certificate was lost: %v", shown())
	}
	change(e, connection, func(c *v1alpha1.Auth0Connection) { c.Spec.Options = options("https://other.example.com", "") })
	e.eventuallyReady(connection)
	if applied := connection.Status.AppliedSecrets; len(applied) > 0 {
		t.Errorf("status remembers %+v", applied)
	}
}

// TestSettingsOfAConnectionThatAreNotApplied has Auth0 leave those of an organization's connection as they are.
func TestSettingsOfAConnectionThatAreNotApplied(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	organizationFixture.prepare(e)
	organization := organizationFixture.object(e, "one").(*v1alpha1.Auth0Organization)
	e.create(organization)
	e.eventuallyReady(organization)
	route := "/api/v2/organizations/{id}/enabled_connections/{connectionId}"
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPatch, Route: route, Ignore: []string{"*"}})
	e.sim.ResetRequests()
	change(e, organization, func(o *v1alpha1.Auth0Organization) {
		item := &o.Spec.Connections.Items[0]
		item.AssignMembershipOnLogin = new(item.AssignMembershipOnLogin == nil || !*item.AssignMembershipOnLogin)
	})
	e.eventuallyStalled(organization, v1alpha1.ReasonNotApplied, "did not apply: enabled_connections.")
	e.restartOperator()
	e.eventually(func() error {
		if e.sim.Requests().Count(http.MethodGet, "/api/v2/organizations/{id}") < 2 {
			return errors.New("the organization was not looked at again")
		}
		return nil
	})
	e.eventuallyStalled(organization, v1alpha1.ReasonNotApplied)
	if sent := e.sim.Requests().Count(http.MethodPatch, route); sent != 1 {
		t.Errorf("the settings were sent %d times", sent)
	}
	e.sim.ClearFaults()
	e.reconcile(organization)
	e.eventuallyReady(organization)
}

// TestEntriesThatAuth0LeavesOut has Auth0 take a change of a list and not make it: the entry is named, and not sent at each look. (Twice in
// all, as the first time nobody can tell it from what others take away; one read of the list after the second.)
func TestEntriesThatAuth0LeavesOut(t *testing.T) {
	t.Parallel()
	for method, row := range map[string]struct {
		edit       func(*v1alpha1.Auth0User)
		difference v1alpha1.Difference
		sent       int
	}{
		http.MethodPost:   {func(u *v1alpha1.Auth0User) { u.Spec.Roles = roles("", "auditor") }, v1alpha1.Difference{Field: "roles.auditor", Spec: `"auditor"`}, 2},
		http.MethodDelete: {func(u *v1alpha1.Auth0User) { u.Spec.Roles = roles(v1alpha1.ListModeExact) }, v1alpha1.Difference{Field: "roles.auditor", Auth0: `"auditor"`}, 1},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			userFixture.prepare(e)
			role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "auditor"})["id"].(string)
			user := userFixture.object(e, "one").(*v1alpha1.Auth0User)
			user.Spec.Roles = nil
			e.create(user)
			e.eventuallyReady(user)
			if method == http.MethodDelete {
				e.dashboard(http.MethodPost, "/api/v2/users/"+user.Status.UserID+"/roles", map[string]any{"roles": []string{role}})
			}
			route := "/api/v2/users/{id}/roles"
			e.sim.AddFaults(simulator.Fault{Method: method, Route: route, Ignore: []string{"*"}})
			e.sim.ResetRequests()
			change(e, user, row.edit)
			for look := 1; look < row.sent; look++ {
				e.eventuallyReady(user)
				e.restartOperator()
			}
			e.eventuallyStalled(user, v1alpha1.ReasonNotApplied, "did not apply", "roles.auditor")
			reads := e.sim.Requests().Count(http.MethodGet, route)
			e.restartOperator()
			e.eventually(func() error {
				if e.sim.Requests().Count(http.MethodGet, route) == reads {
					return errors.New("the roles were not looked at again")
				}
				return nil
			})
			e.eventuallyStalled(user, v1alpha1.ReasonNotApplied)
			if sent := e.sim.Requests().Count(method, route); sent != row.sent {
				t.Errorf("%d times sent, want %d", sent, row.sent)
			}
			if got := user.Status.Differences; len(got) != 1 || got[0] != row.difference {
				t.Errorf("differences are %+v, want %+v", got, row.difference)
			}
			e.sim.ClearFaults()
			e.reconcile(user)
			e.eventuallyReady(user)
			if len(user.Status.Differences)+len(user.Status.ManagedFields) == 0 {
				t.Error("status forgot what is managed")
			}
		})
	}
}
