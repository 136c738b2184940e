// Package partial limits the memory of cached objects. The cache holds small objects completely. Of a large object it
// holds a part: the short fields, the conditions, and the values of the indexes. Code that needs the rest reads it from
// the API server.
//
// It may import api/v1alpha1 only.
package partial

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// MostCached is how many bytes of one object the cache holds, as JSON without managed fields.
	MostCached = 16 << 10
	// MostHandled is how many bytes spec and metadata of one object may have, as JSON without managed fields. The operator does
	// not work on a larger object.
	MostHandled = 512 << 10
	// MostReferences is how many Secrets, ConfigMaps and other objects one object may name: an index takes memory for each.
	MostReferences = 250
)

// The annotations of a partial object. They exist in the cache only: the API server refuses keys with a colon, so no object can
// bring them.
const (
	annotationIndexes = ":indexes"
	annotationRefusal = ":refusal"
)

// Is reports whether an object from the cache is only a part.
func Is(object client.Object) bool {
	_, partial := object.GetAnnotations()[annotationIndexes]
	return partial
}

// Refusal says, for the user, why the operator does not work on an object of this size; it is "" for all others.
func Refusal(object client.Object) string { return object.GetAnnotations()[annotationRefusal] }

// Values returns the values of the whole object in an index. ok is false for a whole object, whose values the caller can compute.
func Values(object client.Object, index string) (values []string, ok bool) {
	noted, ok := object.GetAnnotations()[annotationIndexes]
	if !ok {
		return nil, false
	}
	var indexes map[string][]string
	// Only this package writes it.
	_ = json.Unmarshal([]byte(noted), &indexes)
	return indexes[index], true
}

// Allowed is an option of Client.Get for callers that can use a part.
var Allowed client.GetOption = allowed{}

type allowed struct{}

func (allowed) ApplyToGet(*client.GetOptions) {}

// Client gets whole objects, unless an object is too large or the caller allows parts. Its lists may contain parts.
type Client struct {
	client.Client

	// Reader reads from the API server.
	Reader client.Reader
}

// Get implements client.Client.
func (c Client) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	err := c.Client.Get(ctx, key, object, options...)
	if err != nil || !Is(object) || Refusal(object) != "" || slices.Contains(options, Allowed) {
		return err
	}
	// Decoding adds to the fields that an object already has.
	reflect.ValueOf(object).Elem().SetZero()
	return c.Reader.Get(ctx, key, object)
}

// Visit passes every object of a list from the cache to visit. It passes the whole of a partial object, and skips objects that
// are too large. The objects of the list must not be changed.
func Visit[O client.Object](ctx context.Context, reader client.Reader, list client.ObjectList, visit func(O)) error {
	return meta.EachListItem(list, func(item runtime.Object) error {
		object := item.(O)
		switch {
		case !Is(object):
			visit(object)
			return nil
		case Refusal(object) != "":
			return nil
		}
		whole := reflect.New(reflect.TypeOf(object).Elem()).Interface().(O)
		if err := reader.Get(ctx, client.ObjectKeyFromObject(object), whole); err != nil {
			return client.IgnoreNotFound(err)
		}
		if Refusal(whole) == "" {
			visit(whole)
		}
		return nil
	})
}
