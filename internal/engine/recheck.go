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
	if w.Definition.FindByMarker != nil && intent != "" {
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
	if w.hasMarker(have) {
		if err := w.deleteDuplicates(ctx); err != nil {
			return err
		}
	}
	w.object.GetManagedStatus().RecheckAt = nil
	return nil
}

// deleteDuplicates deletes the objects that carry the marker of this very Kubernetes object, its uid included, and are not the
// one in status. When that was created, nothing carried the marker, so an earlier attempt made them afterwards.
func (w *objectSync[O]) deleteDuplicates(ctx context.Context) error {
	if w.Definition.FindByMarker == nil {
		return nil
	}
	marked, err := w.Definition.FindByMarker(ctx, w.session, Owner(w.object))
	if err != nil {
		return err
	}
	for _, duplicate := range marked {
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
