package engine

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

var (
	objectsMetric = prometheus.NewDesc("auth0_operator_objects",
		"Objects by tenant, kind and state: ready, waiting (no action needed), stalled (action required), held (a person must confirm the deletion) or suspended.", []string{"tenant", "kind", "state"}, nil)
	expiryMetric = prometheus.NewDesc("auth0_operator_token_expiry_timestamp_seconds",
		"When the token of an Auth0Token expires, by tenant, namespace and name of the Auth0Token, in seconds since 1970.", []string{"tenant", "namespace", "name"}, nil)
	renewalMetric = prometheus.NewDesc("auth0_operator_token_renewal_timestamp_seconds",
		"When the token of an Auth0Token is due to be replaced, by tenant, namespace and name of the Auth0Token, in seconds since 1970.", []string{"tenant", "namespace", "name"}, nil)
)

// The states in which the state collector finds objects.
const (
	stateReady     = "ready"
	stateWaiting   = "waiting"
	stateStalled   = "stalled"
	stateHeld      = "held"
	stateSuspended = "suspended"
)

// collectTimeout bounds how long Prometheus waits.
const collectTimeout = 5 * time.Second

// stateCollector counts objects when Prometheus scrapes. It reads the cache, without a copy of any object.
type stateCollector struct {
	Deps

	kinds []Kind
}

// NewStateCollector returns metrics about the state of the objects that this instance serves.
func NewStateCollector(deps Deps, kinds []Kind) prometheus.Collector {
	return &stateCollector{deps, kinds}
}

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- objectsMetric
	descriptions <- expiryMetric
	descriptions <- renewalMetric
}

// Collect implements prometheus.Collector. Only the leader counts; standby replicas report nothing.
func (c *stateCollector) Collect(values chan<- prometheus.Metric) {
	if !c.Health.Started() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	for _, kind := range c.kinds {
		if err := c.count(ctx, kind, values); err != nil {
			values <- prometheus.NewInvalidMetric(objectsMetric, err)
		}
	}
}

func (c *stateCollector) count(ctx context.Context, kind Kind, values chan<- prometheus.Metric) error {
	list := kind.NewList()
	if err := c.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	byTenant := map[string]map[string]int{}
	for _, item := range objectsIn(list) {
		object := item.(v1alpha1.Object)
		tenant := tenantOf(object)
		counts, known := byTenant[tenant]
		if !known {
			served, err := tenants.Serves(ctx, c.Client, c.Shard, object)
			if err != nil {
				return err
			}
			if served {
				counts = map[string]int{stateReady: 0, stateWaiting: 0, stateStalled: 0, stateHeld: 0, stateSuspended: 0}
			}
			byTenant[tenant] = counts
		}
		if counts == nil {
			continue
		}
		counts[stateOf(object)]++
		if token, ok := object.(*v1alpha1.Auth0Token); ok {
			at := func(metric *prometheus.Desc, when *metav1.Time) {
				if when != nil {
					values <- prometheus.MustNewConstMetric(metric, prometheus.GaugeValue, float64(when.Unix()), tenant, token.Namespace, token.Name)
				}
			}
			at(expiryMetric, token.Status.ExpiresAt)
			at(renewalMetric, token.Status.RenewsAt)
		}
	}
	for tenant, counts := range byTenant {
		for state, count := range counts {
			values <- prometheus.MustNewConstMetric(objectsMetric, prometheus.GaugeValue, float64(count), tenant, kind.Name, state)
		}
	}
	return nil
}

// tenantOf is the label of an object's tenant in all metrics.
func tenantOf(object v1alpha1.Object) string {
	if managed, ok := object.(v1alpha1.Managed); ok {
		return reference.TenantKey(managed).String()
	}
	return client.ObjectKeyFromObject(object).String()
}

// stateOf returns the state of an object, in one word. An object that was Ready before its spec changed is not Ready.
func stateOf(object v1alpha1.Object) string {
	status := object.GetCommonStatus()
	switch {
	case object.IsSuspended():
		return stateSuspended
	case isHeld(status):
		return stateHeld
	case meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled):
		return stateStalled
	case status.ObservedGeneration == object.GetGeneration() && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady):
		return stateReady
	}
	return stateWaiting
}

// isHeld reports whether a deletion waits for a person.
func isHeld(status *v1alpha1.CommonStatus) bool {
	stalled := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Reason == v1alpha1.ReasonDeletionHeld
}
