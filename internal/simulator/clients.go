package simulator

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// client is an application.
type client struct {
	ID          string
	Secret      string
	Doc         doc // as the API shows it, without id, secret and keys
	Credentials *table[*credential]
}

const clientsPath = "/api/v2/clients"

var clientPath = objectOf(`
id string len=1.. # ID of the client.
client_id string len=1.. # ID of the client.
credential_id string len=1.. # ID of the credential.
`)

// clientChange allows null where Auth0's definition of its API does (the types of node-auth0 are generated from it).
var clientChange = objectOf(`
name string len=1.. pattern=^[^<>]+$ # Name of this client (min length: 1 character, does not allow < or >).
description string len=..140 # Free text description of this client (max length: 140 characters).
client_secret string len=1.. # The secret used to sign tokens for the client
logo_uri string # URL of the logo to display for this client. Recommended size is 150x150 pixels.
callbacks array<string> # Comma-separated list of URLs whitelisted for Auth0 to use as a callback to the client after authentication.
oidc_logout object # Configuration for OIDC backchannel logout
oidc_backchannel_logout object # Configuration for OIDC backchannel logout (deprecated)
session_transfer object? # Native to Web SSO Configuration
allowed_origins array<string> # Comma-separated list of URLs allowed to make requests from JavaScript to Auth0 API (typically used with CORS).
web_origins array<string> # Comma-separated list of allowed origins for use with Cross-Origin Authentication, Device Flow, and web message response mode.
client_aliases array<string> # List of audiences/realms for SAML protocol. Used by the wsfed addon.
allowed_clients array<string> # List of allow clients and API ids that are allowed to make delegation requests.
allowed_logout_urls array<string> # Comma-separated list of URLs that are valid to redirect to after logout from Auth0.
grant_types array<string> # List of grant types supported for this application.
token_endpoint_auth_method string? enum=none,client_secret_post,client_secret_basic # Defines the requested authentication method for the token endpoint.
is_token_endpoint_ip_header_trusted boolean # If true, trust that the IP specified in the auth0-forwarded-for header is the end-user's IP for brute-force-protection on token endpoint.
app_type string enum=native,spa,regular_web,non_interactive,resource_server,express_configuration,rms,box,cloudbees,concur,dropbox,mscrm,echosign,egnyte,newrelic,office365,salesforce,sentry,sharepoint,slack,springcm,zendesk,zoom,sso_integration,oag # The type of application this client represents
is_first_party boolean # Whether this client a first party client or not
oidc_conformant boolean # Whether this client conforms to strict OIDC specifications (true) or uses legacy features (false).
jwt_configuration object # An object that holds settings related to how JWTs are created
  lifetime_in_seconds integer
  secret_encoded boolean
  scopes object
  alg string enum=HS256,RS256,RS512,PS256
encryption_key object? # The client's encryption key
sso boolean # Applies only to SSO clients and determines whether Auth0 will handle Single Sign On (true) or whether the Identity Provider will (false).
sso_disabled boolean # true to disable Single Sign On, false otherwise (default: false)
cross_origin_authentication boolean # Whether this client can be used to make cross-origin authentication requests (true) or it is not allowed to make such requests (false).
cross_origin_auth boolean
cross_origin_loc string? # URL of the location in your site where the cross origin verification takes place.
custom_login_page_on boolean # true if the custom login page is to be used, false otherwise. (default: true)
custom_login_page string # The content (HTML, CSS, JS) of the custom login page.
custom_login_page_preview string # The content (HTML, CSS, JS) of the custom login page. (Used on Previews)
form_template string # HTML form template to be used for WS-Federation.
addons object # Addons enabled for this client and their associated configurations.
client_metadata object # Metadata associated with the client, in the form of an object with string values (max 255 chars). Maximum of 10 metadata properties allowed.
mobile object # Additional configuration for native mobile apps.
initiate_login_uri string format=absolute-https-uri-with-placeholders-or-empty # Initiate login uri, must be https
native_social_login object
fedcm_login object
refresh_token object? # Refresh token configuration
  rotation_type string enum=rotating,non-rotating
  expiration_type string enum=expiring,non-expiring
  leeway integer range=0..60
  token_lifetime integer range=1..31557600
  infinite_token_lifetime boolean
  idle_token_lifetime integer range=1..31557600
  infinite_idle_token_lifetime boolean
  policies array<object>?
    audience! string
    scope! array<string>
default_organization object? # Defines the default Organization ID and flows
organization_usage string? enum=deny,allow,require # Defines how to proceed during an authentication transaction with regards an organization.
organization_require_behavior string? enum=no_prompt,pre_login_prompt,post_login_prompt # Defines how to proceed during an authentication transaction when organization_usage: 'require'.
organization_discovery_methods array<string>? enum=email,organization_name # Defines the available methods for organization discovery during the pre_login_prompt.
client_authentication_methods object? # Defines client authentication methods.
  private_key_jwt object
    credentials! array<object> open
  tls_client_auth object
    credentials! array<object> open
  self_signed_tls_client_auth object
    credentials! array<object> open
require_pushed_authorization_requests boolean # Makes the use of Pushed Authorization Requests mandatory for this client
require_proof_of_possession boolean # Makes the use of Proof-of-Possession mandatory for this client
signed_request_object object
token_vault_privileged_access object?
compliance_level string? enum=none,fapi1_adv_pkj_par,fapi1_adv_mtls_par,fapi2_sp_pkj_mtls,fapi2_sp_mtls_mtls # Defines the compliance level for this client
skip_non_verifiable_callback_uri_confirmation_prompt boolean? # Controls whether a confirmation prompt is shown during login flows when the redirect URI uses non-verifiable callback URIs
token_exchange object? # Configuration for token exchange.
par_request_expiry integer? range=10..600 # Specifies how long, in seconds, a Pushed Authorization Request URI remains valid
token_quota object?` + quotaProperties + `
express_configuration object?
my_organization_configuration object?
async_approval_notification_channels array<string>?
third_party_security_mode string enum=strict,permissive
redirection_policy string enum=allow_always,open_redirect_protection
`)

