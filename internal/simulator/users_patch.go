package simulator

import (
	"net/http"
	"strings"
)

// exclusive are properties of which only the first or the others can be changed by one PATCH.
var exclusive = []struct{ a, b string }{
	{"password", "email"}, {"password", "email_verified"}, {"password", "phone_number"}, {"password", "phone_verified"},
	{"username", "password"}, {"username", "email"}, {"username", "email_verified"}, {"username", "phone_number"},
	{"username", "phone_verified"}, {"phone_number", "email"}, {"phone_number", "email_verified"},
	{"phone_verified", "email"}, {"phone_verified", "email_verified"},
}

// whichever are the properties of which a PATCH must have one.
var whichever = []string{
	"blocked", "email_verified", "email", "phone_number", "phone_verified", "user_metadata", "app_metadata", "given_name",
	"family_name", "name", "nickname", "picture", "verify_email", "verify_phone_number", "password", "username",
}

// checkUserChange finds what is wrong with a PATCH before it counts against a limit.
func checkUserChange(c *call) error {
	var missing []string
	for _, key := range whichever {
		if _, ok := c.body[key]; ok {
			return nil
		}
		missing = append(missing, "Payload validation error: 'Missing required property: "+key+"'.")
	}
	return invalid("Payload", "'None of the valid schemas were met'. Inner errors: [ "+strings.Join(missing, " (also) ")+" ].")
}

// patchUser is PATCH /users/{id}.
func patchUser(c *call) (any, error) {
	if err := c.checkUserScopes(); err != nil {
		return nil, err
	}
	before, err := c.user()
	if err != nil {
		return nil, err
	}
	for _, pair := range exclusive {
		if has(c.body, pair.a) && has(c.body, pair.b) {
			return nil, invalidBody("Cannot update " + pair.a + " and " + pair.b + " simultaneously")
		}
	}
	connection, err := c.connectionOfChange(before)
	if err != nil {
		return nil, err
	}
	after := *before
	after.Doc = c.changedProfile(before.Doc)
	if err := c.checkChange(before, &after, connection); err != nil {
		return nil, err
	}
	if password := str(c.body, "password"); password != "" {
		if err := c.changePassword(&after, connection, password); err != nil {
			return nil, err
		}
	}
	c.putUser(&after)
	c.emit("user.updated", after.Doc)
	if truth(c.body, "verify_email") {
		c.sendEmail("verify_email", &after, str(after.Doc, "email"))
	}
	return after.Doc, nil
}

func has(d doc, key string) bool {
	_, ok := d[key]
	return ok
}

// checkUserScopes lets update:users_app_metadata change app_metadata and nothing else.
func (c *call) checkUserScopes() error {
	if c.may("update:users") {
		return nil
	}
	for key := range c.body {
		if key != "app_metadata" {
			return insufficientScope([]string{"update:users"})
		}
	}
	return nil
}

// connectionOfChange is the connection whose identity changes: the primary one's, or the named one's if it is linked.
func (c *call) connectionOfChange(u *user) (*connection, error) {
	name := firstOf(str(c.body, "connection"), u.connection())
	for _, identity := range list(u.Doc, "identities") {
		if str(identity.(doc), "connection") == name {
			if connection, ok := c.connectionNamed(name); ok {
				return connection, nil
			}
		}
	}
	return nil, apiError(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
}

// changedProfile lays the payload over the profile: metadata merges at the first level, {} empties it, null clears.
func (c *call) changedProfile(profile doc) doc {
	out := patch(profile, omit(c.body, "password", "verify_email", "verify_phone_number", "connection", "client_id",
		"app_metadata", "user_metadata"))
	for _, key := range []string{"app_metadata", "user_metadata"} {
		changes, given := c.body[key].(doc)
		switch {
		case !given:
		case len(changes) == 0:
			delete(out, key)
		default:
			out[key] = patch(object(profile, key), changes)
		}
	}
	out["updated_at"] = timestamp(c.now)
	return out
}

// checkChange finds what is wrong with the change, and adjusts the profile to what follows from it.
func (c *call) checkChange(before, after *user, connection *connection) error {
	if err := checkMetadata(c.body); err != nil {
		return err
	}
	if err := c.checkIdentifiers(connection); err != nil {
		return err
	}
	if email, ok := c.body["email"].(string); ok {
		if connection.Strategy() == "auth0" {
			after.Doc["email"] = strings.ToLower(email)
		}
		if after.Doc["email"] != before.Doc["email"] && !has(c.body, "email_verified") {
			after.Doc["email_verified"] = false
		}
	}
	if username, ok := c.body["username"].(string); ok {
		after.Doc["username"] = connection.storedUsername(username)
	}
	if has(c.body, "phone_number") && after.Doc["phone_number"] != before.Doc["phone_number"] && !has(c.body, "phone_verified") {
		after.Doc["phone_verified"] = false
	}
	return c.index.conflictOfChange(before, after, connection)
}

// checkIdentifiers finds what is wrong with what is given to log in with.
func (c *call) checkIdentifiers(connection *connection) error {
	for _, key := range connection.requiredIdentifiers() {
		if value, given := c.body[key]; given && value == nil {
			return invalidBody("Cannot remove " + key + ", which the connection requires")
		}
	}
	for _, key := range []string{"email", "email_verified"} {
		if has(c.body, key) && !contains([]string{"auth0", "email"}, connection.Strategy()) {
			return invalidBody("Cannot update " + key + " for users of strategy " + connection.Strategy())
		}
	}
	if username, ok := c.body["username"].(string); ok {
		if err := connection.checkUsername(username); err != nil {
			return err
		}
	}
	return nil
}

// changePassword sets a new password, which also lifts an administrator's block unless the payload says otherwise.
func (c *call) changePassword(u *user, connection *connection, password string) error {
	if connection.Strategy() != "auth0" {
		return invalidBody("Cannot update password for non-database connections")
	}
	if err := c.setPassword(u, connection, password); err != nil {
		return err
	}
	u.Doc["last_password_reset"] = timestamp(c.now)
	c.dropSessions(u.ID)
	c.logEvent("scp", c.userEvent(u))
	if !has(c.body, "blocked") && truth(u.Doc, "blocked") {
		u.Doc["blocked"] = false
	}
	return nil
}
