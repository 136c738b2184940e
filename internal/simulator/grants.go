package simulator

import (
	"net/http"
	"slices"
)

var (
	grantPath     = objectOf(`id! string len=1.. # ID of the client grant.`)
	grantCreation = objectOf(`
client_id string format=client-id # ID of the client.
default_for string enum=third_party_clients # Applies this client grant as the default for all clients in the specified group.
audience! string len=1.. # The audience (API identifier) of this client grant
scope array<string> itemlen=1..280 # Scopes allowed for this client grant.
organization_usage string? enum=deny,allow,require # Defines whether organizations can be used with client credentials exchanges for this grant.
allow_any_organization boolean? # If enabled, any organization can be used with this grant.
subject_type string enum=client,user # The type of application access the client grant allows.
authorization_details_types array<string> itemlen=1..255 # Types of authorization_details allowed for this client grant.
allow_all_scopes boolean? # If enabled, all scopes configured on the resource server are allowed for this grant.
`)
	grantChange = grantCreation.without("client_id", "default_for", "audience", "subject_type")
	grantQuery  = queryOf(offsetParameters, checkpointParameters, `
audience string # Optional filter on audience.
client_id string # Optional filter on client_id.
allow_any_organization boolean # Optional filter on allow_any_organization.
subject_type string enum=client,user # The type of application access the client grant allows.
default_for string enum=third_party_clients
`)
)

// clientGrants allow applications to call APIs.
func clientGrants() resource {
	return &collection[doc]{
		path: "client-grants", title: "client grant", scopes: "client_grants", inPath: grantPath,
		table:    func(c *call) (*table[doc], error) { return c.Grants, nil },
		id:       identifier{field: "id", new: func(*call) string { return shortID("cgr_") }},
		list:     &operation{query: grantQuery},
		get:      &operation{},
		create:   &operation{body: grantCreation},
		update:   &operation{body: grantChange},
		remove:   &operation{},
		items:    "client_grants",
		linked:   true,
		filters:  sameFields("audience", "client_id", "allow_any_organization", "subject_type", "default_for"),
		defaults: doc{"subject_type": "client"},
		unique: []unique{{
			fields:  []string{"client_id", "audience", "subject_type"},
			message: "A client grant already exists between {client_id} and {audience}",
		}},
		limit:   map[RateLimit]int{RateLimitFree: 100, RateLimitSelfService: 10000, RateLimitEnterprise: 100000},
		missing: noGrant,
		check:   checkGrantWrite,
		build:   buildGrant,
		release: releaseGrant,
		show:    func(c *call, g doc) doc { return c.showGrant(g) },
	}
}

func noGrant() *failure {
	return apiError(http.StatusNotFound, "inexistent_client_grant", "The grant does not exist.")
}

func (c *call) grant() (doc, error) {
	if g, ok := c.Grants.Get(c.params["id"]); ok {
		return g, nil
	}
	return nil, noGrant()
}

// grantFor is the grant that allows a client to call an API, for itself (subject type client) or for a user.
func (t *tenant) grantFor(clientID, audience, subjectType string) (doc, bool) {
	return t.Grants.First(func(g doc) bool {
		return str(g, "client_id") == clientID && str(g, "audience") == audience && str(g, "subject_type") == subjectType
	})
}

// addGrant stores a client grant with a new ID.
func (t *tenant) addGrant(g doc) {
	g["id"] = shortID("cgr_")
	t.Grants.Put(str(g, "id"), g)
}

func same(d doc) doc { return d }

// checkGrantWrite also drops what cannot be granted. Unlike a POST, a PATCH takes scopes that the API does not have (yet).
func checkGrantWrite(c *call, before, g doc) error {
	if before == nil {
		if err := c.checkGrant(g); err != nil {
			return err
		}
		c.dropUngrantable(g)
		return nil
	}
	if truth(before, "is_system") {
		return apiError(http.StatusForbidden, "operation_not_supported", "System client grants cannot be updated.")
	}
	if api, ok := c.apiIdentified(str(g, "audience")); ok && truth(c.body, "allow_all_scopes") {
		if err := checkGrantScope(api, pick(g, "allow_all_scopes")); err != nil {
			return err
		}
	}
	c.dropUngrantable(g)
	return nil
}

func buildGrant(_ *call, before, g doc) (doc, error) {
	if before == nil && !has(g, "scope") && !truth(g, "allow_all_scopes") {
		g["scope"] = []any{}
	}
	return g, nil
}

func releaseGrant(_ *call, g doc) error {
	if truth(g, "is_system") {
		return apiError(http.StatusForbidden, "operation_not_supported", "System client grants cannot be deleted.")
	}
	return nil
}

// showGrant is a grant as answers show it.
func (s *Server) showGrant(g doc) doc {
	if s.shows(sinceSubjectTypes) {
		return g
	}
	return omit(g, "subject_type")
}

func (c *call) checkGrant(g doc) error {
	if !has(g, "client_id") && !has(g, "default_for") {
		return invalid("Payload", "'Missing required property: client_id'.")
	}
	if id := str(g, "client_id"); id != "" {
		client, ok := c.Clients.Get(id)
		switch {
		case !ok:
			return apiError(http.StatusNotFound, "inexistent_client", "The client does not exist")
		case str(client.Doc, "app_type") == "express_configuration":
			return apiError(http.StatusBadRequest, "validation_error", "Client of type express_configuration cannot be used")
		}
	}
	api, ok := c.apiIdentified(str(g, "audience"))
	if !ok {
		return apiError(http.StatusNotFound, "inexistent_resource_server", "Resource server not found")
	}
	return checkGrantScope(api, g)
}

// checkGrantScope refuses scopes that the API does not have, and all of them of Auth0's own APIs. What Auth0 says to the latter is not
// recorded.
func checkGrantScope(api, g doc) error {
	if truth(g, "allow_all_scopes") && truth(api, "is_system") {
		return apiError(http.StatusBadRequest, "invalid_body", "allow_all_scopes cannot be enabled for system resource servers")
	}
	for _, scope := range texts(g, "scope") {
		if scopeOf(api, scope) == nil {
			return apiError(http.StatusBadRequest, "invalid_body", "The following scopes are not defined by the resource server: "+scope)
		}
	}
	return nil
}

// dropUngrantable silently drops the scopes of the Management API that only the dashboard can grant, as users report.
func (c *call) dropUngrantable(g doc) {
	if str(g, "audience") != c.audience() || c.dashboard || !has(g, "scope") {
		return
	}
	g["scope"] = anys(slices.DeleteFunc(texts(g, "scope"), func(scope string) bool {
		return scope == "create:role_members" || scope == "delete:role_members"
	}))
}

// removeGrants deletes the matching grants.
func (t *tenant) removeGrants(match func(doc) bool) {
	for _, g := range t.Grants.Where(match) {
		t.Grants.Delete(str(g, "id"))
	}
}

// scopesOfGrant are the scopes of a grant that the API still has.
func scopesOfGrant(api, g doc) []string {
	if truth(g, "allow_all_scopes") {
		return scopeNamesOf(api)
	}
	return slices.DeleteFunc(texts(g, "scope"), func(s string) bool { return scopeOf(api, s) == nil })
}
