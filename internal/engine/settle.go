package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// lists returns the lists of the object that need work.
func (w *objectSync[O]) lists() []lists.List {
	lister, ok := w.Adapter.(Lister[O])
	if !ok {
		return nil
	}
	return w.withoutMemberLists(slices.DeleteFunc(lister.Lists(w.req()), lists.List.Idle))
}

// finishes reports whether the object has follow-up work.
func (w *objectSync[O]) finishes() bool {
	finisher, ok := w.Adapter.(Finisher[O])
	return ok && finisher.Finishes(w.object)
}

// publish writes what is known of the object into Kubernetes.
func (w *objectSync[O]) publish(ctx context.Context, have auth0.Document) error {
	if publisher, ok := w.Adapter.(Publisher[O]); ok {
		if err := publisher.Publish(ctx, w.req(), have); err != nil {
			return err
		}
	}
	return w.publishConfigMap(ctx, have)
}

// settle updates all lists beside the object, does the follow-up work, and ends the reconciliation.
func (w *objectSync[O]) settle(ctx context.Context, have auth0.Document, known *lists.Known) (Outcome, error) {
	if err := w.publish(ctx, have); err != nil {
		return Outcome{}, err
	}
	if known == nil && w.batchesChanges(have) {
		if known = w.readLists(ctx); len(w.targets(known)) > 0 {
			return w.batchChanges(ctx, have, known)
		}
	}
	var failures []error
	for _, list := range w.lists() {
		changed, err := w.verifying(list).Converge(ctx, w.session, w.Adapter.ID(w.object), known, w.reconciliation.Save)
		if err != nil {
			failures = append(failures, err)
		} else if known.IsNews(list.Field, changed) {
			w.countDrift()
			w.event(ctx, v1alpha1.EventUpdated, w.updatedMessage()+list.Field)
		}
	}
	if len(failures) > 0 {
		return Outcome{}, errors.Join(failures...)
	}
	if w.finishes() {
		if err := w.Adapter.(Finisher[O]).Finish(ctx, w.req(), have); err != nil {
			return Outcome{}, err
		}
	}
	return w.done("in sync with Auth0"), nil
}
