package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	routeImports = "/api/v2/jobs/users-imports"
	// many is enough for users to go by import.
	many = 230
	// importPatience is how long an import may take on a busy machine.
	importPatience = 2 * patience
)

// newUsers makes users with a role, without creating them.
func (e *environment) newUsers(count int, edit func(*v1alpha1.Auth0User)) []*v1alpha1.Auth0User {
	users := make([]*v1alpha1.Auth0User, count)
	for i := range users {
		users[i] = &v1alpha1.Auth0User{ObjectMeta: e.meta(fmt.Sprintf("user-%03d", i)), Spec: v1alpha1.Auth0UserSpec{
			ManagedSpec: e.managedSpec(), Connection: connection,
			Email: new(fmt.Sprintf("user-%03d@example.com", i)),
			Roles: &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("member")}}},
		}}
		if edit != nil {
			edit(users[i])
		}
	}
	return users
}

// createAll creates users while the tenant is suspended, and lets it go on once the operator has seen all of them: it decides by how
// many it sees waiting.
func (e *environment) createAll(users []*v1alpha1.Auth0User) {
	e.Helper()
	suspend := func(suspended bool) {
		change(e, e.tenant(), func(t *v1alpha1.Auth0Tenant) { t.Spec.Suspend = suspended })
	}
	suspend(true)
	defer suspend(false)
	var work sync.WaitGroup
	for part := range 8 {
		work.Go(func() {
			for i := part; i < len(users); i += 8 {
				if err := e.kube.Create(e.ctx, users[i]); err != nil {
					e.Error(err)
				}
			}
		})
	}
	work.Wait()
	for _, user := range users {
		e.eventually(func() error {
			var seen v1alpha1.Auth0User
			if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(user), &seen); err != nil {
				return err
			}
			if len(seen.Status.Conditions) == 0 {
				return fmt.Errorf("the operator has not seen %s", user.Name)
			}
			return nil
		})
	}
}

// awaitUsers waits until a condition holds for as many users as there should be.
func (e *environment) awaitUsers(count int, what string, holds func(*v1alpha1.Auth0User) bool) {
	e.Helper()
	e.within(importPatience, func() error {
		var list v1alpha1.Auth0UserList
		if err := e.kube.List(e.ctx, &list, client.InNamespace(e.namespace)); err != nil {
			return err
		}
		found := 0
		var other *v1alpha1.Auth0User
		for i := range list.Items {
			checkInvariants(e, &list.Items[i])
			if holds(&list.Items[i]) {
				found++
			} else {
				other = &list.Items[i]
			}
		}
		if found != count {
			return fmt.Errorf("%d of %d users are %s; calls: %+v; another: %+v", found, count, what, e.sim.Requests(), other)
		}
		return nil
	})
}

func isReadyUser(user *v1alpha1.Auth0User) bool {
	return conditionOf(user, v1alpha1.ConditionReady) == v1alpha1.ReasonReconciled
}

func conditionOf(user *v1alpha1.Auth0User, kind string) string {
	for _, condition := range user.Status.Conditions {
		if condition.Type == kind && condition.Status == "True" && condition.ObservedGeneration == user.Generation {
			return condition.Reason
		}
	}
	return ""
}

// auth0Users are all users of the tenant, by e-mail.
func (e *environment) auth0Users() map[string]map[string]any {
	e.Helper()
	found := map[string]map[string]any{}
	for page := 0; ; page++ {
		list := e.dashboardList(fmt.Sprintf("/api/v2/users?per_page=100&page=%d&sort=email:1", page))
		for _, user := range list {
			email := user["email"].(string)
			if found[email] != nil {
				e.Errorf("%s is there twice", email)
			}
			found[email] = user
		}
		if len(list) < 100 {
			return found
		}
	}
}

func (e *environment) roleMembers(role map[string]any) int {
	e.Helper()
	members := 0
	for page := 0; ; page++ {
		list := e.dashboardList(fmt.Sprintf("/api/v2/roles/%s/users?per_page=100&page=%d", role["id"], page))
		members += len(list)
		if len(list) < 100 {
			return members
		}
	}
}

