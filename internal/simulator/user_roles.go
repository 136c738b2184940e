package simulator

import (
	"net/http"
	"slices"
)

// maxRolesPerUser is the most global roles that a user can have.
const maxRolesPerUser = 50

var roleList = objectOf(`roles! array<string> len=1.. itemlen=1.. # List of roles IDs to associate with the user.`)

func userRoleRoutes() []*route {
	const one = usersPath + "/{id}"
	return []*route{
		get(one+"/roles", "read:users", "read:roles", "read:role_members").needing("read:users", "read:roles", "read:role_members").in(groupReadUsers).pathOf(userPath).queryOf(pagedQuery).
			does(listUserRoles),
		post(one+"/roles", http.StatusNoContent, "update:users", "create:role_members").needing("read:roles").in(groupWriteUsers).pathOf(userPath).
			bodyOf(roleList).logged("Assign roles to a user").does(addUserRoles),
		remove(one+"/roles", "update:users", "delete:role_members").needing("read:roles").in(groupDeleteUsers).pathOf(userPath).
			bodyOf(roleList).logged("Removes roles from a user").does(removeUserRoles),
		get(one+"/permissions", "read:users").in(groupReadUsers).pathOf(userPath).queryOf(pagedQuery).does(listUserPermissions),
		post(one+"/permissions", http.StatusCreated, "update:users").in(groupWriteUsers).pathOf(userPath).bodyOf(permissionList).
			logged("Assign permissions to a user").does(addUserPermissions),
		remove(one+"/permissions", "update:users").in(groupDeleteUsers).pathOf(userPath).bodyOf(permissionList).
			logged("Remove permissions from a user").does(removeUserPermissions),
	}
}

func listUserRoles(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return page(c, "roles", u.Roles, func(a assignment) doc {
		r, _ := c.Roles.Get(a.ID)
		return r.Doc
	})
}

// rolesOf reads roles from the payload.
func (c *call) rolesOf() ([]*role, error) {
	var out []*role
	for _, id := range texts(c.body, "roles") {
		r, ok := c.Roles.Get(id)
		if !ok {
			return nil, noRole()
		}
		out = append(out, r)
	}
	return out, nil
}

func addUserRoles(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	roles, err := c.rolesOf()
	if err != nil {
		return nil, err
	}
	fresh := slices.DeleteFunc(slices.Clone(roles), func(r *role) bool { return r.members.Has(u.ID) })
	if len(u.Roles)+len(fresh) > maxRolesPerUser {
		return nil, tooMany()
	}
	for _, r := range roles {
		c.giveRole(u.ID, r)
	}
	return nil, nil
}

func removeUserRoles(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	for _, id := range texts(c.body, "roles") {
		if r, ok := c.Roles.Get(id); ok {
			c.takeRole(u.ID, r)
		}
	}
	return nil, nil
}

// sourced is a permission and where a user has it from.
type sourced struct {
	permission
	sources []any
}

// permissionsOfUser are the user's own and those of the roles, each once with all its sources.
func (c *call) permissionsOfUser(u *user) []sourced {
	var out []sourced
	add := func(p permission, source doc) {
		for i := range out {
			if out[i].permission == p {
				out[i].sources = append(out[i].sources, source)
				return
			}
		}
		out = append(out, sourced{p, []any{source}})
	}
	for _, p := range u.Permissions {
		add(p, doc{"source_id": "", "source_name": "", "source_type": "DIRECT"})
	}
	for _, a := range u.Roles {
		r, _ := c.Roles.Get(a.ID)
		for _, p := range r.Permissions {
			add(p, doc{"source_id": r.ID, "source_name": r.Doc["name"], "source_type": "ROLE"})
		}
	}
	return out
}

func listUserPermissions(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return page(c, "permissions", c.permissionsOfUser(u), func(p sourced) doc {
		out := c.showPermission(p.permission)
		out["sources"] = p.sources
		return out
	})
}

func (c *call) changeUserPermissions(change func(have, given []permission) []permission) error {
	before, err := c.user()
	if err != nil {
		return err
	}
	given, err := c.permissionsOf()
	if err != nil {
		return err
	}
	after := *before
	after.Permissions = change(before.Permissions, given)
	if len(after.Permissions) > maxPermissions {
		return tooMany()
	}
	c.putUser(&after)
	return nil
}

func addUserPermissions(c *call) (any, error) { return doc{}, c.changeUserPermissions(merge) }

func removeUserPermissions(c *call) (any, error) { return nil, c.changeUserPermissions(subtract) }
