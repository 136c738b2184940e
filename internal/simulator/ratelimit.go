package simulator

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit names the limits of an Auth0 plan.
type RateLimit string

// The plans whose limits the simulator knows.
const (
	RateLimitNone        RateLimit = "none" // no limit of a plan, and no rate-limit headers
	RateLimitFree        RateLimit = "free"
	RateLimitSelfService RateLimit = "self-service" // Essentials and Professional
	RateLimitEnterprise  RateLimit = "enterprise"   // public cloud, production
)

// allowance is a token bucket: burst is its size, refill the tokens that flow in per period.
type allowance struct {
	burst  int
	refill float64
	per    time.Duration
}

func perMinute(burst int, refill float64) allowance { return allowance{burst, refill, time.Minute} }
func perSecond(burst int, refill float64) allowance { return allowance{burst, refill, time.Second} }

// Groups of routes that share a bucket. A route without a group counts under the API as a whole only.
const (
	groupReadUsers            = "users_read"
	groupWriteUsers           = "users_write"
	groupDeleteUsers          = "users_delete"
	groupReadClients          = "clients_read"
	groupReadConnections      = "connections_read"
	groupReadLogs             = "logs_read"
	groupListOrganizations    = "organizations_list"
	groupReadOrganization     = "organizations_read"
	groupReadOrganizationName = "organizations_read_by_name"
	groupWriteOrganizations   = "organizations_write"
	groupReadMembers          = "organization_members_read"
	groupWriteMembers         = "organization_members_write"
	groupReadMemberRoles      = "organization_member_roles_read"
	groupWriteMemberRoles     = "organization_member_roles_write"
	groupReadOrgConnections   = "organization_connections_read"
	groupWriteOrgConnections  = "organization_connections_write"
	groupReadOrgGrants        = "organization_client_grants_read"
	groupWriteOrgGrants       = "organization_client_grants_write"
	groupUserOrganizations    = "user_organizations_read"
	groupToken                = "oauth_token"
	groupUserInfo             = "userinfo"
	groupChangePassword       = "change_password"
	groupSignup               = "signup"
	groupJWKS                 = "jwks"
	groupDeviceCode           = "device_code"
	groupLogin                = "login"            // of one user from one address
	groupUserInfoRefused      = "userinfo_refused" // with a token that is not valid
)

// plan is what a subscription allows. management and authentication cover the whole of each API; where management has no
// burst, others covers the routes that have no group of their own.
type plan struct {
	management, authentication, others allowance
	groups                             map[string]allowance
}

// everyPlan holds on every plan.
var everyPlan = map[string]allowance{
	groupUserInfo:       perMinute(10, 5),
	groupChangePassword: perMinute(10, 1),
	groupSignup:         perMinute(50, 50),
	// 20 logins in a minute trip the limit, which is 10 a minute from then on, whether they succeed or fail.
	groupLogin:           perMinute(20, 10),
	groupUserInfoRefused: perMinute(1000, 1000),
}

// suspiciousIP is how many logins may fail from one address: attack protection, which holds without a plan, too.
var suspiciousIP = allowance{burst: 100, refill: 100, per: 24 * time.Hour}

var plans = map[RateLimit]*plan{
	RateLimitFree: {
		management:     perSecond(2, 2),
		authentication: perMinute(300, 300),
		groups:         map[string]allowance{groupToken: perSecond(30, 30), groupJWKS: perSecond(20, 20)},
	},
	RateLimitSelfService: {
		others:         perMinute(10, 150),
		authentication: perSecond(25, 25),
		groups: map[string]allowance{
			groupReadUsers: perMinute(40, 500), groupWriteUsers: perMinute(20, 200), groupDeleteUsers: perMinute(20, 200),
			groupReadClients: perMinute(5, 100), groupReadConnections: perMinute(5, 50), groupReadLogs: perMinute(10, 100),
			groupListOrganizations: perMinute(5, 50), groupReadOrganization: perMinute(20, 200),
			groupReadOrganizationName: perMinute(10, 100), groupWriteOrganizations: perMinute(5, 25),
			groupReadMembers: perMinute(40, 500), groupWriteMembers: perMinute(20, 200),
			groupReadMemberRoles: perMinute(20, 200), groupWriteMemberRoles: perMinute(20, 200),
			groupReadOrgConnections: perMinute(5, 50), groupWriteOrgConnections: perMinute(5, 25),
			groupReadOrgGrants: perMinute(10, 100), groupWriteOrgGrants: perMinute(5, 150),
			groupDeviceCode: perSecond(5, 5),
		},
	},
	RateLimitEnterprise: {
		management:     perSecond(50, 16),
		authentication: perSecond(100, 100),
		groups: map[string]allowance{
			groupListOrganizations: perMinute(10, 100), groupReadOrganization: perMinute(10, 100),
			groupReadOrganizationName: perMinute(20, 200), groupWriteOrganizations: perMinute(5, 150),
			groupReadMembers: perMinute(40, 500), groupWriteMembers: perMinute(20, 200),
			groupReadMemberRoles: perMinute(20, 200), groupWriteMemberRoles: perMinute(20, 200),
			groupReadOrgConnections: perMinute(10, 100), groupWriteOrgConnections: perMinute(5, 150),
			groupReadOrgGrants: perMinute(10, 100), groupWriteOrgGrants: perMinute(5, 150),
			groupUserOrganizations: perMinute(40, 500), groupDeviceCode: perSecond(5, 5),
		},
	},
}

