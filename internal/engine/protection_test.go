package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestAStuckDeletionHoldsNoOther has the API server not answer while a deletion is counted in one tenant: those of another tenant go
// on, and those of the same tenant can give up.
func TestAStuckDeletionHoldsNoOther(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	protected := func(name string) *v1alpha1.Auth0Tenant {
		return &v1alpha1.Auth0Tenant{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
			Spec:       v1alpha1.Auth0TenantSpec{DeletionProtection: &v1alpha1.DeletionProtection{MaxObjects: new(int32(10))}},
		}
	}
	stuck, other := protected("stuck"), protected("other")
	writing, answer := make(chan struct{}), make(chan struct{})
	kube := interceptor.NewClient(
		fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(stuck).
			WithObjects(stuck, other, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}).Build(),
		interceptor.Funcs{
			SubResourcePatch: func(ctx context.Context, c client.Client, part string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
				if object.GetName() == stuck.Name {
					close(writing)
					<-answer
				}
				return c.SubResource(part).Patch(ctx, object, patch, options...)
			},
		})
	loop := &Reconciler[*v1alpha1.Auth0Role]{Deps: Deps{Client: kube, Clock: clock.RealClock{}, Deletions: NewDeletions()}}
	protect := func(ctx context.Context, tenant *v1alpha1.Auth0Tenant, name string) error {
		deleted := metav1.NewTime(time.Now().Add(-time.Minute))
		_, err := loop.protect(ctx, tenant, &v1alpha1.Auth0Role{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, DeletionTimestamp: &deleted}})
		return err
	}
	first := make(chan error)
	go func() { first <- protect(t.Context(), stuck, "first") }()
	<-writing
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := protect(ctx, other, "elsewhere"); err != nil {
		t.Errorf("a deletion in another tenant: %v", err)
	}
	cancel()
	if err := protect(ctx, stuck, "second"); !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up gets %v", err)
	}
	close(answer)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
