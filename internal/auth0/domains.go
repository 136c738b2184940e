package auth0

import (
	"context"
	"net/http"
)

const routeCustomDomains = "/api/v2/custom-domains"

// HasCustomDomain reports whether a domain is one of the tenant's verified custom domains.
func (s *Session) HasCustomDomain(ctx context.Context, domain string) (bool, error) {
	answer, err := s.manage(ctx, http.MethodGet, routeCustomDomains, func(ctx context.Context) error {
		_, err := s.customDomainsAPI.List(ctx, nil)
		return err
	})
	domains, err := parseList(answer, err)
	for _, known := range domains {
		if known.String("domain") == domain && known.String("status") == "ready" {
			return true, err
		}
	}
	return false, err
}
