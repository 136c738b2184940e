package names

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestSomebodyWaitsForEachGoroutine refuses the go statement in the operator: at the end of the process, nobody would wait for what
// it began. A sync.WaitGroup starts a goroutine, and what owns the WaitGroup waits.
func TestSomebodyWaitsForEachGoroutine(t *testing.T) {
	for _, dir := range []string{"controllers", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "simulator" || entry.Name() == "controlplane"):
				return fs.SkipDir
			case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				if statement, ok := node.(*ast.GoStmt); ok {
					t.Errorf("%s: nobody waits for this goroutine", files.Position(statement.Pos()))
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
