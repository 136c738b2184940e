package integration

import (
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// newSharedEnvironment has a tenant that admits all namespaces, and a second namespace that the operator serves, too.
func newSharedEnvironment(t *testing.T) (e *environment, elsewhere string) {
	t.Helper()
	e = newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	e.create(tenant)
	elsewhere = e.newNamespace(nil)
	e.startOperator(elsewhere)
	e.eventuallyReady(e.tenant())
	return e, elsewhere
}

// moved is an object in another namespace, of the same tenant.
func moved[O v1alpha1.Managed](e *environment, object O, namespace string) O {
	object.SetNamespace(namespace)
	object.GetManagedSpec().TenantRef.Namespace = e.namespace
	return object
}

// TestAGrantThatWasObservedStays has another namespace observe a grant, and then refer to another application under the same
// name: what its status knows is not its own to delete.
func TestAGrantThatWasObservedStays(t *testing.T) {
	t.Parallel()
	e, elsewhere := newSharedEnvironment(t)
	clientGrantFixture.prepare(e)
	grant := clientGrantFixture.object(e, "machine").(*v1alpha1.Auth0ClientGrant)
	e.create(grant)
	e.eventuallyReady(grant)

	stand := moved(e, newMachine(e, "stand"), elsewhere)
	stand.Spec.ClientID, stand.Spec.ManagementPolicy = &grant.Status.ClientID, v1alpha1.ManagementPolicyObserve
	e.create(stand)
	observed := moved(e, newGrant(e, "observed", "", ordersAPI, "read:orders"), elsewhere)
	observed.Spec.ClientID, observed.Spec.ClientRef = nil, &v1alpha1.ObjectReference{Name: "stand"}
	observed.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	e.create(observed)
	e.eventuallyReady(observed)
	if observed.Status.ID != grant.Status.ID {
		t.Fatalf("the grant %s was observed, want %s", observed.Status.ID, grant.Status.ID)
	}

	e.deleteAndWait(stand)
	e.create(moved(e, newMachine(e, "stand"), elsewhere))
	setPolicy(e, observed, v1alpha1.ManagementPolicyFull)
	e.eventuallyReady(observed)
	if observed.Status.ID == grant.Status.ID {
		t.Error("the grant of another object is still known as this one's")
	}
	clientGrantOf(e, grant)
	e.deleteAndWait(observed)
	clientGrantOf(e, grant)
}

// clientGrantOf fails unless a grant is in Auth0 as it is declared.
func clientGrantOf(e *environment, grant *v1alpha1.Auth0ClientGrant) {
	e.Helper()
	e.get(grant)
	if err := clientGrantFixture.check(e, grant); err != nil {
		e.Error(err)
	}
}

// TestAFinalizerByHandProvesNothing deletes objects that name something in Auth0 by its id, and did not come to take it over.
func TestAFinalizerByHandProvesNothing(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.existing(e)
	clientFixture.existing(e)
	missing := &v1alpha1.ObjectReference{Name: "missing"}
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.UserID = new(e.users()[0]["user_id"].(string))
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{RoleRef: missing}}}
	shop := newMachine(e, "shop")
	shop.Spec.ClientID = new(e.clients()[0]["client_id"].(string))
	shop.Spec.DefaultOrganization = &v1alpha1.ClientDefaultOrganization{OrganizationRef: missing, Flows: []string{"client_credentials"}}
	for _, object := range []v1alpha1.Managed{user, shop} {
		mayAdopt(object)
		object.SetFinalizers([]string{v1alpha1.Finalizer})
		e.create(object)
		e.eventuallyReconciling(object, v1alpha1.ReasonReferenceNotReady)
		e.deleteAndWait(object)
	}
	userFixture.requireCount(e, 1)
	clientFixture.requireCount(e, 1)
}

// TestAStatusThatWasCopiedProvesNothing gives an object the status of another one, as a backup does that is restored to
// another cluster.
func TestAStatusThatWasCopiedProvesNothing(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	role := newRole(e, "editor")
	e.create(role)
	e.eventuallyReady(role)
	e.stopOperator()
	e.delete(role)
	change(e, role, func(role *v1alpha1.Auth0Role) { controllerutil.RemoveFinalizer(role, v1alpha1.Finalizer) })
	restored := newRole(e, "editor")
	restored.Finalizers = []string{v1alpha1.Finalizer}
	e.create(restored)
	before := restored.DeepCopy()
	role.Status.DeepCopyInto(&restored.Status)
	if err := e.kube.Status().Patch(e.ctx, restored, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	e.startOperator()
	e.reconcile(restored)
	e.eventuallyStalled(restored, v1alpha1.ReasonAlreadyExists)
	e.deleteAndWait(restored)
	roleFixture.requireCount(e, 1)
}

// TestASuccessorKeepsWhatOthersSet takes over an application in the place of one that is gone: what was added to the former one
// is not taken from it.
func TestASuccessorKeepsWhatOthersSet(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	shop := newMachine(e, "Shop")
	shop.Name = "shop"
	shop.Spec.GrantTypes = &v1alpha1.ClientGrantTypes{Items: []string{"password"}}
	e.create(shop)
	e.eventuallyReady(shop)
	setPolicy(e, shop, v1alpha1.ManagementPolicyObserve)
	e.dashboard("DELETE", clientsPath+"/"+shop.Status.ClientID, nil)
	theirs := e.dashboard("POST", clientsPath, map[string]any{"name": "Shop", "app_type": "non_interactive", "grant_types": []string{"client_credentials", "password"}})
	e.reconcile(shop)
	if shop.Status.ClientID != theirs["client_id"] {
		t.Fatalf("the application %s was observed, want %s", shop.Status.ClientID, theirs["client_id"])
	}
	change(e, shop, func(c *v1alpha1.Auth0Client) { c.Spec.GrantTypes = nil; mayAdopt(c) })
	setPolicy(e, shop, v1alpha1.ManagementPolicyFull)
	e.eventuallyReady(shop)
	if grants := e.client(shop.Status.ClientID)["grant_types"].([]any); !slices.Contains(grants, any("password")) {
		t.Errorf("a grant type was taken from an application that others gave it to: %v", grants)
	}
}

// TestASuccessorGetsThePassword takes over a user in the place of one who is gone: the password was sent to that one only.
func TestASuccessorGetsThePassword(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("password", map[string]string{"password": userPassword}))
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = passwordFrom("password")
	e.create(user)
	e.eventuallyReady(user)
	setPolicy(e, user, v1alpha1.ManagementPolicyObserve)
	userFixture.deleteRemotely(e, user)
	userFixture.existing(e)
	e.reconcile(user)
	change(e, user, func(u *v1alpha1.Auth0User) { mayAdopt(u) })
	setPolicy(e, user, v1alpha1.ManagementPolicyFull)
	e.eventuallyReady(user)
	requireSignIn(e, user)
}
