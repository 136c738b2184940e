package engine_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// served are resources that the simulator lacks. An object is at its path; a list is at the path of its parent.
type served struct {
	mu      sync.Mutex
	objects map[string]auth0.Document
	// lists are the paths of lists.
	lists []string
	// refuses answers a write in the place of the resource, if it returns a status.
	refuses func(method, path string, body auth0.Document) (status int, answer string)
	// hides answers a read in the place of the resource, if it returns a status.
	hides func(path string) (status int, answer string)
	// beforeUpdate runs before the update of an assembled list.
	beforeUpdate func()
	// shows changes what the answer to a write shows of an object.
	shows func(auth0.Document)
	// arrays are JSON arrays, by their path.
	arrays map[string]string
	// sets are further fields that Auth0 sets itself.
	sets    []string
	created int
}

const createdAt = "2026-01-01T00:00:00.000Z"

// serve serves resources until the end of the test.
func (w *world) serve(s *served) *served {
	if s.objects == nil {
		s.objects = map[string]auth0.Document{}
	}
	w.auth0.answer = func(response http.ResponseWriter, request *http.Request) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		content, _ := io.ReadAll(request.Body)
		body, _ := auth0.ParseDocument(content)
		if _, isArray := s.arrays[strings.TrimPrefix(request.URL.Path, "/api/v2/")]; isArray && len(content) > 0 {
			s.arrays[strings.TrimPrefix(request.URL.Path, "/api/v2/")] = strings.TrimSpace(string(content))
		}
		status, answer := s.answer(request.Method, strings.TrimPrefix(request.URL.Path, "/api/v2/"), body)
		response.Header().Set("Content-Type", "application/json")
		response.WriteHeader(status)
		_, _ = response.Write([]byte(answer))
		return true
	}
	return s
}

func (s *served) answer(method, path string, body auth0.Document) (status int, answer string) {
	if method != http.MethodGet && s.refuses != nil {
		if status, answer := s.refuses(method, path, body); status != 0 {
			return status, answer
		}
	}
	if method == http.MethodGet && s.hides != nil {
		if status, answer := s.hides(path); status != 0 {
			return status, answer
		}
	}
	if array, isArray := s.arrays[path]; isArray {
		return http.StatusOK, array
	}
	have, exists := s.objects[path]
	switch isList := slices.Contains(s.lists, path); {
	case isList && method == http.MethodGet:
		return http.StatusOK, s.list(path)
	case isList && method == http.MethodPost:
		s.created++
		body["id"], body["created_at"] = fmt.Sprintf("id_%d", s.created), createdAt
		s.objects[path+"/"+body.String("id")] = body
		return http.StatusCreated, s.shown(body)
	case !exists:
		return http.StatusNotFound, `{"statusCode":404,"error":"Not Found","message":"There is no such object."}`
	case method == http.MethodDelete:
		delete(s.objects, path)
		return http.StatusNoContent, ""
	case method == http.MethodPut || method == http.MethodPatch:
		return s.write(method, path, have, body)
	}
	return http.StatusOK, asJSON(have)
}

// write updates an object. Auth0 sets the id and the time of the creation itself.
func (s *served) write(method, path string, have, body auth0.Document) (status int, answer string) {
	for _, field := range append([]string{"id", "created_at"}, s.sets...) {
		if _, sent := body[field]; sent {
			return http.StatusBadRequest, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error: 'Additional properties not allowed: ` + field + `'."}`
		}
		if method == http.MethodPut && have[field] != nil {
			body[field] = have[field]
		}
	}
	if method == http.MethodPatch {
		merged := have.Clone()
		maps.Copy(merged, body)
		body = merged
	}
	maps.DeleteFunc(body, func(_ string, value any) bool { return value == nil })
	s.objects[path] = body
	return http.StatusOK, s.shown(body)
}

func (s *served) shown(have auth0.Document) string {
	have = have.Clone()
	if s.shows != nil {
		s.shows(have)
	}
	return asJSON(have)
}

func (s *served) list(path string) string {
	var items []string
	for _, one := range slices.Sorted(maps.Keys(s.objects)) {
		if rest, below := strings.CutPrefix(one, path+"/"); below && !strings.Contains(rest, "/") {
			items = append(items, asJSON(s.objects[one]))
		}
	}
	return "[" + strings.Join(items, ",") + "]"
}

func secretOf(name string, values map[string]string) *corev1.Secret {
	data := map[string][]byte{}
	for key, value := range values {
		data[key] = []byte(value)
	}
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
}
