package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/semaphore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/display"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// worthSaying is how long an object must wait for Auth0's rate limit before its status reports it: most waits end sooner, and the
// report is a write.
const worthSaying = 5 * time.Second

// mostStatus bounds the bytes of one write to a status: it contains text from Auth0, and the cache holds all of it.
const mostStatus = 256 << 10

// Handler is the part of a reconciliation that is specific to a kind.
type Handler[O v1alpha1.Object] interface {
	// Apply brings Auth0 in line with the object.
	Apply(context.Context, *Reconciliation[O]) Outcome
	// Remove undoes what Apply did, for an object that is being deleted and carries the finalizer.
	Remove(context.Context, *Reconciliation[O]) Outcome
}

// Pauser is a Handler that also acts when its object is suspended.
type Pauser[O v1alpha1.Object] interface {
	// Pause cancels the work of Apply that has not begun.
	Pause(*Reconciliation[O])
}

// Forgetter is a Handler that remembers something about objects beyond their status.
type Forgetter interface {
	// Forget drops what is known of an object that is gone.
	Forget(name types.NamespacedName)
}

// Reconciler is the reconcile loop of one kind.
type Reconciler[O v1alpha1.Object] struct {
	Deps
	Kind    string
	Events  events.EventRecorder
	Handler Handler[O]

	// kinds are the kinds of the registry.
	kinds []Kind
	// indexes returns what an object has in each index of the cache.
	indexes func(v1alpha1.Object) map[string][]string
	queue   *queueOf
	workers *ratelimit.Workers
	// written holds, by name, the resource version of the operator's last write that the cache has not shown yet.
	written sync.Map
	// begun holds which version of an object its last reconciliation began with.
	begun begun
	// warned holds, by name, the warnings of the last reconciliation.
	warned sync.Map
}

// reservation returns the reservation for a reconciliation of an object.
func (r *Reconciler[O]) reservation(object O, key reservationKey, request ctrl.Request) *ratelimit.Reservation {
	priority := priorityOf(object)
	reservation := r.Pool.Limiters.Reserve(key, priority, func() { r.queue.call(request) })
	reservation.Hold(r.workers, func() { r.queue.lookLater(request, priority) })
	if Requested(object) {
		reservation.Request()
	}
	return reservation
}

// forget drops what is known of an object that cannot be read, and more if the object was deleted.
func (r *Reconciler[O]) forget(key reservationKey, err error) error {
	r.Pool.Limiters.Forget(key)
	forgetter, ok := r.Handler.(Forgetter)
	if client.IgnoreNotFound(err) == nil {
		r.warned.Delete(key.name)
	}
	if ok && client.IgnoreNotFound(err) == nil {
		forgetter.Forget(key.name)
	}
	return client.IgnoreNotFound(err)
}

// largeObjects bounds how many large objects the process reconciles at once, and so their memory.
var largeObjects = semaphore.NewWeighted(8)

// needsWhole reports whether a reconciliation needs more than the part of the object in the cache. An object that is too large is
// only reconciled for its deletion.
func needsWhole(object v1alpha1.Object) bool {
	return partial.Is(object) && (partial.Refusal(object) == "" || object.GetDeletionTimestamp() != nil)
}

// whole returns the whole object if the reconciliation needs it. release must be called at the end; it is nil while the process
// reconciles too many large objects.
func (r *Reconciler[O]) whole(ctx context.Context, object O) (_ O, release func(), err error) {
	if !needsWhole(object) {
		return object, func() {}, nil
	}
	if !largeObjects.TryAcquire(1) {
		return object, nil, nil
	}
	if object, err = r.readWhole(ctx, client.ObjectKeyFromObject(object)); err != nil {
		largeObjects.Release(1)
		return object, nil, err
	}
	return object, func() { largeObjects.Release(1) }, nil
}

// readWhole returns the object from the API server.
func (r *Reconciler[O]) readWhole(ctx context.Context, name types.NamespacedName) (O, error) {
	object := newObject[O]()
	if err := r.Reader.Get(ctx, name, object); err != nil {
		return object, err
	}
	return object, partial.Refuse(object, r.indexes)
}

// read returns the object, or a part of it, from the cache. It reads from the API server while the cache lags behind the
// operator's own last write: with an old status, the operator would repeat work and lose what it learned.
func (r *Reconciler[O]) read(ctx context.Context, name types.NamespacedName) (O, error) {
	object := newObject[O]()
	err := r.Client.Get(ctx, name, object, partial.Allowed)
	if err != nil || r.isCurrent(object) {
		r.written.Delete(name)
		return object, err
	}
	return r.readWhole(ctx, name)
}

