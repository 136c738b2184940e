package integration

import (
	"encoding/json"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// organizationFixture is an organization with a connection and a client grant.
var organizationFixture = fixture{
	prepare: func(e *environment) {
		seedOrders(e)
		app := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "machine", "app_type": "non_interactive", "grant_types": []string{"client_credentials"}})
		e.dashboard("POST", "/api/v2/client-grants", map[string]any{
			"client_id": app["client_id"], "audience": ordersAPI, "scope": []string{"read:orders"}, "organization_usage": "allow",
		})
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		grant := e.dashboardList("/api/v2/client-grants?client_id=" + e.clientNamed("machine"))[0]["id"].(string)
		return &v1alpha1.Auth0Organization{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0OrganizationSpec{
			ManagedSpec: e.managedSpec(),
			Name:        "initech",
			DisplayName: new("Initech"),
			Metadata:    map[string]v1alpha1.MetadataValue{"plan": "pro", "tier": "1"},
			Branding: &v1alpha1.OrganizationBranding{
				LogoURL: new("https://initech.example.com/logo.png"),
				Colors:  &v1alpha1.OrganizationColors{Primary: "#0059d6", PageBackground: "#000000"},
			},
			Connections: &v1alpha1.OrganizationConnections{Items: []v1alpha1.OrganizationConnection{{
				ConnectionID: new(e.connectionsNamed(connection)[0]["id"].(string)), AssignMembershipOnLogin: new(true),
			}}},
			ClientGrants: &v1alpha1.OrganizationClientGrants{Items: []v1alpha1.OrganizationClientGrant{{ClientGrantID: &grant}}},
			TokenQuota:   &v1alpha1.OrganizationTokenQuota{ClientCredentials: v1alpha1.OrganizationTokenQuotaLimits{Enforce: true, PerHour: new(int32(10))}},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkOrganization(e, object.(*v1alpha1.Auth0Organization))
	},
	count:  func(e *environment) int { return len(e.dashboardList("/api/v2/organizations")) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{"POST", "/api/v2/organizations"},

	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Organization).Spec
		spec.Name, spec.DisplayName = "initrode", new("Initrode")
		spec.Metadata["tier"] = "2"
		spec.Branding.Colors.Primary = "#ff0000"
		spec.Connections.Items[0].IsSignupEnabled = new(true)
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Organization).Spec
		spec.DisplayName, spec.Metadata, spec.Branding, spec.Connections, spec.ClientGrants, spec.TokenQuota = nil, nil, nil, nil, nil, nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		path := organizationPath(object)
		have := e.dashboard("GET", path, nil)
		var failures []error
		if metadata := have["metadata"].(map[string]any); len(metadata) != 1 {
			failures = append(failures, fmt.Errorf("metadata besides the mark is left: %v", metadata))
		}
		if branding, _ := have["branding"].(map[string]any); len(branding) > 0 || have["token_quota"] != nil || have["display_name"] != "initech" {
			failures = append(failures, fmt.Errorf("something is left: %v", have))
		}
		if left := append(e.dashboardList(path+"/enabled_connections"), e.dashboardList(path+"/client-grants")...); len(left) > 0 {
			failures = append(failures, fmt.Errorf("connections and client grants are left: %v", left))
		}
		return errors.Join(failures...)
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", organizationPath(object), map[string]any{"display_name": "Somebody else's", "metadata": map[string]any{"theirs": "stays"}})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) { e.dashboard("DELETE", organizationPath(object), nil) },
	existing: func(e *environment) {
		e.dashboard("POST", "/api/v2/organizations", map[string]any{"name": "initech", "metadata": map[string]any{"theirs": "stays"}})
	},
	existsReason:   v1alpha1.ReasonAlreadyExists,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		connections := object.(*v1alpha1.Auth0Organization).Spec.Connections
		connections.Items = append(connections.Items, connections.Items[0])
	},
	fix: func(object v1alpha1.Managed) {
		connections := object.(*v1alpha1.Auth0Organization).Spec.Connections
		connections.Items = connections.Items[:1]
	},
	withoutScope: func(e *environment) string {
		e.withoutScopes("create:organization_connections")
		return "create:organization_connections"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

func organizationPath(object v1alpha1.Managed) string {
	return "/api/v2/organizations/" + object.(*v1alpha1.Auth0Organization).Status.OrganizationID
}

// checkOrganization compares an organization in Auth0 with what its object declares.
func checkOrganization(e *environment, object *v1alpha1.Auth0Organization) error {
	e.Helper()
	path := organizationPath(object)
	status, answer := e.sim.Dashboard("GET", path, nil)
	if status != 200 {
		return fmt.Errorf("organization %s: %d %s", object.Status.OrganizationID, status, answer)
	}
	var have map[string]any
	if err := json.Unmarshal(answer, &have); err != nil {
		return err
	}
	spec := object.Spec
	var failures []error
	expect := func(field string, is, want any) {
		if isText, wantText := asJSON(is), asJSON(want); isText != wantText {
			failures = append(failures, fmt.Errorf("%s is %s, want %s", field, isText, wantText))
		}
	}
	expect("name", have["name"], spec.Name)
	metadata, _ := have["metadata"].(map[string]any)
	expect("mark", metadata["auth0_operator"], holder(object))
	for key, value := range spec.Metadata {
		expect("metadata."+key, metadata[key], value)
	}
	if spec.DisplayName != nil {
		expect("display_name", have["display_name"], spec.DisplayName)
	}
	if branding := spec.Branding; branding != nil {
		expect("branding", have["branding"], map[string]any{
			"logo_url": branding.LogoURL, "colors": map[string]any{"primary": branding.Colors.Primary, "page_background": branding.Colors.PageBackground},
		})
	}
	if spec.TokenQuota != nil {
		expect("token_quota", have["token_quota"], map[string]any{"client_credentials": map[string]any{"enforce": true, "per_hour": 10}})
	}
	if spec.Connections != nil {
		connections := e.dashboardList(path + "/enabled_connections")
		expect("connections", fieldOf(connections, "connection_id"), []string{*spec.Connections.Items[0].ConnectionID})
		if signup := spec.Connections.Items[0].IsSignupEnabled; signup != nil && len(connections) > 0 {
			expect("is_signup_enabled", connections[0]["is_signup_enabled"], signup)
		}
	}
	if spec.ClientGrants != nil {
		expect("client grants", fieldOf(e.dashboardList(path+"/client-grants"), "id"), []string{*spec.ClientGrants.Items[0].ClientGrantID})
	}
	return errors.Join(failures...)
}

// memberFixture is a user in a declared connection, and with a role in a declared organization.
var memberFixture = func() fixture {
	s := userFixture
	s.prepare = func(e *environment) {
		userFixture.prepare(e)
		members := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("members"), Spec: v1alpha1.Auth0ConnectionSpec{
			ManagedSpec: e.managedSpec(), Name: "members", Strategy: "auth0", EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{}},
		}}
		e.create(members)
		initech := &v1alpha1.Auth0Organization{ObjectMeta: e.meta("initech"), Spec: v1alpha1.Auth0OrganizationSpec{
			ManagedSpec: e.managedSpec(), Name: "initech", Connections: &v1alpha1.OrganizationConnections{
				Items: []v1alpha1.OrganizationConnection{{ConnectionRef: &v1alpha1.ObjectReference{Name: "members"}}},
			},
		}}
		e.create(initech)
		e.eventuallyReady(initech)
	}
	s.object = func(e *environment, name string) v1alpha1.Managed {
		user := userFixture.object(e, name).(*v1alpha1.Auth0User)
		user.Spec.Connection, user.Spec.ConnectionRef = "", &v1alpha1.ObjectReference{Name: "members"}
		user.Spec.Organizations = &v1alpha1.UserOrganizations{Items: []v1alpha1.UserOrganization{{
			OrganizationRef: &v1alpha1.ObjectReference{Name: "initech"}, Roles: []v1alpha1.UserRole{{Name: new("editor")}},
		}}}
		return user
	}
	s.check = func(e *environment, object v1alpha1.Managed) error {
		user := object.(*v1alpha1.Auth0User)
		want := []string{}
		if user.Spec.Organizations != nil {
			want = append(want, "initech "+*user.Spec.Organizations.Items[0].Roles[0].Name)
		}
		return errors.Join(checkUser(e, user), checkList("memberships", e.memberships(user), want))
	}
	s.change = func(object v1alpha1.Managed) {
		userFixture.change(object)
		object.(*v1alpha1.Auth0User).Spec.Organizations.Items[0].Roles[0].Name = new("viewer")
	}
	s.clear = func(object v1alpha1.Managed) {
		userFixture.clear(object)
		object.(*v1alpha1.Auth0User).Spec.Organizations = nil
	}
	s.drift = func(e *environment, object v1alpha1.Managed) {
		user := object.(*v1alpha1.Auth0User)
		for _, role := range e.dashboardList("/api/v2/roles") {
			if role["name"] == "editor" {
				e.dashboard("DELETE", e.memberRolesPath(user), map[string]any{"roles": []any{role["id"]}})
			}
		}
	}
	s.existing = func(e *environment) {
		e.dashboard("POST", "/api/v2/users", map[string]any{"connection": "members", "email": "ada@example.com", "password": "Correct-Horse-1", "verify_email": false})
	}
	return s
}()

