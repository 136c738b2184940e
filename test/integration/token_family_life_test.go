package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	driftdetection "github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// simulatedTime has a life of the operator go by the simulator's time. What waits, waits in real time.
type simulatedTime struct {
	clock.RealClock

	sim     *simulator.Server
	process *process
}

// Now implements clock.PassiveClock.
func (t simulatedTime) Now() time.Time { return t.sim.Now() }

// Since implements clock.PassiveClock.
func (t simulatedTime) Since(at time.Time) time.Duration { return t.Now().Sub(at) }

// After implements clock.Clock. What is left of the dead waits for nothing.
func (t simulatedTime) After(pause time.Duration) <-chan time.Time {
	if t.process.isDead() {
		pause = 0
	}
	return t.RealClock.After(pause)
}

// tokenLife is a life of the operator that goes round its loop for one token when it is told to.
type tokenLife struct {
	*process

	loop reconcile.Reconciler
}

// startByHand begins a life that is driven by hand.
func (m *crashable) startByHand() *tokenLife {
	m.Helper()
	current := newProcess()
	m.process.Store(current)
	config := rest.CopyConfig(cluster.Config)
	config.QPS = -1
	config.Wrap(func(base http.RoundTripper) http.RoundTripper { return crashTransport{base, current} })
	direct, err := client.NewWithWatch(config, client.Options{Scheme: kube.Scheme(), Mapper: kube.RESTMapper()})
	if err != nil {
		m.Fatal(err)
	}
	// What the cache finds by an index, the API server has to be asked for as a whole.
	unindexed := interceptor.NewClient(direct, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
			return c.List(ctx, list, client.InNamespace(m.namespace))
		},
	})
	now := simulatedTime{sim: m.sim, process: current}
	deps := engine.Deps{
		Client: unindexed, Reader: unindexed, Pool: auth0.NewPool(now, auth0.NewMetrics(prometheus.NewRegistry())),
		Hasher: &secret.Hasher{Client: unindexed, Namespace: m.namespace}, Clock: now, Workers: 1,
		Outputs: secret.NewExpectations(), Health: engine.NewHealth(), DriftDetection: &driftdetection.Detection{},
	}
	for _, kind := range controllers.All() {
		if kind.Name == "Auth0Token" {
			return &tokenLife{current, kind.Loop(deps, events.NewFakeRecorder(10000), controllers.All())}
		}
	}
	m.Fatal("no Auth0Token in the registry")
	return nil
}

// familySteps are the effects of a refresh on the world, as TestCrash observes them.
var familySteps = []step{
	{"PATCH secrets", 1}, {"POST /oauth/token", 1}, {"PATCH secrets", 2}, {"PATCH secrets", 3}, {"PATCH auth0tokens/status", 1},
}

// TestAThousandRefreshes has a sign-in live for a thousand days and more, while the operator dies at every step of a refresh,
// again and again. In the end the sign-in is alive, and never was a refresh token used after its time.
func TestAThousandRefreshes(t *testing.T) {
	for _, row := range []struct {
		name      string
		refreshes int
		settings  map[string]any
	}{
		{"rotating", 1000, rotating},
		{"not rotating", 100, notRotating},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := newCrashable(t)
			token := m.shop(row.settings)
			m.stopOperator()
			deaths := m.refreshOften(token, row.refreshes)
			t.Logf("%d refreshes, %d deaths", row.refreshes, deaths)
			if deaths < row.refreshes/10 {
				t.Errorf("the operator died %d times only", deaths)
			}
			refreshTokenFixture.require(m.environment, token)
			m.requireNoReuse()
		})
	}
}

