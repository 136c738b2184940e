package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// tenantIn makes an Auth0Tenant of the same Auth0 tenant in another namespace, which admits its own namespace only.
func (e *environment) tenantIn(namespace string) *v1alpha1.Auth0Tenant {
	e.Helper()
	credentials := e.credentials("credentials")
	ca, tenant := e.caBundle(), e.tenant()
	for _, object := range []client.Object{credentials, ca, tenant} {
		object.SetNamespace(namespace)
		e.create(object)
	}
	return tenant
}

// TestAForeignObjectBlocksNoDeletion has objects of a namespace that the tenant does not admit refer to what is deleted: one with a
// finalizer put on by hand and suspended, and one of a tenant of its own with a finalizer that is the operator's.
func TestAForeignObjectBlocksNoDeletion(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.create(e.tenant())
	elsewhere := e.newNamespace(nil)
	e.startOperator(elsewhere)
	e.eventuallyReady(e.tenant())
	e.eventuallyReady(e.tenantIn(elsewhere))
	api := newResourceServer(e, "orders", ordersAPI, "read:orders", "write:orders")
	role := newRole(e, "editor", "read:orders")
	e.create(api)
	e.create(role)
	e.eventuallyReady(role)

	theirs := &v1alpha1.ObjectReference{Name: "editor", Namespace: e.namespace}
	block := moved(e, newUser(e, "block", "block@example.com"), elsewhere)
	block.Finalizers, block.Spec.Suspend = []string{v1alpha1.Finalizer}, true
	block.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: theirs}}}
	e.create(block)
	own := newUser(e, "own", "own@example.com")
	own.Namespace = elsewhere
	e.create(own)
	e.eventuallyReady(own)
	change(e, own, func(u *v1alpha1.Auth0User) { u.Spec.Roles = block.Spec.Roles })
	holds := moved(e, newRole(e, "holds", "write:orders"), elsewhere)
	holds.Spec.Permissions.Items[0].ResourceServerRef.Namespace = e.namespace
	holds.Finalizers, holds.Spec.Suspend = []string{v1alpha1.Finalizer}, true
	e.create(holds)

	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.Scopes.Items = api.Spec.Scopes.Items[:1] })
	e.eventuallyReady(api)
	e.deleteAndWait(role)
	e.deleteAndWait(api)
	e.deleteAndWait(e.tenant())
}

// whatIsSaid is the condition Ready of an object, with the words that name what it refers to replaced.
func whatIsSaid(e *environment, object v1alpha1.Object, names ...string) metav1.Condition {
	e.Helper()
	e.get(object)
	said := *meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	for _, name := range names {
		said.Message = strings.ReplaceAll(said.Message, name, "NAME")
	}
	said.LastTransitionTime = metav1.Time{}
	return said
}

// TestReferencesTellNothingOfOtherNamespaces refers to what is in another namespace and belongs to a tenant that does not admit
// this one, to what a tenant does not admit, and to what is not there. Nobody can tell which is which.
func TestReferencesTellNothingOfOtherNamespaces(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	friend := e.newNamespace(map[string]string{"auth0": "yes"})
	victim := e.newNamespace(nil)
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"auth0": "yes"}}}
	e.create(tenant)
	e.startOperator(friend, victim)
	e.eventuallyReady(tenant)
	e.eventuallyReady(e.tenantIn(victim))
	ofAnother := newRole(e, "private")
	ofAnother.Namespace = victim
	e.create(ofAnother)
	e.eventuallyReady(ofAnother)
	notAdmitted := moved(e, newRole(e, "stranger"), victim)
	e.create(notAdmitted)
	e.eventuallyStalled(notAdmitted, v1alpha1.ReasonNotPermitted)

	var users []*v1alpha1.Auth0User
	for _, name := range []string{"private", "stranger", "nothing"} {
		user := moved(e, newUser(e, name, name+"@example.com"), friend)
		user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: &v1alpha1.ObjectReference{Name: name, Namespace: victim}}}}
		e.create(user)
		e.eventuallyReconciling(user, v1alpha1.ReasonReferenceNotReady)
		users = append(users, user)
	}
	requireSameSaid := func(when string) {
		t.Helper()
		want := whatIsSaid(e, users[0], "private")
		for i, name := range []string{"private", "stranger", "nothing"} {
			if said := whatIsSaid(e, users[i], name); said != want {
				t.Errorf("%s: of %s is said %+v, and of another %+v", when, name, said, want)
			}
		}
	}
	requireSameSaid("at first")
	versions := []string{users[0].ResourceVersion, users[1].ResourceVersion, users[2].ResourceVersion}
	e.deleteAndWait(ofAnother)
	e.deleteAndWait(notAdmitted)
	requireSameSaid("after they are gone")
	for i, user := range users {
		if user.ResourceVersion != versions[i] {
			t.Errorf("%s changed when what it refers to went", user.Name)
		}
	}
}

