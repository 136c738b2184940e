package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// ensureRunning starts the loop.
func (t *Tenant) ensureRunning() {
	if t.running || t.gone || t.ctx == nil || len(t.members) == 0 && len(t.listBatches) == 0 {
		return
	}
	t.running = true
	ctx := ratelimit.WithPriority(t.ctx, ratelimit.PriorityShared)
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithName("imports").WithValues("tenant", t.tenant.String()))
	t.loops.Go(func() { t.run(ctx) })
}

// run sends batches and follows jobs until nothing is left to do.
func (t *Tenant) run(ctx context.Context) {
	ticker := t.Clock.NewTicker(importTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		if _, session, err := tenants.Usable(ctx, t.Client, t.Pool, t.tenant); err == nil && session != nil {
			t.step(ctx, session)
		}
		t.mu.Lock()
		if t.gone || len(t.members) == 0 && len(t.batches) == 0 && len(t.listBatches) == 0 {
			t.running = false
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
	}
}

// step starts everything that is due. Each batch is independent: a slow or failing one delays no other.
func (t *Tenant) step(ctx context.Context, session *auth0.Session) {
	now := t.Clock.Now()
	for to, members := range t.dueListBatches(now) {
		t.loops.Go(func() { t.changeListBatch(ctx, session, to, members) })
	}
	for _, b := range t.idle() {
		switch {
		case t.mayGo(b, now):
			t.setOff(b, func() { t.send(ctx, session, b) })
		case t.isDue(b, now):
			t.setOff(b, func() { t.follow(ctx, session, b) })
		case t.isDone(b):
			t.setOff(b, func() { t.forget(ctx, b) })
		}
	}
}

// idle are the batches that nothing works on at present.
func (t *Tenant) idle() []*batch {
	t.mu.Lock()
	defer t.mu.Unlock()
	idle := make([]*batch, 0, len(t.batches))
	for _, b := range t.batches {
		if !b.busy {
			idle = append(idle, b)
		}
	}
	return idle
}

// setOff starts work on a batch, one goroutine at a time.
func (t *Tenant) setOff(b *batch, do func()) {
	busy := func(is bool) {
		t.mu.Lock()
		defer t.mu.Unlock()
		b.busy = is
	}
	busy(true)
	t.loops.Go(func() {
		defer busy(false)
		do()
	})
}

// mayGo reports whether to send a batch now. If so, no object can join it any more.
func (t *Tenant) mayGo(b *batch, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.job != "" || b.ended || b.joining > 0 || len(b.members) == 0 || now.Before(t.sendAfter) {
		return false
	}
	running := 0
	for _, other := range t.batches {
		if (other.busy || other.job != "") && !other.ended {
			running++
		}
	}
	full := t.open[b.connection] != b
	if running >= mostJobs || !full && now.Sub(b.joined) < batchIdleTime {
		return false
	}
	if !full {
		delete(t.open, b.connection)
	}
	b.closed = true
	return true
}

func (t *Tenant) isDue(b *batch, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return b.job != "" && !b.ended && !now.Before(b.next)
}

// isDone reports whether the outcomes of all members are known, or all have left.
func (t *Tenant) isDone(b *batch) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.ended && t.Clock.Since(b.next) > collectedWithin {
		maps.DeleteFunc(t.members, func(_ types.UID, m *Member) bool { return m.batch == b })
		b.uncollected = 0
	}
	return b.uncollected == 0 && (b.ended || b.job == "")
}

// refusals are the responses after which sending the same again is pointless.
var refusals = []auth0.Class{auth0.ClassInvalid, auth0.ClassForbidden, auth0.ClassMissingScope, auth0.ClassNotFound, auth0.ClassConflict}