// isCurrent reports whether an object from the cache is as new as the operator's own last write to it.
func (r *Reconciler[O]) isCurrent(object O) bool {
	version, ok := r.written.Load(client.ObjectKeyFromObject(object))
	if !ok {
		return true
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), version.(string))
	return err == nil && order >= 0
}

// wrote remembers the operator's own last write.
func (r *Reconciler[O]) wrote(object O) {
	r.written.Store(client.ObjectKeyFromObject(object), object.GetResourceVersion())
}

// suspend leaves everything as it is, and cancels scheduled work.
func (r *Reconciler[O]) suspend(reconciliation *Reconciliation[O], deleting bool) Outcome {
	r.pause(reconciliation)
	message := "spec.suspend is true: nothing is read from Auth0 or written to it until it is false"
	if deleting {
		message = "spec.suspend is true: the deletion waits until it is false"
	}
	return Outcome{state: suspended, reason: v1alpha1.ReasonSuspended, message: message}
}

// remove removes an object that is being deleted, unless its deletion is held.
func (r *Reconciler[O]) remove(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	outcome, err := r.hold(ctx, reconciliation)
	switch {
	case err != nil:
		return FromError(err, deletionPoll)
	case outcome != nil:
		return r.maintain(ctx, reconciliation, *outcome)
	}
	return r.Handler.Remove(ctx, reconciliation)
}

// pause cancels scheduled work for a suspended object.
func (r *Reconciler[O]) pause(reconciliation *Reconciliation[O]) {
	if pauser, ok := r.Handler.(Pauser[O]); ok {
		pauser.Pause(reconciliation)
	}
}

func (r *Reconciler[O]) release(ctx context.Context, reconciliation *Reconciliation[O], outcome Outcome) (ctrl.Result, error) {
	if outcome.message != "" {
		reconciliation.Event(ctx, corev1.EventTypeNormal, v1alpha1.ReasonDeleting, outcome.message)
	}
	if err := client.IgnoreNotFound(reconciliation.patchFinalizer(ctx, controllerutil.RemoveFinalizer)); err != nil {
		return FromError(err, 0).result()
	}
	return ctrl.Result{}, nil
}

// longestToken bounds how much of a request to reconcile is compared, and copied to status.
const longestToken = 256

// requestedAt returns the token of the latest request to reconcile now.
func requestedAt(object client.Object) string {
	annotations := object.GetAnnotations()
	token := cmp.Or(annotations[v1alpha1.AnnotationReconcileRequestedAt], annotations[v1alpha1.AnnotationFluxRequestedAt])
	return token[:min(len(token), longestToken)]
}

// requestsOf returns the annotations that request an action.
func requestsOf(object client.Object) map[string]string {
	requests := maps.Clone(object.GetAnnotations())
	maps.DeleteFunc(requests, func(key, _ string) bool {
		return !strings.HasPrefix(key, v1alpha1.SchemeGroupVersion.Group+"/") && key != v1alpha1.AnnotationFluxRequestedAt
	})
	return requests
}

// Requested reports whether a person or a tool requested a reconciliation that has not been handled yet.
func Requested(object v1alpha1.Object) bool {
	return requestedAt(object) != object.GetCommonStatus().LastHandledReconcileAt
}

// Reconciliation is one run of the loop for one object.
type Reconciliation[O v1alpha1.Object] struct {
	// Object is changed in memory; Save writes its status.
	Object O
	saved  O
	loop   *Reconciler[O]
	// found means that status describes the object as it is in Auth0, so that nothing needs to be read again.
	found bool
	// reported are the messages of the Events of this reconciliation, by reason.
	reported map[string][]string
}

// leavesStatus reports whether the status stays unchanged, because the object waits for a short time or only for its periodic
// check. It also returns when to reconcile the object again.
func (p *Reconciliation[O]) leavesStatus(reservation *ratelimit.Reservation, outcome Outcome) (again time.Duration, noStatusChange bool) {
	if p.found {
		return 0, false
	}
	if outcome.awaitsTenant() {
		breaks := outcome.notReady && lastReady(p.saved.GetCommonStatus()) == metav1.ConditionTrue
		return outcome.after, reservation.IsPeriodic() && !breaks
	}
	waited, waits := reservation.Waits()
	return worthSaying - waited, waits && waited < worthSaying && outcome.reason == v1alpha1.ReasonRateLimited
}

