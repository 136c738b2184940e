package simulator

import (
	"net/http"
	"net/url"
	"slices"
)

var (
	apiPath     = objectOf(`id! string len=1.. # ID or audience of the resource server.`)
	apiCreation = objectOf(`
name string len=1..200 pattern=^[^<>]*$ # Friendly name for this resource server. Can not contain < or > characters.
identifier! string len=1..600 # Unique identifier for the API used as the audience parameter on authorization calls. Can not be changed once set.
scopes array<object> len=..1000 # List of permissions (scopes) that this API uses.
  value! string len=1..280 # Value of this scope.
  description string len=..500 # User-friendly description of this scope.
signing_alg string enum=HS256,RS256,RS512,PS256 # Algorithm used to sign JWTs. Can be HS256 (default) or RS256. PS256 available via addon.
signing_secret string len=16.. # Secret used to sign tokens when using symmetric algorithms (HS256).
allow_offline_access boolean # Whether refresh tokens can be issued for this API (true) or not (false).
allow_online_access boolean
allow_online_access_with_ephemeral_sessions boolean
token_lifetime integer range=0..2592000 # Expiration value (in seconds) for access tokens issued for this API from the token endpoint.
token_lifetime_for_web integer range=0..2592000 # Expiration value (in seconds) for access tokens issued for this API via Implicit or Hybrid Flows. Cannot be greater than the token_lifetime value.
token_dialect string enum=access_token,access_token_authz,rfc9068_profile,rfc9068_profile_authz # Dialect of issued access token.
skip_consent_for_verifiable_first_party_clients boolean # Whether to skip user consent for applications flagged as first party (true) or not (false).
enforce_policies boolean # Whether to enforce authorization policies (true) or to ignore them (false).
token_encryption object?
consent_policy string?
authorization_details array?
proof_of_possession object?
subject_type_authorization object
authorization_policy object?
verificationLocation string
`)
	apiChange = apiCreation.without("identifier")
	apiQuery  = queryOf(offsetParameters, `
identifiers array<string> # An optional filter on the resource server identifier. Must be URL encoded and may be specified multiple times (max 10).
include_fields boolean # Whether specified fields are to be included (true) or excluded (false).
fields string
`)
)

// apis are the APIs that tokens are for; Auth0 calls them resource servers.
func apis() resource {
	return &collection[doc]{
		path: "resource-servers", title: "a resource server", scopes: "resource_servers", inPath: apiPath,
		table:   func(c *call) (*table[doc], error) { return c.APIs, nil },
		id:      identifier{field: "id", new: func(c *call) string { return objectID(c.now) }},
		key:     apiInPath,
		list:    &operation{query: apiQuery},
		get:     &operation{query: queryOf(fieldParameters)},
		create:  &operation{body: apiCreation},
		update:  &operation{body: apiChange},
		remove:  &operation{},
		items:   "resource_servers",
		linked:  true,
		filters: map[string]string{"identifiers": "identifier"},
		unique:  []unique{{fields: []string{"identifier"}, message: "A resource server with the same identifier already exists"}},
		limit:   map[RateLimit]int{RateLimitFree: 10, RateLimitSelfService: 100, RateLimitEnterprise: 100000},
		counts:  func(api doc) bool { return !truth(api, "is_system") },
		missing: func() *failure {
			return apiError(http.StatusNotFound, "inexistent_resource_server", "The resource server does not exist")
		},
		check:   checkAPI,
		build:   buildAPI,
		release: releaseAPI,
		changed: apiChanged,
		show:    func(c *call, api doc) doc { return c.showAPI(api) },
	}
}

func (t *tenant) apiIdentified(identifier string) (doc, bool) {
	return t.APIs.First(func(api doc) bool { return str(api, "identifier") == identifier })
}

// scopeOf is the scope of an API with this name.
func scopeOf(api doc, name string) doc {
	for _, item := range list(api, "scopes") {
		if scope, ok := item.(doc); ok && str(scope, "value") == name {
			return scope
		}
	}
	return nil
}

func scopeNamesOf(api doc) []string {
	var out []string
	for _, item := range list(api, "scopes") {
		out = append(out, str(item.(doc), "value"))
	}
	return out
}

// apiInPath is the ID of the API in the path, which may be its identifier, encoded once or twice.
func apiInPath(c *call) string {
	id := c.params["id"]
	if c.APIs.Has(id) {
		return id
	}
	decoded, err := url.PathUnescape(id)
	if err != nil {
		decoded = id
	}
	for _, identifier := range []string{id, decoded} {
		if api, ok := c.apiIdentified(identifier); ok {
			return str(api, "id")
		}
	}
	return id
}

// showAPI hides the signing secret from callers who may not see it.
func (c *call) showAPI(api doc) doc {
	out := clone(api)
	for _, client := range c.Clients.Where(func(o *client) bool {
		return str(o.Doc, "resource_server_identifier") == str(api, "identifier")
	}) {
		out["client_id"] = client.ID
	}
	return out
}

