package controllers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

// planted begins every value that only Secrets may contain, also in the fixtures.
const planted = "planted-"

// TestSecretsStaySecret plants a value in every field of every kind that can come from a Secret, while Auth0 repeats in its errors
// what it was sent, and then accepts it. Nothing that people can read has the value.
func TestSecretsStaySecret(t *testing.T) {
	for name, f := range fixtures.All() {
		if f.Variant != "" {
			continue
		}
		for _, field := range secretFields(reflect.TypeOf(f.Object("full", "one")).Elem()) {
			t.Run(name+"/"+strings.Join(field, "."), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.prepare(f)
				w.declare(&corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Name: "planted"}, StringData: map[string]string{"value": planted + "Value-0123456789"},
				})
				object := f.Object("full", "one")
				if stream, ok := object.(*v1alpha1.Auth0LogStream); ok {
					stream.Spec.Type, stream.Spec.Sink = sinkTypeOf(field[len(field)-1]), v1alpha1.LogStreamSink{}
				}
				plant(reflect.ValueOf(object).Elem(), field)
				w.declare(object)
				for _, repeats := range []bool{true, false} {
					w.repeats.Store(repeats)
					for range 2 * mostReconciles {
						w.request(object)
						w.reconcile(object)
					}
				}
				w.requireSecrecy(object)
			})
		}
	}
}

// requireSecrecy looks for planted values in everything but Secrets.
func (w *world) requireSecrecy(object v1alpha1.Managed) {
	w.Helper()
	places := map[string]string{"the logs": w.logs.String(), "the plan": w.plan(w.yaml(object)), "the page": w.kubectlAuth0("status")}
	for _, kind := range controllers.All() {
		list := kind.NewList()
		if err := w.kube.List(w.Context(), list); err != nil {
			w.Fatal(err)
		}
		content, err := json.Marshal(list)
		if err != nil {
			w.Fatal(err)
		}
		places["each "+kind.Name] = string(content)
	}
	for {
		select {
		case event := <-w.recorder.Events:
			places["the events"] += event + "\n"
			continue
		default:
		}
		break
	}
	for place, text := range places {
		if at := strings.Index(text, planted); at >= 0 {
			w.Errorf("%s: …%s…", place, text[max(0, at-200):min(len(text), at+80)])
		}
	}
}

// secretFields returns the paths of the fields of a type that refer to a key of a Secret. A list counts as its entry.
func secretFields(in reflect.Type) [][]string {
	switch in.Kind() {
	case reflect.Pointer, reflect.Slice:
		return secretFields(in.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	if in == reflect.TypeFor[v1alpha1.SecretKeyReference]() {
		return [][]string{nil}
	}
	var found [][]string
	for field := range in.Fields() {
		if !field.IsExported() || field.Name == "Status" {
			continue
		}
		for _, rest := range secretFields(field.Type) {
			found = append(found, slices.Concat([]string{field.Name}, rest))
		}
	}
	return found
}

// sinkTypeOf returns the type of a log stream to which a field of its sink belongs.
func sinkTypeOf(field string) string {
	for _, name := range []string{"datadog", "mixpanel", "segment", "splunk", "sumo"} {
		if strings.HasPrefix(strings.ToLower(field), name) {
			return name
		}
	}
	return "http"
}

// plant sets a field to the planted Secret.
func plant(in reflect.Value, field []string) {
	switch in.Kind() {
	case reflect.Pointer:
		if in.IsNil() {
			in.Set(reflect.New(in.Type().Elem()))
		}
		plant(in.Elem(), field)
	case reflect.Slice:
		if in.Len() == 0 {
			in.Set(reflect.MakeSlice(in.Type(), 1, 1))
		}
		plant(in.Index(0), field)
	default:
		if len(field) == 0 {
			in.Set(reflect.ValueOf(v1alpha1.SecretKeyReference{Name: "planted", Key: "value"}))
			return
		}
		plant(in.FieldByName(field[0]), field[1:])
	}
}

// repeat answers a write with an error that repeats what was sent.
func repeat(answer *httptest.ResponseRecorder, request *http.Request) {
	sent, _ := io.ReadAll(request.Body)
	message, _ := json.Marshal(fmt.Sprintf("Payload validation error: %s is not valid", sent))
	answer.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(answer, `{"statusCode":400,"error":"Bad Request","message":%s,"errorCode":"invalid_body"}`, message)
}
