package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// role is a named set of permissions.
type role struct {
	ID          string
	Doc         doc
	Permissions []permission

	members *table[string] // user ids, and when each got the role
}

// permission is a scope of an API.
type permission struct {
	API  string // its identifier
	Name string
}

var (
	rolePath     = objectOf(`id! string len=1.. # id of the role`)
	roleCreation = objectOf(`
name! string len=1.. # Name of the role.
description string # Description of the role.
`)
	// An organization's role carries its organization. Only the name and the description change later.
	typedRoleCreation = roleCreation.extend(`
type string enum=tenant,organization # Whether the role is the tenant's (default), or an organization's.
owner_id string # Id of the organization of an organization's role.
`)
	permissionList = objectOf(`
permissions! array<object> len=1.. # Array of resource_server_identifier, permission_name pairs.
  resource_server_identifier! string # Resource server (API) identifier that this permission is for.
  permission_name! string # Name of this permission.
`)
	roleUsers  = objectOf(`users! array<string> len=1.. itemlen=1.. # user_id's of the users to assign the role to.`)
	pagedQuery = queryOf(offsetParameters)
)

// roles are sets of permissions, which have users.
func roles() resource {
	return &collection[*role]{
		path: "roles", title: "a role", scopes: "roles", inPath: rolePath,
		table: func(c *call) (*table[*role], error) { return c.Roles, nil },
		doc:   func(r *role) doc { return r.Doc },
		id:    identifier{field: "id", new: func(*call) string { return shortID("rol_") }},
		list: &operation{query: queryOf(offsetParameters, `
name_filter string # Optional filter on name (case-insensitive).
type string enum=tenant,organization # Optional filter on type.
owner_id string # Optional filter on organization.
`)},
		get:      &operation{},
		create:   &operation{body: typedRoleCreation, status: http.StatusOK},
		update:   &operation{body: roleCreation.optional()},
		remove:   &operation{status: http.StatusOK, strict: true},
		more:     rolePartRoutes(),
		items:    "roles",
		match:    matchRole,
		defaults: doc{"description": nil},
		unique:   []unique{{fields: []string{"name", "owner_id"}, message: "The role already exists."}},
		limit:    map[RateLimit]int{RateLimitFree: 1000, RateLimitSelfService: 1000, RateLimitEnterprise: 1000},
		missing:  noRole,
		check:    checkRoleOwner,
		build:    buildRole,
		changed:  roleChanged,
	}
}

func rolePartRoutes() []*route {
	const one = managementPrefix + "roles/{id}"
	return []*route{
		get(one+"/permissions", "read:roles").pathOf(rolePath).queryOf(pagedQuery).does(listRolePermissions),
		post(one+"/permissions", http.StatusCreated, "update:roles").pathOf(rolePath).bodyOf(permissionList).
			logged("Associate permissions with a role").does(addRolePermissions),
		remove(one+"/permissions", "update:roles").pathOf(rolePath).bodyOf(permissionList).
			logged("Remove permissions from a role").does(removeRolePermissions),
		get(one+"/users", "read:roles", "read:role_members").pathOf(rolePath).
			queryOf(queryOf(offsetParameters, checkpointParameters)).does(listRoleUsers),
		post(one+"/users", http.StatusOK, "update:roles", "create:role_members").pathOf(rolePath).bodyOf(roleUsers).
			logged("Assign users to a role").does(addRoleUsers),
	}
}

func noRole() *failure { return apiError(http.StatusNotFound, "", "The role does not exist.") }

func (c *call) role() (*role, error) {
	if r, ok := c.Roles.Get(c.params["id"]); ok {
		return r, nil
	}
	return nil, noRole()
}

func showRole(r *role) doc { return r.Doc }

func matchRole(c *call) (func(*role) bool, error) {
	name, kind, owner := strings.ToLower(str(c.query, "name_filter")), str(c.query, "type"), str(c.query, "owner_id")
	return func(r *role) bool {
		return strings.Contains(strings.ToLower(str(r.Doc, "name")), name) && (kind == "" || kind == typeOfRole(r.Doc)) &&
			(owner == "" || owner == str(r.Doc, "owner_id"))
	}, nil
}

// typeOfRole is tenant for a role that was created without a type, which answers do not show.
func typeOfRole(d doc) string { return cmp.Or(str(d, "type"), "tenant") }

// checkRoleOwner refuses an organization's role without its organization, and a tenant's role with one.
func checkRoleOwner(c *call, _ *role, d doc) error {
	owner := str(d, "owner_id")
	if (typeOfRole(d) == "organization") != (owner != "") {
		return invalid("Payload", "owner_id is for roles of type organization, which need it")
	}
	if owner != "" && !c.Organizations.Has(owner) {
		return apiError(http.StatusNotFound, "", "No organization found by that id or name")
	}
	return nil
}

