package auth0

import "testing"

func TestIsManagementAPI(t *testing.T) {
	s := &Session{credentials: Credentials{Domain: "example.eu.auth0.com", CustomDomain: "login.example.com"}}
	for identifier, want := range map[string]bool{
		"https://example.eu.auth0.com/api/v2/":        true,
		"https://example.eu.auth0.com/api/v2":         true,
		"https://EXAMPLE.eu.auth0.com/API/v2/":        true,
		"HTTPS://example.eu.auth0.com/api/v2/":        true,
		"http://example.eu.auth0.com/api/v2/":         true,
		"example.eu.auth0.com/api/v2/":                true,
		"//example.eu.auth0.com/api/v2/":              true,
		"https://example.eu.auth0.com:443/api/v2/":    true,
		"https://example.eu.auth0.com./api/v2/":       true,
		"https://example.eu.auth0.com//api//v2//":     true,
		"https://example.eu.auth0.com/x/../api/v2/":   true,
		"https://example.eu.auth0.com/api/%76%32/":    true,
		"https://example.eu.auth0.com/api/v2/?x=1#y":  true,
		"https://user@example.eu.auth0.com/api/v2/":   true,
		"https://login.example.com/api/v2/":           true,
		"https://example.us.auth0.com/api/v2/":        true, // may be the same tenant
		"https://example.eu.auth0.com/api/v2/%zz":     true, // cannot be read
		"https://example.eu.auth0.com/api/v2/users":   false,
		"https://example.eu.auth0.com/userinfo":       false,
		"https://example.eu.auth0.com/me/":            false,
		"https://orders.example.com/api/v2/":          false, // an API of one's own
		"https://evil-auth0.com/api/v2/":              false,
		"https://orders.example.com/":                 false,
		"urn:orders":                                  false,
		"":                                            false,
		"https://auth0.com.example.com/api/v2/orders": false,
	} {
		if got := s.IsManagementAPI(identifier); got != want {
			t.Errorf("%q: %t, want %t", identifier, got, want)
		}
	}
	if !s.IsManagementAPI(" https://example.eu.auth0.com/api/v2/\n") {
		t.Error("white space around the audience hides it")
	}
	simulated := &Session{credentials: Credentials{Domain: "localhost:3443"}}
	if !simulated.IsManagementAPI(simulated.ManagementAudience()) {
		t.Error("a domain with a port is not known by its own audience")
	}
}
