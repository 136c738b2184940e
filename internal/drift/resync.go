package drift

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

const (
	// DefaultResync is how often to compare everything if the tenant does not say, and no changes are received.
	DefaultResync = time.Hour
	// watchedResync is how often to compare everything while changes are received, if the tenant does not say.
	watchedResync = 24 * time.Hour
	// resyncRetry is the delay before a failed resync is retried.
	resyncRetry = time.Minute
	// paceCheck is how often a waiting resync checks whether it should continue sooner.
	paceCheck = time.Minute
)

// errAgain ends a resync because another one was requested without pauses.
var errAgain = errors.New("everything is to be compared at once")

// runResyncs compares everything at the start, and then once per interval.
func (m *Detector) runResyncs(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-m.synced:
	}
	for atOnce, requested := true, false; ; {
		tenant, session, ok := m.usable(ctx)
		if !ok {
			return
		}
		began := m.Clock.Now()
		err := m.compareAll(ctx, session, Pace{Detector: m, Began: began, atOnce: atOnce, Requested: requested})
		switch {
		case err == nil:
			m.compared.CompareAndSwap(nil, &began)
			m.Metrics.CountFullResync(m.Tenant.String())
			err = m.until(ctx, func() time.Time { return began.Add(m.interval(ctx, tenant)) })
		case !errors.Is(err, errAgain) && ctx.Err() == nil:
			log.FromContext(ctx).Info("cannot compare everything; trying again", "error", err.Error())
			err = m.until(ctx, func() time.Time { return began.Add(max(resyncRetry, auth0.After(err))) })
			atOnce = true
			requested = requested || errors.Is(err, errAgain)
			continue
		}
		requested = errors.Is(err, errAgain)
		atOnce = requested
	}
}

// compareAll compares the objects of every kind. It makes one call per step of the pace.
func (m *Detector) compareAll(ctx context.Context, session *auth0.Session, pace Pace) error {
	var resyncs []Resync
	for _, kind := range m.kinds {
		resync, err := kind.Plan(ctx, session, m.Tenant, pace.Requested)
		if err != nil {
			return err
		}
		resyncs = append(resyncs, resync)
		pace.calls += resync.Calls
	}
	for _, resync := range resyncs {
		if err := resync.Run(ctx, &pace); err != nil {
			return err
		}
	}
	return nil
}

// Kind is the part of drift detection that is specific to a kind.
type Kind interface {
	Resource() string
	// Changed requests a read of the objects with these ids.
	Changed(ctx context.Context, tenant *Detector, ids map[string]bool)
	// Affected requests a read of the objects that a write to another object changed in Auth0.
	Affected(ctx context.Context, tenant types.NamespacedName, write Write)
	// Plan prepares the comparison of all objects. A requested one skips none, not even objects that wait or are stalled.
	Plan(ctx context.Context, session *auth0.Session, tenant types.NamespacedName, requested bool) (Resync, error)
}

// Resync compares the objects of one kind.
type Resync struct {
	// Calls is about how many calls it needs.
	Calls int
	Run   func(context.Context, *Pace) error
}

// Pace spreads the calls of a resync over the interval.
type Pace struct {
	*Detector
	Began time.Time
	// atOnce makes the calls without pauses.
	atOnce bool
	// Requested reports whether someone requested the comparison, or changes may have been missed.
	Requested bool
	calls     int
	made      int
}

// Step runs after each call, and waits until the next one is due.
func (p *Pace) Step(ctx context.Context) error {
	p.made++
	if p.atOnce || p.made >= p.calls {
		return ctx.Err()
	}
	return p.until(ctx, func() time.Time {
		return p.Began.Add(p.interval(ctx, nil) / time.Duration(p.calls) * time.Duration(p.made))
	})
}

// until waits for a time that may change meanwhile. It fails with errAgain if a comparison without pauses was requested.
func (m *Detector) until(ctx context.Context, due func() time.Time) error {
	for {
		left := due().Sub(m.Clock.Now())
		if left <= 0 {
			return ctx.Err()
		}
		timer := m.Clock.NewTimer(min(left, paceCheck))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-m.again:
			timer.Stop()
			return errAgain
		case <-timer.C():
		}
	}
}

// interval is how often to compare everything.
func (m *Detector) interval(ctx context.Context, known *v1alpha1.Auth0Tenant) time.Duration {
	var tenant v1alpha1.Auth0Tenant
	if m.Client.Get(ctx, m.Tenant, &tenant) == nil {
		known = &tenant
	}
	switch {
	case known != nil && known.Spec.ResyncInterval != nil:
		return known.Spec.ResyncInterval.Duration
	case m.isWatched():
		return watchedResync
	}
	return DefaultResync
}
