package auth0

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// auth0Domains are the domains where Auth0 hosts tenants. It may know a tenant by more than one name there.
var auth0Domains = []string{".auth0.com", ".auth0app.com"}

// IsManagementAPI reports whether Auth0 may understand an API identifier or an audience as the tenant's Management API, whatever
// its spelling. It also returns true for spellings that Auth0 refuses today.
func (s *Session) IsManagementAPI(identifier string) bool {
	spelt := strings.ToLower(strings.TrimSpace(identifier))
	parsed, err := url.Parse(spelt)
	if err != nil {
		return strings.Contains(spelt, "api/v2")
	}
	if parsed.Host == "" {
		// The identifier has no scheme.
		if parsed, err = url.Parse("//" + spelt); err != nil {
			return strings.Contains(spelt, "api/v2")
		}
	}
	return path.Clean("/"+parsed.Path) == "/api/v2" && s.isHost(parsed.Hostname())
}

// isHost reports whether a host is the tenant, or may be another name of it.
func (s *Session) isHost(host string) bool {
	host = strings.TrimSuffix(host, ".")
	for _, domain := range []string{s.credentials.Domain, s.credentials.CustomDomain} {
		own, _, _ := strings.Cut(strings.ToLower(domain), ":")
		if own != "" && host == own {
			return true
		}
	}
	return slices.ContainsFunc(auth0Domains, func(domain string) bool { return strings.HasSuffix(host, domain) })
}

// IsManagementAudience reports whether an identifier is exactly that of the tenant's Management API. Domains are not case-sensitive.
func (s *Session) IsManagementAudience(identifier string) bool {
	return strings.EqualFold(identifier, s.ManagementAudience())
}
