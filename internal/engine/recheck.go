package engine

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// expectLateEffect schedules another reconciliation of the object: this replica or a stopped one made an earlier attempt, which
// may take effect after this one. See docs/decisions/0020-fencing.md.
func (d *Deps) expectLateEffect(object v1alpha1.Managed) {
	object.GetManagedStatus().RecheckAt = &metav1.Time{Time: d.Clock.Now().Add(d.RecheckAfter)}
}

// ExpectLateEffect schedules another reconciliation of the object, because an earlier attempt at what was just done may take
// effect late.
func (t Request[O]) ExpectLateEffect() { t.expectLateEffect(t.Object) }

// expectDuplicate is expectLateEffect for a creation with the recorded intent of an earlier attempt, "" if there was none.
func (w *objectSync[O]) expectDuplicate(intent string) {
	if w.Definition.NamesRepeat && intent != "" {
		w.expectLateEffect(w.object)
	}
}

// recheckDue reports whether it is time to look for late effects.
func (w *objectSync[O]) recheckDue() bool {
	at := w.object.GetManagedStatus().RecheckAt
	return at != nil && w.shown == nil && !w.Clock.Now().Before(at.Time)
}

// recheck deletes what an attempt to create the object made late. have, the object in status, was just read, so any other late
// effect is corrected like drift.
func (w *objectSync[O]) recheck(ctx context.Context, have auth0.Document) error {
	if !w.recheckDue() || w.observes() {
		return nil
	}
	if w.Definition.NamesRepeat && (w.Definition.MarkerField == "" || w.hasMarker(have)) {
		if err := w.deleteDuplicates(ctx); err != nil {
			return err
		}
	}
	w.object.GetManagedStatus().RecheckAt = nil
	return nil
}

// duplicates returns what an attempt to create this very Kubernetes object made: the objects that carry its marker, uid included, or,
// for a kind without a marker, those that are exactly as it creates them and that nobody holds. When the one in status was created,
// there were none, so an earlier attempt made them afterwards.
func (w *objectSync[O]) duplicates(ctx context.Context) ([]auth0.Document, error) {
	if w.Definition.FindByMarker != nil {
		return w.Definition.FindByMarker(ctx, w.session, Owner(w.object))
	}
	created := w.Definition.withoutParts(w.desired)
	if w.Definition.LateInitialize != nil {
		w.Definition.LateInitialize(w.object, created, nil)
	}
	named, err := w.Definition.Find(ctx, w.req(), created)
	if err != nil {
		return nil, err
	}
	var found []auth0.Document
	for _, candidate := range named {
		holder, err := w.holder(ctx, candidate)
		if err != nil {
			return nil, err
		}
		if holder == "" && len(w.fields.Diff(created, candidate, nil)) == 0 {
			found = append(found, candidate)
		}
	}
	return found, nil
}

// deleteDuplicates deletes the duplicates of the object in status.
func (w *objectSync[O]) deleteDuplicates(ctx context.Context) error {
	found, err := w.duplicates(ctx)
	if err != nil {
		return err
	}
	for _, duplicate := range found {
		id := w.idOf(duplicate)
		if id == w.Definition.ID(w.object) || w.protects(duplicate, w.session.ClientID()) != "" {
			continue
		}
		if err := w.session.Delete(ctx, w.Definition.Resource, id); err != nil && auth0.ClassOf(err) != auth0.ClassNotFound {
			return err
		}
		w.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventDuplicateDeleted,
			"deleted "+id+": an attempt to create this object that was interrupted had made it besides "+w.Definition.ID(w.object))
	}
	return nil
}
