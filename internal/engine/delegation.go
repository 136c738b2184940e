package engine

import (
	"context"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
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

// AccessGiver is for kinds whose objects can give access to the Management API.
type AccessGiver[O v1alpha1.Managed] interface {
	// Gives returns the access that an object gives. It makes calls only for what the object has not given yet.
	Gives(ctx context.Context, req Request[O]) ([]Access, error)
}

// Holder is for kinds whose objects in Auth0 can have access to the Management API: a Kubernetes object that adopts one gets that
// access.
type Holder[O v1alpha1.Managed] interface {
	// Holds returns the access that an object in Auth0 has.
	Holds(ctx context.Context, req Request[O], have auth0.Document) ([]Access, error)
}

// permit refuses what the tenant does not allow the object's namespace to declare.
func (w *objectSync[O]) permit(ctx context.Context) error {
	if err := w.mayDeclare(ctx); err != nil {
		return err
	}
	accessGiver, ok := w.Adapter.(AccessGiver[O])
	if !ok || w.permissions.AreAll() || w.observes() {
		return nil
	}
	return give(w.permissions, func() ([]Access, error) { return accessGiver.Gives(ctx, w.req()) })
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
	if err := w.permissions.Adopt(w.Adapter.Describe(have)); err != nil {
		return err
	}
	holder, ok := w.Adapter.(Holder[O])
	if !ok || w.permissions.AreAll() {
		return nil
	}
	return give(w.permissions, func() ([]Access, error) { return holder.Holds(ctx, w.req(), have) })
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
