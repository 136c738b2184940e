package simulator

import (
	"crypto/sha1" //nolint:gosec // Auth0 shows SHA-1 thumbprints of signing certificates
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"strings"
)

// strategy is what Auth0 adds to connections of one kind.
type strategy struct {
	enterprise  bool // has show_as_button
	provisioned bool // has a provisioning_ticket_url
	named       bool // display_name is the name unless given
	plain       bool // has neither authentication nor connected_accounts
	urls        bool // URLs that are given as null are gone when it is read
	// creating are options that a new connection gets; a PATCH, which replaces the options whole, does not bring them back.
	creating doc
	// always are options that come back after each PATCH.
	always doc
	// complete adds what follows from the options.
	complete func(options doc, patching bool)
}

var protected = doc{"brute_force_protection": true}

// strategies are the kinds of connection of which something was recorded. Others keep what they are given.
var strategies = map[string]strategy{
	"ad":   {enterprise: true, provisioned: true, creating: protected, always: doc{"ips": nil}},
	"adfs": {enterprise: true, provisioned: true, complete: completeADFS},
	"auth0": {
		creating: doc{"mfa": doc{"active": true, "return_enroll_settings": true}, "strategy_version": 2.0},
		always:   protected,
		complete: completeDatabase,
	},
	"email":       {creating: protected},
	"facebook":    {always: doc{"scope": ""}},
	"github":      {always: doc{"scope": []any{}}},
	"google-apps": {enterprise: true, provisioned: true, always: doc{"map_user_id_to_id": false, "email": true, "profile": true, "scope": []any{"email", "profile"}, "handle_login_from_social": true}, complete: completeGoogleApps},
	"google-oauth2": {complete: func(options doc, _ bool) {
		addScopes(options, [][2]string{
			{"email", "email"}, {"profile", "profile"}, {"calendar", "https://www.googleapis.com/auth/calendar"},
			{"youtube", "https://www.googleapis.com/auth/youtube"},
		}, "email", "profile")
	}},
	"line": {urls: true, complete: func(options doc, _ bool) {
		options["profile"] = true
		options["scope"] = []any{"openid", "profile"}
		if truth(options, "email") {
			options["scope"] = []any{"openid", "email", "profile"}
		}
	}},
	"linkedin": {complete: func(options doc, _ bool) {
		options["profile"], options["scope"] = true, []any{"r_basicprofile"}
		if number(options, "strategy_version", 1) >= 2 {
			options["scope"] = []any{"r_liteprofile"}
		}
	}},
	"oauth1":       {plain: true},
	"oidc":         {enterprise: true, named: true, complete: completeOIDC},
	"okta":         {enterprise: true, named: true, complete: completeOkta},
	"pingfederate": {enterprise: true, provisioned: true, complete: completePingFederate},
	"salesforce":   {always: doc{"scope": []any{}}},
	"samlp":        {enterprise: true, provisioned: true, complete: func(options doc, _ bool) { addCertificate(options) }},
	"sms":          {creating: protected},
	"waad":         {enterprise: true, provisioned: true, named: true, complete: completeAzure},
	"windowslive": {complete: func(options doc, _ bool) {
		options["signin"], options["scope"] = true, []any{"wl.signin"}
		if number(options, "strategy_version", 1) >= 2 {
			options["scope"] = []any{}
		}
	}},
	"wordpress": {urls: true, complete: func(options doc, _ bool) { options["profile"], options["scope"] = true, []any{"profile"} }},
}

// completeOptions adds what Auth0 adds to the options of a connection.
func (s *Server) completeOptions(kind string, given doc, patching bool) doc {
	rules := strategies[kind]
	out := withDefaults(given, rules.always)
	if !patching {
		out = withDefaults(out, rules.creating)
	}
	if rules.complete != nil {
		rules.complete(out, patching)
	}
	switch kind {
	case "auth0":
		s.completeForDate(out)
	case "okta":
		s.completeOktaMetadata(out)
	case "waad":
		setDefaultKey(out, "app_domain", s.Domain)
	}
	return out
}

// kept is what of the options is kept; the answer to the request shows all of them.
func kept(kind string, options doc) doc {
	if !strategies[kind].urls {
		return options
	}
	out := clone(options)
	for _, key := range []string{"authorizationURL", "tokenURL"} {
		if out[key] == nil {
			delete(out, key)
		}
	}
	return out
}

// completeForDate adds what databases have as of the API's date.
func (s *Server) completeForDate(options doc) {
	if s.shows(sincePasskeys) {
		setDefaultKey(options, "authentication_methods", doc{"password": doc{"enabled": true}, "passkey": doc{"enabled": false}})
		setDefaultKey(options, "passkey_options", doc{
			"challenge_ui": "both", "progressive_enrollment_enabled": true, "local_enrollment_enabled": true,
		})
	}
	if password, ok := at(options, "authentication_methods.password").(doc); ok && s.shows(sincePasswordBehavior) {
		options["authentication_methods"] = patch(object(options, "authentication_methods"), doc{
			"password": withDefaults(password, doc{"api_behavior": "required", "signup_behavior": "allow"}),
		})
	}
	if email, ok := at(options, "attributes.email").(doc); ok && s.shows(sinceUniqueEmail) {
		options["attributes"] = patch(object(options, "attributes"), doc{"email": withDefaults(email, doc{"unique": true})})
	}
}