// send starts the job of a batch.
func (t *Tenant) send(ctx context.Context, session *auth0.Session, b *batch) {
	items := make([][]byte, len(b.members))
	for at, m := range b.members {
		items[at] = m.Item
	}
	file := slices.Concat([]byte("["), bytes.Join(items, []byte(",")), []byte("]"))
	job, err := importInto(ctx, session, b, file)
	if slices.Contains(refusals, auth0.ClassOf(err)) {
		log.FromContext(ctx).Error(err, "Auth0 rejected an import job; creating its users individually", "users", len(items))
		t.end(b, true, nil)
		return
	}
	if err != nil {
		log.FromContext(ctx).Info("an import is tried again later", "error", err.Error())
		t.mu.Lock()
		t.sendAfter = t.Clock.Now().Add(importRetry)
		t.mu.Unlock()
		return
	}
	t.mu.Lock()
	b.job, b.pause, b.next = job, firstPoll, t.Clock.Now().Add(firstPoll)
	for _, m := range b.members {
		m.Item = nil
	}
	t.mu.Unlock()
	t.record(ctx, b)
}

func importInto(ctx context.Context, session *auth0.Session, b *batch, users []byte) (job string, err error) {
	connection, err := session.DatabaseConnectionID(ctx, b.connection)
	if err != nil {
		return "", err
	}
	if connection == "" {
		return "", &auth0.Error{Class: auth0.ClassNotFound, Message: "there is no database connection " + b.connection}
	}
	return session.ImportUsers(ctx, connection, b.id, users)
}

// record writes the job to the status of the tenant, so that another process can continue after a crash.
func (t *Tenant) record(ctx context.Context, b *batch) {
	b.recorded = t.changeNotes(ctx, func(notes []v1alpha1.ImportStatus) []v1alpha1.ImportStatus {
		return append(notes, v1alpha1.ImportStatus{Batch: b.id, Job: b.job, StartedAt: metav1.NewTime(t.Clock.Now())})
	})
}

// changeNotes changes the records in the status of the tenant, and drops jobs that Auth0 has forgotten.
func (t *Tenant) changeNotes(ctx context.Context, change func([]v1alpha1.ImportStatus) []v1alpha1.ImportStatus) bool {
	var tenant v1alpha1.Auth0Tenant
	err := t.Client.Get(ctx, t.tenant, &tenant)
	if err == nil {
		before := tenant.DeepCopy()
		tenant.Status.Imports = slices.DeleteFunc(change(tenant.Status.Imports), func(note v1alpha1.ImportStatus) bool {
			return t.Clock.Since(note.StartedAt.Time) > importLifetime
		})
		err = t.Client.Status().Patch(ctx, &tenant, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(secret.FieldManager))
	}
	if err != nil {
		log.FromContext(ctx).Info("the imports of the tenant are noted later", "error", err.Error())
	}
	return client.IgnoreNotFound(err) == nil
}

// follow polls a job, and ends the batch when the job is over.
func (t *Tenant) follow(ctx context.Context, session *auth0.Session, b *batch) {
	if !b.recorded {
		t.record(ctx, b)
	}
	job, err := session.Job(ctx, b.job)
	switch status := job.String("status"); {
	case auth0.ClassOf(err) == auth0.ClassNotFound:
		t.lose(ctx, b)
	case err != nil:
		t.askAgain(b, importRetry)
	case status == "completed":
		t.complete(ctx, session, b, job)
	case status == "pending" || status == "processing":
		b.pause = min(b.pause*3/2, longestPoll)
		t.askAgain(b, b.pause)
	default:
		t.lose(ctx, b)
	}
}

// lose ends a batch if Auth0 does not say what it imported.
func (t *Tenant) lose(ctx context.Context, b *batch) {
	log.FromContext(ctx).Info("an import job failed; reconciling its users individually", "job", b.job)
	t.end(b, true, nil)
}

