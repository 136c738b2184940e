package auth0

import (
	"net/url"
	"slices"
	"strings"
)

// Change says that somebody else changed an object, or that anybody deleted one. It is a hint: it may come late, twice, or
// out of order.
type Change struct {
	// Resource is the name of the kind in the paths of the Management API.
	Resource string
	ID       string
	// Created reports whether the object is new. It is told of applications only, which Auth0 enables for connections.
	Created bool
	// Deleted tells that the object is gone.
	Deleted bool
	// Own tells that it was the operator itself.
	Own bool
}

// userEntries are the types of log entries that tell of a change to the user in user_id, besides calls of the Management
// API: deletion, and what users do with their own accounts. A sign-in changes nothing that can be declared.
var userEntries = []string{"sdu", "scp", "sce", "scu", "scpn", "sv"}

// changesInEntry reads an entry of the tenant's log. What the operator did itself is none, but for deletions.
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

// heard leaves out of what an application did what is not news.
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

// changesByCall reads which objects a call of the Management API was about: the one in its path, which may go by another
// name than its id, the one in the answer, and the users that got a role, or are members of an organization.
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

// usersInCall reads which users a call for a role or an organization was about.
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

// eventObjects says for the first part of an event's type which field of its object holds the id of what was changed. An
// event of a member or connection of an organization has the organization inside, one of a member the user besides. That an
// object was created is no change to one that is known.
var eventObjects = map[string]struct{ resource, id string }{
	"user":         {"users", "user_id"},
	"organization": {"organizations", "id"},
	"connection":   {"connections", "id"},
}

// changesInEvent reads an event. What the operator did itself is none, but for deletions.
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
