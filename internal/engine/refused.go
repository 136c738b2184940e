package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Auth0 refuses a whole call because of one field. The operator sends the other fields without it. Status remembers the field, so
// that not every reconciliation sends it again. See docs/decisions/0027-refused-fields.md.

const (
	// mostRefusals bounds the calls that Auth0 refuses in one reconciliation: each names at least one field that the next call
	// leaves out.
	mostRefusals = 5
	// longestRefusal bounds how much of Auth0's message status keeps.
	longestRefusal = 500
)

// sendParts sends an update in as many calls as Auth0 requires. A refused part does not hold back the others.
func (w *objectSync[O]) sendParts(ctx context.Context, have, patch auth0.Document, changes []change) (auth0.Document, error) {
	parts := w.fields.split(patch)
	for len(parts) > 0 {
		part := parts[0]
		updated, err := w.sendPart(ctx, have, part, changes)
		parts = parts[1:]
		if divided := w.divide(err, part, changes); divided != nil {
			parts = append(divided, parts...)
			continue
		}
		switch {
		case err == nil:
			have = updated
		case !w.fail(ctx, err, part, changes):
			return nil, err
		}
	}
	return have, nil
}

// divide splits a part with fields that Auth0 accepts only one at a time. It returns nil if that was not the reason of the
// refusal.
func (w *objectSync[O]) divide(err error, part auth0.Document, changes []change) []auth0.Document {
	failed, ok := refusalOf(err)
	if !ok || !failed.IsTooMuchAtOnce() || w.refusals >= mostRefusals {
		return nil
	}
	named := failed.Refuses(changedPaths(changesIn(part, changes, nil)))
	if len(named) < 2 {
		return nil
	}
	w.refusals++
	rest, apart := part.Clone(), auth0.Document{}
	for _, path := range named[1:] {
		field, _, _ := strings.Cut(path, ".")
		apart[field] = rest[field]
		delete(rest, field)
	}
	return []auth0.Document{rest, apart}
}

// taken returns the changes that Auth0 did not refuse.
func (w *objectSync[O]) taken(changes []change) []change {
	out := slices.Concat(w.unapplied, w.failed)
	return slices.DeleteFunc(slices.Clone(changes), func(one change) bool {
		return slices.ContainsFunc(out, func(other change) bool { return other.path == one.path })
	})
}

// sendPart sends one part of an update, without the fields that Auth0's answers name as refused. It returns an error if Auth0
// refuses the part without naming one of its fields.
func (w *objectSync[O]) sendPart(ctx context.Context, have, part auth0.Document, changes []change) (auth0.Document, error) {
	var out []change
	reported := ""
	for {
		updated, err := w.send(ctx, have, part.Clone())
		w.wroteUpdate(ctx, have, updated, err)
		if err == nil {
			w.rememberSent(part)
			w.takeOut(out)
			return updated, nil
		}
		have, part, err = w.sendFirst(ctx, have, part, err)
		refused := w.refusedOf(err, changesIn(part, changes, out), reported)
		if len(refused) == 0 {
			return nil, err
		}
		reported = messageOf(err)
		w.refusals++
		out = append(out, refused...)
		if part = w.fields.withoutChanges(part, have, refused); len(part) == 0 {
			w.takeOut(out)
			return have, nil
		}
	}
}

// sendFirst sends the fields of Fields.First in a part that Auth0 refused. It returns the rest of the part, and why that failed:
// the earlier error, or Auth0's answer to this call.
func (w *objectSync[O]) sendFirst(ctx context.Context, have, part auth0.Document, failed error) (updated, rest auth0.Document, err error) {
	_, isRefusal := refusalOf(failed)
	rest = part.Clone()
	first := w.fields.takeFirst(rest)
	if !isRefusal || len(first) == 0 || len(rest) == 0 {
		return have, part, failed
	}
	updated, err = w.send(ctx, have, first.Clone())
	w.wroteUpdate(ctx, have, updated, err)
	if err != nil {
		return have, part, err
	}
	w.rememberSent(first)
	return updated, rest, failed
}

