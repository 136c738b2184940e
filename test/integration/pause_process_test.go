package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/program"
)

const (
	// pausedLease is how long the other replica waits for the leader, and pausedDeadline how long the leader may go on without
	// a renewal.
	pausedLease    = 6 * time.Second
	pausedDeadline = 4 * time.Second
	// pausedTokens are refreshed about every five seconds each.
	pausedTokens = 12
)

// TestStoppedLeader stops the process of the leader for longer than its lease, and continues it while the other one leads: in
// the middle of creations and refreshes, twice. It changes nothing any more, and ends.
func TestStoppedLeader(t *testing.T) {
	t.Parallel()
	p := newPaused(t)
	p.start()
	p.awaitLeader("")
	p.start()
	tokens := p.declareTokens()
	stop := p.declareApplications()
	for range 2 {
		p.pauseLeader()
		p.start()
	}
	p.requireAllOnce(stop())
	p.requireSignedIn(tokens)
	for _, r := range p.replicas {
		p.requireNoWritesSince(r)
	}
}

// paused is an environment of real processes, each of which is a user of its own to the API server.
type paused struct {
	*environment
	*callRecorder

	cluster *controlplane.ControlPlane
	binary  string
}

// pausedReplica is one process of the operator.
type pausedReplica struct {
	*controlplane.Program

	user string
	// continued is when the process was continued, if it was stopped.
	continued time.Time
}

// callRecorder sees which process makes which call to Auth0.
type callRecorder struct {
	mu       sync.Mutex
	replicas []*pausedReplica
	writes   []witnessed
}

type witnessed struct {
	by   *pausedReplica
	at   time.Time
	what string
}

func newPaused(t *testing.T) *paused {
	t.Helper()
	own, err := controlplane.Start(t.Context(), controlplane.Options{CRDDirs: []string{"../../config/crd/bases"}, Audit: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	access, err := client.New(own.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	p := &paused{callRecorder: &callRecorder{}, cluster: own}
	p.environment = newEnvironmentIn(t, own, access, func(o *simulator.Options) {
		o.Wrap, o.Latency = p.watch, 20*time.Millisecond
	})
	if p.binary, err = program.Build(t.Context(), "manager"); err != nil {
		t.Fatal(err)
	}
	seedShop(p.environment, nil)
	p.dashboard("PATCH", "/api/v2/resource-servers/"+url.PathEscape(ordersAPI), map[string]any{"token_lifetime": 10, "token_lifetime_for_web": 10})
	p.create(p.tenant())
	return p
}

// watch notes the calls that change something, and whose they are.
func (w *callRecorder) watch(auth0 http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.mu.Lock()
			if by := w.callerOf(r.RemoteAddr); by != nil {
				w.writes = append(w.writes, witnessed{by, time.Now(), r.Method + " " + r.URL.Path})
			}
			w.mu.Unlock()
		}
		auth0.ServeHTTP(answer, r)
	})
}

// callerOf finds the process at the other end of a connection, nil if it is none of the replicas.
func (w *callRecorder) callerOf(address string) *pausedReplica {
	socket := socketAt(address)
	for _, r := range w.replicas {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", r.PID()))
		for _, file := range open {
			if target, err := os.Readlink(file); err == nil && target == socket {
				return r
			}
		}
	}
	return nil
}

// socketAt names the socket with a local address as /proc/PID/fd does.
func socketAt(address string) string {
	_, port, _ := net.SplitHostPort(address)
	sockets, _ := os.ReadFile("/proc/net/tcp")
	for line := range strings.Lines(string(sockets)) {
		fields := strings.Fields(line)
		if local, ok := strings.CutPrefix(fields[1], "0100007F:"); ok && len(fields) > 9 && local == hexPort(port) {
			return "socket:[" + fields[9] + "]"
		}
	}
	return ""
}

func hexPort(port string) string {
	var number int
	_, _ = fmt.Sscan(port, &number)
	return fmt.Sprintf("%04X", number)
}