// TestALostAnswerAfterTheLeeway has the operator come back long after a refresh whose answer it never saw. The token is sent again
// if the tenant's log says that it was not replaced, and only then.
func TestALostAnswerAfterTheLeeway(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		drop    simulator.Drop
		refuse  string
		away    time.Duration
		alive   bool
		message string
	}{
		{name: "it was not replaced", drop: simulator.DropBefore, away: time.Hour, alive: true},
		{name: "it was replaced", drop: simulator.DropAfter, away: time.Hour, message: "nobody has the next refresh token"},
		{name: "it may have been replaced, and the log may not be read", drop: simulator.DropBefore, refuse: "read:logs", away: time.Hour, message: "read:logs"},
		{name: "it may have been replaced, and the log is over", drop: simulator.DropBefore, away: 2 * 24 * time.Hour, message: "too long ago"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := newCrashable(t)
			token := m.shop(rotating)
			m.stopOperator()
			if row.refuse != "" {
				m.withoutScopes(row.refuse)
			}
			// Half the life of the operator's own token, so that it is the refresh whose answer gets lost.
			m.setTokenLifetime(12 * 60 * 60)
			m.sim.Advance(24 * time.Hour)
			life := m.startByHand()
			life.watch(nil)
			m.untilRefreshed(life, token)
			m.sim.Advance(12 * time.Hour)
			m.loseAnswer(row.drop)
			m.look(life, token)
			if m.familyOf().Attempt == nil {
				t.Fatal("nothing tells that an answer was lost")
			}
			m.sim.Advance(row.away)
			before := m.refreshes()
			// A restart knows as much as before.
			life = m.startByHand()
			life.watch(nil)
			if row.alive {
				m.untilRefreshed(life, token)
				refreshTokenFixture.require(m.environment, token)
			} else {
				m.look(life, token)
				m.eventuallyStalled(token, v1alpha1.ReasonRefreshResponseLost, row.message, "Secret seed")
				if sent := m.refreshes() - before; sent != 0 {
					t.Errorf("the refresh token was sent %d times", sent)
				}
			}
			m.requireNoReuse()
		})
	}
}

// refreshes is how often a refresh token was sent to Auth0, with success or not.
func (e *environment) refreshes() int {
	e.Helper()
	return len(e.logged("sertft")) + len(e.logged("fertft"))
}

// look goes round the loop once.
func (m *crashable) look(life *tokenLife, token *v1alpha1.Auth0Token) {
	m.Helper()
	// What failed is in status.
	_, _ = life.loop.Reconcile(m.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(token)})
}

// refreshOften lets a token run out again and again, and counts how often the operator died over it.
func (m *crashable) refreshOften(token *v1alpha1.Auth0Token, refreshes int) int {
	m.Helper()
	seed := uint64(time.Now().UnixNano())
	m.Logf("the seed is %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	deaths := 0
	life := m.startByHand()
	for range refreshes {
		m.sim.Advance(24 * time.Hour)
		var end *instant
		if chance.IntN(4) == 0 {
			end = &instant{familySteps[chance.IntN(len(familySteps))], chance.IntN(2) == 0}
		}
		life.watch(end)
		for !m.refreshed(life, token) {
			if life.isDead() {
				deaths++
				m.sim.Advance(time.Duration(chance.IntN(20)) * time.Second)
				life = m.startByHand()
			}
		}
	}
	return deaths
}

// untilRefreshed goes round the loop until the token is good for long.
func (m *crashable) untilRefreshed(life *tokenLife, token *v1alpha1.Auth0Token) {
	m.Helper()
	for range 20 {
		if m.refreshed(life, token) {
			return
		}
	}
	m.Fatal("the token is not refreshed")
}

// refreshed goes round the loop once, and reports whether the token is good for long. Time goes by as the loop asks for.
func (m *crashable) refreshed(life *tokenLife, token *v1alpha1.Auth0Token) bool {
	m.Helper()
	result, err := life.loop.Reconcile(m.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(token)})
	if life.isDead() {
		return false
	}
	if err == nil && result.RequeueAfter > time.Hour {
		return true
	}
	m.get(token)
	if condition := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionStalled); condition != nil {
		m.Fatalf("the sign-in is lost: %+v", condition)
	}
	m.sim.Advance(max(result.RequeueAfter, time.Second))
	return false
}

// requireNoReuse fails if Auth0 has noticed that a refresh token was used after its time.
func (e *environment) requireNoReuse() {
	e.Helper()
	for page := range 10 {
		for _, entry := range e.dashboardList(fmt.Sprintf("/api/v2/logs?per_page=100&page=%d", page)) {
			if entry["type"] == "ferrt" {
				e.Errorf("a refresh token was used after its time: %v", entry)
			}
		}
	}
}

// familyOf is what the operator keeps about a sign-in.
func (e *environment) familyOf() (line struct {
	Tokens struct {
		RefreshToken string `json:"refreshToken"`
	} `json:"tokens"`
	Previous string         `json:"previous"`
	Lost     string         `json:"lost"`
	Attempt  map[string]any `json:"exchange"`
},
) {
	e.Helper()
	stored := &corev1.Secret{ObjectMeta: e.meta("token-refresh-token")}
	e.get(stored)
	if err := json.Unmarshal(stored.Data["family"], &line); err != nil {
		e.Fatal(err)
	}
	return line
}
