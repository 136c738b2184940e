package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// plantedSecrets are in the tenant, and must not be in what is exported.
var plantedSecrets = []string{"planted-idp-secret", "planted-Password-1"}

// TestPluginExport takes over a tenant that somebody else built: what is exported is accepted and becomes Ready, and Auth0 is
// as it was, but for the operator's mark.
func TestPluginExport(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.buildTenant()
	directory := e.exported()
	objects := e.readExported(directory)
	before := e.inventory()
	if plan, err := e.kubectlAuth0("plan", "-f", directory); err != nil || strings.Contains(plan, "→") || strings.Contains(plan, "update") {
		t.Errorf("the plan shows differences (%v):\n%s", err, plan)
	}
	for _, object := range objects {
		e.create(object)
	}
	e.within(walkthroughLimit, func() error {
		for _, object := range objects {
			if err := e.readyOrWhy(object); err != nil {
				return err
			}
		}
		return nil
	})
	if difference := cmp.Diff(before, e.inventory()); difference != "" {
		t.Errorf("applying what was exported changed Auth0 (-before +after):\n%s", difference)
	}
	e.requireNoMarkers(e.exported())
	for _, object := range objects {
		e.delete(object)
	}
	e.within(walkthroughLimit, func() error {
		for _, object := range objects {
			if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object.DeepCopyObject().(client.Object)); err == nil {
				return fmt.Errorf("%s is still there", object.GetName())
			}
		}
		return nil
	})
	if difference := cmp.Diff(before, e.inventory()); difference != "" {
		t.Errorf("deleting the objects changed Auth0 (-before +after):\n%s", difference)
	}
}

// buildTenant makes what another client would: one of everything, with what is special about it.
func (e *environment) buildTenant() {
	e.Helper()
	e.dashboard("POST", "/api/v2/resource-servers", map[string]any{
		"identifier": "https://billing.example.com/", "name": "Billing", "allow_offline_access": true, "token_lifetime": 3600,
		"scopes": []any{map[string]any{"value": "read:bills", "description": "See bills"}, map[string]any{"value": "write:bills"}},
	})
	machine := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Billing worker", "app_type": "non_interactive", "grant_types": []any{"client_credentials"}})
	web := e.dashboard("POST", "/api/v2/clients", map[string]any{
		"name": "Shop", "app_type": "regular_web", "callbacks": []any{"https://shop.example.com/callback"}, "client_metadata": map[string]any{"team": "web"},
		"refresh_token": map[string]any{"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 5},
	})
	// A second one with the same name.
	e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "Shop", "app_type": "spa"})
	grant := e.dashboard("POST", "/api/v2/client-grants", map[string]any{
		"client_id": machine["client_id"], "audience": "https://billing.example.com/", "scope": []any{"read:bills"}, "organization_usage": "allow",
	})
	// The permission to call an API that has no scopes for this application.
	e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": web["client_id"], "audience": "https://billing.example.com/", "scope": []any{}})
	database := e.dashboard("POST", "/api/v2/connections", map[string]any{
		"name": "customers", "strategy": "auth0", "options": map[string]any{"passwordPolicy": "fair", "password_history": map[string]any{"enable": true, "size": 3}},
		"metadata": map[string]any{"team": "identity"},
	})
	e.dashboard("POST", "/api/v2/connections", map[string]any{
		"name": "corporate", "strategy": "oidc", "options": map[string]any{
			"type": "back_channel", "client_id": "abc", "client_secret": plantedSecrets[0], "issuer": "https://idp.example.com",
			"authorization_endpoint": "https://idp.example.com/authorize", "token_endpoint": "https://idp.example.com/token", "jwks_uri": "https://idp.example.com/jwks", "scope": "openid",
		},
	})
	e.dashboard("PATCH", fmt.Sprintf("/api/v2/connections/%s/clients", database["id"]), []any{map[string]any{"client_id": web["client_id"], "status": true}})
	role := e.dashboard("POST", "/api/v2/roles", map[string]any{"name": "Bookkeeper", "description": "Keeps books"})
	e.dashboard("POST", fmt.Sprintf("/api/v2/roles/%s/permissions", role["id"]), map[string]any{"permissions": []any{
		map[string]any{"resource_server_identifier": "https://billing.example.com/", "permission_name": "read:bills"},
	}})
	organization := e.dashboard("POST", "/api/v2/organizations", map[string]any{
		"name": "acme", "display_name": "Acme Inc.", "metadata": map[string]any{"plan": "gold"},
		"branding": map[string]any{"logo_url": "https://acme.example.com/logo.png"},
	})
	e.dashboard("POST", fmt.Sprintf("/api/v2/organizations/%s/enabled_connections", organization["id"]), map[string]any{
		"connection_id": database["id"], "assign_membership_on_login": true,
	})
	e.dashboard("POST", fmt.Sprintf("/api/v2/organizations/%s/client-grants", organization["id"]), map[string]any{"grant_id": grant["id"]})
	user := e.dashboard("POST", "/api/v2/users", map[string]any{
		"connection": "customers", "email": "ada@example.com", "password": plantedSecrets[1], "name": "Ada Lovelace", "app_metadata": map[string]any{"plan": "pro"},
	})
	e.dashboard("POST", userPath(user["user_id"].(string))+"/roles", map[string]any{"roles": []any{role["id"]}})
	e.dashboard("POST", fmt.Sprintf("/api/v2/organizations/%s/members", organization["id"]), map[string]any{"members": []any{user["user_id"]}})
	// A role of the organization, which is not the tenant's role of that name.
	own := e.dashboard("POST", "/api/v2/roles", map[string]any{"name": "Bookkeeper", "type": "organization", "owner_id": organization["id"]})
	e.dashboard("POST", fmt.Sprintf("/api/v2/organizations/%s/members/%s/roles", organization["id"], user["user_id"]), map[string]any{"roles": []any{own["id"]}})
}