// TestTenantsOfOtherNamespacesAreNotTold refers to a tenant that does not admit the namespace, to one whose selector is wrong, and
// to one that does not exist.
func TestTenantsOfOtherNamespacesAreNotTold(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.create(e.tenant())
	wrong := e.tenant()
	wrong.Name = "wrong"
	wrong.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{
		MatchExpressions: []v1alpha1.NamespaceSelectorRequirement{{Key: "auth0", Operator: metav1.LabelSelectorOpIn}},
	}}
	e.create(wrong)
	elsewhere := e.newNamespace(nil)
	e.startOperator(elsewhere)
	e.eventuallyReady(e.tenant())
	e.eventuallyStalled(wrong, v1alpha1.ReasonInvalidSpec, "spec.allowedNamespaces.selector")

	var first metav1.Condition
	for _, name := range []string{tenantName, "wrong", "nothing"} {
		user := moved(e, newUser(e, name, name+"@example.com"), elsewhere)
		user.Spec.TenantRef.Name = name
		e.create(user)
		e.eventuallyStalled(user, v1alpha1.ReasonNotPermitted, "spec.allowedNamespaces")
		said := whatIsSaid(e, user, e.namespace+"/"+name)
		if name == tenantName {
			first = said
		} else if said != first {
			t.Errorf("of tenant %s is said %+v, and of another %+v", name, said, first)
		}
	}
	late := e.tenant()
	late.Name, late.Spec.AllowedNamespaces = "nothing", &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	e.create(late)
	waiting := newUser(e, "nothing", "")
	waiting.Namespace = elsewhere
	e.eventuallyReady(waiting)
	own := newUser(e, "own", "own@example.com")
	own.Spec.TenantRef.Name = "nowhere"
	e.create(own)
	e.eventuallyReconciling(own, v1alpha1.ReasonTenantNotReady, "does not exist")
}

// TestPermissionIsSeenAtOnce takes a namespace's permission away and gives it back, on a tenant with little of a rate limit: many
// objects say so within seconds, without a call.
func TestPermissionIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("all namespaces", func(t *testing.T) {
		t.Parallel()
		own, access := ownControlPlane(t)
		e := newEnvironmentIn(t, own, access, freePlan)
		e.everywhere = true
		permissionIsSeen(t, e, 10*time.Second)
	})
	t.Run("some namespaces", func(t *testing.T) {
		t.Parallel()
		permissionIsSeen(t, newBareEnvironment(t, freePlan), 20*time.Second)
	})
}

func permissionIsSeen(t *testing.T, e *environment, within time.Duration) {
	t.Helper()
	guest := e.newNamespace(map[string]string{"auth0": "allowed"})
	tenant := e.tenant()
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"auth0": "allowed"}},
	}
	e.create(tenant)
	e.startOperator(guest)
	e.eventuallyReady(tenant)
	var roles []v1alpha1.Object
	for i := range 12 {
		role := newRole(e, fmt.Sprint("role-", i))
		role.Namespace, role.Spec.TenantRef.Namespace = guest, e.namespace
		e.create(role)
		roles = append(roles, role)
	}
	for _, role := range roles {
		e.eventuallyReady(role)
	}
	label := func(value string) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: guest}}
		change(e, namespace, func(namespace *corev1.Namespace) { namespace.Labels["auth0"] = value })
	}
	selects := func(value v1alpha1.LabelValue) {
		change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) {
			tenant.Spec.AllowedNamespaces.Selector.MatchLabels["auth0"] = value
		})
	}
	all := func(status metav1.ConditionStatus, since time.Time) {
		t.Helper()
		for _, role := range roles {
			e.eventuallyCondition(role, v1alpha1.ConditionReady, status, "")
		}
		if took := time.Since(since); took > within {
			t.Errorf("it took %s until all said Ready=%s", took, status)
		}
	}
	for _, step := range []struct {
		do   func()
		want metav1.ConditionStatus
	}{
		{func() { label("other") }, metav1.ConditionFalse}, {func() { label("allowed") }, metav1.ConditionTrue},
		{func() { selects("other") }, metav1.ConditionFalse}, {func() { selects("allowed") }, metav1.ConditionTrue},
	} {
		since := time.Now()
		step.do()
		all(step.want, since)
	}
}
