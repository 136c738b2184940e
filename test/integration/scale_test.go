package integration

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func freePlan(o *simulator.Options) { o.RateLimit = simulator.RateLimitFree }

// backlog declares users, more than the limit lets through at once.
func (e *environment) backlog(n int, edits ...func(*v1alpha1.Auth0User)) []*v1alpha1.Auth0User {
	e.Helper()
	users := make([]*v1alpha1.Auth0User, n)
	for i := range users {
		users[i] = newUser(e, fmt.Sprintf("user-%d", i), fmt.Sprintf("user-%d@example.com", i))
		for _, edit := range edits {
			edit(users[i])
		}
		e.create(users[i])
	}
	return users
}

func (e *environment) refused() int {
	var refused int
	for _, count := range e.sim.Requests().ByRoute {
		if count.Status == http.StatusTooManyRequests {
			refused += count.Count
		}
	}
	return refused
}

// TestWaitsAreVisibleAndCheap has users with a role wait for the limit of a free tenant, on four workers: who waits for long
// says so, once, and each is written three times at most from when it is declared until it is Ready, Events included.
func TestWaitsAreVisibleAndCheap(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	writes := e.countWrites()
	const n = 24
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "editor"})
	users := e.backlog(n, func(u *v1alpha1.Auth0User) { u.Spec.Roles = roles("", "editor") })
	last := users[n-1]
	e.eventuallyReconciling(last, v1alpha1.ReasonRateLimited, "resuming within")
	if ready := meta.FindStatusCondition(last.Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionFalse {
		t.Errorf("a user who waits is %+v", ready)
	}
	for _, user := range users {
		e.eventuallyReady(user)
	}
	if refused := e.refused(); refused > 0 {
		t.Errorf("%d calls were refused", refused)
	}
	requests := e.sim.Requests()
	if calls := requests.Count("", "/api/v2/users"); calls != n {
		t.Errorf("%d calls for %d users", calls, n)
	}
	if calls := requests.Count("", "/api/v2/roles/{id}/users") + requests.Count("", "/api/v2/users/{id}/roles"); calls > n*3/4 {
		t.Errorf("%d calls for the role of %d users: %+v", calls, n, requests.ByRoute)
	}
	if members := e.roleMembers(role); members != n {
		t.Errorf("%d users have the role, want %d", members, n)
	}
	for name, count := range writes() {
		if strings.HasPrefix(name, "user-") && count > 3 {
			t.Errorf("%s was written %d times", name, count)
		}
	}
	if events := e.events(last); len(events) > 0 {
		t.Errorf("the Events of a user who waited are %v", events)
	}
	e.eventually(func() error {
		tenant := e.tenant()
		e.get(tenant)
		if budget := tenant.Status.CallBudget; budget == nil || budget.Plan != "Free" {
			return fmt.Errorf("the tenant says of its call budget: %+v", budget)
		}
		return nil
	})
}

// TestBatchedUsersSurviveACrash kills the operator while users were created and wait to be put on a role together,
// which their status does not tell yet. Meanwhile one of them is to be without the role and a name, and one is deleted.
func TestBatchedUsersSurviveACrash(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	const n = 40
	role := e.dashboard(http.MethodPost, "/api/v2/roles", map[string]any{"name": "editor"})
	e.sim.AddFaults(simulator.Fault{Route: "/api/v2/roles/{id}/users", Status: http.StatusServiceUnavailable})
	users := e.backlog(n, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.GivenName = roles("", "editor"), new("Ada") })
	var unnoted []*v1alpha1.Auth0User
	e.eventually(func() error {
		unnoted = nil
		there := e.auth0Users()
		for _, user := range users {
			e.get(user)
			if user.Status.UserID == "" && there[*user.Spec.Email] != nil {
				unnoted = append(unnoted, user)
			}
		}
		if len(unnoted) < 5 {
			return fmt.Errorf("%d of %d users in Auth0 wait for their role and have no id in status", len(unnoted), len(there))
		}
		return nil
	})
	e.stopOperator()
	changed, deleted := unnoted[0], unnoted[1]
	change(e, changed, func(u *v1alpha1.Auth0User) { u.Spec.Roles, u.Spec.GivenName = nil, nil })
	e.delete(deleted)
	// The answer to this call was lost with the operator.
	e.dashboard(http.MethodPost, "/api/v2/roles/"+role["id"].(string)+"/users", map[string]any{"users": []any{e.auth0Users()[*changed.Spec.Email]["user_id"]}})
	e.sim.ClearFaults()

	e.startOperator()

	for _, user := range users {
		if user != deleted {
			e.within(2*patience, func() error {
				e.get(user)
				if ready := meta.FindStatusCondition(user.Status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != user.Generation {
					return fmt.Errorf("%s is %+v", user.Name, ready)
				}
				return nil
			})
		}
	}
	e.eventuallyGone(deleted)
	there := e.auth0Users()
	if members := e.roleMembers(role); len(there) != n-1 || members != n-2 {
		t.Errorf("%d users, %d with the role, want %d and %d", len(there), members, n-1, n-2)
	}
	if name, has := there[*changed.Spec.Email]["given_name"]; has {
		t.Errorf("the name that left the spec is %v", name)
	}
}

