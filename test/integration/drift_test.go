package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// watched is an environment whose operator goes by a clock of the test.
type watched struct {
	*environment
	fake steppedClock
	// paths are the calls as the simulator got them.
	paths *paths
}

// paths keeps the calls to a simulator in order.
type paths struct {
	mu   sync.Mutex
	list []string
}

func (p *paths) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.list = append(p.list, r.Method+" "+r.URL.Path)
		p.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// firstOf is the position of the first call that begins so, -1 if there is none.
func (p *paths) firstOf(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, path := range p.list {
		if strings.HasPrefix(path, prefix) {
			return i
		}
	}
	return -1
}

func (p *paths) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = nil
}

// newWatched makes an environment whose tenant is watched by something.
func newWatched(t *testing.T, policy v1alpha1.WatchPolicy, by v1alpha1.WatchedBy, options ...func(*simulator.Options)) *watched {
	t.Helper()
	calls := &paths{}
	options = append(options, func(o *simulator.Options) { o.Wrap = calls.wrap })
	w := &watched{environment: newBareEnvironment(t, options...), fake: newSteppedClock(time.Now()), paths: calls}
	w.clock = w.fake
	w.fake.flow(t)
	tenant := w.tenant()
	tenant.Spec.Watch = policy
	w.create(tenant)
	w.startOperator()
	w.eventuallyWatched(by)
	w.sim.ResetRequests()
	return w
}

func (w *watched) eventuallyWatched(by v1alpha1.WatchedBy) *v1alpha1.WatchStatus {
	w.Helper()
	tenant := w.tenant()
	w.eventually(func() error {
		w.advance(time.Second)
		w.get(tenant)
		if watch := tenant.Status.Watch; watch == nil || watch.By != by {
			return fmt.Errorf("the tenant is watched by %+v, want %s", watch, by)
		}
		return nil
	})
	return tenant.Status.Watch
}

// advance lets time resync for the operator.
func (w *watched) advance(d time.Duration) {
	for ; d > 0; d -= time.Second {
		w.fake.Step(time.Second)
		<-time.After(2 * time.Millisecond)
	}
}

// users makes users with a role, and waits until they are Ready.
func (w *watched) declareUsers(n int, edit func(*v1alpha1.Auth0User)) []*v1alpha1.Auth0User {
	w.Helper()
	users := make([]*v1alpha1.Auth0User, n)
	for i := range users {
		users[i] = newUser(w.environment, fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@example.com", i))
		users[i].Spec.Name = new("User")
		if edit != nil {
			edit(users[i])
		}
		w.create(users[i])
	}
	for _, user := range users {
		w.eventuallyReady(user)
	}
	return users
}

// edit changes a user in the dashboard.
func (w *watched) edit(user *v1alpha1.Auth0User, patch map[string]any) {
	w.Helper()
	w.dashboard("PATCH", userPath(user.Status.UserID), patch)
}

// eventuallyNamed waits, for up to so long on the clock of the operator, until a user is as declared again.
func (w *watched) eventuallyNamed(user *v1alpha1.Auth0User, limit time.Duration) {
	w.Helper()
	until := w.fake.Now().Add(limit)
	w.eventually(func() error {
		if name := w.user(user.Status.UserID)["name"]; name != "User" {
			if w.fake.Now().Before(until) {
				w.advance(max(time.Second, limit/60))
			}
			return fmt.Errorf("the user is named %v", name)
		}
		return nil
	})
}

// resync has everything be compared from lists, and waits until it was.
func (w *watched) reconcileAll() {
	w.Helper()
	before := w.passes()
	change(w.environment, w.tenant(), func(t *v1alpha1.Auth0Tenant) {
		t.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: fmt.Sprint(time.Now().UnixNano())}
	})
	w.eventually(func() error {
		if w.passes() == before {
			return fmt.Errorf("%d passes", before)
		}
		return nil
	})
}

func (w *watched) passes() int { return w.counter("auth0_operator_full_resyncs_total") }

