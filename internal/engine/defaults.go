package engine

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// withDefaults fills in what follows from the resource and from the type of the kind.
func (d Definition[O]) withDefaults() *Definition[O] {
	d.Fields = d.Fields.WithLists(nameOf[O](), d.naming())
	d.addParts()
	if d.isSingleton() {
		d.addSingleton()
	}
	if d.Scopes == nil {
		d.Scopes = LifecycleScopes[O](auth0.ScopesFor(d.Resource))
	}
	d.addReferences()
	d.addConversion()
	d.addIdentity()
	return &d
}

// addReferences fills in the references that follow from the fields.
func (d *Definition[O]) addReferences() {
	declared := reference.FieldsOf(reflect.TypeFor[O]().Elem())
	if d.References == nil && d.Names == nil {
		d.kinds = declared.Kinds()
	}
	if d.References == nil && declared.Refer() {
		d.References = func(object O) []reference.Reference { return declared.References(object) }
	}
	if d.Names == nil && declared.Name() {
		d.Names = func(object O) []reference.Named { return declared.Names(object) }
	}
}

// addConversion fills in the conversion between spec, Auth0's documents and status.
func (d *Definition[O]) addConversion() {
	if d.Export == nil && d.Desired == nil && d.Render == nil && len(d.Beside) == 0 {
		d.Export = d.exportSpec
	}
	if d.Desired == nil {
		d.Desired = d.fromSpec
	}
	d.addSecrets()
	if d.Observe == nil {
		id := auth0.IDField(d.Resource)
		d.Observe = func(object O, have auth0.Document) {
			fields.ToStatus(part(object, "Status").Addr().Interface(), have, id)
		}
	}
}

// addSecrets fills in which values come from Secrets, and which may.
func (d *Definition[O]) addSecrets() {
	d.secretPatterns = d.Fields.Shown
	if d.SecretFields != nil {
		return
	}
	declared := d.Fields.SecretsIn(specOf[O](), d.naming())
	patterns := declared.Patterns()
	if len(patterns) == 0 {
		return
	}
	d.secretPatterns = slices.Concat(d.secretPatterns, patterns)
	d.SecretFields = func(object O) map[string]v1alpha1.SecretKeyReference { return declared.Of(part(object, "Spec")) }
}

func (d *Definition[O]) naming() fields.Naming {
	return fields.Naming{Renamed: d.Renamed, Verbatim: d.Verbatim}
}

// exportSpec is the reverse of fromSpec. A spec has no field for the value of a secret, except in a list: it leaves out lists that
// may have one.
func (d *Definition[O]) exportSpec(_ context.Context, _ *auth0.Session, have auth0.Document, _ Names, object O) (bool, error) {
	settings := fields.WithoutSecretLists(have, d.secretPatterns).Clone()
	for field, name := range d.Renamed {
		if value, shown := settings[name]; shown {
			delete(settings, name)
			settings[fields.Snake(field)] = value
		}
	}
	return true, fields.ToSpec(part(object, "Spec").Addr().Interface(), settings, d.Verbatim...)
}

// fromSpec renders a spec in Auth0's names, with the ids of what it refers to.
func (d *Definition[O]) fromSpec(object O, references reference.Values) auth0.Document {
	document := fields.FromSpec(part(object, "Spec").Interface(), d.Verbatim...)
	fields.RemoveReferences(document)
	for _, field := range d.Beside {
		delete(document, fields.Snake(field))
	}
	for field, name := range d.Renamed {
		if value, declared := document[fields.Snake(field)]; declared {
			delete(document, fields.Snake(field))
			document[name] = value
		}
	}
	for field, referent := range references {
		path := strings.TrimSuffix(strings.TrimPrefix(field, "spec."), "Ref") + "Id"
		if !strings.Contains(path, "[") {
			fields.Set(document, strings.Split(fields.Snake(path), "."), referent.ID)
		}
	}
	if d.Render != nil {
		d.Render(object, document)
	}
	return document
}

// addIdentity fills in how an object is known again in Auth0.
func (d *Definition[O]) addIdentity() {
	if d.ID == nil {
		d.ID = func(object O) string { return any(object).(v1alpha1.Referent).GetIdentity().ID }
	}
	if d.Describe == nil {
		id := auth0.IDField(d.Resource)
		d.Describe = func(have auth0.Document) string {
			return fmt.Sprintf("%s %q (%s)", d.Noun, have.String("name"), have.String(id))
		}
	}
	if d.Find == nil {
		d.Find = func(ctx context.Context, req Request[O], wanted auth0.Document) ([]auth0.Document, error) {
			return req.Session.Find(ctx, d.Resource, map[string]string{"name": wanted.String("name")}, req.Path()...)
		}
	}
	if d.Intent == nil && d.MarkerField == "" {
		d.Intent = d.withoutParts
	}
}

// addSingleton fills in what follows for a kind of which each tenant has one object.
func (d *Definition[O]) addSingleton() {
	if d.Scopes == nil {
		d.Scopes = SingletonScopes[O](auth0.ScopesFor(d.Resource))
		if _, isCreated := auth0.IsOptional(d.Resource); isCreated {
			d.Scopes = append(d.Scopes, Scope[O]{Name: "create:" + auth0.ScopesFor(d.Resource), Needed: Updates[O]})
		}
	}
	if d.ID == nil {
		d.ID = d.singletonID
	}
	if d.Describe == nil {
		d.Describe = func(have auth0.Document) string {
			return "the " + strings.TrimSpace(d.Noun+" "+have.String(auth0.IDField(d.Resource))) + " of the tenant"
		}
	}
}

// addParts makes each value of a part a field of its own.
func (d *Definition[O]) addParts() {
	for field, part := range d.parts() {
		switch {
		case part.List, slices.Contains(d.Fields.Merged, field), slices.Contains(d.Fields.Replaced, field):
		case part.Replace && part.Key == "":
			d.Fields.Replaced = append(slices.Clone(d.Fields.Replaced), field)
		default:
			d.Fields.Merged = append(slices.Clone(d.Fields.Merged), field)
		}
	}
}

// part is the spec or the status of an object.
func part(object any, name string) reflect.Value {
	return reflect.ValueOf(object).Elem().FieldByName(name)
}

// specOf is the type of the spec of a kind.
func specOf[O v1alpha1.Object]() reflect.Type {
	spec, _ := reflect.TypeFor[O]().Elem().FieldByName("Spec")
	return spec.Type
}
