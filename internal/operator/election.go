package operator

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"

	"github.com/auth0-operator/auth0-operator/internal/lease"
)

// These are the defaults of Kubernetes' own components.
const (
	DefaultLeaseDuration = 15 * time.Second
	DefaultRenewDeadline = 10 * time.Second
	DefaultRetryPeriod   = 2 * time.Second
)

// withDefaults sets the defaults of options without a value.
func (o Options) withDefaults() Options {
	o.LeaseDuration = cmp.Or(o.LeaseDuration, DefaultLeaseDuration)
	o.RenewDeadline = cmp.Or(o.RenewDeadline, DefaultRenewDeadline)
	o.RetryPeriod = cmp.Or(o.RetryPeriod, DefaultRetryPeriod)
	return o
}

// newFence returns the fence that keeps a replica from writing unless it leads. It returns nil without leader election.
func newFence(options Options) *lease.Fence {
	if !options.LeaderElection {
		return nil
	}
	return lease.New(options.LeaseDuration, options.RenewDeadline)
}

// fenced returns a Kubernetes client configuration that rejects writes while the fence is closed.
func fenced(config *rest.Config, fence *lease.Fence) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(base http.RoundTripper) http.RoundTripper { return fence.Transport(base, lease.IsKubernetesWrite) })
	return config
}

// elect sets up leader election with a Lease that also controls the fence.
func elect(settings *ctrl.Options, config *rest.Config, options Options, shard labels.Selector, fence *lease.Fence) (*leaseEvents, error) {
	recorder := &leaseEvents{}
	if fence == nil {
		return recorder, nil
	}
	lock, err := leaderelection.NewResourceLock(config, recorder, leaderelection.Options{
		LeaderElection:          true,
		LeaderElectionID:        leaseName(shard),
		LeaderElectionNamespace: options.Namespace,
		RenewDeadline:           options.RenewDeadline,
	})
	if err != nil {
		return nil, fmt.Errorf("set up leader election: %w", err)
	}
	settings.LeaderElection = true
	settings.LeaderElectionID = leaseName(shard)
	settings.LeaderElectionNamespace = options.Namespace
	settings.LeaderElectionResourceLockInterface = fence.Lock(lock)
	settings.LeaderElectionReleaseOnCancel = true
	settings.LeaseDuration, settings.RenewDeadline, settings.RetryPeriod = &options.LeaseDuration, &options.RenewDeadline, &options.RetryPeriod
	return recorder, nil
}

// leaseEvents records Events about the Lease through the manager, which is created after the lock.
type leaseEvents struct{ ctrl.Manager }

// GetEventRecorderFor implements recorder.Provider.
func (e *leaseEvents) GetEventRecorderFor(name string) record.EventRecorder {
	return &leaseRecorder{events: e, name: name}
}

type leaseRecorder struct {
	record.EventRecorder

	events *leaseEvents
	name   string
}

// Eventf implements record.EventRecorder. The lock calls no other method.
func (r *leaseRecorder) Eventf(object runtime.Object, eventType, reason, format string, args ...any) {
	//nolint:staticcheck // The lock of client-go takes the Events of old.
	r.events.Manager.GetEventRecorderFor(r.name).Eventf(object, eventType, reason, format, args...)
}

// exchanging is a manager that waits for its exchanges with Auth0 before it stops.
type exchanging struct {
	ctrl.Manager

	fence *lease.Fence
}

// Start implements manager.Manager. A manager that loses the Lease ends at once, whatever is on its way.
func (e exchanging) Start(ctx context.Context) error {
	err := e.Manager.Start(ctx)
	e.fence.Drain()
	return err
}