func TestManyUsersGoByImport(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	foreign := e.dashboard(http.MethodPost, "/api/v2/users", map[string]any{"connection": connection, "email": "user-005@example.com", "password": "Stranger-0123456789!"})
	adopted := e.dashboard(http.MethodPost, "/api/v2/users", map[string]any{"connection": connection, "email": "user-006@example.com", "password": "Stranger-0123456789!"})
	users := e.newUsers(many, nil)
	users[6].Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
	users[7].Spec.Roles.Items = append(users[7].Spec.Roles.Items, v1alpha1.UserRole{Name: new("nobody")})
	e.sim.ResetRequests()
	e.createAll(users)

	e.awaitUsers(many-2, "Ready", isReadyUser)

	e.eventuallyStalled(users[5], v1alpha1.ReasonAlreadyExists)
	e.eventuallyReconciling(users[7], v1alpha1.ReasonRoleNotFound)
	e.get(users[6])
	if users[6].Status.UserID != adopted["user_id"] {
		t.Errorf("user 6 is %s, want the one that was there, %s", users[6].Status.UserID, adopted["user_id"])
	}
	there := e.auth0Users()
	if len(there) != many || there["user-005@example.com"]["user_id"] != foreign["user_id"] {
		t.Errorf("%d users in Auth0, want %d; the stranger is %v", len(there), many, there["user-005@example.com"])
	}
	if members := e.roleMembers(role); members != many-1 {
		t.Errorf("%d users have the role, want %d", members, many-1)
	}
	report := e.sim.Requests()
	if jobs := report.Count(http.MethodPost, routeImports); jobs == 0 || jobs > 3 {
		t.Errorf("%d jobs, want 1 to 3, as a busy machine lets the last ones join late: %+v", jobs, report)
	}
	if report.Total > many/2 {
		t.Errorf("%d calls for %d users: %+v", report.Total, many, report)
	}
	e.within(patience, func() error {
		tenant := e.tenant()
		e.get(tenant)
		if len(tenant.Status.Imports) > 0 {
			return fmt.Errorf("imports are still noted: %+v", tenant.Status.Imports)
		}
		return nil
	})
}

func TestImportedUserIsLikeACreatedOne(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	edit := func(u *v1alpha1.Auth0User) {
		u.Spec.EmailVerified, u.Spec.Nickname, u.Spec.GivenName, u.Spec.Blocked = new(true), new("Nick"), new("Nicola"), new(true)
		u.Spec.UserMetadata = map[string]apiextensionsv1.JSON{"level": {Raw: []byte(`{"a":[1,2.5,"x"]}`)}}
		u.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"plan": {Raw: []byte(`"gold"`)}}
	}
	users := e.newUsers(many, edit)
	generate := &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "imported-password"}}}
	users[0].Spec.Password = generate
	e.createAll(users)
	e.awaitUsers(many, "Ready", isReadyUser)
	single := e.newUsers(1, edit)[0]
	single.Name, single.Spec.Email = "single", new("single@example.com")
	single.Spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "single-password"}}}
	e.create(single)
	e.eventuallyReady(single)
	e.get(users[0])

	there := e.auth0Users()
	imported, created := there["user-000@example.com"], there["single@example.com"]
	for _, user := range []map[string]any{imported, created} {
		for _, own := range []string{"user_id", "identities", "email", "name", "created_at", "updated_at", "picture", "last_password_reset"} {
			delete(user, own)
		}
		delete(user["app_metadata"].(map[string]any), "auth0_operator")
	}
	if diff := cmp.Diff(created, imported); diff != "" {
		t.Errorf("an imported user differs from a created one (-created +imported):\n%s", diff)
	}
	if diff := cmp.Diff(single.Status.ManagedFields, users[0].Status.ManagedFields); diff != "" {
		t.Errorf("managed fields differ: %s", diff)
	}
	if diff := cmp.Diff(single.Status.Roles, users[0].Status.Roles); diff != "" || users[0].Status.Importing != "" {
		t.Errorf("status differs: %s, note %q", diff, users[0].Status.Importing)
	}
	e.sim.ResetRequests()
	e.reconcile(users[0])
	if writes := e.sim.Requests().Writes(); writes != 0 {
		t.Errorf("a second pass over an imported user writes %d times", writes)
	}
}

func TestImportGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	e.sim.AddFaults(simulator.Fault{Route: "/api/v2/jobs/{id}", Status: http.StatusServiceUnavailable})
	e.createAll(e.newUsers(many, nil))
	e.within(importPatience, func() error {
		tenant := e.tenant()
		e.get(tenant)
		if len(tenant.Status.Imports) == 0 {
			return fmt.Errorf("no import is noted: %+v", e.sim.Requests())
		}
		return nil
	})
	e.awaitUsers(many, "imported or Ready", func(u *v1alpha1.Auth0User) bool { return u.Status.Importing != "" || u.Status.UserID != "" })
	e.within(importPatience, func() error {
		if there := len(e.auth0Users()); there != many {
			return fmt.Errorf("%d users in Auth0", there)
		}
		return nil
	})
	e.stopOperator()
	jobs := e.sim.Requests().Count(http.MethodPost, routeImports)
	e.sim.ClearFaults()
	e.sim.ResetRequests()

	e.startOperator()

	e.awaitUsers(many, "Ready", isReadyUser)
	report := e.sim.Requests()
	if again := report.Count(http.MethodPost, routeImports); again != 0 {
		t.Errorf("%d jobs before the crash, %d after it", jobs, again)
	}
	if report.Count(http.MethodPost, "/api/v2/users") != 0 || report.Total > many/2 {
		t.Errorf("users are created or read again: %+v", report)
	}
	if there, members := len(e.auth0Users()), e.roleMembers(role); there != many || members != many {
		t.Errorf("%d users, %d with the role, want %d", there, members, many)
	}
}

