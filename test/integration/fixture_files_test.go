package integration

import (
	"maps"
	"net/http"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// fromFiles is the fixture of a kind, or of its variant, that its files describe. See package fixtures.
func fromFiles(name string) fixture {
	f := fixtures.Of(name)
	s := fixture{
		prepare: func(e *environment) {
			e.Helper()
			f.Prepare(e.place, func(object client.Object) {
				e.create(object)
				if managed, ok := object.(v1alpha1.Managed); ok {
					e.eventuallyReady(managed)
				}
			})
		},
		object: func(e *environment, name string) v1alpha1.Managed {
			object := f.Object("full", name)
			object.SetNamespace(e.namespace)
			return object
		},
		check:  func(e *environment, object v1alpha1.Managed) error { return f.Check(e.place, object) },
		count:  func(e *environment) int { return len(f.IDs(e.place)) },
		writes: simulator.Report.Writes,
		create: call{http.MethodPost, f.Route},

		namesRepeat: f.NamesRepeat,

		change: func(object v1alpha1.Managed) { f.Apply(object, "changed") },
		clear:  func(object v1alpha1.Managed) { f.Apply(object, "cleared") },
		// check compares with the file already.
		cleared:        func(*environment, v1alpha1.Managed) error { return nil },
		drift:          func(e *environment, object v1alpha1.Managed) { f.Drift(e.place, object) },
		deleteRemotely: func(e *environment, object v1alpha1.Managed) { f.Delete(e.place, object) },
		existing:       func(e *environment) { f.Exist(e.place) },
		existsReason:   f.ExistsReason,
		conflictReason: v1alpha1.ReasonConflict,
		fix:            func(object v1alpha1.Managed) { f.Apply(object, "full") },
		withoutScope: func(e *environment) string {
			e.withoutScopes(f.Scope)
			return f.Scope
		},
		scopeReason: v1alpha1.ReasonMissingScope,
	}
	if !f.Marked() {
		s.unmarked = func(e *environment) []string { return f.IDs(e.place) }
	}
	for _, invalid := range f.Invalid() {
		s.invalid = append(s.invalid, mistake{
			make:   func(object v1alpha1.Managed) { f.Apply(object, invalid.File) },
			reason: invalid.Reason, message: invalid.Message,
		})
	}
	return s
}

// withFiles adds the kinds and variants that only files describe.
func withFiles(known map[string]fixture) map[string]fixture {
	for _, name := range slices.Sorted(maps.Keys(fixtures.All())) {
		if _, ok := known[name]; !ok {
			known[name] = fromFiles(name)
		}
	}
	return known
}

// withCrashScenarios adds what a crash interrupts for each kind with files.
func withCrashScenarios(known map[string]scenario) map[string]scenario {
	for name, f := range fixtures.All() {
		if f.Variant != "" {
			continue
		}
		s := subjects[name]
		for row, u := range map[string]scenario{
			"create":             {begin: declareIt},
			"create, and undo":   {begin: declareIt, meanwhile: deleteIt, gone: true},
			"create, and change": {begin: declareIt, meanwhile: changeIt(s)},
			"update":             {ready: true, begin: changeIt(s)},
			"adopt":              {prepare: s.existing, declare: mayAdopt, begin: declareIt},
			"make good":          {ready: true, begin: deletedRemotely(s)},
			"hand over":          {ready: true, rival: true, begin: deleteIt, gone: true, left: 1},
			"delete":             {ready: true, begin: deleteIt, gone: true},
			"retain":             {declare: retained, ready: true, begin: deleteIt, gone: true, left: 1},
		} {
			u.fixture = s
			known[name+"/"+row] = u
		}
	}
	return known
}

// declares gives an object the spec of a further file of its kind.
func declares(name, file string) func(v1alpha1.Managed) {
	return func(object v1alpha1.Managed) { fixtures.Of(name).Apply(object, file) }
}
