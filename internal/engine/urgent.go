package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// sendUrgentFirst sends the urgent fields of an object that a person must correct, or that waits for others. It returns why the
// rest is not sent.
func (w *objectSync[O]) sendUrgentFirst(ctx context.Context, why error) error {
	_, isProblem := errors.AsType[*problem.Problem](why)
	if w.Definition.Urgent == nil || !isProblem || w.tenant == nil || !w.managed() || w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly || w.observes() {
		return why
	}
	patch := w.Definition.Urgent(w.object)
	if len(patch) == 0 {
		return why
	}
	if err := w.sendUrgent(ctx, patch); err != nil {
		return err
	}
	return why
}

func (w *objectSync[O]) sendUrgent(ctx context.Context, patch auth0.Document) error {
	err := w.mayDeclare(ctx)
	if err != nil {
		return err
	}
	if w.session, err = w.Session(ctx, w.tenant); err != nil {
		return err
	}
	have, err := w.known(ctx)
	if err != nil || have == nil {
		return err
	}
	if belongs, err := w.mayManage(ctx, have); err != nil || !belongs {
		return err
	}
	updated, err := w.send(ctx, have, patch)
	w.wroteUpdate(ctx, have, updated, err)
	if err != nil {
		return err
	}
	w.Definition.Observe(w.object, updated)
	w.event(ctx, v1alpha1.EventUpdated, w.updatedMessage()+quoted(slices.Sorted(maps.Keys(patch))))
	return nil
}
