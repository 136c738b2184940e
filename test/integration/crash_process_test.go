package integration

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// step is an effect of a process on Kubernetes or Auth0: the nth with that name.
type step struct {
	effect string
	nth    int
}

func (s step) String() string {
	if s.nth == 1 {
		return s.effect
	}
	return fmt.Sprintf("%s no. %d", s.effect, s.nth)
}

// instant is when a process dies: right before a step takes effect, or right after, before the process gets the answer.
type instant struct {
	step

	after bool
}

func (i instant) String() string {
	if i.after {
		return "after " + i.step.String()
	}
	return "before " + i.step.String()
}

// process is one run of the operator. All its effects on Kubernetes and Auth0 pass through here, one at a time, so its death
// falls between two of them. A dead process has no further effect.
type process struct {
	mu      sync.Mutex
	watched bool
	seen    map[string]int
	steps   []step
	end     *instant
	dead    bool
	ended   chan struct{}
	// pauses makes the process stop at the end, instead of dying, until it is continued.
	pauses    bool
	continued chan struct{}
	// fenced is set when a stopped process has continued, unless it has no fence. refused counts the writes refused since.
	fenced, unfenced bool
	refused          atomic.Int32
}

var errDead = errors.New("the process is dead")

func newProcess() *process {
	return &process{ended: make(chan struct{}), continued: make(chan struct{})}
}

// watch counts the effects from now on. The process dies at the end, if one is set.
func (p *process) watch(end *instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched, p.seen, p.end = true, map[string]int{}, end
}

// pause is watch for a process that stops at the end and is continued later. The effect at which it stops is the last one that
// gets through, because the fence is closed by then, unless the process has none.
func (p *process) pause(end *instant, unfenced bool) {
	p.watch(end)
	p.pauses, p.unfenced = true, unfenced
}

// mayWrite returns the fence's answer.
func (p *process) mayWrite() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fenced {
		p.refused.Add(1)
		return lease.ErrLost
	}
	return nil
}

// do carries out an effect, and reports whether the process lives to learn of it.
func (p *process) do(effect string, carryOut func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false
	}
	last := p.count(effect)
	if last && p.pauses {
		p.stopAround(carryOut)
		return true
	}
	if last && !p.end.after {
		p.die()
		return false
	}
	carryOut()
	if last {
		p.die()
	}
	return !last
}

// stopAround stops the process before or after an effect. All its other effects wait for the lock.
func (p *process) stopAround(carryOut func()) {
	if p.end.after {
		carryOut()
	}
	close(p.ended)
	<-p.continued
	if !p.end.after {
		carryOut()
	}
	p.fenced = !p.unfenced
}

// count records an effect, and reports whether it is the last.
func (p *process) count(effect string) bool {
	if !p.watched {
		return false
	}
	p.seen[effect]++
	this := step{effect, p.seen[effect]}
	p.steps = append(p.steps, this)
	return p.end != nil && p.end.step == this
}

// kill makes the process die now.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead {
		p.die()
	}
}

