package engine

import (
	"context"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Access is access to the Management API.
type Access struct {
	// Field is the field that gives the access, for messages: spec.scopes.
	Field string
	// Scopes are the scopes that it gives; v1alpha1.AllManagementAPIScopes stands for all.
	Scopes []string
}

// permit refuses what the tenant does not allow the object's namespace to declare.
func (w *objectSync[O]) permit(ctx context.Context) error {
	if err := w.mayDeclare(ctx); err != nil {
		return err
	}
	if w.Definition.Gives == nil || w.permissions.AreAll() || w.observes() {
		return nil
	}
	return give(w.permissions, func() ([]Access, error) { return w.Definition.Gives(ctx, w.req()) })
}

// mayDeclare fails if the tenant does not allow the namespace to declare objects of the kind.
func (w *objectSync[O]) mayDeclare(ctx context.Context) (err error) {
	if w.permissions, err = reference.PermissionsOf(ctx, w.Client, w.tenant, w.object, w.kind.Name); err != nil {
		return err
	}
	return w.permissions.Declare()
}

// mayAdopt refuses an adoption that the tenant does not allow, and one that would give more access than the object itself may
// give.
func (w *objectSync[O]) mayAdopt(ctx context.Context, have auth0.Document) error {
	if err := w.permissions.Adopt(w.Definition.Describe(have)); err != nil {
		return err
	}
	if w.Definition.Holds == nil || w.permissions.AreAll() {
		return nil
	}
	return give(w.permissions, func() ([]Access, error) { return w.Definition.Holds(ctx, w.req(), have) })
}

func give(permissions reference.Permissions, find func() ([]Access, error)) error {
	found, err := find()
	if err != nil {
		return err
	}
	for _, access := range found {
		if err := permissions.Give(access.Field, access.Scopes); err != nil {
			return err
		}
	}
	return nil
}