var clientCreation = clientChange.without("client_secret", "name").extend(`
name! string len=1.. pattern=^[^<>]+$ # Name of this client (min length: 1 character, does not allow < or >).
resource_server_identifier string len=1.. # The identifier of the resource server that this client is linked to.
`).notNull("cross_origin_loc", "token_endpoint_auth_method", "token_quota", "organization_usage", "organization_require_behavior",
	"organization_discovery_methods", "client_authentication_methods", "skip_non_verifiable_callback_uri_confirmation_prompt",
	"token_exchange", "express_configuration", "my_organization_configuration", "async_approval_notification_channels")

var clientQuery = queryOf(offsetParameters, checkpointParameters, fieldParameters, `
is_global boolean # Optional filter on the global client parameter.
is_first_party boolean # Optional filter on whether or not a client is a first-party client.
app_type string # Optional filter by a comma-separated list of application types.
external_client_id string
q string # Advanced Query in Lucene syntax.
`)

// clients are the applications. A deletion succeeds even without one.
func clients() resource {
	read := []string{"read:clients", "read:client_keys", "read:client_credentials", "read:client_summary"}
	return &collection[*client]{
		path: "clients", title: "a client", scopes: "clients", inPath: clientPath,
		table:  func(c *call) (*table[*client], error) { return c.Clients, nil },
		doc:    func(o *client) doc { return o.Doc },
		id:     identifier{field: "client_id", new: func(*call) string { return newClientID() }},
		list:   &operation{scopes: read, group: groupReadClients, query: clientQuery},
		get:    &operation{scopes: read, group: groupReadClients, query: queryOf(fieldParameters)},
		create: &operation{body: clientCreation},
		update: &operation{
			scopes: []string{"update:clients", "update:client_keys", "update:client_credentials"}, body: clientChange,
		},
		remove:     &operation{},
		more:       clientRoutes(),
		items:      "clients",
		linked:     true,
		unfiltered: []string{"tenant"},
		filters:    sameFields("external_client_id"),
		match:      matchClient,
		limit:      map[RateLimit]int{RateLimitFree: 10, RateLimitSelfService: 100, RateLimitEnterprise: 100000},
		counts:     func(o *client) bool { return !truth(o.Doc, "global") },
		merged:     []string{"client_metadata"},
		missing:    noClient,
		check:      checkClientWrite,
		build:      buildClient,
		release:    releaseClient,
		changed:    clientChanged,
		show:       (*call).showClient,
		listed:     listedClient,
	}
}

