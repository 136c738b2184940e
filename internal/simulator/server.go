package simulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"time"
)

// Options say what tenant to simulate. Only the client's id and secret are needed.
type Options struct {
	// Addr to listen on; 127.0.0.1 and a free port if empty. The tenant's domain is localhost and its port.
	Addr string
	// ClientID and ClientSecret of the application that may call the Management API with every scope.
	ClientID, ClientSecret string
	// RateLimit of the plan; none if empty.
	RateLimit RateLimit
	// Latency of every answer.
	Latency time.Duration
	// SearchDelay is how long after a change the user search, and the list of an organization's members, see it.
	SearchDelay time.Duration
	// APIDate is the day as of which answers have the fields that Auth0 added over time; September 2025 if zero.
	APIDate time.Time
	// ConnectionOptionsUnscoped shows and changes the options of connections without the scopes read:connections_options and
	// update:connections_options, as a tenant does while its "Allow Connections Management without Options Scopes" is on.
	ConnectionOptionsUnscoped bool
	// CAFile, if set, is where the certificate authority is written (PEM) before the first connection is served.
	CAFile string
	// StateFile, if set, is read at the start if it exists, and written then and when the simulator closes.
	StateFile string
	// Wrap, if set, wraps the handler of everything on the port. Tests use it to act right before or right after the effect of a
	// call, for example to kill the caller.
	Wrap func(http.Handler) http.Handler
}

// Server is a running simulator.
type Server struct {
	// Domain of the tenant, like localhost:3443.
	Domain string
	// URL is https:// and the domain, without a slash at the end.
	URL string
	// CA is the PEM certificate of the authority that signed the server's.
	CA []byte

	options     Options
	certificate tls.Certificate
	router      *router
	resources   map[string]resource // by path
	clock       *clock
	limits      *limiter
	faults      faults
	requests    requests

	mu     sync.RWMutex // guards tenant and everything in it
	tenant *tenant

	serving sync.Mutex // guards http and closed
	http    *http.Server
	ended   context.Context
	end     context.CancelFunc
}

// Start starts a simulator.
func Start(options Options) (*Server, error) { return start(options, collections()) }