// refusedOf returns the changes that an answer names, none if nothing should be sent without them. reported is the previous
// answer: if it comes again, Auth0 meant something else than the fields that were left out.
func (w *objectSync[O]) refusedOf(err error, changes []change, reported string) []change {
	failed, ok := refusalOf(err)
	if !ok || failed.IsTooMuchAtOnce() || failed.Message == reported || w.refusals >= mostRefusals || !w.isRemembered(failed) {
		return nil
	}
	named := failed.Refuses(changedPaths(changes))
	if slices.Contains(named, w.markerField()) {
		// Without its marker, the object is not managed.
		return nil
	}
	var refused []change
	for _, one := range changes {
		if slices.Contains(named, one.path) {
			one.refused = failed.Name(shortened(strings.TrimSuffix(failed.Message, ".")))
			refused = append(refused, one)
		}
	}
	return refused
}

func shortened(message string) string {
	if len(message) <= longestRefusal {
		return message
	}
	return strings.ToValidUTF8(message[:longestRefusal], "") + "…"
}

// refusalOf returns the error if Auth0 refused the contents of a request.
func refusalOf(err error) (*auth0.Error, bool) {
	failed, ok := errors.AsType[*auth0.Error](err)
	return failed, ok && auth0.IsRefused(err)
}

func messageOf(err error) string {
	failed, _ := refusalOf(err)
	return failed.Message
}

// explained returns the kind's explanation of an answer, nil if the kind has none.
func (w *objectSync[O]) explained(failed *auth0.Error) error {
	if explainer, ok := w.Adapter.(Explainer[O]); ok {
		return explainer.Explain(w.req(), failed)
	}
	return nil
}

// isRemembered reports whether Auth0's message alone explains a refusal, so that status can repeat it later.
func (w *objectSync[O]) isRemembered(failed *auth0.Error) bool {
	explained := w.explained(failed)
	if explained == nil {
		return true
	}
	known, ok := errors.AsType[*problem.Problem](explained)
	return ok && known.Stalled && !known.Secret && w.explainedRefusal(failed.Message) != nil
}

// explainedRefusal returns the kind's explanation of a refusal, by the message alone; nil if the kind has none.
func (w *objectSync[O]) explainedRefusal(message string) *problem.Problem {
	known, _ := errors.AsType[*problem.Problem](w.explained(&auth0.Error{Class: auth0.ClassInvalid, Status: http.StatusBadRequest, Message: message}))
	return known
}

// takeOut records the changes that Auth0 refused.
func (w *objectSync[O]) takeOut(refused []change) {
	if len(refused) == 0 {
		return
	}
	w.unapplied = append(w.unapplied, refused...)
	w.noteDifferences()
}

// fail records a part that Auth0 refused without naming a field. It returns true if the rest should still be sent; the next
// reconciliation sends the part again. After other failures it returns false.
func (w *objectSync[O]) fail(ctx context.Context, err error, part auth0.Document, changes []change) bool {
	failed, ok := refusalOf(err)
	lost := changesIn(part, changes, nil)
	if !ok || slices.ContainsFunc(lost, func(one change) bool { return one.path == w.markerField() }) {
		return false
	}
	w.explainSecrets(ctx, err)
	if w.failure == nil {
		w.failure = failed
	}
	w.failed = append(w.failed, lost...)
	if explained := w.explained(failed); explained != nil {
		w.noteRefusal(explained, failed)
	}
	return true
}

// changesIn returns the changes that a part contains, except some.
func changesIn(part auth0.Document, changes, but []change) []change {
	return slices.DeleteFunc(slices.Clone(changes), func(one change) bool {
		field, _, _ := strings.Cut(one.path, ".")
		_, carried := part[field]
		return !carried || slices.ContainsFunc(but, func(other change) bool { return other.path == one.path })
	})
}

