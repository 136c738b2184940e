package engine

import (
	"context"
	"errors"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

const (
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
func (m *driftDetector) runResyncs(ctx context.Context) {
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
		err := m.compareAll(ctx, session, pace{driftDetector: m, began: began, atOnce: atOnce, requested: requested})
		switch {
		case err == nil:
			m.compared.CompareAndSwap(nil, &began)
			m.Metrics.CountFullResync(m.tenant.String())
			err = m.until(ctx, func() time.Time { return began.Add(m.interval(ctx, tenant)) })
		case !errors.Is(err, errAgain) && ctx.Err() == nil:
			logger(ctx).Info("cannot compare everything; trying again", "error", err.Error())
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
func (m *driftDetector) compareAll(ctx context.Context, session *auth0.Session, pace pace) error {
	var resyncs []kindResync
	for _, kind := range m.kinds {
		resync, err := kind.plan(ctx, session, m.tenant, pace.requested)
		if err != nil {
			return err
		}
		resyncs = append(resyncs, resync)
		pace.calls += resync.calls
	}
	for _, resync := range resyncs {
		if err := resync.run(ctx, &pace); err != nil {
			return err
		}
	}
	return nil
}

// kindResync compares the objects of one kind.
type kindResync struct {
	// calls is about how many calls it needs.
	calls int
	run   func(context.Context, *pace) error
}

// pace spreads the calls of a resync over the interval.
type pace struct {
	*driftDetector
	began time.Time
	// atOnce makes the calls without pauses.
	atOnce bool
	// requested reports whether someone requested the comparison, or changes may have been missed.
	requested bool
	calls     int
	made      int
}

// step runs after each call, and waits until the next one is due.
func (p *pace) step(ctx context.Context) error {
	p.made++
	if p.atOnce || p.made >= p.calls {
		return ctx.Err()
	}
	return p.until(ctx, func() time.Time {
		return p.began.Add(p.interval(ctx, nil) / time.Duration(p.calls) * time.Duration(p.made))
	})
}

// until waits for a time that may change meanwhile. It fails with errAgain if a comparison without pauses was requested.
func (m *driftDetector) until(ctx context.Context, due func() time.Time) error {
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
func (m *driftDetector) interval(ctx context.Context, known *v1alpha1.Auth0Tenant) time.Duration {
	var tenant v1alpha1.Auth0Tenant
	if m.Client.Get(ctx, m.tenant, &tenant) == nil {
		known = &tenant
	}
	switch {
	case known != nil && known.Spec.ResyncInterval != nil:
		return known.Spec.ResyncInterval.Duration
	case m.isWatched():
		return watchedResync
	}
	return defaultResync
}