func start(options Options, resources []resource) (*Server, error) {
	if options.ClientID == "" || options.ClientSecret == "" {
		return nil, fmt.Errorf("simulator: ClientID and ClientSecret are needed")
	}
	if options.RateLimit == "" {
		options.RateLimit = RateLimitNone
	}
	if options.RateLimit != RateLimitNone && plans[options.RateLimit] == nil {
		return nil, fmt.Errorf("simulator: rate limit %q is not one of none, free, self-service, enterprise", options.RateLimit)
	}
	if options.APIDate.IsZero() {
		options.APIDate = defaultAPIDate
	}
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	s := &Server{options: options, clock: newClock(), limits: newLimiter(options.RateLimit), resources: map[string]resource{}}
	routes := allRoutes()
	for _, r := range resources {
		s.resources[r.where()] = r
		routes = append(routes, r.routes()...)
	}
	s.router = newRouter(routes)
	s.certificate, s.CA = newCertificate()
	s.ended, s.end = context.WithCancel(context.Background())
	if err := s.listen(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// prepare creates the tenant once its domain is known, and writes the files. It waits until the port is ours, because another
// simulator may run with the same files.
func (s *Server) prepare() error {
	s.mu.Lock()
	s.tenant = newTenant(s)
	s.mu.Unlock()
	if err := s.load(); err != nil {
		return err
	}
	if err := s.save(); err != nil { // rather now than when there is something to lose
		return err
	}
	if s.options.CAFile == "" {
		return nil
	}
	if err := os.WriteFile(s.options.CAFile, s.CA, 0o644); err != nil { //nolint:gosec // a certificate is public
		return fmt.Errorf("simulator: %w", err)
	}
	return nil
}

// listen serves on the address; the first time, it fixes the port and with it the domain.
func (s *Server) listen() error {
	s.serving.Lock()
	defer s.serving.Unlock()
	if s.http != nil {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(s.ended, "tcp", s.options.Addr)
	if err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	if s.Domain == "" {
		s.options.Addr = listener.Addr().String()
		_, port, _ := net.SplitHostPort(s.options.Addr)
		s.Domain = "localhost:" + port
		s.URL = "https://" + s.Domain
		if err := s.prepare(); err != nil {
			_ = listener.Close()
			return err
		}
	}
	var handler http.Handler = s
	if s.options.Wrap != nil {
		handler = s.options.Wrap(s)
	}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{s.certificate}, MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(io.Discard, "", 0), // clients that trust no CA are their own business
	}
	go func(server *http.Server) { _ = server.ServeTLS(listener, "", "") }(s.http)
	return nil
}

// Stop closes the port and all connections: the tenant is down. Its state is kept.
func (s *Server) Stop() {
	s.serving.Lock()
	defer s.serving.Unlock()
	if s.http != nil {
		_ = s.http.Close()
		s.http = nil
	}
}

// Resume serves again after Stop, on the same port, with the same state.
func (s *Server) Resume() error { return s.listen() }

// Close ends the simulator. With a StateFile, it is written.
func (s *Server) Close() error {
	s.Stop()
	s.end()
	return s.save()
}

// Reset creates a new tenant, and clears counts, faults, emails and the clock's advance.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.Reset()
	s.limits.reset()
	s.faults.clear()
	s.requests.reset()
	s.tenant.hub.close()
	s.tenant = newTenant(s)
}

// Requests counts the requests since the start, or since ResetRequests.
func (s *Server) Requests() Report { return s.requests.report() }

// ResetRequests zeroes the counts.
func (s *Server) ResetRequests() { s.requests.reset() }

// ChangePlan puts the limits of another plan in force, with full buckets. It panics if there is no such plan.
func (s *Server) ChangePlan(name RateLimit) {
	if name != RateLimitNone && plans[name] == nil {
		panic(fmt.Sprintf("simulator: no rate limit %q", name))
	}
	s.limits.change(name)
}

// Floor is the shortest time in which the limits of the plan allow these requests, starting with full buckets.
func (s *Server) Floor(report Report) time.Duration { return s.limits.floor(s.router, report) }

// AddFaults adds fault rules. It panics if one is invalid.
func (s *Server) AddFaults(rules ...Fault) {
	for _, rule := range rules {
		must(rule.validate(s.router))
	}
	s.faults.add(rules...)
}

// ClearFaults removes all rules.
func (s *Server) ClearFaults() { s.faults.clear() }

// Faults are the active rules.
func (s *Server) Faults() []Fault { return s.faults.all() }

// Routes are the operations that the simulator implements, as method and templated path.
func (s *Server) Routes() []string {
	out := make([]string, 0, len(s.router.routes))
	for _, r := range s.router.routes {
		out = append(out, r.method+" "+r.path)
	}
	return out
}

// Advance moves the simulator's clock forward.
func (s *Server) Advance(d time.Duration) { s.clock.Advance(d) }

// Now is the simulator's time.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Dashboard carries out a Management API call as an administrator in Auth0's dashboard would: without a token, uncounted,
// without faults and limits. path begins with /api/v2/; body is encoded as JSON unless it is nil.
func (s *Server) Dashboard(method, path string, body any) (status int, response []byte) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(err)
		payload = bytes.NewReader(data)
	}
	request := httptest.NewRequestWithContext(s.ended, method, path, payload)
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	s.serveDashboard(recorder, request)
	return recorder.Code, recorder.Body.Bytes()
}

// Emails are the emails that Auth0 would have sent so far.
func (s *Server) Emails() []Email {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Email{}, s.tenant.Emails...)
}

// issuer is what the tokens of the tenant name as their issuer.
func (s *Server) issuer() string { return s.URL + "/" }

// audience is the identifier of the Management API.
func (s *Server) audience() string { return s.URL + managementPrefix }

// link is a URL on the tenant.
func (s *Server) link(path string, query url.Values) string {
	return s.URL + path + "?" + query.Encode()
}
