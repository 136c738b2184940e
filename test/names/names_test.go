// Package names compares the names that users write and read with golden files in testdata: condition types, reasons,
// metrics, flags, annotations, columns, chart values and commands. A change of a name is a change of the API: check the
// diff, add it to CHANGELOG.md, and run `go test ./test/names -update`.
package names

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/plugin"
)

var update = flag.Bool("update", false, "write the golden files")

const root = "../.."

// TestNames compares each list with its golden file.
func TestNames(t *testing.T) {
	for name, list := range map[string]func(*testing.T) []string{
		"conditions":  constants("Condition"),
		"reasons":     constants("Reason"),
		"events":      constants("Event"),
		"metadata":    metadata,
		"metrics":     metrics,
		"flags":       flags,
		"columns":     columns,
		"chartvalues": chartValues,
		"plugin":      commands,
		"secretkeys":  secretKeys,
	} {
		t.Run(name, func(t *testing.T) {
			lines := list(t)
			if len(lines) == 0 {
				t.Fatal("nothing found")
			}
			have := strings.Join(lines, "\n") + "\n"
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(have), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(have, "\n")); difference != "" {
				t.Errorf("what users see changed (-golden +now); is it meant, and in CHANGELOG.md?\n%s", difference)
			}
		})
	}
}

// constants returns the values of the API's constants whose names begin with a prefix.
func constants(prefix string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		var values []string
		for _, file := range parse(t, "api") {
			ast.Inspect(file, func(node ast.Node) bool {
				spec, ok := node.(*ast.ValueSpec)
				if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
					return true
				}
				if value, ok := stringOf(spec.Values[0]); ok {
					values = append(values, value)
				}
				return true
			})
		}
		return sorted(values)
	}
}

// metadata are the annotations, labels, finalizers and types of Secrets.
func metadata(t *testing.T) []string {
	t.Helper()
	name := regexp.MustCompile(`^auth0-operator\.io/[a-z-]+$`)
	var values []string
	for _, dir := range []string{"api", "controllers", "internal"} {
		for _, file := range parse(t, dir) {
			ast.Inspect(file, func(node ast.Node) bool {
				if expression, ok := node.(ast.Expr); ok {
					if value, ok := stringOf(expression); ok && name.MatchString(value) {
						values = append(values, value)
					}
				}
				return true
			})
		}
	}
	return sorted(values)
}

// collected keeps the collectors that are registered with it.
type collected struct{ collectors []prometheus.Collector }

func (c *collected) Register(collector prometheus.Collector) error {
	c.collectors = append(c.collectors, collector)
	return nil
}

func (c *collected) MustRegister(collectors ...prometheus.Collector) {
	c.collectors = append(c.collectors, collectors...)
}

func (c *collected) Unregister(prometheus.Collector) bool { return false }

// metrics are the names of the metrics, each with its labels.
func metrics(t *testing.T) []string {
	t.Helper()
	registry := &collected{}
	auth0.NewMetrics(registry)
	registry.MustRegister(engine.NewStateCollector(engine.Deps{}, controllers.All()))
	described := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	var lines []string
	for _, collector := range registry.collectors {
		descriptions := make(chan *prometheus.Desc, 20)
		collector.Describe(descriptions)
		close(descriptions)
		for description := range descriptions {
			match := described.FindStringSubmatch(description.String())
			if match == nil {
				t.Fatalf("cannot read %s", description)
			}
			lines = append(lines, match[1]+" {"+match[2]+"}")
		}
	}
	return sorted(lines)
}

// flags are those of the operator, with their defaults.
func flags(t *testing.T) []string {
	t.Helper()
	t.Setenv("POD_NAMESPACE", "")
	set := flag.NewFlagSet("auth0-operator", flag.ContinueOnError)
	(&operator.Options{}).BindFlags(set)
	var lines []string
	set.VisitAll(func(f *flag.Flag) { lines = append(lines, "--"+f.Name+"="+f.DefValue) })
	return sorted(lines)
}

// columns are what kubectl get shows of each kind, with -o wide in brackets.
func columns(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		var crd apiextensionsv1.CustomResourceDefinition
		decode(t, file, &crd)
		for _, column := range crd.Spec.Versions[0].AdditionalPrinterColumns {
			name := column.Name
			if column.Priority > 0 {
				name = "[" + name + "]"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s", crd.Spec.Names.Kind, name, column.JSONPath))
		}
		lines = append(lines, fmt.Sprintf("%s names: %s %s %v", crd.Spec.Names.Kind, crd.Spec.Names.Plural, crd.Spec.Names.ShortNames, crd.Spec.Names.Categories))
	}
	return lines
}

// chartValues are the paths in values.yaml.
func chartValues(t *testing.T) []string {
	t.Helper()
	var values map[string]any
	decode(t, filepath.Join(root, "charts", "auth0-operator", "values.yaml"), &values)
	return sorted(paths("", values))
}

func paths(prefix string, value any) []string {
	fields, ok := value.(map[string]any)
	if !ok || len(fields) == 0 {
		return []string{prefix}
	}
	var all []string
	for name, field := range fields {
		all = append(all, paths(strings.TrimPrefix(prefix+"."+name, "."), field)...)
	}
	return all
}

// commands are those of kubectl auth0, with their flags.
func commands(t *testing.T) []string {
	t.Helper()
	var lines []string
	var list func(*cobra.Command)
	list = func(command *cobra.Command) {
		lines = append(lines, command.CommandPath())
		command.LocalFlags().VisitAll(func(f *pflag.Flag) {
			lines = append(lines, fmt.Sprintf("%s --%s (%s)", command.CommandPath(), f.Name, f.Value.Type()))
		})
		for _, child := range command.Commands() {
			list(child)
		}
	}
	list(plugin.Command(&bytes.Buffer{}, &bytes.Buffer{}))
	return sorted(lines)
}

// secretKeys are the values that an output Secret or ConfigMap can have.
func secretKeys(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, file := range slices.Concat(parse(t, "controllers"), parse(t, "internal/tokens")) {
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || !rendersSecret(function) {
				continue
			}
			ast.Inspect(function, func(node ast.Node) bool {
				var key ast.Expr
				switch is := node.(type) {
				case *ast.KeyValueExpr:
					key = is.Key
				case *ast.IndexExpr:
					key = is.Index
				default:
					return true
				}
				if name, ok := stringOf(key); ok {
					lines = append(lines, name)
				}
				return true
			})
		}
	}
	return sorted(lines)
}

// rendersSecret reports whether a function makes values of an output Secret or ConfigMap.
func rendersSecret(function *ast.FuncDecl) (renders bool) {
	if name := function.Name.Name; name == "publicValues" || name == "addDomains" {
		return true
	}
	ast.Inspect(function, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		renders = renders || ok && (selector.Sel.Name == "Render" || selector.Sel.Name == "WriteConfigMap")
		return !renders
	})
	return renders
}

// parse reads the Go files below a folder that are neither generated nor tests.
func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	var files []*ast.File
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
		skipped := strings.HasSuffix(path, "_test.go") || strings.HasPrefix(entry.Name(), "zz_generated") || filepath.Ext(path) != ".go"
		if err != nil || skipped {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files = append(files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func stringOf(expression ast.Expr) (string, bool) {
	literal, ok := expression.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := yaml.YAMLToJSON(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		t.Fatal(err)
	}
}

func sorted(lines []string) []string { return slices.Compact(slices.Sorted(slices.Values(lines))) }