// checkAPI keeps Auth0's own APIs.
func checkAPI(c *call, before, _ doc) error {
	if !truth(before, "is_system") {
		return nil
	}
	if extra := omit(c.body, "token_lifetime", "token_lifetime_for_web", "skip_consent_for_verifiable_first_party_clients",
		"authorization_policy", "proof_of_possession", "subject_type_authorization"); len(extra) > 0 {
		return apiError(http.StatusBadRequest, "operation_not_supported", "System resource servers cannot be modified.")
	}
	return nil
}

func buildAPI(c *call, before, d doc) (doc, error) {
	if before != nil {
		changed := hideKey(d)
		c.dropScopes(before, changed)
		return changed, nil
	}
	if system := c.systemAPI(str(d, "identifier")); system != nil {
		d = patch(system, pick(d, "id", "authorization_policy", "proof_of_possession"))
	}
	api := withDefaults(hideKey(d), doc{
		"name": d["identifier"], "signing_alg": "RS256", "allow_offline_access": false,
		"token_lifetime": 86400.0, "token_lifetime_for_web": 7200.0, "skip_consent_for_verifiable_first_party_clients": false,
	})
	if str(api, "signing_alg") == "HS256" && !has(api, "signing_secret") {
		c.SigningSecrets[str(api, "id")] = random(32, alphanumerics)
	}
	return api, nil
}

// hideKey removes the PEM from an encryption key, because Auth0 never returns it.
func hideKey(api doc) doc {
	key, ok := at(api, "token_encryption.encryption_key").(doc)
	if !ok {
		return api
	}
	encryption := patch(object(api, "token_encryption"), doc{"encryption_key": omit(key, "pem")})
	return patch(api, doc{"token_encryption": encryption})
}

// dropScopes removes the deleted scopes of an API from roles, users and grants.
func (c *call) dropScopes(before, after doc) {
	identifier := str(before, "identifier")
	gone := func(name string) bool { return scopeOf(after, name) == nil }
	lost := false
	for _, name := range scopeNamesOf(before) {
		lost = lost || gone(name)
	}
	if !lost {
		return
	}
	stale := func(p permission) bool { return p.API == identifier && gone(p.Name) }
	for id, r := range c.Roles.All() {
		if slices.ContainsFunc(r.Permissions, stale) {
			changed := *r
			changed.Permissions = slices.DeleteFunc(slices.Clone(r.Permissions), stale)
			c.Roles.Put(id, &changed)
		}
	}
	for _, u := range c.Users.Where(func(u *user) bool { return slices.ContainsFunc(u.Permissions, stale) }) {
		changed := *u
		changed.Permissions = slices.DeleteFunc(slices.Clone(u.Permissions), stale)
		c.putUser(&changed)
	}
	for id, g := range c.Grants.All() {
		if str(g, "audience") == identifier && has(g, "scope") {
			left := slices.DeleteFunc(texts(g, "scope"), gone)
			c.Grants.Put(id, patch(g, doc{"scope": anys(left)}))
		}
	}
}

// releaseAPI keeps the Management API. Of the other system APIs, a tenant has only those that it adds itself.
func releaseAPI(c *call, api doc) error {
	if str(api, "identifier") == c.audience() {
		return apiError(http.StatusBadRequest, "operation_not_supported", "System resource servers cannot be deleted.")
	}
	return nil
}

// apiChanged deletes the permissions and grants of a deleted API.
func apiChanged(c *call, what string, api doc) {
	if what != "deleted" {
		return
	}
	identifier := str(api, "identifier")
	c.dropScopes(api, doc{"identifier": identifier})
	c.removeGrants(func(g doc) bool { return str(g, "audience") == identifier })
}

// systemAPI is a new API with one of the identifiers that Auth0 reserves.
func (s *Server) systemAPI(identifier string) doc {
	switch identifier {
	case "urn:auth0:express-configure":
		return doc{
			"name": "Okta OIN Express Configuration API", "identifier": identifier, "is_system": true, "token_lifetime": 300.0,
			"enforce_policies": true, "scopes": []any{
				doc{"value": "express_configure:sso", "description": "Ability to create SSO configurations"},
				doc{"value": "express_configure:scim", "description": "Ability to create scim configurations"},
			},
			"subject_type_authorization": doc{"user": doc{"policy": "allow_all"}, "client": doc{"policy": "deny_all"}},
		}
	case s.URL + "/me/":
		return doc{
			"name": "Auth0 My Account API", "identifier": identifier, "is_system": true, "token_lifetime": 600.0,
			"token_lifetime_for_web": 600.0, "allow_offline_access": true, "skip_consent_for_verifiable_first_party_clients": true,
			"proof_of_possession": doc{"mechanism": "dpop", "required": false}, "scopes": []any{
				doc{"value": "create:me:connected_accounts", "description": "Create Connected Accounts"},
				doc{"value": "read:me:connected_accounts", "description": "Read Connected Accounts"},
				doc{"value": "delete:me:connected_accounts", "description": "Delete Connected Accounts"},
			},
			"subject_type_authorization": doc{"user": doc{"policy": "require_client_grant"}, "client": doc{"policy": "deny_all"}},
		}
	}
	return nil
}
