// Package operator sets up the operator for the binary and for tests: flags, manager, caches, leader election, probes and
// controllers.
//
// It may import every package but internal/plugin and internal/simulator. Start with [New].
package operator

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// Options are the settings of the operator.
type Options struct {
	// Namespace of the operator itself. It holds the Lease and the key of the hashes.
	Namespace string
	// WatchNamespaces are the namespaces that the operator serves. None means all.
	WatchNamespaces []string
	// TenantSelector selects the tenants that the operator serves, by their labels: "shard=a". Empty means all.
	TenantSelector string
	// Workers is how many objects of a kind are reconciled at once. As many more workers are reserved for tenants that answer
	// while others do not.
	Workers int
	// LeaderElection allows several replicas, of which one is active.
	LeaderElection bool
	// LeaseDuration is how long other replicas wait for the leader to renew its Lease before one takes it. RenewDeadline is how
	// long after its last renewal the leader may still write. RetryPeriod is the interval of renewals. 0 means the default. Each
	// must be longer than the next.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// MetricsAddress, HealthAddress and PprofAddress are the addresses to listen on. "0" turns one off, as does an empty
	// PprofAddress.
	MetricsAddress string
	HealthAddress  string
	PprofAddress   string
	// Clock is the clock for everything but deadlines of the network and of the Lease. Nil means the machine's.
	Clock clock.WithTickerAndDelayedExecution
	// Metrics is the registry for metrics. Nil means the manager's.
	Metrics prometheus.Registerer
	// RESTMapper finds the resources of the API server. Nil means one that asks it. Tests share one among operators.
	RESTMapper meta.RESTMapper
	// WrapAuth0 wraps the transport for calls to Auth0. It may be nil. Use rest.Config.Wrap for Kubernetes.
	WrapAuth0 func(http.RoundTripper) http.RoundTripper
}

// Scheme returns a scheme with the kinds that the operator uses.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return scheme, v1alpha1.AddToScheme(scheme)
}

// ownScheme is the scheme of all operators of a process.
var ownScheme = sync.OnceValues(Scheme)

// New returns a manager with all kinds set up.
func New(ctx context.Context, config *rest.Config, options Options) (ctrl.Manager, error) {
	shard, err := labels.Parse(options.TenantSelector)
	if err != nil {
		return nil, fmt.Errorf("tenant selector %q is not a label selector such as shard=a: %w", options.TenantSelector, err)
	}
	options = options.withDefaults()
	fence := newFence(options)
	kinds := controllers.All()
	manager, err := newManager(fenced(config, fence), options, shard, fence, kinds)
	if err != nil {
		return nil, err
	}
	if err := requireCRDs(manager.GetRESTMapper(), kinds); err != nil {
		return nil, err
	}
	if fence != nil {
		if err := manager.Add(fence); err != nil {
			return nil, err
		}
	}
	if options.Metrics == nil {
		options.Metrics = metrics.Registry
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	counters := auth0.NewMetrics(options.Metrics)
	pool := auth0.NewPool(options.Clock, counters)
	pool.Transport = func(base http.RoundTripper) http.RoundTripper {
		if options.WrapAuth0 != nil {
			base = options.WrapAuth0(base)
		}
		return fence.Transport(base, lease.IsWrite)
	}
	whole := partial.Client{Client: manager.GetClient(), Reader: manager.GetAPIReader()}
	driftDetection := &drift.Detection{Client: whole, Pool: pool, Clock: options.Clock, Metrics: counters}
	deps := engine.Deps{
		Client:         whole,
		Reader:         manager.GetAPIReader(),
		Pool:           pool,
		DriftDetection: driftDetection,
		Metrics:        counters,
		Hasher:         &secret.Hasher{Client: whole, Namespace: options.Namespace},
		Outputs:        secret.NewExpectations(),
		Clock:          options.Clock,
		Fence:          fence,
		// By then, a replica that was suspended has resumed, noticed that it lost the Lease, and ended.
		RecheckAfter: 4 * options.LeaseDuration,
		Workers:      options.Workers,
		Shard:        shard,
		// Roles in namespaces cannot allow access to cluster-scoped objects.
		IsClusterWide: len(options.WatchNamespaces) == 0,
		Health:        engine.NewHealth(),
		Deletions:     engine.NewDeletions(),
	}
	if len(options.WatchNamespaces) > 0 {
		deps.NamespaceLabels = &engine.NamespaceLabels{Reader: manager.GetAPIReader(), Names: options.WatchNamespaces, Clock: options.Clock}
	}
	deps.Batches = &batch.Batches{Client: deps.Client, Pool: deps.Pool, Clock: options.Clock, Events: manager.GetEventRecorder("auth0-operator")}
	if err := addRunnables(manager, deps); err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		if err := kind.Setup(ctx, manager, deps, kinds); err != nil {
			return nil, fmt.Errorf("set up %s: %w", kind.Name, err)
		}
	}
	if err := options.Metrics.Register(engine.NewStateCollector(deps, kinds)); err != nil {
		return nil, err
	}
	return exchanging{manager, fence}, addProbes(manager, deps.Health, options.Clock)
}