// record writes the outcome to the conditions, and reports a change.
func (p *Reconciliation[O]) record(ctx context.Context, outcome Outcome) {
	status := p.Object.GetCommonStatus()
	outcome.writeTo(status, p.Object.GetGeneration())
	if outcome.reason != v1alpha1.ReasonRateLimited && !outcome.awaitsTenant() {
		status.LastHandledReconcileAt = requestedAt(p.Object)
	}
	p.reportTransition(ctx)
}

// saveOutcome saves the status. If that is too large, the status takes it back, and the outcome says so.
func (p *Reconciliation[O]) saveOutcome(ctx context.Context, outcome Outcome) (Outcome, error) {
	err := p.Save(ctx)
	if _, ok := errors.AsType[*problem.Problem](err); !ok {
		return outcome, err
	}
	outcome = FromError(err, longestStall)
	outcome.writeTo(p.Object.GetCommonStatus(), p.Object.GetGeneration())
	return outcome, p.Save(ctx)
}

// requeueFunc returns a function that requeues the object.
func (p *Reconciliation[O]) requeueFunc() func() {
	queue, request := p.loop.queue, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p.Object)}
	return func() { queue.call(request) }
}

// Save writes the status if it changed. Every reconciliation calls it at its end, and a Handler calls it right after a result in
// Auth0 that must not be lost. It fails with a conflict if another replica wrote the status meanwhile. Changes to other fields do
// not matter.
func (p *Reconciliation[O]) Save(ctx context.Context) error {
	if equality.Semantic.DeepEqual(p.saved, p.Object) {
		return nil
	}
	if _, managed := any(p.Object).(v1alpha1.Managed); !managed {
		// The status of a tenant has several writers in one replica.
		return p.patchStatus(ctx, client.MergeFrom(p.saved))
	}
	for try := 1; ; try++ {
		err := p.saveUnlessChanged(ctx)
		if !apierrors.IsConflict(err) || try == saveTries {
			return err
		}
		if statusStays, failed := p.catchUp(ctx); failed != nil || !statusStays {
			return cmp.Or(failed, err)
		}
	}
}

// saveTries bounds how often a write of the status is repeated because someone changed the object.
const saveTries = 5

// catchUp takes the current version of the object if its status is still the one that this reconciliation began with.
func (p *Reconciliation[O]) catchUp(ctx context.Context) (statusStays bool, err error) {
	current := newObject[O]()
	if err := p.loop.Reader.Get(ctx, client.ObjectKeyFromObject(p.Object), current); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	difference, err := client.MergeFrom(p.saved).Data(current)
	if err != nil {
		return false, fmt.Errorf("compare the status: %w", err)
	}
	var changed struct{ Status json.RawMessage }
	if err := json.Unmarshal(difference, &changed); err != nil {
		return false, fmt.Errorf("compare the status: %w", err)
	}
	if changed.Status != nil || current.GetUID() != p.Object.GetUID() {
		return false, nil
	}
	for _, known := range []O{p.saved, p.Object} {
		known.SetResourceVersion(current.GetResourceVersion())
	}
	return true, nil
}

// saveUnlessChanged is Save, but it fails if anyone changed the object since it was read, because the next step must not use a
// stale object.
func (p *Reconciliation[O]) saveUnlessChanged(ctx context.Context) error {
	return p.patchStatus(ctx, client.MergeFromWithOptions(p.saved, client.MergeFromWithOptimisticLock{}))
}

func (p *Reconciliation[O]) patchStatus(ctx context.Context, patch client.Patch) error {
	next := p.Object.DeepCopyObject().(O)
	if data, err := patch.Data(next); err == nil && len(data) > mostStatus {
		p.Object = p.saved.DeepCopyObject().(O)
		return problem.Stalled(v1alpha1.ReasonResponseTooLarge, "what Auth0 says of the object takes more than %d KiB in status; make the object in Auth0 smaller", mostStatus>>10)
	}
	if err := p.loop.Client.Status().Patch(ctx, next, patch, client.FieldOwner(secret.FieldManager)); err != nil {
		if client.IgnoreNotFound(err) == nil {
			return nil
		}
		return fmt.Errorf("write status: %w", err)
	}
	p.loop.wrote(next)
	p.Object.SetResourceVersion(next.GetResourceVersion())
	p.saved = p.Object.DeepCopyObject().(O)
	return nil
}

