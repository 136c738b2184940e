package ratelimit

import (
	"net/http"
	"slices"
	"strings"
)

// RouteClass is a group of routes that Auth0 counts together on at least one plan.
type RouteClass string

// The groups of Auth0's rate limit policy, and the rest of each API.
const (
	ClassManagement       RouteClass = "management"
	classReadUsers        RouteClass = "users_read"
	classReadUsersByEmail RouteClass = "users_by_email"
	classWriteUsers       RouteClass = "users_write"
	classDeleteUsers      RouteClass = "users_delete"
	classReadClients      RouteClass = "clients_read"
	classReadConnections  RouteClass = "connections_read"
	classReadLogs         RouteClass = "logs_read"
	classListOrgs         RouteClass = "organizations_list"
	classReadOrg          RouteClass = "organizations_read"
	classReadOrgByName    RouteClass = "organizations_read_by_name"
	classWriteOrgs        RouteClass = "organizations_write"
	classReadMembers      RouteClass = "organization_members_read"
	classWriteMembers     RouteClass = "organization_members_write"
	classReadMemberRoles  RouteClass = "organization_member_roles_read"
	classWriteMemberRoles RouteClass = "organization_member_roles_write"
	classReadOrgConns     RouteClass = "organization_connections_read"
	classWriteOrgConns    RouteClass = "organization_connections_write"
	classReadOrgGrants    RouteClass = "organization_client_grants_read"
	classWriteOrgGrants   RouteClass = "organization_client_grants_write"
	classReadUserOrgs     RouteClass = "user_organizations_read"

	classAuthentication RouteClass = "authentication"
	ClassToken          RouteClass = "oauth_token"
	// ClassLogin is a sign-in of a user: it has limits of its own by user and address, which are nobody else's.
	ClassLogin          RouteClass = "login"
	classSignup         RouteClass = "signup"
	classChangePassword RouteClass = "change_password"
)

// isManagement distinguishes the two APIs, which Auth0 counts separately.
func (c RouteClass) isManagement() bool {
	return !slices.Contains([]RouteClass{classAuthentication, ClassToken, ClassLogin, classSignup, classChangePassword}, c)
}

// RouteClassOf returns the class of a route with a templated path.
func RouteClassOf(method, route string) RouteClass {
	path, isManagement := strings.CutPrefix(route, "/api/v2/")
	if !isManagement {
		return authenticationClass(route)
	}
	reads := method == http.MethodGet
	resource, part, _ := strings.Cut(path, "/")
	switch resource {
	case "users":
		return userClass(method, part)
	case "users-by-email":
		return classReadUsersByEmail
	case "organizations":
		return organizationClass(reads, part)
	case "clients":
		return readsOnly(reads, classReadClients)
	case "connections":
		return readsOnly(reads, classReadConnections)
	case "logs":
		return readsOnly(reads, classReadLogs)
	}
	return ClassManagement
}

func authenticationClass(route string) RouteClass {
	switch route {
	case "/oauth/token":
		return ClassToken
	case "/dbconnections/signup":
		return classSignup
	case "/dbconnections/change_password":
		return classChangePassword
	}
	return classAuthentication
}

func userClass(method, part string) RouteClass {
	switch {
	case strings.HasSuffix(part, "/logs"):
		return classReadLogs
	case strings.HasSuffix(part, "/organizations"):
		return classReadUserOrgs
	case method == http.MethodGet:
		return classReadUsers
	case method == http.MethodDelete:
		return classDeleteUsers
	}
	return classWriteUsers
}

func organizationClass(reads bool, part string) RouteClass {
	choose := func(read, write RouteClass) RouteClass {
		if reads {
			return read
		}
		return write
	}
	switch {
	case strings.HasSuffix(part, "/members"):
		return choose(classReadMembers, classWriteMembers)
	case strings.HasSuffix(part, "/roles"):
		return choose(classReadMemberRoles, classWriteMemberRoles)
	case strings.Contains(part, "/enabled_connections"):
		return choose(classReadOrgConns, classWriteOrgConns)
	case strings.Contains(part, "/client-grants"):
		return choose(classReadOrgGrants, classWriteOrgGrants)
	case part == "":
		return choose(classListOrgs, classWriteOrgs)
	case strings.HasPrefix(part, "name/"):
		return classReadOrgByName
	case strings.Contains(part, "}/"):
		return ClassManagement
	}
	return choose(classReadOrg, classWriteOrgs)
}

