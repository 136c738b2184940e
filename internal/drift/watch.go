package drift

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

const (
	scopeEvents = "read:events"

	// logPoll is how often the tenant's log is read: 120 calls an hour.
	logPoll = 30 * time.Second
	// eventsRetry is the delay before asking for events again after Auth0 refused them. eventsPause is the delay after a
	// connection ended, which the server does every few minutes.
	eventsRetry = 5 * time.Minute
	eventsPause = time.Second
	// shortStream is the duration below which a connection delays the next one.
	shortStream = 30 * time.Second
	// checkpointEvery is how often to write a checkpoint to status.
	checkpointEvery = 5 * time.Minute
)

// watch is how a drift detector learns of changes, and how far it has read them.
type watch struct {
	mu             sync.Mutex
	log, events    string
	byLog, byEvent bool
	refused        string
	saved          time.Time
	// triedLog and triedEvents are true once it is known whether that way of watching works.
	triedLog, triedEvents bool
}

func (w *watch) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// followLog polls the tenant's log.
func (m *Detector) followLog(ctx context.Context) {
	ctx = ratelimit.WithPriority(ctx, ratelimit.PriorityShared)
	defer m.closeSynced()
	var tail *auth0.LogTail
	for {
		tenant, session, ok := m.usable(ctx)
		if !ok {
			return
		}
		pause := logPoll
		if !m.mayWatch(ctx, tenant, session, auth0.ScopeLogs, v1alpha1.WatchPolicyLog) {
			m.watch.set(func() { m.watch.byLog = false })
		} else if next, err := m.readLog(ctx, tenant, session, &tail); err == nil {
			pause = next
		} else if auth0.ClassOf(err) == auth0.ClassCircuitOpen {
			pause = usablePoll
		} else if ctx.Err() == nil {
			log.FromContext(ctx).Info("cannot read the tenant's log; trying again", "error", err.Error())
		}
		m.closeSynced()
		m.tried(ctx, tenant, &m.watch.triedLog)
		if !m.sleep(ctx, pause) {
			return
		}
	}
}

// readLog continues after the last entry that it read, and returns when to continue. If Auth0 rejects the checkpoint, it
// continues at the present end of the log, and requests a complete comparison for what it may have missed.
func (m *Detector) readLog(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session, tail **auth0.LogTail) (time.Duration, error) {
	if *tail == nil {
		last, err := beginning(ctx, tenant, session, m.Clock.Now())
		if err != nil {
			return 0, err
		}
		*tail = auth0.NewLogTail(last, logPoll)
	}
	changes, pause, err := (*tail).Read(ctx, session, m.Clock.Now())
	if isGone(err) {
		newest, failed := session.NewestLog(ctx)
		if failed != nil {
			return 0, failed
		}
		*tail = auth0.NewLogTail(newest, logPoll)
		m.requestResync()
	}
	if err != nil {
		return 0, err
	}
	m.watch.set(func() { m.watch.byLog, m.watch.log = true, (*tail).Last() })
	m.report(ctx, changes)
	return pause, nil
}

// isGone reports whether Auth0 no longer accepts a checkpoint.
func isGone(err error) bool {
	return slices.Contains([]auth0.Class{auth0.ClassInvalid, auth0.ClassNotFound, auth0.ClassExpired}, auth0.ClassOf(err))
}

// beginning returns the checkpoint in status, or the present end of the log if there is no reliable one: then the resync at the
// start covers what happened before.
func beginning(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session, now time.Time) (string, error) {
	if watch := tenant.Status.Watch; watch != nil {
		if at, ok := auth0.LogTime(watch.Log); ok && now.Sub(at) < auth0.LogKept {
			return watch.Log, nil
		}
	}
	return session.NewestLog(ctx)
}

