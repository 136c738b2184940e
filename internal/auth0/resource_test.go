package auth0

import (
	"net/http"
	"slices"
	"testing"
)

// TestLocate finds the objects of paths, for resources of all forms: nested ones, singletons, and singletons by parameters.
func TestLocate(t *testing.T) {
	table := resourceTable{
		"roles": {}, "actions/actions": {}, "connections": {}, "connections/{connection_id}/keys": {},
		"tenants/settings":                               {Singleton: true},
		"attack-protection/brute-force-protection":       {Singleton: true},
		"prompts/{prompt}/custom-text/{language}":        {Singleton: true},
		"connections/{connection_id}/scim-configuration": {Singleton: true},
	}
	for _, row := range []struct {
		path, resource, id string
		rest               []string
	}{
		{"roles", "", "", nil},
		{"roles/rol_1", "roles", "rol_1", nil},
		{"roles/rol_1/users", "roles", "rol_1", []string{"users"}},
		{"roles/a%2Fb", "roles", "a/b", nil},
		{"actions/actions/1/deploy", "actions/actions", "1", []string{"deploy"}},
		{"actions/triggers", "", "", nil},
		{"tenants/settings", "tenants/settings", "tenants/settings", nil},
		{"tenants/other", "", "", nil},
		{"attack-protection/brute-force-protection", "attack-protection/brute-force-protection", "attack-protection/brute-force-protection", nil},
		{"prompts/login/custom-text/en", "prompts/{prompt}/custom-text/{language}", "login en", nil},
		{"connections/con_1", "connections", "con_1", nil},
		{"connections/con_1/clients", "connections", "con_1", []string{"clients"}},
		{"connections/con_1/scim-configuration", "connections/{connection_id}/scim-configuration", "con_1", nil},
		{"connections/con_1/keys/2", "connections/{connection_id}/keys", "con_1 2", nil},
		{"roles/%zz", "", "", nil},
		{"unknown/1", "", "", nil},
	} {
		resource, id, rest, ok := table.locate(row.path)
		if resource != row.resource || id != row.id || !slices.Equal(rest, row.rest) || ok != (row.resource != "") {
			t.Errorf("%s: got %q %q %v %v, want %q %q %v", row.path, resource, id, rest, ok, row.resource, row.id, row.rest)
		}
	}
}

// TestRoutesOfResources calls the generic verbs for resources of all forms.
func TestRoutesOfResources(t *testing.T) {
	// Each test of this package that uses the table runs before or after this one.
	for name, added := range map[string]Resource{
		"actions/actions": {}, "tenants/settings": {Singleton: true}, "network-acls": {Replace: true},
		"prompts/{prompt}/custom-text/{language}": {Singleton: true, Replace: true},
	} {
		resources[name] = added
		t.Cleanup(func() { delete(resources, name) })
	}
	for _, row := range []struct{ resource, id, read, update string }{
		{"roles", "rol_1", "GET /api/v2/roles/rol_1", "PATCH /api/v2/roles/rol_1"},
		{"actions/actions", "1", "GET /api/v2/actions/actions/1", "PATCH /api/v2/actions/actions/1"},
		{"tenants/settings", "tenants/settings", "GET /api/v2/tenants/settings", "PATCH /api/v2/tenants/settings"},
		{"network-acls", "acl_1", "GET /api/v2/network-acls/acl_1", "PUT /api/v2/network-acls/acl_1"},
		{"prompts/{prompt}/custom-text/{language}", JoinID("login", "en"), "GET /api/v2/prompts/login/custom-text/en", "PUT /api/v2/prompts/login/custom-text/en"},
	} {
		session, sent := newRecordedSession(t, http.StatusOK, nil)
		_, readErr := session.Get(t.Context(), row.resource, row.id)
		_, updateErr := session.Update(t.Context(), row.resource, row.id, Document{})
		if readErr != nil || updateErr != nil {
			t.Errorf("%s: %v %v", row.resource, readErr, updateErr)
			continue
		}
		for i, want := range []string{row.read, row.update} {
			if got := sent.requests[i].Method + " " + sent.requests[i].URL.RequestURI(); got != want {
				t.Errorf("%s: got %s, want %s", row.resource, got, want)
			}
		}
	}
}

// TestFindSendsNoUnknownFilter finds an object of a resource that Auth0 cannot filter by a field.
func TestFindSendsNoUnknownFilter(t *testing.T) {
	resources["network-acls"] = Resource{}
	t.Cleanup(func() { delete(resources, "network-acls") })
	session, sent := newRecordedSession(t, http.StatusOK, nil)
	// The answer is no list, so that this fails after the call.
	_, _ = session.Find(t.Context(), "network-acls", map[string]string{"name": "main"})
	if len(sent.requests) != 1 || sent.requests[0].URL.RequestURI() != "/api/v2/network-acls" {
		t.Errorf("got %d calls, want GET /api/v2/network-acls: %v", len(sent.requests), sent.requests)
	}
}

func TestScopesFor(t *testing.T) {
	for resource, want := range map[string]string{"roles": "roles", "resource-servers": "resource_servers", "client-grants": "client_grants"} {
		if got := ScopesFor(resource); got != want {
			t.Errorf("%s: got %s, want %s", resource, got, want)
		}
	}
}
