package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// adopt makes the object in Auth0 this object's own, if it may, and leaves out what someone else maintains.
func (w *objectSync[O]) adopt(ctx context.Context, have auth0.Document) error {
	belongs, err := w.mayManage(ctx, have)
	if err != nil {
		return err
	}
	if !belongs {
		w.dropOwnership()
	}
	if err := w.joinParts(ctx, have); err != nil {
		return err
	}
	w.leaveAlone(have)
	return w.takeOver(ctx, have, belongs)
}

// leaveAsCreated publishes what is known of an object under managementPolicy CreateOnly.
func (w *objectSync[O]) leaveAsCreated(ctx context.Context, have auth0.Document) (Outcome, error) {
	w.Definition.Observe(w.object, have)
	if err := w.publish(ctx, have); err != nil {
		return Outcome{}, err
	}
	if w.awaitsSteps() {
		if err := w.takeSteps(ctx, have); err != nil {
			return Outcome{}, err
		}
	}
	return w.done("it exists; managementPolicy CreateOnly leaves it as it is"), nil
}

// leaveAlone removes from the desired document the fields that someone else maintains.
func (w *objectSync[O]) leaveAlone(have auth0.Document) {
	if w.Definition.Exempt == nil {
		return
	}
	exempt, keeper := w.Definition.Exempt(have)
	var left []string
	for _, field := range exempt {
		if _, declared := w.desired[field]; declared && !slices.Contains(w.fields.WriteOnly, field) && !w.fields.Equal(field, w.desired[field], have[field]) {
			left = append(left, field)
		}
		if _, declared := w.secrets[field]; declared {
			left = append(left, field)
		}
		delete(w.desired, field)
		delete(w.secrets, field)
	}
	if len(left) > 0 {
		w.exempt = fmt.Sprintf("; left alone, as %s keeps them: %s", keeper, quoted(left))
	}
}

// takeOver records an object that status did not name before, before anything else can fail.
func (w *objectSync[O]) takeOver(ctx context.Context, have auth0.Document, belongs bool) error {
	if err := w.reconciliation.AddFinalizer(ctx); err != nil {
		return err
	}
	// If another object handed this one over, only status.owned says so at first.
	if w.manages(have) && w.Definition.ID(w.object) != "" {
		return nil
	}
	managed := w.fields.Paths(w.desired)
	w.rememberFormer(have)
	if belongs {
		// Fields that the creation set may have left the spec since.
		managed = slices.Concat(managed, w.fields.Paths(w.intentDocument()), w.object.GetManagedStatus().ManagedFields)
		w.reportSteps(have, w.Definition.Steps)
	} else {
		if err := w.claim(ctx, have); err != nil {
			return err
		}
		w.event(ctx, v1alpha1.EventAdopted, "adopted "+w.Definition.Describe(have))
	}
	w.Definition.Observe(w.object, have)
	w.own(have)
	w.object.GetManagedStatus().ManagedFields = lists.Union(managed, nil)
	return w.reconciliation.Save(ctx)
}

// delayRemoval takes out of the patch what must not be sent yet.
func (w *objectSync[O]) delayRemoval(ctx context.Context, have, patch auth0.Document) (held, err error) {
	if w.Definition.DelayRemoval == nil {
		return nil, nil
	}
	why, err := w.Definition.DelayRemoval(ctx, w.req(), have, patch)
	if why == nil {
		return nil, err
	}
	return why, err
}

// intend records the fields that are about to be set for the first time. After a crash, the operator clears a field that has left
// the spec meanwhile. A part that took effect counts, even if a later one fails.
func (w *objectSync[O]) intend(ctx context.Context, have auth0.Document) error {
	status := w.object.GetManagedStatus()
	before := len(status.ManagedFields)
	w.rememberFormer(have)
	status.ManagedFields = lists.Union(status.ManagedFields, w.fields.Paths(w.desired))
	if len(status.ManagedFields) == before {
		return nil
	}
	return w.reconciliation.Save(ctx)
}

