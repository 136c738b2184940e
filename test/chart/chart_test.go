// Package chart compares charts/auth0-operator with config/default, and tests its values. It renders with test/render, and
// needs no cluster.
package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/test/render"
)

// everything turns all options on.
var everything = []string{
	"--set", "podDisruptionBudget.enabled=true", "--set", "networkPolicy.enabled=true",
	"--set", "metrics.serviceMonitor.enabled=true", "--set", "metrics.prometheusRule.enabled=true",
	"--set", "admissionPolicies.secrets.enabled=true", "--set", "admissionPolicies.metadata.enabled=true", "--set", "admissionPolicies.tenantDeletion.enabled=true",
	"--set", "admissionPolicies.managementAPI.enabled=true", "--set", "admissionPolicies.managementAPI.namespaces={auth0}",
}

// TestNotesSayWhatUninstallDoes wants the notes to say that objects are to be deleted first, if helm uninstall takes the CRDs with it.
func TestNotesSayWhatUninstallDoes(t *testing.T) {
	for _, row := range []struct {
		flags []string
		says  bool
	}{
		{nil, false},
		{[]string{"--set", "crds.keep=false"}, true},
		{[]string{"--set", "crds.keep=false", "--set", "crds.enabled=false"}, false},
	} {
		notes, err := render.Helm(t.Context(), append([]string{"install", render.Release, render.Chart(), "--namespace", render.Namespace, "--dry-run=client"}, row.flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := bytes.Cut(notes, []byte("NOTES:"))
		says := bytes.Contains(text, []byte("BEFORE helm uninstall")) && bytes.Contains(text, []byte("kubectl delete auth0 --all --all-namespaces"))
		if len(text) == 0 || says != row.says {
			t.Errorf("%v: the notes are %q", row.flags, text)
		}
	}
}

// TestChartAndKustomizeGiveTheSameObjects compares all that both make, field by field.
func TestChartAndKustomizeGiveTheSameObjects(t *testing.T) {
	t.Run("default", func(t *testing.T) {
		compare(t, byName(t, template(t)), byName(t, kustomize(t, "config/default")))
	})
	t.Run("with all options", func(t *testing.T) {
		kustomized := slices.Concat(kustomize(t, "config/default"), kustomize(t, "config/options"), kustomize(t, "config/prometheus"))
		compare(t, byName(t, template(t, everything...)), byName(t, kustomized))
	})
}

func compare(t *testing.T, chart, kustomized map[string]map[string]any) {
	t.Helper()
	// Helm makes the namespace itself, if asked to: helm install --create-namespace.
	delete(kustomized, "v1 Namespace /"+render.Namespace)
	if difference := cmp.Diff(kustomized, chart); difference != "" {
		t.Errorf("kustomize (-) and chart (+) differ:\n%s", difference)
	}
}

// byName takes off what says how an object was installed, and orders objects by what they are.
func byName(t *testing.T, objects []*unstructured.Unstructured) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, object := range objects {
		name := fmt.Sprintf("%s %s %s/%s", object.GetAPIVersion(), object.GetKind(), object.GetNamespace(), object.GetName())
		if _, twice := found[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		strip(object.Object)
		found[name] = object.Object
	}
	return found
}

// installer are the labels and annotations that say how an object was installed.
var installer = []string{
	"app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
	"helm.sh/chart", "helm.sh/resource-policy", "argocd.argoproj.io/sync-options",
}

func strip(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			strip(item)
		}
	case map[string]any:
		for _, key := range installer {
			delete(value, key)
		}
		// kustomize labels the objects, not the CRDs: those it leaves as make generate wrote them.
		if value["kind"] == "CustomResourceDefinition" {
			unstructured.RemoveNestedField(value, "metadata", "labels")
		}
		for _, item := range value {
			strip(item)
		}
	}
}

// TestHelm3GivesTheSame renders with the Helm that came before.
func TestHelm3GivesTheSame(t *testing.T) {
	output, err := render.Template3(t.Context(), everything...)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(byName(t, template(t, everything...)), byName(t, objects(t, output))); difference != "" {
		t.Errorf("Helm 4 (-) and Helm 3 (+) differ:\n%s", difference)
	}
}

