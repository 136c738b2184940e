package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// deletions are what people delete, in whatever order comes to their mind.
var deletions = map[string]func(*environment) []client.Object{
	"users": func(e *environment) []client.Object {
		return []client.Object{&v1alpha1.Auth0User{ObjectMeta: e.meta("ada")}, &v1alpha1.Auth0User{ObjectMeta: e.meta("bob")}}
	},
	"secrets": func(e *environment) []client.Object {
		return []client.Object{&corev1.Secret{ObjectMeta: e.meta("credentials")}, &corev1.Secret{ObjectMeta: e.meta("password")}}
	},
	"tenant":    func(e *environment) []client.Object { return []client.Object{e.tenant()} },
	"namespace": func(e *environment) []client.Object { return []client.Object{e.ownNamespace()} },
}

// pace is how people do it.
type pace struct {
	name string
	// operator reports whether one runs meanwhile.
	operator bool
	// after is what they wait for after each step.
	after func(*environment)
}

var paces = []pace{
	{name: "at once", operator: true, after: func(*environment) {}},
	{name: "one by one", operator: true, after: (*environment).eventuallyExplained},
	{name: "while no operator works", after: func(*environment) {}},
}

// TestDeletionInAnyOrder ends clean, or says what it waits for and ends clean after that.
func TestDeletionInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range permutations("users", "secrets", "tenant") {
		for _, pace := range paces {
			pace.run(t, order)
		}
	}
	// Kubernetes takes its time over a namespace, so these orders go at one pace each.
	for i, order := range permutations("users", "secrets", "tenant", "namespace") {
		paces[i%len(paces)].run(t, order)
	}
}

func (p pace) run(t *testing.T, order []string) {
	t.Helper()
	t.Run(strings.Join(order, ", ")+" "+p.name, func(t *testing.T) {
		t.Parallel()
		e := newEnvironment(t)
		userFixture.prepare(e)
		for _, user := range []v1alpha1.Managed{userFixture.object(e, "ada"), newUser(e, "bob", "bob@example.com")} {
			e.create(user)
			e.eventuallyReady(user)
		}
		if !p.operator {
			e.stopOperator()
		}
		for _, step := range order {
			for _, object := range deletions[step](e) {
				if err := client.IgnoreNotFound(e.kube.Delete(e.ctx, object)); err != nil {
					t.Fatal(err)
				}
			}
			p.after(e)
		}
		if !p.operator {
			e.startOperator()
		}
		e.requireCleanEnd(slices.Contains(order, "namespace"))
	})
}

func permutations(items ...string) [][]string {
	if len(items) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for i, first := range items {
		rest := slices.Delete(slices.Clone(items), i, i+1)
		for _, tail := range permutations(rest...) {
			all = append(all, append([]string{first}, tail...))
		}
	}
	return all
}

// requireCleanEnd waits until everything is gone. What waits for a person must say so, and gets what it asks for.
func (e *environment) requireCleanEnd(namespaceToo bool) {
	e.Helper()
	e.eventuallyExplained()
	waiting := e.leaving(&v1alpha1.Auth0UserList{})
	retained := 0
	switch {
	case len(waiting) == 0:
	case namespaceToo:
		retained = len(waiting)
		e.retain(waiting)
	default:
		err := e.kube.Create(e.ctx, e.credentials("credentials"))
		if err != nil && !apierrors.IsAlreadyExists(err) {
			e.Fatal(err)
		}
	}
	e.eventuallyGone(&v1alpha1.Auth0User{ObjectMeta: e.meta("ada")})
	e.eventuallyGone(&v1alpha1.Auth0User{ObjectMeta: e.meta("bob")})
	e.eventuallyGone(e.tenant())
	if namespaceToo {
		e.eventuallyGone(e.ownNamespace())
	}
	if left := len(e.users()); left > retained {
		e.Errorf("%d users are left in Auth0, want at most the %d that were to stay", left, retained)
	}
}

// retain takes the way out that the messages tell.
func (e *environment) retain(users []v1alpha1.Object) {
	e.Helper()
	for _, object := range users {
		user := &v1alpha1.Auth0User{ObjectMeta: e.meta(object.GetName())}
		e.eventually(func() error {
			if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(user), user); err != nil {
				return client.IgnoreNotFound(err)
			}
			before := user.DeepCopy()
			user.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
			return client.IgnoreNotFound(e.kube.Patch(e.ctx, user, client.MergeFrom(before)))
		})
	}
}

// eventuallyExplained waits until everything that was deleted is gone, or says what it waits for.
func (e *environment) eventuallyExplained() {
	e.Helper()
	e.eventually(func() error {
		for _, user := range e.leaving(&v1alpha1.Auth0UserList{}) {
			if message := messageOf(user); !strings.Contains(message, "set spec.deletionPolicy to Retain") {
				return fmt.Errorf("user %s does not tell the way out: %q", user.GetName(), message)
			}
		}
		for _, tenant := range e.leaving(&v1alpha1.Auth0TenantList{}) {
			if message := messageOf(tenant); !strings.Contains(message, "refer to this object") && !strings.Contains(message, "Secret") {
				return fmt.Errorf("the tenant does not say what it waits for: %q", message)
			}
		}
		return nil
	})
}

// leaving returns the objects that are deleted and not gone.
func (e *environment) leaving(list client.ObjectList) []v1alpha1.Object {
	e.Helper()
	if err := e.kube.List(e.ctx, list, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	var objects []v1alpha1.Object
	switch list := list.(type) {
	case *v1alpha1.Auth0UserList:
		for i := range list.Items {
			objects = append(objects, &list.Items[i])
		}
	case *v1alpha1.Auth0TenantList:
		for i := range list.Items {
			objects = append(objects, &list.Items[i])
		}
	}
	return slices.DeleteFunc(objects, func(object v1alpha1.Object) bool { return object.GetDeletionTimestamp() == nil })
}

// messageOf is what an object says that is not finished.
func messageOf(object v1alpha1.Object) string {
	for _, condition := range abnormal(object) {
		return condition.Message
	}
	return ""
}

func (e *environment) ownNamespace() *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.namespace}}
}