// send makes a call for each route of a patch, usually one, and adds what Auth0 would otherwise reset.
func (w *objectSync[O]) send(ctx context.Context, have, patch auth0.Document) (auth0.Document, error) {
	patch = auth0.WithoutReadOnly(w.Definition.Resource, patch)
	w.fields.RestoreSecrets(patch, w.secretValues)
	if w.Definition.Preserve != nil {
		if err := w.Definition.Preserve(w.req(), have, patch); err != nil {
			return nil, err
		}
	}
	own, parts := w.divideByRoute(patch)
	if len(own) > 0 {
		parts = append([]auth0.Document{own}, parts...)
	}
	for _, part := range parts {
		updated, err := w.sendTo(ctx, have, part)
		if err != nil {
			return nil, err
		}
		have = updated
	}
	return have, nil
}

// pending returns the patch that brings the object in sync.
func (w *objectSync[O]) pending(have auth0.Document) auth0.Document {
	return w.patch(have, w.changes(have))
}

func (w *objectSync[O]) patch(have auth0.Document, changes []fields.Change) auth0.Document {
	return w.fields.Patch(w.desired, have, changes, w.secrets)
}

// changes returns the differences to send.
func (w *objectSync[O]) changes(have auth0.Document) []fields.Change {
	managed := slices.Concat(w.enforced(have), w.abandonedSecrets())
	if field := w.idempotencyKeyField(); field != "" {
		// The marker replaces the idempotency key.
		managed = append(managed, field)
	}
	changes := append(w.diff(have, managed), w.abandonedUnshown()...)
	return w.withoutKnown(append(changes, w.abandonedInLists(have, changes)...))
}

// abandonedInLists returns changes that send the lists again in which a value came from a Secret before, and its entry has none now:
// Auth0 need not show it.
func (w *objectSync[O]) abandonedInLists(have auth0.Document, changes []fields.Change) []fields.Change {
	var again []fields.Change
	for _, applied := range w.object.GetManagedStatus().AppliedSecrets {
		list, entry := fields.SplitEntry(applied.Field)
		_, still := w.declaredSecrets()[applied.Field]
		isSent := slices.Contains(fields.PathsOf(slices.Concat(changes, again)), list)
		if entry != nil && !still && !isSent && fields.ValueIn(w.desired, entry) != nil {
			again = append(again, fields.Change{Path: list, Want: w.fields.ValueAt(w.desired, list), Have: w.fields.ValueAt(have, list)})
		}
	}
	return again
}

// abandonedSecrets returns the paths of values that came from Secrets before and no longer do.
func (w *objectSync[O]) abandonedSecrets() []string {
	var paths []string
	for _, applied := range w.object.GetManagedStatus().AppliedSecrets {
		if _, still := w.secretValues[applied.Field]; !still && w.fields.ReplacedObject(applied.Field) != "" && !fields.IsInList(applied.Field) {
			paths = append(paths, applied.Field)
		}
	}
	return paths
}

// enforced returns the paths to clear where they are not desired: previously declared paths, and entries that others added to an
// exact list.
func (w *objectSync[O]) enforced(have auth0.Document) []string {
	managed := w.object.GetManagedStatus().ManagedFields
	if w.Definition.ExactLists != nil {
		for _, field := range w.Definition.ExactLists(w.object) {
			managed = lists.Union(managed, slices.Collect(maps.Keys(w.fields.Entries(field, have))))
		}
	}
	return managed
}

// updatedMessage distinguishes a change of the spec from a change made in Auth0.
func (w *objectSync[O]) updatedMessage() string {
	if w.wasDeclared() {
		return "reverted a change made in Auth0: "
	}
	return "updated: "
}

// wasDeclared reports whether the object was in sync with the current declaration before, so that someone else caused the
// difference.
func (w *objectSync[O]) wasDeclared() bool {
	return w.object.GetCommonStatus().ObservedGeneration == w.object.GetGeneration() && !w.sendsNews()
}

// countDrift counts once that someone changed the object in Auth0.
func (w *objectSync[O]) countDrift() {
	if w.drifted || !w.wasDeclared() {
		return
	}
	w.drifted = true
	w.Metrics.CountDrift(reference.TenantKey(w.object).String(), w.kind.Name)
}

// rememberSent records the secret values of a part that was sent.
func (w *objectSync[O]) rememberSent(part auth0.Document) {
	status := w.object.GetManagedStatus()
	for _, applied := range w.applied {
		if !w.fields.Carries(part, applied.Field) {
			continue
		}
		status.AppliedSecrets = withSecret(status.AppliedSecrets, applied)
		delete(w.secrets, applied.Field)
	}
}