// completeOktaMetadata adapts the copy of Okta's metadata to the API's date.
func (s *Server) completeOktaMetadata(options doc) {
	metadata, ok := options["oidc_metadata"].(doc)
	if !ok {
		return
	}
	if !s.shows(sinceOktaPushed) {
		metadata = omit(metadata, "pushed_authorization_request_endpoint", "backchannel_token_delivery_modes_supported",
			"backchannel_authentication_request_signing_alg_values_supported")
		metadata["grant_types_supported"] = list(metadata, "grant_types_supported")[:min(5, len(list(metadata, "grant_types_supported")))]
	}
	if s.shows(sinceOktaEncryption) {
		metadata = withDefaults(metadata, doc{
			"id_token_encryption_alg_values_supported": anys(strings.Fields("RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512")),
			"id_token_encryption_enc_values_supported": anys(strings.Fields("A256GCM")),
		})
	}
	options["oidc_metadata"] = metadata
}

// completeDatabase gives a database its password policy, in the generation of options that it uses, and completes its
// attributes.
func completeDatabase(options doc, patching bool) {
	if modern, ok := options["password_options"].(doc); ok {
		options["password_options"] = completePasswordOptions(modern)
	} else if !patching {
		setDefaultKey(options, "passwordPolicy", "good")
	}
	attributes, ok := options["attributes"].(doc)
	if !ok {
		return
	}
	if email, ok := attributes["email"].(doc); ok {
		options["attributes"] = patch(attributes, doc{
			"email": withDefaults(email, doc{"verification_method": "link"}),
		})
	}
}

func setDefaultKey(d doc, key string, value any) {
	if !has(d, key) {
		d[key] = value
	}
}

func completePasswordOptions(given doc) doc {
	part := func(name string, defaults doc) doc { return withDefaults(object(given, name), defaults) }
	return doc{
		"complexity": part("complexity", doc{
			"min_length": 15.0, "character_types": []any{}, "character_type_rule": "all", "identical_characters": "allow",
			"sequential_characters": "allow", "max_length_exceeded": "error",
		}),
		"profile_data": part("profile_data", doc{"active": false, "blocked_fields": []any{"name", "username", "nickname", "email",
			"phone_number", "user_metadata.name", "user_metadata.first", "user_metadata.last"}}),
		"history":    part("history", doc{"active": false, "size": 3.0}),
		"dictionary": part("dictionary", doc{"active": false, "custom": []any{}, "default": "en_100k"}),
	}
}

// addScopes lists the scopes of the options that are on: first the declared ones, then the defaults.
func addScopes(options doc, scopes [][2]string, defaults ...string) {
	list := []any{}
	for _, s := range scopes {
		if truth(options, s[0]) {
			list = append(list, s[1])
		}
	}
	for _, s := range scopes {
		if contains(defaults, s[0]) && !has(options, s[0]) {
			options[s[0]] = true
			list = append(list, s[1])
		}
	}
	options["scope"] = list
}

func completeGoogleApps(options doc, patching bool) {
	if patching {
		setDefaultKey(options, "api_enable_users", true)
	}
}

func completeAzure(options doc, _ bool) {
	for key, value := range (doc{
		"thumbprints": []any{}, "identity_api": "microsoft-identity-platform-v2.0", "useCommonEndpoint": false,
		"should_trust_email_verified_connection": "never_set_emails_as_verified", "waad_common_endpoint": false,
		"use_wsfed": false, "waad_protocol": "openid-connect",
	}) {
		setDefaultKey(options, key, value)
	}
}

// wsFederationEndpoint is where a federation's metadata says that one signs in.
var wsFederationEndpoint = regexp.MustCompile(`(?s)PassiveRequestorEndpoint>.*?<(?:\w+:)?Address>\s*([^<\s]+)`)

func completeADFS(options doc, _ bool) {
	options["thumbprints"] = []any{}
	options["should_trust_email_verified_connection"] = "always_set_emails_as_verified"
	if found := wsFederationEndpoint.FindStringSubmatch(str(options, "fedMetadataXml")); found != nil {
		options["signInEndpoint"] = found[1]
	}
}

func completePingFederate(options doc, _ bool) {
	addCertificate(options)
	delete(options, "signingCert")
	setDefaultKey(options, "signInEndpoint", options["pingFederateBaseUrl"])
}

// addCertificate shows what the signing certificate says.
func addCertificate(options doc) {
	block, _ := pem.Decode([]byte(str(options, "signingCert")))
	if block == nil {
		return
	}
	sum := sha1.Sum(block.Bytes) //nolint:gosec // see the import
	options["thumbprints"] = []any{hex.EncodeToString(sum[:])}
	options["cert"] = options["signingCert"]
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return
	}
	names := map[string]string{"2.5.4.3": "commonName", "2.5.4.6": "countryName", "2.5.4.7": "localityName",
		"2.5.4.8": "stateOrProvinceName", "2.5.4.10": "organizationName", "2.5.4.11": "organizationalUnitName"}
	subject := doc{}
	for _, attribute := range cert.Subject.Names {
		if name := names[attribute.Type.String()]; name != "" {
			subject[name] = attribute.Value
		}
	}
	options["expires"], options["subject"] = timestamp(cert.NotAfter), subject
}

