package controllers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// few is how many calls any number of users may take.
const few = 20

const (
	routeUsers   = "/api/v2/users"
	routeImports = "/api/v2/jobs/users-imports"
)

// TestManyUsers declares more users than a free tenant creates with single calls within a minute. An import job creates them.
func TestManyUsers(t *testing.T) {
	const users = 220
	for name, c := range map[string]struct {
		interrupt func(*world)
		mostCalls int
	}{
		"undisturbed": {func(*world) {}, few},
		// Auth0 then refuses all users of the second job, which may be of others: each is read, with its roles.
		"the answer to the import is lost": {func(w *world) {
			w.sim.AddFaults(simulator.Fault{Method: http.MethodPost, Route: routeImports, Drop: simulator.DropAfter, Times: 1})
		}, 2*users + 2*few},
		"another process continues": {func(w *world) {
			w.until("an import job runs", func() bool { return w.sim.Requests().Count(http.MethodPost, routeImports) > 0 })
			w.stop()
			w.start()
		}, few},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testRunning(t, simulator.RateLimitFree, withoutWatch, func(w *world) {
				declared := w.declareUsers(users)
				c.interrupt(w)
				w.requireUsers(declared, "reader")
				if report := w.sim.Requests(); report.Total > c.mostCalls || report.Count(http.MethodPost, routeUsers) > few {
					w.Errorf("%d calls, want at most %d: %+v", report.Total, c.mostCalls, report.ByRoute)
				}
			})
		})
	}
}

// TestManyRoles gives existing users another role. On a free tenant, one call gives it to many.
func TestManyRoles(t *testing.T) {
	const users = 40
	testRunning(t, simulator.RateLimitFree, withoutWatch, func(w *world) {
		declared := w.declareUsers(users)
		w.requireUsers(declared, "reader")
		w.sim.Dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "writer"})
		w.sim.ResetRequests()
		for _, user := range declared {
			w.edit(user, func(v1alpha1.Managed) {
				user.Spec.Roles.Items = append(user.Spec.Roles.Items, v1alpha1.UserRole{Name: new("writer")})
			})
		}
		w.requireUsers(declared, "writer")
		if report := w.sim.Requests(); report.Total > 2*users+few {
			w.Errorf("%d calls, want a read of each user and of its roles, and few more: %+v", report.Total, report.ByRoute)
		}
	})
}

// withoutWatch turns off the reading of the log, whose calls a test does not want to count.
func withoutWatch(spec *v1alpha1.Auth0TenantSpec) { spec.Watch = v1alpha1.WatchPolicyNone }

// declareUsers declares users with a role.
func (w *world) declareUsers(count int) []*v1alpha1.Auth0User {
	w.Helper()
	w.sim.Dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "reader"})
	users := make([]*v1alpha1.Auth0User, count)
	for i := range users {
		users[i] = &v1alpha1.Auth0User{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("user-%d", i)},
			Spec: v1alpha1.Auth0UserSpec{
				ManagedSpec: v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: "main"}},
				Connection:  "Username-Password-Authentication",
				Email:       new(fmt.Sprintf("user-%d@example.com", i)),
				Roles:       &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("reader")}}},
			},
		}
		w.declare(users[i])
	}
	return users
}

// requireUsers fails unless all users are Ready, and Auth0 has no others, each with this role.
func (w *world) requireUsers(users []*v1alpha1.Auth0User, role string) {
	w.Helper()
	for _, user := range users {
		w.requireReady(user)
	}
	_, answer := w.sim.Dashboard(http.MethodGet, "/api/v2/roles?name_filter="+role, nil)
	var roles []struct{ ID string }
	if err := json.Unmarshal(answer, &roles); err != nil || len(roles) != 1 {
		w.Fatalf("the roles are %s: %v", answer, err)
	}
	for what, path := range map[string]string{"users": routeUsers, "users with the role": "/api/v2/roles/" + roles[0].ID + "/users"} {
		if count := w.total(path + "?include_totals=true"); count != len(users) {
			w.Errorf("Auth0 has %d %s, want %d", count, what, len(users))
		}
	}
}

// total returns how many entries a list has.
func (w *world) total(path string) int {
	w.Helper()
	_, answer := w.sim.Dashboard(http.MethodGet, path, nil)
	var list struct{ Total int }
	if err := json.Unmarshal(answer, &list); err != nil {
		w.Fatal(err)
	}
	return list.Total
}

// until waits for a condition.
func (w *world) until(what string, isTrue func() bool) {
	w.Helper()
	for range mostSeconds {
		if isTrue() {
			return
		}
		<-time.After(time.Second)
	}
	w.Fatalf("never: %s", what)
}
