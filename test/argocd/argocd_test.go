package argocd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/controllers"
)

// now is when the expected outputs were made.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestHealth runs health_test.yaml of every kind.
func TestHealth(t *testing.T) {
	for _, kind := range controllers.All() {
		var file struct {
			Tests []struct {
				HealthStatus Health
				InputPath    string
			}
		}
		dir := Dir(kind.Name)
		read(t, filepath.Join(dir, "health_test.yaml"), &file)
		if len(file.Tests) == 0 {
			t.Errorf("%s: no tests", kind.Name)
		}
		for _, test := range file.Tests {
			t.Run(kind.Name+"/"+filepath.Base(test.InputPath), func(t *testing.T) {
				got, err := HealthOf(kind.Name, object(t, filepath.Join(dir, test.InputPath)))
				if err != nil {
					t.Fatal(err)
				}
				if difference := cmp.Diff(test.HealthStatus, got); difference != "" {
					t.Errorf("health (-want +got):\n%s", difference)
				}
			})
		}
	}
}

// TestActions runs action_test.yaml of every kind, and wants a test of each action.
func TestActions(t *testing.T) {
	for _, kind := range controllers.All() {
		t.Run(kind.Name, func(t *testing.T) { testActions(t, filepath.Join(Dir(kind.Name), "actions")) })
	}
}

func testActions(t *testing.T, dir string) {
	t.Helper()
	var file struct {
		DiscoveryTests []struct {
			InputPath string
			Result    []struct {
				Name     string
				Disabled bool
			}
		}
		ActionTests []struct{ Action, InputPath, ExpectedOutputPath string }
	}
	read(t, filepath.Join(dir, "action_test.yaml"), &file)
	discovery := readFile(t, filepath.Join(dir, "discovery.lua"))
	for _, test := range file.DiscoveryTests {
		found, err := discover(discovery, object(t, filepath.Join(dir, test.InputPath)))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]struct{ Disabled bool }{}
		for _, action := range test.Result {
			want[action.Name] = struct{ Disabled bool }{action.Disabled}
		}
		if difference := cmp.Diff(want, found); difference != "" {
			t.Errorf("actions for %s (-want +got):\n%s", test.InputPath, difference)
		}
	}
	untested := map[string]bool{}
	scripts, err := filepath.Glob(filepath.Join(dir, "*", "action.lua"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no actions: %v", err)
	}
	for _, script := range scripts {
		untested[filepath.Base(filepath.Dir(script))] = true
	}
	for _, test := range file.ActionTests {
		delete(untested, test.Action)
		got, err := act(readFile(t, filepath.Join(dir, test.Action, "action.lua")), object(t, filepath.Join(dir, test.InputPath)), now)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		read(t, filepath.Join(dir, test.ExpectedOutputPath), &want)
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("%s (-want +got):\n%s", test.Action, difference)
		}
	}
	if len(untested) > 0 {
		t.Errorf("actions without a test: %v", untested)
	}
}

// TestSettings holds the patch of argocd-cm against the folders.
func TestSettings(t *testing.T) {
	var patch struct{ Data map[string]string }
	read(t, filepath.Join(Dir("."), "..", "argocd-cm.patch.yaml"), &patch)
	for _, kind := range controllers.All() {
		dir := Dir(kind.Name)
		if patch.Data["resource.customizations.health.auth0-operator.io_"+kind.Name] != string(readFile(t, filepath.Join(dir, "health.lua"))) {
			t.Errorf("the health of %s is not that of %s", kind.Name, dir)
		}
		var actions struct {
			Discovery   string `json:"discovery.lua"`
			Definitions []struct {
				Name   string `json:"name"`
				Script string `json:"action.lua"`
			} `json:"definitions"`
		}
		if err := yaml.UnmarshalStrict([]byte(patch.Data["resource.customizations.actions.auth0-operator.io_"+kind.Name]), &actions); err != nil {
			t.Fatal(err)
		}
		if actions.Discovery != string(readFile(t, filepath.Join(dir, "actions", "discovery.lua"))) {
			t.Errorf("the discovery of %s is not that of %s", kind.Name, dir)
		}
		scripts, err := filepath.Glob(filepath.Join(dir, "actions", "*", "action.lua"))
		if err != nil || len(scripts) != len(actions.Definitions) {
			t.Errorf("%s: %d actions in argocd-cm, %d scripts: %v", kind.Name, len(actions.Definitions), len(scripts), err)
		}
		for _, definition := range actions.Definitions {
			if definition.Script != string(readFile(t, filepath.Join(dir, "actions", definition.Name, "action.lua"))) {
				t.Errorf("the action %s of %s is not that of %s", definition.Name, kind.Name, dir)
			}
		}
	}
	if want := 2 * len(controllers.All()); len(patch.Data) != want {
		t.Errorf("%d settings, want %d", len(patch.Data), want)
	}
}

// TestHealthAgreesWithKstatus wants Argo CD and Flux to say the same. An object that is Ready while a regular check has to
// wait is the exception: kstatus calls it in progress, Argo CD shows it as healthy.
func TestHealthAgreesWithKstatus(t *testing.T) {
	want := map[string]status.Status{
		"new": status.InProgressStatus, "waiting": status.InProgressStatus, "changed": status.InProgressStatus, "checking": status.InProgressStatus,
		"ready": status.CurrentStatus, "suspended": status.CurrentStatus, "stalled": status.FailedStatus,
	}
	for _, kind := range controllers.All() {
		for name, want := range want {
			result, err := status.Compute(&unstructured.Unstructured{Object: object(t, filepath.Join(Dir(kind.Name), "testdata", name+".yaml"))})
			if err != nil || result.Status != want {
				t.Errorf("%s %s: kstatus says %v, want %s (%v)", kind.Name, name, result, want, err)
			}
		}
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal(readFile(t, file), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// object reads an object with numbers as Kubernetes reads them.
func object(t *testing.T, file string) map[string]any {
	t.Helper()
	content, err := yaml.YAMLToJSON(readFile(t, file))
	if err != nil {
		t.Fatal(err)
	}
	var found unstructured.Unstructured
	if err := found.UnmarshalJSON(content); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return found.Object
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(content)) == "" {
		t.Errorf("%s is empty", file)
	}
	return content
}
