package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func TestTenantStatus(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tenant := e.tenant()
	e.get(tenant)
	if tenant.Status.Domain != e.sim.Domain || tenant.Status.ClientID != operatorClientID {
		t.Errorf("status is %+v", tenant.Status)
	}
	if !slices.Contains(tenant.Status.Scopes, "create:users") || len(tenant.Status.MissingScopes) != 0 {
		t.Errorf("scopes are %v, missing %v", tenant.Status.Scopes, tenant.Status.MissingScopes)
	}
	e.eventuallyCondition(tenant, v1alpha1.ConditionConnectionsEnabled, metav1.ConditionTrue, v1alpha1.ReasonEnabled)

	e.withoutScopes("delete:users", "read:roles")
	e.restartOperator()
	e.reconcile(tenant)
	want := []v1alpha1.MissingScopes{
		{Kind: "Auth0Role", Scopes: []string{"read:roles"}}, {Kind: "Auth0User", Scopes: []string{"delete:users", "read:roles"}},
	}
	if fmt.Sprint(tenant.Status.MissingScopes) != fmt.Sprint(want) {
		t.Errorf("missing scopes are %v, want %v", tenant.Status.MissingScopes, want)
	}
	e.eventuallyCondition(tenant, v1alpha1.ConditionReady, metav1.ConditionTrue, "", "lacks scopes for Auth0Role, Auth0User (see status.missingScopes)")
}

func TestTenantSaysWhereUsersCannotBeCreated(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "partners", "strategy": "auth0"})
	e.enableConnection("partners", false)
	tenant := e.tenant()
	e.reconcile(tenant)
	e.eventuallyCondition(tenant, v1alpha1.ConditionConnectionsEnabled, metav1.ConditionFalse, v1alpha1.ReasonNotEnabled, "new users cannot be created in partners", operatorClientID)
	e.eventuallyReady(tenant)
	e.enableConnection("partners", true)
	e.reconcile(tenant)
	e.eventuallyCondition(tenant, v1alpha1.ConditionConnectionsEnabled, metav1.ConditionTrue, v1alpha1.ReasonEnabled)
}

// enableConnection enables a connection for the operator's own application, or disables it.
func (e *environment) enableConnection(name string, enabled bool) {
	e.Helper()
	e.enableConnectionFor(operatorClientID, name, enabled)
}

func (e *environment) enableConnectionFor(clientID, name string, enabled bool) {
	e.Helper()
	for _, found := range e.dashboardList("/api/v2/connections?name=" + name) {
		e.dashboard("PATCH", "/api/v2/connections/"+found["id"].(string)+"/clients", []any{map[string]any{"client_id": clientID, "status": enabled}})
	}
}

// TestBadCredentials shows what a person sees when the tenant cannot be reached, and that correcting the Secret is enough.
func TestBadCredentials(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*environment, map[string][]byte)
		stall  bool
		reason string
		says   string
	}{
		{"wrong secret", func(_ *environment, data map[string][]byte) { data["clientSecret"] = []byte("planted-wrong-secret") }, true, v1alpha1.ReasonInvalidCredentials, "clientSecret in Secret credentials"},
		{"secret with a space", func(_ *environment, data map[string][]byte) {
			data["clientSecret"] = append([]byte(" "), data["clientSecret"]...)
		}, true, v1alpha1.ReasonSecretInvalid, "clientSecret begins or ends with white space"},
		{"missing key", func(_ *environment, data map[string][]byte) { delete(data, "clientId") }, true, v1alpha1.ReasonSecretInvalid, `key "clientId"`},
		{"domain with a scheme", func(_ *environment, data map[string][]byte) {
			data["domain"] = append([]byte("https://"), data["domain"]...)
		}, true, v1alpha1.ReasonSecretInvalid, "no https://"},
		{"domain of a path", func(_ *environment, data map[string][]byte) { data["domain"] = []byte("example.com/evil") }, true, v1alpha1.ReasonSecretInvalid, "not a host name"},
		{"custom domain", func(e *environment, data map[string][]byte) {
			data["domain"] = []byte(strings.Replace(e.sim.Domain, "localhost", "127.0.0.1", 1))
		}, true, v1alpha1.ReasonSecretInvalid, "the domain in Secret credentials is a custom domain (Auth0 says: Service not enabled within domain"},
		{"unreachable", func(_ *environment, data map[string][]byte) { data["domain"] = []byte("localhost:1") }, false, v1alpha1.ReasonTenantUnavailable, "no answer from localhost:1: connection refused; see that the domain in Secret credentials is right"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			secret := &corev1.Secret{ObjectMeta: e.meta("credentials")}
			e.get(secret)
			good := secret.DeepCopy().Data
			change(e, secret, func(s *corev1.Secret) { row.change(e, s.Data) })
			tenant := e.tenant()
			e.create(tenant)
			user := newUser(e, "ada", "ada@example.com")
			e.create(user)
			e.startOperator()

			await := e.eventuallyReconciling
			if row.stall {
				await = e.eventuallyStalled
			}
			await(tenant, row.reason, row.says)
			waits := v1alpha1.ReasonTenantNotReady
			if row.reason == v1alpha1.ReasonTenantUnavailable {
				waits = row.reason
			}
			e.eventuallyReconciling(user, waits)
			change(e, secret, func(s *corev1.Secret) { s.Data = good })
			e.reconcile(tenant)
			e.eventuallyReady(tenant)
			e.eventuallyReady(user)
		})
	}
}

