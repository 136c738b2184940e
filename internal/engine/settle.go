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
	if w.Definition.Lists == nil {
		return nil
	}
	return w.withoutMemberLists(slices.DeleteFunc(w.Definition.Lists(w.req()), lists.List.Idle))
}

// finishes reports whether the object has follow-up work.
func (w *objectSync[O]) finishes() bool {
	return w.Definition.Finishes != nil && w.Definition.Finishes(w.object)
}

// publish writes what is known of the object into Kubernetes.
func (w *objectSync[O]) publish(ctx context.Context, have auth0.Document) error {
	if w.Definition.Publish != nil {
		if err := w.Definition.Publish(ctx, w.req(), have); err != nil {
			return err
		}
	}
	return w.publishConfigMap(ctx, have)
}

// changeLists changes the lists beside the object. A failure of one does not hold back the others.
func (w *objectSync[O]) changeLists(ctx context.Context, known *lists.Known) error {
	var failures []error
	for _, list := range w.lists() {
		changed, err := w.verifying(list).Converge(ctx, w.session, w.Definition.ID(w.object), known, w.reconciliation.Save)
		if err != nil {
			failures = append(failures, err)
		} else if known.IsNews(list.Field, changed) {
			w.countDrift()
			w.event(ctx, v1alpha1.EventUpdated, w.updatedMessage()+list.Field)
		}
	}
	return errors.Join(failures...)
}
