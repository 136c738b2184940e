package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/partial"
)

// padding is an annotation that makes an object large.
const padding = "example.com/padding"

// large makes an object so large that the cache holds only a part of it.
func large(object v1alpha1.Managed) {
	object.SetAnnotations(map[string]string{padding: strings.Repeat("n", 2*partial.MostCached)})
}

// tooLarge makes an object so large that the operator does not work on it. Every namespace's editor can do this to any kind: the API
// server bounds the annotations together, and each label, but not their number. Few labels with long keys cost it the least time.
func tooLarge(object v1alpha1.Object) {
	annotations := map[string]string{padding: strings.Repeat("n", 200<<10)}
	for key, value := range object.GetAnnotations() {
		if key != padding {
			annotations[key] = value
		}
	}
	object.SetAnnotations(annotations)
	prefix := strings.Repeat(strings.Repeat("n", 49)+".", 5)
	labels := map[string]string{}
	for i := range 900 {
		labels[fmt.Sprintf("%scom/%063d", prefix, i)] = strings.Repeat("n", 63)
	}
	object.SetLabels(labels)
}

// smaller undoes tooLarge.
func smaller(object v1alpha1.Object) {
	object.SetLabels(nil)
	delete(object.GetAnnotations(), padding)
}

func (e *environment) role(name string) *v1alpha1.Auth0Role {
	return &v1alpha1.Auth0Role{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0RoleSpec{ManagedSpec: e.managedSpec(), Name: name}}
}

// TestLifecycleOfLargeObjects repeats the rows of the lifecycle table that would notice if the operator took a part for the whole.
func TestLifecycleOfLargeObjects(t *testing.T) {
	for kind, s := range subjects {
		small := s.object
		s.object = func(e *environment, name string) v1alpha1.Managed {
			object := small(e, name)
			large(object)
			return object
		}
		for name, row := range map[string]func(*environment, fixture){
			"drift is corrected": drift, "a field that is removed is cleared": clearField, "delete": deleteObject, "observe writes nothing": observe,
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := newEnvironment(t)
				s.prepare(e)
				e.sim.ResetRequests()
				row(e, s)
			})
		}
	}
}

// TestTooLargeObjects has an object of every kind grow beyond what the operator works on.
func TestTooLargeObjects(t *testing.T) {
	for _, kind := range controllers.All() {
		s, ok := subjects[kind.Name]
		if !ok {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			s.prepare(e)
			object := s.declared(e)
			e.sim.ResetRequests()

			// Nothing is changed, although the fields are gone that the cache does not hold, and one of the spec is.
			change(e, object, func(o v1alpha1.Managed) {
				tooLarge(o)
				s.clear(o)
			})
			e.eventuallyStalled(object, v1alpha1.ReasonInvalidSpec, "KiB; at most 512 KiB are allowed")
			s.requireWrites(e, 0)
			e.restartOperator()
			e.reconcile(object)
			e.eventuallyStalled(object, v1alpha1.ReasonInvalidSpec, "KiB; at most 512 KiB are allowed")
			s.requireCount(e, 1)

			change(e, object, func(o v1alpha1.Managed) { smaller(o) })
			e.eventuallyReady(object)
			if err := s.cleared(e, object); err != nil {
				t.Errorf("smaller again, and not as declared: %v", err)
			}

			change(e, object, func(o v1alpha1.Managed) { tooLarge(o) })
			e.deleteAndWait(object)
			e.eventually(func() error {
				if count := s.count(e); count > 0 {
					return fmt.Errorf("%d are left in Auth0", count)
				}
				return nil
			})
		})
	}
}

// TestNewObjectsThatAreTooLarge creates nothing in Auth0, and lets an object go that stands for nothing.
func TestNewObjectsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	user := userFixture.object(e, "one")
	tooLarge(user)
	e.create(user)
	e.eventuallyStalled(user, v1alpha1.ReasonInvalidSpec, "at most 512 KiB are allowed")
	userFixture.requireWrites(e, 0)
	e.deleteAndWait(user)

	names := e.role("many")
	names.Spec.Permissions = &v1alpha1.RolePermissions{}
	for i := range 600 {
		names.Spec.Permissions.Items = append(names.Spec.Permissions.Items, v1alpha1.Permission{Name: "read", ResourceServerRef: &v1alpha1.ObjectReference{Name: fmt.Sprint("api-", i)}})
	}
	e.create(names)
	e.eventuallyStalled(names, v1alpha1.ReasonInvalidSpec, "names 602 other objects and Secrets; at most 250")
	e.deleteAndWait(names)
}

