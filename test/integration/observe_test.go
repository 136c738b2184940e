package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/operator"
)

const metricsPage = "../../docs/reference/metrics.md"

// TestMetricsAreDocumented holds the table of the page against what a running operator registered: the names, the labels,
// and the words of the help.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	content, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	have := regexp.MustCompile("(?m)^\\| `auth0_operator_.*$").FindAllString(string(content), -1)
	if difference := cmp.Diff(e.metricRows(), have); difference != "" {
		t.Errorf("%s does not say what there is (-):\n%s", metricsPage, difference)
	}
}

var described = regexp.MustCompile(`^Desc\{fqName: "(auth0_operator_\w+)", help: "(.*)", unit: "", constLabels: \{\}, variableLabels: \{([\w,]*)\}\}$`)

// metricRows are the rows of the table, one for each metric of the operator.
func (e *environment) metricRows() []string {
	e.Helper()
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		e.metrics.Describe(descriptions)
	}()
	var rows []string
	for description := range descriptions {
		found := described.FindStringSubmatch(description.String())
		if found == nil {
			e.Errorf("no metric of ours: %s", description)
			continue
		}
		labels := strings.Split(found[3], ",")
		for i := range labels {
			labels[i] = "`" + labels[i] + "`"
		}
		rows = append(rows, fmt.Sprintf("| %#q | %s | %s |", found[1], strings.Join(labels, " "), found[2]))
	}
	slices.Sort(rows)
	return rows
}

// TestObjectsAreCounted has objects in every state, and reads the metrics.
func TestObjectsAreCounted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "orders")
	ready, suspended := newUser(e, "ready", "ready@example.com"), newUser(e, "suspended", "suspended@example.com")
	suspended.Spec.Suspend = true
	waiting, stalled := newUser(e, "waiting", "waiting@example.com"), newUser(e, "stalled", "ready@example.com")
	waiting.Spec.Password = passwordFrom("nowhere")
	for _, object := range []v1alpha1.Object{token, ready, suspended, waiting} {
		e.create(object)
	}
	e.eventuallyReady(token)
	e.eventuallyReady(ready)
	e.create(stalled)
	want := map[string]float64{"ready": 1, "waiting": 1, "stalled": 1, "suspended": 1, "held": 0}
	e.eventually(func() error {
		if difference := cmp.Diff(want, e.objectCounts("Auth0User")); difference != "" {
			return fmt.Errorf("users (-want +have):\n%s", difference)
		}
		return nil
	})
	e.eventually(func() error {
		if difference := cmp.Diff(map[string]float64{"ready": 1, "waiting": 0, "stalled": 0, "suspended": 0, "held": 0}, e.objectCounts("Auth0Token")); difference != "" {
			return fmt.Errorf("tokens (-want +have):\n%s", difference)
		}
		expiry := e.samples("auth0_operator_token_expiry_timestamp_seconds", "name")
		if difference := cmp.Diff(map[string]float64{"orders": float64(token.Status.ExpiresAt.Unix())}, expiry); difference != "" {
			return fmt.Errorf("expiry (-want +have):\n%s", difference)
		}
		return nil
	})
}

func (e *environment) objectCounts(kind string) map[string]float64 {
	e.Helper()
	return e.samples("auth0_operator_objects", "state", "kind", kind, "tenant", e.namespace+"/"+tenantName)
}

// samples returns the values of a gauge by one of its labels, where other labels have a value.
func (e *environment) samples(name, by string, where ...string) map[string]float64 {
	e.Helper()
	families, err := e.metrics.Gather()
	if err != nil {
		e.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			matches := true
			for i := 0; i < len(where); i += 2 {
				matches = matches && labels[where[i]] == where[i+1]
			}
			if matches {
				found[labels[by]] += metric.GetGauge().GetValue()
			}
		}
	}
	return found
}

// TestOneLogLinePerChange wants a line for each change, with the object's keys, and none for a reconciliation that changes nothing.
func TestOneLogLinePerChange(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	expect := func(what string, want ...string) {
		t.Helper()
		if difference := cmp.Diff(want, e.logReasons(user)); difference != "" {
			t.Errorf("lines after %s (-want +have):\n%s", what, difference)
		}
	}
	e.create(user)
	e.eventuallyReady(user)
	expect("the creation", "Created")
	e.reconcile(user)
	e.reconcile(user)
	expect("passes without a change", "Created")
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Blocked = new(true) })
	e.eventuallyReady(user)
	expect("a change", "Created", "Updated")
	e.restartOperator()
	e.reconcile(user)
	expect("a restart", "Created", "Updated")
	e.deleteAndWait(user)
	e.eventually(func() error {
		if lines := e.logReasons(user); len(lines) != 3 {
			return fmt.Errorf("lines after the deletion: %v", lines)
		}
		return nil
	})
	expect("the deletion", "Created", "Updated", "Deleting")
}

// logReasons returns the reasons of the lines that were logged of an object.
func (e *environment) logReasons(object v1alpha1.Object) []string {
	e.Helper()
	var reasons []string
	lines := bufio.NewScanner(strings.NewReader(logs.String()))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Level, Kind, Namespace, Name, Reason, Msg, ReconcileID string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			e.Fatalf("%v: %s", err, lines.Text())
		}
		// That others of these operators were stopped while they started is an error.
		if line.Level == "info" && line.Kind != "" && line.Name == "" {
			e.Errorf("a line is about no object: %s", lines.Text())
		}
		if line.Namespace != object.GetNamespace() || line.Name != object.GetName() {
			continue
		}
		if line.Kind == "" || line.Msg == "" || line.ReconcileID == "" {
			e.Errorf("a line lacks a key: %s", lines.Text())
		}
		reasons = append(reasons, line.Reason)
	}
	return reasons
}

// TestReadiness holds back what the operator reads first, and wants it to be alive, and not ready before it can serve.
func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"objects": "/auth0users", "Secrets": "/secrets"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			gate := make(chan struct{})
			address := e.startHeldBack(path, gate)
			e.eventuallyProbed("http://"+address+"/healthz", http.StatusOK)
			e.eventuallyProbed("http://"+address+"/readyz", http.StatusInternalServerError)
			close(gate)
			e.eventuallyProbed("http://"+address+"/readyz", http.StatusOK)
		})
	}
}

// startHeldBack runs an operator whose reads of one resource wait, and returns the address of its probes.
func (e *environment) startHeldBack(path string, gate <-chan struct{}) string {
	e.Helper()
	config := rest.CopyConfig(e.config)
	config.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if strings.HasSuffix(request.URL.Path, path) {
				select {
				case <-gate:
				case <-request.Context().Done():
					return nil, request.Context().Err()
				}
			}
			return base.RoundTrip(request)
		})
	})
	address := freeAddress(e)
	ctx, cancel := context.WithCancel(context.Background())
	manager, err := operator.New(ctx, config, operator.Options{
		Namespace: e.namespace, WatchNamespaces: []string{e.namespace}, Workers: 1, LeaderElection: true,
		MetricsAddress: "0", HealthAddress: address, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		cancel()
		e.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	e.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			e.Errorf("the operator ended with: %v", err)
		}
	})
	return address
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func freeAddress(e *environment) string {
	e.Helper()
	listener, err := new(net.ListenConfig).Listen(e.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		e.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func (e *environment) eventuallyProbed(url string, want int) {
	e.Helper()
	e.eventually(func() error {
		request, err := http.NewRequestWithContext(e.ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if answer, _ := io.ReadAll(response.Body); response.StatusCode != want {
			return fmt.Errorf("%s answers %d: %s", url, response.StatusCode, answer)
		}
		return nil
	})
}