// start starts another replica.
func (p *paused) start() {
	p.Helper()
	user := fmt.Sprintf("replica-%d", len(p.replicas))
	access, err := p.cluster.KubeconfigFor(user, "system:masters")
	if err != nil {
		p.Fatal(err)
	}
	kubeconfig := filepath.Join(p.TempDir(), user)
	binary := filepath.Join(p.TempDir(), user)
	if err := errors.Join(os.WriteFile(kubeconfig, access, 0o600), os.Symlink(p.binary, binary)); err != nil {
		p.Fatal(err)
	}
	started, err := p.cluster.Run(binary, "--kubeconfig="+kubeconfig, "--namespace="+p.namespace, "--leader-elect",
		"--leader-elect-lease-duration="+pausedLease.String(), "--leader-elect-renew-deadline="+pausedDeadline.String(), "--leader-elect-retry-period=500ms",
		"--metrics-bind-address=0", "--health-probe-bind-address=127.0.0.1:0")
	if err != nil {
		p.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replicas = append(p.replicas, &pausedReplica{Program: started, user: user})
}

// awaitLeader waits until somebody else holds the lease, and returns who.
func (p *paused) awaitLeader(before string) string {
	p.Helper()
	var holder string
	p.eventually(func() error {
		lease := &coordinationv1.Lease{ObjectMeta: p.meta("auth0-operator")}
		if err := p.kube.Get(p.ctx, client.ObjectKeyFromObject(lease), lease); err != nil {
			return err
		}
		if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" || *lease.Spec.HolderIdentity == before {
			return fmt.Errorf("the lease is held by %v", lease.Spec.HolderIdentity)
		}
		holder = *lease.Spec.HolderIdentity
		return nil
	})
	return holder
}

// pauseLeader stops the process that leads, waits until the other one has done some work in its place, and continues it. It
// ends by itself, as it finds out that it does not lead any more.
func (p *paused) pauseLeader() {
	p.Helper()
	leader := p.awaitWrites(nil, 20)
	holder := p.awaitLeader("")
	p.signal(leader, syscall.SIGSTOP)
	p.awaitLeader(holder)
	p.awaitWrites(leader, 20)
	p.mu.Lock()
	leader.continued = time.Now()
	p.mu.Unlock()
	p.signal(leader, syscall.SIGCONT)
	p.within(patience, func() error {
		if leader.Failure() == nil {
			return fmt.Errorf("%s goes on", leader.user)
		}
		return nil
	})
	p.awaitWrites(leader, 20)
}

func (p *paused) signal(r *pausedReplica, signal syscall.Signal) {
	p.Helper()
	if err := syscall.Kill(r.PID(), signal); err != nil {
		p.Fatalf("%s %s: %v", r.user, signal, err)
	}
}

// awaitWrites waits until a replica other than one has changed so much in Auth0 from now on, and returns which.
func (p *paused) awaitWrites(except *pausedReplica, n int) (by *pausedReplica) {
	p.Helper()
	p.mu.Lock()
	from := len(p.writes)
	p.mu.Unlock()
	p.within(2*patience, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		count := map[*pausedReplica]int{}
		for _, write := range p.writes[from:] {
			count[write.by]++
			if write.by != except && count[write.by] >= n {
				by = write.by
				return nil
			}
		}
		return fmt.Errorf("nobody works: %v", count)
	})
	return by
}

// declareTokens declares tokens that are refreshed all the time.
func (p *paused) declareTokens() []*v1alpha1.Auth0Token {
	p.Helper()
	var tokens []*v1alpha1.Auth0Token
	for i := range pausedTokens {
		name := fmt.Sprintf("token-%d", i)
		p.create(p.secret("seed-"+name, map[string]string{"refreshToken": p.refreshToken()}))
		token := refreshTokenFixture.object(p.environment, name).(*v1alpha1.Auth0Token)
		token.Spec.RefreshToken.SecretRef.Name = "seed-" + name
		token.Spec.OutputSecret.Name = name
		token.Spec.RenewBeforePercentage = new(int32(50))
		p.create(token)
		tokens = append(tokens, token)
	}
	for _, token := range tokens {
		p.eventuallyReady(token)
	}
	return tokens
}

