package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// FuzzRequests sends malformed requests: every answer is a success or a well-formed error, and none is a 500.
func FuzzRequests(f *testing.F) {
	sim, err := simulator.Start(simulator.Options{ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = sim.Close() })
	for _, route := range sim.Routes() {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{", "", "}", "").Replace(path)
		for _, body := range []string{``, `{}`, `[]`, `null`, `{"name":1,"connection":[],"email":{}}`, `[{"client_id":5}]`, `{"roles":[null],"members":[{}],"permissions":[1]}`, `{"options":{"attributes":{"email":1}},"strategy":"auth0","name":"a"}`, `"text"`, `{`, "\x00"} {
			f.Add(method, path, body, "application/json")
		}
		f.Add(method, path+"?page=x&per_page=-1&take=1e9&from=%%&fields=,,&q=((&sort=:", `a=b&a=c&%`, "application/x-www-form-urlencoded")
		f.Add(method, path+"?from=IzE&take=1&include_totals=maybe", `--x`, "multipart/form-data; boundary=x")
	}
	f.Add("GET", "/api/v2/users/%zz", "", "")
	f.Add("BREW", "/api/v2/users", "", "text/plain")
	f.Fuzz(func(t *testing.T, method, path, body, contentType string) {
		request, err := http.NewRequestWithContext(t.Context(), method, sim.URL+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/_sim/") || strings.HasPrefix(path, "/api/v2/events") {
			return // not a request that could be sent, or one whose answer does not end
		}
		request.RemoteAddr = "127.0.0.1:1234"
		request.Header.Set("Content-Type", contentType)
		if strings.HasPrefix(path, "/api/v2/") {
			request.URL.Path = "/_sim/dashboard" + request.URL.Path
			request.URL.RawPath = ""
		}
		recorder := httptest.NewRecorder()
		sim.ServeHTTP(recorder, request)
		checkAnswer(t, method+" "+path+" "+body, recorder)
	})
}

// checkAnswer reports whether an answer is one that Auth0 could give.
func checkAnswer(t *testing.T, what string, recorder *httptest.ResponseRecorder) {
	t.Helper()
	if recorder.Code < http.StatusBadRequest {
		return
	}
	if recorder.Code == http.StatusInternalServerError && !strings.Contains(recorder.Body.String(), "server_error") {
		t.Fatalf("%q: %d %s", what, recorder.Code, recorder.Body)
	}
	if !strings.HasPrefix(recorder.Header().Get("Content-Type"), "application/json") {
		return // /userinfo answers in plain text
	}
	var answer map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%q: %s is no JSON: %v", what, recorder.Body, err)
	}
	if answer["error"] == nil && answer["name"] == nil {
		t.Fatalf("%q: %s is no error of Auth0's", what, recorder.Body)
	}
}
