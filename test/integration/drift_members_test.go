package integration

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	routeUser              = "/api/v2/users/{id}"
	routeUserOrganizations = "/api/v2/users/{id}/organizations"
	routeMemberRoles       = "/api/v2/organizations/{id}/members/{user_id}/roles"
)

// ownLists are the calls that tell of the memberships of one user.
var ownLists = []string{routeUserOrganizations, routeMemberRoles}

func (w *watched) reads(routes ...string) (count int) {
	for _, route := range routes {
		count += w.sim.Requests().Count(http.MethodGet, route)
	}
	return count
}

func membersPath(organization string) string {
	return "/api/v2/organizations/" + organization + "/members"
}

func memberRoles(organization string, user *v1alpha1.Auth0User) string {
	return membersPath(organization) + "/" + strings.TrimPrefix(userPath(user.Status.UserID), "/api/v2/users/") + "/roles"
}

// leave has an administrator end the membership of a user.
func (w *watched) leave(organization string, user *v1alpha1.Auth0User) {
	w.Helper()
	w.dashboard(http.MethodDelete, membersPath(organization), map[string]any{"members": []any{user.Status.UserID}})
}

// isMember says if a user is no member of an organization, or has other roles in it.
func (w *watched) isMember(organization string, user *v1alpha1.Auth0User, roles ...string) error {
	w.Helper()
	var there []string
	for _, role := range w.dashboardList(memberRoles(organization, user)) {
		there = append(there, role["name"].(string))
	}
	if joined := w.organizationsOf(user); !slices.Contains(joined, organization) || !slices.Equal(there, roles) {
		return fmt.Errorf("%s is a member of %v with roles %v, want %s with %v", user.Name, joined, there, organization, roles)
	}
	return nil
}

func (w *watched) organizationsOf(user *v1alpha1.Auth0User) (ids []string) {
	w.Helper()
	for _, organization := range w.dashboardList(userPath(user.Status.UserID) + "/organizations") {
		ids = append(ids, organization["id"].(string))
	}
	return ids
}

// TestAResyncReadsMembersByOrganization holds the budget of comparing memberships: a call for every hundred members of an
// organization, their roles in it included, and no writes anywhere.
func TestAResyncReadsMembersByOrganization(t *testing.T) {
	t.Parallel()
	const n = 120
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone)
	seedRoles(w.environment, "editor")
	acme := w.organization("acme")
	users := w.declareUsers(n, func(u *v1alpha1.Auth0User) {
		u.Spec.Organizations = memberOf(acme)
		u.Spec.Organizations.Items[0].Roles = roles("", "editor").Items
	})
	before := w.versions()
	requireReconcile := func() {
		t.Helper()
		if w.reads(routeMembers) != 2 || w.reads("/api/v2/users") != 2 || w.reads(routeUser) != 0 || w.reads(ownLists...) != 0 || w.sim.Requests().Writes() != 0 {
			t.Errorf("want a pass of two pages of users and two of members, got %+v", w.sim.Requests())
		}
		w.requireVersions(before)
	}

	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.reconcileAll()
	requireReconcile()

	w.sim.ResetRequests()
	w.restartOperator()
	w.eventually(func() error {
		if w.passes() == 0 {
			return errors.New("no pass")
		}
		return nil
	})
	requireReconcile()

	// Who is no member any more is found, and so is who has lost a role.
	w.advance(2 * time.Minute)
	w.leave(acme, users[7])
	role := w.dashboardList(memberRoles(acme, users[9]))[0]["id"]
	w.dashboard(http.MethodDelete, memberRoles(acme, users[9]), map[string]any{"roles": []any{role}})
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error {
		return errors.Join(w.isMember(acme, users[7], "editor"), w.isMember(acme, users[9], "editor"))
	})
	// Beyond the last page of members, Auth0 names an empty one.
	if w.reads(routeMembers) != 3 || w.reads(routeUser) != 2 || w.reads(ownLists...) > 7 || w.sim.Requests().Writes() != 3 {
		t.Errorf("putting a membership with a role and a role right took more than the reads of two users, three writes, and a read after each: %+v", w.sim.Requests())
	}
}

// TestMembersAreHints shows that nothing is written on the strength of a list of members that lags behind.
func TestMembersAreHints(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone, func(o *simulator.Options) { o.SearchDelay = time.Hour })
	acme := w.organization("acme")
	users := w.declareUsers(3, func(u *v1alpha1.Auth0User) { u.Spec.Organizations = memberOf(acme) })
	w.sim.Advance(2 * time.Hour)
	w.advance(2 * time.Minute)

	// A user who has left is listed for a while, and one who has come back is not.
	w.leave(acme, users[1])
	w.sim.ResetRequests()
	w.reconcileAll()
	if w.reads(routeMembers) != 1 || w.reads(routeUser) != 0 {
		t.Errorf("the list shows everybody, and users were read: %+v", w.sim.Requests())
	}
	w.reconcile(users[1])
	if err := w.isMember(acme, users[1]); err != nil {
		t.Error(err)
	}
	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error {
		if w.reads(routeUser) != 1 || w.reads(routeUserOrganizations) != 1 {
			return fmt.Errorf("the user who is not listed was not read: %+v", w.sim.Requests())
		}
		return nil
	})
	w.reconcile(users[1])
	if w.sim.Requests().Writes() != 0 {
		t.Errorf("a list that lags behind led to writes: %+v", w.sim.Requests())
	}
}

