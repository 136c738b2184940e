// Package organization defines Auth0Organization: organizations.
package organization

import (
	"context"
	"fmt"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// organizationMark is the key in metadata that holds the ownership marker.
const organizationMark = "metadata." + engine.MarkerKey

// Definition defines Auth0Organization.
var Definition = engine.Definition[*v1alpha1.Auth0Organization]{
	Resource:    "organizations",
	Noun:        "organization",
	Scopes:      scopes(),
	Fields:      semantics,
	Desired:     desired,
	Preserve:    preserve,
	Check:       check,
	Explain:     explain,
	Declares:    declares,
	Observe:     observe,
	Find:        find,
	MarkerField: organizationMark,
	Intent:      intent,
	Lists:       listsOf,
	AffectedBy:  affectedBy,
	Export:      export,
	Population:  population,
	Gives:       gives,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	// Auth0 does not document whether it merges or replaces these. A patch with all values works either way.
	Replaced:   []string{"metadata", "branding"},
	CreateOnly: []string{"enabled_connections"},
	Kept:       []string{organizationMark, "third_party_client_access"},
}

func scopes() []engine.Scope[*v1alpha1.Auth0Organization] {
	usesConnections := func(o *v1alpha1.Auth0Organization) bool {
		return o.Spec.Connections != nil || len(o.Status.Connections) > 0
	}
	usesGrants := func(o *v1alpha1.Auth0Organization) bool {
		return o.Spec.ClientGrants != nil || len(o.Status.ClientGrants) > 0
	}
	scopes := append(engine.LifecycleScopes[*v1alpha1.Auth0Organization](auth0.ScopesFor("organizations")), engine.CountScope[*v1alpha1.Auth0Organization]("read:organization_members"))
	scopes = append(scopes, engine.ScopesIf(usesConnections, engine.LifecycleScopes[*v1alpha1.Auth0Organization]("organization_connections"))...)
	return append(scopes, engine.ScopesIf(usesGrants, slices.DeleteFunc(engine.LifecycleScopes[*v1alpha1.Auth0Organization]("organization_client_grants"),
		func(scope engine.Scope[*v1alpha1.Auth0Organization]) bool {
			return scope.Name == "update:organization_client_grants"
		}))...)
}

func organizationConnections(o *v1alpha1.Auth0Organization) []v1alpha1.OrganizationConnection {
	if o.Spec.Connections == nil {
		return nil
	}
	return o.Spec.Connections.Items
}

func organizationGrants(o *v1alpha1.Auth0Organization) []v1alpha1.OrganizationClientGrant {
	if o.Spec.ClientGrants == nil {
		return nil
	}
	return o.Spec.ClientGrants.Items
}

func orgConnectionField(i int) string {
	return fmt.Sprintf("spec.connections.items[%d].connectionRef", i)
}

func orgGrantField(i int) string { return fmt.Sprintf("spec.clientGrants.items[%d].clientGrantRef", i) }

// check rejects connections that are listed twice.
func check(o *v1alpha1.Auth0Organization) error {
	var named []string
	for i, item := range organizationConnections(o) {
		name := nameOf(item.ConnectionRef, item.ConnectionID)
		if slices.Contains(named, name) {
			return fmt.Errorf("spec.connections.items[%d] names a connection that is named before: %s; remove one of the two", i, name)
		}
		named = append(named, name)
	}
	return nil
}

func nameOf(ref *v1alpha1.ObjectReference, id *string) string {
	if id != nil {
		return *id
	}
	return ref.Namespace + "/" + ref.Name
}

func desired(o *v1alpha1.Auth0Organization, references reference.Values) auth0.Document {
	desired := fields.FromSpec(o.Spec, "metadata")
	delete(desired, "connections")
	delete(desired, "client_grants")
	if used := wantedConnections(o, references); len(used) > 0 {
		connections := make([]any, len(used))
		for i, connection := range used {
			connections[i] = map[string]any(connection)
		}
		desired["enabled_connections"] = connections
	}
	return desired
}

// wantedConnections are the declared settings of the organization's connections, with Auth0's names.
func wantedConnections(o *v1alpha1.Auth0Organization, references reference.Values) []auth0.Document {
	items := organizationConnections(o)
	used := make([]auth0.Document, len(items))
	for i, item := range items {
		used[i] = fields.FromSettings(item)
		delete(used[i], "connection_ref")
		used[i]["connection_id"] = references.ID(orgConnectionField(i), item.ConnectionID)
	}
	return used
}

// declares implements Definition.Declares.
func declares(o *v1alpha1.Auth0Organization) string { return o.Spec.Name }

// intent records the name, which may change before the operator knows whether the organization was created.
func intent(desired auth0.Document) auth0.Document {
	return auth0.Document{"name": desired["name"]}
}

func observe(o *v1alpha1.Auth0Organization, have auth0.Document) {
	o.Status.OrganizationID, o.Status.Name = have.String("id"), have.String("name")
}

func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0Organization], wanted auth0.Document) ([]auth0.Document, error) {
	name := wanted.String("name")
	if name == "" {
		name = req.Object.Spec.Name
	}
	return req.Session.Find(ctx, "organizations", map[string]string{"name": name})
}

// preserve restores the default display name if a patch removes the declared one.
func preserve(req engine.Request[*v1alpha1.Auth0Organization], _, patch auth0.Document) error {
	if name, sent := patch["display_name"]; sent && name == nil {
		patch["display_name"] = req.Object.Spec.Name
	}
	return nil
}

