package engine

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

const (
	// changeAttempts is how often to try a change that fails for a transient reason.
	changeAttempts = 5
	// mostRefused is how many objects Auth0 must refuse individually before the change itself counts as the cause.
	mostRefused = 2
)

// BulkChange changes a list of many objects with one call.
type BulkChange struct {
	// Most is how many objects one call accepts.
	Most int
	// Add and Remove change the list for many objects; nil if there is no such call.
	Add, Remove Change
}

// Change adds or removes an entry, such as a role, for many objects. It returns false if it cannot. It ignores objects that have
// the entry already, or do not have it.
type Change func(ctx context.Context, session *auth0.Session, entry string, ids []string) (bool, error)

// target is a change to a list: an entry that is added or removed.
type target struct {
	field, entry string
	remove       bool
}

// targets are the changes from the current entries of the list to the declared ones, as far as a batch can make them.
func (l List) targets(have []string) []target {
	var targets []target
	missing, surplus := l.plan(have)
	missing, surplus = l.fresh(missing, surplus, func(string, bool) {})
	if l.Bulk.Add != nil {
		for _, entry := range missing {
			targets = append(targets, target{field: l.Field, entry: entry})
		}
	}
	if l.Bulk.Remove != nil {
		for _, entry := range surplus {
			targets = append(targets, target{field: l.Field, entry: entry, remove: true})
		}
	}
	return targets
}

// targets are the changes to the lists of the object that a batch can make, based on the known entries.
func (w *objectSync[O]) targets(known *onLists) []target {
	var targets []target
	for _, list := range w.lists() {
		if have, ok := known.entriesOf(list); ok && list.Bulk != nil {
			w.imports().learn(list.Field, *list.Bulk)
			targets = append(targets, w.verifying(list).targets(have)...)
		}
	}
	return targets
}

// learn records how to change a list of many objects.
func (t *tenantImports) learn(field string, bulk BulkChange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bulk[field] = bulk
}

// callFor returns the call that makes a change, and how many objects it takes.
func (t *tenantImports) callFor(to target) (call Change, most int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bulk := t.bulk[to.field]
	if to.remove {
		return bulk.Remove, bulk.Most
	}
	return bulk.Add, bulk.Most
}

// ofOne are the responses for which one object of many may be the reason.
var ofOne = []auth0.Class{auth0.ClassNotFound, auth0.ClassInvalid, auth0.ClassConflict}

// changeAll makes a change for all members with few calls. Members that a person edited, suspended or deleted meanwhile are left
// to their own reconciliations. If Auth0 refuses a call, it tries each half of the members separately, so that no member fails
// because of another. The remaining members try alone later, and report Auth0's answer.
func (t *tenantImports) changeAll(ctx context.Context, session *auth0.Session, to target, members []*member) {
	call, most := t.callFor(to)
	parts := slices.Collect(slices.Chunk(members, most))
	for refused := 0; len(parts) > 0 && refused < mostRefused; {
		part, changed, err := t.change(ctx, session, call, to, parts[0])
		parts = parts[1:]
		switch {
		case changed:
			t.noteChanged(to, part)
		case len(part) == 0:
			// No member is left.
		case !slices.Contains(ofOne, auth0.ClassOf(err)):
			return
		case len(part) == 1:
			refused++
		default:
			half := len(part) / 2
			parts = slices.Insert(parts, 0, part[:half], part[half:])
		}
	}
}

// change makes a change with one call, for the members with a current spec, and returns them. It retries a transient failure a
// few times.
func (t *tenantImports) change(ctx context.Context, session *auth0.Session, call Change, to target, members []*member) ([]*member, bool, error) {
	for attempt := 1; ; attempt++ {
		var ids []string
		members, ids = currentMembers(ctx, members)
		if len(members) == 0 {
			return nil, false, nil
		}
		changed, err := call(ctx, session, to.entry, ids)
		if err == nil {
			return members, changed, nil
		}
		if auth0.ClassOf(err) == auth0.ClassCircuitOpen && session.AwaitAvailable(ctx) == nil {
			attempt--
			continue
		}
		log.FromContext(ctx).Info("a list of many objects is not changed yet", "field", to.field, "entry", to.entry, "objects", len(ids), "error", err.Error())
		if attempt == changeAttempts || slices.Contains(refusals, auth0.ClassOf(err)) {
			return members, false, err
		}
		select {
		case <-ctx.Done():
			return members, false, ctx.Err()
		case <-time.After(importRetry):
		}
	}
}

// currentMembers are the members with a current spec, and their ids.
func currentMembers(ctx context.Context, members []*member) (left []*member, ids []string) {
	for _, m := range members {
		if m.isCurrent(ctx) {
			left, ids = append(left, m), append(ids, m.id)
		}
	}
	return left, ids
}

func (t *tenantImports) noteChanged(to target, members []*member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range members {
		m.changed = append(m.changed, to)
	}
}
