package auth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// The tests run the rate limiter against the simulator with its real limits, in virtual time: the simulator is called without
// a network, and only the latency that they choose passes.

// elapse lets virtual time go by.
func elapse(d time.Duration) { <-time.After(d) }

const latency = 50 * time.Millisecond

// tenant is a simulated tenant that is called in virtual time.
type tenant struct {
	*simulator.Server
	latency time.Duration
	// late is how much longer a call takes that is made at some time; nil for no longer.
	late func(time.Time) time.Duration
	// broken is what is wrong with the tenant. It is set under mu.
	broken mishap

	mu    sync.Mutex
	calls []calledAt
}

// calledAt is a call as the tenant saw it.
type calledAt struct {
	route  string
	at     time.Time
	status int
}

func newTestTenant(t *testing.T, plan simulator.RateLimit) *tenant {
	t.Helper()
	server, err := simulator.Start(simulator.Options{ClientID: "client", ClientSecret: "secret", RateLimit: plan})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &tenant{Server: server, latency: latency}
}

// RoundTrip implements http.RoundTripper: half of the latency passes on the way there, and as much at random on top.
func (s *tenant) RoundTrip(request *http.Request) (*http.Response, error) {
	elapse(s.latency/2 + rand.N(s.latency/2+1))
	if s.late != nil {
		elapse(s.late(time.Now()))
	}
	at := time.Now()
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	status, err := broken.failAll(request)
	if err != nil {
		s.note(request, at, 0)
		return nil, err
	}
	recorder := httptest.NewRecorder()
	if status == 0 {
		s.ServeHTTP(recorder, request)
	} else {
		recorder.WriteHeader(status)
	}
	response := recorder.Result()
	response.Header.Set("Date", s.Now().Format(http.TimeFormat))
	s.note(request, at, response.StatusCode)
	elapse(s.latency/2 + rand.N(s.latency/2+1))
	return response, nil
}

func (s *tenant) note(request *http.Request, at time.Time, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, calledAt{request.Method + " " + request.URL.Path, at, status})
}

// refused counts the calls that were answered 429.
func (s *tenant) refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var count int
	for _, call := range s.calls {
		if call.status == http.StatusTooManyRequests {
			count++
		}
	}
	return count
}

// count counts the calls of a route.
func (s *tenant) count(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var count int
	for _, call := range s.calls {
		if call.route == route {
			count++
		}
	}
	return count
}

// made counts the calls.
func (s *tenant) made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// testLimiter is the rate limiter of a tenant, and with it all there are.
type testLimiter struct {
	*ratelimit.Limiter

	all *ratelimit.Limiters
}

func newTestLimiter(changed func(tenant string)) testLimiter {
	all := ratelimit.New(clock.RealClock{}, nil, changed)
	return testLimiter{all.Of("test"), all}
}

// release ends every wait for the tenant.
func (l testLimiter) release() { l.all.Release("test") }

// session opens a session that calls the tenant, with a rate limiter of its own.
func (s *tenant) session() (*Session, testLimiter) {
	limiter := newTestLimiter(nil)
	return s.sessionOf(limiter), limiter
}

// sessionOf opens a session that calls the tenant under a rate limiter that it may share with others.
func (s *tenant) sessionOf(limiter testLimiter) *Session {
	session := newSession(Credentials{Domain: s.Domain, Application: Application{ID: "client", Secret: "secret"}}, "test", limiter.Limiter, NewMetrics(noRegistry{}))
	session.transport.base = s
	limiter.Connect(session.probe)
	return session
}

func someUser(i int) Document {
	return Document{"connection": "Username-Password-Authentication", "email": fmt.Sprintf("user-%d@example.com", i), "password": "Correct-Horse-1", "user_id": strconv.Itoa(i)}
}

// each makes n calls, some at a time, and reports the first failure.
func each(t *testing.T, n, atOnce int, call func(i int) error) {
	t.Helper()
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := call(i); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	group.Wait()
}

