package controllers

import (
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// affects reports whether a write affects an object. A nil function affects none of the kind.
func affects[O v1alpha1.Managed](t *testing.T, adapter engine.Affected[O], write drift.Write, object O) bool {
	t.Helper()
	isAffected := adapter.AffectedBy(write)
	return isAffected != nil && isAffected(object)
}

func TestAffectedBy(t *testing.T) {
	t.Parallel()
	const api = "https://orders"
	exact := &v1alpha1.Auth0Connection{Spec: v1alpha1.Auth0ConnectionSpec{EnabledClients: &v1alpha1.EnabledClients{Mode: v1alpha1.ListModeExact}}}
	exact.Status.EnabledClients = []string{"shop"}
	additive := exact.DeepCopy()
	additive.Spec.EnabledClients.Mode = v1alpha1.ListModeAdditive
	grant := &v1alpha1.Auth0ClientGrant{}
	grant.Status.ClientID, grant.Status.Audience = "shop", api
	role := &v1alpha1.Auth0Role{}
	role.Status.Permissions = []string{"read:orders " + api}
	user := &v1alpha1.Auth0User{}
	user.Status.Roles, user.Status.OrganizationRoles = []string{"editor"}, []string{"org_1 chief"}
	user.Status.Organizations, user.Status.Permissions, user.Status.Connection = []string{"org_1"}, []string{"write:orders " + api}, "customers"
	organization := &v1alpha1.Auth0Organization{}
	organization.Status.Connections, organization.Status.ClientGrants = []string{"con_1"}, []string{"cgr_1"}
	application := &v1alpha1.Auth0Client{Spec: v1alpha1.Auth0ClientSpec{}}
	application.Spec.DefaultOrganization = &v1alpha1.ClientDefaultOrganization{}

	created := func(resource, id string) drift.Write {
		return drift.Write{Resource: resource, ID: id, After: auth0.Document{}}
	}
	deleted := func(resource, id, name string) drift.Write {
		return drift.Write{Resource: resource, ID: id, Before: auth0.Document{"name": name, "identifier": name}}
	}
	scopes := func(values ...string) auth0.Document {
		items := []any{}
		for _, value := range values {
			items = append(items, map[string]any{"value": value})
		}
		return auth0.Document{"identifier": api, "scopes": items}
	}
	narrowed := drift.Write{Resource: "resource-servers", ID: "1", Before: scopes("read:orders", "write:orders"), After: scopes("write:orders")}
	widened := drift.Write{Resource: "resource-servers", ID: "1", Before: narrowed.After, After: narrowed.Before}
	renamed := drift.Write{Resource: "roles", ID: "rol_1", Before: auth0.Document{"name": "editor"}, After: auth0.Document{"name": "author"}}
	described := drift.Write{Resource: "roles", ID: "rol_1", Before: auth0.Document{"name": "editor"}, After: auth0.Document{"name": "editor"}}

	for _, row := range []struct {
		name string
		got  bool
		want bool
	}{
		{"a new application and an exact connection", affects(t, connectionAdapter{}, created("clients", "new"), exact), true},
		{"a new application that is declared", affects(t, connectionAdapter{}, created("clients", "shop"), exact), false},
		{"a new application and an additive connection", affects(t, connectionAdapter{}, created("clients", "new"), additive), false},
		{"a new application and a connection without a list", affects(t, connectionAdapter{}, created("clients", "new"), &v1alpha1.Auth0Connection{}), false},
		{"a deleted application and a connection that has it", affects(t, connectionAdapter{}, deleted("clients", "shop", "Shop"), additive), true},
		{"a deleted application and its grant", affects(t, clientGrantAdapter{}, deleted("clients", "shop", "Shop"), grant), true},
		{"another deleted application and a grant", affects(t, clientGrantAdapter{}, deleted("clients", "other", "Shop"), grant), false},
		{"a deleted API and a grant", affects(t, clientGrantAdapter{}, deleted("resource-servers", "1", api), grant), true},
		{"a scope that goes and a grant", affects(t, clientGrantAdapter{}, narrowed, grant), true},
		{"a deleted API and a role", affects(t, roleAdapter{}, deleted("resource-servers", "1", api), role), true},
		{"another deleted API and a role", affects(t, roleAdapter{}, deleted("resource-servers", "1", "https://stock"), role), false},
		{"an API that nobody has read and a role", affects(t, roleAdapter{}, deleted("resource-servers", "1", ""), role), false},
		{"a scope that goes and a role that has it", affects(t, roleAdapter{}, narrowed, role), true},
		{"a scope that goes and a user who has another", affects(t, userAdapter{}, narrowed, user), false},
		{"a scope that comes", affects(t, roleAdapter{}, widened, role), false},
		{"a deleted API and a user", affects(t, userAdapter{}, deleted("resource-servers", "1", api), user), true},
		{"a deleted role and a user", affects(t, userAdapter{}, deleted("roles", "rol_1", "editor"), user), true},
		{"a deleted role and a member", affects(t, userAdapter{}, deleted("roles", "rol_2", "chief"), user), true},
		{"another deleted role and a user", affects(t, userAdapter{}, deleted("roles", "rol_3", "author"), user), false},
		{"a role of another name and a user", affects(t, userAdapter{}, renamed, user), true},
		{"a role of another description and a user", affects(t, userAdapter{}, described, user), false},
		{"a deleted connection and its user", affects(t, userAdapter{}, deleted("connections", "con_1", "customers"), user), true},
		{"a deleted organization and its member", affects(t, userAdapter{}, deleted("organizations", "org_1", "acme"), user), true},
		{"a deleted user", affects(t, userAdapter{}, deleted("users", "auth0|1", ""), user), false},
		{"a deleted connection and an organization", affects(t, organizationAdapter{}, deleted("connections", "con_1", "customers"), organization), true},
		{"a deleted grant and an organization", affects(t, organizationAdapter{}, deleted("client-grants", "cgr_1", ""), organization), true},
		{"a deleted application and an organization with grants", affects(t, organizationAdapter{}, deleted("clients", "shop", ""), organization), true},
		{"a deleted application and an organization without grants", affects(t, organizationAdapter{}, deleted("clients", "shop", ""), &v1alpha1.Auth0Organization{}), false},
		{"a deleted organization and an application", affects(t, clientAdapter{}, deleted("organizations", "org_1", "acme"), application), true},
	} {
		if row.got != row.want {
			t.Errorf("%s: affected %v, want %v", row.name, row.got, row.want)
		}
	}
}
