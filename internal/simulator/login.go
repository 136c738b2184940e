package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// standardScopes are the scopes of a login that requests none.
var standardScopes = []string{"openid", "profile", "email", "address", "phone"}

// openIDScopes are the scopes that every application may request for a user.
var openIDScopes = []string{"openid", "profile", "email", "address", "phone", "offline_access"}

const tooManyAttempts = "Your account has been blocked after multiple consecutive login attempts. We've sent you a " +
	"notification via your preferred contact method with instructions on how to unblock it."

const suspiciousBehavior = "We have detected suspicious login behavior and further attempts will be blocked. Please contact " +
	"the administrator."

// passwordGrant is the password grant, and password-realm, which names a connection.
func passwordGrant(c *call, o *client) (any, error) {
	for _, key := range []string{"username", "password"} {
		if str(c.body, key) == "" {
			return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: "+key)
		}
	}
	connection, err := c.loginConnection(o)
	if err != nil {
		return nil, err
	}
	api, err := c.loginAPI()
	if err != nil {
		return nil, err
	}
	c.trustForwardedAddress(o)
	u, err := c.logIn(o, connection, str(c.body, "username"), str(c.body, "password"))
	if err != nil {
		return nil, err
	}
	return c.userTokens(o, api, u, str(c.body, "scope"), grantPassword, ""), nil
}

// trustForwardedAddress takes the user's address from a header, for applications that keep a secret and are trusted with it.
func (c *call) trustForwardedAddress(o *client) {
	address := c.request.Header.Get("auth0-forwarded-for")
	confidential := str(o.Doc, "token_endpoint_auth_method") != "none"
	if address != "" && confidential && truth(o.Doc, "is_token_endpoint_ip_header_trusted") {
		c.forwardedFor = address
	}
}

// loginConnection is the realm, or the tenant's default directory.
func (c *call) loginConnection(o *client) (*connection, error) {
	name := str(c.body, "realm")
	if str(c.body, "grant_type") == grantPassword {
		name = str(c.settings(), "default_directory")
		if name == "" {
			return nil, oauthError(http.StatusInternalServerError, "server_error",
				"Authorization server not configured with default connection.")
		}
	}
	if name == "" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: realm")
	}
	connection, ok := c.connectionNamed(name)
	switch {
	case !ok:
		return nil, oauthError(http.StatusForbidden, "access_denied", "unknown connection")
	case !connection.Clients.Has(o.ID):
		return nil, oauthError(http.StatusForbidden, "unauthorized_client", "the connection is not enabled for the client")
	}
	return connection, nil
}

// loginAPI is the API that a user's token is for; none without an audience.
func (c *call) loginAPI() (doc, error) {
	audience := firstOf(str(c.body, "audience"), str(c.settings(), "default_audience"))
	if audience == "" {
		return nil, nil
	}
	api, ok := c.apiIdentified(audience)
	if !ok {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "invalid audience specified for password grant exchange")
	}
	return api, nil
}

// logIn checks a password. Failures count towards brute-force protection and suspicious IP throttling.
func (c *call) logIn(o *client, connection *connection, identifier, password string) (*user, error) {
	u := c.userWith(connection, identifier)
	key := failureKey(connection.Name(), identifier, c.ip())
	if err := c.limitLogin(connection, identifier, u); err != nil {
		return nil, err
	}
	protected := truth(connection.options(), "brute_force_protection")
	f, _ := c.Failures.Get(key)
	if protected && f != nil && f.blocked(c.now) {
		return nil, oauthError(http.StatusTooManyRequests, "too_many_attempts", tooManyAttempts)
	}
	if u == nil || !u.hasPassword(password) {
		c.limits.loginFailed(c.ip(), c.now, c.header)
		c.countFailure(connection, identifier, u)
		c.logFailedLogin(o, connection, identifier, u)
		return nil, oauthError(http.StatusForbidden, "invalid_grant", "Wrong email or password.")
	}
	c.Failures.Delete(key)
	if truth(u.Doc, "blocked") {
		return nil, oauthError(http.StatusForbidden, "unauthorized", "user is blocked")
	}
	return c.loggedIn(u.withOwnHash(password)), nil
}

// withOwnHash replaces an imported hash of the password, now that it is known.
func (u *user) withOwnHash(password string) *user {
	if u.Imported == nil || len(password) > maxPassword {
		return u
	}
	after := *u
	after.storePassword(password)
	return &after
}

// limitLogin refuses a login when there were too many of the user, or too many that failed, from the address.
func (c *call) limitLogin(connection *connection, identifier string, u *user) error {
	who := connection.Name() + " " + strings.ToLower(identifier)
	if u != nil {
		who = u.ID
	}
	if f := c.limits.takeFrom(groupLogin, who+" "+c.ip(), c.now, c.header); f != nil {
		return f
	}
	if !c.limits.mayLogIn(c.ip(), c.now, c.header) {
		c.logEvent("limit_mu", doc{"connection": connection.Name(), "connection_id": connection.ID, "user_name": identifier})
		return oauthError(http.StatusTooManyRequests, "too_many_attempts", suspiciousBehavior)
	}
	return nil
}

// userWith finds the user with an identifier, in a form that the connection accepts.
func (c *call) userWith(connection *connection, identifier string) *user {
	for _, kind := range identifierKinds {
		value := identifier
		if kind == "email" {
			value = strings.ToLower(identifier)
		}
		if u := c.index.holder(connection.Name(), kind, value); u != nil {
			return u
		}
	}
	return nil
}

