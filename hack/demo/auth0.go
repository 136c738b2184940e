package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// tenant is the simulated Auth0 tenant.
type tenant struct {
	domain string
	ca     []byte
	// operator is the operator's application in Auth0.
	operator application
	http     *http.Client
}

// application holds the credentials of an application in Auth0.
type application struct{ ID, Secret string }

// simulatorPort is the port of make simulator. The demo takes another if it is in use.
const simulatorPort = "3443"

// freeAddress returns an address to serve on.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:"+simulatorPort)
	if err != nil {
		listener, err = config.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

// startAuth0 starts the simulator and waits until it answers.
func (d *demo) startAuth0(ctx context.Context) error {
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	d.auth0 = &tenant{domain: "localhost:" + port, operator: application{ID: "demo-operator", Secret: rand.Text()}}
	caFile := d.path("simulator-ca.crt")
	_, err = d.cluster.Run(binDir+"/auth0-simulator", "--addr", address, "--ca-file", caFile,
		"--client-id", d.auth0.operator.ID, "--client-secret", d.auth0.operator.Secret)
	if err != nil {
		return err
	}
	return poll(ctx, startLimit, func() error { return d.auth0.connect(ctx, caFile) })
}

// connect trusts the simulator's certificate authority, which changes at each start, and requests an answer.
func (t *tenant) connect(ctx context.Context, caFile string) error {
	var err error
	if t.ca, err = os.ReadFile(caFile); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(t.ca) {
		return fmt.Errorf("no certificate in %s", caFile)
	}
	t.http = &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	}
	return t.call(ctx, http.MethodGet, "/_sim/clock", nil, nil)
}

// administer makes a Management API call as an administrator in Auth0's dashboard. The simulator does not count it.
func (t *tenant) administer(ctx context.Context, method, path string, body, answer any) error {
	return t.call(ctx, method, "/_sim/dashboard/api/v2"+path, body, answer)
}

// user returns a user in Auth0, with roles and permissions.
func (t *tenant) user(ctx context.Context, id string) (map[string]any, error) {
	var user map[string]any
	path := "/users/" + url.PathEscape(id)
	if err := t.administer(ctx, http.MethodGet, path, nil, &user); err != nil {
		return nil, err
	}
	for field, name := range map[string]string{"roles": "name", "permissions": "permission_name"} {
		var entries []map[string]any
		if err := t.administer(ctx, http.MethodGet, path+"/"+field, nil, &entries); err != nil {
			return nil, err
		}
		names := make([]any, len(entries))
		for i, entry := range entries {
			names[i] = entry[name]
		}
		user[field] = names
	}
	return user, nil
}

// requestCount is the number of calls of a route.
type requestCount struct {
	Method string
	Route  string
	Status int
	Count  int
}

// requests returns the calls that the operator made.
func (t *tenant) requests(ctx context.Context) (total int, byRoute []requestCount, err error) {
	var report struct {
		Total   int
		ByRoute []requestCount
	}
	err = t.call(ctx, http.MethodGet, "/_sim/requests", nil, &report)
	return report.Total, report.ByRoute, err
}

// call sends a request, with a body unless it is nil, and decodes the answer unless into is nil.
func (t *tenant) call(ctx context.Context, method, path string, body, answer any) (err error) {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+t.domain+path, &payload)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := t.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the simulator answers %s %s with %s: %s", method, path, response.Status, content)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}
