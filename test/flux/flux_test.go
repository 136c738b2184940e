// Package flux evaluates the health checks of config/flux as Flux does: on the fields of an object, stale statuses first.
// It is a separate module because of its dependency on CEL.
package flux

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"sigs.k8s.io/yaml"
)

const config = "../../config"

// healthCheck is an entry of healthCheckExprs.
type healthCheck struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Current    string `json:"current"`
	Failed     string `json:"failed"`
}

// TestHealthChecks evaluates them on the states that Argo CD's scripts are tested with.
func TestHealthChecks(t *testing.T) {
	var patch struct {
		Spec struct {
			HealthCheckExprs []healthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	read(t, filepath.Join(config, "flux", "health_checks.patch.yaml"), &patch)
	checks := map[string]healthCheck{}
	for _, check := range patch.Spec.HealthCheckExprs {
		checks[check.Kind] = check
	}
	kinds, err := filepath.Glob(filepath.Join(config, "argocd", "auth0-operator.io", "*"))
	if err != nil || len(kinds) == 0 || len(kinds) != len(checks) {
		t.Fatalf("%d kinds, %d health checks: %v", len(kinds), len(checks), err)
	}
	want := map[string]string{
		"new": "in progress", "waiting": "in progress", "changed": "in progress",
		"ready": "current", "checking": "current", "suspended": "current", "stalled": "failed",
	}
	for _, dir := range kinds {
		kind := filepath.Base(dir)
		for state, want := range want {
			var object map[string]any
			read(t, filepath.Join(dir, "testdata", state+".yaml"), &object)
			if object["apiVersion"] != checks[kind].APIVersion {
				t.Errorf("%s: the health check is for %q", kind, checks[kind].APIVersion)
			}
			if got := health(t, checks[kind], object); got != want {
				t.Errorf("%s, %s: %s, want %s", kind, state, got, want)
			}
		}
	}
}

// health evaluates in Flux's order.
func health(t *testing.T, check healthCheck, object map[string]any) string {
	t.Helper()
	switch {
	case evaluate(t, check.Failed, object):
		return "failed"
	case evaluate(t, check.Current, object):
		return "current"
	}
	return "in progress"
}

func evaluate(t *testing.T, expression string, object map[string]any) bool {
	t.Helper()
	var variables []cel.EnvOption
	for field := range object {
		variables = append(variables, cel.Variable(field, cel.DynType))
	}
	environment, err := cel.NewEnv(variables...)
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := environment.Compile(expression)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", expression, issues.Err())
	}
	program, err := environment.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	result, _, err := program.Eval(object)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return result.Value() == true
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil || strings.TrimSpace(string(content)) == "" {
		t.Fatalf("%s: %v", file, err)
	}
}
