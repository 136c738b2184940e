package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
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
func (w *objectSync[O]) sendParts(ctx context.Context, have, patch auth0.Document, changes []fields.Change) (auth0.Document, error) {
	parts := w.calls(patch)
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
func (w *objectSync[O]) divide(err error, part auth0.Document, changes []fields.Change) []auth0.Document {
	failed, ok := refusalOf(err)
	if !ok || !failed.IsTooMuchAtOnce() || w.refusals >= mostRefusals {
		return nil
	}
	named := w.refuses(failed, part, fields.ChangesIn(part, changes, nil))
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
func (w *objectSync[O]) taken(changes []fields.Change) []fields.Change {
	out := slices.Concat(w.unapplied, w.failed)
	return slices.DeleteFunc(slices.Clone(changes), func(one fields.Change) bool {
		return slices.ContainsFunc(out, func(other fields.Change) bool { return other.Path == one.Path })
	})
}

// sendPart sends one part of an update, without the fields that Auth0's answers name as refused. It returns an error if Auth0
// refuses the part without naming one of its fields.
func (w *objectSync[O]) sendPart(ctx context.Context, have, part auth0.Document, changes []fields.Change) (auth0.Document, error) {
	var out []fields.Change
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
		refused := w.refusedOf(err, part, fields.ChangesIn(part, changes, out), reported)
		if len(refused) == 0 {
			return nil, err
		}
		reported = messageOf(err)
		w.refusals++
		out = append(out, refused...)
		if part = w.fields.WithoutChanges(part, have, refused); len(part) == 0 {
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
	first := w.fields.TakeFirst(rest)
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
func (w *objectSync[O]) refusedOf(err error, part auth0.Document, changes []fields.Change, reported string) []fields.Change {
	failed, ok := refusalOf(err)
	if !ok || failed.IsTooMuchAtOnce() || failed.Message == reported || w.refusals >= mostRefusals || !w.isRemembered(failed) {
		return nil
	}
	named := w.refuses(failed, part, changes)
	if slices.Contains(named, w.markerField()) {
		// Without its marker, the object is not managed.
		return nil
	}
	var refused []fields.Change
	for _, one := range changes {
		if slices.Contains(named, one.Path) {
			one.Refused = failed.Name(shortened(strings.TrimSuffix(failed.Message, ".")))
			if failed.IsNotEntitled() {
				one.Refused = auth0.NotEntitledPrefix + one.Refused
			}
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
	if w.Definition.Explain != nil {
		return w.Definition.Explain(w.req(), failed)
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
func (w *objectSync[O]) takeOut(refused []fields.Change) {
	if len(refused) == 0 {
		return
	}
	w.unapplied = append(w.unapplied, refused...)
	w.noteDifferences()
}

// fail records a part that Auth0 refused without naming a field. It returns true if the rest should still be sent; the next
// reconciliation sends the part again. After other failures it returns false.
func (w *objectSync[O]) fail(ctx context.Context, err error, part auth0.Document, changes []fields.Change) bool {
	failed, ok := refusalOf(err)
	lost := fields.ChangesIn(part, changes, nil)
	if !ok || slices.ContainsFunc(lost, func(one fields.Change) bool { return one.Path == w.markerField() }) {
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

// refused reports which fields of the object Auth0 did not accept.
func (w *objectSync[O]) refused() Outcome {
	reason, refused := w.refusedMessages()
	var ignored []string
	for _, one := range w.unapplied {
		if one.Refused == "" {
			ignored = append(ignored, one.Path)
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
	declared := w.fields.Flatten(w.desired)
	for _, one := range w.unapplied {
		if one.Refused == "" {
			continue
		}
		verb := "refuses"
		if _, kept := declared[one.Path]; one.Want == nil || !kept && !one.IsBeside {
			verb = "does not clear"
		}
		message := fmt.Sprintf("Auth0 %s %s: %s", verb, one.Path, one.Refused)
		if strings.HasPrefix(one.Refused, auth0.NotEntitledPrefix) {
			reason = v1alpha1.ReasonNotEntitled
			message = fmt.Sprintf("%s: %s; upgrade the plan, or remove the field", one.Path, one.Refused)
		}
		if known := w.explainedRefusal(one.Refused); known != nil {
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
	differences := w.differencesOf(w.unapplied)
	for i := range differences {
		if differences[i].Refused != "" {
			differences[i].Generation = w.object.GetGeneration()
		}
	}
	w.object.GetManagedStatus().Differences = differences
}
