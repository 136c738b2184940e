package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/test/render"
)

var largeObjects = flag.Int("large-objects", 60, "how many objects of 1 MB TestMemoryUnderLargeObjects creates")

const (
	// mostMemory is how many bytes the operator may take with large objects in the cluster, whatever their number.
	mostMemory = 256 << 20
	// memoryLimit is that of the chart, as the container's GOMEMLIMIT.
	memoryLimit = 512 << 20
)

// TestMemoryUnderLargeObjects fills a namespace with objects of 1 MB while the operator runs, and starts others that find them.
func TestMemoryUnderLargeObjects(t *testing.T) {
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{CRDDirs: []string{filepath.Join(render.Root(), "config", "crd", "bases")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme, err := operator.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	kube, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	i := &installation{T: t, cluster: cluster, kube: kube}
	i.namespace("crowded", nil)
	objects := largeObjectsIn("crowded", *largeObjects)

	running := i.startLimited("running", newestAPIServer)
	for _, object := range objects {
		i.must(kube.Create(t.Context(), object))
	}
	i.awaitRefused(objects, "")
	i.requireMemory("the operator that was running", running)
	running.End()

	for environment, how := range map[string]string{newestAPIServer: "streamed", olderAPIServer: "listed"} {
		for _, object := range objects {
			i.must(kube.Patch(t.Context(), metadataOf(object), client.RawPatch(types.MergePatchType,
				fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationReconcileRequestedAt, how))))
		}
		started := i.startLimited(how, environment)
		i.awaitRefused(objects, how)
		i.requireMemory("the operator that started, to which the objects were "+how+",", started)
		started.End()
	}
}

// largeObjectsIn makes objects of several kinds, with 1 MB of free JSON each. They name no tenant that exists.
func largeObjectsIn(namespace string, count int) []v1alpha1.Managed {
	free := apiextensionsv1.JSON{Raw: fmt.Appendf(nil, `{"deep":{"padding":%q}}`, strings.Repeat("n", 1_000_000))}
	objects := make([]v1alpha1.Managed, count)
	for i := range objects {
		name := metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprint("large-", i)}
		spec := v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: "none"}}
		switch i % 3 {
		case 0:
			objects[i] = &v1alpha1.Auth0User{ObjectMeta: name, Spec: v1alpha1.Auth0UserSpec{
				ManagedSpec: spec, Connection: "customers", Email: new("ada@example.com"), UserMetadata: map[string]apiextensionsv1.JSON{"free": free},
			}}
		case 1:
			objects[i] = &v1alpha1.Auth0Client{ObjectMeta: name, Spec: v1alpha1.Auth0ClientSpec{
				ManagedSpec: spec, ClientSettings: v1alpha1.ClientSettings{Name: "Shop", Addons: map[string]apiextensionsv1.JSON{"samlp": free}},
			}}
		default:
			objects[i] = &v1alpha1.Auth0Connection{ObjectMeta: name, Spec: v1alpha1.Auth0ConnectionSpec{
				ManagedSpec: spec, Name: fmt.Sprint("connection-", i), Strategy: "oidc", Options: &free,
			}}
		}
	}
	return objects
}

func metadataOf(object v1alpha1.Managed) *metav1.PartialObjectMetadata {
	metadata := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: object.GetNamespace(), Name: object.GetName()}}
	metadata.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(reflect.TypeOf(object).Elem().Name()))
	return metadata
}

// startLimited starts the operator with the memory limit of the chart.
func (i *installation) startLimited(name, environment string) *controlplane.Program {
	i.Helper()
	binary := filepath.Join(i.TempDir(), "manager-"+name)
	script := fmt.Sprintf("#!/bin/sh\nexport %s GOMEMLIMIT=%d\nexec '%s' \"$@\"\n", environment, memoryLimit, manager)
	i.must(os.WriteFile(binary, []byte(script), 0o700))
	program, err := i.cluster.Run(binary, "--kubeconfig="+i.cluster.KubeconfigFile, "--namespace=default",
		"--metrics-bind-address=0", "--health-probe-bind-address=0")
	i.must(err)
	return program
}

// awaitRefused waits until all objects say that they are too large, and that the request was handled.
func (i *installation) awaitRefused(objects []v1alpha1.Managed, request string) {
	i.Helper()
	for _, object := range objects {
		i.eventually(func() error {
			now := reflect.New(reflect.TypeOf(object).Elem()).Interface().(v1alpha1.Managed)
			i.must(i.kube.Get(i.Context(), client.ObjectKeyFromObject(object), now))
			ready := meta.FindStatusCondition(now.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
			if ready == nil || now.GetCommonStatus().LastHandledReconcileAt != request || ready.Reason != v1alpha1.ReasonInvalidSpec {
				return fmt.Errorf("%T %s is not refused: %+v", now, now.GetName(), now.GetCommonStatus())
			}
			return nil
		})
	}
}

// requireMemory bounds the memory that a program ever had.
func (i *installation) requireMemory(what string, program *controlplane.Program) {
	i.Helper()
	i.must(program.Failure())
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", program.PID()))
	i.must(err)
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		i.Fatalf("the kernel does not say how much memory the process had:\n%s", status)
	}
	kib, err := strconv.Atoi(string(peak[1]))
	i.must(err)
	i.Logf("%s took %d MiB", what, kib>>10)
	if kib<<10 > mostMemory {
		i.Errorf("%s took %d MiB with %d objects of 1 MB, more than %d MiB", what, kib>>10, *largeObjects, mostMemory>>20)
	}
}
