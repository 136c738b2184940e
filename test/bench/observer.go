package main

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// observer watches the users and knows which are Ready.
type observer struct {
	stop context.CancelFunc

	mu sync.Mutex
	// those that are Ready, by name.
	names map[string]bool
}

func observe(ctx context.Context, config *rest.Config, scheme *runtime.Scheme) (*observer, error) {
	ctx, cancel := context.WithCancel(ctx)
	o := &observer{stop: cancel, names: map[string]bool{}}
	watched, err := cache.New(config, cache.Options{Scheme: scheme, DefaultTransform: cache.TransformStripManagedFields()})
	if err != nil {
		return o, err
	}
	informer, err := watched.GetInformer(ctx, &v1alpha1.Auth0User{}, cache.BlockUntilSynced(false))
	if err != nil {
		return o, err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    o.see,
		UpdateFunc: func(_, object any) { o.see(object) },
	})
	go func() { _ = watched.Start(ctx) }() // it ends when it is stopped
	return o, err
}

func (o *observer) see(object any) {
	user, ok := object.(*v1alpha1.Auth0User)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if isReady(user) {
		o.names[user.Name] = true
	} else {
		delete(o.names, user.Name)
	}
}

// ready is how many are Ready.
func (o *observer) ready() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.names)
}

// isReady reports whether an object is Ready in its present generation.
func isReady(object v1alpha1.Object) bool {
	status := object.GetCommonStatus()
	return status.ObservedGeneration == object.GetGeneration() && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
}
