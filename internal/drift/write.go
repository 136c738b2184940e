package drift

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Write is a write to an object in Auth0.
type Write struct {
	// Resource is the name of the kind in the paths of the Management API: "roles".
	Resource string
	// ID is the id of the object in Auth0.
	ID string
	// Before is the object as it was, nil if the write created it. After is the object as it is, nil if the write deleted it.
	// Either may lack fields that were not read.
	Before, After auth0.Document
}

// Created reports whether the write created the object.
func (w Write) Created() bool { return w.Before == nil }

// Deleted reports whether the write deleted the object.
func (w Write) Deleted() bool { return w.After == nil }

// Wrote requests a read of the objects that a write to another object changed in Auth0.
func (m *Detection) Wrote(ctx context.Context, tenant types.NamespacedName, write Write) {
	if m == nil {
		return
	}
	for _, kind := range m.kinds {
		kind.Affected(ctx, tenant, write)
	}
}

// writeOf returns the Write that an entry of Auth0's log or events describes, if it may have changed other objects. Such entries
// do not show the object.
func writeOf(change auth0.Change) (Write, bool) {
	write := Write{Resource: change.Resource, ID: change.ID}
	switch {
	case change.Created:
		write.After = auth0.Document{}
	case change.Deleted:
		write.Before = auth0.Document{}
	default:
		return write, false
	}
	return write, true
}