// TestFreeJSONIsBounded wants a message that names the field.
func TestFreeJSONIsBounded(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	free := apiextensionsv1.JSON{Raw: fmt.Appendf(nil, `{"deep":{"padding":%q}}`, strings.Repeat("n", 130<<10))}
	addons := clientFixture.object(e, "addons").(*v1alpha1.Auth0Client)
	addons.Spec.Addons = map[string]apiextensionsv1.JSON{"samlp": free}
	scopes := clientFixture.object(e, "scopes").(*v1alpha1.Auth0Client)
	scopes.Spec.JWTConfiguration.Scopes = map[string]apiextensionsv1.JSON{"legacy": free}
	options := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("options"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "partner", Strategy: "oidc", Options: &free,
	}}
	for field, object := range map[string]v1alpha1.Managed{"spec.addons": addons, "spec.jwtConfiguration.scopes": scopes, "spec.options": options} {
		e.create(object)
		e.eventuallyStalled(object, v1alpha1.ReasonInvalidSpec, field+" has 131 KiB; at most ")
	}
}

// TestATooLargeTenantAdmitsNobody wants no namespace to be taken for an admitted one because the cache cut the selector.
func TestATooLargeTenantAdmitsNobody(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	guest := e.newNamespace(map[string]string{"auth0": "allowed"})
	tenant := e.tenant()
	change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) {
		tenant.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{
			From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"auth0": "allowed"}},
		}
		tenant.Annotations = map[string]string{padding: strings.Repeat("n", 2*partial.MostCached)}
	})
	e.eventuallyReady(tenant)
	e.stopOperator()
	e.startOperator(guest)
	role := e.role("role")
	role.Namespace, role.Spec.TenantRef.Namespace = guest, e.namespace
	e.create(role)
	e.eventuallyReady(role)

	change(e, tenant, func(tenant *v1alpha1.Auth0Tenant) {
		tooLarge(tenant)
		tenant.Spec.AllowedNamespaces.Selector.MatchLabels["auth0"] = "other"
	})
	e.eventuallyStalled(tenant, v1alpha1.ReasonInvalidSpec, "at most 512 KiB are allowed")
	change(e, role, func(role *v1alpha1.Auth0Role) { role.Spec.Description = new("changed") })
	e.eventuallyStalled(role, v1alpha1.ReasonNotPermitted, "there is no Auth0Tenant "+e.namespace+"/"+tenantName+" that admits")
}

// TestLargeObjectsAreFound wants what a large object names to wake it up, and to wait for it when it is deleted.
func TestLargeObjectsAreFound(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	userFixture.prepare(e)
	editor := e.role("chief-editor")
	e.create(editor)
	user := userFixture.object(e, "one").(*v1alpha1.Auth0User)
	large(user)
	user.Spec.Roles = &v1alpha1.UserRoles{}
	for i := range 40 {
		user.Spec.Roles.Items = append(user.Spec.Roles.Items, v1alpha1.UserRole{Name: new(fmt.Sprint("role-", i))})
		seedRoles(e, fmt.Sprint("role-", i))
	}
	user.Spec.Roles.Items = append(user.Spec.Roles.Items, v1alpha1.UserRole{RoleRef: &v1alpha1.ObjectReference{Name: editor.Name}})
	e.create(user)
	e.eventuallyReady(user)

	e.sim.ResetRequests()
	change(e, e.secret("password", nil), func(secret *corev1.Secret) {
		secret.StringData = map[string]string{"password": "planted-Other-Password-2"}
	})
	e.eventually(func() error {
		if e.sim.Requests().Count("PATCH", "/api/v2/users/{id}") == 0 {
			return fmt.Errorf("the new password is not sent")
		}
		return nil
	})
	e.delete(editor)
	e.eventuallyReconciling(editor, v1alpha1.ReasonInUse, "Auth0User "+e.namespace+"/one")
	change(e, user, func(user *v1alpha1.Auth0User) { user.Spec.Roles.Items = user.Spec.Roles.Items[:40] })
	e.eventuallyGone(editor)
}

// TestAResponseThatIsTooLarge is said of the object, with what to do.
func TestAResponseThatIsTooLarge(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	var isLarge atomic.Bool
	e.wrapAuth0 = func(base http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := base.RoundTrip(request)
			if err == nil && isLarge.Load() && request.Method == http.MethodGet && strings.HasPrefix(request.URL.Path, "/api/v2/roles/") {
				_ = response.Body.Close()
				response.Body = io.NopCloser(strings.NewReader(`{"id":"rol_1","description":"` + strings.Repeat("x", 3<<20) + `"}`))
				response.ContentLength = -1
			}
			return response, err
		})
	}
	e.create(e.tenant())
	e.startOperator()
	role := &v1alpha1.Auth0Role{ObjectMeta: e.meta("one"), Spec: v1alpha1.Auth0RoleSpec{ManagedSpec: e.managedSpec(), Name: "editor"}}
	e.create(role)
	e.eventuallyReady(role)
	isLarge.Store(true)
	e.reconcile(role)
	e.eventuallyStalled(role, v1alpha1.ReasonResponseTooLarge, "make the object in Auth0 smaller")
	isLarge.Store(false)
	e.reconcile(role)
	e.eventuallyReady(role)
}