// TestRenderingRepeats renders twice: a value made up on the way would show in every diff of Argo CD.
func TestRenderingRepeats(t *testing.T) {
	for _, args := range [][]string{nil, everything} {
		first, second := templateText(t, args...), templateText(t, args...)
		if !bytes.Equal(first, second) {
			t.Errorf("helm template %q gives something else the second time:\n%s", args, cmp.Diff(string(first), string(second)))
		}
	}
}

// TestNamespacedModeNeedsNothingClusterWide wants an installation for some namespaces to be one that needs no more
// rights than in these.
func TestNamespacedModeNeedsNothingClusterWide(t *testing.T) {
	objects := template(t, "--set", "watchNamespaces={shop,support}", "--set", "crds.enabled=false")
	roles := map[string]int{}
	for _, object := range objects {
		switch object.GetKind() {
		case "Role", "RoleBinding":
			roles[object.GetKind()+" in "+object.GetNamespace()]++
		}
		if object.GetNamespace() == "" {
			t.Errorf("%s %s belongs to no namespace", object.GetKind(), object.GetName())
		}
	}
	want := map[string]int{
		"Role in shop": 1, "RoleBinding in shop": 1,
		"Role in support": 1, "RoleBinding in support": 1,
		"Role in " + render.Namespace: 1, "RoleBinding in " + render.Namespace: 1,
	}
	if difference := cmp.Diff(want, roles); difference != "" {
		t.Errorf("roles (-want +got):\n%s", difference)
	}
	deployment := one(t, objects, "Deployment")
	if args := arguments(t, deployment); !slices.Contains(args, "--watch-namespaces=shop,support") {
		t.Errorf("the operator is not told of the namespaces: %q", args)
	}
}

// TestValuesArriveWhereTheyBelong sets each value apart from the defaults, and looks for it in what comes out.
func TestValuesArriveWhereTheyBelong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "values.yaml")
	values := `
image: {repository: registry.example.com/auth0-operator, tag: ignored, digest: "sha256:` + strings.Repeat("ab", 32) + `", pullPolicy: Always}
imagePullSecrets: [{name: planted-pull-secret}]
fullnameOverride: planted-name
replicas: 3
workers: 17
logLevel: debug
extraArgs: [--planted-flag]
env: [{name: HTTPS_PROXY, value: "http://planted-proxy:3128"}]
crds: {keep: false}
serviceAccount: {name: planted-account, annotations: {planted: account-annotation}}
resources: {requests: {cpu: 77m}}
podLabels: {planted: pod-label}
podAnnotations: {planted: pod-annotation}
nodeSelector: {planted: node-label}
tolerations: [{key: planted-taint, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: planted-affinity, operator: Exists}]}]}}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: planted-zone, whenUnsatisfiable: DoNotSchedule}]
priorityClassName: planted-priority
podDisruptionBudget: {enabled: true, maxUnavailable: 34%}
networkPolicy: {enabled: true, metricsFrom: [{namespaceSelector: {matchLabels: {planted: metrics-from}}}], egressPorts: [18443]}
metrics:
  serviceMonitor: {enabled: true, interval: 47s, labels: {planted: monitor-label}}
  prometheusRule: {enabled: true, labels: {planted: rule-label}}
`
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	output := string(templateText(t, "--values", file))
	for _, want := range []string{
		"registry.example.com/auth0-operator@sha256:abab", "imagePullPolicy: Always", "planted-pull-secret", "name: planted-name-manager",
		"replicas: 3", "--workers=17", "--zap-log-level=debug", "- --planted-flag", "http://planted-proxy:3128",
		"serviceAccountName: planted-account", "account-annotation", "cpu: 77m", "planted: pod-label", "planted: pod-annotation",
		"planted: node-label", "planted-taint", "planted-affinity", "planted-zone", "priorityClassName: planted-priority",
		"maxUnavailable: 34%", "planted: metrics-from", "port: 18443", "interval: 47s", "planted: monitor-label", "planted: rule-label",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("%q is not in what the chart renders", want)
		}
	}
	for _, keeps := range []string{"resource-policy", "Prune=false"} {
		if strings.Contains(output, keeps) {
			t.Errorf("CRDs are kept although crds.keep is false: %s", keeps)
		}
	}
}