func clientRoutes() []*route {
	const one = clientsPath + "/{id}"
	return []*route{
		post(one+"/rotate-secret", http.StatusOK, "update:client_keys").pathOf(clientPath).
			logged("Rotate a client secret").does(rotateSecret),
		get(one+"/connections", "read:connections").in(groupReadClients).pathOf(clientPath).
			queryOf(queryOf(checkpointParameters, fieldParameters, "strategy array<string>")).does(listClientConnections),
	}
}

var (
	defaultGrantTypes   = []any{"authorization_code", "implicit", "refresh_token", "client_credentials"}
	defaultRefreshToken = doc{
		"rotation_type": "non-rotating", "expiration_type": "non-expiring", "leeway": 0.0, "token_lifetime": 2592000.0,
		"infinite_token_lifetime": true, "infinite_idle_token_lifetime": true, "idle_token_lifetime": 1296000.0,
	}
	// defaultsByType are the different defaults of some types of application.
	defaultsByType = map[string]doc{
		"resource_server": {"oidc_conformant": true, "grant_types": []any{}, "jwt_configuration": doc{"alg": "RS256", "secret_encoded": false}},
		"express_configuration": {
			"oidc_conformant": true, "grant_types": []any{"authorization_code", "client_credentials"},
			"jwt_configuration": doc{"alg": "RS256", "secret_encoded": false}, "organization_usage": "require",
			"organization_require_behavior":        "pre_login_prompt",
			"callbacks":                            []any{"https://system-admin.okta.com/admin/app/generic/oauth20redirect"},
			"client_authentication_methods":        doc{"private_key_jwt": doc{"credentials": []any{}}},
			"async_approval_notification_channels": []any{"guardian-push"},
		},
	}
)

// clientDefaults are the defaults of a new client.
func (s *Server) clientDefaults() doc {
	d := doc{
		"is_first_party": true, "is_token_endpoint_ip_header_trusted": false, "oidc_conformant": false, "sso_disabled": false,
		"grant_types": defaultGrantTypes, "custom_login_page_on": true,
		"jwt_configuration": doc{"secret_encoded": false, "lifetime_in_seconds": 36000.0}, "refresh_token": defaultRefreshToken,
	}
	if s.shows(sinceCrossOriginAuthentication) {
		d["cross_origin_authentication"] = false
	} else if !s.shows(sinceNewCrossOrigin) {
		d["cross_origin_auth"] = false
	}
	return d
}

func noClient() *failure {
	return apiError(http.StatusNotFound, "inexistent_client", "The client does not exist")
}

func (c *call) client() (*client, error) {
	if o, ok := c.Clients.Get(firstOf(c.params["id"], c.params["client_id"])); ok {
		return o, nil
	}
	return nil, noClient()
}

func (t *tenant) addClient(o *client) {
	if o.Credentials == nil {
		o.Credentials = newTable[*credential]()
	}
	t.Clients.Put(o.ID, o)
}

// showClient is the client, as far as the caller's scopes allow.
func (c *call) showClient(o *client) doc {
	if !c.may("read:clients", "create:clients", "update:clients", "read:client_keys", "read:client_credentials") {
		return patch(pick(o.Doc, "name", "description", "app_type", "logo_uri", "is_first_party", "client_metadata"),
			doc{"client_id": o.ID})
	}
	out := patch(o.Doc, doc{"client_id": o.ID})
	if !c.may("read:client_keys") {
		delete(out, "encryption_key")
	} else {
		out["client_secret"] = o.Secret
		out["signing_keys"] = []any{doc{"cert": signingKeys()[0].certificatePEM()}}
	}
	if !c.may("read:client_credentials", "read:client_keys") {
		delete(out, "client_authentication_methods")
	}
	return out
}

// listedClient is a client in a list, which shows more.
func listedClient(c *call, o *client) doc {
	return patch(c.showClient(o), doc{"tenant": c.tenantName(), "global": truth(o.Doc, "global")})
}

// matchClient reads the filters of the list that are not fields as they are.
func matchClient(c *call) (func(*client) bool, error) {
	types := strings.FieldsFunc(str(c.query, "app_type"), func(r rune) bool { return r == ',' })
	match, err := c.clientQueryMatch()
	if err != nil {
		return nil, err
	}
	return func(o *client) bool {
		return match(o) &&
			(c.query["is_global"] == nil || truth(o.Doc, "global") == c.query["is_global"]) &&
			(c.query["is_first_party"] == nil || truth(o.Doc, "is_first_party") == c.query["is_first_party"]) &&
			(len(types) == 0 || contains(types, str(o.Doc, "app_type")))
	}, nil
}

