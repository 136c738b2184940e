package fields

import (
	"reflect"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/specs"
)

// secretRef ends the names of the fields whose value comes from a Secret.
const secretRef = "SecretRef"

var secretKeyReference = reflect.TypeFor[v1alpha1.SecretKeyReference]()

// Secrets are the fields of a spec whose values come from Secrets: a field tokenSecretRef holds the value of token.
type Secrets struct {
	plan   specs.Plan[struct{}]
	naming Naming
	lists  map[string]string
}

// SecretsIn finds the values of a type of specs that come from Secrets. Lists that have some need an entry in f.ListKeys.
func (f Semantics) SecretsIn(spec reflect.Type, naming Naming) Secrets {
	return Secrets{specs.PlanOf(spec, isSecretRef), naming, f.ListKeys}
}

func isSecretRef(field reflect.StructField) (is struct{}, ok bool) {
	return is, field.Type == reflect.PointerTo(secretKeyReference) && strings.HasSuffix(field.Name, secretRef)
}

// Of returns where the values of a spec are that come from Secrets, by their paths in Auth0's document.
func (s Secrets) Of(spec reflect.Value) map[string]v1alpha1.SecretKeyReference {
	found := map[string]v1alpha1.SecretKeyReference{}
	s.plan.Visit(spec, func(path []specs.Step, _ struct{}, ref reflect.Value) {
		found[JoinKeys(s.keys(path))] = ref.Interface().(v1alpha1.SecretKeyReference)
	})
	return found
}

// Patterns returns the patterns of all such values of the type, declared or not.
func (s Secrets) Patterns() []string {
	var patterns []string
	s.plan.Each(func(path []specs.Step, _ struct{}) { patterns = append(patterns, JoinKeys(s.keys(path))) })
	return patterns
}

// keys are the keys of the path to a value, in Auth0's names.
func (s Secrets) keys(path []specs.Step) []string {
	names := make([]string, len(path))
	for i, step := range path {
		names[i] = strings.TrimSuffix(step.Name, secretRef)
	}
	names = s.naming.inAuth0(names)
	var keys []string
	for i, step := range path {
		keys = append(keys, names[i])
		if !step.IsList {
			continue
		}
		switch name := s.lists[strings.Join(names[:i+1], ".")]; {
		case name == "":
			panic("the list " + strings.Join(names[:i+1], ".") + " has secrets, and needs a listMapKey")
		case step.Entry.IsValid():
			keys = append(keys, entryKey(name, s.valueOf(step.Entry, name)))
		default:
			keys = append(keys, "["+name+"]")
		}
	}
	return keys
}

// valueOf returns the field of an entry that identifies it.
func (s Secrets) valueOf(entry reflect.Value, name string) string {
	for i := range entry.NumField() {
		field, _, _ := strings.Cut(entry.Type().Field(i).Tag.Get("json"), ",")
		if field == name || Snake(field) == name {
			return entry.Field(i).String()
		}
	}
	panic(entry.Type().String() + " has no field " + name)
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
		for _, entry := range document.Objects(name) {
			RemoveReferences(entry)
		}
	}
}

// WithoutSecretLists returns a copy of a document without the lists whose entries may have secret values: nobody knows which of the
// values that Auth0 shows are secret.
func WithoutSecretLists(document auth0.Document, patterns []string) auth0.Document {
	left := document
	for _, pattern := range patterns {
		keys := SplitPath(pattern)
		if entry := slices.IndexFunc(keys, isEntryKey); entry > 0 {
			left = without(left, keys[:entry])
		}
	}
	return left
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
