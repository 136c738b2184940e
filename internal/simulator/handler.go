package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody   = 1 << 20
	maxURL    = 8 << 10
	jsonType  = "application/json; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
	plainType = "text/plain; charset=utf-8"
)

// call is one request to the simulator.
type call struct {
	*Server
	*tenant

	request *http.Request
	route   *route
	params  map[string]string
	query   doc
	body    doc   // the payload, if it is an object
	items   []any // the payload, if it is an array
	now     time.Time
	token   *accessToken // nil for the dashboard and where none is needed
	// dashboard calls come from an administrator, not through the API.
	dashboard bool
	// forwardedFor is the address of the user on whose behalf a trusted application calls.
	forwardedFor string
	// signedIn is the id of the user who gets tokens, for the tenant's log.
	signedIn string
	// ignored are fields of the payload that a fault leaves out.
	ignored []string
	// refused are fields of the payload that a fault refuses.
	refused []string
	// unfiltered are fields that an answer shows although the query's fields leave them out.
	unfiltered []string
	// also is what the answer to a write shows over what a GET does.
	also doc
	// status replaces the route's, when a handler sets it.
	status int
	header http.Header
}

// accessToken identifies the caller.
type accessToken struct {
	clientID string
	subject  string
	scopes   []string
}

// may reports whether the caller has one of the scopes. An administrator may do anything.
func (c *call) may(scopes ...string) bool {
	if c.dashboard {
		return true
	}
	for _, s := range scopes {
		if c.token != nil && contains(c.token.scopes, s) {
			return true
		}
	}
	return false
}

// callerID is the client that calls, or "" for an administrator.
func (c *call) callerID() string {
	if c.token == nil {
		return ""
	}
	return c.token.clientID
}

// ip is the address of the caller.
func (c *call) ip() string {
	if c.forwardedFor != "" {
		return c.forwardedFor
	}
	host, _, err := net.SplitHostPort(c.request.RemoteAddr)
	if err != nil {
		return c.request.RemoteAddr
	}
	return host
}

// ServeHTTP answers everything on the port.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/_sim/dashboard/api/v2/"):
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/_sim/dashboard")
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/_sim/dashboard")
		s.serveDashboard(w, r)
	case strings.HasPrefix(r.URL.Path, "/_sim/"):
		s.serveControl(w, r)
	default:
		s.serveAPI(w, r)
	}
}

// serveAPI answers a request as Auth0 would, with the latency, faults and limits that are set.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	w.Header().Set("X-Auth0-RequestId", random(20, "0123456789abcdef"))
	s.clock.Sleep(r.Context(), s.options.Latency)
	var fault Fault
	if c.route != nil {
		fault, _ = s.faults.take(r.Method, c.route.path)
	}
	name := r.URL.Path
	if c.route != nil {
		name = c.route.path
	}
	switch {
	case fault.Drop == DropBefore:
		s.requests.record(r.Method, name, 0)
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		s.requests.record(r.Method, name, fault.Status)
		send(w, 0, nil, fault.answer())
		return
	case fault.Delay > 0:
		s.clock.Sleep(r.Context(), time.Duration(fault.Delay))
	}
	c.ignored, c.refused = fault.Ignore, fault.Refuse
	body, err := c.run()
	if fault.Drop == DropAfter {
		s.requests.record(r.Method, name, 0)
		panic(http.ErrAbortHandler)
	}
	stream, err := c.open(err)
	s.requests.record(r.Method, name, statusOf(c, err))
	maps.Copy(w.Header(), c.header)
	if stream != nil {
		stream(w)
		return
	}
	send(w, statusOf(c, err), body, err)
}

// serveDashboard answers a Management API call of an administrator.
func (s *Server) serveDashboard(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	c.dashboard = true
	body, err := c.run()
	stream, err := c.open(err)
	if stream != nil {
		stream(w)
		return
	}
	send(w, statusOf(c, err), body, err)
}

// open begins the answer of a route that streams, unless something is wrong already.
func (c *call) open(err error) (func(http.ResponseWriter), error) {
	if err != nil || c.route.open == nil {
		return nil, err
	}
	return c.route.open(c)
}

