package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestATokenThatIsGoneIsNotReady takes the Secret away, or changes it, while nothing can be issued. A token whose Secret is as it
// was stays Ready.
func TestATokenThatIsGoneIsNotReady(t *testing.T) {
	suspend := func(e *environment) {
		change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Suspend = true })
	}
	down := func(e *environment) {
		e.sim.Stop()
		e.reconcile(e.tenant())
	}
	for name, prevent := range map[string]func(*environment){"while Auth0 is down": down, "while the tenant is suspended": suspend} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			tokenFixture.prepare(e)
			gone, changed, fine := tokenFixture.object(e, "one"), tokenFixture.object(e, "two"), tokenFixture.object(e, "three")
			for i, object := range []v1alpha1.Managed{gone, changed, fine} {
				object.(*v1alpha1.Auth0Token).Spec.OutputSecret.Name = []string{"gone", "changed", "fine"}[i]
				e.create(object)
				e.eventuallyReady(object)
			}
			prevent(e)
			e.delete(e.secret("gone", nil))
			e.putSecret("changed", "accessToken", "another")
			e.eventuallyCondition(gone, v1alpha1.ConditionReady, metav1.ConditionFalse, "", "Secret gone does not hold the token")
			e.eventuallyCondition(changed, v1alpha1.ConditionReady, metav1.ConditionFalse, "", "Secret changed does not hold the token")
			e.reconcile(fine)
			if ready := readyStatus(fine); ready != metav1.ConditionTrue {
				t.Errorf("a token that is there says Ready=%s", ready)
			}
		})
	}
}