func readsOnly(reads bool, read RouteClass) RouteClass {
	if reads {
		return read
	}
	return ClassManagement
}

// allowance is the size of a token bucket, and its refill rate in tokens per second. A burst of 0 means no bucket.
type allowance struct {
	burst     int
	perSecond float64
}

func perSecond(burst int, tokens float64) allowance { return allowance{burst, tokens} }
func perMinute(burst int, tokens float64) allowance { return allowance{burst, tokens / 60} }

// subscription contains the limits of a plan, by Auth0's rate limit policy. A call counts against its API as a whole first, and
// then against its class. others is for the classes of the Management API without a limit of their own, if the API as a whole has
// none.
type subscription struct {
	name                               string
	management, authentication, others allowance
	classes                            map[RouteClass]allowance
}

// subscriptions are the plans that Auth0 publishes, the strictest first. Responses show only the size of a bucket, so two plans
// may match.
var subscriptions = []*subscription{
	{
		name:           "Free",
		management:     perSecond(2, 2),
		authentication: perMinute(300, 300),
		classes:        map[RouteClass]allowance{ClassToken: perSecond(30, 30)},
	},
	{
		name:           "Enterprise, not for production",
		management:     perSecond(10, 2),
		authentication: perSecond(100, 100),
		classes:        enterpriseClasses,
	},
	{
		name:           "Essentials or Professional",
		others:         perMinute(10, 150),
		authentication: perSecond(25, 25),
		classes: map[RouteClass]allowance{
			classReadUsers: perMinute(40, 500), classWriteUsers: perMinute(20, 200), classDeleteUsers: perMinute(20, 200),
			classReadClients: perMinute(5, 100), classReadConnections: perMinute(5, 50), classReadLogs: perMinute(10, 100),
			classListOrgs: perMinute(5, 50), classReadOrg: perMinute(20, 200), classReadOrgByName: perMinute(10, 100),
			classWriteOrgs: perMinute(5, 25), classReadMembers: perMinute(40, 500), classWriteMembers: perMinute(20, 200),
			classReadMemberRoles: perMinute(20, 200), classWriteMemberRoles: perMinute(20, 200),
			classReadOrgConns: perMinute(5, 50), classWriteOrgConns: perMinute(5, 25),
			classReadOrgGrants: perMinute(10, 100), classWriteOrgGrants: perMinute(5, 150),
		},
	},
	{
		name:           "Enterprise",
		management:     perSecond(50, 16),
		authentication: perSecond(100, 100),
		classes:        enterpriseClasses,
	},
}

var enterpriseClasses = map[RouteClass]allowance{
	classListOrgs: perMinute(10, 100), classReadOrg: perMinute(10, 100), classReadOrgByName: perMinute(20, 200),
	classWriteOrgs: perMinute(5, 150), classReadMembers: perMinute(40, 500), classWriteMembers: perMinute(20, 200),
	classReadMemberRoles: perMinute(20, 200), classWriteMemberRoles: perMinute(20, 200),
	classReadOrgConns: perMinute(10, 100), classWriteOrgConns: perMinute(5, 150),
	classReadOrgGrants: perMinute(10, 100), classWriteOrgGrants: perMinute(5, 150),
	classReadUserOrgs: perMinute(40, 500),
}

// narrowest returns the allowance that Auth0's headers report, and the name of its bucket.
func (p *subscription) narrowest(of RouteClass) (string, allowance) {
	if of == classReadUsersByEmail {
		of = classReadUsers
	}
	switch own, limited := p.classes[of]; {
	case limited:
		return string(of), own
	case !of.isManagement():
		return string(classAuthentication), p.authentication
	case p.management.burst > 0:
		return string(ClassManagement), p.management
	}
	return bucketOthers, p.others
}

// bucketOthers is for classes without a limit of their own, if the whole API has none.
const bucketOthers = "others"

// subscriptionFor returns the strictest plan under which the classes have buckets of the sizes seen, nil if there is none.
func subscriptionFor(seen map[RouteClass]int) *subscription {
	for _, candidate := range subscriptions {
		if candidate.explains(seen) {
			return candidate
		}
	}
	return nil
}

func (p *subscription) explains(seen map[RouteClass]int) bool {
	for of, burst := range seen {
		if _, own := p.narrowest(of); own.burst != burst {
			return false
		}
	}
	return true
}
