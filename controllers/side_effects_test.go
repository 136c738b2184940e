package controllers

import (
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers/client"
	"github.com/auth0-operator/auth0-operator/controllers/clientgrant"
	"github.com/auth0-operator/auth0-operator/controllers/connection"
	"github.com/auth0-operator/auth0-operator/controllers/organization"
	"github.com/auth0-operator/auth0-operator/controllers/role"
	"github.com/auth0-operator/auth0-operator/controllers/user"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// affects reports whether a write affects an object. A nil function affects none of the kind.
func affects[O v1alpha1.Managed](t *testing.T, definition engine.Definition[O], write drift.Write, object O) bool {
	t.Helper()
	isAffected := definition.AffectedBy(write)
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
	holder := &v1alpha1.Auth0Role{}
	holder.Status.Permissions = []string{"read:orders " + api}
	member := &v1alpha1.Auth0User{}
	member.Status.Roles, member.Status.OrganizationRoles = []string{"editor"}, []string{"org_1 chief"}
	member.Status.Organizations, member.Status.Permissions, member.Status.Connection = []string{"org_1"}, []string{"write:orders " + api}, "customers"
	acme := &v1alpha1.Auth0Organization{}
	acme.Status.Connections, acme.Status.ClientGrants = []string{"con_1"}, []string{"cgr_1"}
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
		{"a new application and an exact connection", affects(t, connection.Definition, created("clients", "new"), exact), true},
		{"a new application that is declared", affects(t, connection.Definition, created("clients", "shop"), exact), false},
		{"a new application and an additive connection", affects(t, connection.Definition, created("clients", "new"), additive), false},
		{"a new application and a connection without a list", affects(t, connection.Definition, created("clients", "new"), &v1alpha1.Auth0Connection{}), false},
		{"a deleted application and a connection that has it", affects(t, connection.Definition, deleted("clients", "shop", "Shop"), additive), true},
		{"a deleted application and its grant", affects(t, clientgrant.Definition, deleted("clients", "shop", "Shop"), grant), true},
		{"another deleted application and a grant", affects(t, clientgrant.Definition, deleted("clients", "other", "Shop"), grant), false},
		{"a deleted API and a grant", affects(t, clientgrant.Definition, deleted("resource-servers", "1", api), grant), true},
		{"a scope that goes and a grant", affects(t, clientgrant.Definition, narrowed, grant), true},
		{"a deleted API and a role", affects(t, role.Definition, deleted("resource-servers", "1", api), holder), true},
		{"another deleted API and a role", affects(t, role.Definition, deleted("resource-servers", "1", "https://stock"), holder), false},
		{"an API that nobody has read and a role", affects(t, role.Definition, deleted("resource-servers", "1", ""), holder), false},
		{"a scope that goes and a role that has it", affects(t, role.Definition, narrowed, holder), true},
		{"a scope that goes and a user who has another", affects(t, user.Definition, narrowed, member), false},
		{"a scope that comes", affects(t, role.Definition, widened, holder), false},
		{"a deleted API and a user", affects(t, user.Definition, deleted("resource-servers", "1", api), member), true},
		{"a deleted role and a user", affects(t, user.Definition, deleted("roles", "rol_1", "editor"), member), true},
		{"a deleted role and a member", affects(t, user.Definition, deleted("roles", "rol_2", "chief"), member), true},
		{"another deleted role and a user", affects(t, user.Definition, deleted("roles", "rol_3", "author"), member), false},
		{"a role of another name and a user", affects(t, user.Definition, renamed, member), true},
		{"a role of another description and a user", affects(t, user.Definition, described, member), false},
		{"a deleted connection and its user", affects(t, user.Definition, deleted("connections", "con_1", "customers"), member), true},
		{"a deleted organization and its member", affects(t, user.Definition, deleted("organizations", "org_1", "acme"), member), true},
		{"a deleted user", affects(t, user.Definition, deleted("users", "auth0|1", ""), member), false},
		{"a deleted connection and an organization", affects(t, organization.Definition, deleted("connections", "con_1", "customers"), acme), true},
		{"a deleted grant and an organization", affects(t, organization.Definition, deleted("client-grants", "cgr_1", ""), acme), true},
		{"a deleted application and an organization with grants", affects(t, organization.Definition, deleted("clients", "shop", ""), acme), true},
		{"a deleted application and an organization without grants", affects(t, organization.Definition, deleted("clients", "shop", ""), &v1alpha1.Auth0Organization{}), false},
		{"a deleted organization and an application", affects(t, client.Definition, deleted("organizations", "org_1", "acme"), application), true},
	} {
		if row.got != row.want {
			t.Errorf("%s: affected %v, want %v", row.name, row.got, row.want)
		}
	}
}
