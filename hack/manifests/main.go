// Command manifests generates the manifests that follow from the CRDs and from config/: the list of CRDs for kustomize,
// the roles for users, the files of the chart, the health checks for Argo CD and Flux, and the reference in docs/. `make
// generate` calls it after controller-gen.
//
// It reads files only, and imports no package of the repository. Start with [run].
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// These paths are relative to the root of the checkout.
const (
	crdDir     = "config/crd/bases"
	rbacDir    = "config/rbac"
	alertsDir  = "config/prometheus"
	chartFiles = "charts/auth0-operator/files"
)

const generated = "# Written by make generate.\n"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func run() error {
	kinds, err := readKinds()
	if err != nil {
		return err
	}
	return errors.Join(
		writeCRDs(kinds),
		writeProject(kinds),
		writeRoles(kinds),
		writeAlerts(),
		writeArgoCD(kinds),
		writeFlux(kinds),
		writeReference(kinds),
		writeLists(kinds),
	)
}

// kind is a kind with its CRD.
type kind struct {
	apiextensionsv1.CustomResourceDefinition
	// file is the name of the CRD's file, and content its content.
	file    string
	content []byte
}

// joinDescriptions joins the lines of each paragraph in the descriptions of a CRD, writes it, and returns it. kubectl explain wraps
// lines, but keeps the line breaks of the Go comments.
func joinDescriptions(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	content = joinLines(content)
	return content, write(file, content)
}

