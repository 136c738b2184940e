package simulator_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	clientID     = "operator"
	clientSecret = "operator-secret"
)

// tenant is a simulator under test, and a client of it.
type tenant struct {
	*simulator.Server
	t     *testing.T
	http  *http.Client
	token string
	vars  map[string]string // values captured from answers
	last  *http.Response
	// header is sent with every request.
	header http.Header
}

func start(t *testing.T, options simulator.Options) *tenant {
	t.Helper()
	return startWith(t, options, simulator.Start)
}

func startWith(t *testing.T, options simulator.Options, start func(simulator.Options) (*simulator.Server, error)) *tenant {
	t.Helper()
	options.ClientID, options.ClientSecret = clientID, clientSecret
	sim, err := start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(sim.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &tenant{Server: sim, t: t, http: &http.Client{Transport: transport}, vars: map[string]string{"domain": sim.Domain}}
}

// login gets a management token, with the given scopes or with all.
func (n *tenant) login(scopes ...string) {
	n.t.Helper()
	n.token = n.tokenFor(clientID, clientSecret, n.URL+"/api/v2/", strings.Join(scopes, " "))
}

func (n *tenant) tokenFor(id, secret, audience, scope string) string {
	n.t.Helper()
	body, _ := json.Marshal(map[string]string{
		"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": audience, "scope": scope,
	})
	status, answer := n.do("POST", "/oauth/token", string(body))
	if status != http.StatusOK {
		n.t.Fatalf("token: %d %s", status, answer)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	_ = json.Unmarshal(answer, &token)
	return token.AccessToken
}

// do sends a request; a payload that is no JSON is a form.
func (n *tenant) do(method, path, body string) (int, []byte) {
	n.t.Helper()
	status, answer, err := n.try(method, path, body)
	if err != nil {
		n.t.Fatalf("%s %s: %v", method, path, err)
	}
	return status, answer
}

func (n *tenant) try(method, path, body string) (int, []byte, error) {
	var payload io.Reader
	if body != "" {
		payload = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(n.t.Context(), method, n.URL+path, payload)
	if err != nil {
		return 0, nil, err
	}
	maps.Copy(request.Header, n.header)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
		if !strings.ContainsAny(body[:1], "[{\"") {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	if n.token != "" && strings.HasPrefix(path, "/api/v2/") {
		request.Header.Set("Authorization", "Bearer "+n.token)
	}
	response, err := n.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	n.last = response
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, data, err
}

// step is one exchange of a scenario: a request like `POST /api/v2/roles {"name":"x"}`, and the answer like
// `200 {"id":"<rol>", ...}`. In an answer "<name>" captures a value, "<*>" is any value, "</re/>" is text that matches a
// regular expression, and a key "..." allows further keys. $name in a request is a captured value.
type step struct{ request, answer string }

// play runs the steps in order.
func (n *tenant) play(steps ...step) {
	n.t.Helper()
	for i, s := range steps {
		request := n.expand(s.request)
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		var status int
		var answer []byte
		if target, ok := strings.CutPrefix(path, "dashboard:"); ok {
			status, answer = n.do(method, "/_sim/dashboard"+target, body)
		} else {
			status, answer = n.do(method, path, body)
		}
		got := strings.TrimSpace(fmt.Sprintf("%d %s", status, bytes.TrimSpace(answer)))
		if problem := n.compare(n.expand(s.answer), got); problem != "" {
			n.t.Fatalf("step %d: %s\n  want %s\n  got  %s\n  %s", i+1, request, s.answer, got, problem)
		}
	}
}

var variable = regexp.MustCompile(`\$\w+`)

func (n *tenant) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := n.vars[name[1:]]; ok {
			return value
		}
		return name
	})
}

func (n *tenant) compare(want, got string) string {
	wantStatus, wantBody, _ := strings.Cut(want, " ")
	gotStatus, gotBody, _ := strings.Cut(got, " ")
	if wantStatus != gotStatus {
		return "status differs"
	}
	if wantBody == "" || wantBody == "..." {
		if wantBody == "" && gotBody != "" {
			return "a body was not expected"
		}
		return ""
	}
	var w, g any
	if err := json.Unmarshal([]byte(wantBody), &w); err != nil {
		return "the expectation is not JSON: " + err.Error()
	}
	if err := json.Unmarshal([]byte(gotBody), &g); err != nil {
		return "the answer is not JSON: " + err.Error()
	}
	return n.match("body", w, g)
}

func (n *tenant) match(path string, want, got any) string {
	switch w := want.(type) {
	case string:
		return n.matchText(path, w, got)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return path + " is no object"
		}
		for key, value := range w {
			if key == "..." {
				continue
			}
			if _, ok := g[key]; !ok {
				return path + "." + key + " is missing"
			}
			if problem := n.match(path+"."+key, value, g[key]); problem != "" {
				return problem
			}
		}
		for key := range g {
			_, known := w[key]
			if _, open := w["..."]; !known && !open {
				return path + "." + key + " was not expected"
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s is not an array of %d", path, len(w))
		}
		for i := range w {
			if problem := n.match(fmt.Sprintf("%s[%d]", path, i), w[i], g[i]); problem != "" {
				return problem
			}
		}
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s is %v", path, got)
	}
	return ""
}

func (n *tenant) matchText(path, want string, got any) string {
	name, isCapture := strings.CutPrefix(want, "<")
	name = strings.TrimSuffix(name, ">")
	switch {
	case !isCapture:
		if got != want {
			return fmt.Sprintf("%s is %v", path, got)
		}
	case name == "*":
	case strings.HasPrefix(name, "/"):
		if !regexp.MustCompile(strings.Trim(name, "/")).MatchString(fmt.Sprint(got)) {
			return fmt.Sprintf("%s is %v", path, got)
		}
	default:
		n.vars[name] = fmt.Sprint(got)
	}
	return ""
}
