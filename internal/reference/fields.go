package reference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/specs"
)

// Fields are the fields of a kind that refer to others. A field clientRef of type ObjectReference or LocalReference refers to an
// Auth0Client. Its tag auth0:"weak,existing,link" has the options of the Reference. A text with the tag
// auth0:"names=Auth0ResourceServer" holds the name that such an object declares.
type Fields struct{ plan specs.Plan[mark] }

// mark is what a field refers to.
type mark struct {
	// refers is the kind that a reference means, and names the kind of what a text names.
	refers, names string
	options       []string
}

var (
	objectReference = reflect.TypeFor[v1alpha1.ObjectReference]()
	localReference  = reflect.TypeFor[v1alpha1.LocalReference]()
)

// FieldsOf finds the fields of a kind, by its Go type.
func FieldsOf(kind reflect.Type) Fields {
	spec, _ := kind.FieldByName("Spec")
	return Fields{specs.PlanOf(spec.Type, markOf)}
}

func markOf(field reflect.StructField) (mark, bool) {
	options := strings.Split(field.Tag.Get("auth0"), ",")
	if named, isNamed := strings.CutPrefix(options[0], "names="); isNamed {
		return mark{names: named}, true
	}
	of := field.Type
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	kind, isRef := strings.CutSuffix(field.Name, "Ref")
	return mark{refers: "Auth0" + kind, options: options}, isRef && (of == objectReference || of == localReference)
}

// Refer reports whether objects of the kind refer to others.
func (f Fields) Refer() bool {
	return f.plan.Contains(func(mark mark) bool { return mark.refers != "" })
}

// Name reports whether objects of the kind name others by their names in Auth0.
func (f Fields) Name() bool {
	return f.plan.Contains(func(mark mark) bool { return mark.names != "" })
}

// Kinds returns the kinds of what objects of the kind can refer to or name.
func (f Fields) Kinds() []string {
	kinds := []string{}
	f.plan.Each(func(_ []specs.Step, mark mark) { kinds = append(kinds, mark.refers+mark.names) })
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// References returns the references of an object, in the order of its fields.
func (f Fields) References(object client.Object) []Reference {
	var found []Reference
	f.visit(object, func(field string, mark mark, value reflect.Value) {
		if mark.refers == "" {
			return
		}
		reference := To(object, field, mark.refers, v1alpha1.ObjectReference{Name: value.FieldByName("Name").String()})
		if namespace := value.FieldByName("Namespace"); namespace.IsValid() && namespace.String() != "" {
			reference.Key.Namespace = namespace.String()
		}
		reference.Weak = slices.Contains(mark.options, "weak")
		reference.Existing = slices.Contains(mark.options, "existing")
		reference.Link = slices.Contains(mark.options, "link")
		found = append(found, reference)
	})
	return found
}

// Names returns what an object names by its name in Auth0, in the order of its fields.
func (f Fields) Names(object client.Object) []Named {
	var found []Named
	f.visit(object, func(field string, mark mark, value reflect.Value) {
		if mark.names != "" && value.String() != "" {
			found = append(found, Named{Field: field, Kind: mark.names, Name: value.String()})
		}
	})
	return found
}

// visit calls a function for each field of an object that has a value.
func (f Fields) visit(object client.Object, found func(field string, mark mark, value reflect.Value)) {
	f.plan.Visit(reflect.ValueOf(object).Elem().FieldByName("Spec"), func(path []specs.Step, mark mark, value reflect.Value) {
		field := strings.Builder{}
		field.WriteString("spec")
		for _, step := range path {
			field.WriteString("." + step.Name)
			if step.IsList {
				fmt.Fprintf(&field, "[%d]", step.Index)
			}
		}
		found(field.String(), mark, value)
	})
}
