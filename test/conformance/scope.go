package main

import (
	"regexp"
	"slices"
	"strings"
)

// endpoints are what the simulator promises to answer as Auth0 does, each with the pattern of its paths.
var endpoints = compile(
	"/oauth/token", "/oauth/device/code", "/oauth/revoke", "/dbconnections/signup", "/dbconnections/change_password", "/userinfo",
	"/.well-known/openid-configuration", "/.well-known/jwks.json",
	"/api/v2/users", "/api/v2/users/{id}", "/api/v2/users-by-email",
	"/api/v2/users/{id}/roles", "/api/v2/users/{id}/permissions", "/api/v2/users/{id}/organizations", "/api/v2/users/{id}/logs",
	"/api/v2/users/{id}/identities", "/api/v2/users/{id}/identities/{provider}/{user_id}", "/api/v2/users/{id}/sessions",
	"/api/v2/users/{id}/refresh-tokens", "/api/v2/users/{id}/revoke-access", "/api/v2/users/{id}/authentication-methods",
	"/api/v2/users/{id}/authentication-methods/{method}",
	"/api/v2/users/{id}/multifactor/actions/invalidate-remember-browser",
	"/api/v2/user-blocks", "/api/v2/user-blocks/{id}",
	"/api/v2/tickets/password-change", "/api/v2/tickets/email-verification",
	"/api/v2/jobs/users-imports", "/api/v2/jobs/users-exports", "/api/v2/jobs/verification-email", "/api/v2/jobs/{id}",
	"/api/v2/jobs/{id}/errors",
	"/api/v2/roles", "/api/v2/roles/{id}", "/api/v2/roles/{id}/permissions", "/api/v2/roles/{id}/users",
	"/api/v2/clients", "/api/v2/clients/{id}", "/api/v2/clients/{id}/rotate-secret", "/api/v2/clients/{id}/connections",
	"/api/v2/clients/{id}/credentials", "/api/v2/clients/{id}/credentials/{credential}",
	"/api/v2/client-grants", "/api/v2/client-grants/{id}", "/api/v2/client-grants/{id}/organizations",
	"/api/v2/resource-servers", "/api/v2/resource-servers/{id}",
	"/api/v2/connections", "/api/v2/connections/{id}", "/api/v2/connections/{id}/clients", "/api/v2/connections/{id}/users",
	"/api/v2/organizations", "/api/v2/organizations/{id}", "/api/v2/organizations/name/{name}",
	"/api/v2/organizations/{id}/members", "/api/v2/organizations/{id}/members/{user}/roles",
	"/api/v2/organizations/{id}/enabled_connections", "/api/v2/organizations/{id}/enabled_connections/{connection}",
	"/api/v2/organizations/{id}/client-grants", "/api/v2/organizations/{id}/client-grants/{grant}",
	"/api/v2/logs", "/api/v2/logs/{id}", "/api/v2/events",
	"/api/v2/event-streams", "/api/v2/event-streams/{id}", "/api/v2/event-streams/{id}/test",
	"/api/v2/event-streams/{id}/deliveries", "/api/v2/event-streams/{id}/deliveries/{event}",
	"/api/v2/event-streams/{id}/redeliver", "/api/v2/event-streams/{id}/redeliver/{event}", "/api/v2/event-streams/{id}/stats",
	"/api/v2/tenants/settings", "/api/v2/branding", "/api/v2/log-streams", "/api/v2/log-streams/{id}",
)

type pathPattern struct {
	template string
	form     *regexp.Regexp
}

var parameter = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func compile(templates ...string) []pathPattern {
	var out []pathPattern
	for _, t := range templates {
		form := parameter.ReplaceAllString(regexp.QuoteMeta(t), `[^/]+`)
		out = append(out, pathPattern{t, regexp.MustCompile("^" + form + "$")})
	}
	return out
}

// templateOf is the endpoint of a path, or "".
func templateOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	best := ""
	for _, p := range endpoints {
		if p.form.MatchString(path) && strings.Count(p.template, "{") <= braces(best) {
			best = p.template
		}
	}
	return best
}

func braces(template string) int {
	if template == "" {
		return 99
	}
	return strings.Count(template, "{")
}

// grants of /oauth/token that the simulator promises; the others it refuses with 501.
var grants = []string{
	"client_credentials", "password", "http://auth0.com/oauth/grant-type/password-realm", "refresh_token", "authorization_code",
	"urn:ietf:params:oauth:grant-type:device_code",
}

func inScope(i Interaction) bool {
	if i.Path == "/oauth/token" {
		return slices.Contains(grants, form(i).Get("grant_type"))
	}
	return templateOf(i.Path) != ""
}

func endpoint(i Interaction) string { return i.Method + " " + templateOf(i.Path) }
