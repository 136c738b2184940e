package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	routeRoleUsers = "/api/v2/roles/{id}/users"
	routeUserRoles = "/api/v2/users/{id}/roles"
	routeMembers   = "/api/v2/organizations/{id}/members"
	// manyUsers is enough users for calls to be scarce on a free plan.
	manyUsers = 30
)

func (e *environment) organization(name string) string {
	e.Helper()
	return e.dashboard(http.MethodPost, "/api/v2/organizations", map[string]any{"name": name})["id"].(string)
}

// members are the ids of the members of an organization.
func (e *environment) members(organization string) map[string]bool {
	e.Helper()
	found := map[string]bool{}
	for page := 0; ; page++ {
		list := e.dashboardList(fmt.Sprintf("/api/v2/organizations/%s/members?per_page=100&page=%d", organization, page))
		for _, member := range list {
			found[member["user_id"].(string)] = true
		}
		if len(list) < 100 {
			return found
		}
	}
}

func memberOf(organizations ...string) *v1alpha1.UserOrganizations {
	list := &v1alpha1.UserOrganizations{Items: []v1alpha1.UserOrganization{}}
	for _, id := range organizations {
		list.Items = append(list.Items, v1alpha1.UserOrganization{OrganizationID: &id})
	}
	return list
}

// editAll has a person change many users at once.
func (e *environment) editAll(users []*v1alpha1.Auth0User, edit func(*v1alpha1.Auth0User)) {
	e.Helper()
	for _, user := range users {
		change(e, user, edit)
	}
}

// requireUsers fails unless so many users are there, each once.
func (e *environment) requireUsers(count int) {
	e.Helper()
	if there := len(e.auth0Users()); there != count {
		e.Errorf("%d users in Auth0, want %d", there, count)
	}
}

// created is how many users Auth0 made singly.
func (e *environment) created() int {
	for _, count := range e.sim.Requests().ByRoute {
		if count.Method == http.MethodPost && count.Route == "/api/v2/users" && count.Status == http.StatusCreated {
			return count.Count
		}
	}
	return 0
}

// requireFew fails if the calls to some routes are more than they should be.
func requireFew(e *environment, most int, method string, routes ...string) {
	e.Helper()
	report, count := e.sim.Requests(), 0
	for _, route := range routes {
		count += report.Count(method, route)
	}
	if count == 0 || count > most {
		e.Errorf("%d calls of %s %v, want 1 to %d: %+v", count, method, routes, most, report)
	}
}

// TestNewUsersShareCalls has users wait for the limit that are created singly, with a role and a membership.
func TestNewUsersShareCalls(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	acme := e.organization("acme")
	e.createAll(e.newUsers(manyUsers, func(u *v1alpha1.Auth0User) { u.Spec.Organizations = memberOf(acme) }))

	e.awaitUsers(manyUsers, "Ready", isReadyUser)

	e.requireUsers(manyUsers)
	requireFew(e, manyUsers/3, http.MethodPost, routeRoleUsers, routeUserRoles)
	requireFew(e, manyUsers/3, http.MethodPost, routeMembers)
	// A user whose call got a 429 is read again: a busy machine makes calls late, and many at once.
	if reads := e.sim.Requests().Count(http.MethodGet, "/api/v2/users/{id}"); e.created() != manyUsers || reads > manyUsers/10 {
		t.Errorf("%d users were created, want %d, and %d read, want hardly any: %+v", e.created(), manyUsers, reads, e.sim.Requests())
	}
	if members, inAcme := e.roleMembers(role), len(e.members(acme)); members != manyUsers || inAcme != manyUsers {
		t.Errorf("%d users have the role, %d are members of acme, want %d", members, inAcme, manyUsers)
	}
	e.awaitUsers(manyUsers, "told of in status", func(u *v1alpha1.Auth0User) bool {
		return len(u.Status.Roles) == 1 && len(u.Status.Organizations) == 1
	})
}