// TestCRDsOutliveTheirInstaller wants, on each CRD, what keeps Helm from deleting it, and Argo CD from pruning it or deleting it with
// the Application.
func TestCRDsOutliveTheirInstaller(t *testing.T) {
	crds := 0
	for _, object := range template(t) {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		crds++
		for annotation, want := range map[string]string{"helm.sh/resource-policy": "keep", "argocd.argoproj.io/sync-options": "Prune=false,Delete=false"} {
			if got := object.GetAnnotations()[annotation]; got != want {
				t.Errorf("%s: annotation %s is %q, want %q", object.GetName(), annotation, got, want)
			}
		}
	}
	if crds == 0 {
		t.Error("the chart has no CRDs")
	}
}

// TestWrongValuesAreRefused wants an error that names the value.
func TestWrongValuesAreRefused(t *testing.T) {
	for set, want := range map[string]string{
		"replcas=2":                          "replcas",
		"image.tagg=v1":                      "tagg",
		"replicas=many":                      "replicas",
		"watchNamespaces={Shop}":             "watchNamespaces",
		"image.digest=sha256:short":          "digest",
		"logLevel=loud":                      "logLevel",
		"networkPolicy.egressPorts={100000}": "egressPorts",
		"serviceAccount.create=false":        "serviceAccount.name is needed",
	} {
		_, err := render.Template(t.Context(), "--set", set)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("helm template --set %s: %v; want an error that speaks of %q", set, err, want)
		}
	}
}

// TestEveryValueIsExplained wants a comment above each value, and each value in the schema and back.
func TestEveryValueIsExplained(t *testing.T) {
	values, err := os.ReadFile(filepath.Join(render.Chart(), "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(render.Chart(), "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(values, &tree); err != nil {
		t.Fatal(err)
	}
	tree["global"] = map[string]any{} // Helm's own
	sameNames(t, "", tree, schema)

	// A value without a comment: a key after a line that is neither a comment nor another key's beginning.
	lines := strings.Split(string(values), "\n")
	key := regexp.MustCompile(`^ *[a-zA-Z]+: .`)
	for i, line := range lines {
		if i > 0 && key.MatchString(line) && lines[i-1] == "" {
			t.Errorf("values.yaml:%d: no comment above %q", i+1, line)
		}
	}
}

// sameNames compares the keys of values with the properties of the schema, down to where the schema lets anything in.
func sameNames(t *testing.T, path string, values, schema map[string]any) {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return
	}
	for name, property := range properties {
		value, ok := values[name]
		if !ok && path != ".resources" {
			t.Errorf("values.yaml lacks %s.%s, which the schema knows", path, name)
		}
		if nested, ok := value.(map[string]any); ok {
			sameNames(t, path+"."+name, nested, property.(map[string]any))
		}
	}
	for name := range values {
		if _, ok := properties[name]; !ok {
			t.Errorf("the schema lacks %s.%s", path, name)
		}
	}
}

// TestLint runs helm lint.
func TestLint(t *testing.T) {
	if output, err := render.Helm(t.Context(), "lint", "--strict", render.Chart()); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func template(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	return objects(t, templateText(t, args...))
}

func templateText(t *testing.T, args ...string) []byte {
	t.Helper()
	output, err := render.Template(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func kustomize(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	output, err := render.Kustomize(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, output)
}

func objects(t *testing.T, manifests []byte) []*unstructured.Unstructured {
	t.Helper()
	found, err := render.Objects(manifests)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func one(t *testing.T, objects []*unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind {
			return object
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

func arguments(t *testing.T, deployment *unstructured.Unstructured) []string {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		t.Fatalf("%d containers: %v", len(containers), err)
	}
	args, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
	if err != nil {
		t.Fatal(err)
	}
	return args
}
