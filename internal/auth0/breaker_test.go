package auth0

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// What docs/decisions/0016-breaker.md promises.
const (
	failuresToOpen      = 3
	probeEvery          = 10 * time.Second
	suspectTimeout      = 10 * time.Second
	requestedProbeEvery = 2 * time.Second
)

// mishap is a fault of a tenant: it answers a request with a status, or not at all. Without either, the tenant answers.
type mishap func(*http.Request) (status int, err error)

func (m mishap) failAll(request *http.Request) (status int, err error) {
	if m == nil {
		return 0, nil
	}
	return m(request)
}

// on limits a mishap to some requests.
func (m mishap) on(affected func(*http.Request) bool) mishap {
	return func(request *http.Request) (int, error) {
		if !affected(request) {
			return 0, nil
		}
		return m(request)
	}
}

// hanging accepts a request and never answers.
func hanging(request *http.Request) (int, error) {
	<-request.Context().Done()
	return 0, context.Cause(request.Context())
}

// answering answers every request with a status.
func answering(status int) mishap {
	return func(*http.Request) (int, error) { return status, nil }
}

// breaking breaks every request.
func breaking(err error) mishap {
	return func(*http.Request) (int, error) { return 0, err }
}

// slow answers every request after a time.
func slow(after time.Duration) mishap {
	return func(request *http.Request) (int, error) {
		select {
		case <-time.After(after):
			return 0, nil
		case <-request.Context().Done():
			return 0, context.Cause(request.Context())
		}
	}
}

// to selects the requests whose path begins with a prefix.
func to(path string) func(*http.Request) bool {
	return func(request *http.Request) bool { return strings.HasPrefix(request.URL.Path, path) }
}

// become changes how the tenant answers; nil repairs it.
func (s *tenant) become(broken mishap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// since returns the calls that the tenant saw since a time.
func (s *tenant) since(from time.Time) []calledAt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []calledAt
	for _, call := range s.calls {
		if !call.at.Before(from) {
			found = append(found, call)
		}
	}
	return found
}

// loop is the loop of a kind, like the engine's.
type loop struct {
	t       *testing.T
	workers *ratelimit.Workers
	urgent  chan *item
	queue   chan *item

	mu    sync.Mutex
	looks int
}

// item is an object.
type item struct {
	session  *Session
	key      string
	priority ratelimit.Priority
	call     func(context.Context) error

	retries int
	busy    *ratelimit.Mutex
	once    sync.Once
	// done is closed when the object is settled, and at is when that was.
	done chan struct{}
	at   time.Time
	// said is the last wait that the object reported.
	mu   sync.Mutex
	said []string
}

func newLoop(t *testing.T, workers int) *loop {
	t.Helper()
	l := &loop{t: t, workers: ratelimit.NewWorkers(2 * workers), urgent: make(chan *item, 100_000), queue: make(chan *item, 100_000)}
	var working sync.WaitGroup
	for range 2 * workers {
		working.Go(func() { l.work(t.Context()) })
	}
	t.Cleanup(working.Wait)
	return l
}

func (l *loop) work(ctx context.Context) {
	for {
		select {
		case one := <-l.urgent:
			l.reconcile(ctx, one)
			continue
		default:
		}
		select {
		case one := <-l.urgent:
			l.reconcile(ctx, one)
		case one := <-l.queue:
			l.reconcile(ctx, one)
		case <-ctx.Done():
			return
		}
	}
}

