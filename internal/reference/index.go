package reference

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/partial"
)

const (
	// TenantIndex finds the objects of a tenant, by its namespace/name.
	TenantIndex = ".tenant"
	// InputIndex finds the objects that name a Secret or ConfigMap, by Kind/name within a namespace.
	InputIndex = ".inputs"
	// ObjectIndex finds the objects that refer to an object of this group, by ObjectKey.
	ObjectIndex = ".references"
	// NameIndex finds the objects that declare a name in Auth0, by NameKey.
	NameIndex = ".name"
	// IDIndex finds the objects that represent the same thing in Auth0, or declare what another one holds, by its id within the
	// tenant.
	IDIndex = ".id"
)

// SecretInput is the key of a Secret in InputIndex.
func SecretInput(name string) string { return "Secret/" + name }

// ConfigMapInput is the key of a ConfigMap in InputIndex.
func ConfigMapInput(name string) string { return "ConfigMap/" + name }

// TenantKey returns the namespace and name of the tenant that an object refers to.
func TenantKey(object v1alpha1.Managed) types.NamespacedName {
	ref := object.GetManagedSpec().TenantRef
	namespace := ref.Namespace
	if namespace == "" {
		namespace = object.GetNamespace()
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// IDKey is the key of an object in Auth0 in IDIndex.
func IDKey(object v1alpha1.Managed, id string) string { return IDKeyIn(TenantKey(object), id) }

// IDKeyIn is the key of an object in Auth0 in IDIndex, by its tenant.
func IDKeyIn(tenant types.NamespacedName, id string) string { return tenant.String() + "/" + id }

// Named is something in Auth0 that a field names by its name there, and that an object may declare.
type Named struct {
	// Field is the field of the spec, for messages: spec.connection.
	Field string
	// Kind is the kind of the object that may declare it, and Name its name in Auth0.
	Kind, Name string
}

// NameKey is the key of a name in Auth0: in NameIndex for the objects that declare it, and in ObjectIndex for the objects that
// name it. No key of a reference begins like that.
func NameKey(kind string, tenant types.NamespacedName, name string) string {
	return namePrefix + kind + "/" + tenant.String() + "/" + name
}

const namePrefix = "="

// Indexed describes the indexes of a kind.
type Indexed struct {
	// Inputs lists what an object names, in the form of SecretInput and ConfigMapInput.
	Inputs func(client.Object) []string
	// References lists the objects of this group that an object refers to, besides its tenant; may be nil.
	References func(client.Object) []Reference
	// Names lists the things in Auth0 that an object names by their names there; may be nil.
	Names func(client.Object) []Named
	// Kinds are the kinds of what References and Names return. Nil means any.
	Kinds []string
	// Kind is the kind of the objects, and Declares returns the name in Auth0 by which others name an object; may be nil.
	Kind     string
	Declares func(client.Object) string
	// ID returns the id of an object in Auth0; may be nil.
	ID func(client.Object) string
}

// CanMean reports whether an object can refer to one of a kind, or name it.
func (of Indexed) CanMean(kind string) bool {
	return of.Kinds == nil || slices.Contains(of.Kinds, kind)
}

// Index adds the indexes of a kind.
func Index(ctx context.Context, indexer client.FieldIndexer, kind v1alpha1.Object, of Indexed) error {
	for name, values := range of.indexes(kind) {
		index := func(object client.Object) []string {
			if noted, ok := partial.Values(object, name); ok {
				return noted
			}
			return values(object)
		}
		if err := indexer.IndexField(ctx, kind, name, index); err != nil {
			return err
		}
	}
	return nil
}

// AllReferences returns the references of an object, whole or partial. Those of a partial object lack their fields.
func (of Indexed) AllReferences(object client.Object) []Reference {
	keys, ok := partial.Values(object, ObjectIndex)
	if !ok && of.References != nil {
		return of.References(object)
	}
	var references []Reference
	for _, key := range keys {
		if strings.HasPrefix(key, namePrefix) {
			continue
		}
		parts := append(strings.SplitN(key, "/", 3), "", "")
		references = append(references, Reference{Kind: parts[0], Key: types.NamespacedName{Namespace: parts[1], Name: parts[2]}})
	}
	return references
}

// NameKeys returns the names that an object, whole or partial, uses, as keys in NameIndex.
func (of Indexed) NameKeys(object client.Object) []string {
	keys, ok := partial.Values(object, ObjectIndex)
	if !ok && of.Names != nil {
		keys = of.objects(object)
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, namePrefix) })
}

// Values returns what a whole object of a kind has in each index.
func (of Indexed) Values(object v1alpha1.Object) map[string][]string {
	found := map[string][]string{}
	for name, values := range of.indexes(object) {
		found[name] = values(object)
	}
	return found
}

// indexes are the indexes of a kind, by name.
func (of Indexed) indexes(kind v1alpha1.Object) map[string]client.IndexerFunc {
	indexes := map[string]client.IndexerFunc{InputIndex: of.Inputs}
	if _, ok := kind.(v1alpha1.Managed); ok {
		indexes[TenantIndex] = func(object client.Object) []string {
			return []string{TenantKey(object.(v1alpha1.Managed)).String()}
		}
	}
	if of.References != nil || of.Names != nil {
		indexes[ObjectIndex] = of.objects
	}
	if of.Declares != nil {
		indexes[NameIndex] = func(object client.Object) []string {
			return []string{NameKey(of.Kind, TenantKey(object.(v1alpha1.Managed)), of.Declares(object))}
		}
	}
	if of.ID != nil {
		indexes[IDIndex] = func(object client.Object) []string {
			managed := object.(v1alpha1.Managed)
			var keys []string
			for _, id := range []string{of.ID(object), managed.GetManagedStatus().Claims} {
				if id != "" && !slices.Contains(keys, IDKey(managed, id)) {
					keys = append(keys, IDKey(managed, id))
				}
			}
			return keys
		}
	}
	return indexes
}

// objects lists what an object refers to or names.
func (of Indexed) objects(object client.Object) []string {
	var keys []string
	if of.References != nil {
		for _, reference := range of.References(object) {
			keys = append(keys, reference.index())
		}
	}
	if of.Names != nil {
		for _, named := range of.Names(object) {
			keys = append(keys, NameKey(named.Kind, TenantKey(object.(v1alpha1.Managed)), named.Name))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
