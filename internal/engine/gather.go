package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// crowd is how many calls must wait for the rate limit for objects to share calls.
	crowd = 3
	// gatherLeast is how long at least others may join, and gatherMost how long at most. In between it is the longer, the more
	// came the last time.
	gatherLeast   = 200 * time.Millisecond
	gatherMost    = 30 * time.Second
	gatherPerCame = 10 * time.Second
	// shareAgain is when to look at an object that nobody woke, and shareSaid how long that it was created may be left unsaid.
	shareAgain = time.Minute + gatherMost
	shareSaid  = gatherMost + 2*worthSaying
	// aloneFor is how long an object sees to its lists itself after a call for many was refused for it.
	aloneFor = 10 * time.Minute
)

// gathering are objects that take the same change to a list, by one call.
type gathering struct {
	// priority is how urgent the most urgent of them is.
	priority   auth0.Priority
	members    []*member
	began, due time.Time
}

// gather has the lists of an object be changed together with those of others.
func (t *tenantImports) gather(m *member, priority auth0.Priority, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.targets {
		g := t.gatherings[to]
		if g == nil {
			g = &gathering{priority: priority, began: now, due: now.Add(gatherLeast)}
			if next := t.gatherNext[to]; next.After(g.due) {
				g.due = next
			}
			t.gatherings[to] = g
		}
		g.priority = min(g.priority, priority)
		g.members = append(g.members, m)
		m.left++
	}
	t.gathered[m.uid], m.since = m, now
	t.ensureRunning()
}

// gathers tells whether objects of the tenant are gathered that are at least as urgent as a lane.
func (t *tenantImports) gathers(priority auth0.Priority) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.gatherings {
		if g.priority <= priority {
			return true
		}
	}
	return false
}

// leave takes an object out of what is gathered. It returns false while a call for it is on its way.
func (t *tenantImports) leave(m *member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, to := range m.targets {
		if g := t.gatherings[to]; g != nil && slices.Contains(g.members, m) {
			t.keep(to, g, slices.DeleteFunc(g.members, func(other *member) bool { return other == m }))
			m.left--
		}
	}
	if m.left == 0 && t.gathered[m.uid] == m {
		delete(t.gathered, m.uid)
	}
	return m.left == 0
}

// keep leaves some members in a gathering.
func (t *tenantImports) keep(to target, g *gathering, members []*member) {
	g.members = members
	if len(members) == 0 {
		delete(t.gatherings, to)
	}
}

// dueGatherings takes out those whose time has come, or for which nobody can come any more, and of the others as many as fill
// a call. Who comes while a list is being changed waits for the end of that.
func (t *tenantImports) dueGatherings(now time.Time) map[target][]*member {
	nobodyComes := t.Pool.RateLimiter(t.tenant.String()).Waiting() == 0
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[target][]*member{}
	for to, g := range t.gatherings {
		if t.changing[to] {
			continue
		}
		count := len(g.members)
		if isDue := now.After(g.due) || nobodyComes && now.Sub(g.began) > gatherLeast; !isDue {
			count -= count % t.together[to.field].Most
		}
		if count == 0 {
			continue
		}
		due[to], t.changing[to] = slices.Clone(g.members[:count]), true
		t.keep(to, g, g.members[count:])
		t.gatherNext[to] = now.Add(min(time.Duration(count)*gatherPerCame, gatherMost))
	}
	return due
}

// changeGathered makes a change for those that were gathered, and wakes those that wait for no other.
func (t *tenantImports) changeGathered(ctx context.Context, session *auth0.Session, to target, members []*member) {
	t.changeAll(ctx, session, to, members)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.changing, to)
	now := time.Now()
	maps.DeleteFunc(t.alone, func(_ types.UID, until time.Time) bool { return now.After(until) })
	for _, m := range members {
		if !slices.Contains(m.changed, to) {
			t.alone[m.uid] = now.Add(aloneFor)
		}
		m.left--
		if m.left == 0 {
			m.over = true
			m.wake()
		}
	}
}

// goesAlone tells whether an object is to see to its lists itself, so that it is told Auth0's answer.
func (t *tenantImports) goesAlone(uid types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Before(t.alone[uid])
}

// mayShare tells whether the lists of a new object can be changed together with those of others.
func (w *objectSync[O]) mayShare() bool { return len(w.targets(&onLists{isNew: true})) > 0 }

// sharesCalls tells whether the lists of a new object are changed together with those of others: calls are scarce, and one
// serves many.
func (w *objectSync[O]) sharesCalls(have auth0.Document) bool {
	return w.mayShare() && have.Size() <= mostKept && w.isCrowded(auth0.PriorityPeriodic)
}

// sharesChanges is sharesCalls for an object that is there already. A person who changed just this one is not to wait for
// what is less urgent.
func (w *objectSync[O]) sharesChanges(have auth0.Document) bool {
	return !w.listed && have.Size() <= mostKept && w.isCrowded(priorityOf(w.object))
}

// isCrowded tells whether many wait for the rate limit that are at least as urgent as a lane, or share calls already. It is
// not for an object that was refused among many.
func (w *objectSync[O]) isCrowded(priority auth0.Priority) bool {
	if w.imports().goesAlone(w.object.GetUID(), time.Now()) {
		return false
	}
	return w.Pool.RateLimiter(w.tenantKey().String()).WaitingIn(priority) >= crowd || w.imports().gathers(priority)
}

