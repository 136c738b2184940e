package engine

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// MarkerKey is the key of the ownership marker in the metadata of an object in Auth0.
const MarkerKey = "auth0_operator"

// WithoutMarker is metadata without the ownership marker.
func WithoutMarker(metadata auth0.Document) map[string]any {
	return fields.Without(metadata, MarkerKey)
}

// longestMarker limits the length of a value in the metadata of an object in Auth0.
const longestMarker = 255

// Owner is the value of the marker of an object: namespace/name/uid. A long name is cut, because the uid is unique.
func Owner(object client.Object) string {
	name := object.GetName()
	rest := len(object.GetNamespace()) + len(object.GetUID()) + len("//")
	if rest+len(name) > longestMarker {
		name = name[:longestMarker-rest-len("~")] + "~"
	}
	return object.GetNamespace() + "/" + name + "/" + string(object.GetUID())
}

// markerField is where the kind carries its marker, "" if it carries none.
func (w *objectSync[O]) markerField() string {
	if w.Definition.MarkerField != "" {
		return w.Definition.MarkerField
	}
	return ""
}

// addMarker adds the marker to the desired document.
func (w *objectSync[O]) addMarker() {
	if field := w.markerField(); field != "" {
		fields.Set(w.desired, fields.SplitPath(field), Owner(w.object))
	}
}

// ownerOf reads the marker of an object in Auth0, "" if there is none.
func (w *objectSync[O]) ownerOf(have auth0.Document) string {
	if w.markerField() == "" {
		return ""
	}
	marker, _ := w.fields.ValueAt(have, w.markerField()).(string)
	return marker
}

// hasMarker reports whether an object in Auth0 carries the marker of this Kubernetes object.
func (w *objectSync[O]) hasMarker(have auth0.Document) bool {
	return w.ownerOf(have) == Owner(w.object)
}

// foreignOwner returns the marker of another Kubernetes object, "" if there is none.
func (w *objectSync[O]) foreignOwner(have auth0.Document) string {
	if w.hasMarker(have) {
		return ""
	}
	return w.ownerOf(have)
}

// removeMarker hands over what stays in Auth0 to another Kubernetes object that declares it too. If there is none, it removes the
// marker, so that one may adopt it.
func (w *objectSync[O]) removeMarker(ctx context.Context) error {
	successor, err := w.successor(ctx, w.Definition.ID(w.object))
	if err != nil || w.markerField() == "" && successor == nil {
		return err
	}
	if err := w.reach(ctx); err != nil {
		return err
	}
	have, err := w.known(ctx)
	if err != nil || have == nil || w.protects(have, w.session.ClientID()) != "" {
		return err
	}
	if belongs, err := w.belongs(ctx, have); err != nil || !belongs || w.markerField() != "" && !w.hasMarker(have) {
		return err
	}
	if successor != nil {
		return w.handOver(ctx, have, successor)
	}
	_, err = w.send(ctx, have, w.fields.Patch(nil, have, []fields.Change{{Path: w.markerField()}}, nil))
	return err
}
