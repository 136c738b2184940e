package engine

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// watchNamespaces looks at the objects of a namespace again when its labels change, by which tenants of other namespaces admit it.
// Who serves some namespaces only may not watch them.
func watchNamespaces(build *builder.Builder, deps Deps, kind Kind, _ []Kind) *builder.Builder {
	if _, managed := kind.New().(v1alpha1.Managed); !managed || !deps.IsClusterWide {
		return build
	}
	update := func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) {
			return
		}
		list := kind.NewList()
		if err := deps.Client.List(ctx, list, client.InNamespace(e.ObjectNew.GetName()), client.UnsafeDisableDeepCopy); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "find the objects of a namespace", "namespace", e.ObjectNew.GetName())
			return
		}
		for _, object := range objectsIn(list) {
			if reference.TenantKey(object.(v1alpha1.Managed)).Namespace != object.GetNamespace() {
				enqueue(queue, object.(v1alpha1.Object), auth0.PriorityEdited)
			}
		}
	}
	return build.WatchesMetadata(&corev1.Namespace{}, handler.Funcs{UpdateFunc: update})
}
