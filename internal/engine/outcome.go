package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/display"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// state is the result of a reconciliation.
type state int

const (
	// done: the object is in sync with Auth0, or was observed.
	done state = iota
	// waiting: the operator continues when something happens or after a time.
	waiting
	// failed: the attempt failed for a transient reason; it is retried with growing pauses.
	failed
	// stalled: a person must act.
	stalled
	// suspended: a person asked for a pause.
	suspended
	// removeFinalizer: nothing is left to do for an object that is being deleted.
	removeFinalizer
	// interrupted: a write conflict, a shutdown or a lost lease ended the reconciliation; status stays.
	interrupted
	// noStatusChange: the result is not worth a write; changes to status are dropped.
	noStatusChange
)

// longestStall is the longest delay between two reconciliations of a stalled object: someone may have fixed it in Auth0
// meanwhile.
const longestStall = 15 * time.Minute

// Outcome is the result of a reconciliation: the only source of conditions, and of the time of the next reconciliation.
type Outcome struct {
	state   state
	reason  string
	message string
	after   time.Duration
	// requeueWithin is when to reconcile again, if a failed attempt is not retried before; 0 leaves that to the pauses between
	// attempts.
	requeueWithin time.Duration
	// notReady means that a Ready object is known not to be Ready any more.
	notReady bool
	// protected says what was observed, if no object may manage it.
	protected string
	// keepReady means that a Ready object stays Ready, whatever its generation: a deletion also raises that.
	keepReady bool
	err       error
}

// Done reports that the object is Ready, and when to reconcile it again, plus a random delay.
func Done(reason, message string, after time.Duration) Outcome {
	return Outcome{state: done, reason: reason, message: message, after: spread(after)}
}

// DoneUntil reports that the object is Ready, and exactly when to reconcile it again.
func DoneUntil(reason, message string, after time.Duration) Outcome {
	return Outcome{state: done, reason: reason, message: message, after: max(after, time.Second)}
}

// Wait reports that the operator continues without action. after is the delay of the next reconciliation; 0 relies on watches.
func Wait(reason, message string, after time.Duration) Outcome {
	return Outcome{state: waiting, reason: reason, message: message, after: after}
}

// Stall reports that a person must act, and when to check again.
func Stall(reason, message string, after time.Duration) Outcome {
	return Outcome{state: stalled, reason: reason, message: message, after: spread(min(after, longestStall))}
}

// NoStatusChange reports that the operator continues without action, and that this needs no write.
func NoStatusChange(after time.Duration) Outcome { return Outcome{state: noStatusChange, after: after} }

// Requeue reports that the operator will know the state of the object soon. Until then its conditions stay.
func Requeue(after time.Duration) Outcome { return Outcome{state: interrupted, after: after} }

// Retry reports that the attempt failed for a transient reason.
func Retry(reason string, err error) Outcome {
	return Outcome{state: failed, reason: reason, message: err.Error(), err: err}
}

// RemoveFinalizer reports that the object may be deleted.
func RemoveFinalizer(message string) Outcome {
	return Outcome{state: removeFinalizer, message: message}
}

// isFinal reports whether the reconciliation is complete: it compared the object with Auth0 and needs no retry.
func (o Outcome) isFinal() bool {
	return o.state == done || o.state == stalled || o.state == removeFinalizer
}

// awaitsTenant reports whether the reconciliation ended because the tenant is unavailable: it made no call, and the rate limiter
// requeues the object when the tenant is available again.
func (o Outcome) awaitsTenant() bool {
	return o.state == waiting && o.reason == v1alpha1.ReasonTenantUnavailable
}

// RequeueWithin sets the maximum delay of the next reconciliation of an object that waits or is retried.
func (o Outcome) RequeueWithin(after time.Duration) Outcome {
	switch {
	case o.state == waiting && after > 0 && (o.after <= 0 || after < o.after):
		o.after = after
	case o.state == failed:
		o.requeueWithin = after
	}
	return o
}

// meanwhile adds to an outcome that waits for a person the result of keeping the object usable until then.
func (o Outcome) meanwhile(keepReady Outcome) Outcome {
	if keepReady.state == interrupted {
		return keepReady
	}
	if keepReady.message != "" && (keepReady.notReady || keepReady.state == failed || keepReady.state == stalled) {
		o.message += "; meanwhile: " + keepReady.message
	}
	if keepReady.state == failed {
		keepReady.after = deletionPoll
	}
	if keepReady.after > 0 && (o.after <= 0 || keepReady.after < o.after) {
		o.after = keepReady.after
	}
	return o
}

// NotReady marks an outcome that makes a Ready object not Ready.
func (o Outcome) NotReady() Outcome {
	o.notReady = true
	return o
}

// NotReadyBecause is NotReady with a reason.
func (o Outcome) NotReadyBecause(why string) Outcome {
	o.message += "; " + why
	return o.NotReady()
}

// KeepReady marks an outcome that keeps a Ready object Ready, although it is being deleted.
func (o Outcome) KeepReady() Outcome {
	o.keepReady = true
	return o
}

