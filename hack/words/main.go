// Command words lists the words in the identifiers of this project, and prints those that are neither standard nor in
// docs/glossary.md. A word is standard if a package that this module needs has it in an identifier (Go's own, Kubernetes',
// Auth0's), or if plain.txt beside this file has it. retired.txt lists words that are no longer used, whatever others do, and
// their replacements.
//
//	go run ./hack/words
package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	used, err := wordsIn(".")
	if err != nil {
		return err
	}
	known, err := standardWords(ctx)
	if err != nil {
		return err
	}
	glossary, err := glossaryWords("docs/glossary.md")
	if err != nil {
		return err
	}
	retired, err := retiredWords("hack/words/retired.txt")
	if err != nil {
		return err
	}
	plain, err := readLines("hack/words/plain.txt")
	if err != nil {
		return err
	}
	for _, word := range append(plain, glossary...) {
		known[word] = true
	}
	if wrong := wrongWords(used, known, retired); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}

// wrongWords says where each retired or unknown word is used, and what to do.
func wrongWords(used map[string]string, known map[string]bool, retired map[string]string) []string {
	var wrong []string
	for _, word := range slices.Sorted(maps.Keys(used)) {
		switch instead := retired[word]; {
		case instead != "":
			wrong = append(wrong, fmt.Sprintf("%s: %s: write %s", used[word], word, instead))
		case !known[word]:
			wrong = append(wrong, fmt.Sprintf("%s: %s is no standard word; take one, or add it to docs/glossary.md or, if it is plain English, to hack/words/plain.txt", used[word], word))
		}
	}
	return wrong
}

// wordsIn returns the words of the identifiers that the Go files under a directory declare, and where each is first declared.
func wordsIn(root string) (map[string]string, error) {
	words := map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasPrefix(entry.Name(), "zz_generated"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, name := range declared(node) {
				for _, word := range split(name.Name) {
					if words[word] == "" {
						words[word] = files.Position(name.Pos()).String()
					}
				}
			}
			return true
		})
		return nil
	})
	return words, err
}

// declared returns the identifiers that a node declares.
func declared(node ast.Node) []*ast.Ident {
	switch node := node.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{node.Name}
	case *ast.TypeSpec:
		return []*ast.Ident{node.Name}
	case *ast.ValueSpec:
		return node.Names
	case *ast.Field:
		return node.Names
	case *ast.AssignStmt:
		if node.Tok != token.DEFINE {
			return nil
		}
		var names []*ast.Ident
		for _, left := range node.Lhs {
			if name, ok := left.(*ast.Ident); ok {
				names = append(names, name)
			}
		}
		return names
	}
	return nil
}

// split returns the words of an identifier in lower case, without single letters and numbers: "http" and "server" for
// HTTPServer2.
func split(name string) []string {
	var words []string
	letters := []rune(name)
	for start, end := 0, 1; end <= len(letters); end++ {
		if end < len(letters) && !startsWord(letters, end) {
			continue
		}
		word := strings.ToLower(strings.TrimFunc(string(letters[start:end]), func(r rune) bool { return !unicode.IsLetter(r) }))
		if len(word) > 1 {
			words = append(words, word)
		}
		start = end
	}
	return words
}

// startsWord reports whether a word starts at a letter: at a capital after a small letter, or before one, but not in a plural
// such as IDs.
func startsWord(letters []rune, at int) bool {
	switch rest := letters[at+1:]; {
	case !unicode.IsUpper(letters[at]):
		return letters[at] == '_'
	case !unicode.IsUpper(letters[at-1]):
		return true
	case len(rest) == 0 || !unicode.IsLower(rest[0]):
		return false
	default:
		isPlural := rest[0] == 's' && (len(rest) == 1 || unicode.IsUpper(rest[1]))
		return !isPlural
	}
}

func standardWords(ctx context.Context) (map[string]bool, error) {
	const foreign = `{{if or .Standard (not .Module.Main)}}{{.Dir}}{{end}}`
	output, err := exec.CommandContext(ctx, "go", "list", "-deps", "-f", foreign, "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages that this module needs: %w", err)
	}
	known := map[string]bool{}
	for dir := range strings.FieldsSeq(string(output)) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				for _, name := range declared(node) {
					for _, word := range split(name.Name) {
						known[word] = true
					}
				}
				return true
			})
		}
	}
	return known, nil
}

// term matches a word of the glossary: a row of its table that begins with the word in bold.
var term = regexp.MustCompile(`(?m)^\| \*\*([a-z ]+)\*\* `)

func glossaryWords(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, match := range term.FindAllStringSubmatch(string(content), -1) {
		words = append(words, strings.Fields(match[1])...)
	}
	return words, nil
}

func retiredWords(path string) (map[string]string, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	words := map[string]string{}
	for _, line := range lines {
		word, instead, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not of the form word: instead", path, line)
		}
		words[word] = instead
	}
	return words, nil
}

// readLines reads the lines of a file, without empty lines and comments (#).
func readLines(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
