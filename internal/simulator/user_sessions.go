package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// session is a current login of a user.
type session struct {
	ID      string
	UserID  string
	Clients []string
	At      time.Time
	IP      string
	Agent   string
}

// refreshToken is one link in a chain of refresh tokens; those of one family come from one login.
type refreshToken struct {
	ID       string
	Token    string
	Family   string
	UserID   string
	ClientID string
	Audience string
	Scopes   []string
	Session  string
	Created  time.Time // of the family: rotation does not extend it
	LastUsed time.Time
	Rotated  time.Time // when the next of the family took its place; zero while it is the last
	Previous string    // the token that it took the place of
}

// maxRefreshTokens is how many a user has with one application; the oldest goes when there is one more.
const maxRefreshTokens = 200

var sessionQuery = queryOf(offsetParameters, checkpointParameters)

func userSessionRoutes() []*route {
	const one = usersPath + "/{id}"
	idPath := objectOf(`id! string len=1.. # ID of the session or refresh token.`)
	return []*route{
		get(one+"/sessions", "read:sessions").in(groupReadUsers).pathOf(userPath).queryOf(sessionQuery).does(listSessions),
		remove(one+"/sessions", "delete:sessions").in(groupDeleteUsers).answers(http.StatusAccepted).pathOf(userPath).
			logged("Delete user sessions").does(deleteUserSessions),
		get(one+"/refresh-tokens", "read:refresh_tokens").in(groupReadUsers).pathOf(userPath).queryOf(sessionQuery).
			does(listRefreshTokens),
		remove(one+"/refresh-tokens", "delete:refresh_tokens").in(groupDeleteUsers).answers(http.StatusAccepted).
			pathOf(userPath).logged("Delete user refresh tokens").does(deleteUserRefreshTokens),
		post(one+"/revoke-access", http.StatusAccepted, "delete:sessions", "delete:refresh_tokens").in(groupWriteUsers).
			pathOf(userPath).bodyOf(objectOf("session_id string\npreserve_refresh_tokens boolean")).
			logged("Revoke access of a user").does(revokeAccess),
		get("/api/v2/sessions/{id}", "read:sessions").pathOf(idPath).does(getSession),
		remove("/api/v2/sessions/{id}", "delete:sessions").answers(http.StatusAccepted).pathOf(idPath).
			logged("Delete a session").does(deleteSession),
		post("/api/v2/sessions/{id}/revoke", http.StatusAccepted, "delete:sessions", "delete:refresh_tokens").pathOf(idPath).
			logged("Revoke a session").does(deleteSession),
		get("/api/v2/refresh-tokens/{id}", "read:refresh_tokens").pathOf(idPath).does(getRefreshToken),
		remove("/api/v2/refresh-tokens/{id}", "delete:refresh_tokens").answers(http.StatusAccepted).pathOf(idPath).
			logged("Delete a refresh token").does(deleteRefreshToken),
	}
}

// newSession records a login.
func (c *call) newSession(u *user, o *client) *session {
	s := &session{
		ID: random(32, urlSafe), UserID: u.ID, Clients: []string{o.ID}, At: c.now, IP: c.ip(), Agent: c.request.UserAgent(),
	}
	c.Sessions.Put(s.ID, s)
	return s
}

// hours is a lifetime in the tenant's settings.
func (t *tenant) hours(name string, otherwise float64) time.Duration {
	return time.Duration(number(t.settings(), name, otherwise) * float64(time.Hour))
}

func (c *call) showSession(s *session) doc {
	at := timestamp(s.At)
	clients := []any{}
	for _, id := range s.Clients {
		clients = append(clients, doc{"client_id": id})
	}
	return doc{
		"id": s.ID, "user_id": s.UserID, "created_at": at, "updated_at": at, "authenticated_at": at,
		"idle_expires_at": timestamp(s.At.Add(c.hours("idle_session_lifetime", 72))),
		"expires_at":      timestamp(s.At.Add(c.hours("session_lifetime", 168))), "last_interacted_at": at,
		"device": doc{"initial_user_agent": s.Agent, "initial_ip": s.IP, "initial_asn": "", "last_user_agent": s.Agent,
			"last_ip": s.IP, "last_asn": ""},
		"clients":        clients,
		"authentication": doc{"methods": []any{doc{"name": "pwd", "timestamp": at}}},
	}
}

