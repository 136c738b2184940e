package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// organization is a customer of the tenant's, with members and connections of its own.
type organization struct {
	ID          string
	Doc         doc
	CreatedAt   string
	Members     *table[string]   // user ids, and when each became a member
	MemberRoles *table[[]string] // role ids by user; may be there before the membership
	Connections *table[doc]      // how the organization uses a connection, by the connection's id
	Grants      *table[bool]     // client grants that it uses

	// gone are former members that the list may still show.
	gone []formerMember
}

type formerMember struct {
	member
	left time.Time
}

// mark orders organizations as checkpoints do.
func (o *organization) mark() string { return o.CreatedAt + "," + o.ID }

const (
	organizationsPath    = "/api/v2/organizations"
	maxOrgConnections    = 10
	maxRolesPerMember    = 50
	maxGrantsPerOrg      = 100
	maxOrganizationNotes = 25
)

var (
	organizationPath     = objectOf(`id! string len=1.. # Organization identifier.`)
	organizationCreation = objectOf(`
name! string len=1..50 pattern=^[a-z0-9][a-z0-9_-]*$ # The name of this organization.
display_name string len=1..255 # Friendly name of this organization.
branding object # Theme defines how to style the login pages.
  logo_url string # URL of logo to display on login page.
  colors object # Color scheme used to customize the login pages.
    primary! string pattern=^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$ # HEX Color for primary elements.
    page_background! string pattern=^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$ # HEX Color for background.
metadata object # Metadata associated with the organization, in the form of an object with string values (max 255 chars). Maximum of 25 metadata properties allowed.
enabled_connections array<object> len=..10 # Connections that will be enabled for this organization. See POST enabled_connections endpoint for the object format. (Max of 10 connections allowed)
  connection_id! string # ID of the connection.
  assign_membership_on_login boolean
  show_as_button boolean
  is_signup_enabled boolean
token_quota object` + quotaProperties + `
third_party_client_access string enum=block,allow
is_app_consent_policy_enabled boolean
`)
	organizationChange = organizationCreation.without("enabled_connections", "token_quota").optional().extend(`
token_quota object?` + quotaProperties)
	memberList     = objectOf(`members! array<string> len=1..10 itemlen=1.. # List of user IDs to add to the organization as members.`)
	memberRoleList = objectOf(`roles! array<string> len=1.. itemlen=1.. # List of roles IDs to associated with the user.`)
	memberQuery    = queryOf(offsetParameters, checkpointParameters, `
fields string pattern=^((user_id)|(email)|(picture)|(name)|(roles))(,((user_id)|(email)|(picture)|(name)|(roles)))*$ # Comma-separated list of fields to include or exclude (based on value provided for include_fields) in the result. Leave empty to retrieve all fields.
include_fields boolean # Whether specified fields are to be included (true) or excluded (false).
`)
)

// organizations are the customers of the tenant.
func organizations() resource {
	read := []string{"read:organizations", "read:organizations_summary"}
	return &collection[*organization]{
		path: "organizations", title: "an organization", scopes: "organizations", inPath: organizationPath,
		table: func(c *call) (*table[*organization], error) { return c.Organizations, nil },
		doc:   func(o *organization) doc { return o.Doc },
		id:    identifier{field: "id", new: func(*call) string { return shortID("org_") }},
		list: &operation{
			scopes: read, group: groupListOrganizations,
			query: queryOf(offsetParameters, checkpointParameters, "sort string"),
		},
		get:     &operation{scopes: read, group: groupReadOrganization},
		create:  &operation{body: organizationCreation, group: groupWriteOrganizations, log: "Create an Organization"},
		update:  &operation{body: organizationChange, group: groupWriteOrganizations, log: "Modify an Organization"},
		remove:  &operation{strict: true, group: groupWriteOrganizations, log: "Delete organization"},
		more:    slices.Concat(organizationRoutes(), organizationPartRoutes()),
		items:   "organizations",
		mark:    (*organization).mark,
		unique:  []unique{{fields: []string{"name"}, code: "organization_conflict", message: "An organization with this name already exists."}},
		limit:   map[RateLimit]int{RateLimitFree: 100000, RateLimitSelfService: 100000, RateLimitEnterprise: 100000},
		missing: noOrganization,
		check:   checkOrganization,
		build:   buildOrganization,
		changed: func(c *call, what string, o *organization) { c.emit("organization."+what, o.Doc) },
	}
}

