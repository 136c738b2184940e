package engine

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// longestMark is how long a value in the metadata of an object in Auth0 may be.
const longestMark = 255

// Owner is how an object signs what it holds in Auth0: namespace/name/uid. A long name is cut, as the uid tells it apart.
func Owner(object client.Object) string {
	name := object.GetName()
	rest := len(object.GetNamespace()) + len(object.GetUID()) + len("//")
	if rest+len(name) > longestMark {
		name = name[:longestMark-rest-len("~")] + "~"
	}
	return object.GetNamespace() + "/" + name + "/" + string(object.GetUID())
}

// markField is where the kind carries its mark, "" if it carries none.
func (w *work[O]) markField() string {
	if marker, ok := w.Adapter.(Marker); ok {
		return marker.MarkField()
	}
	return ""
}

// mark adds the mark to what is desired.
func (w *work[O]) mark() {
	if field := w.markField(); field != "" {
		setIn(w.desired, splitPath(field), Owner(w.object))
	}
}

// ownerOf reads the mark of an object in Auth0, "" if there is none.
func (w *work[O]) ownerOf(have auth0.Document) string {
	if w.markField() == "" {
		return ""
	}
	mark, _ := w.fields.valueAt(have, w.markField()).(string)
	return mark
}

// holdsMark tells whether an object in Auth0 carries the mark of this Kubernetes object.
func (w *work[O]) holdsMark(have auth0.Document) bool { return w.ownerOf(have) == Owner(w.object) }

// foreignOwner returns the mark of another Kubernetes object, "" if there is none.
func (w *work[O]) foreignOwner(have auth0.Document) string {
	if w.holdsMark(have) {
		return ""
	}
	return w.ownerOf(have)
}

// giveUp hands over what stays in Auth0 to another Kubernetes object that declares it too, or takes the mark off, so that one may
// adopt it.
func (w *work[O]) giveUp(ctx context.Context) error {
	heir, err := w.heir(ctx, w.Adapter.ID(w.object))
	if err != nil || w.markField() == "" && heir == nil {
		return err
	}
	if err := w.reach(ctx); err != nil {
		return err
	}
	have, err := w.known(ctx)
	if err != nil || have == nil || w.protects(have, w.session.ClientID()) != "" {
		return err
	}
	if belongs, err := w.belongs(ctx, have); err != nil || !belongs || w.markField() != "" && !w.holdsMark(have) {
		return err
	}
	if heir != nil {
		return w.handOver(ctx, have, heir)
	}
	_, err = w.send(ctx, have, w.fields.patch(nil, have, []change{{path: w.markField()}}))
	return err
}
