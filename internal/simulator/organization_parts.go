package simulator

import "net/http"

var (
	orgConnectionCreation = objectOf(`
connection_id! string len=1.. # Single connection ID to add to the organization.
assign_membership_on_login boolean # When true, all users that log in with this connection will be automatically granted membership in the organization.
is_signup_enabled boolean # Determines whether organization signup should be enabled for this organization connection.
show_as_button boolean # Determines whether a connection should be displayed on this organization’s login prompt.
`)
	orgConnectionChange = orgConnectionCreation.without("connection_id")
	orgGrantCreation    = objectOf(`grant_id! string len=1.. # A Client Grant ID to add to the organization.`)
)

func organizationPartRoutes() []*route {
	const one = organizationsPath + "/{id}"
	const connections = one + "/enabled_connections"
	const connection = connections + "/{connectionId}"
	const grants = one + "/client-grants"
	return []*route{
		get(connections, "read:organization_connections").in(groupReadOrgConnections).pathOf(organizationPath).
			queryOf(pagedQuery).does(listOrgConnections),
		post(connections, http.StatusCreated, "create:organization_connections").in(groupWriteOrgConnections).
			pathOf(organizationPath).bodyOf(orgConnectionCreation).logged("Create an Organization Connection").does(addOrgConnection),
		get(connection, "read:organization_connections").in(groupReadOrgConnections).pathOf(organizationPath).does(getOrgConnection),
		change(connection, "update:organization_connections").in(groupWriteOrgConnections).pathOf(organizationPath).
			bodyOf(orgConnectionChange).logged("Modify an Organizations Connection").does(patchOrgConnection),
		remove(connection, "delete:organization_connections").in(groupWriteOrgConnections).pathOf(organizationPath).
			logged("Delete connections from an organization").does(removeOrgConnection),

		get(grants, "read:organization_client_grants").in(groupReadOrgGrants).pathOf(organizationPath).
			queryOf(queryOf(offsetParameters, "audience string", "client_id string", "grant_ids array<string>")).does(listOrgGrants),
		post(grants, http.StatusCreated, "create:organization_client_grants").in(groupWriteOrgGrants).pathOf(organizationPath).
			bodyOf(orgGrantCreation).logged("Associate a client grant with an organization").does(addOrgGrant),
		remove(grants+"/{grant_id}", "delete:organization_client_grants").in(groupWriteOrgGrants).pathOf(organizationPath).
			logged("Remove a client grant from an organization").does(removeOrgGrant),
		get("/api/v2/client-grants/{id}/organizations", "read:organization_client_grants").pathOf(grantPath).
			queryOf(queryOf(offsetParameters, checkpointParameters)).does(listGrantOrganizations),
	}
}

// listOrgConnections names as limit the number of connections, not what was asked for.
func listOrgConnections(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	items := []any{}
	for id := range o.Connections.All() {
		if shown, ok := c.showOrgConnection(o, id); ok {
			items = append(items, shown)
		}
	}
	start, end, _ := c.window(len(items))
	shown := items[min(start, len(items)):end]
	if !truth(c.query, "include_totals") {
		return shown, nil
	}
	return doc{"enabled_connections": shown, "start": start, "limit": len(shown), "total": len(items)}, nil
}

// showOrgConnection is the use of a connection as answers show it, if the connection is still there.
func (c *call) showOrgConnection(o *organization, id string) (doc, bool) {
	use, ok := o.Connections.Get(id)
	connection, exists := c.Connections.Get(id)
	if !ok || !exists {
		return nil, false
	}
	return patch(use, doc{"connection": doc{"name": connection.Name(), "strategy": connection.Strategy()}}), true
}

// enableConnection lets an organization use a connection.
func (c *call) enableConnection(o *organization, given doc) (doc, error) {
	id := str(given, "connection_id")
	connection, ok := c.Connections.Get(id)
	switch {
	case !ok:
		return nil, apiError(http.StatusNotFound, "", "No connection found by that id")
	case o.Connections.Has(id):
		return nil, apiError(http.StatusConflict, "", "The connection is already enabled for the organization")
	case o.Connections.Len() >= maxOrgConnections:
		return nil, apiError(http.StatusConflict, "", "No more connections can be enabled for this organization")
	}
	use := withDefaults(given, doc{"assign_membership_on_login": false, "show_as_button": true})
	if connection.Strategy() == "auth0" {
		use = withDefaults(use, doc{"is_signup_enabled": false})
	}
	if err := checkSignup(connection, use); err != nil {
		return nil, err
	}
	o.Connections.Put(id, use)
	c.emit("organization.connection.added", orgConnectionEvent(o, use))
	shown, _ := c.showOrgConnection(o, id)
	return shown, nil
}

