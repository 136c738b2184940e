package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	argocdDir   = "config/argocd"
	fluxDir     = "config/flux"
	annotations = "api/v1alpha1/condition_types.go"
)

// argocdFiles are the folder of a kind in the form of Argo CD's resource_customizations, as far as all kinds share it, with
// KIND in the place of the kind; and the templates of the rest.
//
//go:embed argocd
var argocdFiles embed.FS

// action is an action on an object that a person can run in Argo CD.
type action struct {
	Name string
	// Annotation requests the action. It is "" for suspend and resume, which change the spec.
	Annotation string
	// kind is the only kind with the action, or "" if all have it.
	kind string
	// spec is the field below spec that the action needs, or "".
	spec string
}

// Prefixes are the paths to the field, from the outermost: password, password.generate.
func (a action) Prefixes() []string {
	if a.spec == "" {
		return nil
	}
	names := strings.Split(a.spec, ".")
	prefixes := make([]string, len(names))
	for i := range names {
		prefixes[i] = strings.Join(names[:i+1], ".")
	}
	return prefixes
}

// asked matches the words in the comment of an annotation that say which kind understands it, and with which field.
var asked = regexp.MustCompile(`asks, on an? (Auth0\w+)(?: with spec\.([\w.]*\w))?`)

// readRequests finds the constants of the annotations that make requests.
func readRequests() ([]action, error) {
	file, err := parser.ParseFile(token.NewFileSet(), annotations, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var requests []action
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		found := asked.FindStringSubmatch(strings.ReplaceAll(spec.Doc.Text(), "\n", " "))
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && found != nil {
			annotation, err := strconv.Unquote(literal.Value)
			if err == nil {
				requests = append(requests, action{Name: path.Base(annotation), Annotation: annotation, kind: found[1], spec: found[2]})
			}
		}
		return true
	})
	if len(requests) == 0 {
		return nil, fmt.Errorf("no annotation in %s says who is asked by it", annotations)
	}
	return requests, nil
}

// customization is the folder of one kind.
type customization struct {
	kind     string
	requests []action
	// files are the files of the folder, by path.
	files map[string][]byte
}

// writeArgoCD writes the health checks and the actions of each kind, in the form of Argo CD's repository and as a patch of
// argocd-cm.
func writeArgoCD(kinds []kind) error {
	requests, err := readRequests()
	if err != nil {
		return err
	}
	dir := filepath.Join(argocdDir, kinds[0].Spec.Group)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	settings := map[string]string{}
	for _, kind := range kinds {
		c := customization{kind: kind.Spec.Names.Kind, files: map[string][]byte{}}
		c.requests = slices.DeleteFunc(slices.Clone(requests), func(a action) bool { return a.kind != c.kind })
		if err := errors.Join(c.addShared(), c.addActions()); err != nil {
			return err
		}
		for name, content := range c.files {
			if err := writeNew(filepath.Join(dir, c.kind, name), content); err != nil {
				return err
			}
		}
		if err := c.addSettings(settings, kind.Spec.Group); err != nil {
			return err
		}
	}
	patch, err := yaml.Marshal(map[string]any{"data": settings})
	if err != nil {
		return err
	}
	return write(filepath.Join(argocdDir, "argocd-cm.patch.yaml"), append([]byte(generated), patch...))
}

// addShared adds the files that all kinds share.
func (c *customization) addShared() error {
	return fs.WalkDir(argocdFiles, "argocd", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".tmpl") {
			return err
		}
		content, err := argocdFiles.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, "argocd/")
		if name == "suspend.lua" || name == "resume.lua" {
			name = "actions/" + strings.TrimSuffix(name, ".lua") + "/action.lua"
		}
		c.files[name] = bytes.ReplaceAll(content, []byte("KIND"), []byte(c.kind))
		return nil
	})
}

// annotating are the actions that set an annotation.
func (c *customization) annotating() []action {
	return append([]action{{Name: "reconcile", Annotation: "auth0-operator.io/reconcile-requested-at"}}, c.requests...)
}

// actionTests is the form of Argo CD's action_test.yaml.
type actionTests struct {
	DiscoveryTests []discoveryTest `json:"discoveryTests"`
	ActionTests    []actionTest    `json:"actionTests"`
}

type discoveryTest struct {
	InputPath string            `json:"inputPath"`
	Result    []discoveryResult `json:"result"`
}

type discoveryResult struct {
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
}

type actionTest struct {
	Action             string `json:"action"`
	InputPath          string `json:"inputPath"`
	ExpectedOutputPath string `json:"expectedOutputPath"`
}