// complete ends a batch whose job is over.
func (t *Tenant) complete(ctx context.Context, session *auth0.Session, b *batch, job auth0.Document) {
	refused, err := t.refused(ctx, session, b, job)
	switch {
	case err != nil:
		t.askAgain(b, importRetry)
	case refused[""]:
		// Auth0 refused a member without naming it: it may be any of them.
		t.lose(ctx, b)
	default:
		t.changeLists(ctx, session, b, refused)
		t.tell(ctx, session, b, len(refused))
		t.end(b, false, refused)
	}
}

func (t *Tenant) askAgain(b *batch, after time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.next = t.Clock.Now().Add(after)
}

// refused returns the ids that a job did not create, and "" among them if Auth0 does not name all of them.
func (t *Tenant) refused(ctx context.Context, session *auth0.Session, b *batch, job auth0.Document) (map[string]bool, error) {
	refused := map[string]bool{}
	number, _ := job.Object("summary")["failed"].(json.Number)
	failed, unknown := number.Int64()
	if unknown == nil && failed == 0 {
		return refused, nil
	}
	failures, err := session.JobErrors(ctx, b.job)
	if slices.Contains(refusals, auth0.ClassOf(err)) {
		return map[string]bool{"": true}, nil
	}
	for _, failure := range failures {
		refused[failure.Object("user").String("user_id")] = true
	}
	if int64(len(failures)) < failed {
		refused[""] = true
	}
	return refused, err
}

// changeLists adds the members to their lists in batches. If a change fails, each object tries it in its own reconciliation.
func (t *Tenant) changeLists(ctx context.Context, session *auth0.Session, b *batch, refused map[string]bool) {
	var changes sync.WaitGroup
	for to, members := range t.targets(b, refused) {
		changes.Go(func() { t.changeAll(ctx, session, to, members) })
	}
	changes.Wait()
}

// targets are the changes to lists, with the members that need each.
func (t *Tenant) targets(b *batch, refused map[string]bool) map[lists.Change][]*Member {
	t.mu.Lock()
	defer t.mu.Unlock()
	targets := map[lists.Change][]*Member{}
	for _, m := range b.members {
		if refused[m.Sent] {
			continue
		}
		for _, to := range m.Targets {
			targets[to] = append(targets[to], m)
		}
	}
	return targets
}

// tell records an Event about a finished import.
func (t *Tenant) tell(ctx context.Context, session *auth0.Session, b *batch, refused int) {
	message := fmt.Sprintf("import %s created %d users in %s", b.job, len(b.members)-refused, session.Domain())
	if refused > 0 {
		message += fmt.Sprintf("; %d that it refused are created one by one", refused)
	}
	log.FromContext(ctx).Info(message)
	var tenant v1alpha1.Auth0Tenant
	if err := t.Client.Get(ctx, t.tenant, &tenant); err == nil {
		// The action names the job, as Kubernetes takes Events of the same reason and action for one that repeats.
		t.Events.Eventf(&tenant, nil, corev1.EventTypeNormal, v1alpha1.EventImported, "Import "+b.job, "%s", message)
	}
}

// end informs the members.
func (t *Tenant) end(b *batch, lost bool, refused map[string]bool) {
	t.mu.Lock()
	b.ended, b.lost, b.refused, b.next = true, lost, refused, t.Clock.Now()
	members := b.members
	b.members = nil
	for _, m := range members {
		m.over = true
	}
	t.mu.Unlock()
	for _, m := range members {
		m.Wake()
	}
}

// forget drops a batch when all members know their outcome.
func (t *Tenant) forget(ctx context.Context, b *batch) {
	noted := b.job == "" || b.resumed || t.changeNotes(ctx, func(notes []v1alpha1.ImportStatus) []v1alpha1.ImportStatus {
		return slices.DeleteFunc(notes, func(note v1alpha1.ImportStatus) bool { return note.Batch == b.id })
	})
	if !noted {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.uncollected > 0 {
		return
	}
	delete(t.batches, b.id)
	if t.open[b.connection] == b {
		delete(t.open, b.connection)
	}
}
