package auth0

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts the calls to Auth0.
type Metrics struct {
	requests *prometheus.CounterVec
}

// NewMetrics registers the metrics of this package.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_requests_total",
			Help: "Calls to Auth0 by tenant, method, route and status (status 0: no answer).",
		}, []string{"tenant", "method", "route", "status"}),
	}
	registerer.MustRegister(m.requests)
	return m
}

func (m *Metrics) count(tenant, method, route string, status int) {
	m.requests.WithLabelValues(tenant, method, route, strconv.Itoa(status)).Inc()
}
