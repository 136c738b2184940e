package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// definition is a kind in the registry.
type definition struct {
	// Package is the package of the kind below controllers, empty for a kind that is not a package.
	Package string
	// Value is the expression for the kind: engine.NewKind(role.Definition).
	Value string
}

// readDefinitions finds the definition of each kind. A Definition in the package controllers/<kind> is enough. A kind that is more has a
// function there, Kind, or one in controllers itself, <kind>Kind.
func readDefinitions(dir string, kinds []kind) ([]definition, error) {
	special, err := functionsOf(dir, "engine.Kind")
	if err != nil {
		return nil, err
	}
	definitions := make([]definition, len(kinds))
	var missing []error
	for i, kind := range kinds {
		name := strings.ToLower(strings.TrimPrefix(kind.Name, prefix))
		functions, err := functionsOf(filepath.Join(dir, name), "engine.Kind")
		if err != nil {
			return nil, err
		}
		isValue, err := hasVariable(filepath.Join(dir, name), "Definition")
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(special, name+"Kind"):
			definitions[i] = definition{Value: name + "Kind()"}
		case slices.Contains(functions, "Kind"):
			definitions[i] = definition{Package: name, Value: name + ".Kind()"}
		case isValue:
			definitions[i] = definition{Package: name, Value: "engine.NewKind(" + name + ".Definition)"}
		default:
			missing = append(missing, fmt.Errorf("%s is not defined: write %s/%s with var Definition = engine.Definition[*v1alpha1.%[1]s]{…}", kind.Name, dir, name))
		}
	}
	return definitions, errors.Join(missing...)
}

// hasVariable reports whether a package declares a variable.
func hasVariable(dir, name string) (bool, error) {
	found := false
	err := parseFiles(dir, func(file *ast.File, _ func(ast.Node) string) {
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			for i := 0; ok && group.Tok == token.VAR && i < len(group.Specs); i++ {
				found = found || group.Specs[i].(*ast.ValueSpec).Names[0].Name == name
			}
		}
	})
	return found, err
}

// functionsOf lists the functions of a package that take nothing and return one value of a type, such as resource or engine.Kind.
func functionsOf(dir, returned string) ([]string, error) {
	var names []string
	err := parseFiles(dir, func(file *ast.File, text func(ast.Node) string) {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if ok && function.Recv == nil && len(function.Type.Params.List) == 0 && function.Type.Results != nil && text(function.Type.Results) == returned {
				names = append(names, function.Name.Name)
			}
		}
	})
	slices.Sort(names)
	return names, err
}

// parseFiles passes the files of a package, without tests and what is generated, and a function that returns their text.
func parseFiles(dir string, visit func(file *ast.File, text func(ast.Node) string)) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "zz_generated") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(file, func(node ast.Node) string {
			return string(source[set.Position(node.Pos()).Offset:set.Position(node.End()).Offset])
		})
	}
	return nil
}
