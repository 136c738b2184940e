package reference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Fields are the fields of a kind that refer to others. A field clientRef of type ObjectReference or LocalReference refers to an
// Auth0Client. Its tag auth0:"weak,existing,link" has the options of the Reference. A text with the tag
// auth0:"names=Auth0ResourceServer" holds the name that such an object declares.
type Fields struct{ spec []fieldNode }

// fieldNode is a field of a struct that refers to something, or contains such fields.
type fieldNode struct {
	index int
	// name is the field in a manifest, "" for an inlined struct.
	name string
	// refers is the kind that a reference means, and names the kind of what a text names.
	refers, names string
	options       []string
	fields        []fieldNode
}

var (
	objectReference = reflect.TypeFor[v1alpha1.ObjectReference]()
	localReference  = reflect.TypeFor[v1alpha1.LocalReference]()
)

// FieldsOf finds the fields of a kind, by its Go type.
func FieldsOf(kind reflect.Type) Fields {
	spec, _ := kind.FieldByName("Spec")
	return Fields{spec: nodesOf(spec.Type)}
}

// nodesOf returns the fields of a struct that matter.
func nodesOf(of reflect.Type) []fieldNode {
	if of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		return nodesOf(of.Elem())
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != objectReference.PkgPath() {
		return nil
	}
	var nodes []fieldNode
	for i := range of.NumField() {
		if node := nodeOf(of.Field(i), i); node.refers != "" || node.names != "" || len(node.fields) > 0 {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

func nodeOf(field reflect.StructField, index int) fieldNode {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	node := fieldNode{index: index, name: name, options: strings.Split(field.Tag.Get("auth0"), ",")}
	of := field.Type
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	named, isNamed := strings.CutPrefix(node.options[0], "names=")
	switch {
	case name == "tenantRef":
		// The operator handles the tenant apart.
	case of == objectReference || of == localReference:
		node.refers = "Auth0" + strings.TrimSuffix(field.Name, "Ref")
	case isNamed:
		node.names = named
	default:
		node.fields = nodesOf(of)
	}
	return node
}

// Refer reports whether objects of the kind refer to others.
func (f Fields) Refer() bool {
	return anyNode(f.spec, func(node fieldNode) bool { return node.refers != "" })
}

// Name reports whether objects of the kind name others by their names in Auth0.
func (f Fields) Name() bool {
	return anyNode(f.spec, func(node fieldNode) bool { return node.names != "" })
}

// Kinds returns the kinds of what objects of the kind can refer to or name.
func (f Fields) Kinds() []string {
	kinds := []string{}
	anyNode(f.spec, func(node fieldNode) bool {
		kinds = append(kinds, slices.DeleteFunc([]string{node.refers, node.names}, func(kind string) bool { return kind == "" })...)
		return false
	})
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func anyNode(nodes []fieldNode, is func(fieldNode) bool) bool {
	return slices.ContainsFunc(nodes, func(node fieldNode) bool { return is(node) || anyNode(node.fields, is) })
}

// References returns the references of an object, in the order of its fields.
func (f Fields) References(object client.Object) []Reference {
	var found []Reference
	f.visit(object, func(field string, node fieldNode, value reflect.Value) {
		if node.refers == "" {
			return
		}
		reference := To(object, field, node.refers, v1alpha1.ObjectReference{Name: value.FieldByName("Name").String()})
		if namespace := value.FieldByName("Namespace"); namespace.IsValid() && namespace.String() != "" {
			reference.Key.Namespace = namespace.String()
		}
		reference.Weak = slices.Contains(node.options, "weak")
		reference.Existing = slices.Contains(node.options, "existing")
		reference.Link = slices.Contains(node.options, "link")
		found = append(found, reference)
	})
	return found
}

// Names returns what an object names by its name in Auth0, in the order of its fields.
func (f Fields) Names(object client.Object) []Named {
	var found []Named
	f.visit(object, func(field string, node fieldNode, value reflect.Value) {
		if node.names != "" && value.String() != "" {
			found = append(found, Named{Field: field, Kind: node.names, Name: value.String()})
		}
	})
	return found
}

// visit calls a function for each field of an object that has a value.
func (f Fields) visit(object client.Object, found func(field string, node fieldNode, value reflect.Value)) {
	visitNodes(reflect.ValueOf(object).Elem().FieldByName("Spec"), "spec", f.spec, found)
}

func visitNodes(of reflect.Value, path string, nodes []fieldNode, found func(string, fieldNode, reflect.Value)) {
	for _, node := range nodes {
		at := path
		if node.name != "" {
			at += "." + node.name
		}
		visitValue(of.Field(node.index), at, node, found)
	}
}

func visitValue(value reflect.Value, path string, node fieldNode, found func(string, fieldNode, reflect.Value)) {
	switch {
	case value.Kind() == reflect.Pointer && value.IsNil():
	case value.Kind() == reflect.Pointer:
		visitValue(value.Elem(), path, node, found)
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			visitValue(value.Index(i), fmt.Sprintf("%s[%d]", path, i), node, found)
		}
	case len(node.fields) > 0:
		visitNodes(value, path, node.fields, found)
	default:
		found(path, node, value)
	}
}