func TestRateLimiterUsesTheLimitToTheFullAndNeverExceedsIt(t *testing.T) {
	read := func(ctx context.Context, s *Session) func(int) error {
		return func(i int) error {
			_, err := s.SearchUsers(ctx, fmt.Sprintf("email:%q", fmt.Sprint(i)))
			return err
		}
	}
	create := func(ctx context.Context, s *Session) func(int) error {
		return func(i int) error {
			_, err := s.Create(ctx, "users", someUser(i))
			return err
		}
	}
	roles := func(ctx context.Context, s *Session) func(int) error {
		return func(int) error {
			_, err := s.listRoles(ctx)
			return err
		}
	}
	for _, row := range []struct {
		name      string
		plan      simulator.RateLimit
		calls     func(context.Context, *Session) func(int) error
		n         int
		burst     float64
		perSecond float64
		skew      time.Duration
	}{
		{"free", simulator.RateLimitFree, read, 300, 2, 2, 0},
		{"free, its clock an hour ahead", simulator.RateLimitFree, roles, 300, 2, 2, time.Hour},
		{"free, its clock behind", simulator.RateLimitFree, roles, 300, 2, 2, -90 * time.Second},
		{"self-service, creating users", simulator.RateLimitSelfService, create, 400, 20, 200.0 / 60, 0},
		{"self-service, searching users", simulator.RateLimitSelfService, read, 600, 40, 500.0 / 60, 0},
		{"self-service, everything else", simulator.RateLimitSelfService, roles, 300, 10, 150.0 / 60, 0},
		{"enterprise", simulator.RateLimitEnterprise, read, 1000, 50, 16, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newTestTenant(t, row.plan)
			synctest.Test(t, func(t *testing.T) {
				s.Advance(row.skew)
				session, _ := s.session()
				begin := time.Now()
				each(t, row.n, 10, row.calls(t.Context(), session))
				took := time.Since(begin).Seconds()
				if refused := s.refused(); refused > 0 {
					t.Errorf("%d calls were refused", refused)
				}
				floor := (float64(row.n) - row.burst) / row.perSecond
				t.Logf("%d calls in %.1f s; the limit allows %.1f s", row.n, took, floor)
				if took > floor/0.95 {
					t.Errorf("%.0f%% of the allowed rate was used, want 95%%", 100*floor/took)
				}
			})
		})
	}
}

// TestCallsThatArriveTogether has the way to Auth0, or the machine that the operator runs on, stand still now and then: what
// was let through in the meantime arrives at once, together with what comes after it.
func TestCallsThatArriveTogether(t *testing.T) {
	const every, still = 7 * time.Second, 3 * time.Second
	stand := func(now time.Time) time.Duration {
		return max(still-now.Sub(now.Truncate(every)), 0)
	}
	for plan, allowed := range map[simulator.RateLimit]struct{ burst, perSecond float64 }{
		simulator.RateLimitFree: {2, 2}, simulator.RateLimitSelfService: {20, 200.0 / 60},
	} {
		for name, where := range map[string]func(*tenant, *workQueue){
			"on the way": func(s *tenant, _ *workQueue) { s.late = stand },
			"before the pass": func(_ *tenant, o *workQueue) {
				inner := o.calls
				o.calls = func(ctx context.Context, i int) error {
					elapse(stand(time.Now()))
					return inner(ctx, i)
				}
			},
		} {
			t.Run(fmt.Sprintf("%s, %s", plan, name), func(t *testing.T) {
				s := newTestTenant(t, plan)
				synctest.Test(t, func(t *testing.T) {
					session, _ := s.session()
					const n = 200
					o := newWorkQueue(session, n)
					where(s, o)
					begin := time.Now()
					for i := range n {
						o.queue <- i
					}
					o.work(t, n, 4)
					if s.refused() > 0 {
						t.Errorf("%d calls were refused", s.refused())
					}
					// While nothing arrives, Auth0's bucket is full before long, and what flows in is lost.
					took, floor := time.Since(begin).Seconds(), (n-allowed.burst)/allowed.perSecond
					if most := floor / 0.9 * every.Seconds() / (every - still).Seconds(); took > most {
						t.Errorf("it took %.0f s, at most %.0f s of which %.0f s stand still", took, most, most*still.Seconds()/every.Seconds())
					}
				})
			})
		}
	}
}

