package simulator

import (
	"crypto/md5" //nolint:gosec // what Gravatar uses
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// user is a person who can log in.
type user struct {
	ID          string
	Doc         doc      // the profile, as the API shows it
	Password    []byte   // bcrypt
	Imported    doc      // the hash of another service (custom_password_hash), until the first login
	History     [][]byte // earlier passwords, newest first
	Roles       []assignment
	Permissions []permission
	Methods     []doc   // authentication methods
	Linked      []*user // users that became identities of this one, in the order of the identities
}

// assignment is a role that a user has, or a member that an organization has.
type assignment struct {
	ID string
	At string
}

// connection is the name of the connection that the user belongs to, that of the primary identity.
func (u *user) connection() string { return str(u.identity(), "connection") }

// identity is the primary one.
func (u *user) identity() doc {
	first, _ := list(u.Doc, "identities")[0].(doc)
	return first
}

const usersPath = "/api/v2/users"

var (
	userProperties = objectOf(`
email string? format=email # The user's email.
phone_number string? pattern=^\+[0-9]{1,15}$ # The user's phone number (following the E.164 recommendation).
user_metadata object # Data related to the user that does not affect the application's core functionality.
app_metadata object # Data related to the user that does affect the application's core functionality.
blocked boolean # Whether this user was blocked by an administrator (true) or not (false).
email_verified boolean # Whether this email address is verified (true) or unverified (false).
phone_verified boolean # Whether this phone number has been verified (true) or not (false).
given_name string? len=1..150 # The user's given name(s).
family_name string? len=1..150 # The user's family name(s).
name string? len=1..300 # The user's full name.
nickname string? len=1..300 # The user's nickname.
picture string? format=uri # A URI pointing to the user's picture.
connection string len=1.. # Name of the connection this user should be created in.
password string? len=1.. # Initial password for this user.
verify_email boolean # Whether the user will receive a verification email after creation (true) or no email (false).
username string? len=1..128 # The user's username.
`)
	userCreation = userProperties.without("connection").extend(`
connection! string len=1.. # Name of the connection this user should be created in.
user_id string len=0..255 pattern=^\S*$ # The external user's id provided by the identity provider.
`)
	userChange = userProperties.extend(`
verify_phone_number boolean # Whether this user will receive a text after changing the phone number (true) or no text (false).
client_id string format=client-id # Auth0 client ID. Only valid when updating email address.
`).advise(` (consider storing them in app_metadata or user_metadata. See "Users Metadata" in https://auth0.com/docs/api/v2/changes for more details)`)
	userPath = objectOf(`id! string len=1.. # ID of the user.`)
)

func userRoutes() []*route {
	return []*route{
		post(usersPath, http.StatusCreated, "create:users").in(groupWriteUsers).bodyOf(userCreation).
			logged("Create a User").does(createUser),
		get(usersPath, "read:users").in(groupReadUsers).queryOf(userSearchQuery).does(searchUsers),
		get("/api/v2/users-by-email", "read:users").in(groupReadUsers).
			queryOf(queryOf("email! string format=email # Email address to search for (case-sensitive).", fieldParameters)).
			does(usersByEmail),
		get(usersPath+"/{id}", "read:users", "read:current_user").in(groupReadUsers).pathOf(userPath).queryOf(queryOf(fieldParameters)).
			does(getUser),
		change(usersPath+"/{id}", "update:users", "update:users_app_metadata", "update:current_user_metadata").
			in(groupWriteUsers).pathOf(userPath).bodyOf(userChange).checked(checkUserChange).
			logged("Update a User").does(patchUser),
		remove(usersPath+"/{id}", "delete:users", "delete:current_user").in(groupDeleteUsers).pathOf(userPath).
			logged("Delete a User").does(deleteUser),
	}
}

func noUser() *failure {
	return apiError(http.StatusNotFound, "inexistent_user", "The user does not exist.")
}

// user returns the user that the path names.
func (c *call) user() (*user, error) {
	if u, ok := c.Users.Get(c.params["id"]); ok {
		return u, nil
	}
	return nil, noUser()
}

func getUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.fields(u.Doc), nil
}