// declareApplications declares one application after the other until stop is called, which returns them, or the test ends.
func (p *paused) declareApplications() (stop func() []*v1alpha1.Auth0Client) {
	var declared []*v1alpha1.Auth0Client
	var declaring sync.WaitGroup
	end := make(chan struct{})
	declaring.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-p.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			name := fmt.Sprintf("app-%d", len(declared))
			app := clientFixture.object(p.environment, name).(*v1alpha1.Auth0Client)
			app.Spec.Name, app.Spec.OutputSecret = name, &v1alpha1.OutputSecret{Name: name}
			switch err := p.kube.Create(p.ctx, app); {
			case err == nil:
				declared = append(declared, app)
			case p.ctx.Err() == nil:
				p.Errorf("create %s: %v", name, err)
			}
		}
	})
	// The test may fail before it calls stop. It must not end before its goroutine does.
	await := sync.OnceFunc(func() {
		close(end)
		declaring.Wait()
	})
	p.Cleanup(await)
	return func() []*v1alpha1.Auth0Client {
		await()
		return declared
	}
}

// requireAllOnce fails unless each application is there once, and as its object says.
func (p *paused) requireAllOnce(applications []*v1alpha1.Auth0Client) {
	p.Helper()
	for _, app := range applications {
		p.eventuallyReady(app)
	}
	ids := map[string][]string{}
	for page := 0; ; page++ {
		listed := p.dashboardList(fmt.Sprintf("/api/v2/clients?per_page=100&page=%d", page))
		for _, found := range listed {
			name := found["name"].(string)
			ids[name] = append(ids[name], found["client_id"].(string))
		}
		if len(listed) == 0 {
			break
		}
	}
	p.Logf("%d applications, %d writes", len(applications), len(p.writes))
	for name, of := range ids {
		if len(of) > 1 {
			p.Errorf("application %s is there %d times: %v", name, len(of), of)
		}
	}
	for _, app := range applications {
		if !slices.Equal(ids[app.Name], []string{app.Status.ClientID}) {
			p.Errorf("application %s is %s, and %v in Auth0", app.Name, app.Status.ClientID, ids[app.Name])
		}
	}
}

// requireSignedIn fails if a sign-in ended.
func (p *paused) requireSignedIn(tokens []*v1alpha1.Auth0Token) {
	p.Helper()
	for _, token := range tokens {
		p.eventuallyReady(token)
	}
	if refused := p.dashboardList("/api/v2/logs?per_page=100&q=type:fertft"); len(refused) > 0 {
		p.Errorf("refresh tokens were refused: %v", refused)
	}
}

// requireNoWritesSince fails if a replica tried to change anything after it was continued.
func (p *paused) requireNoWritesSince(r *pausedReplica) {
	p.Helper()
	if r.continued.IsZero() {
		return
	}
	for _, write := range p.writes {
		if write.by == r && write.at.After(r.continued) {
			p.Errorf("%s called Auth0 %s after it was continued: %s", r.user, write.at.Sub(r.continued), write.what)
		}
	}
	content, err := os.ReadFile(p.cluster.AuditFile)
	if err != nil {
		p.Fatal(err)
	}
	seen := 0
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct {
			Verb                     string
			User                     struct{ Username string }
			ObjectRef                struct{ Resource, Name, Subresource string }
			RequestReceivedTimestamp time.Time
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			p.Fatalf("%v in %s", err, lines.Bytes())
		}
		reads := slices.Contains([]string{"get", "list", "watch"}, event.Verb)
		free := slices.Contains([]string{"leases", "events"}, event.ObjectRef.Resource)
		if event.User.Username != r.user || reads || free {
			continue
		}
		seen++
		if event.RequestReceivedTimestamp.After(r.continued) {
			p.Errorf("%s wrote to Kubernetes %s after it was continued: %s %+v", r.user, event.RequestReceivedTimestamp.Sub(r.continued), event.Verb, event.ObjectRef)
		}
	}
	if seen == 0 {
		p.Errorf("%s is not in the audit log", r.user)
	}
}
