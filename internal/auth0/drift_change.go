package auth0

import (
	"net/url"
	"slices"
	"strings"
)

// Change says that someone else changed an object, or that anyone deleted one. It is a hint: it may come late, twice, or out of
// order.
type Change struct {
	// Resource is the name of the kind in the paths of the Management API.
	Resource string
	ID       string
	// Created reports whether the object is new. It is set only for applications, which Auth0 enables for connections.
	Created bool
	// Deleted reports whether the object is gone.
	Deleted bool
	// Own reports whether the operator itself made the change.
	Own bool
}

// userEntries are the types of log entries about a change to the user in user_id, besides calls of the Management API: a
// deletion, and what users do with their own accounts. A sign-in changes nothing that can be declared.
var userEntries = []string{"sdu", "scp", "sce", "scu", "scpn", "sv"}

// changesInEntry reads an entry of the tenant's log. It ignores the operator's own changes, except deletions.
func (s *Session) changesInEntry(entry Document) []Change {
	kind := entry.String("type")
	var changes []Change
	switch {
	case kind == "sapi":
		changes = changesByCall(entry.Object("details"))
	case slices.Contains(userEntries, kind):
		changes = []Change{{Resource: "users", ID: entry.String("user_id"), Deleted: kind == "sdu"}}
	}
	return s.heard(changes, entry.String("client_id"))
}

// heard leaves out the changes by an application that are not news.
func (s *Session) heard(changes []Change, by string) []Change {
	if by != s.ClientID() {
		return changes
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return !c.Deleted })
	for i := range changes {
		changes[i].Own = true
	}
	return changes
}

// changesByCall finds the objects of a call of the Management API: the one in its path, which may name it by something else than
// its id, the one in the answer, and the users who received a role, or are members of an organization.
func changesByCall(details Document) []Change {
	request := details.Object("request")
	path, ok := strings.CutPrefix(request.String("path"), "/api/v2/")
	segments := strings.Split(path, "/")
	if ok && path == "clients" && request.String("method") == "post" {
		return []Change{{Resource: path, ID: details.Object("response").Object("body").String("client_id"), Created: true}}
	}
	if !ok || len(segments) < 2 {
		return nil
	}
	id, err := url.PathUnescape(segments[1])
	if err != nil {
		return nil
	}
	changes := []Change{{Resource: segments[0], ID: id, Deleted: len(segments) == 2 && request.String("method") == "delete"}}
	if answered := details.Object("response").Object("body").String("id"); answered != "" && answered != id && len(segments) == 2 {
		changes = append(changes, Change{Resource: segments[0], ID: answered})
	}
	for _, user := range usersInCall(segments, request.Object("body")) {
		changes = append(changes, Change{Resource: "users", ID: user})
	}
	return changes
}

// usersInCall finds the users of a call for a role or an organization.
func usersInCall(segments []string, body Document) []string {
	var users []any
	switch {
	case segments[0] == "roles" && slices.Equal(segments[2:], []string{"users"}):
		users, _ = body["users"].([]any)
	case segments[0] == "organizations" && slices.Equal(segments[2:], []string{"members"}):
		users, _ = body["members"].([]any)
	case segments[0] == "organizations" && len(segments) > 4 && segments[2] == "members":
		if id, err := url.PathUnescape(segments[3]); err == nil {
			return []string{id}
		}
	}
	var ids []string
	for _, user := range users {
		if id, ok := user.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// eventObjects maps the first part of an event's type to the resource, and the field of the event's object with the id of what
// changed. An event about a member or connection of an organization contains the organization; one about a member also contains
// the user. The creation of an object changes no known object.
var eventObjects = map[string]struct{ resource, id string }{
	"user":         {"users", "user_id"},
	"organization": {"organizations", "id"},
	"connection":   {"connections", "id"},
}

// changesInEvent reads an event. It ignores the operator's own changes, except deletions.
func (s *Session) changesInEvent(event Document) []Change {
	data := event.Object("data")
	kind, what, _ := strings.Cut(event.String("type"), ".")
	of, known := eventObjects[kind]
	if !known || what == "created" {
		return nil
	}
	object := data.Object("object")
	if inner := object.Object(kind); inner != nil {
		object = inner
	}
	changes := []Change{{Resource: of.resource, ID: object.String(of.id), Deleted: what == "deleted"}}
	if strings.HasPrefix(what, "member.") {
		changes = append(changes, Change{Resource: "users", ID: data.Object("object").Object("user").String("user_id")})
	}
	return s.heard(changes, data.Object("context").Object("client").String("client_id"))
}
