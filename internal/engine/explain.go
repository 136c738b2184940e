package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

func (w *objectSync[O]) stall(reason, format string, args ...any) Outcome {
	return Stall(reason, fmt.Sprintf(format, args...), w.resync)
}

// explain turns an error into an Outcome, in the kind's words if it has any.
func (w *objectSync[O]) explain(err error) Outcome {
	var failed *auth0.Error
	if !errors.As(err, &failed) {
		return FromError(err, w.resync)
	}
	if w.Definition.Explain != nil && w.session != nil {
		if explained := w.Definition.Explain(w.req(), failed); explained != nil {
			w.noteRefusal(explained, failed)
			return FromError(explained, w.resync).WithRequestID(failed)
		}
	}
	if explained := w.explainMarker(failed); explained != nil {
		return FromError(explained, w.resync).WithRequestID(failed)
	}
	return FromAuth0(failed, w.session, w.resync, w.Clock.Now())
}

// explainMarker reports that the object's metadata in Auth0 is full, so that the marker does not fit. It returns nil if Auth0
// refused something else.
func (w *objectSync[O]) explainMarker(failed *auth0.Error) error {
	metadata, key, marked := strings.Cut(w.markerField(), ".")
	full := strings.Contains(failed.Message, "Too many properties") || strings.Contains(failed.Message, "too many properties")
	if !marked || failed.Class != auth0.ClassInvalid || !full || !strings.Contains(failed.Message, metadata) {
		return nil
	}
	return problem.Stalled(v1alpha1.ReasonRejected,
		"%s is full: beside the keys that are there, the operator needs room for its own key %s, by which it knows what this object holds (Auth0 says: %s); remove a key in Auth0, or from the spec",
		metadata, key, strings.TrimSuffix(failed.Message, "."))
}

// explainSecrets adds to an error which rule a secret value breaks that Auth0 just refused.
func (w *objectSync[O]) explainSecrets(ctx context.Context, err error) {
	failed, refused := errors.AsType[*auth0.Error](err)
	if w.Definition.ExplainSecret == nil || !refused || failed.Class != auth0.ClassInvalid || failed.Route == "" {
		return
	}
	for field, value := range w.secrets {
		if text, ok := value.(string); ok {
			if why := w.Definition.ExplainSecret(ctx, w.req(), field, text, failed); why != "" {
				failed.Message += ": " + why
			}
		}
	}
}

// noteRefusal records a refusal of the secret values that were sent.
func (w *objectSync[O]) noteRefusal(explained error, failed *auth0.Error) {
	if known, ok := errors.AsType[*problem.Problem](explained); ok && known.Secret {
		w.rememberRefused(failed)
	}
}

// FromAuth0 turns a failed call into an Outcome, by its class alone.
func FromAuth0(failed *auth0.Error, session *auth0.Session, resync time.Duration, now time.Time) Outcome {
	return outcomeOf(failed, session, resync, now).WithRequestID(failed)
}

func outcomeOf(failed *auth0.Error, session *auth0.Session, resync time.Duration, now time.Time) Outcome {
	switch failed.Class {
	case auth0.ClassRateLimited:
		return waitForLimit(failed, now)
	case auth0.ClassCircuitOpen:
		return Wait(v1alpha1.ReasonTenantUnavailable, failed.Message, 0)
	case auth0.ClassUnauthorized:
		return Wait(v1alpha1.ReasonTenantNotReady, "Auth0 refuses the operator's credentials; see the Auth0Tenant", outageRetry)
	case auth0.ClassMissingScope:
		return FromError(scopeMissed(session, failed), resync)
	case auth0.ClassUntrusted:
		return Stall(v1alpha1.ReasonCertificateUntrusted, Untrusted(failed), resync)
	case auth0.ClassTooLarge:
		return Stall(v1alpha1.ReasonResponseTooLarge, fmt.Sprintf("%s: %s; make the object in Auth0 smaller", failed.Route, failed.Message), resync)
	case auth0.ClassInvalid, auth0.ClassForbidden:
		if failed.IsNotEntitled() {
			// A plan changes rarely.
			return Outcome{state: stalled, reason: v1alpha1.ReasonNotEntitled, after: spread(resync), message: fmt.Sprintf(
				"%s%s (%s, %d); upgrade the plan, or remove what needs it from the spec", auth0.NotEntitledPrefix, strings.TrimSuffix(failed.Message, "."), failed.Route, failed.Status)}
		}
		if failed.Status == 0 {
			return Stall(v1alpha1.ReasonRejected, failed.Message, resync)
		}
		return Stall(v1alpha1.ReasonRejected, fmt.Sprintf("Auth0 refuses this: %s (%s, %d)", strings.TrimSuffix(failed.Message, "."), failed.Route, failed.Status), resync)
	case auth0.ClassUnavailable:
		return Retry(v1alpha1.ReasonTenantUnavailable, failed)
	default:
		return Retry(v1alpha1.ReasonProgressingWithRetry, failed)
	}
}

// Untrusted says what to do about a certificate that is not trusted.
func Untrusted(failed *auth0.Error) string {
	return failed.Message + "; if the domain is served with a certificate of your own authority, name it in spec.caBundle of the Auth0Tenant"
}

// waitForLimit reports that an object waits for the rate limit, and roughly until when. Its reservation requeues it; the delay of
// the Outcome is a fallback. The time in the message is coarse, so that repeating it does not change the status.
func waitForLimit(failed *auth0.Error, now time.Time) Outcome {
	what, wait := "waiting for Auth0's rate limit", failed.After
	if failed.Status == 0 {
		what = failed.Message
	}
	message := what + "; resuming within a minute"
	if wait > time.Minute {
		at := now.Add(wait).UTC().Truncate(coarse).Add(coarse)
		message = what + "; going on at about " + at.Format("15:04 UTC, 2 January")
	}
	return Wait(v1alpha1.ReasonRateLimited, message, wait+wait/2+time.Minute)
}

// coarse is the precision of the time in that message.
const coarse = 5 * time.Minute

func missingScope(session *auth0.Session, scopes []string) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonMissingScope,
		"missing scopes: %s; grant them to the application %s in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications",
		quoted(scopes), session.ClientID()).Again(scopeRetry)
}

// scopeMissed is missingScope for a call that Auth0 refused, although all scopes of the kind are granted.
func scopeMissed(session *auth0.Session, failed *auth0.Error) *problem.Problem {
	if len(failed.Scopes) > 0 {
		return missingScope(session, failed.Scopes)
	}
	return problem.Stalled(v1alpha1.ReasonMissingScope,
		"%s takes a scope that the application %s lacks (Auth0 says: %s); grant it in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications",
		failed.Route, session.ClientID(), failed.Message).Again(scopeRetry)
}

// quoted joins names for a message.
func quoted(names []string) string { return strings.Join(names, ", ") }
