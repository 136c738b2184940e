package docs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

const root = "../.."

// block is a fenced block of a page.
type block struct {
	// info is what follows the opening fence: "yaml", "yaml fragment", "sh".
	info string
	text string
}

var (
	fenced = regexp.MustCompile("(?s)\n```([^\n]+)\n(.*?\n)```\n")
	// hereDocument is a manifest within a shell command.
	hereDocument = regexp.MustCompile(`(?s)<<'?EOF'?\n(.*?\n)EOF\n`)
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	link         = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	makeTarget   = regexp.MustCompile(`(?m)^make ([a-z-]+)`)
)

// TestManifestsAreAccepted has the API server look at every manifest of every page, as kubectl apply --dry-run=server does
// with strict validation. Of other people's kinds it wants no more than the form; of a block that is marked as a
// fragment, that it is YAML.
func TestManifestsAreAccepted(t *testing.T) {
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{WithoutControllerManager: true, CRDDirs: []string{root + "/config/crd/bases"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	kube, err := client.New(cluster.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for page, content := range pages(t) {
		for _, block := range manifests(content) {
			for _, object := range decode(t, page, block) {
				if block.info != "yaml" {
					continue
				}
				if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
					t.Errorf("%s: a block is no whole manifest; complete it, or mark it as ```yaml fragment:\n%s", page, block.text)
					continue
				}
				if isForeign(object) {
					continue
				}
				if err := dryRun(t, kube, object); err != nil {
					t.Errorf("%s: %s %s: %v", page, object.GetKind(), object.GetName(), err)
				}
				accepted++
			}
		}
	}
	if accepted < 10 {
		t.Errorf("only %d manifests found", accepted)
	}
}

// dryRun creates an object without a trace, in a namespace that exists.
func dryRun(t *testing.T, kube client.Client, object *unstructured.Unstructured) error {
	t.Helper()
	namespaced, err := kube.IsObjectNamespaced(object)
	if err != nil {
		return err
	}
	if namespaced {
		object.SetNamespace("default")
	}
	return kube.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// isForeign tells a kind that neither Kubernetes nor we define: its group is a domain of somebody else's.
func isForeign(object *unstructured.Unstructured) bool {
	group := object.GroupVersionKind().Group
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && group != "auth0-operator.io"
}

// manifests are the YAML blocks of a page, and those within its shell commands.
func manifests(content string) []block {
	var found []block
	for _, block := range blocks(content) {
		switch {
		case strings.HasPrefix(block.info, "yaml"):
			found = append(found, block)
		case block.info == "sh":
			for _, document := range hereDocument.FindAllStringSubmatch(block.text, -1) {
				block.info, block.text = "yaml", document[1]
				found = append(found, block)
			}
		}
	}
	return found
}

// decode reads the documents of a block. A fragment may be anything that is YAML.
func decode(t *testing.T, page string, block block) []*unstructured.Unstructured {
	t.Helper()
	if block.info == "yaml fragment" {
		var anything any
		if err := yaml.Unmarshal([]byte(block.text), &anything); err != nil {
			t.Errorf("%s: a fragment is not YAML: %v\n%s", page, err, block.text)
		}
		return nil
	}
	if block.info != "yaml" {
		t.Errorf("%s: a block is marked as %q: want yaml or yaml fragment", page, block.info)
		return nil
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLToJSONDecoder(strings.NewReader(block.text))
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Errorf("%s: a block is not a manifest: %v\n%s", page, err, block.text)
			return objects
		}
		objects = append(objects, object)
	}
}

// TestLinksLeadSomewhere wants every file and every heading that a page links to.
func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for page, content := range all {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(content, ""), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			_, err := os.Stat(filepath.Join(root, path))
			if err != nil || anchor != "" && !slices.Contains(anchors(all[path]), anchor) {
				t.Errorf("%s: the link to %s leads nowhere", page, found[1])
			}
		}
	}
}

// anchors are what the headings of a page are linked by: in lower case, with dashes for blanks, without all else but letters,
// digits and dashes.
func anchors(content string) []string {
	var found []string
	for _, line := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(content, ""), -1) {
		found = append(found, strings.Map(func(letter rune) rune {
			switch {
			case letter == ' ':
				return '-'
			case unicode.IsLetter(letter), unicode.IsDigit(letter), letter == '-', letter == '_':
				return unicode.ToLower(letter)
			}
			return -1
		}, line[1]))
	}
	return found
}

// TestMakeTargetsExist wants every target that a page tells people to make.
func TestMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(root + "/Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for page, content := range pages(t) {
		for _, block := range blocks(content) {
			for _, target := range makeTarget.FindAllStringSubmatch(block.text, -1) {
				if block.info == "sh" && !bytes.Contains(makefile, []byte("\n"+target[1]+":")) {
					t.Errorf("%s: there is no make %s", page, target[1])
				}
			}
		}
	}
}

func blocks(content string) []block {
	var found []block
	for _, match := range fenced.FindAllStringSubmatch(content, -1) {
		found = append(found, block{match[1], match[2]})
	}
	return found
}

// pages are all pages of Markdown, by their path in the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		page, err := filepath.Rel(root, path)
		found[page] = string(content)
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return found
}
