package simulator

import (
	"crypto/sha512"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// connection is a source of users.
type connection struct {
	ID      string
	Doc     doc          // as the API shows it, without enabled_clients
	Clients *table[bool] // the applications that it is enabled for
}

// Name is unique within the tenant, and never changes.
func (o *connection) Name() string { return str(o.Doc, "name") }

// Strategy is the kind of connection; auth0 is a database.
func (o *connection) Strategy() string { return str(o.Doc, "strategy") }

func (o *connection) options() doc { return object(o.Doc, "options") }

// enable allows or forbids an application to use the connection.
func (o *connection) enable(clientID string, on bool) {
	if on {
		o.Clients.Put(clientID, true)
	} else {
		o.Clients.Delete(clientID)
	}
}

func (t *tenant) connectionNamed(name string) (*connection, bool) {
	return t.Connections.First(func(o *connection) bool { return o.Name() == name })
}

// requiredIdentifiers are the identifiers that a new user must have.
func (o *connection) requiredIdentifiers() []string {
	attributes := object(o.options(), "attributes")
	switch {
	case o.Strategy() == "sms":
		return []string{"phone_number"}
	case attributes != nil:
		var out []string
		for _, kind := range identifierKinds {
			attribute := object(attributes, kind)
			if truth(attribute, "profile_required") || at(attribute, "signup.status") == "required" {
				out = append(out, kind)
			}
		}
		return out
	case truth(o.options(), "requires_username"):
		return []string{"email", "username"}
	}
	return []string{"email"}
}

func (o *connection) passwordOptional() bool {
	return at(o.options(), "authentication_methods.password.api_behavior") == "optional"
}

var usernameForm = regexp.MustCompile(`^[\p{L}\p{N}@^$.!` + "`" + `\-#+'~_]+$`)

// storedUsername is how a connection stores a username: Auth0's own databases convert it to lower case.
func (o *connection) storedUsername(username string) string {
	if o.Strategy() == "auth0" {
		return strings.ToLower(username)
	}
	return username
}

// checkUsername rejects a username that is invalid, or if the connection has none.
func (o *connection) checkUsername(username string) error {
	attribute := object(object(o.options(), "attributes"), "username")
	if !truth(o.options(), "requires_username") && attribute == nil {
		return identityError("Cannot set username for connection without requires_username")
	}
	low, high := 1.0, 15.0
	if rule, ok := at(o.options(), "validation.username").(doc); ok {
		low, high = number(rule, "min", low), number(rule, "max", high)
	}
	if rule := object(attribute, "validation"); rule != nil {
		low, high = number(rule, "min_length", low), number(rule, "max_length", high)
	}
	length := float64(utf8.RuneCountInString(username))
	switch {
	case length < low || length > high:
		return invalidBody(fmt.Sprintf("Username must be between %v and %v characters in length", low, high))
	case !usernameForm.MatchString(username):
		return invalidBody("Username contains characters that are not allowed")
	}
	return nil
}

const connectionsPath = "/api/v2/connections"

var (
	connectionPath     = objectOf(`id! string len=1.. # The id of the connection to retrieve`)
	connectionCreation = objectOf(`
name! string len=1..128 pattern=^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$ # The name of the connection. Must start and end with an alphanumeric character and can only contain alphanumeric characters and '-'. Max length 128
strategy! string len=1.. # The identity provider identifier for the connection
display_name string? len=1..128 # Connection name used in the new universal login experience
options object # The connection's options (depend on the connection strategy)
enabled_clients array<string> # DEPRECATED property. Use the PATCH /v2/connections/{id}/clients endpoint to enable the connection for a set of clients.
is_domain_connection boolean # true promotes to a domain-level connection so that third-party applications can use it. false does not promote the connection, so only first-party applications with the connection enabled can use it. (Defaults to false.)
show_as_button boolean # Enables showing a button for the connection in the login page (new experience only). If false, it will be usable only by HRD. (Defaults to false.)
realms array<string> # Defines the realms for which the connection will be used (ie: email domains). If the array is empty or the property is not specified, the connection name will be added as realm.
metadata object? # Metadata associated with the connection in the form of an object with string values (max 255 chars). Maximum of 10 metadata properties allowed.
authentication object # Configure the purpose of a connection to be used for authentication during login.
  active! boolean
connected_accounts object # Configure the purpose of a connection to be used for connected accounts and Token Vault.
  active! boolean
  cross_app_access boolean
cross_app_access_requesting_app object
  active! boolean
`)
	connectionChange  = connectionCreation.without("name", "strategy").optional()
	connectionClients = arrayOf("len=1..50", `
client_id! string format=client-id # The client_id of the client to be the subject to change status
status! boolean # Whether the connection is enabled or not for this client_id
`)
)

// connections are where users come from.
func connections() resource {
	return &collection[*connection]{
		path: "connections", title: "a connection", scopes: "connections", inPath: connectionPath,
		table: func(c *call) (*table[*connection], error) { return c.Connections, nil },
		doc:   func(o *connection) doc { return o.Doc },
		id:    identifier{field: "id", new: func(*call) string { return shortID("con_") }},
		list: &operation{group: groupReadConnections, perPage: 100, query: queryOf(offsetParameters, checkpointParameters, fieldParameters, `
name string # Provide the name of the connection to retrieve
strategy array<string> # Provide strategies to only retrieve connections with such strategies
`)},
		get:        &operation{group: groupReadConnections, query: queryOf(fieldParameters)},
		create:     &operation{body: connectionCreation},
		update:     &operation{body: connectionChange},
		remove:     &operation{does: deleteConnection},
		more:       connectionRoutes(),
		items:      "connections",
		linked:     true,
		unfiltered: []string{"is_domain_connection"},
		filters:    sameFields("name", "strategy"),
		unique:     []unique{{fields: []string{"name"}, code: "conflict", message: connectionNameTaken}},
		limit:      map[RateLimit]int{RateLimitFree: 100, RateLimitSelfService: 100, RateLimitEnterprise: 100000},
		missing:    noConnection,
		check:      checkConnectionWrite,
		build:      buildConnection,
		changed:    func(c *call, what string, o *connection) { c.emit("connection."+what, omit(o.Doc, "options")) },
		show:       (*call).showConnection,
	}
}

const connectionNameTaken = "A connection with the same name already exists"

func connectionRoutes() []*route {
	return []*route{
		remove(connectionsPath+"/{id}/users", "delete:users").pathOf(connectionPath).
			queryOf(queryOf("email! string format=email # The email of the user to delete")).
			logged("Delete a connection user").does(deleteConnectionUser),
		get(connectionsPath+"/{id}/clients", "read:connections").in(groupReadConnections).pathOf(connectionPath).
			queryOf(queryOf("take integer range=1..1000 # Number of results per page. Defaults to 50.", "from string")).
			does(listConnectionClients),
		change(connectionsPath+"/{id}/clients", "update:connections").answers(http.StatusNoContent).pathOf(connectionPath).
			bodyOf(connectionClients).logged("Update enabled clients for a connection").does(patchConnectionClients),
	}
}

func noConnection() *failure {
	return apiError(http.StatusNotFound, "inexistent_connection", "The connection does not exist")
}

func (c *call) connection() (*connection, error) {
	if o, ok := c.Connections.Get(c.params["id"]); ok {
		return o, nil
	}
	return nil, noConnection()
}

// showConnection is the connection as an answer shows it.
func (c *call) showConnection(o *connection) doc {
	out := clone(o.Doc)
	if !c.mayOptions("read:connections_options") {
		delete(out, "options")
	} else if configuration := object(o.options(), "configuration"); configuration != nil {
		out["options"] = patch(o.options(), doc{"configuration": encrypted(configuration)})
	}
	enabled := []any{}
	for id := range o.Clients.All() {
		enabled = append(enabled, id)
	}
	out["enabled_clients"] = enabled
	return out
}

// mayOptions reports whether the caller has a scope for the options of connections, or needs none.
func (c *call) mayOptions(scope string) bool {
	return c.options.ConnectionOptionsUnscoped || c.may(scope)
}

// encrypted is how answers show the values for the scripts of a database. One that is sent back is encrypted again.
func encrypted(configuration doc) doc {
	out := doc{}
	for name, value := range configuration {
		out[name] = Encrypted(fmt.Sprint(value))
	}
	return out
}

// Encrypted is how answers show a value for the scripts of a database, which nobody can read.
func Encrypted(value string) string {
	sum := sha512.Sum512([]byte(value))
	return fmt.Sprintf("2.0$%x$%x$%x", sum[:16], sum[16:48], sum[48:])
}

// newConnection creates a connection with Auth0's defaults.
func (s *Server) newConnection(given doc) *connection {
	kind := str(given, "strategy")
	rules := strategies[kind]
	d := withDefaults(omit(given, "enabled_clients"), doc{
		"id": shortID("con_"), "is_domain_connection": false, "realms": []any{given["name"]},
	})
	if rules.enterprise {
		setDefaultKey(d, "show_as_button", false)
	}
	if rules.provisioned {
		d["provisioning_ticket_url"] = s.URL + "/p/" + kind + "/" + random(8, alphanumerics)
	}
	if rules.named {
		setDefaultKey(d, "display_name", d["name"])
	}
	if s.shows(sinceConnectedAccounts) && !rules.plain || has(given, "authentication") || has(given, "connected_accounts") {
		d = withDefaults(d, doc{"authentication": doc{"active": true}, "connected_accounts": doc{"active": false}})
	}
	d["options"] = s.completeOptions(kind, object(given, "options"), false)
	return &connection{ID: str(d, "id"), Doc: d, Clients: newTable[bool]()}
}

// checkConnectionWrite also refuses the name of a connection that is still being deleted.
func checkConnectionWrite(c *call, before *connection, d doc) error {
	if before != nil && has(c.body, "options") && !c.mayOptions("update:connections_options") {
		return insufficientScope([]string{"update:connections_options"})
	}
	if err := checkConnection(c.body, str(d, "strategy")); err != nil {
		return err
	}
	if before == nil && c.now.Before(c.deleting[str(d, "name")]) {
		return apiError(http.StatusConflict, "conflict", connectionNameTaken)
	}
	return nil
}

// buildConnection replaces the options as a whole. The answer shows more of them than the tenant keeps.
func buildConnection(c *call, before *connection, d doc) (*connection, error) {
	var o *connection
	if before == nil {
		o = c.newConnection(d)
	} else {
		o = c.changedConnection(before, omit(d, "enabled_clients"))
	}
	if has(c.body, "enabled_clients") {
		o.Clients = newTable[bool]()
	}
	for _, id := range texts(c.body, "enabled_clients") {
		o.enable(id, true)
	}
	c.also = pick(c.showConnection(o), "options")
	o.Doc["options"] = kept(o.Strategy(), o.options())
	return o, nil
}

// changedConnection is a connection with what a PATCH changes.
func (c *call) changedConnection(before *connection, d doc) *connection {
	after := &connection{ID: before.ID, Clients: before.Clients, Doc: d}
	if !has(c.body, "display_name") && has(d, "display_name") {
		d["display_name"] = after.Name()
	}
	if len(list(d, "realms")) == 0 {
		d["realms"] = []any{after.Name()}
	}
	if has(c.body, "options") {
		d["options"] = c.completeOptions(before.Strategy(), object(c.body, "options"), true)
	}
	return after
}

// checkConnection rejects options that contradict each other.
func checkConnection(given doc, strategy string) error {
	if metadata := object(given, "metadata"); len(metadata) > 10 {
		return invalid("Payload", fmt.Sprintf("'Too many properties defined (%d), maximum 10' on property metadata.", len(metadata)))
	}
	for _, key := range sortedKeys(object(given, "metadata")) {
		if value := object(given, "metadata")[key]; typeOf(value) != "string" {
			return invalid("Payload", "'Expected type string but found type "+typeOf(value)+"' on property metadata."+key+".")
		} else if len(key) > 255 || len(value.(string)) > 255 {
			return invalid("Payload", "'String is too long, maximum 255' on property metadata."+key+".")
		}
	}
	options := object(given, "options")
	attributes, ok := options["attributes"].(doc)
	if strategy != "auth0" || !ok {
		return nil
	}
	switch {
	case truth(options, "requires_username"):
		return invalidBody("Cannot set both options.attributes and options.requires_username")
	case has(options, "validation"):
		return invalidBody("Cannot set both options.attributes and options.validation")
	}
	active := false
	for _, kind := range identifierKinds {
		attribute := object(attributes, kind)
		active = active || at(attribute, "identifier.active") == true
		if truth(attribute, "profile_required") && at(attribute, "signup.status") == "inactive" {
			return invalidBody("attribute " + kind + " must also be required on signup")
		}
	}
	if !active {
		return invalidBody("attributes must contain one active identifier")
	}
	return nil
}

// deleteConnection also deletes the connection's users, which takes a while. The name stays taken for as long.
func deleteConnection(c *call) (any, error) {
	o, ok := c.Connections.Get(c.params["id"])
	if !ok {
		c.status = http.StatusNoContent
		if until, going := c.deleting[c.params["id"]]; going && c.now.Before(until) {
			c.status = http.StatusAccepted
			return doc{"deleted_at": timestamp(c.now)}, nil
		}
		return nil, nil
	}
	users := c.Users.Where(func(u *user) bool { return u.connection() == o.Name() })
	for _, u := range users {
		c.removeUser(u)
		c.emit("user.deleted", patch(u.Doc, doc{"deleted_at": timestamp(c.now)}))
	}
	if len(users) > 0 {
		until := c.now.Add(time.Second + time.Duration(len(users))*time.Millisecond)
		c.deleting[o.ID], c.deleting[o.Name()] = until, until
	}
	c.Connections.Delete(o.ID)
	c.dropBelow("connections", o.ID)
	c.emit("connection.deleted", omit(o.Doc, "options"))
	c.status = http.StatusAccepted
	return doc{"deleted_at": timestamp(c.now)}, nil
}

func deleteConnectionUser(c *call) (any, error) {
	o, err := c.connection()
	if err != nil {
		return nil, err
	}
	if o.Strategy() != "auth0" {
		return nil, apiError(http.StatusBadRequest, "", "Connection must be a database connection")
	}
	if u := c.index.holder(o.Name(), "email", str(c.query, "email")); u != nil {
		c.removeUser(u)
		c.emit("user.deleted", patch(u.Doc, doc{"deleted_at": timestamp(c.now)}))
	}
	return nil, nil
}

func listConnectionClients(c *call) (any, error) {
	o, err := c.connection()
	if err != nil {
		return nil, err
	}
	ids := slices.Collect(keysOf(o.Clients))
	return checkpoint(c, "clients", ids, func(id string) doc { return doc{"client_id": id} }, nil)
}

func keysOf[T any](t *table[T]) func(func(string) bool) {
	return func(yield func(string) bool) {
		for id := range t.All() {
			if !yield(id) {
				return
			}
		}
	}
}

func patchConnectionClients(c *call) (any, error) {
	o, err := c.connection()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, item := range c.items {
		id := str(item.(doc), "client_id")
		if !c.Clients.Has(id) {
			return nil, apiError(http.StatusBadRequest, "invalid_body", "One or more of the provided clients do not exist: "+id)
		}
		wanted[id] = truth(item.(doc), "status")
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		o.enable(id, wanted[id])
	}
	return nil, nil
}