func listsOf(req engine.Request[*v1alpha1.Auth0Organization]) []lists.List {
	return []lists.List{connections(req), clientGrants(req)}
}

func connections(req engine.Request[*v1alpha1.Auth0Organization]) lists.List {
	o := req.Object
	wanted := map[string]auth0.Document{}
	list := lists.List{Field: "enabled_connections", Managed: &o.Status.Connections, Sent: true}
	for _, connection := range wantedConnections(o, req.References) {
		id := connection.String("connection_id")
		wanted[id] = connection
		list.Want = append(list.Want, id)
	}
	list.Want = lists.Unique(list.Want)
	if o.Spec.Connections != nil {
		list.Declared, list.Mode = true, o.Spec.Connections.Mode
	}
	var differing []string
	list.Read = func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
		used, err := session.OrganizationConnections(ctx, id)
		ids := make([]string, len(used))
		differing = nil
		for i, connection := range used {
			ids[i] = connection.String("connection_id")
			if differsFrom(connection, wanted[ids[i]]) {
				differing = append(differing, ids[i])
			}
		}
		return ids, err
	}
	list.Differing = func() []string { return differing }
	list.Amend = func(ctx context.Context, session *auth0.Session, id string, ids []string) error {
		differing = nil
		_, err := lists.Each(ids, func(connection string) error {
			patch := wanted[connection].Clone()
			delete(patch, "connection_id")
			used, err := session.UpdateOrganizationConnection(ctx, id, connection, patch)
			if err == nil && differsFrom(used, patch) {
				differing = append(differing, connection)
			}
			return err
		})
		return err
	}
	list.Add = func(ctx context.Context, session *auth0.Session, id string, ids []string) ([]string, error) {
		return lists.Each(ids, func(connection string) error {
			return lists.IgnoreExisting(session.AddOrganizationConnection(ctx, id, wanted[connection]))
		})
	}
	list.Remove = func(ctx context.Context, session *auth0.Session, id string, ids []string) error {
		_, err := lists.Each(ids, func(connection string) error { return session.RemoveOrganizationConnection(ctx, id, connection) })
		return err
	}
	return list
}

// differsFrom reports whether any of the wanted attributes has another value.
func differsFrom(have, wanted auth0.Document) bool {
	for field, value := range wanted {
		if have[field] != value {
			return true
		}
	}
	return false
}

func clientGrants(req engine.Request[*v1alpha1.Auth0Organization]) lists.List {
	o := req.Object
	list := lists.List{
		Field: "client_grants", Managed: &o.Status.ClientGrants,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			return session.OrganizationClientGrants(ctx, id)
		},
		Add: func(ctx context.Context, session *auth0.Session, id string, grants []string) ([]string, error) {
			return lists.Each(grants, func(grant string) error {
				return lists.IgnoreExisting(session.AddOrganizationClientGrant(ctx, id, grant))
			})
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, grants []string) error {
			_, err := lists.Each(grants, func(grant string) error { return session.RemoveOrganizationClientGrant(ctx, id, grant) })
			return err
		},
	}
	for i, item := range organizationGrants(o) {
		list.Want = append(list.Want, req.References.ID(orgGrantField(i), item.ClientGrantID))
	}
	list.Want = lists.Unique(list.Want)
	if o.Spec.ClientGrants != nil {
		list.Declared, list.Mode = true, o.Spec.ClientGrants.Mode
	}
	return list
}

// explain gives common errors of organizations a reason and a remedy.
func explain(req engine.Request[*v1alpha1.Auth0Organization], failed *auth0.Error) error {
	o := req.Object
	switch {
	case failed.Route == "PATCH /api/v2/organizations/{id}" && failed.Class == auth0.ClassConflict:
		return problem.Stalled(v1alpha1.ReasonAlreadyExists, "another organization has the name %q; choose another in spec.name", o.Spec.Name)
	case failed.Class == auth0.ClassNotFound && failed.Message == "No connection found by that id":
		return problem.Stalled(v1alpha1.ReasonConnectionNotFound, "spec.connections names a connection that does not exist; correct its id, or name an Auth0Connection by connectionRef")
	case failed.Code == "inexistent_client_grant":
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.clientGrants names a client grant that does not exist; correct its id, or name an Auth0ClientGrant by clientGrantRef")
	}
	return nil
}

// population implements Definition.Population. Deleting an organization deletes its memberships and the roles in them.
func population(ctx context.Context, session *auth0.Session, have auth0.Document) (engine.Population, error) {
	count, err := session.CountOrganizationMembers(ctx, have.String("id"))
	return engine.Population{
		Count: count, One: "a member whom no object declares", Many: "members whom no object declares", Loss: "memberships and the roles in them end with it",
		Kind: "Auth0User", Has: func(o v1alpha1.Managed) bool {
			return slices.Contains(o.(*v1alpha1.Auth0User).Status.Organizations, have.String("id"))
		},
	}, err
}

// affectedBy implements Definition.AffectedBy. An organization loses a deleted connection, and a client grant that is deleted by
// itself, with its application or with its API.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0Organization) bool {
	if !write.Deleted() {
		return nil
	}
	switch write.Resource {
	case "connections":
		return func(o *v1alpha1.Auth0Organization) bool { return slices.Contains(o.Status.Connections, write.ID) }
	case "client-grants":
		return func(o *v1alpha1.Auth0Organization) bool { return slices.Contains(o.Status.ClientGrants, write.ID) }
	case "clients", "resource-servers":
		return func(o *v1alpha1.Auth0Organization) bool { return len(o.Status.ClientGrants) > 0 }
	}
	return nil
}