// orgConnectionEvent is what events about an organization's connection tell.
func orgConnectionEvent(o *organization, use doc) doc {
	return patch(omit(use, "connection_id"), doc{"organization": pick(o.Doc, "id", "name"), "connection": doc{"id": use["connection_id"]}})
}

func checkSignup(connection *connection, use doc) error {
	if truth(use, "is_signup_enabled") && (connection.Strategy() != "auth0" || !truth(use, "assign_membership_on_login")) {
		return invalidBody("Only database connections with assign_membership_on_login = true support is_signup_enabled = true.")
	}
	return nil
}

func addOrgConnection(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	return c.enableConnection(o, c.body)
}

// orgConnection is what the path names.
func (c *call) orgConnection() (*organization, doc, error) {
	o, err := c.organization()
	if err != nil {
		return nil, nil, err
	}
	shown, ok := c.showOrgConnection(o, c.params["connectionId"])
	if !ok {
		return nil, nil, apiError(http.StatusNotFound, "", "No connection found by that id")
	}
	return o, shown, nil
}

func getOrgConnection(c *call) (any, error) {
	_, shown, err := c.orgConnection()
	if err != nil {
		return nil, err
	}
	return shown, nil
}

func patchOrgConnection(c *call) (any, error) {
	o, shown, err := c.orgConnection()
	if err != nil {
		return nil, err
	}
	id := c.params["connectionId"]
	connection, _ := c.Connections.Get(id)
	use := patch(omit(shown, "connection"), c.body)
	if err := checkSignup(connection, use); err != nil {
		return nil, err
	}
	o.Connections.Put(id, use)
	c.emit("organization.connection.updated", orgConnectionEvent(o, use))
	shown, _ = c.showOrgConnection(o, id)
	return shown, nil
}

func removeOrgConnection(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	if use, ok := o.Connections.Get(c.params["connectionId"]); ok {
		o.Connections.Delete(c.params["connectionId"])
		c.emit("organization.connection.removed", orgConnectionEvent(o, use))
	}
	return nil, nil
}

// grantsOf are the client grants that an organization uses and that still exist.
func (c *call) grantsOf(o *organization) []doc {
	return c.Grants.Where(func(g doc) bool { return o.Grants.Has(str(g, "id")) })
}

func listOrgGrants(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	ids := texts(c.query, "grant_ids")
	found := []doc{}
	for _, g := range c.grantsOf(o) {
		if (c.query["audience"] == nil || g["audience"] == c.query["audience"]) &&
			(c.query["client_id"] == nil || g["client_id"] == c.query["client_id"]) &&
			(len(ids) == 0 || contains(ids, str(g, "id"))) {
			found = append(found, g)
		}
	}
	return page(c, "client_grants", found, c.showGrant)
}

func addOrgGrant(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	g, ok := c.Grants.Get(str(c.body, "grant_id"))
	switch {
	case !ok:
		return nil, apiError(http.StatusNotFound, "inexistent_client_grant", "The grant does not exist.")
	case o.Grants.Has(str(g, "id")):
		return nil, apiError(http.StatusConflict, "", "The client grant is already associated with the organization")
	case o.Grants.Len() >= maxGrantsPerOrg:
		return nil, apiError(http.StatusConflict, "", "No more client grants can be associated with this organization")
	case str(g, "organization_usage") != "allow" && str(g, "organization_usage") != "require":
		return nil, invalidBody("The client grant does not allow the use of organizations")
	}
	o.Grants.Put(str(g, "id"), true)
	shown := patch(omit(g, "id", "subject_type"), doc{"grant_id": g["id"]})
	if !c.shows(sinceSubjectTypes) {
		shown = omit(shown, "organization_usage", "allow_any_organization")
	}
	return shown, nil
}

func removeOrgGrant(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	o.Grants.Delete(c.params["grant_id"])
	return nil, nil
}

func listGrantOrganizations(c *call) (any, error) {
	g, err := c.grant()
	if err != nil {
		return nil, err
	}
	found := c.Organizations.Where(func(o *organization) bool { return o.Grants.Has(str(g, "id")) })
	return page(c, "organizations", found, showOrganization)
}

// grantIsOf reports whether an organization uses a client grant.
func (t *tenant) grantIsOf(grantID, organizationID string) bool {
	o, ok := t.Organizations.Get(organizationID)
	return ok && o.Grants.Has(grantID)
}
