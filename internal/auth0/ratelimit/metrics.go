package ratelimit

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics reports the rate limit budget of each tenant. A nil Metrics reports nothing.
type Metrics struct {
	charged *prometheus.CounterVec
	wait    *prometheus.HistogramVec

	mu       sync.Mutex
	limiters []*Limiter
}

var (
	waitingMetric = prometheus.NewDesc("auth0_operator_requests_waiting",
		"Calls that wait for Auth0's rate limit, for spec.rateLimit, or for a tenant that is unavailable, by tenant and priority.", []string{"tenant", "priority"}, nil)
	availableMetric = prometheus.NewDesc("auth0_operator_tenant_available",
		"1 while the tenant answers, 0 while it is unavailable and calls to it wait, by tenant.", []string{"tenant"}, nil)
	leftMetric = prometheus.NewDesc("auth0_operator_rate_limit_remaining",
		"Calls that may be made at once, by tenant and bucket. Buckets without a limit are left out.", []string{"tenant", "bucket"}, nil)
	sizeMetric = prometheus.NewDesc("auth0_operator_rate_limit_capacity",
		"Calls that may be made at once when the bucket is full, by tenant and bucket.", []string{"tenant", "bucket"}, nil)
)

// NewMetrics registers the metrics of this package.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	m := &Metrics{
		charged: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auth0_operator_rate_limit_used_total",
			Help: "Calls to Auth0 by tenant and the buckets of the rate limit that they count against.",
		}, []string{"tenant", "bucket"}),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "auth0_operator_rate_limit_wait_seconds",
			Help:    "How long calls waited for the rate limit, by tenant and priority.",
			Buckets: []float64{.01, .1, 1, 5, 15, 60, 300, 900, 3600},
		}, []string{"tenant", "priority"}),
	}
	registerer.MustRegister(m.charged, m.wait, m)
	return m
}

// Forget drops the metrics of a tenant.
func (m *Metrics) Forget(tenant string) {
	if m == nil {
		return
	}
	of := prometheus.Labels{"tenant": tenant}
	m.charged.DeletePartialMatch(of)
	m.wait.DeletePartialMatch(of)
}

func (m *Metrics) used(tenant, bucket string) {
	if m != nil {
		m.charged.WithLabelValues(tenant, bucket).Inc()
	}
}

func (m *Metrics) waited(tenant string, priority Priority, wait time.Duration) {
	if m != nil {
		m.wait.WithLabelValues(tenant, priority.String()).Observe(wait.Seconds())
	}
}

// watch adds a rate limiter to the metrics.
func (m *Metrics) watch(g *Limiter) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limiters = append(m.limiters, g)
}

func (m *Metrics) unwatch(g *Limiter) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limiters = slices.DeleteFunc(m.limiters, func(other *Limiter) bool { return other == g })
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{waitingMetric, availableMetric, leftMetric, sizeMetric} {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(values chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.limiters {
		g.collect(values, g.limiters.clock.Now())
	}
}

func (g *Limiter) collect(values chan<- prometheus.Metric, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gauge := func(metric *prometheus.Desc, value float64, label string) {
		values <- prometheus.MustNewConstMetric(metric, prometheus.GaugeValue, value, g.tenant, label)
	}
	available := 1.0
	if g.outage() != nil {
		available = 0
	}
	values <- prometheus.MustNewConstMetric(availableMetric, prometheus.GaugeValue, available, g.tenant)
	for priority, count := range g.queue.counts {
		gauge(waitingMetric, float64(count), Priority(priority).String())
	}
	for _, b := range g.inUse() {
		b.fill(now)
		gauge(leftMetric, max(b.tokens, 0), b.name)
		gauge(sizeMetric, float64(b.burst), b.name)
	}
}

// inUse returns the buckets that calls take from under the known plan, and the cap.
func (g *Limiter) inUse() []*bucket {
	known := map[string]*bucket{}
	for _, charged := range g.charged {
		for _, b := range charged {
			if b.known == counted {
				known[b.name] = b
			}
		}
	}
	found := make([]*bucket, 0, len(known))
	for _, b := range known {
		found = append(found, b)
	}
	return found
}
