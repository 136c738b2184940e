package fields

import (
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// secretRef ends the names of the fields whose value comes from a Secret.
const secretRef = "SecretRef"

var secretKeyReference = reflect.TypeFor[v1alpha1.SecretKeyReference]()

// HaveSecrets reports whether the objects of a type have values that come from Secrets, by a field such as tokenSecretRef.
func HaveSecrets(of reflect.Type) bool {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != secretKeyReference.PkgPath() {
		return false
	}
	for field := range of.Fields() {
		if isSecretRef(field) || HaveSecrets(field.Type) {
			return true
		}
	}
	return false
}

func isSecretRef(field reflect.StructField) bool {
	return field.Type == reflect.PointerTo(secretKeyReference) && strings.HasSuffix(field.Name, secretRef)
}

// SecretsOf returns where the values of a spec are that come from Secrets, by their paths in Auth0's document: a field
// sink.tokenSecretRef holds the value of sink.token. Objects in verbatim keep the names inside them.
func SecretsOf(spec any, verbatim []string) map[string]v1alpha1.SecretKeyReference {
	found := map[string]v1alpha1.SecretKeyReference{}
	addSecretRefs(reflect.ValueOf(spec), "", Snake, verbatim, found)
	return found
}

func addSecretRefs(of reflect.Value, path string, rename func(string) string, verbatim []string, found map[string]v1alpha1.SecretKeyReference) {
	if of.Kind() == reflect.Pointer {
		if of.IsNil() {
			return
		}
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.Type().PkgPath() != secretKeyReference.PkgPath() {
		return
	}
	for i := range of.NumField() {
		field := of.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch at := path + rename(strings.TrimSuffix(name, secretRef)); {
		case isSecretRef(field) && !of.Field(i).IsNil():
			found[at] = of.Field(i).Elem().Interface().(v1alpha1.SecretKeyReference)
		case slices.Contains(verbatim, at):
			addSecretRefs(of.Field(i), at+".", strings.Clone, verbatim, found)
		case name != "":
			addSecretRefs(of.Field(i), at+".", rename, verbatim, found)
		}
	}
}

// RemoveReferences removes the fields of a spec that refer to other objects or to Secrets.
func RemoveReferences(document auth0.Document) {
	for name, value := range document {
		if strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "Ref") {
			delete(document, name)
			continue
		}
		if object, ok := asObject(value); ok {
			RemoveReferences(object)
		}
	}
}

// ToStatus copies the id of an object in Auth0 into a status, and the texts and flags of which the status has a field.
func ToStatus(status any, have auth0.Document, id string) {
	of := reflect.ValueOf(status).Elem()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ",")
		from := Snake(name)
		if name == "id" {
			from = id
		}
		switch field := of.Field(i).Addr().Interface().(type) {
		case *string:
			*field = have.String(from)
		case *bool:
			*field = have.Bool(from)
		}
	}
}
