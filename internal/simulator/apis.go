package simulator

import (
	"net/http"
	"net/url"
	"slices"
)

const apisPath = "/api/v2/resource-servers"

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

func apiRoutes() []*route {
	return []*route{
		get(apisPath, "read:resource_servers").queryOf(apiQuery).does(listAPIs),
		post(apisPath, http.StatusCreated, "create:resource_servers").bodyOf(apiCreation).
			logged("Create a resource server").does(createAPI),
		get(apisPath+"/{id}", "read:resource_servers").pathOf(apiPath).queryOf(queryOf(fieldParameters)).does(getAPI),
		change(apisPath+"/{id}", "update:resource_servers").pathOf(apiPath).bodyOf(apiChange).
			logged("Update a resource server").does(patchAPI),
		remove(apisPath+"/{id}", "delete:resource_servers").pathOf(apiPath).logged("Delete a resource server").does(deleteAPI),
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

// api finds the API in the path, by its ID or by its identifier, which clients encode once or twice.
func (c *call) api() (doc, bool) {
	id := c.params["id"]
	if api, ok := c.APIs.Get(id); ok {
		return api, true
	}
	if api, ok := c.apiIdentified(id); ok {
		return api, true
	}
	decoded, err := url.PathUnescape(id)
	if err != nil {
		return nil, false
	}
	return c.apiIdentified(decoded)
}

func noAPI() *failure {
	return apiError(http.StatusNotFound, "inexistent_resource_server", "The resource server does not exist")
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

func listAPIs(c *call) (any, error) {
	wanted := texts(c.query, "identifiers")
	found := c.APIs.Where(func(api doc) bool { return len(wanted) == 0 || contains(wanted, str(api, "identifier")) })
	c.linkHeader(len(found))
	return page(c, "resource_servers", found, c.showAPI)
}

func getAPI(c *call) (any, error) {
	api, ok := c.api()
	if !ok {
		return nil, noAPI()
	}
	return c.fields(c.showAPI(api)), nil
}

func createAPI(c *call) (any, error) {
	identifier := str(c.body, "identifier")
	if _, taken := c.apiIdentified(identifier); taken {
		return nil, apiError(http.StatusConflict, "", "A resource server with the same identifier already exists")
	}
	limit := entityLimits[c.options.RateLimit].apis
	if err := room(c.APIs, limit, func(api doc) bool { return !truth(api, "is_system") }); err != nil {
		return nil, err
	}
	given := patch(doc{}, c.body)
	if system := c.systemAPI(identifier); system != nil {
		given = patch(system, pick(given, "authorization_policy", "proof_of_possession"))
	}
	api := withDefaults(hideKey(given), doc{
		"id": objectID(c.now), "name": identifier, "signing_alg": "RS256", "allow_offline_access": false,
		"token_lifetime": 86400.0, "token_lifetime_for_web": 7200.0, "skip_consent_for_verifiable_first_party_clients": false,
	})
	if str(api, "signing_alg") == "HS256" && !has(api, "signing_secret") {
		c.SigningSecrets[str(api, "id")] = random(32, alphanumerics)
	}
	c.APIs.Put(str(api, "id"), api)
	return c.showAPI(api), nil
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

func patchAPI(c *call) (any, error) {
	api, ok := c.api()
	if !ok {
		return nil, noAPI()
	}
	if truth(api, "is_system") {
		if extra := omit(c.body, "token_lifetime", "token_lifetime_for_web", "skip_consent_for_verifiable_first_party_clients",
			"authorization_policy", "proof_of_possession", "subject_type_authorization"); len(extra) > 0 {
			return nil, apiError(http.StatusBadRequest, "operation_not_supported", "System resource servers cannot be modified.")
		}
	}
	changed := hideKey(patch(api, c.body))
	c.APIs.Put(str(api, "id"), changed)
	c.dropScopes(api, changed)
	return c.showAPI(changed), nil
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

// deleteAPI also deletes the API's grants and permissions. It keeps a system API, except one that a tenant adds itself.
func deleteAPI(c *call) (any, error) {
	api, ok := c.api()
	if !ok {
		return nil, nil
	}
	if str(api, "identifier") == c.audience() {
		return nil, apiError(http.StatusBadRequest, "operation_not_supported", "System resource servers cannot be deleted.")
	}
	identifier := str(api, "identifier")
	c.dropScopes(api, doc{"identifier": identifier})
	c.removeGrants(func(g doc) bool { return str(g, "audience") == identifier })
	c.APIs.Delete(str(api, "id"))
	return nil, nil
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
