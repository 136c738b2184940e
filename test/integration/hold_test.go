package integration

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// deletedCRD is an object of a kind whose CustomResourceDefinition is about to be deleted.
type deletedCRD struct {
	*environment

	is     fixture
	object v1alpha1.Managed
	count  int
}

// TestDeletedCRDsDeleteNothingInAuth0 deletes the CustomResourceDefinition of every kind, as a tool does that prunes them. Everything
// stays in Auth0, also after a restart, until a person confirms the deletion or has an object retained.
func TestDeletedCRDsDeleteNothingInAuth0(t *testing.T) {
	t.Parallel()
	own, access := ownControlPlane(t)
	operators := newEnvironmentIn(t, own, access)
	operators.everywhere = true
	operators.startOperator()
	all := map[string]*deletedCRD{}
	for _, kind := range controllers.All() {
		if _, managed := kind.New().(v1alpha1.Managed); !managed {
			continue
		}
		d := &deletedCRD{environment: newEnvironmentIn(t, own, access), is: subjects[kind.Name]}
		d.create(d.tenant())
		d.is.prepare(d.environment)
		d.object = d.is.object(d.environment, "one")
		d.create(d.object)
		all[kind.Name] = d
	}
	for _, d := range all {
		d.eventuallyReady(d.object)
		d.count = d.is.count(d.environment)
		d.sim.ResetRequests()
	}

	for _, kind := range controllers.All() {
		operators.delete(crd(kind.Name))
	}
	// The API server deletes the objects of five kinds, and waits a minute for them to go before it turns to the next kinds.
	for _, d := range all {
		d.delete(d.object)
		d.delete(d.tenant())
	}
	for kind, d := range all {
		d.eventuallyStalled(d.object, v1alpha1.ReasonDeletionHeld, strings.ToLower(kind)+"s.auth0-operator.io is being deleted",
			"deletionPolicy", "kubectl -n "+d.namespace+" annotate auth0tenant main --overwrite auth0-operator.io/confirm-deletion=")
		d.eventually(func() error {
			if events := d.events(d.object); !slices.ContainsFunc(events, func(event string) bool { return strings.HasPrefix(event, v1alpha1.ReasonDeletionHeld) }) {
				return fmt.Errorf("no Event says so: %v", events)
			}
			return nil
		})
	}
	operators.restartOperator()
	for _, d := range all {
		d.confirmDeletions(time.Now().Add(-time.Hour))
		d.reconcile(d.object)
		d.requireHeld()
	}

	for kind, d := range all {
		if kind == "Auth0Client" {
			change(d.environment, d.object, func(o v1alpha1.Managed) { o.GetManagedSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
			d.eventuallyGone(d.object)
			d.is.requireCount(d.environment, d.count)
			continue
		}
		d.confirmDeletions(time.Now().Add(time.Minute))
	}
	for kind, d := range all {
		d.eventuallyGone(d.object)
		if kind != "Auth0Client" && kind != "Auth0Token" {
			d.is.requireCount(d.environment, d.count-1)
		}
		d.eventuallyGone(d.tenant())
	}
}

// requireHeld fails unless the object is held, and Auth0 still matches the spec.
func (d *deletedCRD) requireHeld() {
	d.Helper()
	d.eventuallyStalled(d.object, v1alpha1.ReasonDeletionHeld)
	if err := d.is.check(d.environment, d.object); err != nil {
		d.Error(err)
	}
	d.is.requireCount(d.environment, d.count)
	if writes := d.sim.Requests().Writes(); writes > 0 {
		d.Errorf("%d writes to Auth0: %+v", writes, d.sim.Requests().ByRoute)
	}
	tenant := d.tenant()
	d.get(tenant)
	if tenant.DeletionTimestamp == nil {
		d.Error("the tenant is not being deleted")
	}
}

// confirmDeletions confirms the deletions that are held and began before a time.
func (e *environment) confirmDeletions(until time.Time) {
	e.Helper()
	change(e, e.tenant(), func(t *v1alpha1.Auth0Tenant) {
		t.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDeletion: until.UTC().Format(time.RFC3339)})
	})
}