// counter sums a metric of the operator.
func (e *environment) counter(name string) int {
	e.Helper()
	families, err := e.metrics.Gather()
	if err != nil {
		e.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() == name {
			for _, metric := range family.GetMetric() {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return int(sum)
}

// versions are the resource versions of the users: what was written to the API server changes them.
func (w *watched) versions() map[string]string {
	w.Helper()
	var users v1alpha1.Auth0UserList
	if err := w.kube.List(w.ctx, &users, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	versions := map[string]string{}
	for _, user := range users.Items {
		versions[user.Name] = user.ResourceVersion
		if !meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ConditionReady) {
			w.Errorf("%s is not Ready: %+v", user.Name, user.Status.Conditions)
		}
	}
	return versions
}

func (w *watched) requireVersions(before map[string]string) {
	w.Helper()
	for name, version := range w.versions() {
		if version != before[name] {
			w.Errorf("%s was written to", name)
		}
	}
}

// TestDriftIsCorrectedByTheLog holds the budget of a dashboard edit with log polling: 45 seconds, and 5 calls.
func TestDriftIsCorrectedByTheLog(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyLog, v1alpha1.WatchedByLog)
	users := w.declareUsers(5, nil)
	w.advance(time.Minute)
	w.sim.ResetRequests()
	w.edit(users[3], map[string]any{"name": "Mallory"})
	w.eventuallyNamed(users[3], 45*time.Second)
	w.requireCalls("putting an edit right by a read and a write", 2)
	w.eventually(func() error {
		if found, corrected := w.counter("auth0_operator_drift_detected_total"), w.counter("auth0_operator_drift_corrected_total"); found != 1 || corrected != 1 {
			return fmt.Errorf("%d differences found, %d corrected, want one", found, corrected)
		}
		return nil
	})

	// Many changes of one user between two polls are one resync, and a deletion is one, too.
	w.sim.ResetRequests()
	for i := range 10 {
		w.edit(users[0], map[string]any{"name": fmt.Sprint("Mallory ", i)})
	}
	w.eventuallyNamed(users[0], 45*time.Second)
	w.requireCalls("putting ten edits right by a read and a write", 2)
	w.dashboard("DELETE", userPath(users[1].Status.UserID), nil)
	until := w.fake.Now().Add(45 * time.Second)
	w.eventually(func() error {
		if w.fake.Now().Before(until) {
			w.advance(time.Second)
		}
		if found := len(w.users()); found != 5 {
			return fmt.Errorf("there are %d users", found)
		}
		return nil
	})
}

// TestDriftIsCorrectedByEvents holds the budget of a dashboard edit with the event stream: 2 seconds, and 5 calls.
func TestDriftIsCorrectedByEvents(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyEvents, v1alpha1.WatchedByEvents)
	users := w.declareUsers(3, nil)
	quickest := time.Hour
	// The machine may be busy with other tests at any one time.
	for _, user := range users {
		w.sim.ResetRequests()
		began := time.Now()
		w.edit(user, map[string]any{"name": "Mallory"})
		w.eventually(func() error {
			if name := w.user(user.Status.UserID)["name"]; name != "User" {
				return fmt.Errorf("the user is named %v", name)
			}
			return nil
		})
		quickest = min(quickest, time.Since(began))
		w.requireCalls("putting an edit right", 2)
	}
	if quickest > 2*time.Second {
		t.Errorf("putting an edit right took %s", quickest)
	}
}

// TestAStartWritesTheWatchOnce counts the writes that say how a tenant is watched: one for both ways, and none at an end where
// nothing happened.
func TestAStartWritesTheWatchOnce(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	var writes atomic.Int32
	e.config = rest.CopyConfig(e.config)
	e.config.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch && resourceOf(r.URL.Path) == "auth0tenants/status" {
				body, _ := r.GetBody()
				if content, _ := io.ReadAll(body); bytes.Contains(content, []byte(`"watch"`)) || string(content) == "{}" {
					writes.Add(1)
				}
			}
			return base.RoundTrip(r)
		})
	})
	tenant := e.tenant()
	e.create(tenant)
	e.startOperator()
	e.eventually(func() error {
		e.get(tenant)
		if watch := tenant.Status.Watch; watch == nil || watch.By != v1alpha1.WatchedByEventsAndLog {
			return fmt.Errorf("watched by %+v", watch)
		}
		return nil
	})
	e.stopOperator()
	if made := writes.Load(); made != 1 {
		t.Errorf("%d writes say how the tenant is watched", made)
	}
}

