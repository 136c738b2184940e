package integration

import "slices"

const (
	apisRoute     = "/api/v2/resource-servers"
	signingSecret = "planted-signing-secret-0123"
)

var resourceServerFixture = fromFiles("Auth0ResourceServer")

func apiPath(id string) string { return apisRoute + "/" + id }

// apis lists the APIs with an identifier.
func (e *environment) apis(identifier string) []map[string]any {
	e.Helper()
	return slices.DeleteFunc(e.dashboardList(apisRoute+"?per_page=100"), func(api map[string]any) bool { return api["identifier"] != identifier })
}

func (e *environment) api(id string) map[string]any {
	e.Helper()
	return e.dashboard("GET", apiPath(id), nil)
}

// scopesOf returns the scopes of an API with their descriptions.
func scopesOf(api map[string]any) map[string]string {
	scopes := map[string]string{}
	list, _ := api["scopes"].([]any)
	for _, item := range list {
		scope := item.(map[string]any)
		description, _ := scope["description"].(string)
		scopes[scope["value"].(string)] = description
	}
	return scopes
}

// valueOf returns what is pointed to, or the zero value.
func valueOf[T any](pointer *T) T {
	if pointer == nil {
		return *new(T)
	}
	return *pointer
}
