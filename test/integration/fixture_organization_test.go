package integration

import (
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

var organizationFixture = fromFiles("Auth0Organization")

func organizationPath(object v1alpha1.Managed) string {
	return "/api/v2/organizations/" + object.(*v1alpha1.Auth0Organization).Status.OrganizationID
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
