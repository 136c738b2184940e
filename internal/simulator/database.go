package simulator

import (
	"net/http"
	"strings"
)

const resetMailSent = "We've just sent you an email to reset your password."

// Limits of user_metadata at sign-up.
const (
	maxSignupMetadata      = 10
	maxSignupMetadataName  = 100
	maxSignupMetadataValue = 500
)

var changePasswordForm = openObjectOf(`
email string
username string
phone_number string
connection! string len=1..
client_id string
organization string
`)

func databaseRoutes() []*route {
	return []*route{
		post("/dbconnections/signup", http.StatusOK).in(groupSignup).key((*call).ip).bodyOf(tokenForm).does(signUp),
		post("/dbconnections/change_password", http.StatusOK).in(groupChangePassword).
			key(func(c *call) string { return c.ip() + " " + str(c.body, "email") }).bodyOf(changePasswordForm).does(changeOwnPassword),
	}
}

func signupError(code, description string) *failure {
	return &failure{status: http.StatusBadRequest, body: doc{
		"name": "BadRequestError", "code": code, "description": description, "statusCode": http.StatusBadRequest,
	}}
}

// signUp is POST /dbconnections/signup: a user creates an account.
func signUp(c *call) (any, error) {
	connection, err := c.signupConnection()
	if err != nil {
		return nil, err
	}
	if err := c.checkSignup(connection); err != nil {
		return nil, err
	}
	given := pick(c.body, "email", "username", "phone_number", "password", "name", "given_name", "family_name", "nickname",
		"picture", "user_metadata")
	if w := connection.weaknessOf(str(given, "password"), &user{Doc: given}); w != nil {
		return nil, w.forSignup()
	}
	u, err := c.addNewUser(connection, given)
	if err != nil {
		return nil, c.signupConflict()
	}
	c.sendEmail("verify_email", u, str(u.Doc, "email"))
	c.logEvent("ss", patchKeepingNull(c.userEvent(u), doc{"client_id": c.body["client_id"]}))
	shown := pick(u.Doc, "email", "username", "email_verified", "phone_number", "phone_verified")
	shown["_id"] = u.identity()["user_id"]
	return patch(shown, pick(u.Doc, signupExtras(c.body)...)), nil
}

// signupExtras are those properties of a new user that the answer shows because they were given.
func signupExtras(given doc) []string {
	var out []string
	for _, key := range []string{"given_name", "family_name", "name", "nickname", "picture", "user_metadata"} {
		if has(given, key) {
			out = append(out, key)
		}
	}
	return out
}

// signupConnection is the database for a sign-up through an application for which it is enabled.
func (c *call) signupConnection() (*connection, error) {
	name := str(c.body, "connection")
	connection, ok := c.connectionNamed(name)
	id := str(c.body, "client_id")
	o, known := c.Clients.Get(id)
	switch {
	case name == "":
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "missing connection parameter")
	case id != "" && !known:
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "unknown client: "+id)
	case !ok || connection.Strategy() != "auth0":
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "the connection was not found")
	case known && !truth(o.Doc, "global") && !connection.Clients.Has(id):
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "the connection is not enabled")
	case truth(connection.options(), "disable_signup"):
		return nil, &failure{status: http.StatusBadRequest, body: doc{"name": "BadRequestError", "code": "public signup is disabled", "description": "Public signup is disabled", "statusCode": http.StatusBadRequest}}
	}
	return connection, nil
}

// checkSignup finds what is missing or too much.
func (c *call) checkSignup(connection *connection) error {
	for _, key := range connection.requiredIdentifiers() {
		if str(c.body, key) != "" {
			continue
		}
		if key == "username" && truth(connection.options(), "requires_username") {
			return &failure{status: http.StatusBadRequest, body: doc{
				"error": "missing username for " + connection.Name() + " connection with requires_username enabled",
			}}
		}
		return oauthError(http.StatusBadRequest, "invalid_request", "missing "+key+" parameter")
	}
	if str(c.body, "password") == "" {
		return oauthError(http.StatusBadRequest, "invalid_request", "missing password parameter")
	}
	if email := str(c.body, "email"); email != "" && !isEmail(email) {
		return signupError("invalid_signup", "Invalid email")
	}
	if has(c.body, "username") && connection.checkUsername(str(c.body, "username")) != nil {
		return signupError("invalid_signup", "Invalid username")
	}
	return c.checkSignupMetadata()
}

func (c *call) checkSignupMetadata() error {
	metadata, given := c.body["user_metadata"]
	fields, ok := metadata.(doc)
	if !given {
		return nil
	}
	if !ok || len(fields) > maxSignupMetadata {
		return oauthError(http.StatusBadRequest, "invalid_request", "user_metadata must be an object with at most 10 properties")
	}
	for key, value := range fields {
		text, isText := value.(string)
		if !isText || len(key) > maxSignupMetadataName || len(text) > maxSignupMetadataValue {
			return oauthError(http.StatusBadRequest, "invalid_request", "user_metadata."+key+" must be a string of at most 500 characters")
		}
	}
	return nil
}

// signupConflict hides which users exist, unless the tenant's settings reveal it.
func (c *call) signupConflict() *failure {
	if truth(object(c.settings(), "flags"), "enable_public_signup_user_exists_error") {
		return signupError("user_exists", "The user already exists.")
	}
	return signupError("invalid_signup", "Invalid sign up")
}

// changeOwnPassword is POST /dbconnections/change_password. The answer is the same whether or not there is such a user.
func changeOwnPassword(c *call) (any, error) {
	connection, ok := c.connectionNamed(str(c.body, "connection"))
	if !ok || connection.Strategy() != "auth0" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "the connection was not found")
	}
	email := strings.ToLower(str(c.body, "email"))
	if email == "" {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", "missing email parameter")
	}
	if u := c.index.holder(connection.Name(), "email", email); u != nil {
		c.sendEmail("reset_email", u, email)
		c.logEvent("scpr", patchKeepingNull(c.userEvent(u), doc{"client_id": c.body["client_id"]}))
	}
	c.header.Set("Content-Type", htmlType)
	return resetMailSent, nil
}