func buildRole(_ *call, before *role, d doc) (*role, error) {
	if before == nil {
		return &role{ID: str(d, "id"), Doc: d, members: newTable[string]()}, nil
	}
	after := *before
	after.Doc = d
	return &after, nil
}

// roleChanged takes a deleted role from its users.
func roleChanged(c *call, what string, r *role) {
	if what != "deleted" {
		return
	}
	for _, id := range slices.Collect(keysOf(r.members)) {
		c.takeRole(id, r)
	}
}

// giveRole assigns a role to a user.
func (c *call) giveRole(userID string, r *role) {
	before, ok := c.Users.Get(userID)
	if !ok || r.members.Has(userID) {
		return
	}
	after := *before
	after.Roles = append(slices.Clone(before.Roles), assignment{r.ID, timestamp(c.now)})
	c.Users.Put(userID, &after)
	c.index.update(before, &after, c.now)
	r.members.Put(userID, timestamp(c.now))
}

// takeRole removes a role from a user.
func (c *call) takeRole(userID string, r *role) {
	before, ok := c.Users.Get(userID)
	if !ok || !r.members.Delete(userID) {
		return
	}
	after := *before
	after.Roles = slices.DeleteFunc(slices.Clone(before.Roles), func(a assignment) bool { return a.ID == r.ID })
	c.Users.Put(userID, &after)
	c.index.update(before, &after, c.now)
}

// permissionsOf reads permissions from the payload, and rejects those that do not exist.
func (c *call) permissionsOf() ([]permission, error) {
	var out []permission
	for _, item := range list(c.body, "permissions") {
		p := permission{str(item.(doc), "resource_server_identifier"), str(item.(doc), "permission_name")}
		if api, ok := c.apiIdentified(p.API); !ok || scopeOf(api, p.Name) == nil {
			return nil, apiError(http.StatusNotFound, "inexistent_resource_server_permission",
				"This permission does not exist: '"+p.API+" - "+p.Name+"'")
		}
		out = append(out, p)
	}
	return out, nil
}

// showPermission is a permission as lists show it.
func (c *call) showPermission(p permission) doc {
	api, _ := c.apiIdentified(p.API)
	return doc{
		"permission_name": p.Name, "description": scopeOf(api, p.Name)["description"],
		"resource_server_name": api["name"], "resource_server_identifier": p.API,
	}
}

func merge(have, more []permission) []permission {
	out := slices.Clone(have)
	for _, p := range more {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func subtract(have, less []permission) []permission {
	return slices.DeleteFunc(slices.Clone(have), func(p permission) bool { return slices.Contains(less, p) })
}

func listRolePermissions(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	return page(c, "permissions", r.Permissions, c.showPermission)
}

func (c *call) changeRolePermissions(change func(have, given []permission) []permission) error {
	r, err := c.role()
	if err != nil {
		return err
	}
	given, err := c.permissionsOf()
	if err != nil {
		return err
	}
	changed := *r
	changed.Permissions = change(r.Permissions, given)
	if len(changed.Permissions) > maxPermissions {
		return tooMany()
	}
	c.Roles.Put(r.ID, &changed)
	return nil
}

func addRolePermissions(c *call) (any, error) { return doc{}, c.changeRolePermissions(merge) }

func removeRolePermissions(c *call) (any, error) { return nil, c.changeRolePermissions(subtract) }

// roleMember is a user in the list of a role's users.
type roleMember struct {
	at   string
	user *user
}

func (m roleMember) mark() string { return m.at + "," + m.user.ID }

func listRoleUsers(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	members := make([]roleMember, 0, r.members.Len())
	for id, at := range r.members.All() {
		if u, ok := c.Users.Get(id); ok {
			members = append(members, roleMember{at, u})
		}
	}
	slices.SortFunc(members, func(a, b roleMember) int { return cmp.Compare(a.mark(), b.mark()) })
	show := func(m roleMember) doc { return pick(m.user.Doc, "user_id", "email", "picture", "name") }
	if c.checkpointed() {
		return checkpoint(c, "users", members, show, roleMember.mark)
	}
	return offset(c, "users", members, show)
}

func addRoleUsers(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	ids := texts(c.body, "users")
	for _, id := range ids {
		if !c.Users.Has(id) {
			return nil, noUser()
		}
	}
	for _, id := range ids {
		c.giveRole(id, r)
	}
	return doc{}, nil
}