// countWrites counts the changes of each user until the function it returns is called.
func (e *environment) countWrites() func() map[string]int {
	e.Helper()
	scheme, err := operator.Scheme()
	if err != nil {
		e.Fatal(err)
	}
	watcher, err := client.NewWithWatch(e.config, client.Options{Scheme: scheme})
	if err != nil {
		e.Fatal(err)
	}
	changes, err := watcher.Watch(e.ctx, &v1alpha1.Auth0UserList{}, client.InNamespace(e.namespace))
	if err != nil {
		e.Fatal(err)
	}
	var mu sync.Mutex
	counts := map[string]int{}
	go func() {
		for change := range changes.ResultChan() {
			if object, ok := change.Object.(client.Object); ok && change.Type == watch.Modified {
				mu.Lock()
				counts[object.GetName()]++
				mu.Unlock()
			}
		}
	}()
	return func() map[string]int {
		changes.Stop()
		mu.Lock()
		defer mu.Unlock()
		return counts
	}
}

// TestAnEditGoesBeforeTheBacklog edits a user while many new ones wait.
func TestAnEditGoesBeforeTheBacklog(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	edited := newUser(e, "ada", "ada@example.com")
	e.create(edited)
	e.eventuallyReady(edited)
	users := e.backlog(60)
	e.eventuallyReconciling(users[59], v1alpha1.ReasonRateLimited)
	before := e.sim.Requests().Count("POST", "/api/v2/users")
	change(e, edited, func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("Countess") })
	e.within(5*time.Second, func() error {
		if stored := e.user(edited.Status.UserID); stored["nickname"] != "Countess" {
			return fmt.Errorf("the user in Auth0 is %v", stored)
		}
		return nil
	})
	if meanwhile := e.sim.Requests().Count("POST", "/api/v2/users") - before; meanwhile > 4 {
		t.Errorf("%d others went first", meanwhile)
	}
}

// TestAnEditIsUrgentAfterARestart edits a user while the operator is down.
func TestAnEditIsUrgentAfterARestart(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, freePlan)
	users := e.backlog(16)
	for _, user := range users {
		e.eventuallyReady(user)
	}
	e.stopOperator()
	edited := users[9]
	change(e, edited, func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("Countess") })
	e.sim.ResetRequests()
	e.startOperator()
	e.eventually(func() error {
		if stored := e.user(edited.Status.UserID); stored["nickname"] != "Countess" {
			return fmt.Errorf("the user in Auth0 is %v", stored)
		}
		return nil
	})
	if read := e.sim.Requests().Count("GET", "/api/v2/users/{id}"); read > 6 {
		t.Errorf("%d users were read first", read)
	}
	if refused := e.refused(); refused > 0 {
		t.Errorf("%d calls were refused", refused)
	}
}

// shard is an operator that serves the tenants that its selector picks.
type shard struct {
	metrics *prometheus.Registry
	stop    func()
}

func (e *environment) startShard(selector string) shard {
	e.Helper()
	e.shardSelector = selector
	e.startOperator()
	return shard{e.metrics, e.stop}
}

// calls counts the calls that a shard made to a tenant.
func (s shard) calls(e *environment, tenant string) int {
	e.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		e.Fatal(err)
	}
	var calls float64
	for _, family := range families {
		if family.GetName() != "auth0_operator_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "tenant" && label.GetValue() == e.namespace+"/"+tenant {
					calls += metric.GetCounter().GetValue()
				}
			}
		}
	}
	return int(calls)
}

// TestShardsSplitTheWorkByTenant runs two instances over three tenants.
func TestShardsSplitTheWorkByTenant(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenants := map[string]string{"red": "red", "blue": "blue", "plain": ""}
	for name, color := range tenants {
		tenant := e.tenant()
		tenant.Name = name
		if color != "" {
			tenant.Labels = map[string]string{"shard": color}
		}
		e.create(tenant)
	}
	red, rest := e.startShard("shard=red"), e.startShard("shard!=red")
	users := map[string]*v1alpha1.Auth0User{}
	for name := range tenants {
		users[name] = newUser(e, name, name+"@example.com")
		users[name].Spec.TenantRef.Name = name
		e.create(users[name])
	}
	orphan := newUser(e, "orphan", "orphan@example.com")
	orphan.Spec.TenantRef.Name = "missing"
	e.create(orphan)
	for _, user := range users {
		e.eventuallyReady(user)
	}
	e.eventuallyReconciling(orphan, v1alpha1.ReasonTenantNotReady)
	for name, color := range tenants {
		own, other := rest, red
		if color == "red" {
			own, other = red, rest
		}
		if other.calls(e, name) > 0 {
			t.Errorf("the other instance made %d calls to tenant %s", other.calls(e, name), name)
		}
		if own.calls(e, name) == 0 {
			t.Errorf("tenant %s was not served", name)
		}
	}
	if made := e.sim.Requests().Count("POST", "/api/v2/users"); made != len(users) {
		t.Errorf("%d creations of %d users", made, len(users))
	}
}

