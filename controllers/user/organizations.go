package user

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

func userOrganizations(u *v1alpha1.Auth0User) []v1alpha1.UserOrganization {
	if u.Spec.Organizations == nil {
		return nil
	}
	return u.Spec.Organizations.Items
}

func organizationField(i int) string {
	return fmt.Sprintf("spec.organizations.items[%d].organizationRef", i)
}

func memberRoleField(i, j int) string {
	return fmt.Sprintf("spec.organizations.items[%d].roles[%d].roleRef", i, j)
}

// organizationScopes are the scopes to manage a user's organizations.
func organizationScopes() []engine.Scope[*v1alpha1.Auth0User] {
	writes := func(u *v1alpha1.Auth0User) bool { return u.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve }
	memberships := func(u *v1alpha1.Auth0User) bool {
		return len(userOrganizations(u))+len(u.Status.Organizations) > 0 || u.Spec.Organizations != nil
	}
	roles := func(u *v1alpha1.Auth0User) bool {
		return len(u.Status.OrganizationRoles) > 0 ||
			slices.ContainsFunc(userOrganizations(u), func(item v1alpha1.UserOrganization) bool { return item.Roles != nil })
	}
	both := func(a, b func(*v1alpha1.Auth0User) bool) func(*v1alpha1.Auth0User) bool {
		return func(u *v1alpha1.Auth0User) bool { return a(u) && b(u) }
	}
	return []engine.Scope[*v1alpha1.Auth0User]{
		{Name: "read:organizations", Needed: memberships},
		{Name: "create:organization_members", Needed: both(memberships, writes)},
		{Name: "delete:organization_members", Needed: both(memberships, writes)},
		{Name: "read:organization_member_roles", Needed: roles},
		{Name: "create:organization_member_roles", Needed: both(roles, writes)},
		{Name: "delete:organization_member_roles", Needed: both(roles, writes)},
	}
}

// memberships are the organizations of a user, by ID.
func memberships(u *v1alpha1.Auth0User, references reference.Values) lists.List {
	list := lists.List{
		Field: "organizations", Managed: &u.Status.Organizations, Members: auth0.OrganizationMembers,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			return session.UserOrganizations(ctx, id)
		},
		Add: func(ctx context.Context, session *auth0.Session, id string, organizations []string) ([]string, error) {
			return lists.Each(organizations, func(organization string) error {
				return session.AddOrganizationMembers(ctx, organization, []string{id})
			})
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, organizations []string) error {
			_, err := lists.Each(organizations, func(organization string) error {
				return lists.IgnoreGone(session.RemoveOrganizationMembers(ctx, organization, []string{id}))
			})
			return err
		},
		Bulk: &lists.Bulk{
			Most: auth0.MostMembers,
			Add: func(ctx context.Context, session *auth0.Session, organization string, ids []string) (bool, error) {
				return true, session.AddOrganizationMembers(ctx, organization, ids)
			},
			Remove: func(ctx context.Context, session *auth0.Session, organization string, ids []string) (bool, error) {
				return true, session.RemoveOrganizationMembers(ctx, organization, ids)
			},
		},
	}
	if u.Spec.Organizations != nil {
		list.Declared, list.Mode = true, u.Spec.Organizations.Mode
		for i, item := range userOrganizations(u) {
			list.Want = append(list.Want, references.ID(organizationField(i), item.OrganizationID))
		}
		list.Want = lists.Unique(list.Want)
	}
	return list
}

// memberRoles are the roles of a user in organizations. Where the spec declares none, the operator manages only the roles that it
// assigned through the object.
func memberRoles(u *v1alpha1.Auth0User, references reference.Values) lists.List {
	list := lists.List{
		Field: "organizations.roles", Managed: &u.Status.OrganizationRoles, Members: auth0.OrganizationMembers,
		Add: assignMemberRoles, Remove: removeMemberRoles,
	}
	declared := map[string]bool{}
	for i, item := range userOrganizations(u) {
		organization := references.ID(organizationField(i), item.OrganizationID)
		declared[organization] = declared[organization] || item.Roles != nil
		for j, role := range item.Roles {
			list.Want = append(list.Want, auth0.MemberRole(organization, references.Name(memberRoleField(i, j), role.Name)))
		}
	}
	list.Want = lists.Unique(list.Want)
	if u.Spec.Organizations != nil {
		list.Declared, list.Mode = true, u.Spec.Organizations.Mode
	}
	managed := slices.Clone(u.Status.OrganizationRoles)
	list.Read = func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
		return readMemberRoles(ctx, session, id, declared, managed)
	}
	return list
}

// readMemberRoles reads the roles in the organizations where the spec declares roles or the operator assigned some.
func readMemberRoles(ctx context.Context, session *auth0.Session, userID string, declared map[string]bool, managed []string) ([]string, error) {
	organizations := rolesByOrganization(managed)
	for organization, has := range declared {
		if has {
			organizations[organization] = nil
		}
	}
	var entries []string
	for _, organization := range slices.Sorted(maps.Keys(organizations)) {
		roles, err := session.MemberRoles(ctx, organization, userID)
		if lists.IgnoreGone(err) != nil {
			return nil, err
		}
		for _, role := range roles {
			entry := auth0.MemberRole(organization, role.Name)
			if declared[organization] || slices.Contains(managed, entry) {
				entries = append(entries, entry)
			}
		}
	}
	return entries, nil
}

// assignMemberRoles assigns the roles that exist, and reports those that do not.
func assignMemberRoles(ctx context.Context, session *auth0.Session, userID string, entries []string) (added []string, err error) {
	byOrganization := rolesByOrganization(entries)
	for _, organization := range slices.Sorted(maps.Keys(byOrganization)) {
		ids, unknown, err := session.RoleIDs(ctx, byOrganization[organization])
		if err != nil {
			return added, err
		}
		if len(ids) > 0 {
			if err := session.AssignMemberRoles(ctx, organization, userID, slices.Sorted(maps.Values(ids))); err != nil {
				return added, err
			}
		}
		for name := range ids {
			added = append(added, auth0.MemberRole(organization, name))
		}
		if len(unknown) > 0 {
			return added, problem.Waiting(v1alpha1.ReasonRoleNotFound,
				"spec.organizations: role %s does not exist in the tenant; create it, or correct the name (it is case-sensitive)", problem.Quoted(unknown, "or")).
				Breaking().Again(rbac.MissingRetry)
		}
	}
	return added, nil
}

func removeMemberRoles(ctx context.Context, session *auth0.Session, userID string, entries []string) error {
	byOrganization := rolesByOrganization(entries)
	for _, organization := range slices.Sorted(maps.Keys(byOrganization)) {
		// A role that no longer exists is not assigned any more.
		ids, _, err := session.RoleIDs(ctx, byOrganization[organization])
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		if err := lists.IgnoreGone(session.RemoveMemberRoles(ctx, organization, userID, slices.Sorted(maps.Values(ids)))); err != nil {
			return err
		}
	}
	return nil
}

func rolesByOrganization(entries []string) map[string][]string {
	roles := map[string][]string{}
	for _, entry := range entries {
		organization, role := auth0.ParseMemberRole(entry)
		roles[organization] = append(roles[organization], role)
	}
	return roles
}
