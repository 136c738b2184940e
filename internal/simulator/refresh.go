package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// grantRefreshToken exchanges a refresh token for an access token.
const grantRefreshToken = "refresh_token"

// refreshPolicy are an application's settings for refresh tokens. A lifetime of 0 has no end.
type refreshPolicy struct {
	rotating               bool
	leeway, lifetime, idle time.Duration
}

func refreshRules(o *client) refreshPolicy {
	d := object(o.Doc, "refresh_token")
	seconds := func(key string, otherwise float64) time.Duration {
		return time.Duration(number(d, key, otherwise)) * time.Second
	}
	p := refreshPolicy{rotating: str(d, "rotation_type") == "rotating", leeway: seconds("leeway", 0)}
	if str(d, "expiration_type") == "expiring" {
		if !truth(d, "infinite_token_lifetime") {
			p.lifetime = seconds("token_lifetime", 2592000)
		}
		if !truth(d, "infinite_idle_token_lifetime") {
			p.idle = seconds("idle_token_lifetime", 1296000)
		}
	}
	return p
}

// newRefreshToken starts a family of refresh tokens.
func (c *call) newRefreshToken(o *client, u *user, api doc, scopes []string, sessionID string) string {
	t := &refreshToken{
		ID: random(32, urlSafe), Token: "v1." + random(48, urlSafe), Family: random(16, alphanumerics), UserID: u.ID, ClientID: o.ID,
		Audience: str(api, "identifier"), Scopes: scopes, Session: sessionID, Created: c.now, LastUsed: c.now,
	}
	mine := c.RefreshTokens.Where(func(t *refreshToken) bool {
		return t.UserID == u.ID && t.ClientID == o.ID && t.Rotated.IsZero()
	})
	if len(mine) >= maxRefreshTokens {
		c.RefreshTokens.Delete(mine[0].Token)
	}
	c.RefreshTokens.Put(t.Token, t)
	return t.Token
}

// orphanRefreshTokens keeps the refresh tokens of a deleted user. Their use gives the error that the user does not exist.
func (c *call) orphanRefreshTokens(userID string) {
	for _, t := range c.RefreshTokens.Where(func(t *refreshToken) bool { return t.UserID == userID }) {
		orphan := *t
		orphan.UserID = ""
		c.RefreshTokens.Put(orphan.Token, &orphan)
	}
}

func unknownRefreshToken() *failure {
	return oauthError(http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
}

// refreshGrant answers a refresh token with a new access token and, if tokens rotate, a new refresh token.
func refreshGrant(c *call, o *client) (any, error) {
	text := str(c.body, "refresh_token")
	if text == "" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: refresh_token")
	}
	t, ok := c.RefreshTokens.Get(text)
	rules := refreshRules(o)
	switch {
	case !ok || t.ClientID != o.ID, c.expired(t, rules):
		return nil, unknownRefreshToken()
	case !t.Rotated.IsZero():
		if err := c.replay(t, rules); err != nil {
			return nil, err
		}
	}
	u, ok := c.Users.Get(t.UserID)
	switch {
	case !ok:
		return nil, oauthError(http.StatusForbidden, "invalid_grant", "The refresh_token was generated for a user who doesn't exist anymore.")
	case truth(u.Doc, "blocked"):
		return nil, oauthError(http.StatusForbidden, "unauthorized", "user is blocked")
	}
	audience, scopes := c.refreshedScopes(o, t)
	api, ok := c.apiIdentified(audience)
	if !ok && audience != "" {
		return nil, unknownRefreshToken()
	}
	next := c.rotate(t, rules)
	more := doc{}
	if next != "" {
		more["refresh_token"] = next
	}
	if contains(scopes, "openid") {
		more["id_token"] = c.idToken(o, u, scopes, "")
	}
	return c.answerForUser(o, api, u, scopes, "refresh_token", more), nil
}

func (c *call) expired(t *refreshToken, rules refreshPolicy) bool {
	return rules.lifetime > 0 && !c.now.Before(t.Created.Add(rules.lifetime)) ||
		rules.idle > 0 && !c.now.Before(t.LastUsed.Add(rules.idle))
}

// replay handles a token that was rotated. Only the previous token may come again, and only within the leeway. Any other replay
// means that somebody has a copy, and revokes the whole family.
func (c *call) replay(t *refreshToken, rules refreshPolicy) error {
	current, ok := c.RefreshTokens.First(func(o *refreshToken) bool { return o.Family == t.Family && o.Previous == t.Token })
	if ok && current.Rotated.IsZero() && c.now.Before(t.Rotated.Add(rules.leeway)) {
		return nil
	}
	c.dropRefreshTokens(func(o *refreshToken) bool { return o.Family == t.Family })
	c.logEvent("ferrt", doc{"client_id": t.ClientID, "user_id": t.UserID, "description": "Unsuccessful Refresh Token exchange, reused refresh token detected"})
	return unknownRefreshToken()
}

// refreshedScopes are the audience and scopes of the new access token: the original ones or fewer, or those of another API
// that the application's refresh tokens may be used for.
func (c *call) refreshedScopes(o *client, t *refreshToken) (audience string, scopes []string) {
	audience, scopes = t.Audience, t.Scopes
	if asked := str(c.body, "audience"); asked != "" && asked != audience {
		for _, item := range list(object(o.Doc, "refresh_token"), "policies") {
			if policy := item.(doc); str(policy, "audience") == asked {
				audience, scopes = asked, texts(policy, "scope")
			}
		}
	}
	asked := strings.Fields(str(c.body, "scope"))
	if len(asked) == 0 {
		return audience, scopes
	}
	var kept []string
	for _, s := range asked {
		if slices.Contains(scopes, s) {
			kept = append(kept, s)
		}
	}
	return audience, kept
}

// rotate replaces t by a new token if the application's tokens rotate. Otherwise t stays valid.
func (c *call) rotate(t *refreshToken, rules refreshPolicy) string {
	used := *t
	used.LastUsed = c.now
	if !rules.rotating {
		c.RefreshTokens.Put(t.Token, &used)
		return ""
	}
	// A replay within the leeway gets a new token, and the one that it overtakes becomes invalid.
	for _, o := range c.RefreshTokens.Where(func(o *refreshToken) bool { return o.Family == t.Family && o.Previous == t.Token }) {
		c.RefreshTokens.Delete(o.Token)
	}
	next := used
	next.Token, next.Previous, next.Rotated = "v1."+random(48, urlSafe), t.Token, time.Time{}
	if used.Rotated.IsZero() {
		used.Rotated = c.now
	}
	c.RefreshTokens.Put(used.Token, &used)
	c.RefreshTokens.Put(next.Token, &next)
	return next.Token
}

// revokeToken is POST /oauth/revoke: it revokes a refresh token with its family. It also succeeds for an unknown token.
func revokeToken(c *call) (any, error) {
	o, err := c.authenticateClient()
	if err != nil {
		return nil, err
	}
	if str(c.body, "token") == "" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "Missing required parameter: token")
	}
	t, ok := c.RefreshTokens.Get(str(c.body, "token"))
	if !ok || t.ClientID != o.ID {
		return nil, nil
	}
	whole := truth(object(c.settings(), "flags"), "revoke_refresh_token_grant")
	c.dropRefreshTokens(func(other *refreshToken) bool {
		return other.Family == t.Family || whole && other.UserID == t.UserID && other.ClientID == t.ClientID
	})
	c.logEvent("srrt", doc{"client_id": o.ID, "user_id": t.UserID})
	return nil, nil
}