// TestEventsGoOnWhereTheConnectionEnded hears of what happened while there was no connection, without comparing anything.
func TestEventsGoOnWhereTheConnectionEnded(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyEvents, v1alpha1.WatchedByEvents)
	users := w.declareUsers(3, nil)
	passes := w.passes()
	// Auth0 ends the connection, as it does every few minutes, and does not take the next one at once.
	w.sim.AddFaults(simulator.Fault{Method: "GET", Route: "/api/v2/events", Times: 1, Status: http.StatusServiceUnavailable})
	connections := func(status int) (made int) {
		for _, route := range w.sim.Requests().ByRoute {
			if route.Route == "/api/v2/events" && route.Status == status {
				made += route.Count
			}
		}
		return made
	}
	w.sim.ResetRequests()
	w.sim.Advance(10 * time.Minute)
	w.eventually(func() error {
		w.advance(time.Second)
		if connections(http.StatusServiceUnavailable) == 0 {
			return errors.New("the connection is still open")
		}
		return nil
	})
	w.edit(users[1], map[string]any{"name": "Mallory"})
	w.dashboard("DELETE", userPath(users[2].Status.UserID), nil)
	w.eventuallyNamed(users[1], 5*time.Minute)
	w.eventually(func() error {
		if found := len(w.users()); found != 3 {
			return fmt.Errorf("there are %d users", found)
		}
		return nil
	})
	if connections(http.StatusOK) != 1 || w.passes() != passes {
		t.Errorf("%d connections and %d passes, want one connection", connections(http.StatusOK), w.passes()-passes)
	}
}

// TestTheWatchFollowsItsSpec from the log to events and back, within seconds.
func TestTheWatchFollowsItsSpec(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyEvents, v1alpha1.WatchedByEvents)
	users := w.declareUsers(1, nil)
	change(w.environment, w.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Watch = v1alpha1.WatchPolicyLog })
	w.eventuallyWatched(v1alpha1.WatchedByLog)
	w.advance(time.Minute)

	change(w.environment, w.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Watch = v1alpha1.WatchPolicyEvents })
	w.edit(users[0], map[string]any{"name": "Mallory"})
	w.eventuallyNamed(users[0], 10*time.Second)
	w.eventuallyWatched(v1alpha1.WatchedByEvents)
}

// TestRefusedEventsLeaveTheLog has Auth0 refuse a connection for events, as it does where others hold all that the plan allows. The
// tenant says so.
func TestRefusedEventsLeaveTheLog(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyLog, v1alpha1.WatchedByLog)
	w.sim.AddFaults(simulator.Fault{Method: "GET", Route: "/api/v2/events", Status: http.StatusForbidden})
	tenant := w.tenant()
	change(w.environment, tenant, func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Watch = v1alpha1.WatchPolicyAuto })
	w.eventually(func() error {
		w.advance(time.Minute)
		w.get(tenant)
		if !strings.Contains(tenant.Status.Watch.Message, "Auth0 refuses a connection for events") {
			return fmt.Errorf("status says %+v", tenant.Status.Watch)
		}
		return nil
	})
	users := w.declareUsers(1, nil)
	w.edit(users[0], map[string]any{"name": "Mallory"})
	w.eventuallyNamed(users[0], 45*time.Second)
	w.sim.ClearFaults()
	// It is tried again after five minutes.
	w.advance(5 * time.Minute)
	w.eventuallyWatched(v1alpha1.WatchedByEventsAndLog)
}

// TestOwnWritesAreNoDrift shows that what the operator does itself leads to no read, and that a change of somebody else's
// right after it is not lost.
func TestOwnWritesAreNoDrift(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "", v1alpha1.WatchedByEventsAndLog)
	seedRoles(w.environment, "editor")
	users := w.declareUsers(5, func(u *v1alpha1.Auth0User) { u.Spec.Roles = roles("", "editor") })
	w.advance(2 * time.Minute)
	for _, user := range users {
		change(w.environment, user, func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("nick") })
		w.eventuallyReady(user)
	}
	w.sim.ResetRequests()
	w.advance(2 * time.Minute)
	w.requireCalls("what the operator did itself", 0)
	for _, user := range users {
		change(w.environment, user, func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("other") })
		w.eventually(func() error {
			if nickname := w.user(user.Status.UserID)["nickname"]; nickname != "other" {
				return fmt.Errorf("the nickname is %v", nickname)
			}
			return nil
		})
		w.edit(user, map[string]any{"name": "Mallory"})
		w.eventuallyNamed(user, 45*time.Second)
	}
}

