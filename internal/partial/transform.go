package partial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Transform prepares objects for the cache: it drops metadata that the operator does not read, and reduces a large object to a
// part. indexes returns the object's values in each index.
func Transform(indexes func(v1alpha1.Object) map[string][]string) toolscache.TransformFunc {
	return func(cached any) (any, error) {
		switch object := cached.(type) {
		case v1alpha1.Object:
			return object, prepare(object, indexes)
		case *metav1.PartialObjectMetadata:
			prepareMetadata(object)
		default:
			// An informer also passes tombstones.
		}
		return cached, nil
	}
}

func prepare(object v1alpha1.Object, indexes func(v1alpha1.Object) map[string][]string) error {
	// An informer may pass an object twice.
	if Is(object) {
		return nil
	}
	object.SetManagedFields(nil)
	delete(object.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	encoded, err := encode(object)
	if err != nil || len(encoded) <= MostCached {
		return err
	}
	values := indexes(object)
	refused := refusal(encoded, values)
	if countOf(values) > MostReferences {
		maps.DeleteFunc(values, func(_ string, of []string) bool { return len(of) > 1 })
	}
	noted, err := json.Marshal(values)
	if err != nil {
		return err
	}
	cut(object)
	cutMetadata(object)
	note(object, annotationIndexes, string(noted))
	note(object, annotationRefusal, refused)
	return nil
}

// Refuse makes Refusal return the reason for an object that did not come from the cache and is too large.
func Refuse(object v1alpha1.Object, indexes func(v1alpha1.Object) map[string][]string) error {
	object.SetManagedFields(nil)
	delete(object.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	encoded, err := encode(object)
	if err != nil {
		return err
	}
	note(object, annotationRefusal, refusal(encoded, indexes(object)))
	return nil
}

// refusal says why the operator does not work on an object, or returns "".
func refusal(encoded []byte, indexes map[string][]string) string {
	var parts struct{ Metadata, Spec json.RawMessage }
	// It was encoded a moment ago, so this cannot fail.
	_ = json.Unmarshal(encoded, &parts)
	size, named := len(parts.Metadata)+len(parts.Spec), countOf(indexes)
	switch {
	case size > MostHandled:
		return fmt.Sprintf("spec and metadata have %d KiB; at most %d KiB are allowed: make the object smaller", (size+1023)>>10, MostHandled>>10)
	case named > MostReferences:
		return fmt.Sprintf("the object names %d other objects and Secrets; at most %d are allowed: name fewer, by their ids in Auth0 where possible", named, MostReferences)
	}
	return ""
}

// encode returns an object as the API server sends it, except for white space.
func encode(object any) ([]byte, error) {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return encoded.Bytes(), err
}

func countOf(values map[string][]string) int {
	count := 0
	for _, of := range values {
		count += len(of)
	}
	return count
}

func note(object client.Object, key, value string) {
	if value == "" {
		return
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	object.SetAnnotations(annotations)
}

// limits bound the strings, lists and maps of a part.
type limits struct{ bytes, items int }

// cut empties the long fields of spec and status, and the shorter ones too if that is not enough.
func cut(object v1alpha1.Object) {
	// The names that identify the object have at most 256 bytes.
	for _, most := range []limits{{bytes: 1024, items: 16}, {bytes: 256, items: 4}, {bytes: 256}} {
		most.cut(reflect.ValueOf(object).Elem().FieldByName("Spec"))
		most.cut(reflect.ValueOf(object).Elem().FieldByName("Status"))
		if encoded, err := encode(object); err == nil && len(encoded) <= MostCached {
			return
		}
	}
}

// isKept reports whether a part keeps a struct whole, because every kind has it.
func isKept(kind reflect.Type) bool {
	return kind == reflect.TypeFor[v1alpha1.ManagedSpec]() || kind == reflect.TypeFor[v1alpha1.CommonStatus]()
}

func (l limits) cut(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		if value.Len() > l.bytes {
			value.SetZero()
		}
	case reflect.Slice:
		l.cutList(value)
	case reflect.Map:
		if value.Len() > l.items || l.isLong(value) {
			value.SetZero()
		}
	case reflect.Pointer:
		if !value.IsNil() {
			l.cut(value.Elem())
		}
	case reflect.Struct:
		for _, field := range value.Fields() {
			if field.CanSet() && !isKept(field.Type()) {
				l.cut(field)
			}
		}
	default:
		// Numbers and booleans are short.
	}
}

// cutList empties a long list. The bytes of free JSON count individually.
func (l limits) cutList(list reflect.Value) {
	isBytes := list.Type().Elem().Kind() == reflect.Uint8
	switch {
	case isBytes && list.Len() > l.bytes, !isBytes && list.Len() > l.items:
		list.SetZero()
	case !isBytes:
		for i := range list.Len() {
			l.cut(list.Index(i))
		}
	}
}

// isLong reports whether a map has more bytes than a string may have. Its values cannot be cut individually.
func (l limits) isLong(value reflect.Value) bool {
	encoded, err := encode(value.Interface())
	return err != nil || len(encoded) > l.bytes
}

const (
	// longestRequest is the limit of an annotation that makes a request.
	longestRequest = 256
	// mostKept is how many labels, annotations and finalizers a part keeps at most.
	mostKept = 32
)

// cutMetadata keeps the metadata that identifies the object and the annotations that make requests.
func cutMetadata(object client.Object) {
	object.SetOwnerReferences(nil)
	annotations, kept := object.GetAnnotations(), map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if len(annotations[key]) <= longestRequest && len(kept) < mostKept {
			kept[key] = annotations[key]
		}
	}
	object.SetAnnotations(kept)
	if len(object.GetLabels()) > mostKept {
		object.SetLabels(nil)
	}
	if finalizers := object.GetFinalizers(); len(finalizers) > mostKept {
		object.SetFinalizers(slices.DeleteFunc(finalizers, func(name string) bool { return name != v1alpha1.Finalizer }))
	}
}

// prepareMetadata drops the metadata of Secrets, ConfigMaps and Namespaces that the operator does not read.
func prepareMetadata(object *metav1.PartialObjectMetadata) {
	object.SetManagedFields(nil)
	object.SetAnnotations(nil)
	if len(object.GetLabels()) > mostKept && object.Kind != "Namespace" {
		object.SetLabels(nil)
	}
	if len(object.GetOwnerReferences()) > mostKept {
		object.SetOwnerReferences(nil)
	}
	if len(object.GetFinalizers()) > mostKept {
		object.SetFinalizers(nil)
	}
}
