package simulator

import (
	"net/http"
	"net/url"
)

var (
	passwordTicket = objectOf(`
result_url string format=uri # URL the user will be redirected to in the classic Universal Login experience once the ticket is used. Cannot be specified when using client_id or organization_id.
user_id string len=1.. # user_id of for whom the ticket should be created.
client_id string format=client-id # ID of the client (application).
organization_id string # ID of the organization. Only applicable when using client_id.
connection_id string # ID of the connection. If provided, allows the user to be specified using email instead of user_id.
email string format=email # Email address of the user for whom the tickets should be created. Requires the connection_id parameter. Cannot be specified when using user_id.
ttl_sec integer range=0.. # Number of seconds for which the ticket is valid before expiration. If unspecified or set to 0, this value defaults to 432000 seconds (5 days).
mark_email_as_verified boolean # Whether to set the email_verified attribute to true (true) or whether it should not be updated (false).
includeEmailInRedirect boolean # Whether to include the email address as part of the returnUrl in the reset_email (true), or not (false).
identity object
  user_id! string
  provider! string
  connection_id string
`)
	verificationTicket = objectOf(`
result_url string format=uri # URL the user will be redirected to in the classic Universal Login experience once the ticket is used.
user_id! string len=1.. # user_id of for whom the ticket should be created.
client_id string format=client-id # ID of the client (application).
organization_id string # ID of the organization.
ttl_sec integer range=0.. # Number of seconds for which the ticket is valid before expiration.
includeEmailInRedirect boolean # Whether to include the email address as part of the returnUrl in the reset_email (true), or not (false).
identity object
  user_id! string
  provider! string
  connection_id string
`)
)

func ticketRoutes() []*route {
	return []*route{
		post("/api/v2/tickets/password-change", http.StatusCreated, "create:user_tickets").bodyOf(passwordTicket).
			logged("Create a password change ticket").does(createPasswordTicket),
		post("/api/v2/tickets/email-verification", http.StatusCreated, "create:user_tickets").bodyOf(verificationTicket).
			logged("Create an email verification ticket").does(createVerificationTicket),
	}
}

// ticketUser is the user of a ticket.
func (c *call) ticketUser() (*user, error) {
	if email := str(c.body, "email"); email != "" && !has(c.body, "user_id") {
		connection, ok := c.Connections.Get(str(c.body, "connection_id"))
		if !ok {
			return nil, apiError(http.StatusNotFound, "inexistent_connection", "The connection does not exist")
		}
		if u := c.index.holder(connection.Name(), "email", email); u != nil {
			return u, nil
		}
		return nil, noUser()
	}
	if u, ok := c.Users.Get(str(c.body, "user_id")); ok {
		return u, nil
	}
	return nil, noUser()
}

// checkTicket rejects settings that exclude each other.
func (c *call) checkTicket() error {
	switch {
	case has(c.body, "result_url") && has(c.body, "client_id"):
		return invalidBody("Cannot specify both client_id and result_url")
	case has(c.body, "organization_id") && !has(c.body, "client_id"):
		return invalidBody("organization_id requires client_id")
	}
	if id := str(c.body, "client_id"); id != "" && !c.Clients.Has(id) {
		return noClient()
	}
	if id := str(c.body, "organization_id"); id != "" && !c.Organizations.Has(id) {
		return noOrganization()
	}
	return nil
}

// ticket makes a link; an earlier one for the same purpose dies, since each is kept nowhere.
func (c *call) ticket(path string) doc {
	return doc{"ticket": c.link(path, url.Values{"ticket": {random(32, alphanumerics)}}) + "#"}
}

func createPasswordTicket(c *call) (any, error) {
	switch {
	case !has(c.body, "user_id") && !has(c.body, "email"):
		return nil, invalid("Payload", "'Missing required property: user_id'.")
	case has(c.body, "user_id") && has(c.body, "email"):
		return nil, invalidBody("Cannot specify both user_id and email")
	}
	return c.ticketFor("/u/reset-password")
}

func createVerificationTicket(c *call) (any, error) { return c.ticketFor("/u/email-verification") }

func (c *call) ticketFor(path string) (any, error) {
	if err := c.checkTicket(); err != nil {
		return nil, err
	}
	u, err := c.ticketUser()
	if err != nil {
		return nil, err
	}
	if connection, ok := c.connectionNamed(u.connection()); path == "/u/reset-password" && (!ok || connection.Strategy() != "auth0") {
		return nil, invalidBody("The user must belong to a database connection")
	}
	return c.ticket(path), nil
}
