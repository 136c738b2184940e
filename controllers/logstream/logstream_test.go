package logstream

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// TestExport checks that an export declares what Auth0 has, without the secrets that it echoes.
func TestExport(t *testing.T) {
	have := auth0.Document{
		"id": "lst_1", "name": "siem", "type": "splunk", "status": paused, "isPriority": false,
		"sink":    map[string]any{"splunkDomain": "splunk.example.com", "splunkPort": "8088", "splunkSecure": true, "splunkToken": "planted", "httpCustomHeaders": []any{map[string]any{"header": "X-Key", "value": "planted"}}},
		"filters": []any{map[string]any{"type": "category", "name": "user.fail"}},
	}
	var stream v1alpha1.Auth0LogStream
	if exported, err := export(t.Context(), nil, have, nil, &stream); !exported || err != nil {
		t.Fatal(exported, err)
	}
	want := v1alpha1.Auth0LogStreamSpec{
		Name: "siem", Type: "splunk", Paused: new(true), Filters: []string{"user.fail"}, IsPriority: new(false),
		Sink: v1alpha1.LogStreamSink{SplunkDomain: "splunk.example.com", SplunkPort: "8088", SplunkSecure: new(true)},
	}
	if !reflect.DeepEqual(stream.Spec, want) {
		t.Errorf("exports %+v, want %+v", stream.Spec, want)
	}
	if text, err := json.Marshal(stream); err != nil || strings.Contains(string(text), "planted") {
		t.Errorf("the export has a secret: %s %v", text, err)
	}
}

// TestStates checks what each state in Auth0 means: for the condition, and for a stream that is declared as running.
func TestStates(t *testing.T) {
	for have, want := range map[string]struct{ reason, sends string }{
		active: {v1alpha1.ReasonActive, active}, paused: {v1alpha1.ReasonPaused, active}, suspended: {v1alpha1.ReasonSuspendedByAuth0, suspended},
	} {
		stream := &v1alpha1.Auth0LogStream{Spec: v1alpha1.Auth0LogStreamSpec{Paused: new(false)}}
		stream.Status.Status = have
		if got := conditions(stream)[0]; got.Reason != want.reason {
			t.Errorf("%s: %+v, want reason %s", have, got, want.reason)
		}
		desired := auth0.Document{}
		lateInitialize(stream, desired, auth0.Document{"status": have})
		if desired["status"] != want.sends {
			t.Errorf("%s: wants %v, want %s", have, desired["status"], want.sends)
		}
	}
}
