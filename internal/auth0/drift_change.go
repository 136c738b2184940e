package auth0

import (
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
	request, answer := details.Object("request"), details.Object("response").Object("body")
	path, ok := strings.CutPrefix(request.String("path"), managementPath)
	if ok && path == "clients" && request.String("method") == "post" {
		return []Change{{Resource: path, ID: answer.String("client_id"), Created: true}}
	}
	resource, id, rest, found := resources.locate(path)
	if !ok || !found {
		return nil
	}
	changes := []Change{{Resource: resource, ID: id, Deleted: len(rest) == 0 && request.String("method") == "delete"}}
	if answered := answer.String("id"); answered != "" && answered != id && len(rest) == 0 && !resources[resource].Singleton {
		changes = append(changes, Change{Resource: resource, ID: answered})
	}
	for _, user := range usersInCall(resource, rest, request.Object("body")) {
		changes = append(changes, Change{Resource: "users", ID: user})
	}
	return changes
}

// usersInCall finds the users of a call for something beside a role or an organization.
func usersInCall(resource string, beside []string, body Document) []string {
	var users []any
	switch {
	case resource == "roles" && slices.Equal(beside, []string{"users"}):
		users, _ = body["users"].([]any)
	case resource == "organizations" && slices.Equal(beside, []string{"members"}):
		users, _ = body["members"].([]any)
	case resource == "organizations" && len(beside) > 2 && beside[0] == "members":
		return beside[1:2]
	}
	var ids []string
	for _, user := range users {
		if id, ok := user.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// changesInEvent reads an event. It ignores the operator's own changes, except deletions. An event about a member or connection of
// an organization contains the organization; one about a member also contains the user. The creation of an object changes no known
// object.
func (s *Session) changesInEvent(event Document) []Change {
	data := event.Object("data")
	kind, what, _ := strings.Cut(event.String("type"), ".")
	resource, id := resourceOfEvent(kind)
	if resource == "" || what == "created" {
		return nil
	}
	object := data.Object("object")
	if inner := object.Object(kind); inner != nil {
		object = inner
	}
	changes := []Change{{Resource: resource, ID: object.String(id), Deleted: what == "deleted"}}
	if strings.HasPrefix(what, "member.") {
		changes = append(changes, Change{Resource: "users", ID: data.Object("object").Object("user").String("user_id")})
	}
	return s.heard(changes, data.Object("context").Object("client").String("client_id"))
}

// resourceOfEvent returns the resource of an event by the first part of its type, and the field with the id of an object.
func resourceOfEvent(kind string) (resource, id string) {
	for name, candidate := range resources {
		if kind != "" && candidate.Event == kind {
			return name, resourceNamed(name).ID
		}
	}
	return "", ""
}