// unstatedMetadata is what OpenID Connect Discovery means where a provider says nothing.
var unstatedMetadata = doc{"claims_parameter_supported": false, "request_parameter_supported": false,
	"request_uri_parameter_supported": false, "require_request_uri_registration": false}

func completeOIDC(options doc, _ bool) {
	setDefaultKey(options, "type", "front_channel")
	setDefaultKey(options, "schema_version", "oidc-V4")
	setDefaultKey(options, "attribute_map", doc{"mapping_mode": "bind_all"})
	setDefaultKey(options, "connection_settings", doc{"pkce": "auto"})
	metadata, ok := options["oidc_metadata"].(doc)
	if !ok {
		return
	}
	metadata = withDefaults(metadata, unstatedMetadata)
	options["oidc_metadata"] = metadata
	takeEndpoints(options, metadata)
}

// takeEndpoints fills in missing endpoints from the provider's metadata.
func takeEndpoints(options, metadata doc) {
	for _, key := range []string{"userinfo_endpoint", "token_endpoint", "authorization_endpoint", "issuer", "jwks_uri"} {
		if options[key] == nil && metadata[key] != nil {
			options[key] = metadata[key]
		}
	}
}

func completeOkta(options doc, _ bool) {
	setDefaultKey(options, "type", "back_channel")
	setDefaultKey(options, "schema_version", "oidc-V4")
	setDefaultKey(options, "attribute_map", doc{"mapping_mode": "basic_profile"})
	setDefaultKey(options, "connection_settings", doc{"pkce": "auto"})
	if domain := str(options, "domain"); domain != "" {
		metadata := withDefaults(oktaMetadata(domain), unstatedMetadata)
		setDefaultKey(options, "oidc_metadata", metadata)
		takeEndpoints(options, metadata)
	}
}

// oktaMetadata is what an Okta organization publishes about itself; Auth0 keeps a copy in the connection.
func oktaMetadata(domain string) doc {
	base := "https://" + domain
	words := func(text string) []any { return anys(strings.Fields(text)) }
	authentication := words("client_secret_basic client_secret_post client_secret_jwt private_key_jwt none")
	algorithms := words("HS256 HS384 HS512 RS256 RS384 RS512 ES256 ES384 ES512")
	return doc{
		"issuer":                                base,
		"authorization_endpoint":                base + "/oauth2/v1/authorize",
		"token_endpoint":                        base + "/oauth2/v1/token",
		"userinfo_endpoint":                     base + "/oauth2/v1/userinfo",
		"registration_endpoint":                 base + "/oauth2/v1/clients",
		"jwks_uri":                              base + "/oauth2/v1/keys",
		"introspection_endpoint":                base + "/oauth2/v1/introspect",
		"revocation_endpoint":                   base + "/oauth2/v1/revoke",
		"end_session_endpoint":                  base + "/oauth2/v1/logout",
		"device_authorization_endpoint":         base + "/oauth2/v1/device/authorize",
		"pushed_authorization_request_endpoint": base + "/oauth2/v1/par",
		"response_types_supported":              []any{"code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"},
		"response_modes_supported":              words("query fragment form_post okta_post_message"),
		"grant_types_supported": words(`authorization_code implicit refresh_token password
			urn:ietf:params:oauth:grant-type:device_code urn:openid:params:grant-type:ciba
			urn:okta:params:oauth:grant-type:otp http://auth0.com/oauth/grant-type/mfa-otp
			urn:okta:params:oauth:grant-type:oob http://auth0.com/oauth/grant-type/mfa-oob`),
		"subject_types_supported":               words("public"),
		"id_token_signing_alg_values_supported": words("RS256"),
		"scopes_supported":                      words("openid email profile address phone offline_access groups"),
		"token_endpoint_auth_methods_supported": authentication,
		"claims_supported": words(`iss ver sub aud iat exp jti auth_time amr idp nonce name nickname preferred_username given_name
			middle_name family_name email email_verified profile zoneinfo locale address phone_number picture website gender
			birthdate updated_at at_hash c_hash`),
		"code_challenge_methods_supported":                                words("S256"),
		"introspection_endpoint_auth_methods_supported":                   authentication,
		"revocation_endpoint_auth_methods_supported":                      authentication,
		"request_parameter_supported":                                     true,
		"request_object_signing_alg_values_supported":                     algorithms,
		"backchannel_token_delivery_modes_supported":                      words("poll"),
		"backchannel_authentication_request_signing_alg_values_supported": algorithms,
		"dpop_signing_alg_values_supported":                               words("RS256 RS384 RS512 ES256 ES384 ES512"),
	}
}
