package integration

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	// probeEvery is how often a tenant that is down is called.
	probeEvery = 10 * time.Second
	// forever is longer than any call takes.
	forever = simulator.Duration(time.Hour)
)

// anotherTenant makes one more tenant, that is Ready, and the simulator behind it.
func (e *environment) anotherTenant(name string) *simulator.Server {
	e.Helper()
	sim, err := simulator.Start(simulator.Options{ClientID: operatorClientID, ClientSecret: operatorClientSecret})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = sim.Close() })
	access := e.credentials(name)
	access.StringData["domain"] = sim.Domain
	e.create(access)
	e.create(&corev1.ConfigMap{ObjectMeta: e.meta(name), Data: map[string]string{"ca.crt": string(sim.CA)}})
	tenant := e.tenant()
	tenant.Name = name
	tenant.Spec.CredentialsSecretRef.Name, tenant.Spec.CABundle.Name = name, name
	e.create(tenant)
	e.eventuallyReady(tenant)
	return sim
}

// threeKinds makes objects of three kinds in a tenant, as many in all as is asked for.
func threeKinds(e *environment, tenant, prefix string, n int) []v1alpha1.Managed {
	e.Helper()
	var objects []v1alpha1.Managed
	for i := range n {
		name := fmt.Sprintf("%s-%d", prefix, i)
		var object v1alpha1.Managed
		switch i % 3 {
		case 0:
			object = newRole(e, name)
		case 1:
			object = newUser(e, name, name+"@example.com")
		default:
			object = newMachine(e, name)
		}
		object.GetManagedSpec().TenantRef.Name = tenant
		e.create(object)
		objects = append(objects, object)
	}
	return objects
}

// TestATenantThatNeverAnswersHarmsNoOther has tenants accept every call and answer none, with objects of three kinds each, and
// somebody make objects in another tenant. An operator without such tenants does the same at the same time, because the machine may be
// busy: the first one may take five seconds longer, which is half as long as the shortest call to a tenant that never answers.
func TestATenantThatNeverAnswersHarmsNoOther(t *testing.T) {
	for _, hostile := range []struct{ tenants, objects int }{{1, 100}, {5, 40}} {
		t.Run(fmt.Sprintf("%d tenants", hostile.tenants), func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			e.workers = 10
			e.create(e.tenant())
			e.startOperator()
			e.eventuallyReady(e.tenant())
			control := newEnvironment(t)
			var sims []*simulator.Server
			for i := range hostile.tenants {
				sims = append(sims, e.anotherTenant(fmt.Sprintf("hostile-%d", i)))
			}
			for i, sim := range sims {
				sim.AddFaults(simulator.Fault{Delay: forever})
				threeKinds(e, fmt.Sprintf("hostile-%d", i), fmt.Sprintf("theirs-%d", i), hostile.objects)
			}
			for round := range 10 {
				began := time.Now()
				ours, others := threeKinds(e, tenantName, fmt.Sprintf("ours-%d", round), 3), threeKinds(control, tenantName, fmt.Sprintf("ours-%d", round), 3)
				for _, object := range others {
					control.eventuallyReady(object)
				}
				alone := time.Since(began)
				for _, object := range ours {
					e.eventuallyReady(object)
				}
				took := time.Since(began)
				t.Logf("round %d: a role, a user and an application were Ready after %s, and after %s in an untroubled operator", round, took, alone)
				if took-alone > 5*time.Second {
					t.Errorf("round %d: the objects of a tenant that answers took %s, and those of an untroubled operator %s", round, took, alone)
				}
			}
		})
	}
}

// watchWrites counts the writes to the objects of the operator's kinds, but for those that the test makes.
func (e *environment) watchWrites(lists ...client.ObjectList) *atomic.Int64 {
	e.Helper()
	watching, err := client.NewWithWatch(e.config, client.Options{Scheme: e.kube.Scheme()})
	if err != nil {
		e.Fatal(err)
	}
	var count atomic.Int64
	for _, list := range lists {
		if err := e.kube.List(e.ctx, list, client.InNamespace(e.namespace)); err != nil {
			e.Fatal(err)
		}
		from := &client.ListOptions{Namespace: e.namespace, Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}}
		changes, err := watching.Watch(e.ctx, list, from)
		if err != nil {
			e.Fatal(err)
		}
		e.Cleanup(changes.Stop)
		go func() {
			for change := range changes.ResultChan() {
				if change.Type == watch.Modified {
					count.Add(1)
				}
			}
		}()
	}
	return &count
}

