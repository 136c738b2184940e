package engine

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// keepOutputs notes in status which Secrets the spec has written, before they are, and abandons those that it does not name any more.
func (w *work[O]) keepOutputs(ctx context.Context) error {
	writer, ok := w.Adapter.(SecretWriter[O])
	if !ok {
		return nil
	}
	status, named := w.object.GetManagedStatus(), union(writer.OutputSecrets(w.object), nil)
	for _, name := range without(status.OutputSecrets, named) {
		message, err := w.output(name).Abandon(ctx)
		if err != nil {
			return err
		}
		if message != "" {
			w.pass.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSecretAbandoned, message)
		}
	}
	if slices.Equal(status.OutputSecrets, named) {
		return nil
	}
	status.OutputSecrets = named
	if w.Adapter.ID(w.object) == "" {
		// The creation of the object saves it.
		return nil
	}
	return w.pass.Save(ctx)
}

// outputSecrets are those that the spec names, and those that it named before.
func (w *work[O]) outputSecrets() []string {
	writer, ok := w.Adapter.(SecretWriter[O])
	if !ok {
		return nil
	}
	return union(writer.OutputSecrets(w.object), w.object.GetManagedStatus().OutputSecrets)
}

func (w *work[O]) output(name string) secret.Output {
	return secret.Output{Client: w.Client, Owner: w.object, Name: name, Journal: w.Outputs}
}
