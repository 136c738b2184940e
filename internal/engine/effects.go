package engine

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// A write to one object can change others in Auth0: a new application is enabled for connections, a deleted role is taken from
// users. Auth0's log and events name only the written object. See docs/decisions/0026-side-effects.md.

// Affected implements drift.Kind.
func (k *kindDriftDetector[O]) Affected(ctx context.Context, tenant types.NamespacedName, write drift.Write) {
	if k.Definition.AffectedBy == nil {
		return
	}
	isAffected := k.Definition.AffectedBy(write)
	if isAffected == nil {
		return
	}
	err := k.each(ctx, tenant, func(object O) {
		if k.Definition.ID(object) != "" && object.GetDeletionTimestamp() == nil && isAffected(object) {
			k.read(client.ObjectKeyFromObject(object), priorityAfter(write))
		}
	})
	if err != nil {
		logger(ctx).Error(err, "find what a write to another object changed", "objects", k.kind.Name, "written", write.Resource)
	}
}

// priorityAfter is the priority of a comparison after a write: a created object may give access that nobody declared.
func priorityAfter(write drift.Write) ratelimit.Priority {
	if write.Created() {
		return ratelimit.PriorityEdited
	}
	return ratelimit.PriorityNew
}

// wrote requests a read of the objects that a write to this one changed in Auth0.
func (w *objectSync[O]) wrote(ctx context.Context, id string, before, after auth0.Document) {
	w.DriftDetection.Wrote(ctx, reference.TenantKey(w.object), drift.Write{Resource: w.Definition.Resource, ID: id, Before: before, After: after})
}

// wroteUpdate calls wrote after an update. An update whose answer was lost may have taken effect.
func (w *objectSync[O]) wroteUpdate(ctx context.Context, before, updated auth0.Document, err error) {
	switch {
	case err == nil:
		w.wrote(ctx, w.Definition.ID(w.object), before, updated)
	case auth0.ClassOf(err) == auth0.ClassUnavailable:
		w.wrote(ctx, w.Definition.ID(w.object), before, w.desired)
	}
}

// wroteDeletion calls wrote after a deletion. have is nil if the object was gone already: an earlier deletion may have lost its
// answer.
func (w *objectSync[O]) wroteDeletion(ctx context.Context, have auth0.Document) {
	if have == nil {
		w.references = reference.Known(ctx, w.Client, w.object, w.refersTo())
		have = w.Definition.Desired(w.object, w.references)
	}
	w.wrote(ctx, w.Definition.ID(w.object), have, nil)
}