func usersByEmail(c *call) (any, error) {
	out := []any{}
	for _, u := range c.withEmail(str(c.query, "email")) {
		out = append(out, c.fields(u.Doc))
	}
	return out, nil
}

// createUser is POST /users.
func createUser(c *call) (any, error) {
	connection, err := c.connectionForUsers(str(c.body, "connection"))
	if err != nil {
		return nil, err
	}
	if err := checkNewUser(connection, c.body); err != nil {
		return nil, err
	}
	u, err := c.addNewUser(connection, c.body)
	if err != nil {
		return nil, err
	}
	if _, asked := c.body["verify_email"]; truth(c.body, "verify_email") || !asked && !truth(c.body, "email_verified") {
		c.sendEmail("verify_email", u, str(u.Doc, "email"))
	}
	c.logEvent("ss", patchKeepingNull(c.userEvent(u), doc{"details": doc{"body": patch(c.hiddenBody(), doc{
		"client_id": c.callerID(), "tenant": c.tenantName(),
	})}}))
	return u.Doc, nil
}

// connectionForUsers finds the connection by name, and refuses if the calling application may not create users in it.
func (c *call) connectionForUsers(name string) (*connection, error) {
	connection, ok := c.connectionNamed(name)
	switch {
	case !ok:
		return nil, apiError(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case c.dashboard:
	case !contains([]string{"auth0", "sms", "email"}, connection.Strategy()):
		return nil, apiError(http.StatusBadRequest, "operation_not_supported", "Users cannot be created in connections of strategy "+connection.Strategy())
	case connection.Clients.Len() == 0:
		return nil, identityError("The connection is disabled")
	case !connection.Clients.Has(c.callerID()):
		return nil, identityError(fmt.Sprintf("Connection must be enabled for this client to perform single user creation and "+
			"signup operations (client_id: %s - connection: %s)", c.callerID(), name))
	}
	return connection, nil
}

// identityError is an error that Auth0's own identity provider reports.
func identityError(message string) *failure {
	return apiError(http.StatusBadRequest, "auth0_idp_error", message)
}

// checkNewUser holds what is given for a new user against what the connection asks for.
func checkNewUser(connection *connection, given doc) error {
	for _, key := range connection.requiredIdentifiers() {
		if str(given, key) == "" {
			return invalid("Payload", "'Missing required property: "+key+"'.")
		}
	}
	if connection.Strategy() == "auth0" && str(given, "password") == "" && !connection.passwordOptional() {
		return invalid("Payload", "'Missing required property: password'.")
	}
	if _, ok := given["username"]; ok {
		if err := connection.checkUsername(str(given, "username")); err != nil {
			return err
		}
	}
	return checkMetadata(given)
}

// reservedAppMetadata are keys of app_metadata that Auth0 keeps for itself.
var reservedAppMetadata = strings.Split("__tenant,_id,blocked,clientID,created_at,email_verified,email,globalClientID,"+
	"global_client_id,identities,lastIP,lastLogin,loginsCount,metadata,multifactor_last_modified,multifactor,updated_at,user_id", ",")

func checkMetadata(given doc) error {
	var refused []string
	for _, key := range sortedKeys(object(given, "app_metadata")) {
		if contains(reservedAppMetadata, key) {
			refused = append(refused, key)
		}
	}
	if len(refused) > 0 {
		return invalid("Payload", "'Additional properties not allowed: "+strings.Join(refused, ",")+"' on property app_metadata.")
	}
	for _, name := range []string{"app_metadata", "user_metadata"} {
		if key := unstorableKey(object(given, name)); key != "" {
			return invalidBody(fmt.Sprintf("Invalid property name %q in %s: names can contain neither '.' nor '$'", key, name))
		}
	}
	return nil
}

// unstorableKey finds a name that cannot be stored, at any depth.
func unstorableKey(v any) string {
	switch value := v.(type) {
	case doc:
		for _, key := range sortedKeys(value) {
			if strings.ContainsAny(key, ".$") {
				return key
			}
			if inner := unstorableKey(value[key]); inner != "" {
				return inner
			}
		}
	case []any:
		for _, item := range value {
			if inner := unstorableKey(item); inner != "" {
				return inner
			}
		}
	}
	return ""
}

// addNewUser creates a user from valid input.
func (c *call) addNewUser(connection *connection, given doc) (*user, error) {
	profile := newProfile(connection, given, timestamp(c.now))
	raw := str(given, "user_id")
	if raw == "" {
		raw = objectID(c.now)
	}
	raw = strings.TrimPrefix(raw, connection.Strategy()+"|")
	u := &user{ID: connection.Strategy() + "|" + raw, Doc: profile}
	profile["user_id"] = u.ID
	profile["identities"] = []any{doc{
		"connection": connection.Name(), "user_id": raw, "provider": connection.Strategy(), "isSocial": false,
	}}
	if c.Users.Has(u.ID) {
		return nil, userExists()
	}
	if err := c.index.conflict(u, connection); err != nil {
		return nil, err
	}
	if password := str(given, "password"); password != "" {
		if err := c.setPassword(u, connection, password); err != nil {
			return nil, err
		}
	}
	c.putUser(u)
	c.emit("user.created", u.Doc)
	return u, nil
}

func userExists() *failure {
	return apiError(http.StatusConflict, "auth0_idp_error", "The user already exists.")
}

// newProfile is the profile of a new user, with Auth0's defaults.
func newProfile(connection *connection, given doc, now string) doc {
	p := pick(given, "email", "username", "phone_number", "given_name", "family_name", "name", "nickname", "picture",
		"user_metadata", "app_metadata", "blocked", "email_verified", "phone_verified")
	for key, value := range p {
		if value == nil {
			delete(p, key)
		}
	}
	email := str(p, "email")
	if email != "" {
		if connection.Strategy() == "auth0" {
			email = strings.ToLower(email)
		}
		p["email"] = email
		p = withDefaults(p, doc{"email_verified": false})
	}
	if str(p, "phone_number") != "" {
		p = withDefaults(p, doc{"phone_verified": false})
	}
	if has(p, "username") {
		p["username"] = connection.storedUsername(str(p, "username"))
	}
	name := firstOf(email, str(p, "phone_number"), str(p, "username"))
	local, _, _ := strings.Cut(name, "@")
	if connection.Strategy() != "sms" {
		p = withDefaults(p, doc{"nickname": firstOf(local, name)})
	}
	p = withDefaults(p, doc{"name": name, "picture": gravatar(email, firstOf(str(p, "nickname"), name))})
	p["created_at"], p["updated_at"] = now, now
	return p
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// gravatar is the picture of users who have none: Gravatar's, or else one of their initials.
func gravatar(email, name string) string {
	initials := strings.ToLower(name)
	for utf8.RuneCountInString(initials) > 2 {
		_, size := utf8.DecodeLastRuneInString(initials)
		initials = initials[:len(initials)-size]
	}
	sum := md5.Sum([]byte(email)) //nolint:gosec // see the import
	fallback := url.QueryEscape("https://cdn.auth0.com/avatars/" + initials + ".png")
	return "https://s.gravatar.com/avatar/" + hex.EncodeToString(sum[:]) + "?s=480&r=pg&d=" + fallback
}

// putUser stores a user, and updates the indexes.
func (c *call) putUser(u *user) {
	before, _ := c.Users.Get(u.ID)
	c.Users.Put(u.ID, u)
	c.index.update(before, u, c.now)
}

// deleteUser is DELETE /users/{id}. It succeeds even without such a user.
func deleteUser(c *call) (any, error) {
	if u, ok := c.Users.Get(c.params["id"]); ok {
		c.removeUser(u)
		c.logEvent("sdu", c.userEvent(u))
		c.emit("user.deleted", patch(u.Doc, doc{"deleted_at": timestamp(c.now)}))
	}
	return nil, nil
}

func (c *call) removeUser(u *user) {
	for _, r := range u.Roles {
		if role, ok := c.Roles.Get(r.ID); ok {
			role.members.Delete(u.ID)
		}
	}
	for _, o := range c.organizationsOf(u.ID) {
		c.part(o, u.ID)
	}
	c.dropSessions(u.ID)
	c.orphanRefreshTokens(u.ID)
	c.Users.Delete(u.ID)
	c.index.update(u, nil, c.now)
}