// TestAResyncTakesFewCalls holds the budget of comparing everything: a call per hundred users and one per hundred members of
// a role, and no writes anywhere.
func TestAResyncTakesFewCalls(t *testing.T) {
	t.Parallel()
	const n = 230
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone)
	seedRoles(w.environment, "editor")
	users := w.declareUsers(n, func(u *v1alpha1.Auth0User) { u.Spec.Roles = roles("", "editor") })
	before := w.versions()

	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.reconcileAll()
	w.requireReconcile(3)
	w.requireVersions(before)

	w.sim.ResetRequests()
	w.restartOperator()
	w.eventually(func() error {
		if w.passes() == 0 {
			return fmt.Errorf("no pass")
		}
		return nil
	})
	w.requireReconcile(3)
	w.requireVersions(before)

	// What differs in a list is read, and corrected; so is who lost a role.
	w.advance(2 * time.Minute)
	w.edit(users[7], map[string]any{"name": "Mallory"})
	role := w.dashboardList(userPath(users[9].Status.UserID) + "/roles")[0]["id"]
	w.dashboard("DELETE", userPath(users[9].Status.UserID)+"/roles", map[string]any{"roles": []any{role}})
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventuallyNamed(users[7], time.Second)
	w.eventually(func() error {
		if len(w.dashboardList(userPath(users[9].Status.UserID)+"/roles")) != 1 {
			return fmt.Errorf("the user has no role")
		}
		return nil
	})
	if requests := w.sim.Requests(); requests.Count("GET", "/api/v2/users/{id}") != 2 || requests.Writes() != 2 {
		t.Errorf("putting two users right took more than two reads and two writes: %+v", requests.ByRoute)
	}
}

// requireReconcile fails unless the calls were those of one resync, with so many pages of users and of role members.
func (w *watched) requireReconcile(pages int) {
	w.Helper()
	requests := w.sim.Requests()
	if requests.Count("GET", "/api/v2/users") != pages || requests.Count("GET", "/api/v2/roles/{id}/users") != pages ||
		requests.Count("GET", "/api/v2/users/{id}") != 0 || requests.Count("GET", "/api/v2/users/{id}/roles") != 0 || requests.Writes() != 0 {
		w.Errorf("want a pass of %d pages of users and of role members, got %+v", pages, requests.ByRoute)
	}
}

// TestListsAreHints shows that nothing is written on the strength of a list that lags behind, and that news for the status
// takes no read.
func TestListsAreHints(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyNone, v1alpha1.WatchedByNone, func(o *simulator.Options) { o.SearchDelay = time.Hour })
	users := w.declareUsers(3, nil)
	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error {
		if reads := w.sim.Requests().Count("GET", "/api/v2/users/{id}"); reads != len(users) {
			return fmt.Errorf("%d reads, want one for each user whom the search does not show yet", reads)
		}
		return nil
	})
	w.sim.Advance(2 * time.Hour)
	for i, user := range users {
		w.edit(user, map[string]any{"name": fmt.Sprint("Mallory ", i)})
		w.reconcile(user)
	}
	w.advance(2 * time.Minute)
	before := w.versions()
	w.sim.ResetRequests()
	w.reconcileAll()
	if requests := w.sim.Requests(); requests.Writes() != 0 || requests.Count("GET", "/api/v2/users") != 1 {
		t.Errorf("a list that lags behind led to writes: %+v", requests.ByRoute)
	}
	w.requireVersions(before)

	// What the search shows in the end is as declared, with news for the status.
	w.sim.Advance(2 * time.Hour)
	w.edit(users[0], map[string]any{"email_verified": true})
	w.sim.Advance(2 * time.Hour)
	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.reconcileAll()
	w.eventually(func() error {
		w.get(users[0])
		if !users[0].Status.EmailVerified {
			return fmt.Errorf("status does not tell that the address is verified")
		}
		return nil
	})
	if requests := w.sim.Requests(); requests.Count("GET", "/api/v2/users/{id}") != 0 || requests.Writes() != 0 {
		t.Errorf("news for the status took more than the list: %+v", requests.ByRoute)
	}
}

// TestRestartGoesOnFromTheCheckpoint shows that what changed while the operator was away is handled before the resync.
func TestRestartGoesOnFromTheCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyLog, v1alpha1.WatchedByLog)
	users := w.declareUsers(20, nil)
	w.advance(2 * time.Minute)
	w.stopOperator()
	w.edit(users[11], map[string]any{"name": "Mallory"})
	w.advance(2 * time.Minute)
	w.sim.ResetRequests()
	w.paths.reset()
	w.startOperator()
	w.eventually(func() error {
		if w.passes() == 0 || w.user(users[11].Status.UserID)["name"] != "User" {
			return fmt.Errorf("no pass, or the user is not as declared")
		}
		return nil
	})
	requests := w.sim.Requests()
	if requests.Count("GET", "/api/v2/users/{id}") != 1 || requests.Count("GET", "/api/v2/users") != 1 || requests.Writes() != 1 {
		t.Errorf("a restart took more than one list, and a read and a write of the user who changed: %+v", requests.ByRoute)
	}
	if read, list := w.paths.firstOf("GET /api/v2/users/"), w.paths.firstOf("GET /api/v2/users"); read > list && w.paths.firstOf("GET /api/v2/logs") > list {
		t.Errorf("everything was compared before what changed was heard of: %v", w.paths.list)
	}
}