// TestOneWorker has reconciliations of several calls on one worker: those that were called back do not hold what it waits for.
func TestOneWorker(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n = 40
		o := newWorkQueue(session, n)
		inner := o.calls
		o.calls = func(ctx context.Context, i int) error {
			if err := inner(ctx, i); err != nil {
				return err
			}
			_, err := session.Get(ctx, "users", "auth0|"+strconv.Itoa(i))
			return err
		}
		for i := range n {
			o.queue <- i
		}
		begin := time.Now()
		o.work(t, n, 1)
		if floor := (2*n - 2) / 2.0; time.Since(begin).Seconds() > floor/0.9 {
			t.Errorf("it took %s, and the limit allows %.0f s", time.Since(begin), floor)
		}
		if s.refused() > 0 {
			t.Errorf("%d calls were refused", s.refused())
		}
	})
}

// TestRateLimiterKeepsApartWhatAuth0CountsApart mixes calls of all groups: each has its own pace, and none is refused.
func TestRateLimiterKeepsApartWhatAuth0CountsApart(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitSelfService)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		begin := time.Now()
		var group sync.WaitGroup
		for _, call := range []func(i int) error{
			func(i int) error { _, err := session.Create(t.Context(), "users", someUser(i)); return err },
			func(i int) error {
				_, err := session.FindUsersByEmail(t.Context(), fmt.Sprintf("user-%d@example.com", i))
				return err
			},
			func(i int) error { _, err := session.SearchUsers(t.Context(), fmt.Sprint(i)); return err },
			func(int) error { _, err := session.listRoles(t.Context()); return err },
			func(int) error { _, err := session.DatabaseConnections(t.Context()); return err },
		} {
			group.Go(func() { each(t, 50, 5, call) })
		}
		group.Wait()
		if refused := s.refused(); refused > 0 {
			t.Errorf("%d calls were refused", refused)
		}
		// The slowest is the reading of connections, at 5 and 50 a minute.
		if took := time.Since(begin); took > 60*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// workQueue is a work queue with workers, as the engine has one: an object whose reconciliation ends at the rate limit is called back.
type workQueue struct {
	session *Session
	queue   chan int
	called  chan int
	// passing keeps an object from being worked on twice at once, as a work queue does.
	passing    []*ratelimit.Mutex
	priorities func(i int) ratelimit.Priority
	calls      func(ctx context.Context, i int) error

	mu     sync.Mutex
	passes int
	done   []int
	most   time.Duration
}