// live are the rows of a user's sessions.
func (c *call) sessionsOf(userID string) []*session {
	return c.Sessions.Where(func(s *session) bool { return s.UserID == userID })
}

// refreshTokensOf are those of a user that can still be used.
func (c *call) refreshTokensOf(userID string) []*refreshToken {
	return c.RefreshTokens.Where(func(t *refreshToken) bool { return t.UserID == userID && t.Rotated.IsZero() })
}

func listSessions(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return checkpoint(c, "sessions", c.sessionsOf(u.ID), c.showSession, nil)
}

func deleteUserSessions(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	c.dropSessions(u.ID)
	return doc{}, nil
}

func (c *call) dropSessions(userID string) {
	for _, s := range c.sessionsOf(userID) {
		c.Sessions.Delete(s.ID)
	}
}

func (c *call) dropRefreshTokens(match func(*refreshToken) bool) {
	for _, t := range c.RefreshTokens.Where(match) {
		c.RefreshTokens.Delete(t.Token)
	}
}

func (c *call) showRefreshToken(t *refreshToken) doc {
	var rotating bool
	var expires, idle any
	if o, ok := c.Clients.Get(t.ClientID); ok {
		r := refreshRules(o)
		rotating = r.rotating
		if r.lifetime > 0 {
			expires = timestamp(t.Created.Add(r.lifetime))
		}
		if r.idle > 0 {
			idle = timestamp(t.LastUsed.Add(r.idle))
		}
	}
	servers := []any{doc{"audience": t.Audience, "scopes": strings.Join(t.Scopes, " ")}}
	var session any
	if t.Session != "" {
		session = t.Session
	}
	return doc{
		"id": t.ID, "user_id": t.UserID, "created_at": timestamp(t.Created), "idle_expires_at": idle, "expires_at": expires,
		"client_id": t.ClientID, "session_id": session, "rotating": rotating, "resource_servers": servers,
	}
}

func listRefreshTokens(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	tokens := c.refreshTokensOf(u.ID)
	answer, err := checkpoint(c, "tokens", tokens, c.showRefreshToken, nil)
	if page, ok := answer.(doc); ok && truth(c.query, "include_totals") {
		page["total"] = len(tokens)
	}
	return answer, err
}

func deleteUserRefreshTokens(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	c.dropRefreshTokens(func(t *refreshToken) bool { return t.UserID == u.ID })
	return doc{}, nil
}

func revokeAccess(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	id := str(c.body, "session_id")
	if id == "" {
		c.dropSessions(u.ID)
	} else {
		c.Sessions.Delete(id)
	}
	if !truth(c.body, "preserve_refresh_tokens") {
		c.dropRefreshTokens(func(t *refreshToken) bool { return t.UserID == u.ID && (id == "" || t.Session == id) })
	}
	return doc{}, nil
}

func getSession(c *call) (any, error) {
	if s, ok := c.Sessions.Get(c.params["id"]); ok {
		return c.showSession(s), nil
	}
	return nil, apiError(http.StatusNotFound, "inexistent_session", "The session does not exist.")
}

func deleteSession(c *call) (any, error) {
	id := c.params["id"]
	c.Sessions.Delete(id)
	c.dropRefreshTokens(func(t *refreshToken) bool { return t.Session == id })
	return doc{}, nil
}

func getRefreshToken(c *call) (any, error) {
	found := c.RefreshTokens.Where(func(t *refreshToken) bool { return t.ID == c.params["id"] })
	if i := slices.IndexFunc(found, func(t *refreshToken) bool { return t.Rotated.IsZero() }); i >= 0 {
		return c.showRefreshToken(found[i]), nil
	}
	return nil, apiError(http.StatusNotFound, "inexistent_refresh_token", "The refresh token does not exist.")
}

func deleteRefreshToken(c *call) (any, error) {
	c.dropRefreshTokens(func(t *refreshToken) bool { return t.ID == c.params["id"] })
	return nil, nil
}
