package e2e

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/test/argocd"
)

// expectation is what Flux (by kstatus) and Argo CD (by our health.lua) should say of an object; "" if Argo CD does not ask.
type expectation func(*unstructured.Unstructured) (status.Status, string)

func always(kstatus status.Status, health string) expectation {
	return func(*unstructured.Unstructured) (status.Status, string) { return kstatus, health }
}

// healthy expects all to be well, but for what can only be stalled.
func (i *installation) healthy(object *unstructured.Unstructured) (kstatus status.Status, health string) {
	if i.isStalled(object) {
		return status.FailedStatus, "Degraded"
	}
	return status.CurrentStatus, "Healthy"
}

// suspended expects what was Ready to be so still: that is its last known state.
func (i *installation) suspended(object *unstructured.Unstructured) (kstatus status.Status, health string) {
	if i.isStalled(object) {
		return status.InProgressStatus, "Suspended"
	}
	return status.CurrentStatus, "Suspended"
}

func (i *installation) isStalled(object *unstructured.Unstructured) bool {
	_, stalled := i.stalled[object.GetKind()+"/"+object.GetName()]
	return stalled
}

// checkHealth asks kstatus and Argo CD's script about every sample that is there.
func (i *installation) checkHealth(when string, want expectation) {
	i.Helper()
	for _, sample := range i.samples {
		object := i.live(sample)
		if object == nil {
			continue
		}
		kstatus, health := want(object)
		result, err := status.Compute(object)
		i.must(err)
		if result.Status != kstatus {
			i.Errorf("%s %s, %s: kstatus says %s (%s), want %s", object.GetKind(), object.GetName(), when, result.Status, result.Message, kstatus)
		}
		if health == "" {
			continue
		}
		shown, err := argocd.HealthOf(object.GetKind(), object.Object)
		i.must(err)
		if shown.Status != health || shown.Message == "" {
			i.Errorf("%s %s, %s: Argo CD shows %+v, want %s", object.GetKind(), object.GetName(), when, shown, health)
		}
	}
}

// live is an object as the API server has it, nil if it is gone.
func (i *installation) live(sample *unstructured.Unstructured) *unstructured.Unstructured {
	i.Helper()
	object := sample.DeepCopy()
	err := i.kube.Get(i.Context(), client.ObjectKeyFromObject(sample), object)
	if apierrors.IsNotFound(err) {
		return nil
	}
	i.must(err)
	return object
}

// checkSecondApply applies what is converged once more, in both ways that there are: nothing that the operator or the
// schema did to an object may look like a change to somebody's Git.
func (i *installation) checkSecondApply() {
	i.Helper()
	for line := range strings.Lines(i.apply(i.samples)) {
		if !strings.HasSuffix(strings.TrimSpace(line), " unchanged") {
			i.Errorf("a second kubectl apply says: %s", line)
		}
	}
	for _, sample := range i.samples {
		before, applied := i.live(sample), sample.DeepCopy()
		err := i.kube.Patch(i.Context(), applied, client.Apply, client.DryRunAll, client.FieldOwner("gitops"), client.ForceOwnership) //nolint:staticcheck // Apply takes no unstructured object.
		i.must(err)
		for _, object := range []*unstructured.Unstructured{before, applied} {
			object.SetManagedFields(nil)
			object.SetResourceVersion("")
		}
		if difference := cmp.Diff(before.Object, applied.Object); difference != "" {
			i.Errorf("applying %s %s again on the server's side would change (-before +after):\n%s", sample.GetKind(), sample.GetName(), difference)
		}
	}
}

// shutOut takes the tenant away from the guests, who cannot help it: somebody must act. Then it lets them in again.
func (i *installation) shutOut() {
	i.Helper()
	guest := func(object client.Object) bool { return object.GetNamespace() == guestNamespace }
	i.admit("Same", `{"spec":{"allowedNamespaces":{"from":"Same","selector":null}}}`)
	i.awaitAll("shut out", func(_ string, object v1alpha1.Object) bool {
		return !guest(object) || readyOf(object).Reason == v1alpha1.ReasonNotPermitted
	})
	guests := 0
	i.checkHealth("shut out", func(object *unstructured.Unstructured) (status.Status, string) {
		if !guest(object) {
			return i.healthy(object)
		}
		guests++
		return status.FailedStatus, "Degraded"
	})
	if guests == 0 {
		i.Error("no sample uses the tenant of another namespace")
	}
	i.admit("All", `{"spec":{"allowedNamespaces":{"from":"All"}}}`)
	i.awaitAll("let in again", i.isReady)
}

// admit changes who may use the tenants that are lent to other namespaces.
func (i *installation) admit(whom, patch string) {
	i.Helper()
	lent := 0
	for _, sample := range i.samples {
		if _, ok, _ := unstructured.NestedMap(sample.Object, "spec", "allowedNamespaces"); ok {
			lent++
			i.must(i.kube.Patch(i.Context(), sample.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch))))
		}
	}
	if lent == 0 {
		i.Fatalf("no tenant to admit %s to", whom)
	}
}
