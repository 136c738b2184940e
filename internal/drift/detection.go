package drift

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// Detection runs a drift detector for every usable tenant. It is a Runnable of the manager.
type Detection struct {
	Client  client.Client
	Pool    *auth0.Pool
	Clock   clock.WithTicker
	Metrics *auth0.Metrics

	kinds []Kind
	// deletions are the handlers of deletions, by resource.
	deletions map[string]func(ctx context.Context, tenant types.NamespacedName, id string)

	mu sync.Mutex
	// ctx is nil until the manager starts, and when it ends.
	ctx     context.Context //nolint:containedctx // It is the lifetime of the loops, which others set off.
	tenants map[types.UID]*Detector
	loops   sync.WaitGroup
}

// Detector is an informer for the objects of one tenant: it receives the changes that others make in Auth0, and compares
// everything with lists periodically. See docs/decisions/0013-drift-detection.md.
type Detector struct {
	*Detection
	Tenant types.NamespacedName
	uid    types.UID

	// compared is when the first complete comparison since the start began, nil before it ended.
	compared atomic.Pointer[time.Time]
	// synced is closed when the changes made while the operator was away have been received, or cannot be.
	synced      chan struct{}
	closeSynced func()
	// again requests a complete comparison now.
	again chan struct{}

	watch watch
}

// Start implements manager.Runnable.
func (m *Detection) Start(ctx context.Context) error {
	m.mu.Lock()
	m.ctx = ctx
	for _, driftDetector := range m.tenants {
		driftDetector.start(ctx)
	}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	// No loop may start during the wait for the last ones.
	m.ctx = nil
	m.mu.Unlock()
	m.loops.Wait()
	return nil
}

// Add adds a kind whose objects are watched. It must be called before the manager starts.
func (m *Detection) Add(kind Kind) { m.kinds = append(m.kinds, kind) }

// OnDeletion registers a handler of deletions in Auth0, by anyone. resource is the name in the paths of the Management API. It
// must be called before the manager starts.
func (m *Detection) OnDeletion(resource string, heard func(ctx context.Context, tenant types.NamespacedName, id string)) {
	if m.deletions == nil {
		m.deletions = map[string]func(context.Context, types.NamespacedName, string){}
	}
	m.deletions[resource] = heard
}

// Keep runs a drift detector of the tenant from now on, until the tenant is gone.
func (m *Detection) Keep(tenant *v1alpha1.Auth0Tenant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(tenant)
}

// Compare requests a complete comparison of the tenant now.
func (m *Detection) Compare(tenant *v1alpha1.Auth0Tenant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(tenant).requestResync()
}

func (m *Detection) keep(tenant *v1alpha1.Auth0Tenant) *Detector {
	if known := m.tenants[tenant.UID]; known != nil {
		return known
	}
	synced := make(chan struct{})
	kept := &Detector{
		Detection: m, Tenant: client.ObjectKeyFromObject(tenant), uid: tenant.UID,
		synced: synced, closeSynced: sync.OnceFunc(func() { close(synced) }), again: make(chan struct{}, 1),
	}
	if m.tenants == nil {
		m.tenants = map[types.UID]*Detector{}
	}
	m.tenants[tenant.UID] = kept
	if m.ctx != nil {
		kept.start(m.ctx)
	}
	return kept
}

// Unseen reports whether an object of a tenant is newer than the last complete comparison, which therefore did not cover it.
func (m *Detection) Unseen(tenant types.UID, object client.Object) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.tenants[tenant]
	if known == nil {
		return false
	}
	began := known.compared.Load()
	return began != nil && !object.GetCreationTimestamp().Time.Before(*began)
}

// start runs the loops until the tenant is gone or ctx ends.
func (m *Detector) start(ctx context.Context) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithName("drift").WithValues("tenant", m.Tenant.String()))
	ctx, cancel := context.WithCancel(ctx)
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context){m.followLog, m.followEvents, m.runResyncs} {
		loops.Go(func() { loop(ctx) })
	}
	m.loops.Go(func() {
		loops.Wait()
		m.saveLast(ctx)
		cancel()
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.tenants, m.uid)
	})
}

// usableSoon is how soon to check an unusable tenant again, in the cache, because one that was just connected is usable in a moment.
// Each check doubles the delay, up to usablePoll.
const (
	usableSoon = 10 * time.Millisecond
	usablePoll = time.Second
)

// usable waits until the tenant is usable. It returns false when there is no reason to wait any more.
func (m *Detector) usable(ctx context.Context) (*v1alpha1.Auth0Tenant, *auth0.Session, bool) {
	for pause := usableSoon; ctx.Err() == nil; pause = min(2*pause, usablePoll) {
		tenant, session, err := tenants.Usable(ctx, m.Client, m.Pool, m.Tenant)
		if client.IgnoreNotFound(err) == nil && (err != nil || tenant.UID != m.uid) {
			return nil, nil, false
		}
		if session != nil {
			return tenant, session, true
		}
		select {
		case <-ctx.Done():
		case <-m.Clock.After(pause):
		}
	}
	return nil, nil, false
}

// sleep returns false when ctx ends first.
func (m *Detector) sleep(ctx context.Context, d time.Duration) bool {
	timer := m.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// report requeues the objects that others changed, and passes deletions to their handlers.
func (m *Detector) report(ctx context.Context, changes []auth0.Change) {
	ids := map[string]map[string]bool{}
	for _, change := range changes {
		if heard := m.deletions[change.Resource]; heard != nil && change.Deleted {
			heard(ctx, m.Tenant, change.ID)
		}
		if change.Own {
			continue
		}
		if write, ok := writeOf(change); ok {
			m.Wrote(ctx, m.Tenant, write)
		}
		if ids[change.Resource] == nil {
			ids[change.Resource] = map[string]bool{}
		}
		ids[change.Resource][change.ID] = true
	}
	for _, kind := range m.kinds {
		if changed := ids[kind.Resource()]; len(changed) > 0 {
			kind.Changed(ctx, m, changed)
		}
	}
}

func (m *Detector) requestResync() {
	select {
	case m.again <- struct{}{}:
	default:
	}
}
