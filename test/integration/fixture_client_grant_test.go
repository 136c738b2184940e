package integration

import (
	"net/url"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const grantsRoute = "/api/v2/client-grants"

var clientGrantFixture = fromFiles("Auth0ClientGrant")

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
