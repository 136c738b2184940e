package engine

import (
	"context"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// labelPoll is how often to read the labels of the namespaces that the operator serves by name. Each namespace costs one request
// to the API server.
const labelPoll = 5 * time.Second

// NamespaceLabels reports changes of the labels of some namespaces. If the operator serves a few namespaces, its roles let it
// read these, but not watch them. It is a Runnable of the manager; nil if the operator watches all namespaces.
type NamespaceLabels struct {
	Reader client.Reader
	Names  []string
	Clock  clock.Clock

	listeners []chan event.GenericEvent
}

// listen returns a channel that receives the namespaces whose labels changed. It must be called before Start.
func (n *NamespaceLabels) listen() chan event.GenericEvent {
	listener := make(chan event.GenericEvent)
	n.listeners = append(n.listeners, listener)
	return listener
}

// Start implements manager.Runnable.
func (n *NamespaceLabels) Start(ctx context.Context) error {
	known := map[string]map[string]string{}
	for {
		for _, name := range n.Names {
			n.read(ctx, name, known)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.Clock.After(labelPoll):
		}
	}
}

// read notifies the listeners if the labels of a namespace changed. If it cannot read the namespace, it changes nothing: the next
// poll tries again.
func (n *NamespaceLabels) read(ctx context.Context, name string, known map[string]map[string]string) {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := n.Reader.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("the labels of a namespace are not read", "namespace", name, "error", err.Error())
		return
	}
	before, seen := known[name]
	known[name] = namespace.Labels
	if !seen || maps.Equal(before, namespace.Labels) {
		return
	}
	for _, listener := range n.listeners {
		select {
		case listener <- event.GenericEvent{Object: namespace}:
		case <-ctx.Done():
		}
	}
}

// watchNamespaces reconciles the objects of a namespace when its labels change: they decide which tenants of other namespaces
// admit it.
func watchNamespaces(build *builder.Builder, deps Deps, kind Kind, _ []Kind) *builder.Builder {
	if _, managed := kind.New().(v1alpha1.Managed); !managed {
		return build
	}
	enqueueIn := func(ctx context.Context, namespace string, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		list := kind.NewList()
		if err := deps.Client.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "find the objects of a namespace", "namespace", namespace)
			return
		}
		for _, object := range objectsIn(list) {
			if reference.TenantKey(object.(v1alpha1.Managed)).Namespace != object.GetNamespace() {
				enqueue(queue, object.(v1alpha1.Object), ratelimit.PriorityEdited)
			}
		}
	}
	if deps.NamespaceLabels != nil {
		return build.WatchesRawSource(source.Channel(deps.NamespaceLabels.listen(), handler.Funcs{
			GenericFunc: func(ctx context.Context, e event.GenericEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				enqueueIn(ctx, e.Object.GetName(), queue)
			},
		}))
	}
	return build.WatchesMetadata(&corev1.Namespace{}, handler.Funcs{
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) {
				enqueueIn(ctx, e.ObjectNew.GetName(), queue)
			}
		},
	})
}
