package controllers_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/inprocess"
)

// testRunning runs a test with an operator that runs by itself: with work queues, batches and drift detection. Its hours take
// milliseconds.
func testRunning(t *testing.T, limit simulator.RateLimit, settings func(*v1alpha1.Auth0TenantSpec), test func(*world)) {
	t.Helper()
	// The simulator listens on the network, for which a bubble would wait in real time.
	sim := inprocess.StartSimulator(t, simulator.Options{RateLimit: limit})
	synctest.Test(t, func(t *testing.T) {
		w := newWorldWith(t, sim)
		w.settings = settings
		w.start()
		w.connect()
		test(w)
	})
}

// start starts an operator until stop or the end of the test. It reconciles the objects that exist.
func (w *world) start() {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	var parts sync.WaitGroup
	w.stop = sync.OnceFunc(func() {
		cancel()
		for _, queue := range w.queues {
			queue.ShutDown()
		}
		parts.Wait()
	})
	w.Cleanup(w.stop)
	batches := &batch.Batches{}
	kinds, detection := w.build(batches)
	w.queues = map[string]priorityqueue.PriorityQueue[reconcile.Request]{}
	for _, kind := range kinds {
		queue := kind.OpenQueue()
		w.queues[kind.Name] = queue
		parts.Go(func() { work(ctx, w.loops[kind.Name], queue) })
		w.enqueueAll(kind)
	}
	for _, runnable := range []manager.Runnable{detection, batches} {
		parts.Go(func() { _ = runnable.Start(ctx) })
	}
}

// enqueueAll queues all objects of a kind.
func (w *world) enqueueAll(kind engine.Kind) {
	w.Helper()
	list := kind.NewList()
	if err := w.kube.List(w.Context(), list); err != nil {
		w.Fatal(err)
	}
	err := meta.EachListItem(list, func(object runtime.Object) error {
		w.enqueue(object.(client.Object))
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// work reconciles what the queue returns, as a controller does.
func work(ctx context.Context, loop reconcile.Reconciler, queue priorityqueue.PriorityQueue[reconcile.Request]) {
	ctx = logr.NewContext(ctx, logr.Discard())
	for {
		request, priority, isShutDown := queue.GetWithPriority()
		if isShutDown {
			return
		}
		result, err := loop.Reconcile(ctx, request)
		switch {
		case err != nil:
			queue.AddWithOpts(priorityqueue.AddOpts{RateLimited: true, Priority: &priority}, request)
		case result.RequeueAfter > 0:
			queue.Forget(request)
			queue.AddWithOpts(priorityqueue.AddOpts{After: result.RequeueAfter, Priority: &priority}, request)
		default:
			queue.Forget(request)
		}
		queue.Done(request)
	}
}

// enqueue tells a running operator of a change to an object.
func (w *world) enqueue(object client.Object) {
	if ours, ok := object.(v1alpha1.Object); ok && w.queues != nil {
		w.queues[kindOf(ours)].Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
}