func organizationRoutes() []*route {
	const one = organizationsPath + "/{id}"
	const roles = one + "/members/{user_id}/roles"
	return []*route{
		get(organizationsPath+"/name/{name}", "read:organizations").in(groupReadOrganizationName).does(getOrganizationByName),
		get(one+"/members", "read:organization_members").in(groupReadMembers).pathOf(organizationPath).queryOf(memberQuery).
			does(listMembers),
		post(one+"/members", http.StatusNoContent, "create:organization_members").in(groupWriteMembers).pathOf(organizationPath).
			bodyOf(memberList).logged("Add members to an organization").does(addMembers),
		remove(one+"/members", "delete:organization_members").in(groupWriteMembers).pathOf(organizationPath).bodyOf(memberList).
			logged("Delete members from an organization").does(removeMembers),
		get(roles, "read:organization_member_roles").in(groupReadMemberRoles).pathOf(organizationPath).queryOf(pagedQuery).
			does(listMemberRoles),
		post(roles, http.StatusNoContent, "create:organization_member_roles").in(groupWriteMemberRoles).
			pathOf(organizationPath).bodyOf(memberRoleList).
			logged("Assign user roles to an Organization member").does(addMemberRoles),
		remove(roles, "delete:organization_member_roles").in(groupWriteMemberRoles).pathOf(organizationPath).
			bodyOf(memberRoleList).logged("Delete user roles from an Organization member").does(removeMemberRoles),
		get(usersPath+"/{id}/organizations", "read:organizations").in(groupUserOrganizations).pathOf(userPath).
			queryOf(pagedQuery).does(listUserOrganizations),
	}
}

func noOrganization() *failure {
	return apiError(http.StatusNotFound, "", "No organization found by that id or name")
}

func (c *call) organization() (*organization, error) {
	if o, ok := c.Organizations.Get(c.params["id"]); ok {
		return o, nil
	}
	return nil, noOrganization()
}

func (t *tenant) organizationNamed(name string) (*organization, bool) {
	return t.Organizations.First(func(o *organization) bool { return str(o.Doc, "name") == name })
}

func showOrganization(o *organization) doc { return o.Doc }

func getOrganizationByName(c *call) (any, error) {
	if o, ok := c.organizationNamed(c.params["name"]); ok {
		return o.Doc, nil
	}
	return nil, noOrganization()
}

// checkOrganization finds what is wrong with the metadata that is given.
func checkOrganization(c *call, _ *organization, _ doc) error {
	if metadata := object(c.body, "metadata"); len(metadata) > maxOrganizationNotes {
		return invalid("Payload", "'Too many properties defined, maximum 25' on property metadata.")
	}
	for _, key := range sortedKeys(object(c.body, "metadata")) {
		switch value := object(c.body, "metadata")[key].(type) {
		case nil:
		case string:
			if len(key) > 255 || len(value) > 255 {
				return invalid("Payload", "'String is too long, maximum 255' on property metadata."+key+".")
			}
		default:
			return invalid("Payload", "'Expected type string but found type "+typeOf(value)+"' on property metadata."+key+".")
		}
	}
	return nil
}

// buildOrganization enables the connections that come with a new organization.
func buildOrganization(c *call, before *organization, d doc) (*organization, error) {
	if before != nil {
		after := *before
		after.Doc = d
		return &after, nil
	}
	o := &organization{
		ID: str(d, "id"), CreatedAt: timestamp(c.now), Members: newTable[string](), MemberRoles: newTable[[]string](),
		Connections: newTable[doc](), Grants: newTable[bool](),
	}
	o.Doc = withDefaults(omit(d, "enabled_connections"), doc{"display_name": d["name"]})
	enabled := []any{}
	for _, item := range list(d, "enabled_connections") {
		shown, err := c.enableConnection(o, item.(doc))
		if err != nil {
			return nil, err
		}
		enabled = append(enabled, shown)
	}
	if len(enabled) > 0 {
		c.also = doc{"enabled_connections": enabled}
	}
	return o, nil
}

// member is a user in the list of an organization's members.
type member struct {
	at   string
	user *user
}

func (m member) mark() string { return m.at + "," + m.user.ID }

func listMembers(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	members := c.listedMembers(o)
	show := func(m member) doc { return c.showMember(o, m.user) }
	if !c.checkpointed() {
		return offset(c, "members", members, show)
	}
	answer, err := checkpoint(c, "members", members, show, member.mark)
	if err != nil {
		return nil, err
	}
	// This list alone goes on to another page after its last member.
	page := answer.(doc)
	if items := list(page, "members"); len(items) > 0 && page["next"] == nil {
		page["next"] = encodeCheckpoint(members[len(members)-1].mark())
	}
	return page, nil
}

// listedMembers are the members in the list, which lags behind: a new member is not in it yet, and a former one still is.
func (c *call) listedMembers(o *organization) []member {
	members := make([]member, 0, o.Members.Len())
	seen := c.now.Add(-c.index.search.delay)
	for id, at := range o.Members.All() {
		if u, ok := c.Users.Get(id); ok && at <= timestamp(seen) {
			members = append(members, member{at, u})
		}
	}
	for _, former := range o.gone {
		if former.left.After(seen) && !o.Members.Has(former.user.ID) {
			members = append(members, former.member)
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.mark(), b.mark()) })
	return members
}

