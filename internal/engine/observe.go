package engine

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// longestValue keeps a plan readable.
const longestValue = 256

// observe shows what managementPolicy Full would change, and writes nothing to Auth0.
func (w *objectSync[O]) observe(ctx context.Context, have auth0.Document) (Outcome, error) {
	if have == nil {
		candidates, err := w.Definition.Find(ctx, w.req(), w.desired)
		if err != nil {
			return Outcome{}, err
		}
		switch len(candidates) {
		case 0:
			w.object.GetManagedStatus().Differences = nil
			return w.observed("it is not in Auth0; managementPolicy Full would create it"), nil
		case 1:
			have = candidates[0]
		default:
			return w.stall(v1alpha1.ReasonAmbiguous, "several objects in Auth0 could be this one: %s", w.describeAll(candidates)), nil
		}
	}
	if err := w.joinParts(ctx, have); err != nil {
		return Outcome{}, err
	}
	w.Definition.Observe(w.object, have)
	w.lateInitialize(have)
	differences, err := w.differences(ctx, have)
	if err != nil {
		return Outcome{}, err
	}
	w.object.GetManagedStatus().Differences = differences
	w.reportSteps(have, w.Definition.Steps)
	if what := w.protects(have, w.session.ClientID()); what != "" {
		outcome := w.observed("this is " + what + ", which managementPolicy Full would leave as it is")
		outcome.protected = what
		return outcome, nil
	}
	return w.observed(summary(differences)), nil
}

func (w *objectSync[O]) observed(message string) Outcome {
	return w.ready(v1alpha1.ReasonObserved, message)
}

func (w *objectSync[O]) differences(ctx context.Context, have auth0.Document) ([]v1alpha1.Difference, error) {
	differences := w.differencesOf(slices.DeleteFunc(w.diff(have, w.enforced(have)), w.isUnshown))
	for _, list := range w.lists() {
		entries, err := list.Read(ctx, w.session, w.Definition.ID(w.object))
		if err != nil {
			return nil, err
		}
		if missing, surplus := list.Plan(entries); len(missing)+len(surplus)+len(list.Outdated()) > 0 {
			slices.Sort(entries)
			differences = append(differences, v1alpha1.Difference{Field: list.Field, Auth0: valueText(entries), Spec: valueText(list.Want)})
		}
	}
	return differences, nil
}

func summary(differences []v1alpha1.Difference) string {
	if len(differences) == 0 {
		return "in sync with Auth0"
	}
	names := make([]string, len(differences))
	for i, difference := range differences {
		names[i] = difference.Field
	}
	return "managementPolicy Full would change: " + quoted(names)
}

// valueText shows a value as JSON, "" for none.
func valueText(value any) string {
	if value == nil {
		return ""
	}
	// A value that came from JSON can become JSON.
	encoded, _ := json.Marshal(value)
	return shortenTo(string(encoded), longestValue)
}
