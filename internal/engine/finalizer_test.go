package engine

import (
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestFinalizersOfOthersStay adds the operator's finalizer to an object that got another one since it was read: a patch replaces
// the whole list.
func TestFinalizersOfOthersStay(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	role := &v1alpha1.Auth0Role{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one"}}
	kube := fake.NewClientBuilder().WithScheme(scheme).WithObjects(role).Build()
	read := func() *v1alpha1.Auth0Role {
		object := &v1alpha1.Auth0Role{}
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(role), object); err != nil {
			t.Fatal(err)
		}
		return object
	}
	stale := read()
	changed := read()
	changed.Finalizers = []string{"example.com/audit"}
	if err := kube.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	keep := func(object *v1alpha1.Auth0Role) error {
		loop := &Reconciler[*v1alpha1.Auth0Role]{Deps: Deps{Client: kube}}
		return (&Reconciliation[*v1alpha1.Auth0Role]{Object: object, saved: object.DeepCopy(), loop: loop}).AddFinalizer(t.Context())
	}
	if err := keep(stale); !apierrors.IsConflict(err) {
		t.Errorf("on a stale object: %v, want a conflict", err)
	}
	if err := keep(read()); err != nil {
		t.Error(err)
	}
	if have := read().Finalizers; !slices.Equal(have, []string{"example.com/audit", v1alpha1.Finalizer}) {
		t.Errorf("the finalizers are %v", have)
	}
}
