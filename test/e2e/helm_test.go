package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/test/render"
)

// release is a cluster in which Helm installs.
type release struct {
	*testing.T
	cluster *controlplane.ControlPlane
	kube    client.Client
}

// TestHelmKeepsObjects installs, upgrades, uninstalls and installs again: an upgrade brings the CRDs up to date, and
// neither it nor the end of the release takes an object away.
func TestHelmKeepsObjects(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	r.helm("install", render.Release, r.outdatedChart(), "--create-namespace")
	if names := r.shortNames(); !slices.Equal(names, []string{"outdated"}) {
		t.Fatalf("the first installation did not bring its own CRDs: short names %q", names)
	}
	tenant := &v1alpha1.Auth0Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "main"},
		Spec:       v1alpha1.Auth0TenantSpec{CredentialsSecretRef: v1alpha1.SecretReference{Name: "auth0-credentials"}},
	}
	if err := r.kube.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}

	r.helm("upgrade", render.Release, render.Chart())
	if names := r.shortNames(); !slices.Equal(names, []string{"a0tenant"}) {
		t.Errorf("after the upgrade, the short names of the CRD are %q", names)
	}
	r.requireOperator(true)
	r.requireObject(tenant)

	r.helm("uninstall", render.Release)
	r.requireOperator(false)
	r.requireObject(tenant)

	r.helm("install", render.Release, render.Chart())
	r.requireOperator(true)
	r.requireObject(tenant)
}

func newRelease(t *testing.T) *release {
	t.Helper()
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{WithoutControllerManager: true})
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
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	kube, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return &release{T: t, cluster: cluster, kube: kube}
}

func (r *release) helm(args ...string) {
	r.Helper()
	args = append(args, "--kubeconfig", r.cluster.KubeconfigFile, "--namespace", render.Namespace)
	if output, err := render.Helm(r.Context(), args...); err != nil {
		r.Fatalf("%v\n%s", err, output)
	}
}

// outdatedChart is a copy of the chart with another CRD of Auth0Tenant.
func (r *release) outdatedChart() string {
	r.Helper()
	chart := filepath.Join(r.TempDir(), filepath.Base(render.Chart()))
	if err := os.CopyFS(chart, os.DirFS(render.Chart())); err != nil {
		r.Fatal(err)
	}
	file := filepath.Join(chart, "files", "crds", "auth0-operator.io_auth0tenants.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), "- a0tenant\n", "- outdated\n", 1)), 0o600); err != nil {
		r.Fatal(err)
	}
	return chart
}

func (r *release) shortNames() []string {
	r.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	if err := r.kube.Get(r.Context(), client.ObjectKey{Name: "auth0tenants.auth0-operator.io"}, &crd); err != nil {
		r.Fatal(err)
	}
	return crd.Spec.Names.ShortNames
}

func (r *release) requireOperator(installed bool) {
	r.Helper()
	err := r.kube.Get(r.Context(), client.ObjectKey{Namespace: render.Namespace, Name: render.Release}, &appsv1.Deployment{})
	if installed && err != nil || !installed && !apierrors.IsNotFound(err) {
		r.Errorf("the Deployment is to be there: %t; got %v", installed, err)
	}
}

// requireObject wants the very object, and not one like it.
func (r *release) requireObject(object client.Object) {
	r.Helper()
	current := object.DeepCopyObject().(client.Object)
	if err := r.kube.Get(r.Context(), client.ObjectKeyFromObject(object), current); err != nil || current.GetUID() != object.GetUID() {
		r.Errorf("%s did not survive: %v", object.GetName(), err)
	}
}