func ourLists() []client.ObjectList {
	return []client.ObjectList{&v1alpha1.Auth0TenantList{}, &v1alpha1.Auth0RoleList{}, &v1alpha1.Auth0UserList{}, &v1alpha1.Auth0ClientList{}}
}

// eventuallyDown waits until the tenant says since when it is unavailable, and returns when that is.
func (e *environment) eventuallyDown() time.Time {
	e.Helper()
	tenant := e.tenant()
	message := e.eventuallyReconciling(tenant, v1alpha1.ReasonTenantUnavailable, "unavailable since ")
	if meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionReady) || tenant.Status.UnavailableSince == nil {
		e.Errorf("a tenant that is down says %q, and %+v", message, tenant.Status)
		return time.Time{}
	}
	return tenant.Status.UnavailableSince.Time
}

// requireFewCalls fails if a tenant that is down since a time saw more calls than probes, besides those that it took to notice.
func (e *environment) requireFewCalls(since time.Time, toNotice int) {
	e.Helper()
	requests, lasted := e.sim.Requests(), time.Since(since)
	if most := int(lasted/probeEvery) + 1 + toNotice; requests.Total > most {
		e.Errorf("%d calls within %s, want at most %d: %+v", requests.Total, lasted, most, requests.ByRoute)
	}
}

// awaitProbes waits for some probes from now on.
func (e *environment) awaitProbes(probes int) {
	e.Helper()
	before := e.sim.Requests().Total
	e.eventually(func() error {
		if made := e.sim.Requests().Total - before; made < probes {
			return fmt.Errorf("only %d probes", made)
		}
		return nil
	})
}

// requireQuiet waits for some probes, and fails if anything is written meanwhile.
func (e *environment) requireQuiet(probes int) {
	e.Helper()
	writes, began := e.watchWrites(ourLists()...), time.Now()
	e.awaitProbes(probes)
	if took, least := time.Since(began), time.Duration(probes-1)*probeEvery; took < least-time.Second {
		e.Errorf("%d calls to a tenant that is down within %s", probes, took)
	}
	if written := writes.Load(); written > 0 {
		e.Errorf("%d writes while nothing happened", written)
	}
}

// TestAnOutage goes through one: what it costs in calls and writes, what the objects say meanwhile, a restart in the middle of it, and
// how soon all is well afterwards.
func TestAnOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{
		"500":       {Status: http.StatusInternalServerError},
		"no answer": {Delay: forever},
		"dropped":   {Drop: simulator.DropBefore},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			fine := threeKinds(e, tenantName, "fine", 3)
			for _, object := range fine {
				e.eventuallyReady(object)
			}
			e.sim.AddFaults(fault)
			e.sim.ResetRequests()
			began := time.Now()
			waiting := threeKinds(e, tenantName, "new", 60)
			since := e.eventuallyDown()
			words := "waiting for Auth0Tenant " + e.namespace + "/" + tenantName + ", which is unavailable since " + since.UTC().Format(time.RFC3339)
			for _, object := range waiting {
				e.eventuallyReconciling(object, v1alpha1.ReasonTenantUnavailable, words)
			}
			// Each kind has as many calls on its way as it has workers, before the first one fails; three more fail, and a probe.
			const toOpen = 3*4 + 3 + 1
			e.requireFewCalls(began, toOpen)
			// Calls that were on their way when the tenant became unavailable end within three probes, and are written down then.
			e.awaitProbes(3)
			e.requireQuiet(2)
			e.restartOperator()
			// What was on its way to a status when the one before ended is written by the next, as it starts. Its first probe may take
			// two calls, as it needs a token.
			e.awaitProbes(2)
			e.requireQuiet(2)
			e.requireFewCalls(began, toOpen+1)
			if again := e.eventuallyDown(); !again.Equal(since) {
				t.Errorf("unavailable since %s, and after a restart since %s", since, again)
			}
			for _, object := range fine {
				version := object.GetResourceVersion()
				e.get(object)
				if object.GetResourceVersion() != version {
					t.Errorf("%T %s was fine, and written to: %+v", object, object.GetName(), object.GetCommonStatus())
				}
			}

			e.sim.ClearFaults()
			recovered := time.Now()
			for _, object := range waiting {
				e.eventuallyReady(object)
			}
			took := time.Since(recovered)
			t.Logf("all objects were Ready %s after the tenant was mended", took)
			// TestAnOutageCostsFewCalls is exact about it. Here the machine may be busy.
			if took > probeEvery+20*time.Second {
				t.Errorf("all objects were Ready %s after the tenant was mended", took)
			}
			tenant := e.tenant()
			e.eventuallyReady(tenant)
			if tenant.Status.UnavailableSince != nil {
				t.Errorf("a tenant that is Ready is unavailable since %s", tenant.Status.UnavailableSince)
			}
		})
	}
}

