// Package samples checks the manifests in config/samples against the Go types and the schema of the CRDs, and the
// manifests in testdata that the API server must reject. It starts a control plane, but no operator.
package samples

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/auth0-operator/auth0-operator/internal/operator"
)

const (
	samplesDir = "../../config/samples"
	crdDir     = "../../config/crd/bases"
)

// TestSamplesDecode finds fields that do not exist, misspelt kinds, and values of the wrong type.
func TestSamplesDecode(t *testing.T) {
	scheme, err := operator.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	for _, file := range sampleFiles(t) {
		for _, document := range documents(t, file) {
			if _, _, err := strict.Decode(document, nil, nil); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// TestEveryKindHasSamples wants a minimal and a full sample of each kind, in a directory of its own.
func TestEveryKindHasSamples(t *testing.T) {
	for _, crd := range crds(t) {
		for _, name := range []string{"minimal.yaml", "full.yaml"} {
			file := filepath.Join(samplesDir, crd.Spec.Names.Singular, name)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("no sample of %s: %v", crd.Spec.Names.Kind, err)
			}
		}
	}
}

// TestEveryFieldIsInASample wants each field of each spec in some sample: that is where people look how it is written.
func TestEveryFieldIsInASample(t *testing.T) {
	shown := map[string]map[string]bool{}
	for _, file := range sampleFiles(t) {
		for _, document := range documents(t, file) {
			var sample struct {
				Kind string
				Spec map[string]any
			}
			if err := yaml.Unmarshal(document, &sample); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if shown[sample.Kind] == nil {
				shown[sample.Kind] = map[string]bool{}
			}
			collectValues("spec", sample.Spec, shown[sample.Kind])
		}
	}
	for _, crd := range crds(t) {
		for _, field := range specFields(crd) {
			if !shown[crd.Spec.Names.Kind][field] {
				t.Errorf("%s: %s is in no sample in %s/%s", crd.Spec.Names.Kind, field, samplesDir, crd.Spec.Names.Singular)
			}
		}
	}
}

// TestSpecsAreBounded wants a bound on everything in a spec that can be long: anyone who may create an object fills the operator's
// memory. The schema cannot bound free JSON; the operator does, by the size of the object.
func TestSpecsAreBounded(t *testing.T) {
	for _, crd := range crds(t) {
		for _, version := range crd.Spec.Versions {
			for _, field := range unbounded("spec", version.Schema.OpenAPIV3Schema.Properties["spec"]) {
				t.Errorf("%s: %s has no bound", crd.Spec.Names.Kind, field)
			}
		}
	}
}

func unbounded(path string, schema apiextensionsv1.JSONSchemaProps) []string {
	var found []string
	isTime := schema.Format == "date-time"
	switch {
	case schema.Type == "string" && schema.MaxLength == nil && len(schema.Enum) == 0 && !isTime,
		schema.Type == "array" && schema.MaxItems == nil,
		schema.AdditionalProperties != nil && schema.MaxProperties == nil,
		schema.Type == "object" && schema.XPreserveUnknownFields != nil && schema.MaxProperties == nil:
		found = append(found, path)
	}
	if schema.Items != nil {
		found = append(found, unbounded(path+"[]", *schema.Items.Schema)...)
	}
	if schema.AdditionalProperties != nil {
		found = append(found, unbounded(path+"{}", *schema.AdditionalProperties.Schema)...)
	}
	for name, property := range schema.Properties {
		found = append(found, unbounded(path+"."+name, property)...)
	}
	return found
}

// specFields lists the paths of all fields below spec, without indexes: spec.roles.items.name.
func specFields(crd *apiextensionsv1.CustomResourceDefinition) []string {
	var fields []string
	for _, version := range crd.Spec.Versions {
		collectFields("spec", version.Schema.OpenAPIV3Schema.Properties["spec"], &fields)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

func collectFields(path string, schema apiextensionsv1.JSONSchemaProps, fields *[]string) {
	if schema.Items != nil && schema.Items.Schema != nil {
		collectFields(path, *schema.Items.Schema, fields)
	}
	for name, property := range schema.Properties {
		*fields = append(*fields, path+"."+name)
		collectFields(path+"."+name, property, fields)
	}
}

func collectValues(path string, value any, shown map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			collectValues(path, item, shown)
		}
	case map[string]any:
		for name, item := range value {
			shown[path+"."+name] = true
			collectValues(path+"."+name, item, shown)
		}
	}
}

func crds(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crdDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs in %s (make generate): %v", crdDir, err)
	}
	found := make([]*apiextensionsv1.CustomResourceDefinition, len(files))
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[i] = &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, found[i]); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return found
}

func sampleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(samplesDir, "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", samplesDir, err)
	}
	return files
}

// documents splits a file into its YAML documents.
func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	var found [][]byte
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found = append(found, document)
	}
}
