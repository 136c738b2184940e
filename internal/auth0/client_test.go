package auth0

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder answers every request alike, and keeps the requests with their bodies.
type recorder struct {
	status   int
	err      error
	requests []*http.Request
	bodies   []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body := ""
	if request.Body != nil {
		content, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		body = string(content)
	}
	r.requests, r.bodies = append(r.requests, request), append(r.bodies, body)
	if r.err != nil {
		return nil, r.err
	}
	return &http.Response{StatusCode: r.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: request}, nil
}

func newRecordedSession(t *testing.T, status int, err error) (*Session, *recorder) {
	t.Helper()
	session, sent := newUnsendingSession(t), &recorder{status: status, err: err}
	session.transport.base = sent
	return session, sent
}

// TestRequestsOnTheWire compares what the SDK makes of a Request with what Auth0 documents.
func TestRequestsOnTheWire(t *testing.T) {
	for _, row := range []struct {
		name             string
		request          Request
		line, body, kind string
	}{
		{"a list", get("/api/v2/roles").with(url.Values{"page": {"0"}, "name_filter": {"a&b c"}}), "GET /api/v2/roles?name_filter=a%26b+c&page=0", "", ""},
		{"a user", get("/api/v2/users/{id}", "auth0|5f"), "GET /api/v2/users/auth0%7C5f", "", ""},
		{"an id with every separator", get("/api/v2/resource-servers/{id}", "urn:a?b#c%2F d+é"), "GET /api/v2/resource-servers/urn:a%3Fb%23c%252F%20d+%C3%A9", "", ""},
		{"two ids", remove("/api/v2/organizations/{id}/members/{user_id}/roles", Document{"roles": []string{"rol_1"}}, "org_1", "auth0|1"), "DELETE /api/v2/organizations/org_1/members/auth0%7C1/roles", `{"roles":["rol_1"]}`, "application/json"},
		{"a call without a body", post("/api/v2/clients/{id}/rotate-secret", nil, "abc"), "POST /api/v2/clients/abc/rotate-secret", "", ""},
		{"a document", Request{Method: http.MethodPatch, Route: "/api/v2/users/{id}", Args: []string{"x"}, Body: Document{"nickname": nil}}, "PATCH /api/v2/users/x", `{"nickname":null}`, "application/json"},
		{"a list as body", Request{Method: http.MethodPatch, Route: "/api/v2/connections/{id}/clients", Args: []string{"con_1"}, Body: []Document{{"client_id": "a", "status": true}}}, "PATCH /api/v2/connections/con_1/clients", `[{"client_id":"a","status":true}]`, "application/json"},
	} {
		session, sent := newRecordedSession(t, http.StatusOK, nil)
		if _, err := session.Do(t.Context(), row.request); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		request := sent.requests[0]
		if line := request.Method + " " + request.URL.RequestURI(); line != row.line || strings.TrimSpace(sent.bodies[0]) != row.body || request.Header.Get("Content-Type") != row.kind {
			t.Errorf("%s: %s with %q as %q, want %s with %q as %q", row.name, line, sent.bodies[0], request.Header.Get("Content-Type"), row.line, row.body, row.kind)
		}
		if got := request.Header.Values("Authorization"); !cmp.Equal(got, []string{"Bearer token"}) {
			t.Errorf("%s is authorised by %v", row.name, got)
		}
		if request.ContentLength != int64(len(sent.bodies[0])) {
			t.Errorf("%s declares %d bytes of %d", row.name, request.ContentLength, len(sent.bodies[0]))
		}
	}
}

// TestTheSDKMakesOneCall fails a call in the ways that SDKs retry.
func TestTheSDKMakesOneCall(t *testing.T) {
	for _, status := range []int{200, 204, 302, 400, 404, 409, 429, 500, 502, 503, 504} {
		session, sent := newRecordedSession(t, status, nil)
		_, err := session.Create(t.Context(), "roles", Document{"name": "a"})
		if len(sent.requests) != 1 || (err == nil) != (status < 300) {
			t.Errorf("%d: %d calls, error %v", status, len(sent.requests), err)
		}
		if failed, ok := errors.AsType[*Error](err); status > 299 && (!ok || failed.Status != status || failed.Route != "POST /api/v2/roles") {
			t.Errorf("%d: error %#v", status, err)
		}
	}
	session, sent := newRecordedSession(t, 0, errors.New("connection reset"))
	if _, err := session.Get(t.Context(), "roles", "rol_1"); len(sent.requests) != 1 || ClassOf(err) != ClassUnavailable {
		t.Errorf("a broken connection: %d calls, error %v", len(sent.requests), err)
	}
}

// TestArgumentsMatchTheRoute sends nothing if a route has more or fewer parameters than arguments.
func TestArgumentsMatchTheRoute(t *testing.T) {
	session := newUnsendingSession(t)
	for _, request := range []Request{get("/api/v2/roles/{id}"), get("/api/v2/roles", "rol_1"), get("/oauth/token"), get("/api/v2/a/{x}/b/{y}", "1")} {
		if _, err := session.Do(t.Context(), request); ClassOf(err) != ClassInvalid || !strings.Contains(err.Error(), "not sent") {
			t.Errorf("%s with %v: %v", request.Route, request.Args, err)
		}
	}
}

// TestImportForm reads the form of an import as a server does.
func TestImportForm(t *testing.T) {
	session, sent := newRecordedSession(t, http.StatusAccepted, nil)
	if _, err := session.ImportUsers(t.Context(), "con_1", "batch", []byte(`[{"email":"jane@example.com"}]`)); err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(sent.requests[0].Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(strings.NewReader(sent.bodies[0]), parameters["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"connection_id": {"con_1"}, "external_id": {"batch"}, "upsert": {"false"}, "send_completion_email": {"false"}}
	if diff := cmp.Diff(want, form.Value); diff != "" || len(form.File["users"]) != 1 {
		t.Errorf("form without a file of users, or with other fields (-want +got): %s", diff)
	}
}
