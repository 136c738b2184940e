package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
)

// doomed is an object of a kind whose CustomResourceDefinition is about to be deleted.
type doomed struct {
	*environment

	is     subject
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
	all := map[string]*doomed{}
	for _, kind := range controllers.All() {
		if _, managed := kind.New().(v1alpha1.Managed); !managed {
			continue
		}
		d := &doomed{environment: newEnvironmentIn(t, own, access), is: subjects[kind.Name]}
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
		d.pass(d.object)
		d.requireHeld()
	}

	for kind, d := range all {
		if kind == "Auth0Client" {
			change(d.environment, d.object, func(o v1alpha1.Managed) { o.GetManagedSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
			d.eventuallyGone(d.object)
			d.is.requireCount(d.environment, d.count)
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

// requireHeld fails unless the object is held, and as declared in Auth0.
func (d *doomed) requireHeld() {
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