// TestATokenExpiresDuringAnOutage and is not Ready any more.
func TestATokenExpiresDuringAnOutage(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	e.setTokenLifetime(60)
	token := newToken(e, "orders")
	token.Spec.RenewBefore = &metav1.Duration{Duration: 30 * time.Second}
	e.create(token)
	e.eventuallyReady(token)
	e.sim.AddFaults(simulator.Fault{Status: http.StatusServiceUnavailable})
	e.eventuallyReconciling(token, v1alpha1.ReasonTenantUnavailable, "which is unavailable since")
	if !meta.IsStatusConditionTrue(token.Status.Conditions, v1alpha1.ConditionReady) {
		t.Error("a token that is still valid is not Ready any more")
	}
	expires := token.Status.ExpiresAt.Time
	e.eventuallyCondition(token, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTenantUnavailable)
	if now := time.Now(); now.Before(expires) || now.After(expires.Add(10*time.Second)) {
		t.Errorf("it expired at %s, and is not Ready since %s", expires, now)
	}
	e.sim.ClearFaults()
	e.eventuallyReady(token)
}

// TestAPersonEndsAnOutage asks for a look at the tenant, or at an object, after having repaired what was broken.
func TestAPersonEndsAnOutage(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := newRole(e, "one")
	e.create(role)
	e.eventuallyReady(role)
	for _, asked := range []v1alpha1.Object{e.tenant(), role} {
		e.sim.Stop()
		change(e, role, func(role *v1alpha1.Auth0Role) { role.Spec.Description = new(fmt.Sprintf("asking by %T", asked)) })
		e.eventuallyDown()
		if err := e.sim.Resume(); err != nil {
			t.Fatal(err)
		}
		repaired := time.Now()
		e.reconcile(asked)
		e.eventuallyReady(role)
		e.eventuallyReady(e.tenant())
		if took := time.Since(repaired); took > 5*time.Second {
			t.Errorf("after a request at the %T, it took %s", asked, took)
		}
	}
}

// TestWhatGoesDuringAnOutage deletes objects that may stay in Auth0, one that may not, and the tenant.
func TestWhatGoesDuringAnOutage(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	kept, deleted := newRole(e, "kept"), newRole(e, "deleted")
	kept.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	for _, role := range []*v1alpha1.Auth0Role{kept, deleted} {
		e.create(role)
		e.eventuallyReady(role)
	}
	e.sim.AddFaults(simulator.Fault{Delay: forever})
	e.create(newRole(e, "third"))
	e.delete(deleted)
	e.eventuallyDown()
	e.eventuallyReconciling(deleted, v1alpha1.ReasonTenantUnavailable, "which is unavailable since")
	tenant := e.tenant()
	e.delete(tenant)
	e.deleteAndWait(kept)
	change(e, deleted, func(role *v1alpha1.Auth0Role) { role.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.eventuallyGone(deleted)
	third := newRole(e, "third")
	change(e, third, func(role *v1alpha1.Auth0Role) { role.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.deleteAndWait(third)
	e.eventuallyGone(tenant)
}
