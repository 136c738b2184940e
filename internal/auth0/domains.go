package auth0

import "context"

// HasCustomDomain reports whether a domain is one of the tenant's verified custom domains.
func (s *Session) HasCustomDomain(ctx context.Context, domain string) (bool, error) {
	domains, err := parseList(s.Do(ctx, get("/api/v2/custom-domains")))
	for _, known := range domains {
		if known.String("domain") == domain && known.String("status") == "ready" {
			return true, err
		}
	}
	return false, err
}