func (o *workQueue) work(t *testing.T, n, workers int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	finished := make(chan struct{})
	for range workers {
		go func() {
			for {
				select {
				case i := <-o.called:
					o.reconcile(t, i, n, finished)
					continue
				default:
				}
				select {
				case i := <-o.called:
					o.reconcile(t, i, n, finished)
				case i := <-o.queue:
					o.reconcile(t, i, n, finished)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	<-finished
}

func (o *workQueue) reconcile(t *testing.T, i, n int, finished chan struct{}) {
	t.Helper()
	_ = o.passing[i].Lock(t.Context())
	defer o.passing[i].Unlock()
	reservation := o.session.transport.limiter.Reserve(i, o.priorities(i), func() { o.called <- i })
	begin := time.Now()
	err := o.calls(ratelimit.WithReservation(t.Context(), reservation), i)
	reservation.End()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.passes++
	o.most = max(o.most, time.Since(begin))
	switch {
	case err == nil:
		o.done = append(o.done, i)
		if len(o.done) == n {
			close(finished)
		}
	case ClassOf(err) != ClassRateLimited:
		t.Errorf("object %d: %v", i, err)
	}
}

func newWorkQueue(session *Session, n int) *workQueue {
	o := &workQueue{session: session, queue: make(chan int, n), called: make(chan int, n), priorities: func(int) ratelimit.Priority { return ratelimit.PriorityNew }}
	o.calls = func(ctx context.Context, i int) error {
		_, err := session.Create(ctx, "users", someUser(i))
		return err
	}
	for range n {
		o.passing = append(o.passing, ratelimit.NewMutex(nil, ""))
	}
	return o
}

// TestWaitingCostsNoWorker has hundreds of objects wait for three workers: each object needs two reconciliations, goes in the order
// in which it came, and the limit is used to the full.
func TestWaitingCostsNoWorker(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitSelfService)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		if _, err := session.Scopes(t.Context()); err != nil {
			t.Fatal(err)
		}
		const n = 300
		o := newWorkQueue(session, n)
		begin := time.Now()
		for i := range n {
			o.reconcile(t, i, n, nil)
		}
		o.work(t, n, 3)
		if floor := (n - 20) / (200.0 / 60); time.Since(begin).Seconds() > floor/0.95 {
			t.Errorf("it took %s, and the limit allows %.0f s", time.Since(begin), floor)
		}
		if s.refused() > 0 {
			t.Errorf("%d calls were refused", s.refused())
		}
		if o.passes > 2*n {
			t.Errorf("%d passes over %d objects", o.passes, n)
		}
		if o.most > time.Second {
			t.Errorf("a worker was held for %s", o.most)
		}
		for at, i := range o.done {
			if at-i > 10 || i-at > 10 {
				t.Fatalf("object %d was number %d", i, at)
			}
		}
	})
}

// TestAnEditGoesFirst has a person edit something while hundreds of new objects wait.
func TestAnEditGoesFirst(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n, edited = 200, 200
		o := newWorkQueue(session, n+1)
		o.priorities = func(i int) ratelimit.Priority {
			if i == edited {
				return ratelimit.PriorityEdited
			}
			return ratelimit.PriorityNew
		}
		for i := range n {
			o.queue <- i
		}
		var before int
		var asked time.Time
		go func() {
			elapse(10 * time.Second)
			o.mu.Lock()
			before, asked = len(o.done), time.Now()
			o.mu.Unlock()
			o.queue <- edited
		}()
		inner := o.calls
		o.calls = func(ctx context.Context, i int) error {
			err := inner(ctx, i)
			if i == edited && err == nil {
				o.mu.Lock()
				defer o.mu.Unlock()
				if waited := time.Since(asked); waited > time.Second || len(o.done)-before > 2 {
					t.Errorf("the edit waited for %s and %d others", waited, len(o.done)-before)
				}
			}
			return err
		}
		o.work(t, n+1, 3)
	})
}

// TestCallsForManyGoBeforeEdits has an import, or the reading of the log, make a call each second while hundreds of edits wait: it
// belongs to no object that could be called back, and must not wait for longer than a call may take.
func TestCallsForManyGoBeforeEdits(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n = 200
		o := newWorkQueue(session, n)
		o.priorities = func(int) ratelimit.Priority { return ratelimit.PriorityEdited }
		for i := range n {
			o.queue <- i
		}
		go func() {
			for range 20 {
				elapse(time.Second)
				begin := time.Now()
				_, err := session.listRoles(ratelimit.WithPriority(t.Context(), ratelimit.PriorityShared))
				if waited := time.Since(begin); err != nil || waited > 5*time.Second {
					t.Errorf("a call for many waited %s for edits: %v", waited, err)
				}
			}
		}()
		begin := time.Now()
		o.work(t, n, 3)
		if floor := (n + 20 - 2) / 2.0; time.Since(begin).Seconds() > floor/0.9 {
			t.Errorf("it took %s, and the limit allows %.0f s", time.Since(begin), floor)
		}
	})
}

// TestNoPriorityStarves keeps the better priorities busy all the time.
func TestNoPriorityStarves(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n = 300
		o := newWorkQueue(session, n)
		o.priorities = func(i int) ratelimit.Priority { return ratelimit.PriorityEdited + ratelimit.Priority(i%3) }
		for i := range n {
			o.queue <- i
		}
		o.work(t, n, 3)
		var among [3]int
		for _, i := range o.done[:100] {
			among[i%3]++
		}
		t.Logf("of the first 100, %d edited, %d new, %d periodic", among[0], among[1], among[2])
		if among[0] < 60 || among[1] < 8 || among[2] < 8 {
			t.Errorf("of the first 100, %d were edited, %d new, %d periodic", among[0], among[1], among[2])
		}
	})
}

