// Command kinds writes the Go code that every kind has alike: the root type with its list, its columns in kubectl get, and its methods;
// and the lists of what the kinds consist of. `make generate` calls it before controller-gen, which reads what it writes.
//
// It reads the sources as text, so that it works while they do not compile. Start with [run].
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"text/template"
)

// These paths are relative to the root of the checkout.
const (
	apiDir       = "api/v1alpha1"
	registryDir  = "controllers"
	simulatorDir = "internal/simulator"
)

var (
	//go:embed api.go.tmpl
	apiTemplate string
	//go:embed registry.go.tmpl
	registryTemplate string
	//go:embed collections.go.tmpl
	collectionsTemplate string
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kinds:", err)
		os.Exit(1)
	}
}

func run() error {
	kinds, err := readKinds(apiDir)
	if err != nil {
		return err
	}
	collections, err := functionsOf(simulatorDir, "resource")
	if err != nil {
		return err
	}
	definitions, err := readDefinitions(registryDir, kinds)
	if err != nil {
		return err
	}
	return errors.Join(
		write(apiDir+"/zz_generated.kinds.go", apiTemplate, kinds),
		write(registryDir+"/zz_generated.registry.go", registryTemplate, definitions),
		write(simulatorDir+"/zz_generated.collections.go", collectionsTemplate, collections),
	)
}

// write renders a template as a Go file. It does not touch a file that is up to date.
func write(file, text string, data any) error {
	page, err := template.New(filepath.Base(file)).Parse(text)
	if err != nil {
		return err
	}
	var source bytes.Buffer
	if err := page.Execute(&source, data); err != nil {
		return err
	}
	formatted, err := format.Source(source.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", file, err, source.Bytes())
	}
	if current, err := os.ReadFile(file); err == nil && bytes.Equal(current, formatted) {
		return nil
	}
	return os.WriteFile(file, formatted, 0o644) //nolint:gosec // Sources are for everybody to read.
}
