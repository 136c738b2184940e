package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// creationBody returns the body of the creation, and the idempotency key in it, "" for none.
func (w *objectSync[O]) creationBody(ctx context.Context) (body auth0.Document, idempotencyKey string, err error) {
	w.addMarker()
	body = w.desired.Clone()
	w.addSecrets(body)
	if idempotencyKey, err = w.idempotencyKeyFor(ctx); err != nil {
		return nil, "", err
	}
	w.addIdempotencyKey(body, idempotencyKey)
	return w.Definition.withoutParts(body), idempotencyKey, nil
}

// forgetFormer forgets the object that this one managed before and that is gone from Auth0. It returns its id, "" for none.
func (w *objectSync[O]) forgetFormer() string {
	id := ownedID(w.object)
	if id != "" {
		w.reset()
	}
	return id
}

// createThere creates the object with one call.
func (w *objectSync[O]) createThere(ctx context.Context, body auth0.Document) (auth0.Document, error) {
	if w.Definition.Create != nil {
		return w.Definition.Create(ctx, w.req(), body)
	}
	return w.session.Create(ctx, w.Definition.Resource, body, w.req().Path()...)
}

// noteCreated informs all who must know that the object exists. formerID is the id of the one that it replaces, "" for none.
func (w *objectSync[O]) noteCreated(ctx context.Context, formerID string, body, have auth0.Document) {
	if formerID != "" {
		w.countDrift()
		w.wrote(ctx, formerID, w.desired, nil)
	}
	w.claims.set(w.idKey(have), claimantOf(w.object))
	w.wrote(ctx, w.idOf(have), nil, have)
	w.reportCreated(ctx, formerID != "", have)
	w.rememberSent(body)
}

// startManaging records in memory that status describes an object in Auth0 that this one manages.
func (w *objectSync[O]) startManaging(have auth0.Document) {
	w.lateInitialize(have)
	w.remember(have)
	w.own(have)
	w.reportSteps(have, w.Definition.Steps)
}

// sendRest sends what the creation could not contain. Status records the id and the entries of lists before.
func (w *objectSync[O]) sendRest(ctx context.Context, have auth0.Document) (auth0.Document, error) {
	all := w.lists()
	for _, list := range all {
		list.Intend(list.Want)
	}
	if err := w.compareSecrets(ctx, have); err != nil {
		return nil, err
	}
	if len(all) > 0 || w.publishes() || w.finishes() || len(w.pending(have)) > 0 {
		if err := w.reconciliation.Save(ctx); err != nil {
			return nil, err
		}
	}
	have, err := w.sendChanges(ctx, have)
	if err != nil {
		return nil, err
	}
	w.remember(have)
	return have, nil
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
		return w.update(ctx, ours)
	case len(candidates) == 1:
		return w.update(ctx, candidates[0])
	}
	return w.stall(v1alpha1.ReasonAmbiguous, "several objects in Auth0 could be this one: %s; delete all but one, or tell them apart", w.describeAll(candidates)), nil
}

// find returns the objects that could be the wanted one, and the one that provably belongs to this Kubernetes object, if any.
func (w *objectSync[O]) find(ctx context.Context, wanted auth0.Document) (candidates []auth0.Document, ours auth0.Document, err error) {
	candidates, err = w.Definition.Find(ctx, w.req(), wanted)
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

// reportCreated records an Event of a creation. If an import, which has no Event per object, could have created the object, the
// status alone reports it.
func (w *objectSync[O]) reportCreated(ctx context.Context, again bool, have auth0.Document) {
	switch described := w.Definition.Describe(have); {
	case again:
		w.event(ctx, v1alpha1.EventCreated, "recreated after somebody deleted it in Auth0: "+described)
	case w.Definition.Imports != nil && w.Definition.Imports.Importable(w.object):
		logger(ctx).Info("created "+described, "reason", v1alpha1.EventCreated)
	default:
		w.event(ctx, v1alpha1.EventCreated, "created "+described)
	}
}

func (w *objectSync[O]) describeAll(candidates []auth0.Document) string {
	names := make([]string, len(candidates))
	for i, candidate := range candidates {
		names[i] = w.Definition.Describe(candidate)
	}
	return quoted(names)
}

func (w *objectSync[O]) idempotencyKeyField() string {
	if w.Definition.IdempotencyKeyField == nil {
		return ""
	}
	return w.Definition.IdempotencyKeyField(w.object)
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