// TestCABundleThatIsNone names the ConfigMap, and not the Secret with the credentials.
func TestCABundleThatIsNone(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	bundle := e.caBundle()
	e.get(bundle)
	change(e, bundle, func(c *corev1.ConfigMap) { c.Data["ca.crt"] = "no certificate" })
	tenant := e.tenant()
	e.create(tenant)
	e.startOperator()
	e.eventuallyStalled(tenant, v1alpha1.ReasonSecretInvalid, "spec.caBundle: ConfigMap "+e.namespace+"/"+bundle.Name, "it holds no certificate in PEM form")
}

// TestAnOutageIsNotedOnce has Auth0 break every connection: what is written down does not change from one attempt to the next.
func TestAnOutageIsNotedOnce(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.sim.AddFaults(simulator.Fault{Drop: simulator.DropBefore})
	tenant := e.tenant()
	e.create(tenant)
	e.startOperator()
	e.eventuallyReconciling(tenant, v1alpha1.ReasonTenantUnavailable, "no answer from "+e.sim.Domain+": the connection broke")
	noted, attempts := tenant.ResourceVersion, e.sim.Requests().Total
	e.eventually(func() error {
		if e.sim.Requests().Total < attempts+2 {
			return fmt.Errorf("no further attempts: %+v", e.sim.Requests())
		}
		return nil
	})
	e.get(tenant)
	if tenant.ResourceVersion != noted {
		t.Errorf("it was noted again: %+v", tenant.Status.Conditions)
	}
}

func TestCredentialsSecretDeleted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	e.deleteAndWait(&corev1.Secret{ObjectMeta: e.meta("credentials")})
	e.eventuallyReconciling(e.tenant(), v1alpha1.ReasonSecretNotFound)
	e.create(e.credentials("credentials"))
	e.eventuallyReady(e.tenant())
	e.eventuallyReady(user)
	userFixture.requireCount(e, 1)
}

// TestRotatedCredentialsTakeEffectAtOnce changes the application whose credentials are used.
func TestRotatedCredentialsTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	other := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "other", "app_type": "non_interactive", "grant_types": []string{"client_credentials"}})
	e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": other["client_id"], "audience": "https://" + e.sim.Domain + "/api/v2/", "scope": []string{"read:users", "create:users", "update:users", "delete:users"}})
	change(e, &corev1.Secret{ObjectMeta: e.meta("credentials")}, func(s *corev1.Secret) {
		s.Data["clientId"], s.Data["clientSecret"] = []byte(other["client_id"].(string)), []byte(other["client_secret"].(string))
	})
	tenant := e.tenant()
	e.eventually(func() error {
		e.get(tenant)
		if tenant.Status.ClientID != other["client_id"] {
			return fmt.Errorf("the tenant still uses %s", tenant.Status.ClientID)
		}
		return nil
	})
	e.eventuallyReady(tenant)
}

func TestTheDomainOfATenantStays(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	change(e, &corev1.Secret{ObjectMeta: e.meta("credentials")}, func(s *corev1.Secret) { s.Data["domain"] = []byte("other.example.com") })
	e.eventuallyStalled(e.tenant(), v1alpha1.ReasonSecretInvalid, "create another Auth0Tenant")
}

func TestOtherNamespaces(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.create(e.tenant())
	friend, foreignObject := e.newNamespace(map[string]string{"auth0": "yes"}), e.newNamespace(nil)
	e.startOperator(friend, foreignObject)
	e.eventuallyReady(e.tenant())

	in := func(namespace string) *v1alpha1.Auth0User {
		user := newUser(e, "ada", namespace+"@example.com")
		user.Namespace, user.Spec.TenantRef.Namespace = namespace, e.namespace
		return user
	}
	ofFriend, ofForeignObject := in(friend), in(foreignObject)
	e.create(ofFriend)
	e.create(ofForeignObject)
	e.eventuallyStalled(ofFriend, v1alpha1.ReasonNotPermitted, "spec.allowedNamespaces")
	allow := func(allowed *v1alpha1.AllowedNamespaces) {
		change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.AllowedNamespaces = allowed })
	}
	allow(&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"auth0": "yes"}}})
	e.eventuallyReady(ofFriend)
	e.eventuallyStalled(ofForeignObject, v1alpha1.ReasonNotPermitted)
	allow(&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll})
	e.eventuallyReady(ofForeignObject)
	allow(nil)
	e.eventuallyStalled(ofFriend, v1alpha1.ReasonNotPermitted)
	userFixture.requireCount(e, 2)
}

func TestSuspendedTenantSuspendsItsObjects(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Suspend = true })
	e.eventuallyCondition(e.tenant(), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReconciling(user, v1alpha1.ReasonTenantNotReady, "suspended")
	userFixture.requireCount(e, 0)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.Suspend = false })
	e.eventuallyReady(user)
}

