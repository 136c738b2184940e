package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tests are those of the loop, as far as they are about the kind, and those that say what a kind lacks.
const tests = "^Test(Fixtures|Lost.*|EveryKind.*|CollectionsAreComplete|EveryField.*|SpecsAreBounded)$/Auth0Form"

// TestKindFromScaffold writes a kind into a copy of the repository, and runs its tests that need no API server. The copy is always at
// the same place, so that Go's build cache serves the next run.
func TestKindFromScaffold(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(cache, "auth0-operator-scaffold", strings.ReplaceAll(checkout, string(filepath.Separator), "_"))
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	copyCheckout(t, root)

	if err := run(root, "Form", "forms"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"make generate",
		"go test ./controllers ./internal/simulator ./test/samples -run " + tests,
	} {
		words := strings.Fields(command)
		process := exec.CommandContext(t.Context(), words[0], words[1:]...)
		process.Dir = root
		if output, err := process.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, output)
		}
	}
	if err := run(root, "Form", "forms"); err == nil {
		t.Error("a second scaffold replaces the kind")
	}
}

// copyCheckout copies the files of the checkout, except what is hidden, built, or a document.
func copyCheckout(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("../..", path)
		if err != nil {
			return err
		}
		target, isHidden := filepath.Join(to, relative), strings.HasPrefix(entry.Name(), ".") && relative != "."
		switch {
		case entry.IsDir() && (isHidden || relative == "bin" || relative == "dist"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o750)
		case isHidden || !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err := errors.Join(err, os.MkdirAll(to, 0o750)); err != nil {
		t.Fatal(err)
	}
}
