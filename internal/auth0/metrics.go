package auth0

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Metrics counts the calls to Auth0, the issued tokens, and drift, and reports the rate limit budget of each tenant.
type Metrics struct {
	requests  *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	resyncs   *prometheus.CounterVec
	found     *prometheus.CounterVec
	corrected *prometheus.CounterVec

	// limits are those of the rate limits.
	limits *ratelimit.Metrics
}

// NewMetrics registers the metrics of this package.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_requests_total",
			Help: "Calls to Auth0 by tenant, method, route and status (status 0: no answer).",
		}, []string{"tenant", "method", "route", "status"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_tokens_issued_total",
			Help: "Tokens issued by tenant, namespace and name of the Auth0Token, and grant. Those of client_credentials for APIs of one's own count against the tenant's monthly quota.",
		}, []string{"tenant", "namespace", "name", "grant"}),
		resyncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_full_resyncs_total",
			Help: "Completed full resyncs, in which every object of the tenant is compared with Auth0.",
		}, []string{"tenant"}),
		found: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_drift_detected_total",
			Help: "Objects that somebody changed in Auth0, by tenant and kind.",
		}, []string{"tenant", "kind"}),
		corrected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_drift_corrected_total",
			Help: "Objects that somebody changed in Auth0 and the operator corrected, by tenant and kind.",
		}, []string{"tenant", "kind"}),
	}
	registerer.MustRegister(m.requests, m.tokens, m.resyncs, m.found, m.corrected)
	m.limits = ratelimit.NewMetrics(registerer)
	return m
}

// CountFullResync counts a complete comparison of a tenant.
func (m *Metrics) CountFullResync(tenant string) { m.resyncs.WithLabelValues(tenant).Inc() }

// CountDrift counts an object that others changed in Auth0.
func (m *Metrics) CountDrift(tenant, kind string) { m.found.WithLabelValues(tenant, kind).Inc() }

// CountCorrected counts an object whose drift was corrected.
func (m *Metrics) CountCorrected(tenant, kind string) {
	m.corrected.WithLabelValues(tenant, kind).Inc()
}

// ForgetToken drops the counts of an Auth0Token that is gone.
func (m *Metrics) ForgetToken(namespace, name string) {
	if m != nil {
		m.tokens.DeletePartialMatch(prometheus.Labels{"namespace": namespace, "name": name})
	}
}

func (m *Metrics) count(tenant, method, route string, status int) {
	m.requests.WithLabelValues(tenant, method, route, strconv.Itoa(status)).Inc()
}

// forget drops the metrics of a tenant.
func (m *Metrics) forget(tenant string) {
	of := prometheus.Labels{"tenant": tenant}
	for _, counters := range []*prometheus.CounterVec{m.requests, m.tokens, m.resyncs, m.found, m.corrected} {
		counters.DeletePartialMatch(of)
	}
	m.limits.Forget(tenant)
}
