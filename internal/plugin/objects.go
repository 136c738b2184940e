package plugin

import (
	"bufio"
	"bytes"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/operator"
)

// kindIn returns the kind of an object by its Go type.
func kindIn(object client.Object) (string, error) {
	scheme, err := operator.Scheme()
	if err != nil {
		return "", err
	}
	kind, err := apiutil.GVKForObject(object, scheme)
	return kind.Kind, err
}

func bufferOf(content []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(content)) }

// strictDecoder decodes an object of this API group. It returns nil for a document of another group and for an empty one. An
// unknown field is an error.
func strictDecoder(scheme *runtime.Scheme) func([]byte) (v1alpha1.Object, error) {
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	return func(document []byte) (v1alpha1.Object, error) {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		if head.APIVersion != v1alpha1.SchemeGroupVersion.String() {
			return nil, nil
		}
		decoded, _, err := decoder.Decode(document, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			return nil, fmt.Errorf("there is no kind %s in %s", head.Kind, head.APIVersion)
		}
		if err != nil {
			return nil, err
		}
		object, ok := decoded.(v1alpha1.Object)
		if !ok {
			return nil, fmt.Errorf("%s is no object; name the objects one by one", head.Kind)
		}
		return object, nil
	}
}

// takeStatus sets the spec of the manifest on the live object, and copies the result to the manifest.
func takeStatus(live, manifest v1alpha1.Object) error {
	from, to := reflect.ValueOf(live).Elem(), reflect.ValueOf(manifest).Elem()
	from.FieldByName("Spec").Set(to.FieldByName("Spec"))
	return copyInto(live, manifest)
}

func copyInto(from, to client.Object) error {
	source, target := reflect.ValueOf(from.DeepCopyObject()).Elem(), reflect.ValueOf(to).Elem()
	if source.Type() != target.Type() {
		return fmt.Errorf("%T is no %T", from, to)
	}
	target.Set(source)
	return nil
}
