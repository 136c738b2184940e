package simulator

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The grant types of /oauth/token.
const (
	grantClientCredentials = "client_credentials"
	grantPassword          = "password"
	grantPasswordRealm     = "http://auth0.com/oauth/grant-type/password-realm"
)

// tokenForm is what /oauth/token takes: anything, so long as it is an object or a form.
var tokenForm = &schema{kind: "object", open: true}

func tokenRoutes() []*route {
	return []*route{
		post("/oauth/token", http.StatusOK).in(groupToken).bodyOf(tokenForm).does(issueToken),
	}
}

// issueToken is POST /oauth/token.
func issueToken(c *call) (any, error) {
	grants := map[string]func(*call, *client) (any, error){
		grantClientCredentials: clientCredentialsGrant,
		grantPassword:          passwordGrant,
		grantPasswordRealm:     passwordGrant,
		grantRefreshToken:      refreshGrant,
		grantAuthorizationCode: codeGrant,
		grantDeviceCode:        deviceGrant,
	}
	grantType := str(c.body, "grant_type")
	exchange, known := grants[grantType]
	switch {
	case grantType == "":
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type")
	case !known && slices.Contains(unsimulatedGrants, grantType):
		return nil, notSimulated("grant_type", grantType)
	case !known:
		return nil, oauthError(http.StatusForbidden, "unsupported_grant_type", "Unsupported grant type: "+grantType)
	}
	o, err := c.authenticateClient()
	if err != nil {
		return nil, err
	}
	if !o.allows(grantType) && (grantType != grantPasswordRealm || !o.allows(grantPassword)) {
		return nil, oauthError(http.StatusForbidden, "unauthorized_client", "Grant type '"+grantType+"' not allowed for the client.")
	}
	c.header.Set("Cache-Control", "no-store")
	c.header.Set("Pragma", "no-cache")
	answer, err := exchange(c, o)
	c.logExchange(o, grantType, answer, err)
	return answer, err
}

// logExchange records the outcome of an exchange in the tenant's log. Each grant type has its own code.
func (c *call) logExchange(o *client, grantType string, answer any, err error) {
	name := map[string]string{
		grantClientCredentials: "eccft", grantPassword: "epft", grantPasswordRealm: "epft", grantRefreshToken: "ertft",
		grantAuthorizationCode: "eacft", grantDeviceCode: "edcft",
	}[grantType]
	entry := doc{"client_id": o.ID, "audience": c.body["audience"], "scope": c.body["scope"], "user_id": c.signedIn, "user_name": str(c.body, "username")}
	if err == nil {
		if tokens, ok := answer.(doc); ok {
			entry["scope"] = tokens["scope"]
		}
		c.logEvent("s"+name, entry)
		return
	}
	entry["description"] = err.Error()
	c.logEvent("f"+name, entry)
}

// unsimulatedGrants are grant types of Auth0 that the simulator does not support.
var unsimulatedGrants = []string{
	"http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob",
	"http://auth0.com/oauth/grant-type/mfa-recovery-code", "http://auth0.com/oauth/grant-type/passwordless/otp",
	"urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:token-exchange",
	"urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
}

func accessDenied(status int, description string) *failure {
	return oauthError(status, "access_denied", description)
}

// authenticateClient finds out which application calls, and proves it: by its secret in the body or in a basic
// Authorization header, by a signed assertion, or by nothing for those that keep no secret.
func (c *call) authenticateClient() (*client, error) {
	if has(c.body, "client_assertion") || str(c.body, "client_assertion_type") == assertionType {
		return c.assertedClient()
	}
	id, secret := str(c.body, "client_id"), str(c.body, "client_secret")
	method := "client_secret_post"
	if user, password, ok := c.basicAuth(); ok {
		id, secret, method = user, password, "client_secret_basic"
	}
	if id == "" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: client_id")
	}
	o, ok := c.Clients.Get(id)
	if !ok {
		return nil, accessDenied(http.StatusUnauthorized, "Unauthorized")
	}
	wanted := str(o.Doc, "token_endpoint_auth_method")
	switch {
	case wanted == "none" && secret == "":
		return o, nil
	case wanted == "none", wanted != "" && wanted != method && secret != "", len(object(o.Doc, "client_authentication_methods")) > 0:
		return nil, invalidClient("Client authentication method not allowed for the client.")
	case !o.hasSecret(secret):
		return nil, accessDenied(http.StatusUnauthorized, "Unauthorized")
	}
	return o, nil
}

// basicAuth reads the Authorization header. Both parts are form-encoded in it, as OAuth has it.
func (c *call) basicAuth() (id, secret string, ok bool) {
	encoded, ok := strings.CutPrefix(c.request.Header.Get("Authorization"), "Basic ")
	if !ok {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(raw), ":")
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	return id, secret, ok && err1 == nil && err2 == nil
}