// TestAReconcileThatHasBegunGoesFirst has every object need several calls at a pace that allows two a second.
func TestAReconcileThatHasBegunGoesFirst(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n = 40
		o := newWorkQueue(session, n)
		inner := o.calls
		o.calls = func(ctx context.Context, i int) error {
			if err := inner(ctx, i); err != nil {
				return err
			}
			for range 3 {
				if _, err := session.Get(ctx, "users", "auth0|"+strconv.Itoa(i)); err != nil {
					return err
				}
			}
			return nil
		}
		for i := range n {
			o.queue <- i
		}
		begin := time.Now()
		o.work(t, n, 10)
		if floor := (4*n - 2) / 2.0; time.Since(begin).Seconds() > floor/0.9 {
			t.Errorf("it took %s, and the limit allows %.0f s", time.Since(begin), floor)
		}
		if created := s.Requests().Count("POST", "/api/v2/users"); created != n {
			t.Errorf("%d creations of %d users: a pass was broken off", created, n)
		}
	})
}

// TestA429InTheMiddleIsNotTheEnd has Auth0 refuse, for the sake of somebody else's calls, the call of a reconciliation that has begun
// and waited for it: the reconciliation is called back.
func TestA429InTheMiddleIsNotTheEnd(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	s.AddFaults(simulator.Fault{Method: http.MethodGet, Route: "/api/v2/users/{id}", Status: http.StatusTooManyRequests, Times: 3})
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		const n = 10
		o := newWorkQueue(session, n)
		o.calls = func(ctx context.Context, i int) error {
			if _, err := session.listRoles(ctx); err != nil {
				return err
			}
			if _, err := session.Get(ctx, "users", "auth0|"+strconv.Itoa(i)); ClassOf(err) != ClassNotFound {
				return err
			}
			return nil
		}
		for i := range n {
			o.queue <- i
		}
		begin := time.Now()
		o.work(t, n, 3)
		if s.refused() != 3 || time.Since(begin) > 30*time.Second {
			t.Errorf("%d calls were refused; it took %s", s.refused(), time.Since(begin))
		}
	})
}

// lineUp has n objects wait for their reservation; wake is told whose it is.
func lineUp(t *testing.T, session *Session, n int, priority ratelimit.Priority, wake func(i int)) {
	t.Helper()
	for i := range n {
		reservation := session.transport.limiter.Reserve(i, priority, func() { wake(i) })
		_, _ = session.Create(ratelimit.WithReservation(t.Context(), reservation), "users", someUser(i))
		reservation.End()
	}
}

// oneMoreComes makes a call that may not have to wait for long.
func oneMoreComes(t *testing.T, session *Session, atMost time.Duration) {
	t.Helper()
	begin := time.Now()
	if _, err := session.Create(t.Context(), "users", someUser(1<<20)); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(begin); waited > atMost {
		t.Errorf("a call waited for %s, behind those that make none", waited)
	}
}

// TestObjectsThatAreGoneCostNothing has everything deleted that waits.
func TestObjectsThatAreGoneCostNothing(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		const n = 1000
		lineUp(t, session, n, ratelimit.PriorityNew, func(int) {})
		for i := range n {
			limiter.all.Forget(i)
		}
		oneMoreComes(t, session, time.Second)
		if limiter.Waiting() > 0 {
			t.Error("the governor remembers objects that are gone")
		}
	})
}

// TestAReservationThatIsNotUsedExpires: nobody is held up by those who were called back and never came.
func TestAReservationThatIsNotUsedExpires(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		lineUp(t, session, 20, ratelimit.PriorityNew, func(int) {})
		elapse(2 * time.Minute)
		oneMoreComes(t, session, 5*time.Second)
	})
}

// TestAReservationWithoutACallHoldsNobodyUp has objects be called back that then need no call, or get no further than the API server.
func TestAReservationWithoutACallHoldsNobodyUp(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		lineUp(t, session, 20, ratelimit.PriorityNew, func(i int) { go limiter.Reserve(i, ratelimit.PriorityNew, nil).End() })
		oneMoreComes(t, session, 2*time.Second)
	})
}

