package integration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
)

// seen are the types and reasons of conditions that any object of the shared control plane had in this run.
type seen struct {
	mu    sync.Mutex
	names map[string]bool
}

// watchReasons begins to collect.
func watchReasons(ctx context.Context, access cache.Options) (*seen, error) {
	s := &seen{names: map[string]bool{}}
	informers, err := cache.New(cluster.Config, access)
	if err != nil {
		return nil, fmt.Errorf("watch the conditions: %w", err)
	}
	go func() { _ = informers.Start(ctx) }()
	for _, kind := range controllers.All() {
		informer, err := informers.GetInformer(ctx, kind.New(), cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", kind.Name, err)
		}
		handler := toolscache.ResourceEventHandlerFuncs{AddFunc: s.note, UpdateFunc: func(_, object any) { s.note(object) }}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("watch %s: %w", kind.Name, err)
		}
	}
	return s, nil
}

func (s *seen) note(object any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, condition := range object.(v1alpha1.Object).GetCommonStatus().Conditions {
		s.names[condition.Type], s.names[condition.Reason] = true, true
	}
}

// never returns what is documented and no object had: a reason that cannot occur is a promise to people that nothing keeps.
func (s *seen) never() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var never []string
	for _, list := range []string{"conditions", "reasons"} {
		documented, err := os.ReadFile("../names/testdata/" + list + ".txt")
		if err != nil {
			return nil, fmt.Errorf("read the documented names: %w", err)
		}
		never = append(never, strings.Fields(string(documented))...)
	}
	return slices.DeleteFunc(never, func(name string) bool { return s.names[name] }), nil
}