// TestEditedUsersShareCalls edits many users: they get a role, join an organization, and leave another.
func TestEditedUsersShareCalls(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	const few = 16
	acme, initech := e.organization("acme"), e.organization("initech")
	users := e.newUsers(few, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.Organizations = nil, memberOf(acme) })
	e.createAll(users)
	e.awaitUsers(few, "Ready", isReadyUser)
	foreignObject := e.dashboard(http.MethodPost, "/api/v2/users", map[string]any{"connection": connection, "email": "stranger@example.com", "password": "Stranger-0123456789!"})
	e.dashboard(http.MethodPost, fmt.Sprintf("/api/v2/organizations/%s/members", acme), map[string]any{"members": []any{foreignObject["user_id"]}})
	e.sim.ResetRequests()

	e.editAll(users, func(u *v1alpha1.Auth0User) {
		u.Spec.Roles, u.Spec.Organizations = roles("", "member"), memberOf(initech)
	})

	e.awaitUsers(few, "Ready", isReadyUser)
	e.requireUsers(few + 1)
	requireFew(e, few/2, http.MethodPost, routeRoleUsers, routeUserRoles)
	requireFew(e, few/2, http.MethodPost, routeMembers)
	requireFew(e, few/2, http.MethodDelete, routeMembers)
	// As for new users, a 429 on a busy machine is another read.
	if reads := e.sim.Requests().Count(http.MethodGet, "/api/v2/users/{id}"); reads < few || reads > few+few/10 {
		t.Errorf("%d reads of %d users: %+v", reads, few, e.sim.Requests())
	}
	if members, joined := e.roleMembers(role), len(e.members(initech)); members != few || joined != few {
		t.Errorf("%d users have the role, %d are members of initech, want %d", members, joined, few)
	}
	if left := e.members(acme); len(left) != 1 || !left[foreignObject["user_id"].(string)] {
		t.Errorf("members of acme are %v, want the stranger alone", left)
	}
	e.awaitUsers(few, "told of in status", func(u *v1alpha1.Auth0User) bool {
		return len(u.Status.Roles) == 1 && len(u.Status.Organizations) == 1 && u.Status.Organizations[0] == initech
	})
	for _, user := range users {
		e.eventually(func() error {
			told := e.events(user)
			if !slices.ContainsFunc(told, func(event string) bool { return strings.HasPrefix(event, "Updated: updated: ") }) {
				return fmt.Errorf("Events of %s: %v", user.Name, told)
			}
			return nil
		})
	}
}

// TestImportedUsersBecomeMembersTogether has users come by an import job, one of them with a role within the organization.
func TestImportedUsersBecomeMembersTogether(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	acme := e.organization("acme")
	users := e.newUsers(many, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.Organizations = nil, memberOf(acme) })
	users[0].Spec.Organizations.Items[0].Roles = roles("", "member").Items
	e.createAll(users)

	e.awaitUsers(many, "Ready", isReadyUser)

	requireFew(e, many/10+2, http.MethodPost, routeMembers)
	if members := len(e.members(acme)); members != many {
		t.Errorf("%d members, want %d", members, many)
	}
	e.get(users[0])
	of := strings.TrimPrefix(userPath(users[0].Status.UserID), "/api/v2/users/")
	if within := e.dashboardList(fmt.Sprintf("/api/v2/organizations/%s/members/%s/roles", acme, of)); len(within) != 1 {
		t.Errorf("roles of the first within acme are %v", within)
	}
	if report := e.sim.Requests(); report.Count(http.MethodPost, "/api/v2/users") != 0 {
		t.Errorf("users were created singly: %+v", report)
	}
}

// TestRefusedMembersHarmNoOthers has a user be deleted while it is about to become a member together with others, and some be
// declared as members of what does not exist.
func TestRefusedMembersHarmNoOthers(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	acme := e.organization("acme")
	users := e.newUsers(manyUsers, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.Organizations = nil, memberOf(acme) })
	astray := users[3:12]
	for _, user := range astray {
		user.Spec.Organizations = memberOf("org_0000000000000000")
	}
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: routeMembers, Status: http.StatusServiceUnavailable})
	e.createAll(users)
	e.awaitUsers(manyUsers, "created", func(u *v1alpha1.Auth0User) bool { return u.Status.UserID != "" })
	deleted := users[manyUsers-1]
	e.get(deleted)
	e.dashboard(http.MethodDelete, userPath(deleted.Status.UserID), nil)
	e.sim.ResetRequests()

	e.sim.ClearFaults()

	e.awaitUsers(manyUsers-len(astray), "Ready", isReadyUser)
	for _, user := range astray {
		e.eventuallyStalled(user, v1alpha1.ReasonInvalidSpec)
	}
	e.requireUsers(manyUsers)
	requireFew(e, manyUsers, http.MethodPost, routeMembers)
	if e.created() != 1 {
		t.Errorf("%d users were created anew, want the one that vanished", e.created())
	}
	if members := len(e.members(acme)); members != manyUsers-len(astray) {
		t.Errorf("%d members, want %d", members, manyUsers-len(astray))
	}
}

