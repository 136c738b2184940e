package integration

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// seed repeats the random numbers of a failed run.
var seed = flag.Uint64("seed", 0, "seed of TestChaos; 0 takes a new one")

const (
	chaosUsers = 200
	// recoveryTime is how long the operator may take to correct everything after the last fault: the lease of a dead leader, and
	// the pauses between attempts.
	recoveryTime = 90 * time.Second
)

// TestChaos creates, changes and deletes a few hundred users while the tenant fails at random, leaders change, and the API
// server, which no other test uses, restarts.
func TestChaos(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("to repeat the dice: -seed %d", *seed)
	c := newChaos(t)
	c.declare(chaosUsers)
	for len(c.faults) > 1 {
		c.injectFault()
		c.changeRemotely()
	}
	c.calm()
	c.requireAllAsDeclared()

	c.rage()
	for name := range c.declared {
		c.withdraw(name)
	}
	c.injectFault()
	c.calm()
	c.requireAllAsDeclared()
}

// ownControlPlane starts a control plane for one test.
func ownControlPlane(t *testing.T) (*controlplane.ControlPlane, client.Client) {
	t.Helper()
	own, err := controlplane.Start(t.Context(), controlplane.Options{CRDDirs: []string{"../../config/crd/bases"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	access, err := client.New(own.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return own, access
}

// chaos is an environment with random faults.
type chaos struct {
	*environment
	*faultPeriod

	replicas []*replica
	// faults are the faults that are still to come.
	faults []func() error
	// declared are the users as they must be in the end, by name.
	declared map[string]*v1alpha1.Auth0User
	serial   int
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{declared: map[string]*v1alpha1.Auth0User{}, faultPeriod: &faultPeriod{dice: rand.New(rand.NewPCG(*seed, 0))}}
	cluster, kube := ownControlPlane(t)
	c.environment = newEnvironmentIn(t, cluster, kube, func(o *simulator.Options) { o.Wrap = c.strikeCalls })
	signupFixture.prepare(c.environment)
	seedRoles(c.environment, "red", "green", "blue")
	c.create(c.tenant())
	for range 2 {
		c.replicas = append(c.replicas, startReplica(c.environment))
	}
	restart := func() error { return cluster.RestartAPIServer(c.ctx) }
	yield := func() error { return c.leader().end(false) }
	crash := func() error { return c.leader().end(true) }
	c.faults = []func() error{restart, restart, yield, yield, crash}
	c.dice.Shuffle(len(c.faults), func(i, j int) {
		c.faults[i], c.faults[j] = c.faults[j], c.faults[i]
	})
	return c
}

// declare declares new users.
func (c *chaos) declare(n int) {
	c.Helper()
	for range n {
		c.serial++
		user := newUser(c.environment, fmt.Sprintf("user-%d", c.serial), fmt.Sprintf("user-%d@example.com", c.serial))
		c.vary(user)
		c.decorate(user)
		c.declared[user.Name] = user
		c.eventually(func() error {
			err := c.kube.Create(c.ctx, user)
			if apierrors.IsAlreadyExists(err) {
				return c.kube.Get(c.ctx, client.ObjectKeyFromObject(user), user)
			}
			return err
		})
	}
}

// vary chooses one of the ways to create a user.
func (c *chaos) vary(user *v1alpha1.Auth0User) {
	output := v1alpha1.OutputSecret{Name: user.Name}
	switch c.roll(4) {
	case 0:
		user.Spec.Provisioning = v1alpha1.ProvisioningSignup
		user.Spec.Signup = &v1alpha1.UserSignup{SecretRef: &v1alpha1.SecretReference{Name: "shop"}}
		user.Spec.Password = passwordFrom("password")
	case 1:
		user.Spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: output}}
	case 2:
		user.Spec.Invitation = &v1alpha1.UserInvitation{OutputSecret: output}
	}
}

// decorate gives a user a random name and random roles.
func (c *chaos) decorate(user *v1alpha1.Auth0User) {
	user.Spec.Name = new(fmt.Sprintf("Name %d", c.roll(1000)))
	names := []string{"red", "green", "blue"}
	user.Spec.Roles = roles("", names[:c.roll(len(names)+1)]...)
}

// changeRemotely changes some users, withdraws some, and declares others.
func (c *chaos) changeRemotely() {
	c.Helper()
	for _, name := range slices.Sorted(maps.Keys(c.declared)) {
		user := c.declared[name]
		switch c.roll(10) {
		case 0:
			c.withdraw(name)
		case 1, 2:
			c.eventually(func() error {
				if err := c.kube.Get(c.ctx, client.ObjectKeyFromObject(user), user); err != nil {
					return err
				}
				before := user.DeepCopy()
				c.decorate(user)
				return c.kube.Patch(c.ctx, user, client.MergeFrom(before))
			})
		}
	}
	c.declare(c.roll(20))
}

func (c *chaos) withdraw(name string) {
	c.Helper()
	c.eventually(func() error { return client.IgnoreNotFound(c.kube.Delete(c.ctx, c.declared[name])) })
	delete(c.declared, name)
}

// injectFault waits until the operator works, and then causes the next fault.
func (c *chaos) injectFault() {
	c.Helper()
	calls := c.sim.Requests().Total
	c.within(recoveryTime, func() error {
		if c.sim.Requests().Total < calls+20 {
			return errNotYet
		}
		return nil
	})
	next := c.faults[0]
	c.faults = c.faults[1:]
	if err := next(); err != nil {
		c.Fatal(err)
	}
}

// leader returns the leading replica, or the first if none leads.
func (c *chaos) leader() *replica {
	for _, replica := range c.replicas {
		if replica.leads() {
			return replica
		}
	}
	return c.replicas[0]
}

// requireAllAsDeclared waits until every object is Ready and nothing else is left, and compares Auth0 with the objects.
func (c *chaos) requireAllAsDeclared() {
	c.Helper()
	c.within(recoveryTime, func() error {
		var objects v1alpha1.Auth0UserList
		if err := c.kube.List(c.ctx, &objects, client.InNamespace(c.namespace)); err != nil {
			return err
		}
		for i := range objects.Items {
			if object := &objects.Items[i]; c.declared[object.Name] == nil {
				return fmt.Errorf("there are %d objects, want %d; %s is not gone: %+v", len(objects.Items), len(c.declared), object.Name, object)
			}
		}
		for i := range objects.Items {
			object := &objects.Items[i]
			ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != "True" || ready.ObservedGeneration != object.Generation {
				return fmt.Errorf("%s is not Ready: %+v", object.Name, object.Status)
			}
			c.declared[object.Name] = object
		}
		return nil
	})
	for name, object := range c.declared {
		if err := checkUser(c.environment, object); err != nil {
			c.Errorf("%s is not as declared: %v", name, err)
		}
		requireHeld(c.environment, object)
	}
	if users := c.allUsers(); len(users) != len(c.declared) {
		c.Errorf("there are %d users in Auth0, want %d", len(users), len(c.declared))
	}
}

// allUsers reads the users of the tenant, all pages.
func (e *environment) allUsers() []map[string]any {
	e.Helper()
	const size = 100
	var all []map[string]any
	for page := 0; ; page++ {
		users := e.dashboardList(fmt.Sprintf("/api/v2/users?per_page=%d&page=%d", size, page))
		all = append(all, users...)
		if len(users) < size {
			return all
		}
	}
}

// faultPeriod is a period in which calls to Auth0 fail at random.
type faultPeriod struct {
	mu   sync.Mutex
	dice *rand.Rand
	over bool
}

// roll rolls a die with n sides, from 0.
func (s *faultPeriod) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(n)
}

func (s *faultPeriod) calm() { s.set(true) }

func (s *faultPeriod) rage() { s.set(false) }

func (s *faultPeriod) set(over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = over
}

func (s *faultPeriod) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// strikeCalls wraps the simulator.
func (s *faultPeriod) strikeCalls(tenant http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isOver() {
			tenant.ServeHTTP(w, r)
			return
		}
		switch s.roll(100) {
		case 0:
			w.Header().Set("X-RateLimit-Limit", "10")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Unix()+1))
			refuse(w, http.StatusTooManyRequests)
		case 1, 2:
			refuse(w, http.StatusInternalServerError)
		case 3, 4:
			panic(http.ErrAbortHandler)
		case 5, 6:
			tenant.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case 7, 8, 9:
			<-time.After(time.Duration(s.roll(500)) * time.Millisecond)
			tenant.ServeHTTP(w, r)
		default:
			tenant.ServeHTTP(w, r)
		}
	})
}

