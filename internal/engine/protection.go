package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

const (
	// defaultWindow is the period in which deletions count together if the tenant does not say.
	defaultWindow = 10 * time.Minute
	// deletionSettles is how long an object in a protected tenant waits before its deletion: objects that are deleted together
	// become visible meanwhile.
	deletionSettles = 5 * time.Second
)

// Deletions counts the deletions in protected tenants.
type Deletions struct {
	mu sync.Mutex
	of map[types.NamespacedName]*tenantDeletions
}

// NewDeletions returns empty counts.
func NewDeletions() *Deletions {
	return &Deletions{of: map[types.NamespacedName]*tenantDeletions{}}
}

// tenantDeletions counts the deletions in one tenant.
type tenantDeletions struct {
	// counting is held by the reconciliation that counts. It writes to the API server meanwhile, so the others can give up, and those
	// of other tenants do not wait.
	counting *semaphore.Weighted
	window   *deletionWindow
}

func (d *Deletions) in(tenant *v1alpha1.Auth0Tenant) *tenantDeletions {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := client.ObjectKeyFromObject(tenant)
	if d.of[key] == nil {
		d.of[key] = &tenantDeletions{counting: semaphore.NewWeighted(1)}
	}
	return d.of[key]
}

// deletionWindow is what may be deleted in a tenant from a time on.
type deletionWindow struct {
	v1alpha1.DeletionCount

	// allowed are the objects that the window counts.
	allowed map[types.UID]bool
}

// protect returns the outcome of a deletion that must wait in a tenant that limits deletions, nil if it need not wait. Objects of
// a namespace that is being deleted neither wait nor count: a person who deletes a namespace means everything in it.
func (r *Reconciler[O]) protect(ctx context.Context, tenant *v1alpha1.Auth0Tenant, object v1alpha1.Managed) (*Outcome, error) {
	protection := tenant.Spec.DeletionProtection
	if protection == nil {
		return nil, nil
	}
	if settled := r.Clock.Since(object.GetDeletionTimestamp().Time); settled < deletionSettles {
		outcome := Wait(v1alpha1.ReasonDeleting, "waiting to see what else of the tenant is being deleted", deletionSettles-settled)
		return &outcome, nil
	}
	deletions := r.Deletions.in(tenant)
	if err := deletions.counting.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer deletions.counting.Release(1)
	window := deletions.at(tenant, r.Clock.Now())
	if window.allowed[object.GetUID()] {
		return nil, nil
	}
	count := deletionCount{reader: r.Client, tenant: tenant, window: window, leaving: map[string]bool{}}
	if leaves, err := count.isLeaving(ctx, object.GetNamespace()); err != nil || leaves {
		return nil, err
	}
	if err := count.count(ctx, r.kinds); err != nil {
		return nil, err
	}
	if limit := mostDeletions(protection, count.all); int(window.Count)+count.waiting > limit {
		return held(tenant, "more objects of the Auth0Tenant are being deleted than its spec.deletionProtection lets go within %s, which is %d", windowOf(protection), limit), nil
	}
	window.allowed[object.GetUID()] = true
	window.Count++
	return nil, r.noteDeletions(ctx, tenant, window.DeletionCount)
}

// at returns the window of the tenant that contains a time. After a restart, the status says what was deleted before.
func (d *tenantDeletions) at(tenant *v1alpha1.Auth0Tenant, now time.Time) *deletionWindow {
	if d.window == nil {
		d.window = &deletionWindow{DeletionCount: ptr.Deref(tenant.Status.Deletions, v1alpha1.DeletionCount{}), allowed: map[types.UID]bool{}}
	}
	if now.Sub(d.window.Since.Time) >= windowOf(tenant.Spec.DeletionProtection) {
		d.window = &deletionWindow{DeletionCount: v1alpha1.DeletionCount{Since: metav1.NewTime(now)}, allowed: map[types.UID]bool{}}
	}
	return d.window
}

