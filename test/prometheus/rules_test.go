// Package prometheus tests the alerts and the dashboard with Prometheus itself: its rules, storage and scraper. It is a
// separate module because of these dependencies.
package prometheus

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// alerts are the rules as the chart has them: make generate takes them from config/prometheus.
const alerts = "../../charts/auth0-operator/files/alerts.yaml"

const guide = "../../docs/guides/observe.md"

// TestAlertsAreValid is what promtool check rules does, and wants of each alert what the guide promises.
func TestAlertsAreValid(t *testing.T) {
	groups, errs := rulefmt.ParseFile(alerts, false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	for _, err := range errs {
		t.Error(err)
	}
	explained := read(t, guide)
	tested := map[string]bool{}
	for _, row := range alertRows {
		for _, alert := range row.want {
			name, _, _ := strings.Cut(alert, " ")
			tested[name] = true
		}
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s lacks a severity, a summary or a description", rule.Alert)
			}
			if !strings.HasSuffix(rule.Annotations["runbook_url"], "/docs/guides/observe.md#"+strings.ToLower(rule.Alert)) || !strings.Contains(explained, "### "+rule.Alert+"\n") {
				t.Errorf("%s is not explained in %s, or does not lead there", rule.Alert, guide)
			}
			if !tested[rule.Alert] {
				t.Errorf("no row of TestAlerts has %s fire", rule.Alert)
			}
		}
	}
}

// alertRows have a minute between two values. Series are in promtool's notation. want are the alerts that fire at that minute,
// with what tells them apart.
var alertRows = []struct {
	name   string
	series []string
	at     time.Duration
	want   []string
}{
	{
		"all is well",
		[]string{
			working,
			`auth0_operator_objects{tenant="a/main",kind="Auth0Tenant",state="ready"} 1x120`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0Tenant",state="stalled"} 0x120`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0User",state="ready"} 9x120`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0User",state="waiting"} 0x120`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0User",state="stalled"} 0x120`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0User",state="suspended"} 3x120`,
			`auth0_operator_token_expiry_timestamp_seconds{tenant="a/main",namespace="a",name="worker"} 86400x120`,
			`auth0_operator_token_renewal_timestamp_seconds{tenant="a/main",namespace="a",name="worker"} 72000x120`,
			`auth0_operator_requests_total{tenant="a/main",status="200"} 0+100x120`,
			`auth0_operator_requests_total{tenant="a/main",status="500"} 0+1x120`,
			`auth0_operator_requests_waiting{tenant="a/main",priority="periodic"} 5x120`,
			`auth0_operator_requests_waiting{tenant="a/main",priority="new"} 0x120`,
		},
		2 * time.Hour, nil,
	},
	{
		"a tenant whose credentials are refused",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0Tenant",state="stalled"} 0x5 1x30`},
		17 * time.Minute, []string{"Auth0OperatorTenantNotReady a/main"},
	},
	{
		"a tenant that was not Ready for a moment",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0Tenant",state="waiting"} 0x5 1x5 0x30`},
		17 * time.Minute, nil,
	},
	{
		"users that wait for a person",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0User",state="stalled"} 2x30`},
		20 * time.Minute, []string{"Auth0OperatorObjectsStalled a/main Auth0User"},
	},
	{
		"deletions that wait for a person",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0User",state="held"} 0x5 2x30`},
		6 * time.Minute, []string{"Auth0OperatorDeletionHeld a/main Auth0User"},
	},
	{
		"users that wait for something else than the limit",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0User",state="waiting"} 2x90`, `auth0_operator_requests_waiting{tenant="a/main",priority="new"} 0x90`},
		70 * time.Minute, []string{"Auth0OperatorObjectsWaiting a/main Auth0User"},
	},
	{
		"users that wait for the limit",
		[]string{working, `auth0_operator_objects{tenant="a/main",kind="Auth0User",state="waiting"} 2000x90`, `auth0_operator_requests_waiting{tenant="a/main",priority="new"} 2000x90`},
		70 * time.Minute, []string{"Auth0OperatorBudgetExhausted a/main"},
	},
	{
		"users that wait for a tenant that is down",
		[]string{
			working,
			`auth0_operator_tenant_available{tenant="a/main"} 0x90`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0Tenant",state="waiting"} 1x90`,
			`auth0_operator_objects{tenant="a/main",kind="Auth0User",state="waiting"} 2000x90`,
			`auth0_operator_requests_waiting{tenant="a/main",priority="new"} 2000x90`,
		},
		70 * time.Minute, []string{"Auth0OperatorTenantNotReady a/main"},
	},
	{
		"a token whose renewal is overdue",
		[]string{
			working,
			`auth0_operator_token_renewal_timestamp_seconds{tenant="a/main",namespace="a",name="worker"} 600x60`,
			`auth0_operator_token_expiry_timestamp_seconds{tenant="a/main",namespace="a",name="worker"} 7200x60`,
		},
		30 * time.Minute, []string{"Auth0OperatorTokenNotRenewed a/main worker"},
	},
	{
		"a token that has expired",
		[]string{working, `auth0_operator_token_expiry_timestamp_seconds{tenant="a/main",namespace="a",name="worker"} 600x60`},
		15 * time.Minute, []string{"Auth0OperatorTokenExpired a/main worker"},
	},
	{
		"an Auth0 that is down",
		[]string{
			working,
			`auth0_operator_requests_total{tenant="a/main",status="200"} 0+1x60`,
			`auth0_operator_requests_total{tenant="a/main",status="0"} 0+1x60`,
			`auth0_operator_requests_total{tenant="b/main",status="200"} 0+9x60`,
			`auth0_operator_requests_total{tenant="b/main",status="503"} 0+1x60`,
		},
		30 * time.Minute, []string{"Auth0OperatorCallsFailing a/main"},
	},
	{
		"somebody else who manages the same users",
		[]string{working, `auth0_operator_drift_corrected_total{tenant="a/main",kind="Auth0User"} 0+1x60`},
		30 * time.Minute, []string{"Auth0OperatorDrift a/main Auth0User"},
	},
	{
		"no operator at all", []string{`up{job="something-else"} 1x60`},
		20 * time.Minute, []string{"Auth0OperatorNotServing"},
	},
	{
		"a shard without a leader",
		[]string{
			working,
			`leader_election_master_status{name="auth0-operator-0123456789",pod="a"} 0x60`,
			`leader_election_master_status{name="auth0-operator-0123456789",pod="b"} 0x60`,
		},
		20 * time.Minute, []string{"Auth0OperatorNotServing auth0-operator-0123456789"},
	},
	{
		"a leader, and a replica that stands by",
		[]string{working, `leader_election_master_status{name="auth0-operator",pod="standby"} 0x60`},
		20 * time.Minute, nil,
	},
}

