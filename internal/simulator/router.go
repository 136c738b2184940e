package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// route is one operation of the API: everything that is true of it without running it.
type route struct {
	method string
	path   string // templated
	status int    // of success; as recorded, which is not always as documented

	// scopes: a token needs any of them. None: the route needs no token.
	scopes []string
	// needs are scopes that a token needs all of.
	needs []string
	// inPath, query and body are the schemas of the request. A nil one is not checked.
	inPath, query, body *schema
	// check finds what is wrong with a request that fits its schemas, before the request counts against a limit.
	check func(*call) error
	// group is the rate-limit group; limitKey tells the bucket within the group.
	group    string
	limitKey func(*call) string
	// perPage is how many objects a page of a list has, if it is not 50.
	perPage int
	// multipart routes take multipart/form-data.
	multipart bool
	// log is the description of a successful write in the tenant's log.
	log string
	// handle executes the request under the tenant's lock, and returns the body of the answer.
	handle func(*call) (any, error)
	// open replaces handle for routes whose answer is not one JSON document. It returns an error, or a function that writes the
	// answer.
	open func(*call) (func(http.ResponseWriter), error)
}

func (r *route) management() bool { return strings.HasPrefix(r.path, managementPrefix) }

const managementPrefix = "/api/v2/"

// router finds the route of a request.
type router struct {
	routes  []*route
	bySize  map[int][]*pattern // by number of segments; those with more literal segments first
	pathSet map[string]bool
}

type pattern struct {
	segments []string
	route    *route
}

func newRouter(routes []*route) *router {
	r := &router{routes: routes, bySize: map[int][]*pattern{}, pathSet: map[string]bool{}}
	for _, route := range routes {
		segments := strings.Split(route.path, "/")
		r.bySize[len(segments)] = append(r.bySize[len(segments)], &pattern{segments, route})
		r.pathSet[route.path] = true
	}
	return r
}

// knows reports whether a templated path is a route's.
func (r *router) knows(path string) bool { return r.pathSet[path] }

// find returns the route and the path's parameters. Without a route, template is that of another method's, if there is one.
func (r *router) find(method, escapedPath string) (found *route, params map[string]string, template string) {
	segments := strings.Split(escapedPath, "/")
	literals := -1
	for _, p := range r.bySize[len(segments)] {
		values, n, ok := p.match(segments)
		if !ok {
			continue
		}
		if template == "" {
			template = p.route.path
		}
		if p.route.method == method && n > literals {
			found, params, literals = p.route, values, n
		}
	}
	return found, params, template
}

// match returns the parameters and the number of literal segments.
func (p *pattern) match(segments []string) (params map[string]string, literals int, ok bool) {
	params = map[string]string{}
	for i, want := range p.segments {
		if !strings.HasPrefix(want, "{") {
			if want != segments[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, 0, false
		}
		params[strings.Trim(want, "{}")] = value
	}
	return params, literals, true
}

// unsimulated are the families of Auth0's API, and paths of its Authentication API, that the simulator does not support.
var unsimulated = []string{
	"/api/v2/actions", "/api/v2/anomaly", "/api/v2/attack-protection", "/api/v2/blacklists", "/api/v2/branding",
	"/api/v2/client-grants", "/api/v2/clients", "/api/v2/connection-profiles", "/api/v2/connections",
	"/api/v2/custom-domains", "/api/v2/device-credentials", "/api/v2/email-templates", "/api/v2/emails",
	"/api/v2/event-streams", "/api/v2/events", "/api/v2/flows", "/api/v2/forms", "/api/v2/grants", "/api/v2/groups",
	"/api/v2/guardian", "/api/v2/hooks", "/api/v2/jobs", "/api/v2/keys", "/api/v2/log-streams", "/api/v2/logs",
	"/api/v2/network-acls", "/api/v2/organizations", "/api/v2/phone", "/api/v2/prompts", "/api/v2/rate-limit-policies",
	"/api/v2/refresh-tokens", "/api/v2/resource-servers", "/api/v2/risk-assessments", "/api/v2/roles", "/api/v2/rules",
	"/api/v2/rules-configs", "/api/v2/self-service-profiles", "/api/v2/sessions", "/api/v2/stats",
	"/api/v2/supplemental-signals", "/api/v2/tenants", "/api/v2/tickets", "/api/v2/token-exchange-profiles",
	"/api/v2/user-attribute-profiles", "/api/v2/user-blocks", "/api/v2/users", "/api/v2/users-by-email",
	"/api/v2/verifiable-credentials",
	"/activate", "/authorize", "/bc-authorize", "/co", "/continue", "/dbconnections", "/login", "/logout", "/mfa", "/oauth",
	"/oidc", "/passwordless", "/resume", "/samlp", "/u", "/userinfo", "/usernamepassword", "/v2/logout", "/wsfed",
}

func isUnsimulated(path string) bool {
	for _, prefix := range unsimulated {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}