func windowOf(protection *v1alpha1.DeletionProtection) time.Duration {
	return ptr.Deref(protection.Window, metav1.Duration{Duration: defaultWindow}).Duration
}

// mostDeletions is how many of all objects may be deleted within the window. One always may.
func mostDeletions(protection *v1alpha1.DeletionProtection, all int) int {
	most := all
	if limit := protection.MaxObjects; limit != nil {
		most = min(most, int(*limit))
	}
	if percent := protection.MaxPercent; percent != nil {
		most = min(most, all*int(*percent)/100)
	}
	return max(most, 1)
}

// noteDeletions records in status what may be deleted, before the deletion.
func (r *Reconciler[O]) noteDeletions(ctx context.Context, tenant *v1alpha1.Auth0Tenant, count v1alpha1.DeletionCount) error {
	noted := tenant.DeepCopy()
	noted.Status.Deletions = &count
	if err := r.Client.Status().Patch(ctx, noted, client.MergeFrom(tenant), client.FieldOwner(secret.FieldManager)); err != nil {
		return fmt.Errorf("count the deletion in the Auth0Tenant: %w", err)
	}
	return nil
}

// deletionCount counts the objects of a tenant that may have something in Auth0.
type deletionCount struct {
	reader client.Reader
	tenant *v1alpha1.Auth0Tenant
	window *deletionWindow
	// leaving reports for namespaces whether they are being deleted.
	leaving map[string]bool
	// all counts every object, also the ones that were deleted in this window. waiting counts objects that are being deleted and
	// not allowed yet.
	all, waiting int
}

func (c *deletionCount) count(ctx context.Context, kinds []Kind) error {
	admission := reference.NewAdmission(c.reader, c.tenant)
	c.all = int(c.window.Count)
	for _, kind := range kinds {
		if _, managed := kind.New().(v1alpha1.Managed); !managed {
			continue
		}
		list := kind.NewList()
		if err := c.reader.List(ctx, list, dependantsOf("Auth0Tenant", client.ObjectKeyFromObject(c.tenant)), client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("count each %s of the tenant: %w", kind.Name, err)
		}
		for _, object := range objectsIn(list) {
			if err := c.add(ctx, admission, object.(v1alpha1.Managed)); err != nil {
				return err
			}
		}
	}
	return nil
}

// add counts an object if it may have something in Auth0 and belongs to the tenant: anybody can write a reference and a
// finalizer.
func (c *deletionCount) add(ctx context.Context, admission *reference.Admission, object v1alpha1.Managed) error {
	if !controllerutil.ContainsFinalizer(object, v1alpha1.Finalizer) || c.window.allowed[object.GetUID()] {
		return nil
	}
	if admitted, err := admission.Admits(ctx, object); err != nil || !admitted {
		return err
	}
	c.all++
	if object.GetDeletionTimestamp() == nil || isConfirmed(c.tenant, object) || staysInAuth0(object) {
		return nil
	}
	leaves, err := c.isLeaving(ctx, object.GetNamespace())
	if err == nil && !leaves {
		c.waiting++
	}
	return err
}

// staysInAuth0 reports whether an object's deletion keeps what it represents in Auth0.
func staysInAuth0(object v1alpha1.Managed) bool {
	spec := object.GetManagedSpec()
	return spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

// isLeaving reports whether a namespace is being deleted.
func (c *deletionCount) isLeaving(ctx context.Context, name string) (bool, error) {
	if leaves, known := c.leaving[name]; known {
		return leaves, nil
	}
	var namespace metav1.PartialObjectMetadata
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := c.reader.Get(ctx, client.ObjectKey{Name: name}, &namespace); err != nil {
		return false, fmt.Errorf("read Namespace %s: %w", name, err)
	}
	c.leaving[name] = namespace.DeletionTimestamp != nil
	return c.leaving[name], nil
}
