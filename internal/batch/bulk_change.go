package batch

import (
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

const (
	// changeAttempts is how often to try a change that fails for a transient reason.
	changeAttempts = 5
	// mostRefused is how many objects Auth0 must refuse individually before the change itself counts as the cause.
	mostRefused = 2
)

// Learn records how to change a list of many objects.
func (t *Tenant) Learn(field string, bulk lists.Bulk) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bulk[field] = bulk
}

// callFor returns the call that makes a change, and how many objects it takes.
func (t *Tenant) callFor(to lists.Change) (call lists.BulkCall, most int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bulk := t.bulk[to.Field]
	if to.Remove {
		return bulk.Remove, bulk.Most
	}
	return bulk.Add, bulk.Most
}

// ofOne are the responses for which one object of many may be the reason.
var ofOne = []auth0.Class{auth0.ClassNotFound, auth0.ClassInvalid, auth0.ClassConflict}

// changeAll makes a change for all members with few calls. Members that a person edited, suspended or deleted meanwhile are left
// to their own reconciliations. If Auth0 refuses a call, it tries each half of the members separately, so that no member fails
// because of another. The remaining members try alone later, and report Auth0's answer.
func (t *Tenant) changeAll(ctx context.Context, session *auth0.Session, to lists.Change, members []*Member) {
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
func (t *Tenant) change(ctx context.Context, session *auth0.Session, call lists.BulkCall, to lists.Change, members []*Member) ([]*Member, bool, error) {
	for attempt := 1; ; attempt++ {
		var ids []string
		members, ids = currentMembers(ctx, members)
		if len(members) == 0 {
			return nil, false, nil
		}
		changed, err := call(ctx, session, to.Entry, ids)
		if err == nil {
			return members, changed, nil
		}
		if auth0.ClassOf(err) == auth0.ClassCircuitOpen && session.AwaitAvailable(ctx) == nil {
			attempt--
			continue
		}
		log.FromContext(ctx).Info("a list of many objects is not changed yet", "field", to.Field, "entry", to.Entry, "objects", len(ids), "error", err.Error())
		if attempt == changeAttempts || slices.Contains(refusals, auth0.ClassOf(err)) {
			return members, false, err
		}
		select {
		case <-ctx.Done():
			return members, false, ctx.Err()
		case <-t.Clock.After(importRetry):
		}
	}
}

// currentMembers are the members with a current spec, and their ids.
func currentMembers(ctx context.Context, members []*Member) (left []*Member, ids []string) {
	for _, m := range members {
		if m.IsCurrent(ctx) {
			left, ids = append(left, m), append(ids, m.ID)
		}
	}
	return left, ids
}

func (t *Tenant) noteChanged(to lists.Change, members []*Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range members {
		m.changed = append(m.changed, to)
	}
}