// AddFinalizer adds the finalizer. A Handler calls it before the first write to Auth0.
func (p *Reconciliation[O]) AddFinalizer(ctx context.Context) error {
	return p.patchFinalizer(ctx, controllerutil.AddFinalizer)
}

// patchFinalizer changes the finalizers only, and only if nobody changed the object since it was read: a stale object
// may have been deleted and recreated.
func (p *Reconciliation[O]) patchFinalizer(ctx context.Context, change func(client.Object, string) bool) error {
	object := p.saved.DeepCopyObject().(O)
	if !change(object, v1alpha1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(p.saved, client.MergeFromWithOptimisticLock{})
	if err := p.loop.Client.Patch(ctx, object, patch, client.FieldOwner(secret.FieldManager)); err != nil {
		return fmt.Errorf("write finalizer: %w", err)
	}
	p.loop.wrote(object)
	for _, known := range []O{p.saved, p.Object} {
		known.SetFinalizers(object.GetFinalizers())
		known.SetResourceVersion(object.GetResourceVersion())
	}
	return nil
}

// Event reports a change to people, and logs it.
func (p *Reconciliation[O]) Event(ctx context.Context, eventType, reason, message string) {
	message = display.Text(message)
	p.loop.Events.Eventf(p.Object, nil, eventType, reason, p.action(reason, message), "%s", shortenTo(message, longestNote))
	logr.FromContextOrDiscard(ctx).Info(message, "reason", reason)
}

// action is the action of an Event. Kubernetes treats Events with the same reason and action as repetitions, and drops the second
// text. So a different message gets another action.
func (p *Reconciliation[O]) action(reason, message string) string {
	at := slices.Index(p.reported[reason], message)
	if at < 0 {
		if p.reported == nil {
			p.reported = map[string][]string{}
		}
		at, p.reported[reason] = len(p.reported[reason]), append(p.reported[reason], message)
	}
	if at == 0 {
		return "Reconcile"
	}
	return fmt.Sprintf("Reconcile%d", at+1)
}

// longestNote is the limit of the API server for the note of an Event.
const longestNote = 1000

func shortenTo(message string, limit int) string {
	if len(message) <= limit {
		return message
	}
	return message[:limit] + "…"
}

// reportTransition records an Event when the reason of Ready changed. For a new object, and for one that waits for the rate
// limit, it records only what needs a person: the Event of the creation already reports success, and a wait is not news.
func (p *Reconciliation[O]) reportTransition(ctx context.Context) {
	was := meta.FindStatusCondition(p.saved.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	is := meta.FindStatusCondition(p.Object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	isStalled := meta.IsStatusConditionTrue(p.Object.GetCommonStatus().Conditions, v1alpha1.ConditionStalled)
	if p.deletionBeginsToWait(was, is) {
		eventType := corev1.EventTypeNormal
		if isStalled {
			eventType = corev1.EventTypeWarning
		}
		p.Event(ctx, eventType, is.Reason, "waits to be deleted: "+is.Message)
		return
	}
	if is == nil || was != nil && was.Reason == is.Reason && was.Status == is.Status {
		return
	}
	waits := was == nil || isPause(p.Object, was.Reason) || isPause(p.Object, is.Reason)
	if waits && !isStalled {
		return
	}
	eventType := corev1.EventTypeNormal
	if isStalled || was != nil && was.Status == metav1.ConditionTrue && is.Status == metav1.ConditionFalse {
		eventType = corev1.EventTypeWarning
	}
	p.Event(ctx, eventType, is.Reason, is.Message)
}

// deletionBeginsToWait reports whether this is the first reconciliation that reports the cause of a waiting deletion: the
// deletion raised the generation since Ready was written last. In mass deletions a wait for the rate limit is normal and not
// news.
func (p *Reconciliation[O]) deletionBeginsToWait(was, is *metav1.Condition) bool {
	if p.Object.GetDeletionTimestamp() == nil || is == nil || is.Reason == v1alpha1.ReasonRateLimited {
		return false
	}
	return was == nil || was.ObservedGeneration < is.ObservedGeneration
}

// isPause reports whether an object with this reason waits for something else and then continues unchanged. For an unavailable
// tenant, the Event of the tenant reports it.
func isPause(object v1alpha1.Object, reason string) bool {
	_, managed := object.(v1alpha1.Managed)
	return reason == v1alpha1.ReasonRateLimited || reason == v1alpha1.ReasonImporting || managed && reason == v1alpha1.ReasonTenantUnavailable
}

func logger(ctx context.Context) logr.Logger { return log.FromContext(ctx) }