// exported is the directory with what is exported.
func (e *environment) exported() string {
	e.Helper()
	directory := e.TempDir()
	if _, err := e.kubectlAuth0("export", "--users", `email:"ada@example.com"`, "--output", directory); err != nil {
		e.Fatal(err)
	}
	return directory
}

// requireNoMarkers wants nothing in the manifests of what an object holds that only the operator writes.
func (e *environment) requireNoMarkers(directory string) {
	e.Helper()
	for _, object := range e.readExported(directory) {
		if content, _ := json.Marshal(object); strings.Contains(string(content), "auth0_operator") {
			e.Errorf("the manifest of %s %s has the operator's mark", object.GetObjectKind().GroupVersionKind().Kind, object.GetName())
		}
	}
}

// readExported reads the manifests, and fails on a secret in them.
func (e *environment) readExported(directory string) []client.Object {
	e.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil || len(files) < 7 {
		e.Fatalf("exported %v: %v", files, err)
	}
	var objects []client.Object
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			e.Fatal(err)
		}
		for _, secret := range append(e.clientSecrets(), plantedSecrets...) {
			if strings.Contains(string(content), secret) {
				e.Errorf("%s holds a secret", filepath.Base(file))
			}
		}
		for document := range strings.SplitSeq(strings.TrimPrefix(string(content), "---\n"), "\n---\n") {
			object := &unstructured.Unstructured{}
			if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
				e.Fatalf("%s: %v\n%s", file, err, document)
			}
			objects = append(objects, object)
		}
	}
	return objects
}

func (e *environment) clientSecrets() []string {
	e.Helper()
	var secrets []string
	for _, application := range e.dashboardList("/api/v2/clients?per_page=100") {
		if secret, _ := application["client_secret"].(string); secret != "" {
			secrets = append(secrets, secret)
		}
	}
	if len(secrets) == 0 {
		e.Fatal("the dashboard shows no secrets to look for")
	}
	return secrets
}

// inventory is all that is in the tenant, without what changes by itself and without the operator's mark.
func (e *environment) inventory() map[string]any {
	e.Helper()
	found := map[string]any{}
	for _, path := range []string{
		"/api/v2/clients?per_page=100", "/api/v2/resource-servers", "/api/v2/client-grants?per_page=100", "/api/v2/connections",
		"/api/v2/roles", "/api/v2/organizations", "/api/v2/users",
	} {
		var objects []string
		for _, object := range e.dashboardList(path) {
			for _, metadata := range []string{"client_metadata", "metadata", "app_metadata", "user_metadata"} {
				values, _ := object[metadata].(map[string]any)
				delete(values, "auth0_operator")
				if len(values) == 0 {
					delete(object, metadata)
				}
			}
			delete(object, "updated_at")
			encoded, err := json.Marshal(object)
			if err != nil {
				e.Fatal(err)
			}
			objects = append(objects, string(encoded))
		}
		slices.Sort(objects)
		found[path] = objects
	}
	return found
}
