package engine

import (
	"context"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Auth0 replaces the objects of some resources whole. The operator sends such an object as it was just read, with the differences:
// nothing that nobody declared is lost. See docs/decisions/0038-resource-shapes.md.

// get reads the object by its id in status.
func (w *objectSync[O]) get(ctx context.Context) (auth0.Document, error) {
	have, err := w.session.Get(ctx, w.Definition.Resource, w.Definition.ID(w.object))
	w.isRead = err == nil
	return have, err
}

// bodyOf returns what to send so that a patch takes effect. have is the object as far as it is known: what a list or the answer to
// a write shows may lack fields, so the object is read again in that case.
func (w *objectSync[O]) bodyOf(ctx context.Context, have, patch auth0.Document) (auth0.Document, error) {
	if !auth0.Replaces(w.Definition.Resource) {
		return patch, nil
	}
	if !w.isRead {
		var err error
		if have, err = w.get(ctx); err != nil {
			return nil, err
		}
	}
	w.isRead = false
	body := auth0.Writable(w.Definition.Resource, w.fields.Merge(have, patch))
	// Auth0 does not show these values, or shows a mask in their place.
	w.fields.SetSecrets(body, w.secretValues)
	for field, value := range w.secretValues {
		if value == nil {
			delete(body, field)
		}
	}
	return body, nil
}