// crd is the CustomResourceDefinition of a kind, to delete it.
func crd(kind string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	object.SetName(strings.ToLower(kind) + "s.auth0-operator.io")
	return object
}

// TestDeletionProtection deletes more objects at once than the tenant lets go: none of them goes, also after a restart, until a
// person confirms it. What goes with its namespace is not held.
func TestDeletionProtection(t *testing.T) {
	for name, protection := range map[string]*v1alpha1.DeletionProtection{
		"by number": {MaxObjects: new(int32(2))},
		"by share":  {MaxPercent: new(int32(40))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newProtectedEnvironment(t, protection)
			roles := e.protectedRoles(e.namespace, "a", "b", "c", "d", "e")
			e.sim.ResetRequests()
			for _, role := range roles[:3] {
				e.delete(role)
			}
			for _, role := range roles[:3] {
				e.eventuallyStalled(role, v1alpha1.ReasonDeletionHeld, "spec.deletionProtection lets go within 10m0s, which is 2", "auth0-operator.io/confirm-deletion=")
			}
			e.restartOperator()
			for _, role := range roles[:3] {
				e.reconcile(role)
				e.eventuallyStalled(role, v1alpha1.ReasonDeletionHeld)
			}
			if writes := e.sim.Requests().Writes(); writes > 0 {
				t.Errorf("%d writes to Auth0", writes)
			}
			e.confirmDeletions(time.Now().Add(time.Minute))
			for _, role := range roles[:3] {
				e.eventuallyGone(role)
			}
			if left := len(e.dashboardList(rolesRoute)); left != 2 {
				t.Errorf("%d roles are left in Auth0, want 2", left)
			}
		})
	}
}

// TestDeletionProtectionRemembers lets as many objects go as the tenant allows, one after the other, and no more after a restart.
func TestDeletionProtectionRemembers(t *testing.T) {
	t.Parallel()
	e := newProtectedEnvironment(t, &v1alpha1.DeletionProtection{MaxObjects: new(int32(2))})
	roles := e.protectedRoles(e.namespace, "a", "b", "c")
	e.deleteAndWait(roles[0])
	e.deleteAndWait(roles[1])
	e.restartOperator()
	e.delete(roles[2])
	e.eventuallyStalled(roles[2], v1alpha1.ReasonDeletionHeld)
	if left := len(e.dashboardList(rolesRoute)); left != 1 {
		t.Errorf("%d roles are left in Auth0, want 1", left)
	}
	change(e, roles[2], func(role *v1alpha1.Auth0Role) { role.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.eventuallyGone(roles[2])
}

// TestDeletionProtectionLetsNamespacesGo deletes a namespace by one command.
func TestDeletionProtectionLetsNamespacesGo(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.DeletionProtection = &v1alpha1.DeletionProtection{MaxObjects: new(int32(1))}
	tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	e.create(tenant)
	team := e.newNamespace(nil)
	e.startOperator(team)
	roles := e.protectedRoles(team, "a", "b", "c")
	namespace := &corev1.Namespace{}
	namespace.Name = team
	e.delete(namespace)
	for _, role := range roles {
		e.eventuallyGone(role)
	}
	if left := len(e.dashboardList(rolesRoute)); left != 0 {
		t.Errorf("%d roles are left in Auth0, want 0", left)
	}
}

func newProtectedEnvironment(t *testing.T, protection *v1alpha1.DeletionProtection) *environment {
	t.Helper()
	e := newEnvironment(t)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.DeletionProtection = protection })
	e.eventuallyReady(e.tenant())
	return e
}

