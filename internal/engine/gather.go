package engine

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

const (
	// crowd is how many calls must wait for the rate limit for objects that were just created to share calls.
	crowd = 5
	// gatherLeast is how long at least others may join, and gatherMost how long at most. In between it is the longer, the more
	// came the last time.
	gatherLeast   = 200 * time.Millisecond
	gatherMost    = 30 * time.Second
	gatherPerCame = time.Second
)

// gathering are new objects that go on one list by one call.
type gathering struct {
	members    []*member
	began, due time.Time
}

// gather has an object be put on its lists together with others.
func (t *tenantImports) gather(m *member, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.goesOn {
		g := t.gatherings[to]
		if g == nil {
			g = &gathering{began: now, due: now.Add(gatherLeast)}
			if next := t.gatherNext[to]; next.After(g.due) {
				g.due = next
			}
			t.gatherings[to] = g
		}
		g.members = append(g.members, m)
		m.left++
	}
	t.gathered[m.uid] = m
	t.ensureRunning()
}

// gathers tells whether new objects of the tenant are being put on lists together.
func (t *tenantImports) gathers() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.gatherings) > 0
}

// gatheredOf returns an object that is being put on lists together with others, nil if it is not.
func (t *tenantImports) gatheredOf(uid types.UID) *member {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gathered[uid]
}

func (t *tenantImports) dropGathered(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gathered[m.uid] == m {
		delete(t.gathered, m.uid)
	}
}

// dueGatherings takes out those whose time has come, or for which nobody can come any more.
func (t *tenantImports) dueGatherings(now time.Time) map[target][]*member {
	nobodyComes := t.Pool.Governor(t.tenant.String()).Waiting() == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[target][]*member{}
	for to, g := range t.gatherings {
		isDue := now.After(g.due) || nobodyComes && now.Sub(g.began) > gatherLeast
		if !isDue && len(g.members) < mostAdded {
			continue
		}
		due[to] = g.members
		t.gatherNext[to] = now.Add(min(time.Duration(len(g.members))*gatherPerCame, gatherMost))
		delete(t.gatherings, to)
	}
	return due
}

// putOnLists puts new objects on a list, and wakes those that are on all of theirs.
func (t *tenantImports) putOnLists(ctx context.Context, session *auth0.Session, to target, members []*member) {
	added := t.addAll(ctx, session, to, members)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range members {
		if added {
			m.added = append(m.added, to)
		}
		m.left--
		if m.left == 0 {
			m.over = true
			m.wake()
		}
	}
}

// sharesCalls tells whether a new object goes on its lists together with others: calls are scarce, and one serves many.
func (w *work[O]) sharesCalls() bool {
	if len(w.member(&Import{}).goesOn) == 0 {
		return false
	}
	return w.imports().gathers() || w.Pool.Governor(w.tenantKey().String()).Waiting() >= crowd
}

// sharing is the outcome of a pass over an object that goes on its lists together with others. It is woken when it is.
func (w *work[O]) sharing() Outcome {
	return Wait(v1alpha1.ReasonRateLimited, "created; waiting for Auth0's rate limit to see to its lists together with those of others", time.Minute+gatherMost)
}

// share has a new object be put on its lists together with others.
func (w *work[O]) share(have auth0.Document) Outcome {
	m := w.member(&Import{ID: w.Adapter.ID(w.object)})
	m.have, m.generation = have, w.object.GetGeneration()
	w.imports().gather(m, time.Now())
	return w.sharing()
}

// shared goes on with an object that was created by an earlier pass and has been put on its lists since. Nothing is read,
// unless something changed meanwhile. It returns nil if there is no such pass.
func (w *work[O]) shared(ctx context.Context) (*Outcome, error) {
	if _, ok := w.Adapter.(Lister[O]); !ok || w.observes() {
		return nil, nil
	}
	m := w.imports().gatheredOf(w.object.GetUID())
	if m == nil {
		return nil, nil
	}
	unchanged := m.generation == w.object.GetGeneration() && len(w.secrets) == 0 &&
		(w.memory == nil || w.memory.mark(client.ObjectKeyFromObject(w.object)).serial == 0)
	if unchanged && !w.imports().isOver(m) {
		outcome := w.sharing()
		return &outcome, nil
	}
	w.imports().dropGathered(m)
	if !unchanged {
		return nil, nil
	}
	w.mark()
	outcome, err := w.goOn(ctx, m.have, &fresh{added: m.added})
	return &outcome, err
}