// followEvents keeps a connection to the Events API.
func (m *Detector) followEvents(ctx context.Context) {
	ctx = ratelimit.WithPriority(ctx, ratelimit.PriorityShared)
	for first := true; ; first = false {
		tenant, session, ok := m.usable(ctx)
		if !ok {
			return
		}
		if first && tenant.Status.Watch != nil {
			m.watch.set(func() { m.watch.events = tenant.Status.Watch.Events })
		}
		wanted, pause := wants(tenant, v1alpha1.WatchPolicyEvents), eventsRetry
		switch {
		case !wanted:
			// A person who changes the spec should not wait.
			pause = usablePoll
		case m.mayWatch(ctx, tenant, session, scopeEvents, v1alpha1.WatchPolicyEvents):
			pause = m.listen(ctx, tenant, session)
		}
		m.watch.set(func() { m.watch.byEvent = m.watch.byEvent && wanted && pause < eventsRetry })
		if first {
			m.tried(ctx, tenant, &m.watch.triedEvents)
		}
		if !m.sleep(ctx, pause) {
			return
		}
	}
}

// listen holds one connection, and returns how long to wait before the next.
func (m *Detector) listen(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session) time.Duration {
	opened := m.Clock.Now()
	stream, err := session.OpenStream(ctx, m.watch.events)
	switch {
	case isGone(err) && m.watch.events != "":
		m.watch.set(func() { m.watch.events = "" })
		m.requestResync()
		return eventsPause
	case auth0.ClassOf(err) == auth0.ClassForbidden:
		return m.refused(err)
	case auth0.ClassOf(err) == auth0.ClassCircuitOpen:
		return usablePoll
	case err != nil:
		return max(logPoll, auth0.After(err))
	}
	ctx, disconnect := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer disconnect()
	context.AfterFunc(ctx, stream.Close)
	watching.Go(func() { m.disconnectInTime(ctx, session, disconnect) })
	m.watch.set(func() { m.watch.byEvent, m.watch.refused = true, "" })
	m.tried(ctx, tenant, &m.watch.triedEvents)
	stream.Read(func(offset string, changes []auth0.Change) {
		m.report(ctx, changes)
		if offset != "" {
			m.watch.set(func() { m.watch.events = offset })
		}
	})
	if m.Clock.Since(opened) < shortStream {
		return logPoll
	}
	return eventsPause
}

// refused returns when to retry a connection that Auth0 refused. The previous holder, such as the instance that served the tenant
// before, will release its connection soon.
func (m *Detector) refused(err error) time.Duration {
	pause := eventsRetry
	m.watch.set(func() {
		if m.watch.refused == "" {
			pause = logPoll
		}
		m.watch.byEvent, m.watch.refused = false, "Auth0 refuses a connection for events: "+err.Error()
	})
	return pause
}

// disconnectInTime ends a connection for events when the drift detector should no longer listen to the tenant, or not with this
// session: Auth0 allows only a few connections, and keeps them open for minutes.
func (m *Detector) disconnectInTime(ctx context.Context, session *auth0.Session, disconnect func()) {
	defer disconnect()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.Clock.After(usablePoll):
		}
		tenant, current, err := tenants.Usable(ctx, m.Client, m.Pool, m.Tenant)
		if client.IgnoreNotFound(err) == nil && (err != nil || current != session || !wants(tenant, v1alpha1.WatchPolicyEvents)) {
			return
		}
	}
}

// wants reports whether the spec allows a way of watching.
func wants(tenant *v1alpha1.Auth0Tenant, way v1alpha1.WatchPolicy) bool {
	policy := tenant.Spec.Watch
	return policy == "" || policy == v1alpha1.WatchPolicyAuto || policy == way
}

// mayWatch reports whether the spec and the token allow a way of watching.
func (m *Detector) mayWatch(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session, scope string, only v1alpha1.WatchPolicy) bool {
	if !wants(tenant, only) {
		return false
	}
	scopes, err := session.Scopes(ctx)
	return err == nil && slices.Contains(scopes, scope)
}

