package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReadKind reads a kind with everything that a kind can say about itself.
func TestReadKind(t *testing.T) {
	kinds, err := readKinds(folder(t, `
// Auth0Key is a key.
//
// It opens a lock.
// +kubebuilder:resource:shortName=a0key
// +kubebuilder:printcolumn:name="Lock",type=string,priority=1,JSONPath=`+"`.spec.lock`"+`
// +kubebuilder:printcolumn:name="Label",type=string,JSONPath=`+"`.spec.label`"+`

// Auth0KeySpec declares a key.
// +kubebuilder:validation:XValidation:rule="true"
//
// More about it.
type Auth0KeySpec struct {
	ManagedSpec
	Lock  string
	Label string
}

// Auth0KeyStatus describes the key.
type Auth0KeyStatus struct {
	ManagedStatus
	KeyID string `+"`json:\"keyId,omitempty\"`"+`
	// label of the key.
	// +auth0:naturalKey
	Label string
}
`))
	if err != nil || len(kinds) != 1 {
		t.Fatal(kinds, err)
	}
	k := kinds[0]
	for _, row := range [][2]string{
		{k.Name, "Auth0Key"},
		{k.Doc, "// Auth0Key is a key.\n//\n// It opens a lock.\n"},
		{k.Resource, "// +kubebuilder:resource:shortName=a0key,categories=auth0"},
		{k.Spec.Doc, "// spec declares a key.\n"},
		{k.Status.Doc, "// status describes the key.\n"},
		{k.ID, "Status.KeyID"},
		{k.NaturalKey, "Status.Label"},
	} {
		if row[0] != row[1] {
			t.Errorf("got %q, want %q", row[0], row[1])
		}
	}
	var columns []string
	for _, column := range k.Columns {
		name, _, _ := strings.Cut(strings.TrimPrefix(column, `name="`), `"`)
		columns = append(columns, name)
	}
	if want := []string{"Ready", "Reason", "Label", "Age", "Deleting", "Lock", "ID", "Tenant"}; !slices.Equal(columns, want) {
		t.Errorf("columns %v, want %v", columns, want)
	}
	if !strings.Contains(k.Columns[6], ".status.keyId") {
		t.Errorf("the column of the id is %s", k.Columns[6])
	}
}

// TestReadKindSaysWhatIsMissing reads kinds that are incomplete.
func TestReadKindSaysWhatIsMissing(t *testing.T) {
	for source, want := range map[string]string{
		"": "no kinds",
		"type Auth0KeySpec struct{}\ntype Auth0KeyStatus struct{}":                                      "Auth0Key needs a comment of its own",
		"// Auth0Key is a key.\n// +kubebuilder:resource:shortName=a0key\n\ntype Auth0KeySpec struct{}": "there is no type Auth0KeyStatus struct",
	} {
		if _, err := readKinds(folder(t, source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", source, err, want)
		}
	}
}

func folder(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "auth0key_types.go"), []byte("package v1alpha1\n"+source), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestReadDefinitions finds kinds in all three forms, and says which one is missing.
func TestReadDefinitions(t *testing.T) {
	dir := t.TempDir()
	for name, source := range map[string]string{
		"key/key.go":               "package key\n\nvar Definition = engine.Definition[*v1alpha1.Auth0Key]{}\n",
		"lock/lock.go":             "package lock\n\nfunc Kind() engine.Kind { return engine.Kind{} }\n",
		"door.go":                  "package controllers\n\nfunc doorKind() engine.Kind { return engine.Kind{} }\n",
		"wall/wall.go":             "package wall\n\nfunc Kind() string { return \"\" }\n",
		"zz_generated.registry.go": "package controllers\n\nfunc wallKind() engine.Kind { return engine.Kind{} }\n",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, []byte(source), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	kinds := []kind{{Name: "Auth0Door"}, {Name: "Auth0Key"}, {Name: "Auth0Lock"}}
	definitions, err := readDefinitions(dir, kinds)
	want := []definition{{Value: "doorKind()"}, {Package: "key", Value: "engine.NewKind(key.Definition)"}, {Package: "lock", Value: "lock.Kind()"}}
	if err != nil || !slices.Equal(definitions, want) {
		t.Errorf("got %v %v, want %v", definitions, err, want)
	}
	if _, err := readDefinitions(dir, []kind{{Name: "Auth0Wall"}}); err == nil || !strings.Contains(err.Error(), "Auth0Wall is not defined: write ") {
		t.Errorf("got %v, want what is missing", err)
	}
}