// clientQueryMatch reads the q parameter, which can ask for clients by their grants only:
// client_grant.organization_id:org_… and client_grant.allow_any_organization:true.
func (c *call) clientQueryMatch() (func(*client) bool, error) {
	q := str(c.query, "q")
	if q == "" {
		return func(*client) bool { return true }, nil
	}
	var tests []func(doc) bool
	for term := range strings.SplitSeq(q, " AND ") {
		field, value, ok := strings.Cut(strings.TrimSpace(term), ":")
		field = strings.TrimPrefix(field, "client_grant.")
		value = strings.Trim(value, `"`)
		switch {
		case !ok:
			return nil, apiError(http.StatusBadRequest, "invalid_query_string", "Invalid query: "+q)
		case field == "organization_id":
			tests = append(tests, func(g doc) bool { return c.grantIsOf(str(g, "id"), value) })
		case field == "allow_any_organization":
			tests = append(tests, func(g doc) bool { return truth(g, "allow_any_organization") == (value == "true") })
		default:
			return nil, apiError(http.StatusBadRequest, "invalid_query_string", "Invalid query: "+q)
		}
	}
	return func(o *client) bool {
		_, ok := c.Grants.First(func(g doc) bool {
			return str(g, "client_id") == o.ID && !slices.ContainsFunc(tests, func(test func(doc) bool) bool { return !test(g) })
		})
		return ok
	}, nil
}

// buildClient also makes the credentials that are given.
func buildClient(c *call, before *client, d doc) (*client, error) {
	o := &client{ID: str(d, "client_id"), Secret: newClientSecret(), Credentials: newTable[*credential]()}
	if before != nil {
		*o = *before
		o.Secret = firstOf(str(c.body, "client_secret"), before.Secret)
	}
	given := pick(c.body, "client_authentication_methods", "signed_request_object")
	made, err := c.takeCredentials(o, given)
	if err != nil {
		return nil, err
	}
	c.also = made
	d = patch(omit(d, "client_id", "client_secret"), given)
	if before == nil {
		d = withDefaults(d, c.defaultsOfClient(d))
	}
	o.Doc = completeClient(d)
	return o, nil
}

// defaultsOfClient are the defaults of a new client of a type.
func (c *call) defaultsOfClient(given doc) doc {
	defaults := patch(c.clientDefaults(), defaultsByType[str(given, "app_type")])
	if has(given, "express_configuration") {
		defaults["async_approval_notification_channels"] = []any{"guardian-push"}
	}
	return defaults
}

// clientChanged enables a new client for the connections and grants it what its type needs, or removes what a deleted one had.
func clientChanged(c *call, what string, o *client) {
	switch what {
	case "created":
		// The flag is on by default.
		if enabled, said := object(c.settings(), "flags")["enable_client_connections"].(bool); !said || enabled {
			for _, connection := range c.Connections.All() {
				connection.enable(o.ID, true)
			}
		}
		if str(o.Doc, "app_type") == "express_configuration" {
			c.addGrant(doc{"client_id": o.ID, "audience": c.audience(), "scope": anys(expressScopes), "is_system": true, "subject_type": "client"})
		}
	case "deleted":
		for _, connection := range c.Connections.All() {
			connection.enable(o.ID, false)
		}
		c.removeGrants(func(g doc) bool { return str(g, "client_id") == o.ID })
	}
}

func releaseClient(_ *call, o *client) error {
	if truth(o.Doc, "global") {
		return apiError(http.StatusBadRequest, "operation_not_supported", "The global client cannot be deleted")
	}
	return nil
}

// expressScopes are the scopes that Auth0 grants to an express_configuration client.
var expressScopes = strings.Fields(`read:clients read:user_attribute_profiles read:connection_profiles
read:organizations_summary read:connections create:connections update:connections read:connections_options
update:connections_options read:organization_connections create:organization_connections update:organization_connections
create:scim_config read:scim_token create:scim_token delete:scim_token`)

