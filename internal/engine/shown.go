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
	if w.differing, err = w.differingSecrets(ctx, have); err != nil {
		return err
	}
	for _, path := range w.fields.Shown {
		if w.fields.ValueAt(have, path) != nil {
			delete(w.secrets, path)
		}
	}
	return nil
}

// differingSecrets returns the secret values that Auth0 shows and that are not the declared ones. Hashes that were made with
// another key count as other values.
func (w *objectSync[O]) differingSecrets(ctx context.Context, have auth0.Document) ([]fields.Change, error) {
	var differing []fields.Change
	for _, declared := range w.applied {
		shown := w.fields.ValueAt(have, declared.Field)
		if shown == nil || declared.Refused != "" || !slices.Contains(w.fields.Shown, declared.Field) {
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

// secretPaths returns the paths of the values that come from Secrets, came from Secrets before, or are shown by Auth0.
func (w *objectSync[O]) secretPaths() []string {
	paths := slices.Clone(w.fields.Shown)
	if w.Definition.SecretFields != nil {
		paths = slices.AppendSeq(paths, maps.Keys(w.Definition.SecretFields(w.object)))
	}
	declared := w.fields.Flatten(w.desired)
	for _, applied := range w.object.GetManagedStatus().AppliedSecrets {
		// Status has hashes of values of the spec too, which Auth0 does not show.
		if _, isPlain := declared[applied.Field]; !isPlain {
			paths = append(paths, applied.Field)
		}
	}
	return paths
}

// redact returns the value of a path without secret values.
func (w *objectSync[O]) redact(path string, value any) any {
	if value == nil {
		return nil
	}
	for _, secret := range w.secretPaths() {
		if secret == path {
			return redacted
		}
		value = redactIn(value, path, secret)
	}
	return value
}

// redactIn redacts a secret value inside an object. It changes a copy.
func redactIn(value any, path, secret string) any {
	key, isInside := strings.CutPrefix(secret, path+".")
	document := auth0.Document{"value": value}
	keys := append([]string{"value"}, fields.SplitPath(key)...)
	if !isInside || fields.ValueIn(document, keys) == nil {
		return value
	}
	document = document.Clone()
	fields.Set(document, keys, redacted)
	return document["value"]
}
