package controllers_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/plugin"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// kubectlAuth0 runs kubectl auth0, and returns what it prints. It must not write to Auth0.
func (w *world) kubectlAuth0(args ...string) string {
	w.Helper()
	w.sim.ResetRequests()
	var out, progress bytes.Buffer
	command := plugin.CommandFor(func() (client.Client, string, error) { return w.kube, namespace, nil }, &out, &progress)
	command.SetArgs(args)
	if err := command.ExecuteContext(w.Context()); err != nil {
		w.Errorf("kubectl auth0 %s: %v", strings.Join(args, " "), err)
	}
	w.requireNoWritesToAuth0()
	return out.String()
}

// requirePlan fails unless the plan for an object starts with an action.
func (w *world) requirePlan(object v1alpha1.Managed, action string) {
	w.Helper()
	w.requirePlans(w.yaml(object), action)
}

// yaml returns the manifest of an object.
func (w *world) yaml(object v1alpha1.Managed) string {
	w.Helper()
	manifest := object.DeepCopyObject().(v1alpha1.Managed)
	manifest.GetObjectKind().SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kindOf(object)))
	content, err := yaml.Marshal(manifest)
	if err != nil {
		w.Fatal(err)
	}
	return string(content)
}

// plan returns the plan for manifests.
func (w *world) plan(manifests string) string {
	w.Helper()
	file := filepath.Join(w.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		w.Fatal(err)
	}
	return w.kubectlAuth0("plan", "-f", file)
}

// requirePlans fails unless the plan for manifests has an action, and no other.
func (w *world) requirePlans(manifests, action string) {
	w.Helper()
	plan := w.plan(manifests)
	_, summary, _ := strings.Cut(strings.TrimSpace(plan[strings.LastIndex(strings.TrimSpace(plan), "\n")+1:]), " ")
	if summary != action {
		w.Errorf("the plan is not to %s:\n%s", action, plan)
	}
}

// TestPlan plans the life of every kind: it predicts what the operator then does.
func TestPlan(t *testing.T) {
	for name, f := range fixtures.All() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.prepare(f)
			object := f.Object("full", "one")
			object.SetNamespace(namespace)
			w.requirePlan(object, "create")
			w.declare(object)
			w.requireReady(object)
			w.requirePlan(object, "unchanged")
			f.Apply(object, "changed")
			w.requirePlan(object, "update")
		})
	}
}

// TestExport exports what every kind can take over. The manifests change nothing that differs from them in Auth0.
func TestExport(t *testing.T) {
	for name, f := range fixtures.All() {
		if !exports(f.Kind) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.prepare(f)
			f.Exist(w.place)
			w.requirePlans(w.kubectlAuth0("export", "main", "--kinds", f.Kind, "--users", "email:*"), "adopt")
		})
	}
}

func exports(name string) bool {
	return slices.ContainsFunc(controllers.All(), func(kind engine.Kind) bool { return kind.Name == name && kind.Exports() })
}

// TestStatus shows a tenant with an object that is Ready, and one that needs a person.
func TestStatus(t *testing.T) {
	for name, f := range fixtures.All() {
		if f.Variant != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.prepare(f)
			invalid := f.Invalid()[0]
			w.requireStalled(w.apply(f, invalid.File), invalid.Reason, invalid.Message)
			page := w.kubectlAuth0("status")
			for _, part := range []string{w.sim.Domain, "Action required:\n  " + f.Kind + " " + namespace + "/one\n    " + invalid.Reason + ": "} {
				if !strings.Contains(page, part) {
					w.Errorf("the page does not say %q:\n%s", part, page)
				}
			}
		})
	}
}