// WithRequestID adds Auth0's request ID to an outcome of a failed call. It adds none for rate limits.
func (o Outcome) WithRequestID(failed *auth0.Error) Outcome {
	if failed.Class != auth0.ClassRateLimited && o.message != "" {
		o.message = failed.Name(o.message)
	}
	return o
}

// FromError converts an error to an Outcome. resync is when to reconcile an object again that a person must fix.
func FromError(err error, resync time.Duration) Outcome {
	var known *problem.Problem
	switch {
	case errors.As(err, &known) && known.Stalled:
		return Stall(known.Reason, known.Message, firstPositive(known.After, resync))
	case errors.As(err, &known):
		return Outcome{state: waiting, reason: known.Reason, message: known.Message, after: known.After, notReady: known.Breaks}
	case errors.Is(err, context.Canceled), errors.Is(err, lease.ErrLost), apierrors.IsConflict(err):
		return Outcome{state: interrupted, after: time.Second}
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return Outcome{state: interrupted, after: time.Second}
	}
	return Retry(v1alpha1.ReasonProgressingWithRetry, err)
}

func firstPositive(a, b time.Duration) time.Duration {
	if a > 0 {
		return a
	}
	return b
}

// result is the only function that decides when an object is requeued.
func (o Outcome) result() (ctrl.Result, error) {
	switch o.state {
	case done, stalled, waiting, interrupted, noStatusChange:
		return ctrl.Result{RequeueAfter: o.after}, nil
	case failed:
		return ctrl.Result{}, o.err
	default:
		return ctrl.Result{}, nil
	}
}

// writeTo sets the conditions and observedGeneration to the outcome.
func (o Outcome) writeTo(status *v1alpha1.CommonStatus, generation int64) {
	conditions := conditionWriter{status: status, generation: generation}
	switch o.state {
	case done:
		conditions.set(v1alpha1.ConditionReady, metav1.ConditionTrue, o.reason, o.message)
		conditions.remove(v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled)
		status.ObservedGeneration = generation
	case stalled:
		conditions.set(v1alpha1.ConditionReady, metav1.ConditionFalse, o.reason, o.message)
		conditions.set(v1alpha1.ConditionStalled, metav1.ConditionTrue, o.reason, o.message)
		conditions.remove(v1alpha1.ConditionReconciling)
		status.ObservedGeneration = generation
	case suspended:
		conditions.set(v1alpha1.ConditionReady, lastReady(status), o.reason, o.message)
		conditions.remove(v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled)
		status.ObservedGeneration = generation
	case waiting, failed:
		switch {
		case !o.staysReady(status, generation):
			conditions.set(v1alpha1.ConditionReady, metav1.ConditionFalse, o.reason, o.message)
		case o.keepReady:
			// An object that is still Ready says what its deletion waits for.
			conditions.set(v1alpha1.ConditionReady, metav1.ConditionTrue, o.reason, o.message)
		}
		conditions.set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, o.reason, o.message)
		conditions.remove(v1alpha1.ConditionStalled)
	default:
		// The outcomes removeFinalizer, interrupted and noStatusChange leave the status alone.
	}
}

// staysReady reports whether a Ready object stays Ready while the operator waits: only its periodic check is pending, and no
// fault is known.
func (o Outcome) staysReady(status *v1alpha1.CommonStatus, generation int64) bool {
	current := o.keepReady || status.ObservedGeneration == generation
	return current && !o.notReady && lastReady(status) == metav1.ConditionTrue
}

func lastReady(status *v1alpha1.CommonStatus) metav1.ConditionStatus {
	if ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Status
	}
	return metav1.ConditionUnknown
}

// conditionWriter writes the conditions of one generation.
type conditionWriter struct {
	status     *v1alpha1.CommonStatus
	generation int64
}

// set writes a condition. It skips a message that differs from the previous one only in the request ID.
func (w conditionWriter) set(kind string, status metav1.ConditionStatus, reason, message string) {
	message = shorten(display.Text(message))
	if before := meta.FindStatusCondition(w.status.Conditions, kind); before != nil && auth0.SameMessage(before.Message, message) {
		message = before.Message
	}
	meta.SetStatusCondition(&w.status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: w.generation,
	})
}

func (w conditionWriter) remove(kinds ...string) {
	for _, kind := range kinds {
		meta.RemoveStatusCondition(&w.status.Conditions, kind)
	}
}

// longestMessage keeps conditions readable, and well below what the API server accepts.
const longestMessage = 2048

func shorten(message string) string {
	if len(message) <= longestMessage {
		return message
	}
	return message[:longestMessage] + "…"
}

// spread adds up to a tenth, so that objects that were created together are not due together. It never subtracts, because an
// early reconciliation would find nothing to do.
func spread(d time.Duration) time.Duration {
	if d <= 0 {
		return d
	}
	return d + rand.N(d/10+1) //nolint:gosec // No secret depends on when an object is reconciled.
}
