package simulator

func discoveryRoutes() []*route {
	open := func(path string) *route { return get(path) }
	return []*route{
		open("/.well-known/openid-configuration").does(discovery),
		open("/.well-known/oauth-authorization-server").does(discovery),
		open("/.well-known/jwks.json").in(groupJWKS).does(jwks),
	}
}

func discovery(c *call) (any, error) {
	at := func(path string) string { return c.URL + path }
	return doc{
		"issuer":                        c.issuer(),
		"authorization_endpoint":        at("/authorize"),
		"token_endpoint":                at("/oauth/token"),
		"device_authorization_endpoint": at("/oauth/device/code"),
		"userinfo_endpoint":             at("/userinfo"),
		"mfa_challenge_endpoint":        at("/mfa/challenge"),
		"jwks_uri":                      at("/.well-known/jwks.json"),
		"registration_endpoint":         at("/oidc/register"),
		"revocation_endpoint":           at("/oauth/revoke"),
		"end_session_endpoint":          at("/oidc/logout"),
		"scopes_supported": []string{"openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname",
			"email", "email_verified", "picture", "created_at", "identities", "phone", "address"},
		"response_types_supported": []string{"code", "token", "id_token", "code token", "code id_token", "token id_token",
			"code token id_token"},
		"code_challenge_methods_supported":                 []string{"S256", "plain"},
		"response_modes_supported":                         []string{"query", "fragment", "form_post"},
		"subject_types_supported":                          []string{"public"},
		"token_endpoint_auth_methods_supported":            []string{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "RS384", "PS256"},
		"claims_supported": []string{"aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name",
			"given_name", "iat", "identities", "iss", "name", "nickname", "phone_number", "picture", "sub"},
		"request_uri_parameter_supported":       false,
		"request_parameter_supported":           false,
		"id_token_signing_alg_values_supported": []string{"HS256", "RS256", "PS256"},
		"backchannel_logout_supported":          true,
		"backchannel_logout_session_supported":  true,
	}, nil
}

func jwks(*call) (any, error) {
	keys := []any{}
	for _, key := range signingKeys() {
		keys = append(keys, key.jwk())
	}
	return doc{"keys": keys}, nil
}