// TestAListThatIsStuckHoldsNoOther has Auth0 take for ever to make users members of an organization, while others get a role.
func TestAListThatIsStuckHoldsNoOther(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	acme := e.organization("acme")
	users := e.newUsers(manyUsers, nil)
	for i := range manyUsers / 2 {
		users[2*i].Spec.Roles, users[2*i].Spec.Organizations = nil, memberOf(acme)
	}
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: routeMembers, Delay: simulator.Duration(time.Hour)})
	e.createAll(users)

	e.within(importPatience, func() error {
		if members := e.roleMembers(role); members != manyUsers/2 {
			return fmt.Errorf("%d users have the role: %+v", members, e.sim.Requests())
		}
		return nil
	})

	e.sim.ClearFaults()
	e.sim.Advance(time.Hour)
	e.awaitUsers(manyUsers, "Ready", isReadyUser)
	if members := len(e.members(acme)); members != manyUsers/2 {
		t.Errorf("%d members of acme, want %d", members, manyUsers/2)
	}
}

// TestChangedWhileBatched takes a role out of the spec of users, deletes others and suspends one, while it is being assigned to
// them together: to those who came first by a call that is on its way, to those who came last by one that is not made yet.
func TestChangedWhileBatched(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: routeRoleUsers, Status: http.StatusServiceUnavailable})
	users := e.newUsers(manyUsers, nil)
	e.createAll(users)
	e.eventually(func() error {
		if there := len(e.auth0Users()); there < manyUsers {
			return fmt.Errorf("%d of %d users are created", there, manyUsers)
		}
		return nil
	})
	changed, deleted := []*v1alpha1.Auth0User{users[0], users[manyUsers-1]}, []*v1alpha1.Auth0User{users[1], users[manyUsers-2]}
	e.editAll(changed, func(u *v1alpha1.Auth0User) { u.Spec.Roles = nil })
	for _, user := range deleted {
		e.delete(user)
	}
	suspended := users[manyUsers-3]
	suspend := func(suspend bool) {
		change(e, suspended, func(u *v1alpha1.Auth0User) { u.Spec.Suspend = suspend })
	}
	suspend(true)
	// Calls that were made before the operator knew of it are none while it is suspended.
	e.eventuallyCondition(suspended, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)

	e.sim.ClearFaults()

	for _, user := range deleted {
		e.eventuallyGone(user)
	}
	e.awaitUsers(manyUsers-3, "Ready", isReadyUser)
	id := e.auth0Users()[*suspended.Spec.Email]["user_id"].(string)
	if given := e.dashboardList(userPath(id) + "/roles"); len(given) > 0 {
		t.Errorf("the suspended user was given %v", given)
	}
	suspend(false)
	e.awaitUsers(manyUsers-2, "Ready", isReadyUser)
	e.requireUsers(manyUsers - 2)
	for _, user := range changed {
		e.get(user)
		if len(user.Status.Roles) > 0 {
			t.Errorf("%s says that it has %v", user.Name, user.Status.Roles)
		}
	}
	if members := e.roleMembers(role); members != manyUsers-4 {
		t.Errorf("%d users have the role, want %d", members, manyUsers-4)
	}
}

// TestCrashWhileListsAreChangedTogether has the operator die right before and right after a call for many users, and another
// one take over.
func TestCrashWhileListsAreChangedTogether(t *testing.T) {
	for _, effect := range []string{"POST " + routeRoleUsers, "POST " + routeMembers, "DELETE " + routeMembers} {
		for _, after := range []bool{false, true} {
			end := instant{step{effect, 1}, after}
			t.Run(end.String(), func(t *testing.T) {
				t.Parallel()
				crashTogether(t, end)
			})
		}
	}
}

func crashTogether(t *testing.T, end instant) {
	t.Helper()
	m := newCrashable(t, freePlan)
	role := m.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	acme, initech := m.organization("acme"), m.organization("initech")
	const few = 12
	users := m.newUsers(few, func(u *v1alpha1.Auth0User) { u.Spec.Organizations = memberOf(acme) })
	m.createAll(users)
	if end.effect == "DELETE "+routeMembers {
		m.awaitUsers(few, "Ready", isReadyUser)
	}
	current := m.process.Load()
	current.watch(&end)
	m.editAll(users, func(u *v1alpha1.Auth0User) { u.Spec.Organizations = memberOf(initech) })
	select {
	case <-current.ended:
	case <-time.After(importPatience):
		t.Fatalf("still alive: %v", current.work())
	}
	m.stopOperator()

	m.startProcess()

	m.awaitUsers(few, "Ready", isReadyUser)
	m.requireUsers(few)
	if members, inAcme, inInitech := m.roleMembers(role), len(m.members(acme)), len(m.members(initech)); members != few || inAcme != 0 || inInitech != few {
		t.Errorf("%d users have the role, %d are members of acme, %d of initech, want %d, 0 and %d", members, inAcme, inInitech, few, few)
	}
	writes := m.sim.Requests().Writes()
	for _, user := range users {
		m.reconcile(user)
	}
	if again := m.sim.Requests().Writes() - writes; again > 0 {
		t.Errorf("Ready, and %d more calls changed something in Auth0: %+v", again, m.sim.Requests())
	}
}
