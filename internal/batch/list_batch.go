package batch

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// MaxBatchDelay is how long others may join a batch of list changes at most.
const MaxBatchDelay = 30 * time.Second

const (
	// minBatchDelay is how long others may join a batch at least. The more joined last time, the longer it stays open.
	minBatchDelay       = 200 * time.Millisecond
	batchDelayPerMember = 10 * time.Second
	// excludedFor is how long an object changes its lists with calls of its own after Auth0 refused a batch because of it.
	excludedFor = 10 * time.Minute
)

// listBatch is a set of objects that need the same change to a list, which one call makes.
type listBatch struct {
	// priority is the priority of the most urgent member.
	priority   ratelimit.Priority
	members    []*Member
	began, due time.Time
}

// JoinListBatches adds an object to the batches of its lists.
func (t *Tenant) JoinListBatches(m *Member, priority ratelimit.Priority, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.Targets {
		g := t.listBatches[to]
		if g == nil {
			g = &listBatch{priority: priority, began: now, due: now.Add(minBatchDelay)}
			if next := t.nextListBatch[to]; next.After(g.due) {
				g.due = next
			}
			t.listBatches[to] = g
		}
		g.priority = min(g.priority, priority)
		g.members = append(g.members, m)
		m.left++
	}
	t.batched[m.UID], m.Since = m, now
	t.ensureRunning()
}

// HasListBatches reports whether the tenant has batches that are at least as urgent as a priority.
func (t *Tenant) HasListBatches(priority ratelimit.Priority) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.listBatches {
		if g.priority <= priority {
			return true
		}
	}
	return false
}

// LeaveListBatches removes an object from its batches. It returns false while a call for it is in flight.
func (t *Tenant) LeaveListBatches(m *Member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.Targets {
		if g := t.listBatches[to]; g != nil && slices.Contains(g.members, m) {
			t.keep(to, g, slices.DeleteFunc(g.members, func(other *Member) bool { return other == m }))
			m.left--
		}
	}
	if m.left == 0 && t.batched[m.UID] == m {
		delete(t.batched, m.UID)
	}
	return m.left == 0
}

// keep leaves some members in a batch.
func (t *Tenant) keep(to lists.Change, g *listBatch, members []*Member) {
	g.members = members
	if len(members) == 0 {
		delete(t.listBatches, to)
	}
}

// dueListBatches removes and returns the batches that are due or that no further object can join. From the others it returns as
// many members as fill a call. An object that joins while the list is being changed waits for the end of that call.
func (t *Tenant) dueListBatches(now time.Time) map[lists.Change][]*Member {
	noneWaiting := t.Pool.Limiters.Of(t.tenant.String()).Waiting() == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[lists.Change][]*Member{}
	for to, g := range t.listBatches {
		if t.changing[to] {
			continue
		}
		count := len(g.members)
		if isDue := now.After(g.due) || noneWaiting && now.Sub(g.began) > minBatchDelay; !isDue {
			count -= count % t.bulk[to.Field].Most
		}
		if count == 0 {
			continue
		}
		due[to], t.changing[to] = slices.Clone(g.members[:count]), true
		t.keep(to, g, g.members[count:])
		t.nextListBatch[to] = now.Add(min(time.Duration(count)*batchDelayPerMember, MaxBatchDelay))
	}
	return due
}

// changeListBatch makes a change for the members of a batch, and requeues those that wait for no other batch.
func (t *Tenant) changeListBatch(ctx context.Context, session *auth0.Session, to lists.Change, members []*Member) {
	t.changeAll(ctx, session, to, members)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.changing, to)
	now := t.Clock.Now()
	maps.DeleteFunc(t.excluded, func(_ types.UID, until time.Time) bool { return now.After(until) })
	for _, m := range members {
		if !slices.Contains(m.changed, to) {
			t.excluded[m.UID] = now.Add(excludedFor)
		}
		m.left--
		if m.left == 0 {
			m.over = true
			m.Wake()
		}
	}
}

// IsExcluded reports whether an object must change its lists with calls of its own, so that it reports Auth0's answer.
func (t *Tenant) IsExcluded(uid types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.excluded[uid])
}