func (s *Server) newCall(r *http.Request) *call {
	c := &call{Server: s, request: r, now: s.clock.Now(), header: http.Header{}}
	c.route, c.params, _ = s.router.find(r.Method, r.URL.EscapedPath())
	return c
}

// run processes a request in Auth0's order: it checks the caller, the permissions, the form and the limits, and then executes the
// request.
func (c *call) run() (body any, err error) {
	if c.route == nil {
		return nil, c.noRoute()
	}
	for _, stage := range []func() error{c.authenticate, c.authorize, c.validate, c.meter} {
		if err := stage(); err != nil {
			return nil, err
		}
	}
	if c.route.open != nil {
		return nil, nil
	}
	body, err = c.handle()
	var f *failure
	if errors.As(err, &f) && f.unmetered {
		c.header = http.Header{}
	}
	return body, err
}

// handle executes the request under the lock: a shared one for reads, an exclusive one otherwise.
func (c *call) handle() (any, error) {
	c.settle()
	if c.request.Method == http.MethodGet {
		c.mu.RLock()
		defer c.mu.RUnlock()
	} else {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	c.tenant = c.Server.tenant
	c.now = c.clock.Now()
	body, err := c.carryOut()
	c.record(body, err)
	return body, err
}

// carryOut executes a request without the fields that a fault ignores. If the fault ignores all ("*"), it only reads.
func (c *call) carryOut() (any, error) {
	if slices.Contains(c.ignored, "*") {
		if look, _, _ := c.router.find(http.MethodGet, c.request.URL.EscapedPath()); look != nil {
			return look.handle(c)
		}
		return nil, nil
	}
	for _, field := range c.refused {
		if has(c.body, field) {
			return nil, invalid("Payload", "'Object didn't pass validation for format refused' on property "+field+" (A field that a fault refuses).")
		}
	}
	for _, field := range c.ignored {
		delete(c.body, field)
	}
	return c.route.handle(c)
}

// settle completes the jobs that are due.
func (c *call) settle() {
	now := c.clock.Now()
	c.mu.RLock()
	due := c.Server.tenant.jobsDue(now)
	c.mu.RUnlock()
	if !due {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	worker := *c
	worker.tenant, worker.now = c.Server.tenant, now
	worker.settleJobs()
}

func (c *call) noRoute() error {
	path := c.request.URL.Path
	if _, _, template := c.router.find(c.request.Method, c.request.URL.EscapedPath()); template != "" {
		return notFound()
	}
	if isUnsimulated(path) {
		return notSimulated(c.request.Method, path)
	}
	return notFound()
}

// authenticate reads the token of a Management API call.
func (c *call) authenticate() error {
	if c.dashboard || len(c.route.scopes) == 0 {
		return nil
	}
	header := c.request.Header.Get("Authorization")
	if header == "" {
		return unauthorized("Missing authentication")
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.Contains(token, " ") {
		f := apiError(http.StatusBadRequest, "Bearer", "Bad HTTP authentication header format")
		f.unmetered = true
		return f
	}
	claims, problem := verifyJWT(token, c.now)
	switch {
	case problem != "":
		return unauthorized(problem)
	case !audienceIncludes(claims["aud"], c.audience()):
		return unauthorized("Bad audience: " + audienceText(claims["aud"]))
	case str(claims, "iss") != c.issuer():
		return unauthorized("Invalid token")
	}
	c.token = &accessToken{clientID: str(claims, "azp"), subject: str(claims, "sub"), scopes: strings.Fields(str(claims, "scope"))}
	return nil
}

func audienceIncludes(claim any, wanted string) bool {
	if many, ok := claim.([]any); ok {
		for _, one := range many {
			if one == wanted {
				return true
			}
		}
	}
	return claim == wanted
}

func audienceText(claim any) string {
	if text, ok := claim.(string); ok {
		return text
	}
	many, _ := claim.([]any)
	var out []string
	for _, one := range many {
		if text, ok := one.(string); ok {
			out = append(out, text)
		}
	}
	return strings.Join(out, ",")
}

func (c *call) authorize() error {
	if c.dashboard || len(c.route.scopes) == 0 {
		return nil
	}
	if !c.may(c.route.scopes...) {
		return insufficientScope(c.route.scopes)
	}
	for _, scope := range c.route.needs {
		if !c.may(scope) {
			return insufficientScopes(c.route.needs)
		}
	}
	return nil
}

// validate checks path, query and payload against the route's schemas, in this order.
func (c *call) validate() error {
	if len(c.request.URL.RequestURI()) > maxURL {
		f := badRequestStatus(http.StatusRequestURITooLong, "Request-URI Too Large")
		f.body.(doc)["error"] = "Request-URI Too Large"
		return f
	}
	if s := c.route.inPath; s != nil {
		if problem := s.check(pathDoc(s, c.params)); problem != "" {
			return invalid("Path", problem)
		}
	}
	query := c.request.URL.Query()
	c.query = schemaOr(c.route.query).fromForm(query)
	if s := c.route.query; s != nil {
		if problem := s.check(c.query); problem != "" {
			return invalid("Query", problem)
		}
	}
	if c.route.body != nil && !c.route.multipart {
		if err := c.readBody(); err != nil {
			return err
		}
	}
	if c.route.check == nil {
		return nil
	}
	return c.route.check(c)
}

var noSchema = objectOf("")

func schemaOr(s *schema) *schema {
	if s == nil {
		return noSchema
	}
	return s
}

func pathDoc(s *schema, params map[string]string) doc {
	out := doc{}
	for key, value := range params {
		if s.propertiesByName[key] != nil {
			out[key] = value
		}
	}
	return out
}

// readBody decodes the payload, as JSON or as a form, and checks it against the route's schema.
func (c *call) readBody() error {
	data, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	if err != nil {
		return badRequest("Invalid request payload")
	}
	if len(data) > maxBody {
		return badRequestStatus(http.StatusRequestEntityTooLarge, "Payload content length greater than maximum allowed: "+strconv.Itoa(maxBody))
	}
	value, err := c.decode(data)
	if err != nil {
		return err
	}
	if problem := c.route.body.check(value); problem != "" {
		if !c.route.management() {
			return oauthError(http.StatusBadRequest, "invalid_request", strings.Trim(problem, "'."))
		}
		return invalid("Payload", problem)
	}
	c.body, _ = value.(doc)
	c.items, _ = value.([]any)
	return nil
}

func (c *call) decode(data []byte) (any, error) {
	kind, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	switch {
	case len(data) == 0:
		if c.route.body.kind == "array" || len(c.route.body.properties) == 0 {
			return nil, nil
		}
		return doc{}, nil
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(data))
		if err != nil {
			return nil, badRequest("Invalid request payload")
		}
		return c.route.body.fromForm(form), nil
	case err != nil && c.request.Header.Get("Content-Type") != "", kind != "" && kind != "application/json":
		return nil, badRequestStatus(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	var value any
	if json.Unmarshal(data, &value) != nil {
		return nil, badRequest("Invalid request payload JSON format")
	}
	return value, nil
}

func badRequest(message string) *failure { return badRequestStatus(http.StatusBadRequest, message) }

func badRequestStatus(status int, message string) *failure {
	f := apiError(status, "", message)
	f.unmetered = true
	return f
}

// meter counts the request against the limits of the plan.
func (c *call) meter() error {
	if c.dashboard {
		return nil
	}
	key := ""
	if c.route.limitKey != nil {
		key = c.route.limitKey(c)
	}
	if f := c.limits.take(c.route, key, c.now, c.header); f != nil {
		return f
	}
	return nil
}

func statusOf(c *call, err error) int {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f.status
	case err != nil:
		return http.StatusInternalServerError
	case c.status != 0:
		return c.status
	}
	return c.route.status
}

// send writes an answer: a failure, or a status with a body.
func send(w http.ResponseWriter, status int, body any, err error) {
	if f, ok := errors.AsType[*failure](err); ok {
		status, body = f.status, f.body
		maps.Copy(w.Header(), f.header)
	}
	if status == http.StatusNoContent || body == nil {
		w.WriteHeader(status)
		return
	}
	if text, ok := body.(string); ok {
		setDefault(w.Header(), "Content-Type", plainType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) //nolint:gosec // plain text or a file, never a page
		return
	}
	setDefault(w.Header(), "Content-Type", jsonType)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}