// TestAListThatIsGivenUpHoldsNobodyUp ends lists while they wait for the limit, as happens to those of a tenant that moves.
func TestAListThatIsGivenUpHoldsNobodyUp(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		ctx, giveUp := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				_, _ = fairCall(ctx, session, func(ctx context.Context) (Document, error) { return session.Get(ctx, "users", "auth0|nobody") })
			})
		}
		elapse(time.Second)
		giveUp()
		group.Wait()
		if left := limiter.Waiting(); left > 0 {
			t.Errorf("%d places are kept for lists that were given up", left)
		}
	})
}

// TestTwoRateLimitersShareATenant has two operators that know nothing of each other call one tenant.
func TestTwoRateLimitersShareATenant(t *testing.T) {
	for _, plan := range []simulator.RateLimit{simulator.RateLimitFree, simulator.RateLimitSelfService} {
		t.Run(string(plan), func(t *testing.T) {
			s := newTestTenant(t, plan)
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
				defer stop()
				var made [2]int
				var group sync.WaitGroup
				for operator := range made {
					session, _ := s.session()
					for worker := range 4 {
						group.Go(func() {
							for i := 0; ctx.Err() == nil; i++ {
								_, err := session.Create(ctx, "users", someUser(operator<<20+worker<<16+i))
								if failed, ok := errors.AsType[*Error](err); ok {
									elapse(failed.After)
									continue
								}
								s.mu.Lock()
								made[operator]++
								s.mu.Unlock()
							}
						})
					}
				}
				group.Wait()
				allowed := map[simulator.RateLimit]int{simulator.RateLimitFree: 1200, simulator.RateLimitSelfService: 2000}[plan]
				t.Logf("%d and %d calls of %d; %d were refused", made[0], made[1], allowed, s.refused())
				if min(made[0], made[1]) < allowed/5 {
					t.Errorf("one of two starves: %d and %d calls of %d", made[0], made[1], allowed)
				}
				if made[0]+made[1] < allowed*6/10 {
					t.Errorf("together they made %d calls of %d", made[0]+made[1], allowed)
				}
				if s.refused() > allowed/5 {
					t.Errorf("%d calls were refused", s.refused())
				}
			})
		})
	}
}

// noRegistry takes metrics and forgets them.
type noRegistry struct{}

func (noRegistry) Register(prometheus.Collector) error  { return nil }
func (noRegistry) MustRegister(...prometheus.Collector) {}
func (noRegistry) Unregister(prometheus.Collector) bool { return true }

// TestAbsurdHeaders: whatever an answer tells, calls go on before long.
func TestAbsurdHeaders(t *testing.T) {
	for name, headers := range map[string]map[string]string{
		"none":                   {},
		"a wait of decades":      {"Retry-After": "2000000000"},
		"a wait that is over":    {"Retry-After": "-5"},
		"a reset in ms":          {"X-RateLimit-Reset": "1795000000000", "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0"},
		"a reset of long ago":    {"X-RateLimit-Reset": "0", "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0"},
		"less than nothing left": {"X-RateLimit-Reset": "1795000000", "X-RateLimit-Limit": "7", "X-RateLimit-Remaining": "-1000000"},
		"no plan, a reset in ms": {"X-RateLimit-Reset": "1795000000000", "X-RateLimit-Limit": "7", "X-RateLimit-Remaining": "0"},
		"more left than fits":    {"X-RateLimit-Reset": "1795000000", "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1000000"},
		"no numbers":             {"X-RateLimit-Reset": "soon", "X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "few", "Retry-After": "Thu, 26 Nov 2026 00:00:00 GMT"},
	} {
		for _, status := range []int{http.StatusOK, http.StatusTooManyRequests} {
			t.Run(fmt.Sprintf("%s, %d", name, status), func(t *testing.T) {
				s := newTestTenant(t, simulator.RateLimitFree)
				s.AddFaults(simulator.Fault{Route: "/api/v2/roles", Status: status, Body: json.RawMessage(`{"roles":[]}`), Headers: headers, Times: 1})
				synctest.Test(t, func(t *testing.T) {
					session, _ := s.session()
					_, _ = session.listRoles(t.Context())
					elapse(10 * time.Minute)
					oneMoreComes(t, session, 10*time.Second)
				})
			})
		}
	}
}

func TestRateLimiterCap(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		limiter.SetCap(1, 2)
		begin := time.Now()
		each(t, 20, 5, func(int) error { _, err := session.listRoles(t.Context()); return err })
		if took := time.Since(begin); took < 18*time.Second || took > 21*time.Second {
			t.Errorf("20 calls and one for a token, at one a second and two at once, took %s", took)
		}
		limiter.SetCap(0, 0)
		begin = time.Now()
		each(t, 20, 20, func(int) error { _, err := session.listRoles(t.Context()); return err })
		if took := time.Since(begin); took > time.Second {
			t.Errorf("without a cap, 20 calls took %s", took)
		}
	})
}

