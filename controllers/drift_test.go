package controllers_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// TestDrift changes what every kind has in Auth0. Nobody requests anything: the operator finds the change and corrects it, and writes
// nothing more.
func TestDrift(t *testing.T) {
	const resyncInterval, slack = 5 * time.Minute, time.Minute
	for watch, within := range map[v1alpha1.WatchPolicy]time.Duration{
		v1alpha1.WatchPolicyLog: 2 * slack,
		// The calls of a comparison spread over the whole interval.
		v1alpha1.WatchPolicyNone: 2*resyncInterval + slack,
	} {
		// The answer of the Events API does not end, which needs a real network.
		settings := func(spec *v1alpha1.Auth0TenantSpec) {
			spec.Watch, spec.ResyncInterval = watch, &metav1.Duration{Duration: resyncInterval}
		}
		for name, f := range fixtures.All() {
			t.Run(string(watch)+"/"+name, func(t *testing.T) {
				t.Parallel()
				testRunning(t, simulator.RateLimitNone, settings, func(w *world) {
					w.prepare(f)
					object := w.apply(f, "full")
					w.requireReady(object)
					<-time.After(slack) // Lists lag behind.
					f.Drift(w.place, object)
					<-time.After(within)
					if err := f.Check(w.place, object); err != nil {
						w.Error(err)
					}
					w.sim.ResetRequests()
					<-time.After(within)
					w.requireNoWritesToAuth0()
				})
			})
		}
	}
}
