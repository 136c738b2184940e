package integration

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const databaseKey = "planted-Database-Key-1"

var (
	connectionFixture = fromFiles("Auth0Connection")
	providerFixture   = fromFiles("Auth0Connection provider")
)

func connectionPath(object v1alpha1.Managed) string {
	return "/api/v2/connections/" + object.(*v1alpha1.Auth0Connection).Status.ConnectionID
}

func (e *environment) connectionOf(object v1alpha1.Managed) map[string]any {
	e.Helper()
	return e.dashboard("GET", connectionPath(object), nil)
}

func (e *environment) connectionsNamed(name string) []map[string]any {
	e.Helper()
	return e.dashboardList("/api/v2/connections?name=" + url.QueryEscape(name))
}

func (e *environment) enabledClients(connection map[string]any) []string {
	e.Helper()
	page := e.dashboard("GET", "/api/v2/connections/"+connection["id"].(string)+"/clients?take=1000", nil)
	var ids []string
	for _, item := range page["clients"].([]any) {
		ids = append(ids, item.(map[string]any)["client_id"].(string))
	}
	slices.Sort(ids)
	return ids
}

// asJSON shows a value with sorted keys.
func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var plain any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		return err.Error()
	}
	encoded, _ = json.Marshal(plain)
	return string(encoded)
}