// TestLostCheckpoints shows that a resync makes up for what could not be heard of.
func TestLostCheckpoints(t *testing.T) {
	t.Parallel()
	for policy, by := range map[v1alpha1.WatchPolicy]v1alpha1.WatchedBy{
		v1alpha1.WatchPolicyLog: v1alpha1.WatchedByLog, v1alpha1.WatchPolicyEvents: v1alpha1.WatchedByEvents,
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, policy, by)
			users := w.declareUsers(2, nil)
			w.advance(6 * time.Minute)
			w.stopOperator()
			w.sim.AddFaults(simulator.Fault{Route: "/api/v2/logs", Status: http.StatusGone, Times: 1}, simulator.Fault{Route: "/api/v2/events", Status: http.StatusGone, Times: 1})
			w.startOperator()
			w.eventually(func() error {
				w.advance(5 * time.Second)
				if w.passes() < 2 {
					return fmt.Errorf("%d passes, want one at the start and one for the lost checkpoint", w.passes())
				}
				return nil
			})
			w.sim.ClearFaults()
			w.advance(2 * time.Minute)
			w.edit(users[1], map[string]any{"name": "Mallory"})
			w.eventuallyNamed(users[1], 45*time.Second)
		})
	}
}

// TestWithoutScopesTheResyncRemains shows that the tenant says how changes are noticed, and that they are in any case.
func TestWithoutScopesTheResyncRemains(t *testing.T) {
	t.Parallel()
	w := &watched{environment: newBareEnvironment(t), fake: newSteppedClock(time.Now()), paths: &paths{}}
	w.clock = w.fake
	w.fake.flow(t)
	w.withoutScopes("read:logs", "read:logs_users", "read:events")
	tenant := w.tenant()
	tenant.Spec.ResyncInterval = &metav1.Duration{Duration: 10 * time.Minute}
	w.create(tenant)
	w.startOperator()
	watch := w.eventuallyWatched(v1alpha1.WatchedByNone)
	if !strings.Contains(watch.Message, "read:events read:logs") {
		t.Errorf("the message does not name the missing scopes: %s", watch.Message)
	}
	users := w.declareUsers(2, nil)
	w.advance(2 * time.Minute)
	w.edit(users[1], map[string]any{"name": "Mallory"})
	w.eventuallyNamed(users[1], 11*time.Minute)
}

// TestAnIdleHour holds the budget of watching: 120 calls for the log, and the share of the resync.
func TestAnIdleHour(t *testing.T) {
	t.Parallel()
	w := newWatched(t, v1alpha1.WatchPolicyLog, v1alpha1.WatchedByLog)
	w.declareUsers(3, nil)
	w.advance(10 * time.Minute)
	before := w.versions()
	w.sim.ResetRequests()
	w.advance(time.Hour)
	if requests := w.sim.Requests(); requests.Total > 125 || requests.Writes() != 0 {
		t.Errorf("an idle hour took %d calls: %+v", requests.Total, requests.ByRoute)
	}
	w.requireVersions(before)
}

// TestRestartReadsFromLists shows for every kind that an object which is Ready takes no read of its own after a restart.
func TestRestartReadsFromLists(t *testing.T) {
	t.Parallel()
	for kind, s := range subjects {
		if !strings.HasPrefix(s.create.route, "/api/v2/") {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			object := s.declared(e)
			e.stopOperator()
			e.sim.ResetRequests()
			e.startOperator()
			e.eventually(func() error {
				if e.counter("auth0_operator_full_resyncs_total") == 0 {
					return fmt.Errorf("no pass")
				}
				return nil
			})
			e.reconcile(object)
			requests := e.sim.Requests()
			reads := 1
			if application, ok := object.(*v1alpha1.Auth0Client); ok && application.Spec.OutputSecret != nil {
				// Whether its Secret is as it should be, no list tells.
				reads++
			}
			if requests.Count("GET", s.create.route) == 0 || requests.Count("GET", s.create.route+"/{id}") != reads {
				t.Errorf("want one list, and %d reads, one of them for the request at the end: %+v", reads, requests.ByRoute)
			}
			for _, route := range []string{routeUserRoles, routeUserOrganizations, routeMemberRoles} {
				if lists := requests.Count("GET", route); lists > reads {
					t.Errorf("%s was called %d times, without the user being read: %+v", route, lists, requests.ByRoute)
				}
			}
			s.requireWrites(e, 0)
		})
	}
}