// TestMembersThatAreNotListed has users whose memberships the resync must read one by one: the list of one of them is exact,
// and the operator may not list members.
func TestMembersThatAreNotListed(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone)
	acme, initech := w.organization("acme"), w.organization("initech")
	users := w.declareUsers(5, func(u *v1alpha1.Auth0User) {
		switch u.Name {
		case "user-0":
			u.Spec.Organizations = memberOf(acme)
			u.Spec.Organizations.Mode = v1alpha1.ListModeExact
		case "user-1", "user-2":
			u.Spec.Organizations = memberOf(acme)
		}
	})
	w.advance(2 * time.Minute)
	w.dashboard(http.MethodPost, membersPath(initech), map[string]any{"members": []any{users[0].Status.UserID, users[1].Status.UserID}})
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error {
		if joined := w.organizationsOf(users[0]); !slices.Equal(joined, []string{acme}) {
			return fmt.Errorf("the user whose list is exact is a member of %v: %+v", joined, w.sim.Requests())
		}
		return nil
	})
	if joined := w.organizationsOf(users[1]); !slices.Contains(joined, initech) || w.reads(routeMembers) != 1 {
		t.Errorf("a membership that others gave was taken away, or read for itself: %v, %+v", joined, w.sim.Requests())
	}

	w.withoutScopes("read:organization_members")
	w.restartOperator()
	w.eventually(func() error {
		if w.passes() == 0 {
			return errors.New("no pass")
		}
		return nil
	})
	w.advance(2 * time.Minute)
	w.leave(acme, users[2])
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error { return w.isMember(acme, users[2]) })
	w.eventually(func() error {
		if w.reads("/api/v2/users") != 1 || w.reads(routeUser) != 2 {
			return fmt.Errorf("want one list of users, and reads of the two whose membership is not listed: %+v", w.sim.Requests())
		}
		return nil
	})
}

// TestAReconcileCorrectsPermissions has a user lose a permission, which no list tells of: the resync reads it, and corrects it.
func TestAReconcileCorrectsPermissions(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone)
	seedOrders(w.environment)
	user := w.declareUsers(1, func(u *v1alpha1.Auth0User) {
		u.Spec.Permissions = &v1alpha1.UserPermissions{Items: []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "read:orders"}}}
	})[0]
	w.advance(2 * time.Minute)
	w.dashboard(http.MethodDelete, userPath(user.Status.UserID)+"/permissions", map[string]any{
		"permissions": []any{map[string]any{"resource_server_identifier": ordersAPI, "permission_name": "read:orders"}},
	})
	w.reconcileAll()
	w.eventually(func() error {
		if left := w.userPermissions(w.user(user.Status.UserID)); len(left) != 1 {
			return fmt.Errorf("the user has the permissions %v", left)
		}
		return nil
	})
}

// TestLostMembershipsAreHeardOf has an administrator end a membership, and take a role within the organization: the log
// tells, and so do events.
func TestLostMembershipsAreHeardOf(t *testing.T) {
	t.Parallel()
	for policy, by := range map[v1alpha1.WatchPolicy]v1alpha1.WatchedBy{
		v1alpha1.WatchPolicyLog: v1alpha1.WatchedByLog, v1alpha1.WatchPolicyEvents: v1alpha1.WatchedByEvents,
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, policy, by)
			seedRoles(w.environment, "editor")
			acme := w.organization("acme")
			users := w.declareUsers(3, func(u *v1alpha1.Auth0User) {
				u.Spec.Organizations = memberOf(acme)
				u.Spec.Organizations.Items[0].Roles = roles("", "editor").Items
			})
			w.advance(2 * time.Minute)
			passes := w.passes()
			w.leave(acme, users[0])
			role := w.dashboardList("/api/v2/roles")[0]["id"]
			w.dashboard(http.MethodDelete, memberRoles(acme, users[2]), map[string]any{"roles": []any{role}})
			until := w.fake.Now().Add(45 * time.Second)
			w.eventually(func() error {
				if w.fake.Now().Before(until) {
					w.advance(time.Second)
				}
				return errors.Join(w.isMember(acme, users[0], "editor"), w.isMember(acme, users[2], "editor"))
			})
			if w.passes() != passes {
				t.Errorf("a pass over everything put it right")
			}
		})
	}
}