// status describes the watch at present.
func (w *watch) status(tenant *v1alpha1.Auth0Tenant) v1alpha1.WatchStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	status := v1alpha1.WatchStatus{By: v1alpha1.WatchedByNone, Log: w.log, Events: w.events}
	switch {
	case w.byLog && w.byEvent:
		status.By = v1alpha1.WatchedByEventsAndLog
	case w.byLog:
		status.By = v1alpha1.WatchedByLog
	case w.byEvent:
		status.By = v1alpha1.WatchedByEvents
	}
	status.Message = w.lacks(tenant)
	return status
}

// lacks says what would let the operator learn of changes sooner.
func (w *watch) lacks(tenant *v1alpha1.Auth0Tenant) string {
	if tenant.Spec.Watch == v1alpha1.WatchPolicyNone {
		return "spec.watch is None: what others change in Auth0 is found within spec.resyncInterval"
	}
	var missing []string
	for scope, only := range map[string]v1alpha1.WatchPolicy{auth0.ScopeLogs: v1alpha1.WatchPolicyLog, scopeEvents: v1alpha1.WatchPolicyEvents} {
		if wants(tenant, only) && !slices.Contains(tenant.Status.Scopes, scope) {
			missing = append(missing, scope)
		}
	}
	slices.Sort(missing)
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, "to notice sooner what others change in Auth0, grant the operator's application "+strings.Join(missing, " "))
	}
	if w.refused != "" {
		parts = append(parts, w.refused)
	}
	return strings.Join(parts, "; ")
}

// due reports whether it is time to write the watch to status, and records that it was written.
func (w *watch) due(now time.Time, urgent bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !urgent && now.Sub(w.saved) < checkpointEvery {
		return false
	}
	w.saved = now
	return true
}

// isWatched reports whether the operator learns of changes to all kinds.
func (m *Detector) isWatched() bool {
	m.watch.mu.Lock()
	defer m.watch.mu.Unlock()
	return m.watch.byLog
}

// tried writes to status how changes are learned of. The first try of one way waits for the other, so that a start takes one
// write. If the other takes long, the next try writes.
func (m *Detector) tried(ctx context.Context, tenant *v1alpha1.Auth0Tenant, way *bool) {
	var due bool
	m.watch.set(func() {
		again := *way
		*way = true
		due = again || m.watch.triedLog && m.watch.triedEvents
	})
	if due {
		m.save(ctx, tenant)
	}
}

// save writes to status how changes are learned of when that changed, and the checkpoints now and then.
func (m *Detector) save(ctx context.Context, tenant *v1alpha1.Auth0Tenant) {
	status := m.watch.status(tenant)
	before := tenant.Status.Watch
	if before != nil && auth0.SameMessage(before.Message, status.Message) {
		status.Message = before.Message
	}
	if before != nil && *before == status {
		return
	}
	now, urgent := m.Clock.Now(), before == nil || before.By != status.By || before.Message != status.Message
	if !m.watch.due(now, urgent) {
		return
	}
	after := tenant.DeepCopy()
	after.Status.Watch = &status
	err := m.Client.Status().Patch(ctx, after, client.MergeFrom(tenant), client.FieldOwner(secret.FieldManager))
	if client.IgnoreNotFound(err) != nil {
		log.FromContext(ctx).Info("cannot write down how changes are noticed", "error", err.Error())
	}
}

// saveLast writes the checkpoints for the next process, unless another instance serves the tenant by now.
func (m *Detector) saveLast(ctx context.Context) {
	if _, open := m.Pool.Get(m.Tenant.String()); !open {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var tenant v1alpha1.Auth0Tenant
	if m.Client.Get(ctx, m.Tenant, &tenant) != nil || tenant.UID != m.uid || tenant.Status.Watch == nil {
		return
	}
	status := m.watch.status(&tenant)
	after := tenant.DeepCopy()
	after.Status.Watch.Log, after.Status.Watch.Events = status.Log, status.Events
	if *after.Status.Watch == *tenant.Status.Watch {
		return
	}
	// A checkpoint that is not written costs a read for each change since the last one.
	_ = m.Client.Status().Patch(ctx, after, client.MergeFrom(&tenant), client.FieldOwner(secret.FieldManager))
}
