// Package specs visits fields of the API types that have something in common, such as all references to Secrets. It finds them by
// reflection, once for each type.
//
// It may import api/v1alpha1.
package specs

import (
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Plan has the fields of a type that matter for one purpose, and the way to each of them.
type Plan[M any] []node[M]

// node is a field that matters, or one that contains such fields.
type node[M any] struct {
	index int
	step  Step
	// mark is what matters about the field, nil if it only contains others.
	mark *M
	plan Plan[M]
}

// Step is a field on the way to another one.
type Step struct {
	// Name is the field in a manifest.
	Name string
	// IsList means that the way goes through an entry of the field, whose value is Entry and whose position is Index.
	IsList bool
	Index  int
	Entry  reflect.Value
}

var apiPackage = reflect.TypeFor[v1alpha1.ObjectReference]().PkgPath()

// PlanOf finds the fields of a struct that mark accepts, in their order. It does not look inside them, and not inside types of
// other packages.
func PlanOf[M any](of reflect.Type, mark func(reflect.StructField) (M, bool)) Plan[M] {
	return planOf(of, of.PkgPath(), mark)
}

func planOf[M any](of reflect.Type, home string, mark func(reflect.StructField) (M, bool)) Plan[M] {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != apiPackage && of.PkgPath() != home {
		return nil
	}
	var plan Plan[M]
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		one := node[M]{index: i, step: Step{Name: name, IsList: field.Type.Kind() == reflect.Slice}}
		if found, ok := mark(field); ok {
			one.mark = &found
		} else {
			one.plan = planOf(field.Type, home, mark)
		}
		if one.mark != nil || len(one.plan) > 0 {
			plan = append(plan, one)
		}
	}
	return plan
}

// Contains reports whether the plan has a field that is accepts.
func (p Plan[M]) Contains(is func(M) bool) bool {
	return slices.ContainsFunc(p, func(one node[M]) bool { return one.mark != nil && is(*one.mark) || one.plan.Contains(is) })
}

// Each calls found for each field of the type. The steps have no entries.
func (p Plan[M]) Each(found func(path []Step, mark M)) { p.each(nil, found) }

func (p Plan[M]) each(path []Step, found func([]Step, M)) {
	for _, one := range p {
		at := one.after(path, one.step)
		if one.mark != nil {
			found(at, *one.mark)
		}
		one.plan.each(at, found)
	}
}

// Visit calls found for each field of a value of the type that is set. A list is visited entry by entry.
func (p Plan[M]) Visit(value reflect.Value, found func(path []Step, mark M, value reflect.Value)) {
	p.visit(value, nil, found)
}

func (p Plan[M]) visit(value reflect.Value, path []Step, found func([]Step, M, reflect.Value)) {
	for _, one := range p {
		one.visit(value.Field(one.index), one.after(path, one.step), found)
	}
}

func (n node[M]) visit(value reflect.Value, path []Step, found func([]Step, M, reflect.Value)) {
	switch {
	case value.Kind() == reflect.Pointer && value.IsNil():
	case value.Kind() == reflect.Pointer:
		n.visit(value.Elem(), path, found)
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			entry := n.step
			entry.Index, entry.Entry = i, value.Index(i)
			n.visit(value.Index(i), n.after(path[:len(path)-1], entry), found)
		}
	case n.mark != nil:
		found(path, *n.mark, value)
	default:
		n.plan.visit(value, path, found)
	}
}

// after adds a step to a path. An inlined struct is none.
func (n node[M]) after(path []Step, step Step) []Step {
	if step.Name == "" {
		return path
	}
	return append(slices.Clone(path), step)
}
