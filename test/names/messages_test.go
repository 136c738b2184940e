package names

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// longestMessage is how long a message may be without what is filled in: kubectl get cuts longer ones. The rest goes to
// docs/reference/status.md.
const longestMessage = 200

// TestMessagesAreShort reads all texts in the packages that write conditions and Events.
func TestMessagesAreShort(t *testing.T) {
	for _, dir := range []string{"controllers", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "simulator":
				return fs.SkipDir
			case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			requireShortTexts(t, path)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func requireShortTexts(t *testing.T, path string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && len([]rune(text)) > longestMessage && !strings.Contains(text, "\n") {
			t.Errorf("%s: a message of %d characters, want at most %d: %s", files.Position(node.Pos()), len([]rune(text)), longestMessage, text)
		}
		return true
	})
}
