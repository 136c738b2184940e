package auth0

import (
	"net/http"
	"slices"
	"strings"
)

// routeClass is a group of routes that Auth0 counts together on at least one plan.
type routeClass string

// The groups of Auth0's rate limit policy, and the rest of each API.
const (
	classManagement       routeClass = "management"
	classReadUsers        routeClass = "users_read"
	classReadUsersByEmail routeClass = "users_by_email"
	classWriteUsers       routeClass = "users_write"
	classDeleteUsers      routeClass = "users_delete"
	classReadClients      routeClass = "clients_read"
	classReadConnections  routeClass = "connections_read"
	classReadLogs         routeClass = "logs_read"
	classListOrgs         routeClass = "organizations_list"
	classReadOrg          routeClass = "organizations_read"
	classReadOrgByName    routeClass = "organizations_read_by_name"
	classWriteOrgs        routeClass = "organizations_write"
	classReadMembers      routeClass = "organization_members_read"
	classWriteMembers     routeClass = "organization_members_write"
	classReadMemberRoles  routeClass = "organization_member_roles_read"
	classWriteMemberRoles routeClass = "organization_member_roles_write"
	classReadOrgConns     routeClass = "organization_connections_read"
	classWriteOrgConns    routeClass = "organization_connections_write"
	classReadOrgGrants    routeClass = "organization_client_grants_read"
	classWriteOrgGrants   routeClass = "organization_client_grants_write"
	classReadUserOrgs     routeClass = "user_organizations_read"

	classAuthentication routeClass = "authentication"
	classToken          routeClass = "oauth_token"
	// classLogin is a sign-in of a user: it has limits of its own by user and address, which are nobody else's.
	classLogin          routeClass = "login"
	classSignup         routeClass = "signup"
	classChangePassword routeClass = "change_password"
)

// isManagement distinguishes the two APIs, which Auth0 counts separately.
func (c routeClass) isManagement() bool {
	return !slices.Contains([]routeClass{classAuthentication, classToken, classLogin, classSignup, classChangePassword}, c)
}

// classOf returns the class of a route with a templated path.
func classOf(method, route string) routeClass {
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
	return classManagement
}

func authenticationClass(route string) routeClass {
	switch route {
	case "/oauth/token":
		return classToken
	case "/dbconnections/signup":
		return classSignup
	case "/dbconnections/change_password":
		return classChangePassword
	}
	return classAuthentication
}

func userClass(method, part string) routeClass {
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

func organizationClass(reads bool, part string) routeClass {
	choose := func(read, write routeClass) routeClass {
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
		return classManagement
	}
	return choose(classReadOrg, classWriteOrgs)
}

func readsOnly(reads bool, read routeClass) routeClass {
	if reads {
		return read
	}
	return classManagement
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
	classes                            map[routeClass]allowance
}

// subscriptions are the plans that Auth0 publishes, the strictest first. Responses show only the size of a bucket, so two plans
// may match.
var subscriptions = []*subscription{
	{
		name:           "Free",
		management:     perSecond(2, 2),
		authentication: perMinute(300, 300),
		classes:        map[routeClass]allowance{classToken: perSecond(30, 30)},
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
		classes: map[routeClass]allowance{
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

var enterpriseClasses = map[routeClass]allowance{
	classListOrgs: perMinute(10, 100), classReadOrg: perMinute(10, 100), classReadOrgByName: perMinute(20, 200),
	classWriteOrgs: perMinute(5, 150), classReadMembers: perMinute(40, 500), classWriteMembers: perMinute(20, 200),
	classReadMemberRoles: perMinute(20, 200), classWriteMemberRoles: perMinute(20, 200),
	classReadOrgConns: perMinute(10, 100), classWriteOrgConns: perMinute(5, 150),
	classReadOrgGrants: perMinute(10, 100), classWriteOrgGrants: perMinute(5, 150),
	classReadUserOrgs: perMinute(40, 500),
}

// narrowest returns the allowance that Auth0's headers report, and the name of its bucket.
func (p *subscription) narrowest(of routeClass) (string, allowance) {
	if of == classReadUsersByEmail {
		of = classReadUsers
	}
	switch own, limited := p.classes[of]; {
	case limited:
		return string(of), own
	case !of.isManagement():
		return string(classAuthentication), p.authentication
	case p.management.burst > 0:
		return string(classManagement), p.management
	}
	return bucketOthers, p.others
}

// bucketOthers is for classes without a limit of their own, if the whole API has none.
const bucketOthers = "others"

// subscriptionFor returns the strictest plan under which the classes have buckets of the sizes seen, nil if there is none.
func subscriptionFor(seen map[routeClass]int) *subscription {
	for _, candidate := range subscriptions {
		if candidate.explains(seen) {
			return candidate
		}
	}
	return nil
}

func (p *subscription) explains(seen map[routeClass]int) bool {
	for of, burst := range seen {
		if _, own := p.narrowest(of); own.burst != burst {
			return false
		}
	}
	return true
}
