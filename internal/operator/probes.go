package operator

import (
	"context"
	"errors"
	"net/http"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// syncTimeout is how long a probe waits for the caches. The kubelet waits one second.
const syncTimeout = 200 * time.Millisecond

// addProbes adds the checks behind /healthz and /readyz.
func addProbes(manager ctrl.Manager, health *engine.Health, by clock.PassiveClock) error {
	alive := func(*http.Request) error { return health.Stuck(by.Now()) }
	ready := func(request *http.Request) error { return readiness(request.Context(), manager, health) }
	return errors.Join(manager.AddHealthzCheck("reconciliations", alive), manager.AddReadyzCheck("serving", ready))
}

// readiness returns nil for a replica that serves, and for one that stands by and could serve.
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
