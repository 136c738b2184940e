package integration

const rolesRoute = "/api/v2/roles"

// roleFixture is a role with a permission of a declared API, and one of an API that is only in Auth0.
var roleFixture = fixtureFiles{folder: "auth0role", route: rolesRoute, scope: "roles"}.fixture()

func rolePath(id string) string { return rolesRoute + "/" + id }

// rolePermissions returns the names of the permissions of a role.
func (e *environment) rolePermissions(id string) []string {
	e.Helper()
	return fieldOf(e.dashboardList(rolePath(id)+"/permissions?per_page=100"), "permission_name")
}
