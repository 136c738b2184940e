// Package logstream defines Auth0LogStream: where the events of the tenant's log go.
package logstream

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// The states of a log stream in Auth0.
const (
	active    = "active"
	paused    = "paused"
	suspended = "suspended"
)

// Definition defines Auth0LogStream.
var Definition = engine.Definition[*v1alpha1.Auth0LogStream]{
	Resource: "log-streams",
	Noun:     "log stream",
	Fields: fields.Semantics{
		Replaced:   []string{"sink", "pii_config"},
		CreateOnly: []string{"type", "startFrom"},
		Kept:       []string{"isPriority", "pii_config.log_fields", "pii_config.method", "pii_config.algorithm", "status"},
		Cleared:    map[string]any{"filters": []any{}},
		Shown:      []string{"sink.httpAuthorization", "sink.datadogApiKey", "sink.splunkToken", "sink.sumoSourceAddress", "sink.segmentWriteKey", "sink.httpCustomHeaders.[header].value"},
	},
	Renamed:        map[string]string{"isPriority": "isPriority", "startFrom": "startFrom", "paused": "status"},
	Verbatim:       []string{"sink"},
	Render:         render,
	Check:          check,
	LateInitialize: lateInitialize,
	NamesRepeat:    true,
	Conditions:     conditions,
	Export:         export,
}

// prefixes are how the fields of each type of sink begin; for the other types, it is the type.
var prefixes = map[string]string{"eventbridge": "aws", "eventgrid": "azure"}

// check rejects a field that belongs to another type of sink. Auth0 would ignore it.
func check(stream *v1alpha1.Auth0LogStream) error {
	prefix := cmp.Or(prefixes[stream.Spec.Type], stream.Spec.Type)
	for _, name := range slices.Sorted(maps.Keys(fields.FromSettings(stream.Spec, "sink").Object("sink"))) {
		if !strings.HasPrefix(name, prefix) {
			return fmt.Errorf("spec.sink.%s belongs to another type than spec.type %s; remove it, or correct the type", name, stream.Spec.Type)
		}
	}
	return nil
}

// render renders the categories of the filters and the state as Auth0 does.
func render(stream *v1alpha1.Auth0LogStream, document auth0.Document) {
	if stream.Spec.Filters != nil {
		filters := make([]any, len(stream.Spec.Filters))
		for i, name := range stream.Spec.Filters {
			filters[i] = map[string]any{"type": "category", "name": name}
		}
		document["filters"] = filters
	}
	if stream.Spec.Paused != nil {
		document["status"] = stateOf(*stream.Spec.Paused)
	}
}

func stateOf(isPaused bool) string {
	if isPaused {
		return paused
	}
	return active
}

// lateInitialize leaves out the state at the creation, which Auth0 does not take then, and leaves a stream suspended that Auth0
// suspended.
func lateInitialize(stream *v1alpha1.Auth0LogStream, desired, have auth0.Document) {
	delete(desired, "status")
	if have == nil || stream.Spec.Paused == nil {
		return
	}
	desired["status"] = stateOf(*stream.Spec.Paused)
	if desired["status"] == active && have["status"] == suspended {
		desired["status"] = suspended
	}
}

// conditions says whether Auth0 sends events to the sink.
func conditions(stream *v1alpha1.Auth0LogStream) []metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionDelivering, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonActive, Message: "Auth0 sends events to the sink",
	}
	switch stream.Status.Status {
	case paused:
		condition.Status, condition.Reason = metav1.ConditionFalse, v1alpha1.ReasonPaused
		condition.Message = "the stream is paused and sends no events; set spec.paused to false to start it"
	case suspended:
		condition.Status, condition.Reason = metav1.ConditionFalse, v1alpha1.ReasonSuspendedByAuth0
		condition.Message = "Auth0 suspended the stream, because its sink refused too many events; correct spec.sink, then start the stream in Auth0 Dashboard → Monitoring → Streams"
	}
	return []metav1.Condition{condition}
}

// export leaves out the secrets of the sink, which the spec has no field for.
func export(_ context.Context, _ *auth0.Session, have auth0.Document, _ engine.Names, stream *v1alpha1.Auth0LogStream) (bool, error) {
	if err := fields.ToSpec(&stream.Spec, fields.WithoutSecretLists(fields.Without(have, "filters", "status"), []string{"sink.httpCustomHeaders.[header].value"}), "sink"); err != nil {
		return false, err
	}
	for _, filter := range have.Objects("filters") {
		if !ptr.Deref(stream.Spec.IsPriority, false) {
			stream.Spec.Filters = append(stream.Spec.Filters, filter.String("name"))
		}
	}
	if have["status"] == paused {
		stream.Spec.Paused = new(true)
	}
	return true, nil
}
