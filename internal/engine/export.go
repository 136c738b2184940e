package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Exporter is for kinds of which the objects in Auth0 can be rendered as manifests, so that a tenant that exists is taken over.
type Exporter[O v1alpha1.Managed] interface {
	ListedKind
	// Export fills the spec of an object so that it declares just what there is, without secrets. It may read what stands
	// beside the object. It returns false if the object is not to be taken over, as it is Auth0's or the operator's own.
	Export(ctx context.Context, session *auth0.Session, have auth0.Document, names Names, object O) (bool, error)
}

// Names are the names that exported objects get in Kubernetes, by kind and id in Auth0.
type Names map[string]map[string]string

// Ref refers to an exported object; nil if it is not among them.
func (n Names) Ref(kind, id string) *v1alpha1.ObjectReference {
	if name, ok := n[kind][id]; ok {
		return &v1alpha1.ObjectReference{Name: name}
	}
	return nil
}

// Add chooses a name for an object: what people call it, in the form of Kubernetes' names, and a number if it is taken.
func (n Names) Add(kind, id, called string) {
	if n[kind] == nil {
		n[kind] = map[string]string{}
	}
	taken := map[string]bool{}
	for _, name := range n[kind] {
		taken[name] = true
	}
	name := kubernetesName(called)
	for number := 2; taken[name]; number++ {
		name = fmt.Sprintf("%s-%d", kubernetesName(called), number)
	}
	n[kind][id] = name
}

// longestName leaves room for a number.
const longestName = 240

// kubernetesName keeps letters and digits, in lower case, and joins them by dashes.
func kubernetesName(called string) string {
	words := strings.FieldsFunc(strings.ToLower(called), func(letter rune) bool {
		return (letter < 'a' || letter > 'z') && (letter < '0' || letter > '9')
	})
	name := strings.Join(words, "-")
	if name == "" {
		name = "unnamed"
	}
	return name[:min(len(name), longestName)]
}

// Exports reports whether the objects of a kind can be exported.
func (k Kind) Exports() bool { return k.export != nil }

// Resource is the name of the kind in the paths of the Management API, "" if it is not watched for drift.
func (k Kind) Resource() string { return k.resource }

// Export makes the manifest of an object in Auth0, nil if it is not to be taken over.
func (k Kind) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names Names) (v1alpha1.Managed, error) {
	return k.export(ctx, session, have, names)
}

// exportWith makes the Export of a kind.
func exportWith[T any, O interface {
	*T
	v1alpha1.Managed
}](exporter Exporter[O]) func(context.Context, *auth0.Session, auth0.Document, Names) (v1alpha1.Managed, error) {
	return func(ctx context.Context, session *auth0.Session, have auth0.Document, names Names) (v1alpha1.Managed, error) {
		object := O(new(T))
		taken, err := exporter.Export(ctx, session, have, names, object)
		if err != nil || !taken {
			return nil, err
		}
		spec := object.GetManagedSpec()
		spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
		spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		return object, nil
	}
}

// Alias has an object be known by another key than its id, such as the identifier of an API.
func (n Names) Alias(key, value, name string) {
	if n[key] == nil {
		n[key] = map[string]string{}
	}
	n[key][value] = name
}