func (l *loop) reconcile(ctx context.Context, one *item) {
	if one.busy.Lock(ctx) != nil {
		return
	}
	defer one.busy.Unlock()
	reservation := one.session.transport.limiter.Reserve(one.key, one.priority, func() { l.urgent <- one })
	reservation.Hold(l.workers, func() { l.queue <- one })
	err := one.call(ratelimit.WithReservation(ctx, reservation))
	reservation.End()
	l.mu.Lock()
	l.looks++
	l.mu.Unlock()
	switch class := ClassOf(err); class {
	case ClassRateLimited, ClassCircuitOpen:
		one.says(err.(*Error).Message) //nolint:errorlint,forcetypeassert // Its class says so.
	case ClassUnavailable, ClassUntrusted:
		// The engine retries with growing pauses.
		one.retries++
		time.AfterFunc(time.Second<<min(one.retries-1, 8), func() { l.queue <- one })
	default:
		if err != nil && ctx.Err() == nil && !errors.Is(err, ratelimit.ErrReleased) {
			l.t.Errorf("object %s: %v", one.key, err)
		}
		one.once.Do(func() {
			one.at = time.Now()
			close(one.done)
		})
	}
}

func (o *item) says(message string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.said) == 0 || o.said[len(o.said)-1] != message {
		o.said = append(o.said, message)
	}
}

// add creates an object, and returns it.
func (l *loop) add(session *Session, key string, call func(context.Context) error) *item {
	one := &item{session: session, key: key, priority: ratelimit.PriorityNew, call: call, busy: ratelimit.NewMutex(nil, ""), done: make(chan struct{})}
	l.queue <- one
	return one
}

// addUsers creates n users.
func (l *loop) addUsers(session *Session, prefix string, n int) []*item {
	var items []*item
	for i := range n {
		user := someUser(i)
		user["email"], user["user_id"] = fmt.Sprintf("%s-%d@example.com", prefix, i), fmt.Sprintf("%s-%d", prefix, i)
		items = append(items, l.add(session, fmt.Sprintf("%s-%d", prefix, i), func(ctx context.Context) error {
			_, err := session.Create(ctx, "users", user)
			if ClassOf(err) == ClassConflict {
				// The answer to an earlier attempt was lost.
				return nil
			}
			return err
		}))
	}
	return items
}

// settled waits until all objects are settled, and returns how long that took.
func settled(t *testing.T, items []*item, from time.Time, atMost time.Duration) time.Duration {
	t.Helper()
	timeout := time.After(atMost)
	var last time.Time
	for _, one := range items {
		select {
		case <-one.done:
			if one.at.After(last) {
				last = one.at
			}
		case <-timeout:
			t.Fatalf("object %s is not settled %s later; it says %q", one.key, atMost, one.said)
		}
	}
	return last.Sub(from)
}

// fresh opens a session, and releases the tenant at the end of the test.
func (s *tenant) fresh(t *testing.T) (*Session, testLimiter) {
	t.Helper()
	session, limiter := s.session()
	cleanUp(t, limiter)
	return session, limiter
}

// cleanUp releases a tenant, and waits until a probe in flight has ended.
func cleanUp(t *testing.T, limiter testLimiter) {
	t.Helper()
	t.Cleanup(func() {
		limiter.release()
		elapse(2 * latency)
	})
}

// ready opens a session and makes a call, so that the tenant has answered once.
func (s *tenant) ready(t *testing.T) (*Session, testLimiter) {
	t.Helper()
	session, limiter := s.fresh(t)
	if _, err := session.listRoles(t.Context()); err != nil {
		t.Fatal(err)
	}
	return session, limiter
}

