package auth0

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestRolesOfOrganizations has two organizations with roles of the same name as a tenant's role, one created before it and one
// after it. Nothing takes these for the tenant's.
func TestRolesOfOrganizations(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		create := func(path string, body map[string]any) string {
			status, answer := s.Dashboard(http.MethodPost, path, body)
			if status >= http.StatusMultipleChoices {
				t.Fatalf("%s: %d %s", path, status, answer)
			}
			created, _ := ParseDocument(answer) // Some answers are empty.
			return created.String("id")
		}
		acme, widgets := create("/api/v2/organizations", map[string]any{"name": "acme"}), create("/api/v2/organizations", map[string]any{"name": "widgets"})
		before := create("/api/v2/roles", map[string]any{"name": "admin", "type": "organization", "owner_id": acme})
		admin := create("/api/v2/roles", map[string]any{"name": "admin"})
		create("/api/v2/roles", map[string]any{"name": "admin", "type": "organization", "owner_id": widgets})
		create("/api/v2/roles", map[string]any{"name": "auditor", "type": "organization", "owner_id": acme})
		create("/api/v2/users", map[string]any{"connection": "Username-Password-Authentication", "email": "jane@example.com", "password": "planted-Passw0rd", "user_id": "jane"})
		create("/api/v2/organizations/"+acme+"/members", map[string]any{"members": []string{"auth0|jane"}})
		create("/api/v2/organizations/"+acme+"/members/auth0%7Cjane/roles", map[string]any{"roles": []string{before}})
		session, _ := s.session()
		for name, read := range map[string]func() ([]Document, error){
			"find": func() ([]Document, error) {
				return session.Find(t.Context(), "roles", map[string]string{"name": "admin"})
			},
			"list": func() ([]Document, error) { return session.List(t.Context(), "roles") },
			"all":  func() ([]Document, error) { return session.All(t.Context(), "roles") },
		} {
			if roles, err := read(); err != nil || len(roles) != 1 || roles[0].String("id") != admin {
				t.Errorf("%s: got %v %v, want the role %s", name, roles, err, admin)
			}
		}

		ids, unknown, err := session.RoleIDs(t.Context(), []string{"admin", "auditor"})
		if err != nil || len(ids) != 1 || ids["admin"] != admin || !slices.Equal(unknown, []string{"auditor"}) {
			t.Errorf("the names stand for %v, unknown are %v: %v", ids, unknown, err)
		}
		for shown, err := range session.Listed(t.Context(), "roles", []string{before}) {
			for _, role := range shown {
				if err != nil || role.Document != nil {
					t.Errorf("drift detection sees %v: %v", role.Document, err)
				}
			}
		}
		if roles, err := session.MemberRoles(t.Context(), acme, "auth0|jane"); err != nil || len(roles) != 0 {
			t.Errorf("the member has %v: %v", roles, err)
		}
		declared := MemberRole(acme, "admin")
		elapse(time.Minute) // The list of members lags behind.
		listed := map[string][]string{}
		for members, err := range session.Members(t.Context(), OrganizationMembers(declared), []string{declared}) {
			if err != nil {
				t.Error(err)
			}
			maps.Copy(listed, members)
		}
		if want := map[string][]string{"auth0|jane": {acme}}; !cmp.Equal(listed, want) {
			t.Errorf("the list of members shows %v, want %v", listed, want)
		}
	})
}

// TestManyRolesOfOrganizations fills whole pages with roles of organizations before a tenant's role.
func TestManyRolesOfOrganizations(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	_, organization := s.Dashboard(http.MethodPost, "/api/v2/organizations", map[string]any{"name": "acme"})
	for i := range 2*pageSize + 1 {
		s.Dashboard(http.MethodPost, "/api/v2/roles", map[string]any{
			"name": "admin " + string(rune('a'+i%26)) + string(rune('a'+i/26)), "type": "organization", "owner_id": parse(t, string(organization)).String("id"),
		})
	}
	s.Dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "admin"})
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		if roles, err := session.List(t.Context(), "roles"); err != nil || len(roles) != 1 {
			t.Errorf("got %d roles, want 1: %v", len(roles), err)
		}
	})
}
