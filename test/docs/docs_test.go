// Package docs tests the documentation: it compares pages with the code, checks links, and runs the commands and manifests
// of the guides against a control plane and the simulator. Start with [TestGuides].
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	conditionTypes = "../../api/v1alpha1/condition_types.go"
	statusPage     = "../../docs/reference/status.md"
)

// tableRow is a row of a table that begins with a name.
var tableRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")

// TestStatusPageIsComplete wants every condition and every reason on the page, and no other in its tables.
func TestStatusPageIsComplete(t *testing.T) {
	content, err := os.ReadFile(statusPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	known := map[string]bool{}
	for name, value := range constants(t) {
		if !strings.HasPrefix(name, "Condition") && !strings.HasPrefix(name, "Reason") {
			continue
		}
		known[value] = true
		if !strings.Contains(page, "`"+value+"`") {
			t.Errorf("%s does not explain %s", statusPage, name)
		}
	}
	for section := range strings.SplitSeq(page, "\n## ") {
		if !strings.HasPrefix(section, "Conditions") && !strings.HasPrefix(section, "Reasons") {
			continue
		}
		for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
			if !known[row[1]] {
				t.Errorf("%s explains %q, which %s does not know", statusPage, row[1], conditionTypes)
			}
		}
	}
}

// constants returns the string constants of a file.
func constants(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), conditionTypes, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				found[spec.Names[0].Name] = value
			}
		}
		return true
	})
	if len(found) == 0 {
		t.Fatalf("no constants in %s", conditionTypes)
	}
	return found
}
