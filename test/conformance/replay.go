package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// hostForm are the names of the tenants: the recorded one, under its several names, and the simulator's.
var hostForm = regexp.MustCompile(`go-auth0-dev\.eu\.auth0\.com(\.[a-z]+\.auth0\.com)?|localhost:\d+|\blocalhost\b|\bgo-auth0-dev\b`)

// recordedHost matches the recorded names only.
var recordedHost = regexp.MustCompile(`go-auth0-dev\.eu\.auth0\.com(\.[a-z]+\.auth0\.com)?`)

const (
	clientID     = "test-client_id" // as the recordings of the Authentication API name it
	clientSecret = "test-client_secret"
)

// Result is how one interaction compares.
type Result struct {
	Cassette string
	Index    int
	Endpoint string // method and templated path
	verdict
}

// Differs reports whether anything does.
func (r *Result) Differs() bool { return !r.status || !r.shape || !r.values }

// replayer replays one cassette against a fresh tenant.
type replayer struct {
	sim   *simulator.Server
	http  *http.Client
	token string
	ctx   context.Context //nolint:containedctx // of the one replay that this is for
	// scopes of the management token; all if empty.
	scopes string
	// userToken is a user's access token, for /userinfo.
	userToken string
}

// newReplayer starts a tenant as of the time of a recording.
func newReplayer(ctx context.Context, when time.Time) (*replayer, error) {
	sim, err := simulator.Start(simulator.Options{ClientID: clientID, ClientSecret: clientSecret, APIDate: when})
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(sim.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	return &replayer{ctx: ctx, sim: sim, http: &http.Client{Transport: transport, Timeout: time.Minute}}, nil
}

func (r *replayer) close() error {
	r.http.CloseIdleConnections()
	return r.sim.Close()
}

var (
	timeInText = regexp.MustCompile(`"(?:created_at|updated_at|deleted_at|date)":"(20\d\d-\d\d-\d\d)T`)
	unixInName = regexp.MustCompile(`-(1[67]\d{8})\d*"`)
)

// recordedOn is the day of a recording, if it tells: Auth0's answers gain fields as time goes on.
func (c *Cassette) recordedOn() (day time.Time) {
	for _, i := range c.Interactions {
		for _, found := range timeInText.FindAllStringSubmatch(i.Answer, -1) {
			if t, err := time.Parse(time.DateOnly, found[1]); err == nil && t.After(day) {
				day = t
			}
		}
		for _, found := range unixInName.FindAllStringSubmatch(i.Body, -1) {
			if seconds, err := strconv.ParseInt(found[1], 10, 64); err == nil && day.IsZero() {
				day = time.Unix(seconds, 0)
			}
		}
	}
	return day
}

// replay plays one cassette against a fresh tenant. Interactions that are not ours to answer are left out.
func (r *replayer) replay(cassette Cassette) ([]Result, error) {
	known, seen := ids{}, map[string]bool{}
	if err := r.presuppose(cassette, known); err != nil {
		return nil, fmt.Errorf("%s: %w", cassette.Name, err)
	}
	for _, actual := range known {
		seen[actual] = true
	}
	if err := r.login(); err != nil {
		return nil, err
	}
	var out []Result
	for index, i := range cassette.Interactions {
		if !inScope(i) {
			continue
		}
		r.sim.Advance(time.Second) // recordings took their time, too
		if err := r.prepare(i, known); err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", cassette.Name, index, err)
		}
		status, answer, err := r.send(i, known)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", cassette.Name, index, err)
		}
		c := comparison{ids: known, seen: seen}
		c.compare(i, status, answer)
		out = append(out, Result{Cassette: cassette.Name, Index: index, Endpoint: endpoint(i), verdict: c.verdict})
	}
	return out, nil
}

func (r *replayer) login() error {
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := r.post("/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret},
		"audience": {r.sim.URL + "/api/v2/"}, "scope": {r.scopes},
	}, &token)
	r.token = token.AccessToken
	return err
}

// send sends a recorded request, with the simulator's ids and name.
func (r *replayer) send(i Interaction, known ids) (int, string, error) {
	path := recordedHost.ReplaceAllString(known.translate(i.Path), r.sim.Domain)
	body := recordedHost.ReplaceAllString(known.translate(i.Body), r.sim.Domain)
	var payload io.Reader
	if body != "" {
		if strings.HasPrefix(body, "--") { // multipart was recorded with bare line feeds
			body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n") + "\r\n"
		}
		payload = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(r.ctx, i.Method, r.sim.URL+path, payload)
	if err != nil {
		return 0, "", err
	}
	if i.ContentType != "" {
		request.Header.Set("Content-Type", i.ContentType)
	}
	if strings.HasPrefix(path, "/api/v2/") {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	if path == "/userinfo" {
		request.Header.Set("Authorization", "Bearer "+r.userToken)
	}
	response, err := r.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(data)), err
}

// post sends a form to the Authentication API.
func (r *replayer) post(path string, form url.Values, into any) error {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.sim.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := r.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("presupposing %s: %d %s %w", path, response.StatusCode, data, err)
	}
	return json.Unmarshal(data, into)
}

// dashboard carries out what the recorded tenant had been set up with before.
func (r *replayer) dashboard(method, path string, body, into any) error {
	status, answer := r.sim.Dashboard(method, path, body)
	if status >= http.StatusBadRequest {
		return fmt.Errorf("presupposing %s %s: %d %s", method, path, status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