// TestRateLimiterLeavesHeadroom: of a bucket of 40, a quarter is never touched.
func TestRateLimiterLeavesHeadroom(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitSelfService)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		limiter.SetHeadroom(25)
		each(t, 100, 10, func(i int) error { _, err := session.SearchUsers(t.Context(), fmt.Sprint(i)); return err })
		limiter.SetHeadroom(0)
		begin := time.Now()
		each(t, 10, 10, func(i int) error { _, err := session.SearchUsers(t.Context(), fmt.Sprint(i)); return err })
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the ten calls that were left to others took %s", took)
		}
	})
}

// TestCancelledWaitsEndAtOnce: a shutdown waits for nobody's turn.
func TestCancelledWaitsEndAtOnce(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() { _, _ = session.listRoles(ctx) })
		}
		elapse(3 * time.Second)
		stop()
		begin := time.Now()
		group.Wait()
		if took := time.Since(begin); took > 2*latency {
			t.Errorf("the waits took %s to end", took)
		}
		if limiter.Waiting() > 0 {
			t.Error("somebody still waits")
		}
	})
}

// TestReleaseEndsEveryWait: nothing is called any more once a tenant is not ours.
func TestReleaseEndsEveryWait(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		var called int
		lineUp(t, session, 20, ratelimit.PriorityNew, func(int) { called++ })
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { _, _ = session.listRoles(t.Context()) })
		}
		session.release()
		limiter.release()
		made := s.made()
		group.Wait()
		if _, err := session.listRoles(t.Context()); !errors.Is(err, ratelimit.ErrReleased) {
			t.Errorf("a call got %v", err)
		}
		elapse(time.Minute)
		synctest.Wait()
		if s.made() > made {
			t.Errorf("%d calls were made afterwards", s.made()-made)
		}
		if called < 15 {
			t.Errorf("only %d passes were called back to find out", called)
		}
	})
}

// TestBudgetIsRoundedDown: what people see of the budget changes by powers of ten, and some time after the fact.
func TestBudgetIsRoundedDown(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		var limiter testLimiter
		var reported []int32
		limiter = newTestLimiter(func(string) {
			go func() {
				_, waiting := limiter.Budget()
				reported = append(reported, waiting)
			}()
		})
		session := s.sessionOf(limiter)
		var reconcile func(i int)
		reconcile = func(i int) {
			reservation := session.transport.limiter.Reserve(i, ratelimit.PriorityNew, func() { go reconcile(i) })
			_, _ = session.Create(ratelimit.WithReservation(t.Context(), reservation), "users", someUser(i))
			reservation.End()
		}
		for i := range 150 {
			reconcile(i)
		}
		elapse(2 * time.Minute)
		synctest.Wait()
		if plan, waiting := limiter.Budget(); plan != "Free" || waiting != 0 {
			t.Errorf("the budget is that of %q, and %d wait", plan, waiting)
		}
		if want := []int32{100, 10, 0}; !slices.Equal(reported, want) {
			t.Errorf("told were %v, want %v", reported, want)
		}
	})
}
