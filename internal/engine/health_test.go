package engine

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// TestStuckReconcile checks that a reconciliation that does not end is reported, and that one that ended or just began is not.
func TestStuckReconcile(t *testing.T) {
	health, began := NewHealth(), time.Now()
	slow := reservationKey{"Auth0User", types.NamespacedName{Namespace: "auth0", Name: "slow"}}
	health.begin(slow, began)
	health.begin(reservationKey{"Auth0User", types.NamespacedName{Namespace: "auth0", Name: "quick"}}, began.Add(longestReconciliation))
	if err := health.Stuck(began.Add(longestReconciliation)); err != nil {
		t.Errorf("a pass in time counts as stuck: %v", err)
	}
	err := health.Stuck(began.Add(longestReconciliation + time.Second))
	if err == nil || !strings.Contains(err.Error(), "Auth0User auth0/slow") {
		t.Errorf("a pass that does not end shows as %v", err)
	}
	health.end(slow)
	if err := health.Stuck(began.Add(longestReconciliation + time.Second)); err != nil {
		t.Errorf("a pass that ended counts as stuck: %v", err)
	}
}
