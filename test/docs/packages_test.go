package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	contributing = "../../CONTRIBUTING.md"
	module       = "github.com/auth0-operator/auth0-operator/"
)

var (
	node  = regexp.MustCompile(`(\w+)\["([\w/-]+)(?:<br>[^"]*)?"\]`)
	arrow = regexp.MustCompile(`(?m)^ {2}(\w+)(?:\[[^\]]*\])? --> (\w+)`)
)

// TestPackagesImportWhatThePictureAllows compares the picture in CONTRIBUTING.md with the imports of the packages that it shows.
func TestPackagesImportWhatThePictureAllows(t *testing.T) {
	allowed, folders := picture(t)
	imported := imports(t)
	for from, targets := range imported {
		for _, to := range targets {
			if !reaches(allowed, from, to) {
				t.Errorf("%s imports %s, and no arrow leads there in %s", from, to, contributing)
			}
		}
	}
	for from, targets := range allowed {
		for _, to := range targets {
			if !slices.Contains(imported[from], to) {
				t.Errorf("%s has an arrow from %s to %s, which is not an import", contributing, from, to)
			}
		}
	}
	for folder := range imported {
		if folder != "internal/controlplane" && !slices.Contains(folders, folder) {
			t.Errorf("%s does not show %s", contributing, folder)
		}
	}
}

// picture returns the arrows of the picture, by folder, and all its folders.
func picture(t *testing.T) (arrows map[string][]string, folders []string) {
	t.Helper()
	content, err := os.ReadFile(contributing)
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(content), "```mermaid\n")
	page, _, _ = strings.Cut(page, "```")
	byName := map[string]string{}
	for _, found := range node.FindAllStringSubmatch(page, -1) {
		byName[found[1]] = found[2]
		folders = append(folders, found[2])
	}
	arrows = map[string][]string{}
	for _, found := range arrow.FindAllStringSubmatch(page, -1) {
		from := byName[found[1]]
		arrows[from] = append(arrows[from], byName[found[2]])
	}
	return arrows, folders
}

// imports returns, for each package of the operator, which others it imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`,
		"./api/...", "./cmd/...", "./controllers/...", "./internal/...")
	list.Dir = "../.."
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		from := folderOf(fields[0])
		if _, seen := found[from]; !seen {
			found[from] = nil
		}
		for _, to := range fields[1:] {
			if strings.HasPrefix(to, module) {
				found[from] = append(found[from], folderOf(to))
			}
		}
	}
	return found
}

// folderOf is the folder of a package. The packages of the kinds are one folder in the picture.
func folderOf(path string) string {
	folder := strings.TrimPrefix(path, module)
	if strings.HasPrefix(folder, "controllers/") {
		return "controllers/kind"
	}
	return folder
}

// reaches reports whether arrows lead from one folder to another.
func reaches(arrows map[string][]string, from, to string) bool {
	return slices.ContainsFunc(arrows[from], func(next string) bool { return next == to || reaches(arrows, next, to) })
}
