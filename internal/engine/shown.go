package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// Auth0 returns some secret values in the clear: Fields.Shown. If somebody changes one, the operator sets its own value again. It
// compares keyed hashes, and status.differences has nothing else of such a value: docs/decisions/0039-shown-secrets.md.

// redacted stands for a secret value in status.
const redacted = "(a secret)"

// compareSecrets compares the secret values that Auth0 shows with the declared ones. Those that are the same need not be sent.
func (w *objectSync[O]) compareSecrets(ctx context.Context, have auth0.Document) (err error) {
	w.noteShownSecrets(have)
	if w.differing, err = w.differingSecrets(ctx, have); err != nil {
		return err
	}
	maps.DeleteFunc(w.secrets, func(path string, _ any) bool { return w.isShown(path) && w.fields.ValueAt(have, path) != nil })
	return nil
}

// noteShownSecrets remembers the secret values that Auth0 shows, so that no message quotes them.
func (w *objectSync[O]) noteShownSecrets(have auth0.Document) {
	for _, pattern := range w.secretPatterns() {
		fields.Edit(have, fields.SplitPath(pattern), func(_ []string, value any) any {
			w.shownSecrets = append(w.shownSecrets, fmt.Sprint(value))
			return value
		})
	}
}

// knownSecrets returns all secret values that the reconciliation knows.
func (w *objectSync[O]) knownSecrets() []string {
	known := slices.Clone(w.shownSecrets)
	for _, value := range w.secretValues {
		known = append(known, fmt.Sprint(value))
	}
	return known
}

// isShown reports whether Auth0 shows the secret value at a path in the clear.
func (w *objectSync[O]) isShown(path string) bool {
	return slices.Contains(w.fields.Shown, fields.PatternOf(path))
}

// differingSecrets returns the secret values that Auth0 shows and that are not the declared ones. Hashes that were made with
// another key count as other values.
func (w *objectSync[O]) differingSecrets(ctx context.Context, have auth0.Document) ([]fields.Change, error) {
	var differing []fields.Change
	for _, declared := range w.applied {
		shown := w.fields.ValueAt(have, declared.Field)
		if shown == nil || declared.Refused != "" || !w.isShown(declared.Field) {
			continue
		}
		hash, err := w.hashSecret(ctx, declared.Field, fmt.Sprint(shown))
		if err != nil {
			return nil, err
		}
		if hash != declared.Hash {
			differing = append(differing, fields.Change{Path: declared.Field, Want: declared.Hash, Have: hash, IsSecret: true})
		}
	}
	return differing, nil
}

func (w *objectSync[O]) hashSecret(ctx context.Context, path, value string) (string, error) {
	return w.Hasher.Hash(ctx, string(w.object.GetUID())+"/"+path, value)
}

// sendDiffering sends the secret values that differ in Auth0, except those that Auth0 did not apply before.
func (w *objectSync[O]) sendDiffering() {
	for _, one := range w.differing {
		if w.wasNotApplied(&one) {
			w.unapplied = append(w.unapplied, one)
			continue
		}
		w.secrets[one.Path] = w.secretValues[one.Path]
	}
}

// shows reports whether an answer shows all secret values that differed before, each with its declared value.
func (w *objectSync[O]) shows(answer auth0.Document, differing []fields.Change) bool {
	return len(differing) == 0 && !slices.ContainsFunc(w.differing, func(one fields.Change) bool {
		return w.fields.ValueAt(answer, one.Path) == nil
	})
}

// noteDiffering records the secret values that were sent and that Auth0 did not apply.
func (w *objectSync[O]) noteDiffering(differing []fields.Change) {
	w.unapplied = slices.DeleteFunc(w.unapplied, func(one fields.Change) bool { return one.IsSecret })
	for _, one := range differing {
		if _, unsent := w.secrets[one.Path]; !unsent {
			w.unapplied = append(w.unapplied, one)
		}
	}
}

// sendsNews reports whether there is a secret value to send that was not sent before.
func (w *objectSync[O]) sendsNews() bool {
	return slices.ContainsFunc(w.applied, func(declared v1alpha1.AppliedSecret) bool {
		_, sent := w.secrets[declared.Field]
		return sent && w.mustSend(declared.Field, declared.Hash)
	})
}

// withoutSecrets returns what Auth0 shows of an object without the values that come from Secrets: those are compared by their hashes,
// or not at all. It also leaves out what Auth0 sets itself.
func (w *objectSync[O]) withoutSecrets(have auth0.Document) auth0.Document {
	return fields.WithoutSecrets(auth0.WithoutReadOnly(w.Definition.Resource, have), maps.Keys(w.declaredSecrets()))
}

// declaredSecrets are the Secrets that the spec names, by the path of the value. An object that is being deleted declares none.
func (w *objectSync[O]) declaredSecrets() map[string]v1alpha1.SecretKeyReference {
	if w.Definition.SecretFields == nil || w.object.GetDeletionTimestamp() != nil {
		return nil
	}
	return w.Definition.SecretFields(w.object)
}

// secretPatterns returns the patterns and paths of what is secret: by the type of the kind, or because the value comes from a Secret
// or came from one before.
func (w *objectSync[O]) secretPatterns() []string {
	patterns := slices.AppendSeq(slices.Clone(w.Definition.secretPatterns), maps.Keys(w.declaredSecrets()))
	for _, applied := range w.object.GetManagedStatus().AppliedSecrets {
		// Status has hashes of values of the spec too, which Auth0 does not show.
		if w.fields.ValueAt(w.desired, applied.Field) == nil {
			patterns = append(patterns, applied.Field)
		}
	}
	return patterns
}

// redact returns the value that Auth0 shows at a path, with another one in the place of each secret; nil leaves it out.
func (w *objectSync[O]) redact(path string, value, with any) any {
	for _, pattern := range w.secretPatterns() {
		if keys, ok := fields.Below(path, pattern); ok && value != nil {
			value = fields.Edit(value, keys, func(at []string, secret any) any {
				if w.isPlain(append(fields.SplitPath(path), at...)) {
					return secret
				}
				return with
			})
		}
	}
	if field, _, _ := strings.Cut(path, "."); slices.Contains(w.fields.Free, field) {
		keys := fields.SplitPath(path)
		return w.redactNamed(keys, value, auth0.IsSecretField(keys[len(keys)-1]), with)
	}
	return value
}

// redactNamed redacts the values whose names say that they are secret, and those inside them.
func (w *objectSync[O]) redactNamed(keys []string, value any, isSecret bool, with any) any {
	switch value := value.(type) {
	case map[string]any:
		shown := maps.Clone(value)
		for key, inner := range value {
			shown[key] = w.redactNamed(append(slices.Clone(keys), key), inner, isSecret || auth0.IsSecretField(key), with)
		}
		return shown
	case []any:
		shown := slices.Clone(value)
		for i, inner := range value {
			shown[i] = w.redactNamed(keys, inner, isSecret, with)
		}
		return shown
	case string:
		if isSecret && !w.isPlain(keys) {
			return with
		}
	}
	return value
}

// isPlain reports whether the spec declares the value of a path that could also come from a Secret, and did not before.
func (w *objectSync[O]) isPlain(keys []string) bool {
	path := fields.JoinKeys(keys)
	_, isText := fields.ValueIn(w.desired, keys).(string)
	return isText && !slices.ContainsFunc(w.object.GetManagedStatus().AppliedSecrets, func(applied v1alpha1.AppliedSecret) bool { return applied.Field == path })
}