// TestATenantThatNeverAnswersHarmsNoOther creates an object in one tenant while other tenants, with a hundred objects each,
// accept all calls and answer none.
func TestATenantThatNeverAnswersHarmsNoOther(t *testing.T) {
	const workers = 10
	for _, row := range []struct {
		name    string
		hostile int
		// answered makes them answer until their objects are created.
		answered bool
		// slow makes them answer, each time after 25 seconds.
		slow bool
	}{
		{"one that never answered", 1, false, false},
		{"five that never answered", 5, false, false},
		{"fifty that never answered", 50, false, false},
		{"one that stops answering", 1, true, false},
		{"five that stop answering", 5, true, false},
		{"one that becomes slow", 1, true, true},
		{"five that become slow", 5, true, true},
		{"fifty that are slow", 50, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			healthy := newTestTenant(t, simulator.RateLimitNone)
			broken := newTestTenant(t, simulator.RateLimitNone)
			synctest.Test(t, func(t *testing.T) {
				l := newLoop(t, workers)
				own, _ := healthy.ready(t)
				var others []*Session
				for range row.hostile {
					var session *Session
					if row.answered {
						session, _ = broken.ready(t)
					} else {
						session, _ = broken.fresh(t)
					}
					others = append(others, session)
				}
				broken.become(hanging)
				if row.slow {
					broken.become(slow(25 * time.Second))
				}
				for i, session := range others {
					l.addUsers(session, fmt.Sprintf("hostile-%d", i), 100)
				}
				for i := range 60 {
					elapse(time.Second)
					began := time.Now()
					if took := settled(t, l.addUsers(own, fmt.Sprintf("healthy-%d", i), 1), began, time.Minute); took > time.Second {
						t.Errorf("after %d s, an object of the healthy tenant took %s", i+1, took)
					}
				}
				if most := 4 * (100*row.hostile + 60); l.looks > most {
					t.Errorf("%d passes over %d objects", l.looks, 100*row.hostile+60)
				}
			})
		})
	}
}

// outage breaks a tenant for a while with objects to create. It returns how many calls the tenant saw meanwhile, and how long
// after the repair all objects were settled.
func outage(t *testing.T, s *tenant, session *Session, objects int, lasts time.Duration, broken mishap) (calls int, after time.Duration) {
	t.Helper()
	l := newLoop(t, 10)
	s.become(broken)
	began := time.Now()
	items := l.addUsers(session, "user", objects)
	elapse(lasts)
	calls = len(s.since(began))
	s.become(nil)
	return calls, settled(t, items, time.Now(), 30*time.Minute)
}

// TestAnOutageCostsFewCalls breaks a tenant for five minutes in every possible way.
func TestAnOutageCostsFewCalls(t *testing.T) {
	const lasts = 5*time.Minute + 3*time.Second
	for name, broken := range map[string]mishap{
		"500":                   answering(http.StatusInternalServerError),
		"503":                   answering(http.StatusServiceUnavailable),
		"408":                   answering(http.StatusRequestTimeout),
		"no answer":             hanging,
		"connection refused":    breaking(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}),
		"connection reset":      breaking(&net.OpError{Op: "read", Err: syscall.ECONNRESET}),
		"the answer breaks off": breaking(io.ErrUnexpectedEOF),
		"no such host":          breaking(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}),
		"unknown authority":     breaking(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}),
		"it does not speak TLS": breaking(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestTenant(t, simulator.RateLimitEnterprise)
			synctest.Test(t, func(t *testing.T) {
				session, _ := s.ready(t)
				objects := 60
				if name == "500" {
					objects = 397
				}
				calls, after := outage(t, s, session, objects, lasts, broken)
				t.Logf("%d calls while the tenant was down; all settled %s after it was up again", calls, after)
				// The calls that were in flight at the first failure, and a probe, open the circuit.
				const toOpen = 10 + failuresToOpen + 1
				if most := int(lasts/probeEvery) + 1 + toOpen; calls > most {
					t.Errorf("%d calls, want at most %d", calls, most)
				}
				floor := time.Duration(max(float64(objects-45), 0) / 16 * float64(time.Second))
				if after > probeEvery+floor*105/100+time.Second {
					t.Errorf("all were settled after %s, and the limit allows %s", after, floor)
				}
			})
		})
	}
}

// TestProbesKeepTheirDistance checks each call to a tenant that is down.
func TestProbesKeepTheirDistance(t *testing.T) {
	for name, broken := range map[string]mishap{"500": answering(500), "no answer": hanging} {
		for _, ready := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, answered before: %t", name, ready), func(t *testing.T) {
				s := newTestTenant(t, simulator.RateLimitNone)
				synctest.Test(t, func(t *testing.T) {
					session, limiter := s.fresh(t)
					if ready {
						session, limiter = s.ready(t)
					}
					l := newLoop(t, 10)
					s.become(broken)
					l.addUsers(session, "user", 100)
					elapse(2 * time.Minute)
					if limiter.Outage() == nil {
						t.Fatal("the tenant does not count as unavailable")
					}
					calls := s.since(time.Now().Add(-time.Minute))
					if len(calls) < 5 || len(calls) > 7 {
						t.Errorf("%d calls in a minute", len(calls))
					}
					for i := range calls[1:] {
						if pause := calls[i+1].at.Sub(calls[i].at); pause < probeEvery-latency {
							t.Errorf("a call came %s after the last", pause)
						}
					}
					looks := l.looks
					elapse(time.Minute)
					if l.looks != looks {
						t.Errorf("%d passes while nothing happened", l.looks-looks)
					}
				})
			})
		}
	}
}