// TestImportsWithOddEnds has Auth0 say of a job what leaves open who was imported: everybody is looked at, and nobody is taken to
// be there who is not.
func TestImportsWithOddEnds(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{
		"the job is unknown":      {Route: "/api/v2/jobs/{id}", Status: http.StatusNotFound},
		"the job expired":         {Route: "/api/v2/jobs/{id}", Status: http.StatusOK, Body: json.RawMessage(`{"status":"expired"}`)},
		"the errors are unknown":  {Route: "/api/v2/jobs/{id}/errors", Status: http.StatusNotFound},
		"the errors are left out": {Route: "/api/v2/jobs/{id}/errors", Status: http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
			e.dashboard(http.MethodPost, "/api/v2/users", map[string]any{"connection": connection, "email": "user-005@example.com", "password": "Stranger-0123456789!"})
			e.sim.AddFaults(fault)
			users := e.newUsers(many, nil)
			users[5].Spec.Roles = nil
			e.createAll(users)

			e.awaitUsers(many-1, "Ready", isReadyUser)

			e.eventuallyStalled(users[5], v1alpha1.ReasonAlreadyExists)
			e.requireUsers(many)
			if members := e.roleMembers(role); members != many-1 {
				t.Errorf("%d users have the role, want %d", members, many-1)
			}
			if jobs := e.sim.Requests().Count(http.MethodPost, routeImports); jobs == 0 || jobs > 3 {
				t.Errorf("%d jobs, want 1 to 3, as a busy machine lets the last ones join late: %+v", jobs, e.sim.Requests())
			}
		})
	}
}

// TestAnImportMovesWithItsTenant has another instance get a tenant in the middle of its import: it follows the same job to its
// end, and the one before leaves everything alone.
func TestAnImportMovesWithItsTenant(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Labels = map[string]string{"shard": "a"}
	e.create(tenant)
	a, b := e.startShard("shard=a"), e.startShard("shard=b")
	e.eventuallyReady(tenant)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	e.sim.AddFaults(simulator.Fault{Route: "/api/v2/jobs/{id}", Status: http.StatusServiceUnavailable})
	e.createAll(e.newUsers(many, nil))
	e.within(importPatience, func() error {
		e.get(tenant)
		if there := len(e.auth0Users()); len(tenant.Status.Imports) == 0 || there != many {
			return fmt.Errorf("no import is noted, or %d users in Auth0", there)
		}
		return nil
	})
	e.awaitUsers(many, "imported or Ready", func(u *v1alpha1.Auth0User) bool { return u.Status.Importing != "" || u.Status.UserID != "" })
	e.sim.ResetRequests()
	change(e, tenant, func(t *v1alpha1.Auth0Tenant) { t.Labels = map[string]string{"shard": "b"} })
	e.eventually(func() error {
		if b.calls(e, tenantName) == 0 {
			return errors.New("the new instance made no call")
		}
		return nil
	})
	calls := a.calls(e, tenantName)
	e.sim.ClearFaults()

	e.awaitUsers(many, "Ready", isReadyUser)

	if more := a.calls(e, tenantName) - calls; more > 1 {
		t.Errorf("the instance that let go made %d more calls", more)
	}
	report := e.sim.Requests()
	if report.Count(http.MethodPost, routeImports) != 0 || report.Count(http.MethodPost, "/api/v2/users") != 0 || report.Total > many/2 {
		t.Errorf("users are imported, created or read again: %+v", report)
	}
	if there, members := len(e.auth0Users()), e.roleMembers(role); there != many || members != many {
		t.Errorf("%d users, %d with the role, want %d", there, members, many)
	}
}

func TestImportWhoseJobWasNotNoted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	e.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: routeImports, Times: 1, Drop: simulator.DropAfter})
	e.createAll(e.newUsers(many, nil))

	e.awaitUsers(many, "Ready", isReadyUser)

	if there, members := len(e.auth0Users()), e.roleMembers(role); there != many || members != many {
		t.Errorf("%d users, %d with the role, want %d", there, members, many)
	}
}

func TestImportTurnedOff(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.UserImport = v1alpha1.UserImportPolicyNever
	e.create(tenant)
	e.startOperator()
	e.eventuallyReady(tenant)
	e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	e.createAll(e.newUsers(many, nil))

	e.awaitUsers(many, "Ready", isReadyUser)

	if report := e.sim.Requests(); report.Count("", routeImports) != 0 || report.Count(http.MethodPost, "/api/v2/users") < many {
		t.Errorf("imports although they are off: %+v", report)
	}
}