// logFailedLogin distinguishes a wrong password from an unknown user.
func (c *call) logFailedLogin(o *client, connection *connection, identifier string, u *user) {
	entry := doc{"client_id": o.ID, "connection": connection.Name(), "connection_id": connection.ID, "strategy": connection.Strategy(), "user_name": identifier}
	if u == nil {
		c.logEvent("fu", entry)
		return
	}
	c.logEvent("fp", patchKeepingNull(entry, c.userEvent(u), doc{"description": "Wrong email or password."}))
}

func (c *call) countFailure(connection *connection, identifier string, u *user) {
	key := failureKey(connection.Name(), identifier, c.ip())
	f := &failures{Connection: connection.Name(), Identifier: identifier, IP: c.ip()}
	if before, ok := c.Failures.Get(key); ok {
		f.Count = before.Count
	}
	if u != nil {
		f.UserID = u.ID
	}
	f.Count, f.Last = f.Count+1, c.now
	c.Failures.Put(key, f)
	if f.Count == maxFailures && u != nil {
		c.sendEmail("blocked_account", u, str(u.Doc, "email"))
		c.logEvent("limit_wc", c.userEvent(u))
	}
}

// loggedIn records the login in the profile.
func (c *call) loggedIn(u *user) *user {
	after := *u
	after.Doc = patch(u.Doc, doc{
		"last_login": timestamp(c.now), "last_ip": c.ip(), "logins_count": number(u.Doc, "logins_count", 0) + 1,
		"updated_at": timestamp(c.now),
	})
	c.putUser(&after)
	return &after
}

// userTokens answers a login with an access token, and with what the scopes request in addition.
func (c *call) userTokens(o *client, api doc, u *user, asked, gty, nonce string) doc {
	if gty == grantPassword && strings.TrimSpace(asked) == "openid" {
		asked = strings.Join(standardScopes, " ") // this grant gives more than it was asked for
	}
	scopes := c.scopesForUser(api, u, asked)
	more := doc{}
	if contains(scopes, "openid") {
		more["id_token"] = c.idToken(o, u, scopes, nonce)
	}
	session := ""
	if gty != grantPassword {
		session = c.newSession(u, o).ID
	}
	if contains(scopes, "offline_access") && o.allows(grantRefreshToken) {
		more["refresh_token"] = c.newRefreshToken(o, u, api, scopes, session)
	}
	return c.answerForUser(o, api, u, scopes, gty, more)
}

// answerForUser is a token for an API, or an opaque one for /userinfo.
func (c *call) answerForUser(o *client, api doc, u *user, scopes []string, gty string, more doc) doc {
	c.signedIn = u.ID
	if api != nil {
		return c.tokenAnswer(o, api, doc{"sub": u.ID, "gty": gty}, scopes, more)
	}
	token := random(32, alphanumerics)
	c.opaque[token] = &opaqueToken{u.ID, scopes, c.now.Add(24 * time.Hour)}
	answer := doc{"access_token": token, "token_type": "Bearer", "expires_in": 86400}
	if len(scopes) > 0 {
		answer["scope"] = strings.Join(scopes, " ")
	}
	return patch(answer, more)
}

// scopesForUser are the scopes of a user's token: what is asked for, of what the API has, and, where it enforces policies,
// of what the user may. Asking for nothing gets everything.
func (c *call) scopesForUser(api doc, u *user, asked string) []string {
	available := scopeNamesOf(api)
	if truth(api, "enforce_policies") {
		var own []string
		for _, p := range c.permissionsOfUser(u) {
			if p.API == str(api, "identifier") && contains(available, p.Name) {
				own = append(own, p.Name)
			}
		}
		available = own
	}
	asked = strings.TrimSpace(asked)
	if asked == "" {
		return append(slices.Clone(standardScopes), available...)
	}
	var out []string
	for scope := range strings.FieldsSeq(asked) {
		allowed := slices.Contains(openIDScopes, scope) || slices.Contains(available, scope)
		if scope == "offline_access" && api != nil && !truth(api, "allow_offline_access") {
			allowed = false
		}
		if allowed && !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out
}

// idTokenLifetime is that of ID tokens where the application says nothing else.
const idTokenLifetime = 36000

// idToken identifies the user to the application.
func (c *call) idToken(o *client, u *user, scopes []string, nonce string) string {
	lifetime := int64(number(object(o.Doc, "jwt_configuration"), "lifetime_in_seconds", idTokenLifetime))
	claims := patch(userClaims(u, scopes), doc{
		"iss": c.issuer(), "aud": o.ID, "iat": c.now.Unix(), "exp": c.now.Unix() + lifetime, "sub": u.ID,
	})
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return signJWT("JWT", str(object(o.Doc, "jwt_configuration"), "alg"), o.Secret, claims)
}

// userClaims are the claims about a user that scopes allow.
func userClaims(u *user, scopes []string) doc {
	out := doc{}
	for scope, keys := range map[string][]string{
		"profile": {"nickname", "name", "picture", "updated_at", "given_name", "family_name"},
		"email":   {"email", "email_verified"},
		"phone":   {"phone_number", "phone_verified"},
	} {
		if contains(scopes, scope) {
			out = patch(out, pick(u.Doc, keys...))
		}
	}
	return out
}