// TestAFreshTenantThatIsDown calls a tenant that never answered: it gets one call, and then probes.
func TestAFreshTenantThatIsDown(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	s.become(answering(500))
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.fresh(t)
		newLoop(t, 10).addUsers(session, "user", 100)
		elapse(time.Second)
		if calls := s.made(); calls > 2 || limiter.Outage() == nil {
			t.Errorf("%d calls; outage: %v", calls, limiter.Outage())
		}
	})
}

// TestOneRouteThatFailsIsNoOutage makes one route fail while the tenant answers all others, or nobody calls another.
func TestOneRouteThatFailsIsNoOutage(t *testing.T) {
	for _, broken := range []mishap{answering(500), hanging} {
		s := newTestTenant(t, simulator.RateLimitNone)
		synctest.Test(t, func(t *testing.T) {
			session, limiter := s.ready(t)
			s.become(broken.on(func(request *http.Request) bool {
				return request.Method == http.MethodPost && request.URL.Path == routeUsers
			}))
			l := newLoop(t, 10)
			l.addUsers(session, "user", 50)
			for i := range 120 {
				elapse(time.Second)
				if limiter.Outage() != nil {
					t.Fatalf("after %d s the tenant counts as unavailable", i)
				}
			}
			began := time.Now()
			role := newLoop(t, 10).add(session, "role", func(ctx context.Context) error {
				_, err := session.Create(ctx, "roles", Document{"name": "role"})
				return err
			})
			if took := settled(t, []*item{role}, began, time.Minute); took > suspectTimeout+time.Second {
				t.Errorf("a role took %s", took)
			}
		})
	}
}

// TestAuth0sAPIsFailApart makes one of the APIs fail while the other answers.
func TestAuth0sAPIsFailApart(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		issue := func(ctx context.Context) error {
			_, err := session.IssueToken(ctx, TokenRequest{Application: session.credentials.Application, Grant: GrantClientCredentials, Audience: session.ManagementAudience()})
			return err
		}
		read := func(ctx context.Context) error { _, err := session.listRoles(ctx); return err }
		for prefix, calls := range map[string][2]func(context.Context) error{"/api/": {read, issue}, "/oauth/": {issue, read}} {
			s.become(answering(500).on(to(prefix)))
			for range 10 {
				_ = calls[0](t.Context())
			}
			elapse(time.Minute)
			if err := calls[0](t.Context()); ClassOf(err) != ClassCircuitOpen || limiter.Outage() == nil {
				t.Errorf("%s is down, and a call to it gets %v", prefix, err)
			}
			if err := calls[1](t.Context()); err != nil {
				t.Errorf("%s is down, and a call to the other API gets %v", prefix, err)
			}
			s.become(nil)
			elapse(2 * probeEvery)
			if limiter.Outage() != nil {
				t.Errorf("%s is up again, and the tenant unavailable", prefix)
			}
		}
	})
}

