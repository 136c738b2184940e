package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

var crdResource = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

// InstallCRDs applies the CustomResourceDefinitions of the YAML files in dir and returns when the API serves them.
//
// The garbage collector looks for new kinds every 30 seconds only: where owner references to or from them matter, name
// the directory in Options.CRDDirs instead, which has it know them from the start.
func (c *ControlPlane) InstallCRDs(ctx context.Context, dir string) error {
	crds, err := readCRDs(dir)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		return fmt.Errorf("connecting as administrator: %w", err)
	}
	resource := client.Resource(crdResource)
	for _, crd := range crds {
		options := metav1.ApplyOptions{FieldManager: "auth0-operator-controlplane", Force: true}
		if _, err := resource.Apply(ctx, crd.GetName(), crd, options); err != nil {
			return fmt.Errorf("applying CRD %s: %w", crd.GetName(), err)
		}
	}
	for _, crd := range crds {
		err := c.await(ctx, "CRD "+crd.GetName(), func(ctx context.Context) error {
			return checkEstablished(ctx, resource, crd.GetName())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkEstablished returns nil once the API serves the kind.
func checkEstablished(ctx context.Context, resource dynamic.ResourceInterface, name string) error {
	crd, err := resource.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, err := unstructured.NestedSlice(crd.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, condition := range conditions {
		if c, ok := condition.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("not established, its conditions are %v", conditions)
}

// readCRDs reads the CustomResourceDefinitions in the YAML files of dir. Other objects are passed over, as is a
// kustomization.yaml beside them.
func readCRDs(dir string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	var crds []*unstructured.Unstructured
	for _, file := range files {
		objects, err := readObjects(file)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for _, object := range objects {
			if object.GetKind() == "CustomResourceDefinition" {
				crds = append(crds, object)
			}
		}
	}
	if len(crds) == 0 {
		return nil, fmt.Errorf("no CustomResourceDefinition in %s/*.yaml: run make generate", dir)
	}
	return crds, nil
}

// readObjects reads the documents of one YAML file.
func readObjects(file string) ([]*unstructured.Unstructured, error) {
	input, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }()

	const bufferSize = 4096
	decoder := yaml.NewYAMLOrJSONDecoder(input, bufferSize)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}