// part ends a membership and removes its roles.
func (c *call) part(o *organization, userID string) (wasMember bool) {
	at, wasMember := o.Members.Get(userID)
	if delay := c.index.search.delay; wasMember && delay > 0 {
		u, _ := c.Users.Get(userID)
		o.gone = slices.DeleteFunc(o.gone, func(former formerMember) bool {
			return former.user.ID == userID || !former.left.After(c.now.Add(-delay))
		})
		o.gone = append(o.gone, formerMember{member{at, u}, c.now})
	}
	o.Members.Delete(userID)
	o.MemberRoles.Delete(userID)
	return wasMember
}

// showMember is a member as the list shows it; the roles are there for those who ask for them and may see them.
func (c *call) showMember(o *organization, u *user) doc {
	out := pick(u.Doc, "user_id", "email", "picture", "name")
	if !contains(c.fieldNames(), "roles") || !c.may("read:organization_member_roles") {
		return out
	}
	roles := []any{}
	for _, r := range c.rolesOfMember(o, u.ID) {
		roles = append(roles, pick(r.Doc, "id", "name"))
	}
	out["roles"] = roles
	return out
}

func addMembers(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	for _, id := range texts(c.body, "members") {
		if !c.Users.Has(id) {
			return nil, noUser()
		}
	}
	for _, id := range texts(c.body, "members") {
		if !o.Members.Has(id) {
			o.Members.Put(id, timestamp(c.now))
			c.joined(id, o.ID)
			c.emit("organization.member.added", memberEvent(o, id))
		}
	}
	return nil, nil
}

func removeMembers(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	for _, id := range texts(c.body, "members") {
		if c.part(o, id) {
			c.emit("organization.member.deleted", memberEvent(o, id))
		}
	}
	return nil, nil
}

// memberEvent is what events about a member tell.
func memberEvent(o *organization, userID string) doc {
	return doc{"organization": pick(o.Doc, "id", "name"), "user": doc{"user_id": userID}}
}

// joined records the organization with the user, so that finding a user's organizations does not take a scan of all.
func (c *call) joined(userID, organizationID string) {
	if !slices.Contains(c.index.organizations[userID], organizationID) {
		c.index.organizations[userID] = append(c.index.organizations[userID], organizationID)
	}
}

// organizationsOf are the organizations of a user.
func (t *tenant) organizationsOf(userID string) []*organization {
	out := []*organization{}
	for _, id := range t.index.organizations[userID] {
		if o, ok := t.Organizations.Get(id); ok && o.Members.Has(userID) {
			out = append(out, o)
		}
	}
	return out
}

func listUserOrganizations(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return page(c, "organizations", c.organizationsOf(u.ID), showOrganization)
}

// rolesOfMember are the existing roles of a member.
func (c *call) rolesOfMember(o *organization, userID string) []*role {
	ids, _ := o.MemberRoles.Get(userID)
	out := []*role{}
	for _, id := range ids {
		if r, ok := c.Roles.Get(id); ok {
			out = append(out, r)
		}
	}
	return out
}

func listMemberRoles(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	return page(c, "roles", c.rolesOfMember(o, c.params["user_id"]), showRole)
}

// addMemberRoles works for users who are not members yet, too.
func addMemberRoles(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	if !c.Users.Has(c.params["user_id"]) {
		return nil, noUser()
	}
	if _, err := c.rolesOf(); err != nil {
		return nil, err
	}
	ids, _ := o.MemberRoles.Get(c.params["user_id"])
	ids = slices.Clone(ids)
	for _, id := range texts(c.body, "roles") {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
			c.emit("organization.member.role.assigned", c.memberRoleEvent(o, c.params["user_id"], id))
		}
	}
	if len(ids) > maxRolesPerMember {
		return nil, apiError(http.StatusConflict, "", "No more roles can be assigned to this organization member.")
	}
	o.MemberRoles.Put(c.params["user_id"], ids)
	return nil, nil
}

func removeMemberRoles(c *call) (any, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	gone := texts(c.body, "roles")
	for _, id := range gone {
		c.emit("organization.member.role.deleted", c.memberRoleEvent(o, c.params["user_id"], id))
	}
	ids, _ := o.MemberRoles.Get(c.params["user_id"])
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(gone, id) })
	o.MemberRoles.Put(c.params["user_id"], ids)
	return nil, nil
}

func (c *call) memberRoleEvent(o *organization, userID, roleID string) doc {
	event := memberEvent(o, userID)
	event["role"] = doc{"id": roleID}
	if r, ok := c.Roles.Get(roleID); ok {
		event["role"] = pick(r.Doc, "id", "name")
	}
	return event
}