// TestWhatIsNoOutage makes the tenant refuse calls, and cancels calls.
func TestWhatIsNoOutage(t *testing.T) {
	for name, broken := range map[string]mishap{
		"400": answering(400), "401": answering(401), "403": answering(403), "404": answering(404), "409": answering(409), "429": answering(429),
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestTenant(t, simulator.RateLimitNone)
			synctest.Test(t, func(t *testing.T) {
				session, limiter := s.ready(t)
				s.become(broken)
				for range 20 {
					_, _ = session.Get(t.Context(), "roles", "rol_1")
					elapse(15 * time.Second)
				}
				if limiter.Outage() != nil || limiter.IsProbing() {
					t.Error("it counts as an outage")
				}
			})
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		s := newTestTenant(t, simulator.RateLimitNone)
		synctest.Test(t, func(t *testing.T) {
			session, limiter := s.ready(t)
			s.become(hanging)
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				_, _ = session.Get(ctx, "roles", "rol_1")
				if limiter.Outage() != nil || limiter.IsProbing() {
					t.Fatal("it counts as an outage")
				}
			}
			elapse(2 * ratelimit.SlowAnswer)
			if !limiter.IsResponsive(ratelimit.ClassManagement) {
				t.Error("a cancelled call counts as one that waits for its answer")
			}
		})
	})
}

// TestABlipIsNoOutage breaks all calls in flight at once, as when their shared connection breaks.
func TestABlipIsNoOutage(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		s.become(breaking(io.ErrUnexpectedEOF))
		l := newLoop(t, 10)
		items := l.addUsers(session, "user", 100)
		elapse(latency)
		s.become(nil)
		if took := settled(t, items, time.Now(), time.Minute); took > 5*time.Second || limiter.Outage() != nil {
			t.Errorf("all were settled after %s", took)
		}
	})
}

// TestAPersonGetsAProbeAtOnce requests a reconciliation while the tenant is down, and repairs the tenant.
func TestAPersonGetsAProbeAtOnce(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		l := newLoop(t, 10)
		s.become(answering(500))
		items := l.addUsers(session, "user", 20)
		elapse(time.Minute + 3*time.Second)
		asked := time.Now()
		for range 100 {
			reservation := limiter.Reserve("edited", ratelimit.PriorityEdited, func() {})
			reservation.Request()
			_, err := session.Get(ratelimit.WithReservation(t.Context(), reservation), "roles", "rol_1")
			reservation.End()
			if ClassOf(err) != ClassCircuitOpen {
				t.Fatal(err)
			}
			elapse(10 * time.Millisecond)
		}
		if calls := len(s.since(asked)); calls != 1 {
			t.Errorf("%d calls for 100 requests within a second", calls)
		}
		s.become(nil)
		elapse(requestedProbeEvery)
		recoveredAt := time.Now()
		limiter.ProbeNow()
		if took := settled(t, items, recoveredAt, time.Minute); took > time.Second {
			t.Errorf("all were settled %s after somebody asked for a probe", took)
		}
	})
}

