package engine

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// priorityOf returns the priority of a reconciliation of an object. It depends only on the object, so a restart does not change
// it.
func priorityOf(object v1alpha1.Object) ratelimit.Priority {
	_, managed := object.(v1alpha1.Managed)
	switch {
	case !managed:
		// All other objects wait for the tenant.
		return ratelimit.PriorityEdited
	case object.GetDeletionTimestamp() != nil:
		return ratelimit.PriorityNew
	case Requested(object):
		return ratelimit.PriorityEdited
	case object.GetCommonStatus().ObservedGeneration == object.GetGeneration():
		return ratelimit.PriorityPeriodic
	case object.GetGeneration() > 1:
		return ratelimit.PriorityEdited
	}
	return ratelimit.PriorityNew
}

// queuePriorities are the priorities in the work queue. An object whose reservation is due goes first, with calledPriority: few
// are due, and unused calls of Auth0's limit are lost.
var (
	queuePriorities = map[ratelimit.Priority]int{ratelimit.PriorityEdited: 0, ratelimit.PriorityNew: -10, ratelimit.PriorityPeriodic: handler.LowPriority}
	calledPriority  = 10
)

// workQueue is the work queue of a kind.
type workQueue = priorityqueue.PriorityQueue[reconcile.Request]

// queueOf holds the work queue of a kind once its controller has started. A loop without a controller has none: a test runs it.
type queueOf struct{ atomic.Pointer[workQueue] }

// open creates the work queue.
func (q *queueOf) open(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	queue := priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter })
	q.Store(&queue)
	return queue
}

func (q *queueOf) add(options priorityqueue.AddOpts, request reconcile.Request) {
	if queue := q.Load(); queue != nil {
		(*queue).AddWithOpts(options, request)
	}
}

// call requeues an object before all others.
func (q *queueOf) call(request reconcile.Request) {
	q.add(priorityqueue.AddOpts{Priority: &calledPriority}, request)
}

// lookLater requeues an object with a priority.
func (q *queueOf) lookLater(request reconcile.Request, priority ratelimit.Priority) {
	queuePriority := queuePriorities[priority]
	q.add(priorityqueue.AddOpts{Priority: &queuePriority}, request)
}

// lookAfter requeues an object after a time, unless something else requeues it before.
func (q *queueOf) lookAfter(request reconcile.Request, after time.Duration) {
	q.add(priorityqueue.AddOpts{After: after}, request)
}

// look requeues an object, by its namespace/name.
func (q *queueOf) look(key string) {
	namespace, name, _ := strings.Cut(key, "/")
	q.add(priorityqueue.AddOpts{}, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
}

// reservationKey identifies an object in the rate limiters.
type reservationKey struct {
	kind string
	name types.NamespacedName
}

// enqueue adds an object to the work queue, with at least a priority.
func enqueue(queue workqueue.TypedRateLimitingInterface[reconcile.Request], object v1alpha1.Object, least ratelimit.Priority) {
	queuePriority := queuePriorities[min(priorityOf(object), least)]
	queue.(workQueue).AddWithOpts(priorityqueue.AddOpts{Priority: &queuePriority}, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
}

// enqueueItself adds the objects of a kind to its work queue. After a restart, objects that a person changed meanwhile keep their
// high priority; the others are not urgent. It skips a version that a reconciliation has begun with already.
func enqueueItself(begun begun) handler.EventHandler {
	add := func(object client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		enqueue(queue, object.(v1alpha1.Object), ratelimit.PriorityPeriodic)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(e.Object, queue)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if !begun.covers(e.ObjectNew) {
				add(e.ObjectNew, queue)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(e.Object, queue)
		},
	}
}

// noNews reports whether a change is no news to an object. If that is not known yet, it returns true, and calls add later if it is
// news.
type noNews func(changed, object client.Object, add func()) bool

// enqueueBy finds the objects of a kind through an index, and adds them to the work queue with at least the priority least. It
// skips objects for which unless returns true, except after a deletion. unless can add the object later. The initial list is not
// urgent and skips none.
func enqueueBy(reader client.Reader, newList func() client.ObjectList, index string, least ratelimit.Priority, key func(client.Object) (namespace, value string), unless ...noNews) handler.EventHandler {
	add := func(ctx context.Context, changed client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request], least ratelimit.Priority, unless ...noNews) {
		namespace, value := key(changed)
		list := newList()
		if err := reader.List(ctx, list, client.InNamespace(namespace), client.MatchingFields{index: value}); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "find objects", "index", index, "value", value)
			return
		}
		for _, object := range objectsIn(list) {
			add := func() { enqueue(queue, object.(v1alpha1.Object), least) }
			if !slices.ContainsFunc(unless, func(isNoNews noNews) bool { return isNoNews(changed, object, add) }) {
				add()
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if e.IsInInitialList {
				add(ctx, e.Object, queue, ratelimit.PriorityPeriodic)
				return
			}
			add(ctx, e.Object, queue, least, unless...)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(ctx, e.ObjectNew, queue, least, unless...)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(ctx, e.Object, queue, least)
		},
	}
}

// logged returns the logger of a reconciliation, which names its object. Without an object, the lines are about the start and
// stop of the operator's parts: a hundred lines that help only to debug them.
func logged(logger logr.Logger, kind string) func(*reconcile.Request) logr.Logger {
	return func(request *reconcile.Request) logr.Logger {
		logger := logger.WithValues("kind", kind)
		if request == nil {
			return logger.V(1)
		}
		return logger.WithValues("namespace", request.Namespace, "name", request.Name)
	}
}
