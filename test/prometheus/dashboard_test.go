package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	dashboardFile = "../../config/grafana/auth0-operator.json"
	job           = "auth0-operator-metrics"
	// patience is how long a query may give nothing: an operator does everything within it, even on a busy machine.
	patience = 5 * time.Minute
)

// TestDashboardHasData runs each query of the dashboard against a Prometheus that scrapes an operator at work. A panel has data
// if there is a number in it.
func TestDashboardHasData(t *testing.T) {
	queries := dashboardQueries(t)
	operator := startOperator(t)
	server := startPrometheus(t, operator.metrics)
	operator.work()
	deadline := time.Now().Add(patience)
	for _, query := range queries {
		t.Run(query.panel, func(t *testing.T) {
			for {
				found, err := server.ask(query.expr)
				if err != nil {
					t.Fatal(err)
				}
				if slices.ContainsFunc(found, func(sample promql.Sample) bool { return !math.IsNaN(sample.F) }) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("no data: %s", query.expr)
				}
				<-time.After(200 * time.Millisecond)
			}
		})
	}
}

type query struct{ panel, expr string }

// dashboardQueries returns the queries as Grafana sends them, with everything selected.
func dashboardQueries(t *testing.T) []query {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &dashboard); err != nil {
		t.Fatal(err)
	}
	selected := strings.NewReplacer("$tenant", ".+", "$job", job, "$__rate_interval", "1m")
	var queries []query
	for _, panel := range dashboard.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			queries = append(queries, query{panel.Title, selected.Replace(target.Expr)})
		}
	}
	for _, variable := range dashboard.Templating.List {
		if variable.Type != "query" {
			continue
		}
		metric, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(variable.Definition, "label_values("), ")"), ", ")
		if !ok {
			t.Errorf("variable %s: %q is not label_values(metric, label)", variable.Name, variable.Definition)
		}
		queries = append(queries, query{"variable " + variable.Name, fmt.Sprintf(`count by (%s) (%s{%s!=""})`, label, metric, label)})
	}
	for _, query := range queries {
		if strings.Contains(query.expr, "$") {
			t.Errorf("panel %q has a variable that this test does not know: %s", query.panel, query.expr)
		}
	}
	return queries
}

// server is a Prometheus: its scraper, its storage and its query engine, without the web around them.
type server struct {
	storage *tsdb.DB
	engine  *promql.Engine
}

func startPrometheus(t *testing.T, target string) *server {
	t.Helper()
	storage, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = storage.Close() })
	settings, err := config.Load(fmt.Sprintf("scrape_configs: [{job_name: %s, scrape_interval: 500ms, scrape_timeout: 500ms}]", job), promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	manager, err := scrape.NewManager(&scrape.Options{DiscoveryReloadInterval: model.Duration(100 * time.Millisecond)}, promslog.NewNopLogger(), nil, nil, storage, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.ApplyConfig(settings); err != nil {
		t.Fatal(err)
	}
	targets := make(chan map[string][]*targetgroup.Group, 1)
	targets <- map[string][]*targetgroup.Group{job: {{Source: "test", Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(target)}}}}}
	ended := make(chan error, 1)
	go func() { ended <- manager.Run(targets) }()
	t.Cleanup(func() {
		manager.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &server{storage, promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: 10 * time.Second, LookbackDelta: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true})}
}

func (s *server) ask(expr string) (promql.Vector, error) {
	asked, err := s.engine.NewInstantQuery(context.Background(), s.storage, nil, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer asked.Close()
	found, err := asked.Exec(context.Background()).Vector()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	return slices.Clone(found), nil
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
