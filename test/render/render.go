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
	"sync"

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
	program, err := built(tool)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = Root()
	command.Env = append(os.Environ(), "HELM_NAMESPACE=", "HELM_KUBECONTEXT=")
	output, err := outputOf(command)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", tool, strings.Join(args, " "), err)
	}
	return output, nil
}

// programs are the functions that build a tool on first use, by its package.
var programs sync.Map

// built returns the path of a tool. The first call in a process builds it into Go's build cache, unless it is there.
func built(tool string) (string, error) {
	build, _ := programs.LoadOrStore(tool, sync.OnceValues(func() (string, error) { return build(tool) }))
	return build.(func() (string, error))()
}

// build has go tool build a tool, and print where it is in place of running it.
func build(tool string) (string, error) {
	modules := filepath.Join(Root(), "hack", "deploy", "go.mod")
	command := exec.CommandContext(context.Background(), "go", "tool", "-n", "-modfile="+modules, tool)
	command.Dir = Root()
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	output, err := outputOf(command)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", tool, err)
	}
	return strings.TrimSpace(string(output)), nil
}

// outputOf runs a command. The error has what the command writes to standard error.
func outputOf(command *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}