func (e *environment) memberRolesPath(user *v1alpha1.Auth0User) string {
	e.Helper()
	organization := &v1alpha1.Auth0Organization{ObjectMeta: e.meta("initech")}
	e.get(organization)
	return organizationPath(organization) + "/members/" + userPath(user.Status.UserID)[len("/api/v2/users/"):] + "/roles"
}

// memberships lists the roles of a user in each organization, as "organization role".
func (e *environment) memberships(user *v1alpha1.Auth0User) []string {
	e.Helper()
	found := []string{}
	for _, organization := range e.dashboardList(userPath(user.Status.UserID) + "/organizations") {
		for _, role := range e.dashboardList(e.memberRolesPath(user)) {
			found = append(found, fmt.Sprint(organization["name"], " ", role["name"]))
		}
	}
	return found
}

// requireNoOrphansWithMarker fails if something in Auth0 carries the marker of an object that is gone, or that would not stay until
// it is gone.
func requireNoOrphansWithMarker(e *environment, things []map[string]any, list client.ObjectList, objects func() []client.Object) {
	e.Helper()
	if err := e.kube.List(e.ctx, list, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	for _, thing := range things {
		mark, kept := markerOf(thing, "metadata"), false
		for _, object := range objects() {
			kept = kept || len(object.GetFinalizers()) > 0 && mark == holder(object)
		}
		if mark != "" && !kept {
			e.Errorf("an orphan: %v", thing)
		}
	}
}

func requireNoOrphanedConnections(e *environment) {
	e.Helper()
	var list v1alpha1.Auth0ConnectionList
	requireNoOrphansWithMarker(e, e.dashboardList("/api/v2/connections?per_page=100"), &list, func() (objects []client.Object) {
		for i := range list.Items {
			objects = append(objects, &list.Items[i])
		}
		return objects
	})
}

func requireNoOrphanedOrganizations(e *environment) {
	e.Helper()
	var list v1alpha1.Auth0OrganizationList
	requireNoOrphansWithMarker(e, e.dashboardList("/api/v2/organizations?per_page=100"), &list, func() (objects []client.Object) {
		for i := range list.Items {
			objects = append(objects, &list.Items[i])
		}
		return objects
	})
}
