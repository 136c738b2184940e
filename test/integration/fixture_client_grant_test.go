package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const grantsRoute = "/api/v2/client-grants"

// clientGrantFixture lets a declared application call a declared API.
var clientGrantFixture = fixture{
	prepare: func(e *environment) {
		machine := newMachine(e, "machine")
		api := newResourceServer(e, "orders", ordersAPI, "read:orders", "write:orders", "delete:orders")
		e.create(machine)
		e.create(api)
		e.eventuallyReady(machine)
		e.eventuallyReady(api)
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		return &v1alpha1.Auth0ClientGrant{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientGrantSpec{
			ManagedSpec:       e.managedSpec(),
			ClientRef:         &v1alpha1.ObjectReference{Name: "machine"},
			ResourceServerRef: &v1alpha1.ObjectReference{Name: "orders"},
			Scopes:            []string{"read:orders", "write:orders"},
			OrganizationUsage: new("allow"),
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkClientGrant(e, object.(*v1alpha1.Auth0ClientGrant))
	},
	count:  func(e *environment) int { return len(e.grants(ordersAPI)) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{http.MethodPost, grantsRoute},
	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0ClientGrant).Spec
		spec.Scopes, spec.OrganizationUsage = []string{"delete:orders", "read:orders"}, new("require")
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0ClientGrant).Spec
		spec.Scopes, spec.AllowAllScopes, spec.OrganizationUsage = nil, new(true), nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		grant := e.dashboard("GET", grantPath(object.(*v1alpha1.Auth0ClientGrant).Status.ID), nil)
		if scopes, _ := grant["scope"].([]any); len(scopes) > 0 || grant["organization_usage"] != nil {
			return fmt.Errorf("scopes and organization_usage are still there: %v", grant)
		}
		return nil
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", grantPath(object.(*v1alpha1.Auth0ClientGrant).Status.ID), map[string]any{"scope": []string{"delete:orders"}})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("DELETE", grantPath(object.(*v1alpha1.Auth0ClientGrant).Status.ID), nil)
	},
	existing: func(e *environment) {
		machine := newMachine(e, "machine")
		e.get(machine)
		e.dashboard("POST", grantsRoute, map[string]any{"client_id": machine.Status.ClientID, "audience": ordersAPI, "scope": []string{"delete:orders"}})
	},
	existsReason:   v1alpha1.ReasonAlreadyExists,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0ClientGrant).Spec
		spec.OrganizationUsage, spec.AllowAnyOrganization = new("deny"), new(true)
	},
	fix: func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0ClientGrant).Spec.AllowAnyOrganization = nil
	},
	withoutScope: func(e *environment) string {
		e.withoutScopes("create:client_grants")
		return "create:client_grants"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

func grantPath(id string) string { return grantsRoute + "/" + id }

// newMachine declares a machine-to-machine application.
func newMachine(e *environment, name string) *v1alpha1.Auth0Client {
	return &v1alpha1.Auth0Client{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec:    e.managedSpec(),
		ClientSettings: v1alpha1.ClientSettings{Name: name, AppType: new("non_interactive")},
	}}
}

// grants lists the client grants for an API.
func (e *environment) grants(audience string) []map[string]any {
	e.Helper()
	return e.dashboardList(grantsRoute + "?audience=" + url.QueryEscape(audience))
}

// grantScopes returns the scopes of a grant.
func grantScopes(grant map[string]any) []string {
	list, _ := grant["scope"].([]any)
	scopes := make([]map[string]any, len(list))
	for i, scope := range list {
		scopes[i] = map[string]any{"name": scope}
	}
	return fieldOf(scopes, "name")
}

// checkClientGrant compares a client grant in Auth0 with what its object declares.
func checkClientGrant(e *environment, object *v1alpha1.Auth0ClientGrant) error {
	e.Helper()
	status, answer := e.sim.Dashboard("GET", grantPath(object.Status.ID), nil)
	if status != http.StatusOK {
		return fmt.Errorf("client grant %s: %d %s", object.Status.ID, status, answer)
	}
	var grant map[string]any
	if err := json.Unmarshal(answer, &grant); err != nil {
		return err
	}
	spec := object.Spec
	var failures []error
	if grant["client_id"] != object.Status.ClientID || grant["audience"] != object.Status.Audience || object.Status.ClientID == "" {
		failures = append(failures, fmt.Errorf("the grant is for another application or API: %v", grant))
	}
	if allowed, _ := grant["allow_all_scopes"].(bool); allowed != valueOf(spec.AllowAllScopes) {
		failures = append(failures, fmt.Errorf("allow_all_scopes is %v", grant["allow_all_scopes"]))
	}
	if spec.OrganizationUsage != nil && grant["organization_usage"] != *spec.OrganizationUsage {
		failures = append(failures, fmt.Errorf("organization_usage is %v", grant["organization_usage"]))
	}
	return errors.Join(append(failures, checkList("scopes", grantScopes(grant), append([]string{}, spec.Scopes...)))...)
}