// TestOtherCredentialsGetAProbeAtOnce corrects the credentials of a tenant that cannot be reached.
func TestOtherCredentialsGetAProbeAtOnce(t *testing.T) {
	wrong, right := newTestTenant(t, simulator.RateLimitNone), newTestTenant(t, simulator.RateLimitNone)
	wrong.become(hanging)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := wrong.fresh(t)
		_, _ = session.listRoles(t.Context())
		elapse(time.Minute + 3*time.Second)
		session = right.sessionOf(limiter)
		elapse(time.Second)
		if limiter.Outage() != nil {
			t.Error("the tenant is still unavailable")
		}
		if _, err := session.listRoles(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestARestartWhileATenantIsDown starts from the status of the tenant.
func TestARestartWhileATenantIsDown(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	s.become(hanging)
	synctest.Test(t, func(t *testing.T) {
		limiter := newTestLimiter(nil)
		cleanUp(t, limiter)
		since := time.Now().Add(-time.Hour)
		limiter.Presume(since)
		session := s.sessionOf(limiter)
		l := newLoop(t, 10)
		items := l.addUsers(session, "user", 100)
		lasts := 55 * time.Second
		elapse(lasts)
		if calls, most := s.made(), int(lasts/probeEvery)+1; calls > most {
			t.Errorf("%d calls after the restart, want at most %d", calls, most)
		}
		if outage := limiter.Outage(); outage == nil || !outage.Since.Equal(since) {
			t.Errorf("the outage is %+v", outage)
		}
		s.become(nil)
		if took := settled(t, items, time.Now(), time.Minute); took > probeEvery+suspectTimeout/2 {
			t.Errorf("all were settled after %s", took)
		}
		limiter.Presume(since)
		if limiter.Outage() != nil {
			t.Error("what another process knew counts although the tenant answered since")
		}
	})
}

// TestNobodyWaitsForATenantThatIsDown makes calls that belong to no object.
func TestNobodyWaitsForATenantThatIsDown(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		s.become(hanging)
		var waiting sync.WaitGroup
		for range 20 {
			waiting.Go(func() { _, _ = session.listRoles(t.Context()) })
		}
		waiting.Wait()
		if limiter.Outage() == nil {
			elapse(suspectTimeout)
		}
		began := time.Now()
		if _, err := session.OpenStream(t.Context(), ""); ClassOf(err) != ClassCircuitOpen || time.Since(began) > 0 {
			t.Errorf("a stream got %v after %s", err, time.Since(began))
		}
		var since error
		waiting.Go(func() { since = session.AwaitAvailable(t.Context()) })
		list := make(chan error)
		go func() {
			_, err := fairCall(t.Context(), session, func(ctx context.Context) (Document, error) { return session.Get(ctx, "roles", "rol_1") })
			list <- err
		}()
		elapse(time.Minute)
		s.become(nil)
		if err := <-list; ClassOf(err) != ClassNotFound {
			t.Errorf("a list got %v", err)
		}
		waiting.Wait()
		if since != nil {
			t.Error(since)
		}
		limiter.release()
	})
}

// TestAReleasedTenantIsNotProbed checks that probes of a released tenant end, and that waiting callers get an error.
func TestAReleasedTenantIsNotProbed(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		s.become(hanging)
		l := newLoop(t, 10)
		l.addUsers(session, "user", 20)
		elapse(65 * time.Second)
		awaited := make(chan error)
		go func() { awaited <- session.AwaitAvailable(t.Context()) }()
		elapse(time.Second)
		session.release()
		limiter.release()
		elapse(latency)
		made := s.made()
		if err := <-awaited; !errors.Is(err, ratelimit.ErrReleased) {
			t.Errorf("who waited got %v", err)
		}
		elapse(time.Minute)
		if s.made() > made {
			t.Errorf("%d calls were made afterwards", s.made()-made)
		}
		if l.workers.Free() != 20 {
			t.Errorf("%d of 20 workers are free", l.workers.Free())
		}
	})
}

// TestNoCredentialsNoProbe closes the session of a tenant that is down.
func TestNoCredentialsNoProbe(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.ready(t)
		s.become(hanging)
		newLoop(t, 10).addUsers(session, "user", 20)
		elapse(65 * time.Second)
		limiter.Disconnect()
		elapse(latency)
		made := s.made()
		elapse(time.Minute)
		if s.made() > made {
			t.Errorf("%d calls were made without credentials", s.made()-made)
		}
	})
}

// TestATokenThatDoesNotComeHoldsNoWorkers reconciles a hundred objects that need the operator's token, or the list of roles.
func TestATokenThatDoesNotComeHoldsNoWorkers(t *testing.T) {
	for _, path := range []string{"/oauth/token", collection("roles")} {
		t.Run(path, func(t *testing.T) {
			s := newTestTenant(t, simulator.RateLimitNone)
			synctest.Test(t, func(t *testing.T) {
				session, _ := s.ready(t)
				session.token.clear()
				session.roles.forget()
				s.become(mishap(hanging).on(to(path)))
				l := newLoop(t, 10)
				for i := range 100 {
					l.add(session, fmt.Sprint(i), func(ctx context.Context) error {
						_, _, err := session.RoleIDs(ctx, []string{"role"})
						return err
					})
				}
				for range 30 {
					elapse(time.Second)
					if l.workers.Free() < 10 {
						t.Fatalf("%d of 20 workers are free", l.workers.Free())
					}
				}
			})
		})
	}
}