// TestTenantGoesAfterItsObjects deletes a tenant that is in use.
func TestTenantGoesAfterItsObjects(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	tenant := e.tenant()
	e.delete(tenant)
	e.eventuallyReconciling(tenant, v1alpha1.ReasonInUse, "Auth0User "+e.namespace+"/ada still refers to this object")
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.Name = new("still served") })
	e.eventuallyReady(user)
	e.restartOperator()
	e.deleteAndWait(user)
	e.eventuallyGone(tenant)
	userFixture.requireCount(e, 0)
	e.deleteAndWait(&corev1.Secret{ObjectMeta: e.meta("credentials")})
}

// TestNamespaceDeletion deletes a namespace with everything in it, the credentials included.
func TestNamespaceDeletion(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	objects := []v1alpha1.Managed{userFixture.object(e, "ada"), newUser(e, "bob", "bob@example.com")}
	for _, object := range objects {
		e.create(object)
		e.eventuallyReady(object)
	}
	e.deleteAndWait(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.namespace}})
	userFixture.requireCount(e, 0)
}

// TestTenantsThatGoTogether deletes tenants of one Secret at once: none may leave it to another to let go of the Secret.
func TestTenantsThatGoTogether(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tenants := []*v1alpha1.Auth0Tenant{e.tenant()}
	for i := range 7 {
		tenant := e.tenant()
		tenant.Name = fmt.Sprintf("twin-%d", i)
		e.create(tenant)
		tenants = append(tenants, tenant)
	}
	for _, tenant := range tenants {
		e.eventuallyReady(tenant)
	}
	for _, tenant := range tenants {
		e.delete(tenant)
	}
	for _, tenant := range tenants {
		e.eventuallyGone(tenant)
	}
	credentials := e.secret("credentials", nil)
	e.get(credentials)
	if slices.Contains(credentials.Finalizers, reference.InUseFinalizer) {
		t.Errorf("nobody let go of the Secret: finalizers %q", credentials.Finalizers)
	}
}

func TestDeletionWhileTheTenantIsDown(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	e.sim.Stop()
	e.delete(user)
	e.eventuallyReconciling(user, v1alpha1.ReasonTenantUnavailable)
	if err := e.sim.Resume(); err != nil {
		t.Fatal(err)
	}
	e.eventuallyGone(user)
	userFixture.requireCount(e, 0)
}

// TestForcedTenantDeletion takes the tenant away by force. The message tells the way out.
func TestForcedTenantDeletion(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	tenant := e.tenant()
	e.delete(tenant)
	e.eventuallyReconciling(tenant, v1alpha1.ReasonInUse)
	e.stopOperator()
	change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) { tenant.Finalizers = nil })
	e.startOperator()
	e.delete(user)
	e.eventuallyReconciling(user, v1alpha1.ReasonTenantNotReady, "set spec.deletionPolicy to Retain")
	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.eventuallyGone(user)
	userFixture.requireCount(e, 1)
}

// TestMetricsCountCalls holds the metric against what the tenant saw.
func TestMetricsCountCalls(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	families, err := e.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["route"] == "/api/v2/users" && labels["method"] == http.MethodPost && labels["status"] == "201" &&
				labels["tenant"] == client.ObjectKeyFromObject(e.tenant()).String() && metric.GetCounter().GetValue() == 1 {
				return
			}
		}
	}
	t.Errorf("no metric counts the creation: %v", families)
}

// TestAForeignObjectDoesNotHoldATenant has an object refer to a tenant that does not admit it.
func TestAForeignObjectDoesNotHoldATenant(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.create(e.tenant())
	elsewhere := e.newNamespace(nil)
	e.startOperator(elsewhere)
	e.eventuallyReady(e.tenant())
	foreignObject := newUser(e, "stranger", "stranger@example.com")
	foreignObject.Namespace, foreignObject.Spec.TenantRef.Namespace = elsewhere, e.namespace
	e.create(foreignObject)
	e.eventuallyStalled(foreignObject, v1alpha1.ReasonNotPermitted)
	e.deleteAndWait(e.tenant())
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.CABundle = nil
	e.create(tenant)
	e.startOperator()
	e.eventuallyStalled(tenant, v1alpha1.ReasonCertificateUntrusted, "the certificate of "+e.sim.Domain+" is not trusted: certificate signed by unknown authority", "spec.caBundle")
	change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.CABundle = e.tenant().Spec.CABundle })
	e.eventuallyReady(tenant)
}

// TestNoMetricOutlivesItsTenant deletes a tenant after some work for it.
func TestNoMetricOutlivesItsTenant(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	e.deleteAndWait(user)
	e.deleteAndWait(e.tenant())
	e.eventually(func() error {
		families, err := e.metrics.Gather()
		if err != nil {
			return err
		}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, label := range metric.GetLabel() {
					if label.GetName() == "tenant" && label.GetValue() == e.namespace+"/"+tenantName {
						return fmt.Errorf("%s still tells of the tenant: %s", family.GetName(), metric)
					}
				}
			}
		}
		return nil
	})
}