// clientCredentialsGrant issues a token to an application itself.
func clientCredentialsGrant(c *call, o *client) (any, error) {
	audience := firstOf(str(c.body, "audience"), str(c.settings(), "default_audience"))
	if audience == "" {
		return nil, accessDenied(http.StatusForbidden, "Non-global clients are not allowed access to APIv1")
	}
	api, ok := c.apiIdentified(audience)
	if !ok {
		return nil, accessDenied(http.StatusForbidden, "Service not enabled within domain: "+audience)
	}
	g, ok := c.grantFor(o.ID, audience, "client")
	if !ok {
		return nil, accessDenied(http.StatusForbidden, `Client "`+o.ID+`" is not authorized to access resource server "`+audience+
			`". You need to create a "client-grant" associated to this API.`)
	}
	scopes, refused := narrow(scopesOfGrant(api, g), str(c.body, "scope"))
	if len(refused) > 0 {
		return nil, accessDenied(http.StatusForbidden, "Client has not been granted scopes: "+strings.Join(refused, ", "))
	}
	claims := doc{"sub": o.ID + "@clients", "gty": "client-credentials"}
	organization, err := c.organizationOfGrant(g)
	if err != nil {
		return nil, err
	}
	if organization != "" {
		claims["org_id"] = organization
	}
	if !truth(api, "is_system") { // tokens for the Management API cost nothing
		if err := c.spendQuota(o, organization); err != nil {
			return nil, err
		}
	}
	return c.tokenAnswer(o, api, claims, scopes, nil), nil
}

// organizationOfGrant is the organization of the requested token, if the client grant allows it.
func (c *call) organizationOfGrant(g doc) (string, error) {
	asked, usage := str(c.body, "organization"), str(g, "organization_usage")
	switch {
	case asked == "" && usage == "require":
		return "", oauthError(http.StatusBadRequest, "invalid_request", "An organization is required")
	case asked == "":
		return "", nil
	case usage != "allow" && usage != "require":
		return "", accessDenied(http.StatusForbidden, "The client grant does not allow the use of organizations")
	}
	o, ok := c.Organizations.Get(asked)
	if !ok {
		o, ok = c.organizationNamed(asked)
	}
	if !ok || !truth(g, "allow_any_organization") && !o.Grants.Has(str(g, "id")) {
		return "", accessDenied(http.StatusForbidden, "Client is not authorized to access the organization "+asked)
	}
	return o.ID, nil
}

// narrow limits granted scopes to the requested ones, if any are requested, and returns the scopes that were not granted.
func narrow(granted []string, asked string) (scopes, refused []string) {
	if strings.TrimSpace(asked) == "" {
		return granted, nil
	}
	for scope := range strings.FieldsSeq(asked) {
		if contains(granted, scope) {
			scopes = append(scopes, scope)
		} else {
			refused = append(refused, scope)
		}
	}
	return scopes, refused
}

// tokenAnswer is the answer of /oauth/token: an access token for api (an opaque one without an API), and its metadata.
func (c *call) tokenAnswer(o *client, api, claims doc, scopes []string, more doc) doc {
	lifetime := int(number(api, "token_lifetime", 86400))
	answer := doc{"token_type": "Bearer", "expires_in": lifetime}
	if len(scopes) > 0 {
		answer["scope"] = strings.Join(scopes, " ")
	}
	maps.Copy(answer, more)
	answer["access_token"] = c.accessToken(o, api, claims, scopes, lifetime)
	return answer
}

// accessToken issues a token for an API.
func (c *call) accessToken(o *client, api, claims doc, scopes []string, lifetime int) string {
	dialect := str(api, "token_dialect")
	claims = patch(claims, doc{
		"iss": c.issuer(), "aud": api["identifier"], "iat": c.now.Unix(), "exp": c.now.Unix() + int64(lifetime), "azp": o.ID,
		"scope": strings.Join(scopes, " "),
	})
	if contains(scopes, "openid") {
		claims["aud"] = []any{api["identifier"], c.URL + "/userinfo"}
	}
	if len(scopes) == 0 {
		delete(claims, "scope")
	}
	if truth(api, "enforce_policies") && strings.HasSuffix(dialect, "_authz") {
		claims["permissions"] = c.permissionClaim(api, claims, scopes)
	}
	typ := "JWT"
	if strings.HasPrefix(dialect, "rfc9068_profile") {
		typ = "at+jwt"
		claims["client_id"], claims["jti"] = o.ID, random(22, alphanumerics)
		delete(claims, "azp")
		delete(claims, "gty")
	}
	return signJWT(typ, str(api, "signing_alg"), c.signingSecret(api), claims)
}

func (c *call) signingSecret(api doc) string {
	return firstOf(str(api, "signing_secret"), c.SigningSecrets[str(api, "id")])
}

// permissionClaim is what role-based access control adds to a token: the user's permissions on the API, or the scopes of
// an application's own grant.
func (c *call) permissionClaim(api, claims doc, scopes []string) []string {
	u, ok := c.Users.Get(str(claims, "sub"))
	if !ok {
		return scopes
	}
	out := []string{}
	for _, p := range c.permissionsOfUser(u) {
		if p.API == str(api, "identifier") {
			out = append(out, p.Name)
		}
	}
	return out
}
