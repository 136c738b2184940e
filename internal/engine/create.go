package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// create creates the object with every field that Auth0 accepts at creation. Reading first would cost a call and prove nothing:
// Auth0 refuses a second object, and a lost response shows as such a refusal.
func (w *objectSync[O]) create(ctx context.Context) (Outcome, error) {
	if w.failure != nil {
		return Outcome{}, w.failure
	}
	again, formerID := w.managed(), w.Adapter.ID(w.object)
	if again {
		w.reset()
	}
	w.lateInitialize(nil)
	if w.mustFind() {
		candidates, ours, err := w.findIntended(ctx)
		if err != nil || ours != nil || len(candidates) > 0 {
			return w.choose(ctx, candidates, ours, err)
		}
	}
	tried := w.intent()
	if err := w.recordIntent(ctx); err != nil {
		return Outcome{}, err
	}
	w.addMarker()
	body := w.desired.Clone()
	w.addSecrets(body)
	idempotencyKey, err := w.idempotencyKeyFor(ctx)
	if err != nil {
		return Outcome{}, err
	}
	w.addIdempotencyKey(body, idempotencyKey)
	if outcome, err := w.throughImport(ctx, body); err != nil {
		return Outcome{}, err
	} else if outcome != nil {
		return *outcome, nil
	}
	have, err := w.Adapter.Create(ctx, w.req(), body)
	w.clearIntent(tried, err)
	if auth0.ClassOf(err) == auth0.ClassRateLimited {
		w.recordIntended()
	}
	if auth0.ClassOf(err) == auth0.ClassConflict {
		return w.conflict(ctx, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	w.expectDuplicate(tried)
	w.addIdempotencyKey(have, idempotencyKey)
	w.claims.set(w.idKey(have), claimantOf(w.object))
	if again {
		w.countDrift()
		w.wrote(ctx, formerID, w.desired, nil)
	}
	w.wrote(ctx, w.idOf(have), nil, have)
	w.reportCreated(ctx, again, have)
	w.rememberSent(body)
	return w.complete(ctx, have)
}

// addSecrets adds the secret values that the creation accepts to its body. The others are sent after it. Values that were sent to
// a deleted object do not count for the new one.
func (w *objectSync[O]) addSecrets(body auth0.Document) {
	maps.Copy(w.secrets, w.secretValues)
	taken := maps.Clone(w.secrets)
	maps.DeleteFunc(taken, func(path string, _ any) bool { return slices.Contains(w.fields.UpdateOnly, path) })
	w.fields.SetSecrets(body, taken)
}

// conflict handles an object that exists according to Auth0.
func (w *objectSync[O]) conflict(ctx context.Context, conflict error) (Outcome, error) {
	candidates, ours, err := w.find(ctx, w.desired)
	if err == nil && len(candidates) == 0 {
		// Perhaps it was deleted meanwhile, or the search index lags behind.
		return Retry(v1alpha1.ReasonAlreadyExists, fmt.Errorf("Auth0 says that it exists already, and does not show it: %w", conflict)), nil
	}
	return w.choose(ctx, candidates, ours, err)
}

// choose continues with one of the found objects: this Kubernetes object's own, or the only candidate.
func (w *objectSync[O]) choose(ctx context.Context, candidates []auth0.Document, ours auth0.Document, err error) (Outcome, error) {
	switch {
	case err != nil:
		return Outcome{}, err
	case ours != nil:
		w.expectDuplicate(w.intent())
		if !w.manages(ours) {
			// An earlier attempt created it, perhaps to replace a deleted object.
			w.wrote(ctx, w.idOf(ours), w.desired, nil)
			w.wrote(ctx, w.idOf(ours), nil, ours)
		}
		return w.converge(ctx, ours)
	case len(candidates) == 1:
		return w.converge(ctx, candidates[0])
	}
	return w.stall(v1alpha1.ReasonAmbiguous, "several objects in Auth0 could be this one: %s; delete all but one, or tell them apart", w.describeAll(candidates)), nil
}

// find returns the objects that could be the wanted one, and the one that provably belongs to this Kubernetes object, if any.
func (w *objectSync[O]) find(ctx context.Context, wanted auth0.Document) (candidates []auth0.Document, ours auth0.Document, err error) {
	candidates, err = w.Adapter.Find(ctx, w.req(), wanted)
	if auth0.IsQueryRefused(err) && w.object.GetDeletionTimestamp() != nil {
		// Auth0 would refuse to create this object, so none exists: there is nothing to delete.
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, candidate := range candidates {
		if held, err := w.isOurs(ctx, candidate); err != nil || held {
			return candidates, candidate, err
		}
	}
	return candidates, nil, nil
}

// complete sends what the creation could not contain, after status has recorded the id.
func (w *objectSync[O]) complete(ctx context.Context, have auth0.Document) (Outcome, error) {
	w.lateInitialize(have)
	intended := w.intended()
	w.remember(have)
	w.own(have)
	w.noteCreated()
	batches, needsID := w.batchesNew(have), w.publishes() || w.finishes() || len(w.pending(have)) > 0
	switch {
	case intended && !needsID && batches:
		w.joinBatch(have, &lists.Known{IsNew: true})
		return NoStatusChange(batchReportDelay), nil
	case intended && !needsID:
		return w.settle(ctx, have, &lists.Known{IsNew: true})
	case batches:
		w.waitForBatch().writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	}
	for _, list := range w.lists() {
		list.Intend(list.Want)
		needsID = true
	}
	if needsID {
		if err := w.reconciliation.Save(ctx); err != nil {
			return Outcome{}, err
		}
	}
	have, err := w.update(ctx, have)
	if err != nil {
		return Outcome{}, err
	}
	w.remember(have)
	if batches && w.isTaken() {
		return w.joinBatch(have, &lists.Known{IsNew: true}), nil
	}
	return w.settle(ctx, have, &lists.Known{IsNew: true})
}

// reportCreated records an Event of a creation. If an import, which has no Event per object, could have created the object, the
// status alone reports it.
func (w *objectSync[O]) reportCreated(ctx context.Context, again bool, have auth0.Document) {
	importer, imports := w.Adapter.(Importer[O])
	switch described := w.Adapter.Describe(have); {
	case again:
		w.event(ctx, v1alpha1.EventCreated, "recreated after somebody deleted it in Auth0: "+described)
	case imports && importer.Importable(w.object):
		logger(ctx).Info("created "+described, "reason", v1alpha1.EventCreated)
	default:
		w.event(ctx, v1alpha1.EventCreated, "created "+described)
	}
}

func (w *objectSync[O]) describeAll(candidates []auth0.Document) string {
	names := make([]string, len(candidates))
	for i, candidate := range candidates {
		names[i] = w.Adapter.Describe(candidate)
	}
	return quoted(names)
}

func (w *objectSync[O]) idempotencyKeyField() string {
	if idempotent, ok := w.Adapter.(IdempotentCreator[O]); ok {
		return idempotent.IdempotencyKeyField(w.object)
	}
	return ""
}

// idempotencyKeyFor returns a value that nobody else can put on an object: others can know names and ids, but not the HMAC key.
// It is "" for an object whose creation carries the marker.
func (w *objectSync[O]) idempotencyKeyFor(ctx context.Context) (string, error) {
	if w.idempotencyKeyField() == "" {
		return "", nil
	}
	return w.Hasher.Hash(ctx, "proof", Owner(w.object))
}

// addIdempotencyKey adds the idempotency key to a document.
func (w *objectSync[O]) addIdempotencyKey(document auth0.Document, idempotencyKey string) {
	if idempotencyKey == "" {
		return
	}
	object, key, _ := strings.Cut(w.idempotencyKeyField(), ".")
	extended := maps.Clone(document.Object(object))
	if extended == nil {
		extended = auth0.Document{}
	}
	extended[key] = idempotencyKey
	document[object] = map[string]any(extended)
}