func (p *process) die() {
	p.dead = true
	close(p.ended)
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// work returns the steps up to the last one that changed something. The steps after it are those of an idle process.
func (p *process) work() []step {
	p.mu.Lock()
	defer p.mu.Unlock()
	steps := slices.Clone(p.steps)
	for len(steps) > 0 && strings.HasPrefix(steps[len(steps)-1].effect, http.MethodGet) {
		steps = steps[:len(steps)-1]
	}
	return steps
}

// crashTransport is the connection of a process to the API server. Writes are its effects, except Events and Leases, which leave
// no trace that matters.
type crashTransport struct {
	base    http.RoundTripper
	process *process
}

// RoundTrip implements http.RoundTripper.
func (l crashTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	resource := resourceOf(request.URL.Path)
	if request.Method == http.MethodGet || resource == "events" || resource == "leases" {
		if l.process.isDead() {
			return nil, errDead
		}
		return l.base.RoundTrip(request)
	}
	if err := l.process.mayWrite(); err != nil {
		return nil, err
	}
	var response *http.Response
	var err error
	//nolint:bodyclose // Who gets the response closes it.
	if l.process.do(request.Method+" "+resource, func() { response, err = l.base.RoundTrip(request) }) {
		return response, err
	}
	if response != nil {
		_ = response.Body.Close()
	}
	return nil, errDead
}

// resourceOf is the resource in a path of the Kubernetes API: "auth0users/status" for
// /apis/auth0-operator.io/v1alpha1/namespaces/test/auth0users/ada/status.
func resourceOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if parts[0] == "apis" {
		parts = parts[1:]
	}
	parts = parts[min(2, len(parts)):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	if len(parts) > 1 {
		parts = slices.Delete(parts, 1, 2)
	}
	return strings.Join(parts, "/")
}

// crashable is an environment whose operator can die.
type crashable struct {
	*environment

	process atomic.Pointer[process]
	// processes are all processes, by the name in their calls to Auth0.
	processes sync.Map
	// later is the operators' clock.
	later *shiftedClock
}

// callerHeader names the process that makes a call to Auth0.
const callerHeader = "X-Test-Process"

// shiftedClock is ahead of the machine's.
type shiftedClock struct {
	clock.RealClock

	ahead atomic.Int64
}

// Now implements clock.PassiveClock.
func (c *shiftedClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Since implements clock.PassiveClock.
func (c *shiftedClock) Since(at time.Time) time.Duration { return c.Now().Sub(at) }

// newCrashable creates an environment with an operator and a Ready tenant.
func newCrashable(t *testing.T, options ...func(*simulator.Options)) *crashable {
	t.Helper()
	m := &crashable{later: &shiftedClock{}}
	m.environment = newBareEnvironment(t, append(options, func(o *simulator.Options) { o.Wrap = m.intercept })...)
	m.clock = m.later
	m.create(m.tenant())
	m.startProcess()
	m.eventuallyReady(m.tenant())
	return m
}

// startProcess starts another process of the operator. The one before must have stopped: every later call to Auth0 comes from the
// new one.
func (m *crashable) startProcess() *process {
	m.Helper()
	current := newProcess()
	m.process.Store(current)
	m.config = rest.CopyConfig(cluster.Config)
	m.config.Wrap(func(base http.RoundTripper) http.RoundTripper { return crashTransport{base, current} })
	name := rand.Text()
	m.processes.Store(name, current)
	m.wrapAuth0 = func(base http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodGet {
				if err := current.mayWrite(); err != nil {
					return nil, err
				}
			}
			r.Header.Set(callerHeader, name)
			return base.RoundTrip(r)
		})
	}
	m.startOperator()
	return current
}

// intercept lets calls to Auth0 through while their process lives.
func (m *crashable) intercept(auth0 http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := m.process.Load()
		if named, ok := m.processes.Load(r.Header.Get(callerHeader)); ok {
			caller = named.(*process)
		}
		if listens(r) && !caller.isDead() {
			auth0.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		if !caller.do(m.routeOf(r), func() { auth0.ServeHTTP(answer, r) }) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// listens reports whether a call only receives what others do. Such a call is no step of a scenario, and may last as long as the
// process.
func listens(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/api/v2/events" || r.URL.Path == "/api/v2/logs")
}

// routeOf is the route of a call to Auth0: "PATCH /api/v2/users/{id}".
func (m *crashable) routeOf(r *http.Request) string {
	path := strings.Split(r.URL.EscapedPath(), "/")
	for _, route := range m.sim.Routes() {
		method, template, _ := strings.Cut(route, " ")
		if method == r.Method && slices.EqualFunc(strings.Split(template, "/"), path, func(want, have string) bool {
			return want == have || strings.HasPrefix(want, "{")
		}) {
			return route
		}
	}
	return r.Method + " " + r.URL.Path
}
