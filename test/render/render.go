// Package render renders the chart and the kustomizations, with the Helm and kustomize of hack/deploy. Other tests import
// it.
package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Release and Namespace are those of config/default, and of the commands in the documentation.
const (
	Release   = "auth0-operator"
	Namespace = "auth0-operator-system"
)

// The tools, by their packages.
const (
	helm      = "helm.sh/helm/v4/cmd/helm"
	helm3     = "helm.sh/helm/v3/cmd/helm"
	kustomize = "sigs.k8s.io/kustomize/kustomize/v5"
)

// Root is the checkout.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Chart is the folder of the chart.
func Chart() string { return filepath.Join(Root(), "charts", "auth0-operator") }

// Helm runs Helm 4 and returns what it prints.
func Helm(ctx context.Context, args ...string) ([]byte, error) { return run(ctx, helm, args...) }

// Template renders the chart as helm install would apply it; args are further flags, such as --set.
func Template(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, helm, template(args)...)
}

// Template3 is Template by Helm 3, which many still have. Built from its module, it takes the cluster for an ancient one.
func Template3(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, helm3, append(template(args), "--kube-version", "1.36.0")...)
}

func template(args []string) []string {
	return append([]string{"template", Release, Chart(), "--namespace", Namespace}, args...)
}

// Kustomize builds a folder, seen from the root of the checkout.
func Kustomize(ctx context.Context, dir string) ([]byte, error) {
	return run(ctx, kustomize, "build", filepath.Join(Root(), dir))
}

// Objects reads manifests.
func Objects(manifests []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	var objects []*unstructured.Unstructured
	for {
		var object unstructured.Unstructured
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, &object)
		}
	}
}

// run runs a tool of hack/deploy. Helm's own settings of anyone who runs the tests stay out of it.
func run(ctx context.Context, tool string, args ...string) ([]byte, error) {
	args = append([]string{"tool", "-modfile=" + filepath.Join(Root(), "hack", "deploy", "go.mod"), tool}, args...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = Root()
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "HELM_NAMESPACE=", "HELM_KUBECONTEXT=")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", tool, strings.Join(args[3:], " "), err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}