const working = `leader_election_master_status{name="auth0-operator",pod="leader"} 1x120`

// TestAlerts is what promtool test rules does: it runs through the minutes, and looks which alerts fire.
func TestAlerts(t *testing.T) {
	for _, row := range alertRows {
		t.Run(row.name, func(t *testing.T) {
			if difference := cmp.Diff(row.want, firing(t, row.series, row.at)); difference != "" {
				t.Errorf("alerts after %s (-want +have):\n%s", row.at, difference)
			}
		})
	}
}

func firing(t *testing.T, series []string, at time.Duration) []string {
	t.Helper()
	suite, err := promqltest.NewLazyLoader("load 1m\n  "+strings.Join(series, "\n  ")+"\n", promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = suite.Close() }()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()),
		AppendableV2: suite.Storage(),
		Context:      suite.Context(),
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
		Logger:       promslog.NewNopLogger(),
	})
	groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, alerts)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	began := time.Unix(0, 0).UTC()
	for now := began; !now.After(began.Add(at)); now = now.Add(time.Minute) {
		suite.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
		for _, group := range groups {
			group.Eval(suite.Context(), now)
		}
	}
	found := map[string]bool{}
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			if err := rule.LastError(); err != nil {
				t.Errorf("%s: %v", rule.Name(), err)
			}
			for _, alert := range rule.ActiveAlerts() {
				if text := alert.Annotations.String(); strings.Contains(text, "<error") || strings.Contains(text, "<no value>") {
					t.Errorf("%s says %s", rule.Name(), text)
				}
				if alert.State == rules.StateFiring {
					found[strings.Join(strings.Fields(rule.Name()+" "+alert.Labels.Get("tenant")+" "+alert.Labels.Get("kind")+" "+alert.Labels.Get("name")), " ")] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