// protectedRoles makes roles that are Ready.
func (e *environment) protectedRoles(namespace string, names ...string) []*v1alpha1.Auth0Role {
	e.Helper()
	var roles []*v1alpha1.Auth0Role
	for _, name := range names {
		role := &v1alpha1.Auth0Role{Spec: v1alpha1.Auth0RoleSpec{ManagedSpec: e.managedSpec(), Name: name}}
		role.Namespace, role.Name = namespace, name
		role.Spec.TenantRef.Namespace = e.namespace
		e.create(role)
		roles = append(roles, role)
	}
	for _, role := range roles {
		e.eventuallyReady(role)
	}
	return roles
}

// TestInheritanceTakesTheRightToAdopt has an object in another namespace declare what one holds that is deleted. It inherits only if
// its namespace may adopt: it gets to the credentials of an application that way.
func TestInheritanceTakesTheRightToAdopt(t *testing.T) {
	for name, policy := range map[string]v1alpha1.AdoptionPolicy{"without it": v1alpha1.AdoptionPolicyNever, "with it": v1alpha1.AdoptionPolicyIfUnmanaged} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			tenant := e.tenant()
			tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
			tenant.Spec.Delegations = []v1alpha1.Delegation{{Namespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}, AdoptionPolicy: policy}}
			e.create(tenant)
			team := e.newNamespace(nil)
			e.startOperator(team)
			first := e.protectedRoles(e.namespace, "editor")[0]
			second := first.DeepCopy()
			second.ObjectMeta = metav1.ObjectMeta{Namespace: team, Name: "editor"}
			e.create(second)
			e.eventuallyStalled(second, v1alpha1.ReasonConflict)
			e.deleteAndWait(first)
			if policy == v1alpha1.AdoptionPolicyNever {
				if left := e.dashboardList(rolesRoute); len(left) > 0 && left[0]["id"] == first.Status.ID {
					t.Errorf("the role was not deleted: %v", left)
				}
				return
			}
			e.eventuallyReady(second)
			if second.Status.ID != first.Status.ID {
				t.Errorf("the object has the role %q, want %q", second.Status.ID, first.Status.ID)
			}
		})
	}
}

