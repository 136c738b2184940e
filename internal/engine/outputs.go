package engine

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// keepOutputs records in status the Secrets and ConfigMaps of the spec before they are written, and abandons any that the spec no
// longer names.
func (w *objectSync[O]) keepOutputs(ctx context.Context) error {
	status := w.object.GetManagedStatus()
	changed := false
	for _, outputs := range []struct {
		destination secret.Destination
		noted       *[]string
		named       []string
	}{
		{secret.Secret, &status.OutputSecrets, w.namedSecrets()},
		{secret.ConfigMap, &status.OutputConfigMaps, configMapName(w.outputConfigMap())},
	} {
		differs, err := w.reconciliation.abandonOthers(ctx, w.Deps, outputs.destination, outputs.noted, outputs.named)
		if err != nil {
			return err
		}
		changed = changed || differs
	}
	if !changed || w.Definition.ID(w.object) == "" {
		// The creation of the object saves the status.
		return nil
	}
	return w.reconciliation.Save(ctx)
}

// KeepOutputConfigMap records in status the ConfigMap of the spec before it is written, and abandons one that the spec no longer
// names.
func (p *Reconciliation[O]) KeepOutputConfigMap(ctx context.Context, deps Deps, declared *v1alpha1.OutputConfigMap) error {
	managed, ok := any(p.Object).(v1alpha1.Managed)
	if !ok {
		return nil
	}
	changed, err := p.abandonOthers(ctx, deps, secret.ConfigMap, &managed.GetManagedStatus().OutputConfigMaps, configMapName(declared))
	if err != nil || !changed {
		return err
	}
	return p.Save(ctx)
}

// abandonOthers abandons the recorded names that are no longer declared, records the declared ones, and reports whether the
// record changed.
func (p *Reconciliation[O]) abandonOthers(ctx context.Context, deps Deps, destination secret.Destination, noted *[]string, named []string) (changed bool, err error) {
	named = lists.Union(named, nil)
	for _, name := range lists.Without(*noted, named) {
		message, err := outputOf(deps, p.Object, destination, name).Abandon(ctx)
		if err != nil {
			return false, err
		}
		if message != "" {
			p.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSecretAbandoned, message)
		}
	}
	if slices.Equal(*noted, named) {
		return false, nil
	}
	*noted = named
	return true, nil
}

// withdrawOutputs removes the values of the object from the Secrets and ConfigMaps that it adopted, both the current ones of the
// spec and former ones.
func (w *objectSync[O]) withdrawOutputs(ctx context.Context) error {
	status := w.object.GetManagedStatus()
	for destination, names := range map[secret.Destination][]string{
		secret.Secret:    lists.Union(w.namedSecrets(), status.OutputSecrets),
		secret.ConfigMap: lists.Union(configMapName(w.outputConfigMap()), status.OutputConfigMaps),
	} {
		for _, name := range names {
			if err := outputOf(w.Deps, w.object, destination, name).Withdraw(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *objectSync[O]) namedSecrets() []string {
	if w.Definition.OutputSecrets == nil {
		return nil
	}
	return w.Definition.OutputSecrets(w.object)
}

// outputConfigMap is the declared ConfigMap, nil for none.
func (w *objectSync[O]) outputConfigMap() *v1alpha1.OutputConfigMap {
	if w.Definition.OutputConfigMap == nil {
		return nil
	}
	return w.Definition.OutputConfigMap(w.object)
}

func configMapName(declared *v1alpha1.OutputConfigMap) []string {
	if declared == nil {
		return nil
	}
	return []string{declared.Name}
}

func outputOf[O v1alpha1.Object](deps Deps, owner O, destination secret.Destination, name string) secret.Output {
	// Every object with outputs is managed.
	managed, _ := any(owner).(v1alpha1.Managed)
	return secret.Output{Client: deps.Client, Owner: managed, Destination: destination, Name: name, Expectations: deps.Outputs}
}

// tryConfigMap checks whether the ConfigMap can be written, before the object is created in Auth0.
func (w *objectSync[O]) tryConfigMap(ctx context.Context) error {
	if w.Definition.ID(w.object) != "" {
		return nil
	}
	return w.writeConfigMap(ctx, auth0.Document{}, secret.Output.Try)
}

// publishConfigMap writes the public values of the object into its ConfigMap.
func (w *objectSync[O]) publishConfigMap(ctx context.Context, have auth0.Document) error {
	return w.writeConfigMap(ctx, have, secret.Output.Put)
}

func (w *objectSync[O]) writeConfigMap(ctx context.Context, have auth0.Document, write outputWriter) error {
	declared := w.outputConfigMap()
	if declared == nil {
		return nil
	}
	return WriteConfigMap(ctx, w.Deps, w.object, *declared, w.Definition.PublicValues(w.req(), have), write)
}

// outputWriter is secret.Output.Put or secret.Output.Try.
type outputWriter func(output secret.Output, ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error

// WriteConfigMap writes public values into the declared ConfigMap, if it does not contain them, or checks whether that is
// possible.
func WriteConfigMap(ctx context.Context, deps Deps, owner v1alpha1.Managed, declared v1alpha1.OutputConfigMap, values map[string]string, write outputWriter) error {
	output := secret.NewConfigMapOutput(deps.Client, owner, declared)
	output.Expectations = deps.Outputs
	current, err := output.Get(ctx)
	if err != nil {
		return err
	}
	data, err := secret.RenderPublic(declared, values)
	if err != nil {
		return err
	}
	return write(output, ctx, current, data, map[string]string{})
}