// sharing is the outcome of a pass over an object whose lists are changed together with those of others. It is woken when they
// are.
func (w *objectSync[O]) sharing() Outcome {
	return Wait(v1alpha1.ReasonRateLimited, "rate limited by Auth0; role and membership changes will be sent in a batch", shareAgain)
}

// foresee takes into status what the creation of an object is going to set, if the object is to share calls. The write that
// says that it waits for the limit carries this along, so that none is needed when it is created: whatever happens then,
// it is found by its id and its mark.
func (w *objectSync[O]) foresee() {
	if w.Adapter.ID(w.object) != "" || !w.mayShare() {
		return
	}
	status := w.object.GetManagedStatus()
	status.ManagedFields = union(status.ManagedFields, w.fields.paths(w.desired))
	for _, list := range w.lists() {
		list.intend(list.Want)
	}
}

// intended tells whether status has all that a creation set, and says that the object waits for the limit.
func (w *objectSync[O]) intended() bool {
	if w.Adapter.ID(w.object) != "" || len(w.applied) > 0 {
		return false
	}
	w.foresee()
	reconciling := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReconciling)
	return reconciling != nil && reconciling.Reason == v1alpha1.ReasonRateLimited && equality.Semantic.DeepEqual(w.reconciliation.saved, w.object)
}

// share has the lists of an object be changed together with those of others.
func (w *objectSync[O]) share(have auth0.Document, known *onLists) Outcome {
	m := w.member(&Import{ID: w.Adapter.ID(w.object)}, known)
	m.have, m.generation, m.serial = have, w.object.GetGeneration(), w.serial()
	w.imports().gather(m, priorityOf(w.object), time.Now())
	return w.sharing()
}

// stillSharing is sharing for a later pass. What was created and left unsaid is said if it takes long.
func (w *objectSync[O]) stillSharing(m *member) Outcome {
	left := shareSaid - time.Since(m.since)
	switch {
	case w.Adapter.ID(w.object) != "":
		return NoStatusChange(shareAgain)
	case left > 0:
		return NoStatusChange(left)
	}
	w.Adapter.Observe(w.object, m.have)
	w.own(m.have)
	return w.sharing()
}

// shareChanges is share for an object that is there already. What is about to be added is written down first.
func (w *objectSync[O]) shareChanges(ctx context.Context, have auth0.Document, known *onLists) (Outcome, error) {
	for _, list := range w.lists() {
		if entries, ok := known.entriesOf(list); ok {
			missing, _ := list.plan(entries)
			list.intend(missing)
		}
	}
	w.sharing().writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	if err := w.reconciliation.Save(ctx); err != nil {
		return Outcome{}, err
	}
	return w.share(have, known), nil
}

// readLists reads the lists that can be changed together with those of others. What cannot be read is left unknown.
func (w *objectSync[O]) readLists(ctx context.Context) *onLists {
	known := &onLists{entries: map[string][]string{}}
	for _, list := range w.lists() {
		if list.Together == nil {
			continue
		}
		if entries, err := list.Read(ctx, w.session, w.Adapter.ID(w.object)); err == nil {
			known.entries[list.Field] = entries
		}
	}
	return known
}

// stands returns what tells whether the object is still declared as it is now. It keeps nothing of this pass, as thousands wait
// with it.
func (w *objectSync[O]) stands() func(context.Context) bool {
	remote, key, uid, generation := w.Remote, client.ObjectKeyFromObject(w.object), w.object.GetUID(), w.object.GetGeneration()
	return func(ctx context.Context) bool {
		now := remote.New()
		err := remote.Client.Get(ctx, key, now)
		return err == nil && now.GetUID() == uid && now.GetGeneration() == generation && now.GetDeletionTimestamp() == nil
	}
}

// serial tells the mark that has the object be read from the next.
func (w *objectSync[O]) serial() uint64 {
	if w.snapshot == nil {
		return 0
	}
	return w.snapshot.dirtyMark(client.ObjectKeyFromObject(w.object)).serial
}

// shared goes on with an object whose lists have been changed since an earlier pass. Nothing is read, unless something else
// changed meanwhile. It returns nil if there is no such pass.
func (w *objectSync[O]) shared(ctx context.Context) (*Outcome, error) {
	if _, ok := w.Adapter.(Lister[O]); !ok || w.Imports == nil {
		return nil, nil
	}
	m := w.imports().find(w.object.GetUID(), w.imports().gathered)
	if m == nil {
		return nil, nil
	}
	unchanged := m.generation == w.object.GetGeneration() && len(w.secrets) == 0 && m.serial == w.serial()
	if unchanged && !w.imports().isOver(m) || !w.imports().leave(m) {
		outcome := w.stillSharing(m)
		return &outcome, nil
	}
	if !unchanged {
		return nil, nil
	}
	if !m.known.isNew {
		w.leaveAlone(m.have)
	}
	w.addMarker()
	outcome, err := w.goOn(ctx, m.have, m.listsNow())
	return &outcome, err
}

// awaitShared tells an object that is being deleted to wait while a call for its lists is on its way.
func (w *objectSync[O]) awaitShared() *Outcome {
	imports := w.Imports.of(reference.TenantKey(w.object))
	if m := imports.find(w.object.GetUID(), imports.gathered); m == nil || imports.leave(m) {
		return nil
	}
	outcome := Wait(v1alpha1.ReasonRateLimited, "its lists are being changed together with those of others; deleted when that is over", time.Minute).KeepReady()
	return &outcome
}
