package simulator

import (
	"net/http"
	"slices"
	"strings"
)

var (
	linkBody = objectOf(`
provider string len=1.. # Identity provider of the secondary user account being linked.
connection_id string len=1.. # connection_id of the secondary user account being linked when more than one auth0 database provider exists.
user_id any # user_id of the secondary user account being linked
link_with string len=1.. # JWT for the secondary account being linked.
`)
	identityPath = objectOf(`
id! string len=1.. # ID of the user.
provider! string len=1.. # Identity provider name of the secondary linked account.
user_id! string len=1.. # ID of the secondary linked account.
`)
)

func userLinkRoutes() []*route {
	const identities = usersPath + "/{id}/identities"
	return []*route{
		post(identities, http.StatusCreated, "update:users", "update:current_user_identities").in(groupWriteUsers).pathOf(userPath).
			bodyOf(linkBody).logged("Link a User Account").does(linkUser),
		remove(identities+"/{provider}/{user_id}", "update:users", "update:current_user_identities").in(groupDeleteUsers).
			answers(http.StatusOK).pathOf(identityPath).logged("Unlink a User Identity").does(unlinkUser),
	}
}

// profileKeys are what an identity that is linked keeps of its user's profile.
var profileKeys = []string{"email", "email_verified", "name", "username", "given_name", "family_name", "nickname", "picture",
	"phone_number", "phone_verified"}

// profileOf is what an identity keeps of the profile. A name that is only the e-mail address is not kept.
func profileOf(u *user) doc {
	out := pick(u.Doc, profileKeys...)
	if out["name"] == out["email"] {
		delete(out, "name")
	}
	return out
}

// linkUser makes another user an identity of this one.
func linkUser(c *call) (any, error) {
	primary, err := c.user()
	if err != nil {
		return nil, err
	}
	secondary, err := c.secondary()
	switch {
	case err != nil:
		return nil, err
	case secondary.ID == primary.ID:
		return nil, apiError(http.StatusBadRequest, "operation_not_supported", "Main account and link account cannot be the same.")
	}
	first := patch(primary.identity(), doc{"profileData": profileOf(primary)})
	added := patch(secondary.identity(), doc{"profileData": profileOf(secondary)})
	after := *primary
	after.Linked = append(slices.Clone(primary.Linked), secondary)
	after.Doc = patch(primary.Doc, doc{
		"identities": append(slices.Clone(list(primary.Doc, "identities")), added), "updated_at": timestamp(c.now),
	})
	c.removeUser(secondary)
	c.putUser(&after)
	shown := slices.Clone(list(after.Doc, "identities"))
	shown[0] = first
	return shown, nil
}

// secondary is the user that the payload names, by id or by a token of theirs.
func (c *call) secondary() (*user, error) {
	id, _ := c.body["user_id"].(string)
	if token := str(c.body, "link_with"); token != "" {
		claims, problem := verifyJWT(token, c.now)
		if problem != "" {
			return nil, apiError(http.StatusBadRequest, "invalid_body", "Invalid token in link_with")
		}
		id = str(claims, "sub")
	}
	if id == "" {
		return nil, invalid("Payload", "'Missing required property: user_id'.")
	}
	if !strings.Contains(id, "|") {
		id = str(c.body, "provider") + "|" + id
	}
	if u, ok := c.Users.Get(id); ok {
		return u, nil
	}
	for _, u := range c.Users.All() {
		if slices.ContainsFunc(u.Linked, func(l *user) bool { return l.ID == id }) {
			return nil, apiError(http.StatusConflict, "identity_conflict", "Specified identity is already linked to another user.")
		}
	}
	return nil, noUser()
}

// unlinkUser turns an identity back into a user.
func unlinkUser(c *call) (any, error) {
	primary, err := c.user()
	if err != nil {
		return nil, err
	}
	id := c.params["provider"] + "|" + c.params["user_id"]
	position := slices.IndexFunc(primary.Linked, func(u *user) bool { return u.ID == id })
	if position < 0 {
		return nil, apiError(http.StatusNotFound, "inexistent_identity", "The specified identity does not exist.")
	}
	freed := *primary.Linked[position]
	after := *primary
	after.Linked = slices.Delete(slices.Clone(primary.Linked), position, position+1)
	identities := slices.Clone(list(primary.Doc, "identities"))
	after.Doc = patch(primary.Doc, doc{
		"identities": slices.Delete(identities, position+1, position+2), "updated_at": timestamp(c.now),
	})
	c.putUser(&after)
	freed.Doc = patch(freed.Doc, doc{"updated_at": timestamp(c.now)})
	freed.Roles = nil
	c.putUser(&freed)
	shown := slices.Clone(list(after.Doc, "identities"))
	shown[0] = patch(after.identity(), doc{"profileData": profileOf(&after)})
	return shown, nil
}
