package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// converge brings an object that exists in line with the spec, by no more calls than there is a difference.
func (w *work[O]) converge(ctx context.Context, have auth0.Document) (Outcome, error) {
	if err := w.mayManage(have); err != nil {
		return Outcome{}, err
	}
	if err := w.takeOver(ctx, have); err != nil {
		return Outcome{}, err
	}
	if w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly {
		w.Adapter.Observe(w.object, have)
		return w.done("it exists; managementPolicy CreateOnly leaves it as it is"), nil
	}
	w.mark()
	have, err := w.update(ctx, have)
	if err != nil {
		return Outcome{}, err
	}
	w.remember(have)
	return w.settle(ctx, false)
}

// takeOver remembers an object that this pass did not know by its id, before anything else can fail.
func (w *work[O]) takeOver(ctx context.Context, have auth0.Document) error {
	if err := w.pass.KeepUntilRemoved(ctx); err != nil {
		return err
	}
	if w.managed() && w.Adapter.ID(w.object) != "" {
		return nil
	}
	if !w.holdsMark(have) {
		w.event(ctx, "Adopted", "adopted "+w.Adapter.Describe(have))
	}
	w.Adapter.Observe(w.object, have)
	w.object.GetManagedStatus().ManagedFields = w.fields.paths(w.desired)
	return w.pass.Save(ctx)
}

// update sends what differs, in as many parts as Auth0 wants it.
func (w *work[O]) update(ctx context.Context, have auth0.Document) (auth0.Document, error) {
	status := w.object.GetManagedStatus()
	changes := w.fields.diff(w.desired, have, status.ManagedFields)
	patch := w.fields.patch(w.desired, changes)
	maps.Copy(patch, w.secrets)
	w.fields.addCompanions(patch, w.desired)
	if len(patch) == 0 {
		return have, nil
	}
	// A part that took effect counts, even if a later one fails.
	status.ManagedFields = union(status.ManagedFields, w.fields.paths(w.desired))
	for _, part := range w.fields.split(patch) {
		updated, err := w.Adapter.Update(ctx, w.session, w.Adapter.ID(w.object), part)
		if err != nil {
			return nil, err
		}
		w.rememberSent(part)
		have = updated
	}
	w.event(ctx, "Updated", w.updatedMessage()+quoted(slices.Sorted(maps.Keys(patch))))
	return have, nil
}

// updatedMessage tells a change of the spec from one that somebody made in Auth0.
func (w *work[O]) updatedMessage() string {
	if w.object.GetCommonStatus().ObservedGeneration == w.object.GetGeneration() && len(w.secrets) == 0 {
		return "was changed in Auth0; put right: "
	}
	return "updated: "
}

// rememberSent remembers the secret values of a part that was sent.
func (w *work[O]) rememberSent(part auth0.Document) {
	status := w.object.GetManagedStatus()
	for _, applied := range w.applied {
		if _, sent := part[applied.Field]; !sent {
			continue
		}
		status.AppliedSecrets = slices.DeleteFunc(status.AppliedSecrets, func(before v1alpha1.AppliedSecret) bool { return before.Field == applied.Field })
		status.AppliedSecrets = append(status.AppliedSecrets, applied)
	}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
