package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Keys of Names for things that objects name as Auth0 does.
const (
	// ConnectionByName is for connections, by name.
	ConnectionByName = "connection"
	// APIByIdentifier is for APIs, by identifier.
	APIByIdentifier = "identifier"
)

// Names are the names of exported objects in Kubernetes, by kind and id in Auth0.
type Names map[string]map[string]string

// Ref refers to an exported object; nil if the object is not among them.
func (n Names) Ref(kind, id string) *v1alpha1.ObjectReference {
	if name, ok := n[kind][id]; ok {
		return &v1alpha1.ObjectReference{Name: name}
	}
	return nil
}

// RefOrID refers to an exported object, or names the ID of one that is not exported.
func (n Names) RefOrID(kind, id string) (*v1alpha1.ObjectReference, *string) {
	if ref := n.Ref(kind, id); ref != nil {
		return ref, nil
	}
	return nil, &id
}

// Add chooses a name for an object: its display name in the form of a Kubernetes name, with a number if that is taken.
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

// Export returns the manifest of an object in Auth0, nil if nobody should adopt the object.
func (k Kind) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names Names) (v1alpha1.Managed, error) {
	return k.export(ctx, session, have, names)
}

// exportWith makes the Export of a kind.
func exportWith[O v1alpha1.Managed](definition *Definition[O]) func(context.Context, *auth0.Session, auth0.Document, Names) (v1alpha1.Managed, error) {
	return func(ctx context.Context, session *auth0.Session, have auth0.Document, names Names) (v1alpha1.Managed, error) {
		object := newObject[O]()
		taken, err := definition.Export(ctx, session, have, names, object)
		if err != nil || !taken {
			return nil, err
		}
		spec := object.GetManagedSpec()
		spec.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
		spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		return object, nil
	}
}

// Alias adds another key for an exported object, such as the identifier of an API.
func (n Names) Alias(key, value, name string) {
	if n[key] == nil {
		n[key] = map[string]string{}
	}
	n[key][value] = name
}