// TestNothingIsHandedOverToAnotherTenant has two Auth0Tenants of one domain, and a user declared in both. Who follows the message keeps the
// user. A role carries no marker: it is found as somebody's, and left alone.
func TestNothingIsHandedOverToAnotherTenant(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	other := e.tenant()
	other.Name = "other"
	e.create(other)
	e.eventuallyReady(other)
	user, role := newUser(e, "ada", "ada@example.com"), newRole(e, "editor")
	for _, first := range []v1alpha1.Managed{user, role} {
		e.create(first)
		e.eventuallyReady(first)
	}
	id := user.Status.UserID
	second, secondRole := newUser(e, "second", "ada@example.com"), newRole(e, "second")
	secondRole.Spec.Name = role.Spec.Name
	for _, rival := range []v1alpha1.Managed{second, secondRole} {
		rival.GetManagedSpec().TenantRef.Name = other.Name
		e.create(rival)
	}
	e.eventuallyStalled(second, v1alpha1.ReasonConflict, e.namespace+"/ada/", "needs spec.deletionPolicy: Retain first if its cluster, namespace or Auth0Tenant is another")
	e.eventuallyStalled(secondRole, v1alpha1.ReasonAlreadyExists)

	change(e, user, func(u *v1alpha1.Auth0User) { u.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	e.deleteAndWait(user)
	change(e, second, func(u *v1alpha1.Auth0User) { u.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
	e.eventuallyReady(second)
	if second.Status.UserID != id || len(e.users()) != 1 {
		t.Errorf("the user is %q, want %q; %d are left", second.Status.UserID, id, len(e.users()))
	}
}

// TestConnectionWithPeopleIsHeld deletes a connection with a user whom nobody declares, and one whom an object declares by the name of
// the connection: the latter goes first, and the former is deleted only if a person confirms it.
func TestConnectionWithPeopleIsHeld(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	customers := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("c50"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "c50", Strategy: "auth0",
		EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{{ClientID: new(operatorClientID)}}},
	}}
	e.create(customers)
	e.eventuallyReady(customers)
	declared := newUser(e, "declared", "declared@example.com")
	declared.Spec.Connection = "c50"
	e.create(declared)
	e.eventuallyReady(declared)
	e.dashboard("POST", "/api/v2/users", map[string]any{"connection": "c50", "email": "person@example.com", "password": "Correct-Horse-1", "verify_email": false})

	e.delete(customers)
	e.eventuallyReconciling(customers, v1alpha1.ReasonInUse, "declared")
	e.deleteAndWait(declared)
	e.within(10*time.Second, func() error {
		e.get(customers)
		if ready := meta.FindStatusCondition(customers.Status.Conditions, v1alpha1.ConditionReady); ready.Reason == v1alpha1.ReasonInUse {
			return errors.New("the connection does not go on when its last declared user is gone")
		}
		return nil
	})
	message := e.eventuallyStalled(customers, v1alpha1.ReasonDeletionHeld, "a user whom no object declares", "annotate auth0connection c50")
	if strings.Contains(message, "person@example.com") {
		t.Errorf("the message names a person: %s", message)
	}
	if left := len(e.connectionsNamed("c50")); left != 1 || len(e.users()) != 1 {
		t.Errorf("%d connections and %d users are left, want one each", left, len(e.users()))
	}
	change(e, customers, func(c *v1alpha1.Auth0Connection) {
		c.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDeletion: time.Now().Add(time.Minute).UTC().Format(time.RFC3339)})
	})
	e.eventuallyGone(customers)
	if left := len(e.connectionsNamed("c50")); left != 0 {
		t.Errorf("%d connections are left, want 0", left)
	}
}

// TestWhatNoObjectDeclaresHoldsADeletion deletes an organization and a role with a member, and an API with a client grant, that people
// made in the Dashboard: one call counts them, and nothing is deleted before a person confirms it.
func TestWhatNoObjectDeclaresHoldsADeletion(t *testing.T) {
	for kind, row := range map[string]struct {
		object      func(*environment) v1alpha1.Managed
		occupy      func(*environment, v1alpha1.Managed)
		path, count func(v1alpha1.Managed) string
		says        string
	}{
		"Auth0Organization": {
			object: func(e *environment) v1alpha1.Managed {
				return &v1alpha1.Auth0Organization{ObjectMeta: e.meta("acme"), Spec: v1alpha1.Auth0OrganizationSpec{ManagedSpec: e.managedSpec(), Name: "acme"}}
			},
			occupy: func(e *environment, o v1alpha1.Managed) {
				e.dashboard("POST", "/api/v2/organizations/"+o.(*v1alpha1.Auth0Organization).Status.OrganizationID+"/members", map[string]any{"members": []any{e.person()}})
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/organizations/" + o.(*v1alpha1.Auth0Organization).Status.OrganizationID
			},
			count: func(v1alpha1.Managed) string { return "/api/v2/organizations/{id}/members" },
			says:  "a member whom no object declares, and memberships",
		},
		"Auth0Role": {
			object: func(e *environment) v1alpha1.Managed { return newRole(e, "editor") },
			occupy: func(e *environment, o v1alpha1.Managed) {
				e.dashboard("POST", "/api/v2/roles/"+o.(*v1alpha1.Auth0Role).Status.ID+"/users", map[string]any{"users": []any{e.person()}})
			},
			path:  func(o v1alpha1.Managed) string { return "/api/v2/roles/" + o.(*v1alpha1.Auth0Role).Status.ID },
			count: func(v1alpha1.Managed) string { return "/api/v2/roles/{id}/users" },
			says:  "a user whom no object declares, and who has it loses",
		},
		"Auth0ResourceServer": {
			object: func(e *environment) v1alpha1.Managed { return newResourceServer(e, "orders", ordersAPI, "read:orders") },
			occupy: func(e *environment, _ v1alpha1.Managed) {
				e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": e.application("shop"), "audience": ordersAPI, "scope": []any{"read:orders"}})
			},
			path: func(o v1alpha1.Managed) string {
				return "/api/v2/resource-servers/" + o.(*v1alpha1.Auth0ResourceServer).Status.ID
			},
			count: func(v1alpha1.Managed) string { return "/api/v2/client-grants" },
			says:  "a client grant that no object declares, and Auth0 deletes",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			// The change in the Dashboard would cost a read of its own.
			e := newUnwatchedEnvironment(t)
			object := row.object(e)
			e.create(object)
			e.eventuallyReady(object)
			row.occupy(e, object)
			e.sim.ResetRequests()
			e.delete(object)
			e.eventuallyStalled(object, v1alpha1.ReasonDeletionHeld, row.says, "annotate "+strings.ToLower(kind)+" "+object.GetName())
			if report := e.sim.Requests(); report.Writes() > 0 || report.Count(http.MethodGet, row.count(object)) != 1 {
				t.Errorf("the calls are %+v, want one that counts and no write", report.ByRoute)
			}
			e.dashboard("GET", row.path(object), nil)
			change(e, object, func(o v1alpha1.Managed) {
				o.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDeletion: time.Now().Add(time.Minute).UTC().Format(time.RFC3339)})
			})
			e.eventuallyGone(object)
			if deleted := e.sim.Requests().Writes(); deleted != 1 {
				t.Errorf("%d writes after the confirmation, want 1", deleted)
			}
		})
	}
}

