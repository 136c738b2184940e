package integration

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// pausable are the scenarios in which the operator is stopped: one of each sort for each kind. The crash tests cover those in
// which people change their mind meanwhile.
var pausable = []string{
	"Auth0User/create", "sign a user up", "update a user", "Auth0User/delete", "create a user with a generated password and an invitation",
	"Auth0Client/create", "Auth0Client/adopt", "create an application with a key pair", "Auth0Client/update",
	"rotate the secret of an application", "rotate the key pair of an application", "Auth0Client/delete",
	"Auth0Connection/create", "Auth0Connection/update", "Auth0Connection/delete",
	"Auth0Organization/create", "Auth0Organization/update", "Auth0Organization/delete",
	"Auth0ResourceServer/create", "Auth0ResourceServer/update", "Auth0ResourceServer/delete",
	"Auth0ClientGrant/create", "Auth0ClientGrant/update", "Auth0ClientGrant/delete",
	"Auth0Role/create", "Auth0Role/update", "Auth0Role/adopt", "Auth0Role/delete",
	"Auth0LogStream/create", "Auth0LogStream/update", "Auth0LogStream/delete",
	"issue a token", "sign a user in who stays so", "begin with a refresh token", "refresh a token that rotates", "exchange a code",
}

// TestPause stops the operator right before and right after each of its writes, lets another one do the work, and continues the
// first. The write at which it stopped gets through, because it has passed the fence. No later write does. The test also runs the
// steps that lead to a creation without a fence, because the locks of the API server must suffice.
func TestPause(t *testing.T) {
	for _, name := range pausable {
		u, known := scenarios[name]
		if !known {
			t.Fatalf("no scenario is called %q", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, step := range u.observe(t) {
				if strings.HasPrefix(step.effect, http.MethodGet) {
					continue
				}
				for _, after := range []bool{false, true} {
					at := instant{step, after}
					t.Run(at.String(), func(t *testing.T) {
						t.Parallel()
						u.stopAt(t, at, false)
					})
				}
				if u.creates(step) {
					t.Run("without a fence before "+step.String(), func(t *testing.T) {
						t.Parallel()
						u.stopAt(t, instant{step: step}, true)
					})
				}
			}
		})
	}
}

// creates reports whether a step leads to a creation or is one.
func (u scenario) creates(s step) bool {
	noted := strings.HasPrefix(s.effect, "PATCH auth0") && s.nth == 1
	return !u.ready && (noted || s.effect == u.create.method+" "+u.create.route)
}

// stopAt stops the operator in the middle of the scenario, lets another one complete it, and continues the first.
func (u scenario) stopAt(t *testing.T, at instant, unfenced bool) {
	t.Helper()
	m, object := u.setUp(t)
	stopped, end := m.process.Load(), m.stop
	carryOn := sync.OnceFunc(func() { close(stopped.continued) })
	t.Cleanup(carryOn)
	stopped.pause(&at, unfenced)
	u.begin(m.environment, object)
	if !u.awaitEnd(m.environment, stopped, object) {
		// The step does not occur every time, or occurs a moment later.
		carryOn()
		m.stopOperator()
		u.verify(m.environment, object)
		return
	}
	m.startProcess()
	u.complete(m.environment, object)
	recorded := identityOf(object)
	carryOn()
	m.awaitRefusal(stopped)
	end()
	m.recheck(object)
	if !u.gone {
		// The next reconciliation corrects a write that got through late.
		m.reconcile(object)
	}
	u.complete(m.environment, object)
	m.stopOperator()
	u.verify(m.environment, object)
	if now := identityOf(object); now != recorded {
		t.Errorf("it was %q when the other one went on, and is %q in the end", recorded, now)
	}
}

// identityOf is the ID in status, if the kind has one.
func identityOf(object v1alpha1.Managed) string {
	if referent, ok := object.(v1alpha1.Referent); ok {
		return referent.GetIdentity().ID
	}
	return ""
}

// awaitRefusal gives the continued process time, until the fence refuses one of its writes.
func (m *crashable) awaitRefusal(p *process) {
	m.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for p.refused.Load() == 0 && time.Now().Before(deadline) {
		<-time.After(shortestPause)
	}
}

// recheck advances the clock until the operator looks for late effects, if it must.
func (m *crashable) recheck(object v1alpha1.Managed) {
	m.Helper()
	current := object.DeepCopyObject().(v1alpha1.Managed)
	if err := m.kube.Get(m.ctx, client.ObjectKeyFromObject(object), current); err != nil || current.GetManagedStatus().RecheckAt == nil {
		return
	}
	m.later.ahead.Add(int64(time.Until(current.GetManagedStatus().RecheckAt.Time) + time.Second))
	m.reconcile(current)
	if at := current.GetManagedStatus().RecheckAt; at != nil {
		m.Errorf("late effects are still to be looked for: %s", at)
	}
}