// addActions adds the actions and their tests.
func (c *customization) addActions() error {
	if err := c.render("discovery.lua.tmpl", "actions/discovery.lua", map[string]any{"Requests": c.requests}); err != nil {
		return err
	}
	tests := actionTests{
		DiscoveryTests: []discoveryTest{
			{InputPath: "../testdata/ready.yaml", Result: c.offered(false, nil)},
			{InputPath: "../testdata/suspended.yaml", Result: c.offered(true, nil)},
		},
	}
	for _, action := range c.annotating() {
		if err := c.render("annotate.lua.tmpl", "actions/"+action.Name+"/action.lua", action); err != nil {
			return err
		}
		test, err := c.testOf(action)
		if err != nil {
			return err
		}
		tests.ActionTests = append(tests.ActionTests, test)
		if action.spec != "" {
			tests.DiscoveryTests = append(tests.DiscoveryTests, discoveryTest{InputPath: test.InputPath, Result: c.offered(false, &action)})
		}
	}
	suspend, err := c.output("ready", "suspend", func(object map[string]any) error { return unstructured.SetNestedField(object, true, "spec", "suspend") })
	if err != nil {
		return err
	}
	resume, err := c.output("suspended", "resume", func(object map[string]any) error {
		unstructured.RemoveNestedField(object, "spec", "suspend")
		return nil
	})
	if err != nil {
		return err
	}
	tests.ActionTests = append(tests.ActionTests, suspend, resume)
	content, err := yaml.Marshal(tests)
	c.files["actions/action_test.yaml"] = content
	return err
}

// offered are the actions on an object that is suspended or not, and has the field that one action needs.
func (c *customization) offered(suspended bool, with *action) []discoveryResult {
	results := []discoveryResult{{"reconcile", suspended}, {"suspend", suspended}, {"resume", !suspended}}
	for _, request := range c.requests {
		has := request.spec == "" || with != nil && strings.HasPrefix(with.spec+".", request.spec+".")
		results = append(results, discoveryResult{request.Name, suspended || !has})
	}
	return results
}

// actionTime is the present time in tests of actions.
const actionTime = "2026-01-01T00:00:00Z"

// testOf adds a test of an action that sets its annotation.
func (c *customization) testOf(a action) (actionTest, error) {
	input := "ready"
	if a.spec != "" {
		input = "for_" + a.Name
		_, err := c.output("ready", a.Name, func(object map[string]any) error {
			return unstructured.SetNestedMap(object, map[string]any{}, append([]string{"spec"}, strings.Split(a.spec, ".")...)...)
		})
		if err != nil {
			return actionTest{}, err
		}
		c.files["testdata/"+input+".yaml"] = c.files["actions/testdata/"+a.Name+".yaml"]
	}
	return c.output(input, a.Name, func(object map[string]any) error {
		return unstructured.SetNestedField(object, actionTime, "metadata", "annotations", a.Annotation)
	})
}

// output adds the expected output for an input.
func (c *customization) output(input, action string, change func(map[string]any) error) (actionTest, error) {
	var object map[string]any
	if err := yaml.Unmarshal(c.files["testdata/"+input+".yaml"], &object); err != nil {
		return actionTest{}, err
	}
	if err := change(object); err != nil {
		return actionTest{}, err
	}
	content, err := yaml.Marshal(object)
	c.files["actions/testdata/"+action+".yaml"] = content
	return actionTest{Action: action, InputPath: "../testdata/" + input + ".yaml", ExpectedOutputPath: "testdata/" + action + ".yaml"}, err
}

func (c *customization) render(name, as string, data any) error {
	text, err := template.ParseFS(argocdFiles, "argocd/"+name)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	err = text.Execute(&content, data)
	c.files[as] = content.Bytes()
	return err
}

// addSettings adds the kind to the settings for argocd-cm.
func (c *customization) addSettings(settings map[string]string, group string) error {
	type definition struct {
		Name   string `json:"name"`
		Script string `json:"action.lua"`
	}
	var all struct {
		Discovery   string       `json:"discovery.lua"`
		Definitions []definition `json:"definitions"`
	}
	all.Discovery = string(c.files["actions/discovery.lua"])
	names := []string{"suspend", "resume"}
	for _, action := range c.annotating() {
		names = append(names, action.Name)
	}
	for _, name := range names {
		all.Definitions = append(all.Definitions, definition{name, string(c.files["actions/"+name+"/action.lua"])})
	}
	content, err := yaml.Marshal(all)
	settings["resource.customizations.health."+group+"_"+c.kind] = string(c.files["health.lua"])
	settings["resource.customizations.actions."+group+"_"+c.kind] = string(content)
	return err
}

// writeFlux writes the health checks of the kinds for a Kustomization of Flux.
func writeFlux(kinds []kind) error {
	const (
		current = `status.observedGeneration == metadata.generation && has(status.conditions) && `
		where   = `status.conditions.exists(c, c.type == '%s' && c.status == 'True')`
	)
	checks := make([]map[string]any, len(kinds))
	for i, kind := range kinds {
		checks[i] = map[string]any{
			"apiVersion": kind.Spec.Group + "/" + kind.Spec.Versions[0].Name,
			"kind":       kind.Spec.Names.Kind,
			"current":    current + fmt.Sprintf(where, "Ready"),
			"failed":     current + fmt.Sprintf(where, "Stalled"),
		}
	}
	content, err := yaml.Marshal(map[string]any{"spec": map[string]any{"healthCheckExprs": checks}})
	if err != nil {
		return err
	}
	return writeNew(filepath.Join(fluxDir, "health_checks.patch.yaml"), append([]byte(generated), content...))
}

// writeNew writes a file, and creates its folder.
func writeNew(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return write(file, content)
}