// addRunnables adds what runs beside the controllers.
func addRunnables(manager ctrl.Manager, deps engine.Deps) error {
	if err := errors.Join(manager.Add(deps.DriftDetection), manager.Add(deps.Batches), manager.Add(deps.Pool.Limiters)); err != nil {
		return err
	}
	if deps.NamespaceLabels == nil {
		return nil
	}
	return manager.Add(deps.NamespaceLabels)
}

// requireCRDs returns an error that names all missing CustomResourceDefinitions.
func requireCRDs(mapper meta.RESTMapper, kinds []engine.Kind) error {
	var missing []string
	for _, kind := range kinds {
		_, err := mapper.RESTMapping(v1alpha1.SchemeGroupVersion.WithKind(kind.Name).GroupKind(), v1alpha1.SchemeGroupVersion.Version)
		if err != nil && !meta.IsNoMatchError(err) {
			return fmt.Errorf("find the CustomResourceDefinition of %s: %w", kind.Name, err)
		}
		if err != nil {
			missing = append(missing, engine.CRDOf(kind.Name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the cluster has no CustomResourceDefinition %s, in the version %s; install those of this release of the operator (docs/upgrades.md), and it starts",
		strings.Join(missing, ", "), v1alpha1.SchemeGroupVersion.Version)
}

func newManager(config *rest.Config, options Options, shard labels.Selector, fence *lease.Fence, kinds []engine.Kind) (ctrl.Manager, error) {
	scheme, err := ownScheme()
	if err != nil {
		return nil, err
	}
	// The API server protects itself with priority and fairness. The client's own limit would delay ten thousand users by
	// minutes.
	config.QPS = -1
	settings := ctrl.Options{
		Scheme:                 scheme,
		Cache:                  cacheOptions(options.WatchNamespaces, kinds),
		Client:                 client.Options{Cache: &client.CacheOptions{DisableFor: uncached(options.WatchNamespaces)}},
		Metrics:                server.Options{BindAddress: options.MetricsAddress},
		HealthProbeBindAddress: options.HealthAddress,
		PprofBindAddress:       options.PprofAddress,
	}
	if options.RESTMapper != nil {
		settings.MapperProvider = func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return options.RESTMapper, nil }
	}
	recorder, err := elect(&settings, config, options, shard, fence)
	if err != nil {
		return nil, err
	}
	recorder.Manager, err = ctrl.NewManager(config, settings)
	return recorder.Manager, err
}

// cacheOptions bounds the memory of a cached object and of a list on its way to the cache.
func cacheOptions(namespaces []string, kinds []engine.Kind) cache.Options {
	transform := partial.Transform(engine.IndexesOf(kinds))
	return cache.Options{
		DefaultNamespaces: watched(namespaces),
		DefaultTransform:  transform,
		NewInformer: func(source toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
			return toolscache.NewSharedIndexInformer(partial.InPages(source, transform), object, resync, indexers)
		},
	}
}

// uncached are the kinds to read from the API server each time. A watch of Namespaces cannot be limited to a few, so an operator
// with access to only some reads each of them.
func uncached(namespaces []string) []client.Object {
	objects := []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}
	if len(namespaces) > 0 {
		objects = append(objects, &corev1.Namespace{})
	}
	return objects
}

// leaseName is the name of the Lease of a shard's replicas.
func leaseName(shard labels.Selector) string {
	if shard.Empty() {
		return "auth0-operator"
	}
	sum := sha256.Sum256([]byte(shard.String()))
	return fmt.Sprintf("auth0-operator-%x", sum[:5])
}

func watched(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	watched := make(map[string]cache.Config, len(namespaces))
	for _, namespace := range namespaces {
		watched[namespace] = cache.Config{}
	}
	return watched
}