// refuse answers in Auth0's form.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": status, "error": http.StatusText(status), "message": "chaos"})
}

// replica is an operator with leader election. It restarts whenever it ends, as in Kubernetes.
type replica struct {
	*environment

	mu      sync.Mutex
	manager ctrl.Manager
	process *process
	stop    context.CancelFunc
}

func startReplica(e *environment) *replica {
	e.Helper()
	r := &replica{environment: e}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			r.startProcess(ctx)
		}
	}()
	e.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

// startProcess runs one operator until it is told to end or loses the lease.
func (r *replica) startProcess(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	current := newProcess()
	config := rest.CopyConfig(r.config)
	config.Wrap(func(base http.RoundTripper) http.RoundTripper { return crashTransport{base, current} })
	manager, err := operator.New(ctx, config, operator.Options{
		Namespace:       r.namespace,
		WatchNamespaces: []string{r.namespace},
		Workers:         4,
		LeaderElection:  true,
		MetricsAddress:  "0",
		HealthAddress:   "0",
		Metrics:         prometheus.NewRegistry(),
	})
	if err != nil {
		// The API server is still starting.
		<-time.After(100 * time.Millisecond)
		return
	}
	r.mu.Lock()
	r.manager, r.process, r.stop = manager, current, stop
	r.mu.Unlock()
	_ = manager.Start(ctx)
}

// leads reports whether the replica is the active one.
func (r *replica) leads() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.manager == nil || r.process.isDead() {
		return false
	}
	select {
	case <-r.manager.Elected():
		return true
	default:
		return false
	}
}

// end ends the operator, either in good order, so that it releases the lease, or by a crash.
func (r *replica) end(crash bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.manager == nil {
		return errors.New("the operator never started")
	}
	if crash {
		r.process.kill()
	}
	r.stop()
	return nil
}