// limiter counts requests against a plan.
type limiter struct {
	plan *plan // nil: no limits

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	allowance
	group  string // empty for the buckets of a whole API
	tokens *rate.Limiter
}

func newLimiter(name RateLimit) *limiter {
	return &limiter{plan: plans[name], buckets: map[string]*bucket{}}
}

// change puts another plan in force, with full buckets.
func (l *limiter) change(name RateLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plan, l.buckets = plans[name], map[string]*bucket{}
}

// floor is the least time in which the limits let the counted requests through, starting with full buckets.
func (l *limiter) floor(routes *router, report Report) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return 0
	}
	charged := map[*bucket]int{}
	for _, count := range report.ByRoute {
		found, _, _ := routes.find(count.Method, count.Route)
		if found == nil || count.Status == http.StatusTooManyRequests {
			continue
		}
		for _, b := range l.bucketsOf(found, "") {
			charged[b] += count.Count
		}
	}
	var floor time.Duration
	for b, tokens := range charged {
		floor = max(floor, time.Duration(float64(tokens-b.burst)/b.refill*float64(b.per)))
	}
	return floor
}

func (l *limiter) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets = map[string]*bucket{}
}

// take spends a token in each bucket that a request falls under: first the API's, then its group's. key separates the
// buckets of a group (by user, by address). It puts the state of the narrowest bucket into header.
func (l *limiter) take(r *route, key string, now time.Time, header http.Header) *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return nil
	}
	for _, b := range l.bucketsOf(r, key) {
		if f := b.take(r.management(), now, header); f != nil {
			return f
		}
	}
	return nil
}

// takeFrom spends a token of a group of the Authentication API whose bucket shows only while a request is carried out.
func (l *limiter) takeFrom(group, key string, now time.Time, header http.Header) *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return nil
	}
	return l.bucket(group, key, everyPlan[group]).take(false, now, header)
}

// mayLogIn reports whether suspicious IP throttling lets a login from an address go on, and puts the state of that bucket
// into header, in place of the plan's.
func (l *limiter) mayLogIn(ip string, now time.Time, header http.Header) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket("suspicious_ip", ip, suspiciousIP)
	l.describeSuspicion(b, now, header)
	return b.tokens.TokensAt(now) >= 1
}

// loginFailed counts a failed login from an address.
func (l *limiter) loginFailed(ip string, now time.Time, header http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket("suspicious_ip", ip, suspiciousIP)
	b.tokens.AllowN(now, 1)
	l.describeSuspicion(b, now, header)
}

// describeSuspicion differs from other buckets in when it resets: at the time when the last token is back.
func (l *limiter) describeSuspicion(b *bucket, now time.Time, header http.Header) {
	if l.plan == nil {
		return
	}
	b.describe(now, header)
	missing := float64(b.burst) - b.tokens.TokensAt(now)
	header.Set("X-RateLimit-Reset", unixAfter(now, time.Duration(missing/float64(b.tokens.Limit())*float64(time.Second))))
}

func (l *limiter) bucketsOf(r *route, key string) []*bucket {
	var out []*bucket
	whole, name := l.plan.authentication, "authentication"
	if r.management() {
		whole, name = l.plan.management, "management"
	}
	if whole.burst > 0 {
		out = append(out, l.bucket(name, "", whole))
	}
	group, limited := l.plan.groups[r.group]
	if !limited {
		group, limited = everyPlan[r.group]
	}
	switch {
	case limited:
		out = append(out, l.bucket(r.group, key, group))
	case r.management() && whole.burst == 0:
		out = append(out, l.bucket("others", "", l.plan.others))
	}
	if limited {
		out[len(out)-1].group = r.group
	}
	return out
}

func (l *limiter) bucket(name, key string, a allowance) *bucket {
	id := name + " " + key
	b := l.buckets[id]
	if b == nil {
		b = &bucket{allowance: a, tokens: rate.NewLimiter(rate.Limit(a.refill/a.per.Seconds()), a.burst)}
		l.buckets[id] = b
	}
	return b
}

// take spends a token, if there is one, and puts the state of the bucket into header.
func (b *bucket) take(management bool, now time.Time, header http.Header) *failure {
	allowed := b.tokens.AllowN(now, 1)
	b.describe(now, header)
	if allowed {
		return nil
	}
	return tooManyRequests(management, b)
}

// describe writes Auth0's headers. Reset is when the next token arrives, not when the bucket is full.
func (b *bucket) describe(now time.Time, header http.Header) {
	tokens := math.Max(0, b.tokens.TokensAt(now))
	wait := time.Duration((math.Floor(tokens) + 1 - tokens) / float64(b.tokens.Limit()) * float64(time.Second))
	if tokens >= float64(b.burst) {
		wait = 0
	}
	header.Set("X-RateLimit-Limit", strconv.Itoa(b.burst))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(int(tokens)))
	header.Set("X-RateLimit-Reset", unixAfter(now, wait))
}

// unixAfter is a time in whole seconds, by which d has passed.
func unixAfter(now time.Time, d time.Duration) string {
	return strconv.FormatInt(now.Add(d).Add(time.Second-time.Nanosecond).Unix(), 10)
}

func tooManyRequests(management bool, b *bucket) *failure {
	message := "Global limit has been reached"
	unit := map[time.Duration]string{time.Second: "second", time.Minute: "minute"}[b.per]
	switch {
	case !management:
		message = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
	case b.group != "":
		message = fmt.Sprintf("Global per %s %s group limit has been reached", unit, b.group)
	}
	return apiError(http.StatusTooManyRequests, "too_many_requests", message)
}