// withoutChanges removes changes from a part of a patch. In an object that is replaced whole, it restores the value that was
// read.
func (f Fields) withoutChanges(part, have auth0.Document, changes []change) auth0.Document {
	part = part.Clone()
	for _, one := range changes {
		field, key, nested := strings.Cut(one.path, ".")
		switch {
		case nested && slices.Contains(f.Merged, field):
			delete(part.Object(field), key)
		case nested && f.Keyed[field] != "":
			part[field] = f.replaceEntry(part[field], one.path, one.have)
		case nested && slices.Contains(f.Replaced, field) && part.Object(field) != nil:
			setIn(part, splitPath(one.path), one.have)
		default:
			delete(part, field)
		}
		if f.isAsRead(part, have, field) {
			delete(part, field)
		}
	}
	for field, companions := range f.With {
		if slices.ContainsFunc(changes, func(one change) bool { return one.path == field }) {
			for _, companion := range companions {
				delete(part, companion)
			}
		}
	}
	return part
}

// isAsRead reports whether nothing is left to change in a field of a part.
func (f Fields) isAsRead(part, have auth0.Document, field string) bool {
	switch object := part.Object(field); {
	case slices.Contains(f.Merged, field):
		return len(object) == 0
	case slices.Contains(f.Replaced, field):
		return object != nil && reflect.DeepEqual(map[string]any(object), map[string]any(have.Object(field)))
	case f.Keyed[field] != "":
		return sameSet(part[field], have[field])
	}
	return false
}

// refused reports which fields of the object Auth0 did not accept.
func (w *objectSync[O]) refused() Outcome {
	reason, refused := w.refusedMessages()
	var ignored []string
	for _, one := range w.unapplied {
		if one.refused == "" {
			ignored = append(ignored, one.path)
		}
	}
	switch {
	case w.failure != nil:
		outcome := w.explain(w.failure)
		outcome.message = strings.Join(append([]string{outcome.message}, refused...), "; ")
		return outcome
	case len(refused) > 0:
		return w.stall(reason, "%s. Correct the spec: the other fields are sent, and what is refused is not sent again before the spec or the value in Auth0 changes, or a reconciliation is requested",
			strings.Join(refused, "; "))
	}
	return w.stall(v1alpha1.ReasonNotApplied, "Auth0 answered with success and did not apply: %s; see status.differences. Correct the spec, or check that the tenant's plan has it; it is sent again when the spec or Auth0 changes",
		quoted(ignored))
}

// refusedMessages name the fields that Auth0 refused, in the kind's words if it has any.
func (w *objectSync[O]) refusedMessages() (reason string, messages []string) {
	reason = v1alpha1.ReasonRejected
	declared := w.fields.flatten(w.desired)
	for _, one := range w.unapplied {
		if one.refused == "" {
			continue
		}
		verb := "refuses"
		if _, kept := declared[one.path]; one.want == nil || !kept && !one.isBeside {
			verb = "does not clear"
		}
		message := fmt.Sprintf("Auth0 %s %s: %s", verb, one.path, one.refused)
		if known := w.explainedRefusal(one.refused); known != nil {
			reason, message = known.Reason, known.Message
		}
		messages = append(messages, strings.TrimSuffix(message, "."))
	}
	return reason, messages
}

// isTaken reports whether Auth0 applied everything that was sent.
func (w *objectSync[O]) isTaken() bool { return len(w.unapplied) == 0 && w.failure == nil }

// noteDifferences records in status what Auth0 did not apply.
func (w *objectSync[O]) noteDifferences() {
	differences := differencesOf(w.unapplied)
	for i := range differences {
		if differences[i].Refused != "" {
			differences[i].Generation = w.object.GetGeneration()
		}
	}
	w.object.GetManagedStatus().Differences = differences
}
