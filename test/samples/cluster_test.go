package samples

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

// TestAPIServerAccepts applies what people apply: config/default, which brings the CRDs, and with these the samples, so
// that the rules of the schema and the Pod Security of the namespace have their say. A warning counts as a failure.
func TestAPIServerAccepts(t *testing.T) {
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{WithoutControllerManager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	kubectl := func(t *testing.T, args ...string) {
		t.Helper()
		args = append([]string{"--kubeconfig", cluster.KubeconfigFile, "--warnings-as-errors"}, args...)
		if output, err := exec.CommandContext(t.Context(), cluster.Kubectl, args...).CombinedOutput(); err != nil {
			t.Errorf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}

	kubectl(t, "apply", "--kustomize", "../../config/default")
	kubectl(t, "wait", "--for=condition=Established", "crd", "--all")
	for _, file := range sampleFiles(t) {
		t.Run(strings.TrimPrefix(file, samplesDir+"/"), func(t *testing.T) {
			kubectl(t, "apply", "--namespace", "default", "--dry-run=server", "--validate=strict", "--filename", file)
		})
	}
}