func TestLargeUsersTakeSeveralJobs(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	large := fmt.Sprintf("%q", strings.Repeat("x", 9000))
	e.createAll(e.newUsers(many, func(u *v1alpha1.Auth0User) {
		u.Spec.UserMetadata = map[string]apiextensionsv1.JSON{"large": {Raw: []byte(large)}}
	}))

	e.awaitUsers(many, "Ready", isReadyUser)

	for _, count := range e.sim.Requests().ByRoute {
		if count.Route == routeImports && count.Status != http.StatusAccepted {
			t.Errorf("%d answers of %d to an import", count.Count, count.Status)
		}
	}
	if jobs := e.sim.Requests().Count(http.MethodPost, routeImports); jobs < 4 {
		t.Errorf("%d jobs for 2 MB", jobs)
	}
	if there := len(e.auth0Users()); there != many {
		t.Errorf("%d users in Auth0, want %d", there, many)
	}
}

// TestChangedBeforeTheImportBegins suspends a user and deletes another whose job has to wait for those of others.
func TestChangedBeforeTheImportBegins(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	large := fmt.Sprintf("%q", strings.Repeat("x", 9000))
	e.sim.AddFaults(simulator.Fault{Route: "/api/v2/jobs/{id}", Status: http.StatusServiceUnavailable})
	users := e.newUsers(many, func(u *v1alpha1.Auth0User) {
		u.Spec.Roles, u.Spec.UserMetadata = nil, map[string]apiextensionsv1.JSON{"large": {Raw: []byte(large)}}
	})
	e.createAll(users)
	e.within(importPatience, func() error {
		tenant := e.tenant()
		e.get(tenant)
		if len(tenant.Status.Imports) < 2 {
			return fmt.Errorf("%d jobs run", len(tenant.Status.Imports))
		}
		return nil
	})
	e.awaitUsers(many, "imported or Ready", func(u *v1alpha1.Auth0User) bool { return u.Status.Importing != "" || u.Status.UserID != "" })
	tenant := e.tenant()
	e.get(tenant)
	var waiting []*v1alpha1.Auth0User
	for _, user := range users {
		e.get(user)
		goes := func(job v1alpha1.ImportStatus) bool { return strings.HasPrefix(user.Status.Importing, job.Batch) }
		if user.Status.Importing != "" && !slices.ContainsFunc(tenant.Status.Imports, goes) {
			waiting = append(waiting, user)
		}
	}
	suspended, deleted := waiting[0], waiting[1]
	change(e, suspended, func(u *v1alpha1.Auth0User) { u.Spec.Suspend = true })
	e.eventuallyCondition(suspended, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	e.deleteAndWait(deleted)
	e.sim.ClearFaults()

	e.awaitUsers(many-2, "Ready", isReadyUser)

	e.requireUsers(many - 2)
	if e.auth0Users()[*suspended.Spec.Email] != nil {
		t.Error("a user was created while it was suspended")
	}
	change(e, suspended, func(u *v1alpha1.Auth0User) { u.Spec.Suspend = false })
	e.eventuallyReady(suspended)
	e.requireUsers(many - 1)
}

// TestUsersThatAreRetainedWaitForNoLostTenant has the credentials go away, and not come back, in the middle of an import.
func TestUsersThatAreRetainedWaitForNoLostTenant(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.sim.AddFaults(simulator.Fault{Route: "/api/v2/jobs/{id}", Status: http.StatusServiceUnavailable})
	users := e.newUsers(many, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.DeletionPolicy = nil, v1alpha1.DeletionPolicyRetain })
	e.createAll(users)
	e.within(importPatience, func() error {
		tenant := e.tenant()
		e.get(tenant)
		if len(tenant.Status.Imports) == 0 {
			return fmt.Errorf("no import is noted: %+v", e.sim.Requests())
		}
		return nil
	})
	e.delete(&corev1.Secret{ObjectMeta: e.meta("credentials")})
	e.eventuallyCondition(e.tenant(), v1alpha1.ConditionReady, metav1.ConditionFalse, "")

	for _, user := range users[:2] {
		e.deleteAndWait(user)
	}
}

func TestUsersDeletedWhileTheyAreImported(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "member"})
	users := e.newUsers(many, nil)
	e.createAll(users)
	e.within(importPatience, func() error {
		if e.sim.Requests().Count(http.MethodPost, routeImports) == 0 {
			return fmt.Errorf("no import yet: %+v", e.sim.Requests())
		}
		return nil
	})
	for _, user := range users[:50] {
		e.delete(user)
	}

	e.awaitUsers(many-50, "Ready", isReadyUser)

	e.within(patience, func() error {
		if there := len(e.auth0Users()); there != many-50 {
			return fmt.Errorf("%d users in Auth0, want %d", there, many-50)
		}
		return nil
	})
}
