package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// TestDefaultsFollowFromTheType converts an object to Auth0's document and back by nothing but the names of its fields.
func TestDefaultsFollowFromTheType(t *testing.T) {
	definition := Definition[*v1alpha1.Auth0LogStream]{
		Resource: "log-streams", Noun: "log stream", Verbatim: []string{"sink"}, Renamed: map[string]string{"isPriority": "isPriority"},
	}.withDefaults()
	declared := &v1alpha1.Auth0LogStream{Spec: v1alpha1.Auth0LogStreamSpec{
		Name: "siem", Type: "splunk", IsPriority: new(true), PIIConfig: &v1alpha1.LogStreamPIIConfig{LogFields: []string{"email"}},
		Sink: v1alpha1.LogStreamSink{SplunkDomain: "splunk.example.com", SplunkTokenSecretRef: &v1alpha1.SecretKeyReference{Name: "splunk", Key: "token"}, HTTPCustomHeaders: []v1alpha1.LogStreamHeader{
			{Header: "X-Source", Value: new("auth0")}, {Header: "X.Key", ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "header", Key: "key"}},
		}},
	}}
	desired := definition.Desired(declared, nil)
	want := auth0.Document{
		"name": "siem", "type": "splunk", "isPriority": true, "pii_config": map[string]any{"log_fields": []any{"email"}},
		"sink": map[string]any{"splunkDomain": "splunk.example.com", "httpCustomHeaders": []any{
			map[string]any{"header": "X-Source", "value": "auth0"}, map[string]any{"header": "X.Key"},
		}},
	}
	if !reflect.DeepEqual(desired, want) {
		t.Errorf("desired %v, want %v", desired, want)
	}
	if refs := definition.SecretFields(declared); len(refs) != 2 || refs["sink.splunkToken"].Name != "splunk" || refs[`sink.httpCustomHeaders.[header=X\.Key].value`].Name != "header" {
		t.Errorf("secrets %v", refs)
	}
	have := desired.Clone()
	have["id"], have["status"] = "lst_1", "active"
	have["sink"] = map[string]any{"splunkDomain": "splunk.example.com", "splunkToken": "planted", "httpCustomHeaders": []any{map[string]any{"header": "X-Source", "value": "planted"}}}
	var seen, exported v1alpha1.Auth0LogStream
	definition.Observe(&seen, have)
	if seen.Status.ID != "lst_1" || seen.Status.Name != "siem" || seen.Status.Status != "active" {
		t.Errorf("observed %+v", seen.Status)
	}
	if taken, err := definition.Export(t.Context(), nil, have, nil, &exported); !taken || err != nil {
		t.Fatal(taken, err)
	}
	declared.Spec.Sink.SplunkTokenSecretRef, declared.Spec.Sink.HTTPCustomHeaders = nil, nil
	if !reflect.DeepEqual(exported.Spec, declared.Spec) {
		t.Errorf("exported %+v, want %+v", exported.Spec, declared.Spec)
	}
	if text, err := json.Marshal([]any{seen, exported}); err != nil || strings.Contains(string(text), "planted") {
		t.Errorf("a secret is in the objects: %s %v", text, err)
	}
}