// completeClient adds defaults inside some of the properties.
func completeClient(d doc) doc {
	if jwt := object(d, "jwt_configuration"); jwt != nil {
		d["jwt_configuration"] = withDefaults(jwt, doc{"secret_encoded": false})
	}
	if refresh := object(d, "refresh_token"); refresh != nil {
		defaults := defaultRefreshToken
		if str(refresh, "expiration_type") == "expiring" {
			defaults = patch(defaults, doc{"infinite_token_lifetime": false, "infinite_idle_token_lifetime": false})
		}
		d["refresh_token"] = withDefaults(refresh, defaults)
	}
	if logout := object(d, "oidc_logout"); logout != nil {
		d["oidc_backchannel_logout"] = pick(logout, "backchannel_logout_urls")
	}
	return d
}

// checkClientWrite refuses what the caller may not write, or what makes no sense.
func checkClientWrite(c *call, before *client, d doc) error {
	if before != nil && has(c.body, "client_secret") && !c.may("update:client_keys") {
		return insufficientScope([]string{"update:client_keys"})
	}
	if err := c.checkClient(before, c.body); err != nil {
		return err
	}
	// The limit is that of the application, not of the request. In which words Auth0 says so here is not recorded.
	return checkClientMetadata(object(d, "client_metadata"))
}

// checkClient rejects settings that contradict each other. before is nil for a new client.
func (c *call) checkClient(before *client, given doc) error {
	if err := checkClientMetadata(object(given, "client_metadata")); err != nil {
		return err
	}
	merged := given
	if before != nil {
		merged = patch(before.Doc, given)
	}
	methods := object(merged, "client_authentication_methods")
	refresh := object(merged, "refresh_token")
	switch {
	case len(methods) > 1:
		return invalidBody("Only one client authentication method can be set in client_authentication_methods")
	case len(methods) > 0 && merged["token_endpoint_auth_method"] != nil:
		return invalidBody("token_endpoint_auth_method and client_authentication_methods cannot be set at the same time")
	case str(refresh, "rotation_type") == "rotating" && str(refresh, "expiration_type") == "non-expiring":
		return invalidBody("Refresh token rotation requires expiring refresh tokens")
	case given["is_first_party"] == false && merged["organization_usage"] != nil:
		return invalidBody("organization_usage can only be set on first party clients")
	}
	if identifier := str(given, "resource_server_identifier"); identifier != "" {
		if _, ok := c.apiIdentified(identifier); !ok {
			return apiError(http.StatusNotFound, "inexistent_resource_server", "The resource server does not exist")
		}
	}
	return nil
}

func checkClientMetadata(metadata doc) error {
	if len(metadata) > 10 {
		return invalid("Payload", "'Too many properties defined, maximum 10' on property client_metadata.")
	}
	for _, key := range sortedKeys(metadata) {
		value, isText := metadata[key].(string)
		if metadata[key] != nil && !isText {
			return invalid("Payload", "'Expected type string but found type "+typeOf(metadata[key])+"' on property client_metadata."+key+".")
		}
		if len(key) > 255 || len(value) > 255 {
			return invalid("Payload", "'String is too long, maximum 255' on property client_metadata."+key+".")
		}
	}
	return nil
}

func rotateSecret(c *call) (any, error) {
	before, err := c.client()
	if err != nil {
		return nil, err
	}
	if methods := object(before.Doc, "client_authentication_methods"); len(methods) > 0 {
		return nil, apiError(http.StatusBadRequest, "operation_not_supported", "The secret of a client with client_authentication_methods cannot be rotated")
	}
	after := *before
	after.Secret = newClientSecret()
	c.Clients.Put(after.ID, &after)
	return c.showClient(&after), nil
}

func listClientConnections(c *call) (any, error) {
	o, err := c.client()
	if err != nil {
		return nil, err
	}
	strategies := texts(c.query, "strategy")
	found := c.Connections.Where(func(connection *connection) bool {
		return connection.Clients.Has(o.ID) && (len(strategies) == 0 || contains(strategies, connection.Strategy()))
	})
	return checkpoint(c, "connections", found, func(o *connection) doc { return omit(c.showConnection(o), "enabled_clients") }, nil)
}

// hasSecret compares the secret in constant time.
func (o *client) hasSecret(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(o.Secret), []byte(secret)) == 1
}

// allows reports whether the client may use a grant type.
func (o *client) allows(grantType string) bool {
	return contains(texts(o.Doc, "grant_types"), grantType)
}