// TestACountTakesAScope has the operator lack the scope with which it counts what goes with an object: it holds the deletion and names
// the scope, as the tenant does before. With the scope it goes on. Who has a role, read:roles shows, which each role takes.
func TestACountTakesAScope(t *testing.T) {
	for kind, scope := range map[string]string{
		"Auth0Organization": "read:organization_members", "Auth0ResourceServer": "read:client_grants", "Auth0Connection": "read:users",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e, s := newBareEnvironment(t), subjects[kind]
			granted := e.operatorScopes()
			e.withoutScopes(scope)
			e.create(e.tenant())
			e.startOperator()
			s.prepare(e)
			object := s.object(e, "one")
			e.create(object)
			e.eventuallyReady(object)
			tenant := e.tenant()
			e.get(tenant)
			if !slices.ContainsFunc(tenant.Status.MissingScopes, func(missing v1alpha1.MissingScopes) bool {
				return missing.Kind == kind && slices.Contains(missing.Scopes, scope)
			}) {
				t.Errorf("status.missingScopes: %+v", tenant.Status.MissingScopes)
			}
			e.delete(object)
			e.eventuallyStalled(object, v1alpha1.ReasonDeletionHeld, "missing scopes: "+scope+"; grant them to the application "+operatorClientID, "spec.deletionPolicy to Retain")
			e.grantOperator(granted)
			e.restartOperator()
			e.eventuallyGone(object)
		})
	}
}

// operatorScopes are the scopes of the operator's application by the id of its grant, and grantOperator gives them back.
func (e *environment) operatorScopes() map[string]any {
	e.Helper()
	scopes := map[string]any{}
	for _, grant := range e.dashboardList("/api/v2/client-grants?client_id=" + operatorClientID) {
		scopes[grant["id"].(string)] = grant["scope"]
	}
	return scopes
}

func (e *environment) grantOperator(scopes map[string]any) {
	e.Helper()
	for id, scope := range scopes {
		e.dashboard("PATCH", "/api/v2/client-grants/"+id, map[string]any{"scope": scope})
	}
}