// joinLines joins the lines of each paragraph in the block scalars of descriptions.
func joinLines(manifest []byte) []byte {
	var lines []string
	depth := -1 // how far the text of the current description is indented at least; -1: there is none
	continues := false
	for line := range strings.SplitSeq(string(manifest), "\n") {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if text != "" && indent < depth {
			depth, continues = -1, false
		}
		if continues && text != "" {
			lines[len(lines)-1] += " " + text
			continue
		}
		lines = append(lines, line)
		continues = depth >= 0 && text != ""
		if depth < 0 && text == "description: |-" {
			depth = indent + 1
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

func readKinds() ([]kind, error) {
	files, err := filepath.Glob(filepath.Join(crdDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no CRDs in %s: run this from the root of the checkout, by make generate (%w)", crdDir, err)
	}
	slices.Sort(files)
	kinds := make([]kind, len(files))
	for i, file := range files {
		kinds[i].file = filepath.Base(file)
		if kinds[i].content, err = joinDescriptions(file); err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(kinds[i].content, &kinds[i].CustomResourceDefinition); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return kinds, nil
}

// writeCRDs lists the CRDs for kustomize, and copies them into the chart.
func writeCRDs(kinds []kind) error {
	var list bytes.Buffer
	list.WriteString("# The kinds. " + strings.TrimPrefix(generated, "# ") + "resources:\n")
	dir := filepath.Join(chartFiles, "crds")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, kind := range kinds {
		fmt.Fprintf(&list, "- bases/%s\n", kind.file)
		if err := write(filepath.Join(dir, kind.file), kind.content); err != nil {
			return err
		}
	}
	return write("config/crd/kustomization.yaml", list.Bytes())
}

// writeProject lists the kinds for the tools of Kubebuilder.
func writeProject(kinds []kind) error {
	const head = "resources:\n"
	project, err := os.ReadFile("PROJECT")
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(project), head)
	_, after, ended := strings.Cut(rest, "version: \"3\"")
	if !found || !ended {
		return errors.New("PROJECT has no resources, or no version after them")
	}
	resources := make([]map[string]any, len(kinds))
	for i, kind := range kinds {
		resources[i] = map[string]any{
			"api":        map[string]any{"crdVersion": "v1", "namespaced": kind.Spec.Scope == apiextensionsv1.NamespaceScoped},
			"controller": true,
			"domain":     kind.Spec.Group,
			"kind":       kind.Spec.Names.Kind,
			"path":       "github.com/auth0-operator/auth0-operator/api/" + kind.Spec.Versions[0].Name,
			"version":    kind.Spec.Versions[0].Name,
		}
	}
	list, err := yaml.Marshal(resources)
	if err != nil {
		return err
	}
	return write("PROJECT", []byte(before+head+string(list)+"version: \"3\""+after))
}

// chartRoles are the chart's roles, which come from config/rbac.
type chartRoles struct {
	// Everywhere are the operator's rules if it serves all namespaces.
	Everywhere []rbacv1.PolicyRule `json:"everywhere"`
	// InNamespace are the rules in each namespace if it serves some.
	InNamespace []rbacv1.PolicyRule `json:"inNamespace"`
	// Own are the rules in the operator's own namespace.
	Own []rbacv1.PolicyRule `json:"own"`
	// People are the roles for people.
	People []personRole `json:"people"`
}

type personRole struct {
	Name   string              `json:"name"`
	Labels map[string]string   `json:"labels"`
	Rules  []rbacv1.PolicyRule `json:"rules"`
}

func writeRoles(kinds []kind) error {
	var roles chartRoles
	for _, name := range []string{"editor", "viewer"} {
		role, err := writePersonRole(name, kinds)
		if err != nil {
			return err
		}
		roles.People = append(roles.People, role)
	}
	if err := roles.addOperator(kinds); err != nil {
		return err
	}
	content, err := yaml.Marshal(roles)
	if err != nil {
		return err
	}
	return write(filepath.Join(chartFiles, "rbac.yaml"), append([]byte(generated), content...))
}

// resourcesOfRole matches the line with the kinds in a role for people.
var resourcesOfRole = regexp.MustCompile(`resources: \[[a-z0-9, ]*\]`)

// writePersonRole updates the list of kinds in a role for people, and returns the role.
func writePersonRole(name string, kinds []kind) (personRole, error) {
	plurals := make([]string, len(kinds))
	for i, kind := range kinds {
		plurals[i] = kind.Spec.Names.Plural
	}
	file := filepath.Join(rbacDir, name+"_role.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		return personRole{}, err
	}
	content = resourcesOfRole.ReplaceAll(content, []byte("resources: ["+strings.Join(plurals, ", ")+"]"))
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(content, &role); err != nil {
		return personRole{}, fmt.Errorf("%s: %w", file, err)
	}
	return personRole{Name: name, Labels: role.Labels, Rules: role.Rules}, write(file, content)
}

// addOperator adds the operator's rules for the kinds to those that controller-gen writes from markers, and reads all of them.
func (r *chartRoles) addOperator(kinds []kind) error {
	file := filepath.Join(rbacDir, "role.yaml")
	documents, err := readDocuments(file)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	for _, document := range documents {
		var role operatorRole
		if err := yaml.UnmarshalStrict(document, &role); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if role.Kind == "Role" {
			r.Own = role.Rules
		} else {
			role.Rules = addRulesOfKinds(role.Rules, kinds)
			r.Everywhere = role.Rules
		}
		rendered, err := yaml.Marshal(role)
		if err != nil {
			return err
		}
		content.WriteString("---\n" + string(rendered))
	}
	r.InNamespace = inNamespace(r.Everywhere)
	return write(file, content.Bytes())
}

// operatorRole is a ClusterRole or a Role, which have the same fields.
type operatorRole struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Metadata   map[string]string   `json:"metadata"`
	Rules      []rbacv1.PolicyRule `json:"rules"`
}

// addRulesOfKinds adds what the operator may do with the kinds, in the order of controller-gen. It reads a CRD to see whether its deletion
// deletes objects, which matters for those that are in Auth0.
func addRulesOfKinds(rules []rbacv1.PolicyRule, kinds []kind) []rbacv1.PolicyRule {
	group := kinds[0].Spec.Group
	var crds, objects, statuses []string
	for _, kind := range kinds {
		objects = append(objects, kind.Spec.Names.Plural)
		statuses = append(statuses, kind.Spec.Names.Plural+"/status")
		if kind.belongsToTenant() {
			crds = append(crds, kind.Name)
		}
	}
	rules = append(slices.Clone(rules),
		rbacv1.PolicyRule{
			APIGroups: []string{apiextensionsv1.GroupName}, Resources: []string{"customresourcedefinitions"}, ResourceNames: crds, Verbs: []string{"get"},
		},
		rbacv1.PolicyRule{APIGroups: []string{group}, Resources: objects, Verbs: []string{"get", "list", "patch", "watch"}},
		rbacv1.PolicyRule{APIGroups: []string{group}, Resources: statuses, Verbs: []string{"patch"}},
	)
	slices.SortStableFunc(rules, func(a, b rbacv1.PolicyRule) int { return strings.Compare(a.APIGroups[0], b.APIGroups[0]) })
	return rules
}

// belongsToTenant reports whether objects of the kind represent something in a tenant.
func (k kind) belongsToTenant() bool {
	_, ok := k.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["tenantRef"]
	return ok
}

// inNamespace converts rules for the whole cluster to rules for one namespace. The operator reads the Namespace itself instead of
// listing and watching all, and CustomResourceDefinitions are in no namespace.
func inNamespace(everywhere []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	rules := make([]rbacv1.PolicyRule, 0, len(everywhere))
	for _, rule := range everywhere {
		if slices.Contains(rule.Resources, "customresourcedefinitions") {
			continue
		}
		if slices.Contains(rule.Resources, "namespaces") {
			rule.Verbs = []string{"get"}
		}
		rules = append(rules, rule)
	}
	return rules
}

// writeAlerts copies the alert rules into the chart.
func writeAlerts() error {
	files, err := filepath.Glob(filepath.Join(alertsDir, "*.yaml"))
	if err != nil {
		return err
	}
	groups := []runtime.RawExtension{}
	for _, file := range files {
		documents, err := readDocuments(file)
		if err != nil {
			return err
		}
		for _, document := range documents {
			var rule struct {
				Kind string
				Spec struct{ Groups []runtime.RawExtension }
			}
			if err := yaml.Unmarshal(document, &rule); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if rule.Kind == "PrometheusRule" {
				groups = append(groups, rule.Spec.Groups...)
			}
		}
	}
	content, err := yaml.Marshal(map[string]any{"groups": groups})
	if err != nil {
		return err
	}
	return write(filepath.Join(chartFiles, "alerts.yaml"), append([]byte(generated), content...))
}

// readDocuments reads the documents of a YAML file.
func readDocuments(file string) ([][]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var documents [][]byte
	for document := range bytes.SplitSeq(append([]byte("\n"), content...), []byte("\n---\n")) {
		if len(bytes.TrimSpace(document)) > 0 {
			documents = append(documents, document)
		}
	}
	return documents, nil
}

// write does not touch a file that is up to date, so that its time shows the last change.
func write(file string, content []byte) error {
	if current, err := os.ReadFile(file); err == nil && bytes.Equal(current, content) {
		return nil
	}
	return os.WriteFile(file, content, 0o644) //nolint:gosec // Manifests are for everybody to read.
}
