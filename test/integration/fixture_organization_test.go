package integration

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

var (
	organizationFixture = fromFiles("Auth0Organization")
	memberFixture       = fromFiles("Auth0User member")
)

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