// person makes a user whom no object declares and returns its id.
func (e *environment) person() string {
	e.Helper()
	return e.dashboard("POST", "/api/v2/users", map[string]any{"connection": connection, "email": "person@example.com", "password": "Correct-Horse-1", "verify_email": false})["user_id"].(string)
}

// TestHeldTokensAreRenewed holds the deletion of tokens, and of the application of one: workloads use them until they are gone.
func TestHeldTokensAreRenewed(t *testing.T) {
	for name, declare := range map[string]func(*environment) (*v1alpha1.Auth0Token, v1alpha1.Object){
		"client credentials": func(e *environment) (*v1alpha1.Auth0Token, v1alpha1.Object) {
			tokenFixture.prepare(e)
			return tokenFixture.object(e, "one").(*v1alpha1.Auth0Token), e.protectedRoles(e.namespace, "beside")[0]
		},
		"refresh token": func(e *environment) (*v1alpha1.Auth0Token, v1alpha1.Object) {
			machine := e.declaredShop()
			token := refreshTokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
			token.Spec.Client = v1alpha1.TokenClient{ClientRef: &v1alpha1.LocalReference{Name: machine.Name}}
			return token, machine
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newProtectedEnvironment(t, &v1alpha1.DeletionProtection{MaxObjects: new(int32(1))})
			token, beside := declare(e)
			e.setTokenLifetime(15)
			e.create(token)
			e.eventuallyReady(token)
			e.delete(token)
			e.delete(beside)
			e.eventuallyStalled(token, v1alpha1.ReasonDeletionHeld)
			held := e.accessToken(token)
			e.eventually(func() error {
				if e.accessToken(token) == held {
					return errors.New("the token is not renewed")
				}
				return nil
			})
			message := e.eventuallyStalled(token, v1alpha1.ReasonDeletionHeld)
			if !token.Status.ExpiresAt.After(time.Now()) || strings.Contains(message, "meanwhile") {
				t.Errorf("the token expires at %s: %s", token.Status.ExpiresAt, message)
			}
			e.sim.AddFaults(simulator.Fault{Route: "/oauth/token", Status: http.StatusForbidden, Body: []byte(`{"error":"access_denied","error_description":"Not now"}`)})
			e.eventuallyStalled(token, v1alpha1.ReasonDeletionHeld, "; meanwhile: ", "Not now")
			e.sim.ClearFaults()
			e.confirmDeletions(time.Now().Add(time.Minute))
			e.eventuallyGone(token)
			e.eventuallyGone(beside)
		})
	}
}

// accessToken returns what is in the Secret of a token.
func (e *environment) accessToken(token *v1alpha1.Auth0Token) string {
	e.Helper()
	output := &corev1.Secret{ObjectMeta: e.meta(token.Spec.OutputSecret.Name)}
	e.get(output)
	return string(output.Data["accessToken"])
}

