package engine

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Request is what a Definition needs for the steps around its object.
type Request[O v1alpha1.Managed] struct {
	Deps
	Object         O
	Session        *auth0.Session
	References     reference.Values
	reconciliation *Reconciliation[O]
	path           func(O, reference.Values) []string
	retainReason   func(ctx context.Context, have auth0.Document) (string, error)
}

// RetainReason says why the object in Auth0 must not be deleted for this Kubernetes object, "" if it may be. It makes no call:
// have may come from status. Every deletion checks it first.
func (t Request[O]) RetainReason(ctx context.Context, have auth0.Document) (string, error) {
	return t.retainReason(ctx, have)
}

// Path returns the values for the parameters of the resource's path, none if it has no parameters.
func (t Request[O]) Path() []string {
	if t.path == nil {
		return nil
	}
	return t.path(t.Object, t.References)
}

// Save writes the status before the reconciliation continues.
func (t Request[O]) Save(ctx context.Context) error { return t.reconciliation.Save(ctx) }

// Event records an Event about something that was done.
func (t Request[O]) Event(ctx context.Context, reason, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeNormal, reason, message)
}

// Warn records an Event about a likely mistake.
func (t Request[O]) Warn(ctx context.Context, message string) {
	t.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, message)
}
