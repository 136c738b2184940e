package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

const (
	resourceTable = "internal/auth0/resource.go"
	simulatorDir  = "internal/simulator"
)

// files are where the templates go.
func (k kind) files() map[string]string {
	definition := filepath.Join("controllers", k.Package())
	return map[string]string{
		"types.go.tmpl":      "api/v1alpha1/" + k.Singular() + "_types.go",
		"definition.go.tmpl": filepath.Join(definition, k.Package()+".go"),
		"testdata":           filepath.Join(definition, "testdata"),
		"samples":            "config/samples/" + k.Singular(),
		"collection.go.tmpl": k.collectionFile(),
	}
}

func (k kind) collectionFile() string { return filepath.Join(simulatorDir, k.Scopes()+".go") }

// render renders the templates, by the file that each becomes.
func (k kind) render(root string) (map[string][]byte, error) {
	hasCollection, err := k.hasCollection(root)
	if err != nil {
		return nil, err
	}
	rendered := map[string][]byte{}
	err = fs.WalkDir(scaffold, "kind", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, rest, isInFolder := strings.Cut(strings.TrimPrefix(path, "kind/"), "/")
		if name == "collection.go.tmpl" && hasCollection {
			return nil
		}
		file := k.files()[name]
		if isInFolder {
			file = filepath.Join(file, strings.TrimSuffix(rest, ".tmpl"))
		}
		if _, err := os.Stat(filepath.Join(root, file)); err == nil {
			return fmt.Errorf("%s exists already; choose another NAME, or delete what belongs to the kind", file)
		}
		rendered[file], err = k.renderFile(path)
		return err
	})
	return rendered, err
}

func (k kind) renderFile(path string) ([]byte, error) {
	page, err := template.New(filepath.Base(path)).Delims("<<", ">>").ParseFS(scaffold, path)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	if err := page.Execute(&content, k); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".go.tmpl") {
		return content.Bytes(), nil
	}
	return format.Source(content.Bytes())
}

// hasCollection reports whether the simulator has the resource already.
func (k kind) hasCollection(root string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(root, simulatorDir, "*.go"))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		if strings.Contains(string(content), fmt.Sprintf("path: %q", k.Resource)) {
			return true, nil
		}
	}
	return false, nil
}

// addResource adds the resource to the table of internal/auth0, in the order of the paths. It returns nil if the table has it already.
func (k kind) addResource(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, resourceTable))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, resourceTable, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var table *ast.CompositeLit
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if name, isNamed := typeName(literal); ok && isNamed && name == "resourceTable" {
			table = literal
		}
		return true
	})
	if table == nil {
		return nil, errors.New(resourceTable + " has no resourceTable{…}")
	}
	before := table.Rbrace
	for _, element := range slices.Backward(table.Elts) {
		pair := element.(*ast.KeyValueExpr)
		path, err := strconv.Unquote(pair.Key.(*ast.BasicLit).Value)
		switch order := cmp.Compare(path, k.Resource); {
		case err != nil:
			return nil, err
		case order == 0:
			return nil, nil //nolint:nilnil // there is nothing to add
		case order > 0:
			before = pair.Pos()
		}
	}
	offset := set.Position(before).Offset
	entry := fmt.Sprintf("%q: {Paging: Offsets, Items: %q},\n", k.Resource, k.Items())
	return format.Source(slices.Concat(source[:offset], []byte(entry), source[offset:]))
}

// typeName returns the name of the type of a literal.
func typeName(literal *ast.CompositeLit) (string, bool) {
	if literal == nil {
		return "", false
	}
	name, ok := literal.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return name.Name, true
}

func sortedFiles(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }

func writeAll(root string, files map[string][]byte) error {
	for file, content := range files {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // Sources are for everybody to read.
			return err
		}
	}
	return nil
}
