package integration

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// fixtureFiles is a folder with the fixture of a kind:
//
//	prepare.yaml            objects that the others need, and prepare.json calls that an administrator makes first
//	full.yaml               the object with all fields
//	changed.yaml            the same object with other values, cleared.yaml with fewer fields
//	invalid-*.yaml          with a value that is refused
//	full.auth0.json         what Auth0 must have then, by path: an answer, or a list in any order; likewise for changed and cleared
//	existing.json           the payload that creates such a thing without the operator, and drift.json the one that changes it
type fixtureFiles struct {
	folder string
	// route is the collection in Auth0, and scope the object of its scopes.
	route, scope string
}

// fixtureAnnotation names the file that an object has its spec from; full.yaml if it has none.
const fixtureAnnotation = "test/fixture"

// fixture reads the files when a row needs them.
func (f fixtureFiles) fixture() fixture {
	return fixture{
		prepare: f.prepare,
		object: func(e *environment, name string) v1alpha1.Managed {
			object := f.read("full")
			object.SetNamespace(e.namespace)
			object.SetName(name)
			return object
		},
		check:  f.check,
		count:  func(e *environment) int { return len(e.dashboardList(f.route)) },
		writes: func(report simulator.Report) int { return report.Writes() },
		create: call{http.MethodPost, f.route},
		change: func(object v1alpha1.Managed) { f.apply(object, "changed") },
		clear:  func(object v1alpha1.Managed) { f.apply(object, "cleared") },
		// check compares with the file already.
		cleared: f.check,
		drift: func(e *environment, object v1alpha1.Managed) {
			e.dashboard("PATCH", f.pathOf(object), f.payload("drift"))
		},
		deleteRemotely: func(e *environment, object v1alpha1.Managed) { e.dashboard("DELETE", f.pathOf(object), nil) },
		existing:       func(e *environment) { e.dashboard("POST", f.route, f.payload("existing")) },
		existsReason:   v1alpha1.ReasonAlreadyExists,
		conflictReason: v1alpha1.ReasonConflict,
		makeInvalid:    func(object v1alpha1.Managed) { f.apply(object, f.invalid()) },
		fix:            func(object v1alpha1.Managed) { f.apply(object, "full") },
		withoutScope: func(e *environment) string {
			e.withoutScopes("create:" + f.scope)
			return "create:" + f.scope
		},
		scopeReason: v1alpha1.ReasonMissingScope,
	}
}

func (f fixtureFiles) file(name string) string {
	return filepath.Join("testdata", "fixtures", f.folder, name)
}

// must panics on a mistake in the files, which no row can go on from.
func (f fixtureFiles) must(name string, err error) {
	if err != nil {
		panic(fmt.Sprintf("%s: %v", f.file(name), err))
	}
}

// objects reads the objects of a file.
func (f fixtureFiles) objects(name string) []client.Object {
	data, err := os.ReadFile(f.file(name + ".yaml"))
	f.must(name, err)
	var out []client.Object
	for document := range strings.SplitSeq(string(data), "\n---\n") {
		var head struct{ Kind string }
		f.must(name, yaml.Unmarshal([]byte(document), &head))
		created, err := kube.Scheme().New(v1alpha1.SchemeGroupVersion.WithKind(head.Kind))
		f.must(name, err)
		object := created.(client.Object)
		f.must(name, yaml.UnmarshalStrict([]byte(document), object))
		out = append(out, object)
	}
	return out
}

// read reads the object of a file.
func (f fixtureFiles) read(name string) v1alpha1.Managed {
	return f.objects(name)[0].(v1alpha1.Managed) //nolint:forcetypeassert // a mistake in the files
}

// payload reads a payload of Auth0.
func (f fixtureFiles) payload(name string) (out map[string]any) {
	data, err := os.ReadFile(f.file(name + ".json"))
	f.must(name, err)
	f.must(name, json.Unmarshal(data, &out))
	return out
}

// invalid is the first of the invalid files.
func (f fixtureFiles) invalid() string {
	found, err := filepath.Glob(f.file("invalid-*.yaml"))
	if err == nil && len(found) == 0 {
		err = errors.New("there is none")
	}
	f.must("invalid-*.yaml", err)
	return strings.TrimSuffix(filepath.Base(found[0]), ".yaml")
}

// prepare makes the administrator's calls, then the objects, and waits until these are Ready.
func (f fixtureFiles) prepare(e *environment) {
	e.Helper()
	if _, err := os.Stat(f.file("prepare.json")); err == nil {
		for request, body := range f.payload("prepare") {
			method, path, _ := strings.Cut(request, " ")
			e.dashboard(method, path, body)
		}
	}
	if _, err := os.Stat(f.file("prepare.yaml")); err != nil {
		return
	}
	for _, object := range f.objects("prepare") {
		object.SetNamespace(e.namespace)
		e.create(object)
		if managed, ok := object.(v1alpha1.Managed); ok {
			e.eventuallyReady(managed)
		}
	}
}

// apply gives an object the spec of a file, except what tells the operator how to manage it.
func (f fixtureFiles) apply(object v1alpha1.Managed, name string) {
	source := f.read(name)
	*source.GetManagedSpec() = *object.GetManagedSpec()
	reflect.ValueOf(object).Elem().FieldByName("Spec").Set(reflect.ValueOf(source).Elem().FieldByName("Spec"))
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[fixtureAnnotation] = name
	object.SetAnnotations(annotations)
}

// idOf is the id in the status.
func (f fixtureFiles) idOf(object v1alpha1.Managed) string {
	return reflect.ValueOf(object).Elem().FieldByName("Status").FieldByName("ID").String()
}

func (f fixtureFiles) pathOf(object v1alpha1.Managed) string { return f.route + "/" + f.idOf(object) }

// check compares what Auth0 has with the file about it.
func (f fixtureFiles) check(e *environment, object v1alpha1.Managed) error {
	e.Helper()
	name := cmp.Or(object.GetAnnotations()[fixtureAnnotation], "full") + ".auth0.json"
	data, err := os.ReadFile(f.file(name))
	f.must(name, err)
	var want map[string]any
	f.must(name, json.Unmarshal([]byte(strings.ReplaceAll(string(data), "{id}", f.idOf(object))), &want))
	var failures []error
	for path, document := range want {
		status, answer := e.sim.Dashboard("GET", path, nil)
		if status != http.StatusOK {
			failures = append(failures, fmt.Errorf("%s: %d %s", path, status, answer))
			continue
		}
		var have any
		if err := json.Unmarshal(answer, &have); err != nil {
			return err
		}
		if difference := gocmp.Diff(inOrder(document), inOrder(have)); difference != "" {
			failures = append(failures, fmt.Errorf("%s differs from %s (-want +have):\n%s", path, name, difference))
		}
	}
	return errors.Join(failures...)
}

// inOrder sorts a list, whose order says nothing.
func inOrder(document any) any {
	items, ok := document.([]any)
	if !ok {
		return document
	}
	return slices.SortedFunc(slices.Values(items), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}
