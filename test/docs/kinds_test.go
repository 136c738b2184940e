package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestPagesHaveEveryKind wants a row for each kind in the tables that are written by hand.
func TestPagesHaveEveryKind(t *testing.T) {
	pages := map[string]func(kind string) string{
		"README.md":               func(kind string) string { return "\n| `" + kind + "` |" },
		"docs/concepts.md":        func(kind string) string { return "| [" + kind + "](reference/api/" + strings.ToLower(kind) + ".md) |" },
		"docs/reference/calls.md": func(kind string) string { return "\n| `" + kind + "` |" },
	}
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no CRDs", err)
	}
	for page, rowOf := range pages {
		content, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			kind := kindOf(t, file)
			hasRow := strings.Contains(string(content), rowOf(kind))
			if takesNoCalls := kind == "Auth0Tenant" && page == "docs/reference/calls.md"; !hasRow && !takesNoCalls {
				t.Errorf("%s has no row of %s: %s", page, kind, strings.TrimSpace(rowOf(kind)))
			}
		}
	}
}

func kindOf(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Names struct{ Kind string }
		}
	}
	if err := yaml.Unmarshal(content, &crd); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return crd.Spec.Names.Kind
}
