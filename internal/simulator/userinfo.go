package simulator

import (
	"net/http"
	"strings"
	"time"
)

// opaqueToken is an access token for /userinfo alone: what users get where no API is named.
type opaqueToken struct {
	userID  string
	scopes  []string
	expires time.Time
}

func userInfoRoutes() []*route {
	read := get("/userinfo").does(userInfo)
	write := post("/userinfo", http.StatusOK).does(userInfo)
	return []*route{read, write}
}

// bearer is the token that a request brings.
func bearer(c *call) string {
	token, _ := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	return token
}

// userInfo is /userinfo: who the bearer of a token is. Its limit is one per user, and there is another for bad tokens.
func userInfo(c *call) (any, error) {
	subject, scopes, ok := c.whose(bearer(c))
	u, exists := c.Users.Get(subject)
	if !ok || !exists || !contains(scopes, "openid") {
		if f := c.limits.takeFrom(groupUserInfoRefused, c.ip(), c.now, c.header); f != nil {
			return nil, f
		}
		return nil, (&failure{status: http.StatusUnauthorized, body: "Unauthorized"}).
			with("WWW-Authenticate", `Bearer realm="Users", error="invalid_token", error_description="The token is invalid"`)
	}
	if f := c.limits.takeFrom(groupUserInfo, u.ID, c.now, c.header); f != nil {
		return nil, f
	}
	return patch(userClaims(u, scopes), doc{"sub": u.ID}), nil
}

// whose finds the user and scopes of an access token.
func (c *call) whose(token string) (subject string, scopes []string, ok bool) {
	if t, known := c.opaque[token]; known {
		return t.userID, t.scopes, c.now.Before(t.expires)
	}
	claims, problem := verifyJWT(token, c.now)
	if problem != "" || !audienceIncludes(claims["aud"], c.URL+"/userinfo") {
		return "", nil, false
	}
	return str(claims, "sub"), strings.Fields(str(claims, "scope")), true
}