// TestANewLeaderGoesOn has a replica take over from another one. It goes on from the checkpoint: what changed in between is read
// first, everything else compared from lists.
func TestANewLeaderGoesOn(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.leaderElection = true
	tenant := e.tenant()
	tenant.Spec.Watch = v1alpha1.WatchPolicyLog
	e.create(tenant)
	first, standby := e.startShard(""), e.startShard("")
	users := e.backlog(30)
	change(e, users[17], func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("Countess") })
	for _, user := range users {
		e.eventuallyReady(user)
	}
	if first.calls(e, tenantName) == 0 {
		first, standby = standby, first
		e.metrics = standby.metrics
	}
	if made := standby.calls(e, tenantName); made > 0 {
		t.Errorf("the replica that does not lead made %d calls", made)
	}
	first.stop()
	e.dashboard("PATCH", userPath(users[17].Status.UserID), map[string]any{"nickname": "Mallory"})
	e.sim.ResetRequests()
	e.eventually(func() error {
		if e.counter("auth0_operator_full_resyncs_total") == 0 || e.user(users[17].Status.UserID)["nickname"] != "Countess" {
			return fmt.Errorf("no pass, or the user is not as declared")
		}
		return nil
	})
	requests := e.sim.Requests()
	if requests.Count("GET", "/api/v2/users/{id}") != 1 || requests.Count("GET", "/api/v2/users") != 1 || requests.Writes() != 1 || requests.Total > 12 {
		t.Errorf("a new leader took more than one list, and a read and a write of the user who changed: %+v", requests.ByRoute)
	}
}

// TestEventsMoveWithTheirTenant moves a tenant whose plan allows one connection for events: who had it lets go of it.
func TestEventsMoveWithTheirTenant(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t, freePlan)
	tenant := e.tenant()
	tenant.Spec.Watch, tenant.Labels = v1alpha1.WatchPolicyEvents, map[string]string{"shard": "a"}
	e.create(tenant)
	e.startShard("shard=a")
	e.startShard("shard=b")
	connected := func() error {
		for _, count := range e.sim.Requests().ByRoute {
			if count.Route == "/api/v2/events" && count.Status == http.StatusOK {
				return nil
			}
		}
		return fmt.Errorf("no connection: %+v", e.sim.Requests())
	}
	e.eventually(connected)
	for _, shard := range []string{"b", "a"} {
		e.sim.ResetRequests()
		change(e, tenant, func(o *v1alpha1.Auth0Tenant) { o.Labels = map[string]string{"shard": shard} })
		e.eventually(connected)
	}
}

// TestARelabelledTenantMoves moves a tenant from one instance to the other in the middle of its work, and back.
func TestARelabelledTenantMoves(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t, freePlan)
	tenant := e.tenant()
	tenant.Labels = map[string]string{"shard": "a"}
	e.create(tenant)
	a, b := e.startShard("shard=a"), e.startShard("shard=b")
	e.eventuallyReady(tenant)
	users := e.backlog(16)
	e.eventuallyReady(users[2])
	change(e, tenant, func(o *v1alpha1.Auth0Tenant) { o.Labels = map[string]string{"shard": "b"} })
	e.eventually(func() error {
		if b.calls(e, tenantName) == 0 {
			return fmt.Errorf("the new instance made no call")
		}
		return nil
	})
	calls := a.calls(e, tenantName)
	for _, user := range users {
		e.eventuallyReady(user)
	}
	if more := a.calls(e, tenantName) - calls; more > 1 {
		t.Errorf("the instance that let go made %d more calls", more)
	}
	userFixture.requireCount(e, len(users))
	created := 0
	for _, count := range e.sim.Requests().ByRoute {
		if count.Method == http.MethodPost && count.Route == "/api/v2/users" && count.Status == http.StatusCreated {
			created += count.Count
		}
	}
	if created != len(users) {
		t.Errorf("%d creations of %d users", created, len(users))
	}
	change(e, tenant, func(o *v1alpha1.Auth0Tenant) { o.Labels = map[string]string{"shard": "a"} })
	change(e, users[0], func(u *v1alpha1.Auth0User) { u.Spec.Nickname = new("Countess") })
	e.within(30*time.Second, func() error {
		e.get(users[0])
		if users[0].Status.ObservedGeneration != users[0].Generation {
			return fmt.Errorf("the edit is not handled: %+v", users[0].Status.Conditions)
		}
		return nil
	})
	e.eventuallyReady(users[0])
	if a.calls(e, tenantName) == calls {
		t.Error("the instance that got the tenant back made no call")
	}
}