// TestWhatNamesGoesFirst deletes an API and a role together with what names them by their value: nobody has to confirm that, and it is over
// as soon as that is.
func TestWhatNamesGoesFirst(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	api, role := newResourceServer(e, "orders", ordersAPI, "read:orders"), newRole(e, "editor")
	grant := newGrant(e, "orders", e.application("shop"), ordersAPI, "read:orders")
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("editor")}}}
	for _, object := range []v1alpha1.Managed{api, role, grant, user} {
		e.create(object)
	}
	e.eventuallyReady(grant)
	e.eventuallyReady(user)
	e.sim.AddFaults(
		simulator.Fault{Method: http.MethodDelete, Route: "/api/v2/client-grants/{id}", Status: http.StatusConflict},
		simulator.Fault{Method: http.MethodDelete, Route: "/api/v2/users/{id}", Status: http.StatusConflict},
	)
	for object, by := range map[v1alpha1.Managed]v1alpha1.Managed{api: grant, role: user} {
		e.delete(by)
		e.delete(object)
		e.eventuallyReconciling(object, v1alpha1.ReasonInUse, by.GetName()+" still refers to this object")
	}
	e.sim.ClearFaults()
	// One that tries again by itself may be gone already.
	request := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"now"}}}`, v1alpha1.AnnotationReconcileRequestedAt))
	for _, by := range []v1alpha1.Managed{grant, user} {
		if err := client.IgnoreNotFound(e.kube.Patch(e.ctx, by.DeepCopyObject().(client.Object), request)); err != nil {
			t.Fatal(err)
		}
	}
	for object, by := range map[v1alpha1.Managed]v1alpha1.Managed{api: grant, role: user} {
		e.eventuallyGone(by)
		e.within(5*time.Second, func() error {
			if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s is still there: %+v (%w)", object.GetName(), object.GetCommonStatus().Conditions, err)
			}
			return nil
		})
		if held := slices.ContainsFunc(e.events(object), func(event string) bool { return strings.HasPrefix(event, v1alpha1.ReasonDeletionHeld) }); held {
			t.Errorf("the deletion of %s was held", object.GetName())
		}
	}
}

// TestACRDThatIsGone deletes a CustomResourceDefinition without objects. The operator goes on with the other kinds, serves the kind again
// when it comes back, and says what is missing if it is started meanwhile.
func TestACRDThatIsGone(t *testing.T) {
	t.Parallel()
	own, access := ownControlPlane(t)
	e := newEnvironmentIn(t, own, access)
	e.everywhere = true
	e.startOperator()
	e.create(e.tenant())
	e.eventuallyReady(e.tenant())
	e.deleteCRD("Auth0Role")
	api := newResourceServer(e, "orders", ordersAPI, "read:orders")
	e.create(api)
	e.eventuallyReady(api)
	e.installCRD("Auth0Role")
	e.eventuallyReadyOnceServed(newRole(e, "editor", "read:orders"))

	e.deleteAndWait(newRole(e, "editor"))
	e.stopOperator()
	e.deleteCRD("Auth0Role")
	tryToStart := func() error {
		_, err := operator.New(t.Context(), e.config, operator.Options{Namespace: e.namespace, MetricsAddress: "0", HealthAddress: "0", Metrics: prometheus.NewRegistry()})
		return err
	}
	if err := tryToStart(); err == nil || !strings.Contains(err.Error(), "the cluster has no CustomResourceDefinition auth0roles.auth0-operator.io, in the version v1alpha1; install") {
		t.Errorf("the operator says: %v", err)
	}
	e.installCRD("Auth0Role")
	// Kubernetes starts it again and again.
	e.eventually(tryToStart)
	e.startOperator()
	e.eventuallyReadyOnceServed(newRole(e, "viewer", "read:orders"))
}

// deleteCRD deletes the CustomResourceDefinition of a kind, and waits until it is gone.
func (e *environment) deleteCRD(kind string) {
	e.Helper()
	e.delete(crd(kind))
	e.eventually(func() error {
		if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(crd(kind)), crd(kind)); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the CustomResourceDefinition of %s is still there: %w", kind, err)
		}
		return nil
	})
}

// installCRD installs the CustomResourceDefinition of a kind.
func (e *environment) installCRD(kind string) {
	e.Helper()
	manifest, err := os.ReadFile("../../config/crd/bases/auth0-operator.io_" + strings.ToLower(kind) + "s.yaml")
	if err != nil {
		e.Fatal(err)
	}
	object := crd(kind)
	if err := yaml.Unmarshal(manifest, &object.Object); err != nil {
		e.Fatal(err)
	}
	e.create(object)
}

// eventuallyReadyOnceServed creates an object of a kind that the API server may not serve yet, and waits until it is Ready.
func (e *environment) eventuallyReadyOnceServed(object v1alpha1.Managed) {
	e.Helper()
	e.eventually(func() error { return e.kube.Create(e.ctx, object) })
	e.eventuallyReady(object)
}
