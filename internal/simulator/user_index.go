package simulator

import (
	"slices"
	"strings"
	"time"
)

// userIndex finds users without a scan of all.
type userIndex struct {
	byEmail map[string][]*user
	taken   map[string]*user // connection, kind of identifier, value
	search  *searchIndex
	// organizations that each user has ever been a member of.
	organizations map[string][]string
}

func newUserIndex(delay time.Duration) userIndex {
	return userIndex{byEmail: map[string][]*user{}, taken: map[string]*user{}, search: newSearchIndex(delay), organizations: map[string][]string{}}
}

var identifierKinds = []string{"email", "username", "phone_number"}

// identifierKey is the same for identifiers that differ only in case.
func identifierKey(connection, kind, value string) string {
	value = strings.ToLower(value)
	return connection + "\x00" + kind + "\x00" + value
}

// holder is the user with an identifier in a connection.
func (x *userIndex) holder(connection, kind, value string) *user {
	return x.taken[identifierKey(connection, kind, value)]
}

// update updates the index after a change of a user. before is nil for a new user, after for a deleted one.
func (x *userIndex) update(before, after *user, now time.Time) {
	if before != nil {
		x.forget(before)
	}
	if after != nil {
		x.remember(after)
	}
	x.search.update(before, after, now)
}

func (x *userIndex) forget(u *user) {
	email := str(u.Doc, "email")
	x.byEmail[email] = slices.DeleteFunc(slices.Clone(x.byEmail[email]), func(o *user) bool { return o.ID == u.ID })
	if len(x.byEmail[email]) == 0 {
		delete(x.byEmail, email)
	}
	for _, kind := range identifierKinds {
		delete(x.taken, identifierKey(u.connection(), kind, str(u.Doc, kind)))
	}
}

func (x *userIndex) remember(u *user) {
	if email := str(u.Doc, "email"); email != "" {
		x.byEmail[email] = append(x.byEmail[email], u)
	}
	for _, kind := range identifierKinds {
		if value := str(u.Doc, kind); value != "" {
			x.taken[identifierKey(u.connection(), kind, value)] = u
		}
	}
}

// conflict rejects a new user if another one in the connection has one of the identifiers.
func (x *userIndex) conflict(u *user, connection *connection) error {
	for _, kind := range identifierKinds {
		value := str(u.Doc, kind)
		if value == "" || x.holder(connection.Name(), kind, value) == nil {
			continue
		}
		if kind == "username" {
			return identityError("The username provided is in use already.")
		}
		return userExists()
	}
	return nil
}

// conflictOfChange rejects a change to identifiers that another user in the connection has.
func (x *userIndex) conflictOfChange(before, after *user, connection *connection) error {
	messages := map[string]string{
		"email": "The specified new email already exists", "username": "The specified new username already exists",
		"phone_number": "The specified new phone number already exists",
	}
	for _, kind := range identifierKinds {
		value := str(after.Doc, kind)
		if other := x.holder(connection.Name(), kind, value); value != "" && other != nil && other.ID != before.ID {
			return identityError(messages[kind])
		}
	}
	return nil
}

// withEmail are the users with that address, in any connection.
func (t *tenant) withEmail(email string) []*user { return t.index.byEmail[email] }
