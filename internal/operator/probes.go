package operator

import (
	"context"
	"errors"
	"net/http"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// syncTimeout is how long a probe waits to see that the caches are filled. Whoever probes waits a second.
const syncTimeout = 200 * time.Millisecond

// addProbes has /healthz and /readyz say how the manager is.
func addProbes(manager ctrl.Manager, health *engine.Health) error {
	alive := func(*http.Request) error { return health.Stuck(time.Now()) }
	ready := func(request *http.Request) error { return readiness(request.Context(), manager, health) }
	return errors.Join(manager.AddHealthzCheck("passes", alive), manager.AddReadyzCheck("serving", ready))
}

// readiness is nil for who serves, and for who stands by and could.
func readiness(ctx context.Context, manager ctrl.Manager, health *engine.Health) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	if !manager.GetCache().WaitForCacheSync(ctx) {
		return errors.New("the caches are not filled yet")
	}
	select {
	case <-manager.Elected():
		if !health.Started() {
			return errors.New("not every kind is served yet")
		}
	default:
	}
	return nil
}
