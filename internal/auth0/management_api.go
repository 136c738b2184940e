package auth0

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// auth0Domains are where Auth0 hosts tenants. A tenant may be known there by more than one name.
var auth0Domains = []string{".auth0.com", ".auth0app.com"}

// IsManagementAPI reports whether Auth0 may take an identifier of an API, or an audience, for the tenant's Management API, however it
// is spelt. It also reports true for spellings that Auth0 refuses today.
func (s *Session) IsManagementAPI(identifier string) bool {
	spelt := strings.ToLower(strings.TrimSpace(identifier))
	parsed, err := url.Parse(spelt)
	if err != nil {
		return strings.Contains(spelt, "api/v2")
	}
	if parsed.Host == "" {
		// Without a scheme.
		if parsed, err = url.Parse("//" + spelt); err != nil {
			return strings.Contains(spelt, "api/v2")
		}
	}
	return path.Clean("/"+parsed.Path) == "/api/v2" && s.isHost(parsed.Hostname())
}

// isHost reports whether a host is the tenant, or may be it by another name.
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
