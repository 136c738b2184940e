package auth0

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Paging is how Auth0 returns a list.
type Paging int

const (
	// SinglePage lists come in one answer.
	SinglePage Paging = iota
	// Offsets lists take page and per_page, and end at 1000 objects.
	Offsets
	// Checkpoints lists take from and take.
	Checkpoints
	// Search lists take ids in Auth0's search syntax.
	Search
)

// Resource describes how the Management API serves one kind of objects. The calls for a kind, the scopes that it needs, its lists,
// and the meaning of entries in the tenant's log follow from it.
type Resource struct {
	// Singleton means that each tenant has exactly one object, at the resource's own path. Its id is that path. If the path has
	// parameters, there is one object for their values, and its id is these values.
	Singleton bool
	// Optional means that Auth0 may lack a Singleton until it is first written. Creates is the path of the POST for that; empty
	// means that the update creates it.
	Optional bool
	Creates  string
	// ID is the field with the id of an object; empty means "id".
	ID string
	// Scopes is the last part of its scopes, as in read:roles; empty means the path with underscores.
	Scopes string
	// Replace means that PUT updates an object, with the whole document, instead of PATCH.
	Replace bool
	// ReadOnly are the fields, besides the id, that Auth0 sets itself: it shows them, and refuses them in a write. A dot leads into
	// an object, or into each entry of a list: secrets.updated_at.
	ReadOnly []string
	// Parts are the top-level fields of an object that have routes of their own, by field.
	Parts map[string]Part

	// Paging is how the objects are listed, and Items the field of a page with the objects; empty means that the page is an array.
	Paging Paging
	Items  string
	// Query is sent with every list.
	Query url.Values
	// Filters are the fields by which a list can be filtered, and the parameters for that. Auth0 may match more than requested.
	Filters map[string]string
	// ByName is the path to read an object by its name, for lists that cannot be filtered by it.
	ByName string
	// Omit leaves out objects that a list shows and that are not of this kind.
	Omit func(Document) bool

	// Event is the first part of the types of events about the objects; empty means that there are none.
	Event string

	// wrote updates what a session keeps of the objects after a write, whatever its outcome. The document is what Auth0 returned
	// of the object, nil if the write failed or was a deletion.
	wrote func(s *Session, method string, document Document)
}

// resourceTable describes resources, by their path in the Management API: "roles", "actions/actions". A path may have parameters.
type resourceTable map[string]Resource

// resources are the resources that the operator uses. A new kind needs an entry here, and nothing else in this package.
var resources = resourceTable{
	"client-grants": {
		Paging: Checkpoints, Items: "client_grants", Filters: map[string]string{"audience": "audience", "client_id": "client_id"},
	},
	"clients": {ID: "client_id", Paging: Checkpoints, Items: "clients", Query: url.Values{"is_global": {"false"}}},
	"connections": {
		Paging: Checkpoints, Items: "connections", Filters: map[string]string{"name": "name"}, Event: "connection",
		wrote: wroteConnection,
	},
	"log-streams":   {},
	"organizations": {Paging: Checkpoints, Items: "organizations", ByName: "organizations/name/{name}", Event: "organization"},
	"resource-servers": {
		Paging: Offsets, Items: "resource_servers", Filters: map[string]string{"identifier": "identifiers"},
	},
	"roles": {
		Paging: Offsets, Items: "roles", Filters: map[string]string{"name": "name_filter"}, Omit: isOrganizationRole, wrote: wroteRole,
	},
	"users": {ID: "user_id", Paging: Search, Items: "users", Event: "user"},
}

// AddResource adds a resource to the table, for tests of kinds that never ship. It must be called before anything reads the table.
func AddResource(name string, described Resource) { resources[name] = described }

// IsSingleton reports whether each tenant has exactly one object of a resource.
func IsSingleton(name string) bool { return resourceNamed(name).Singleton }

// IsOptional reports whether Auth0 may lack the singleton until it is first written, and whether that takes a POST.
func IsOptional(name string) (isOptional, isCreated bool) {
	described := resourceNamed(name)
	return described.Optional, described.Creates != ""
}

// Replaces reports whether an update of an object replaces it, so that it must contain what stays the same.
func Replaces(name string) bool { return resourceNamed(name).Replace }

// Writable returns a copy of an object without the fields that Auth0 sets itself, and without its parts.
func Writable(name string, object Document) Document {
	writable := WithoutReadOnly(name, object.Clone())
	delete(writable, IDField(name))
	for field := range resourceNamed(name).Parts {
		delete(writable, field)
	}
	return writable
}

// WithoutReadOnly returns an object without the fields of ReadOnly. It changes a copy, and returns the object itself if there are no
// such fields.
func WithoutReadOnly(name string, object Document) Document {
	readOnly := resourceNamed(name).ReadOnly
	if len(readOnly) == 0 {
		return object
	}
	object = object.Clone()
	for _, field := range readOnly {
		deleteIn(object, strings.Split(field, "."))
	}
	return object
}

// deleteIn deletes what some keys lead to, in each entry of a list.
func deleteIn(object Document, keys []string) {
	if len(keys) == 1 {
		delete(object, keys[0])
		return
	}
	deleteIn(object.Object(keys[0]), keys[1:])
	for _, entry := range object.Objects(keys[0]) {
		deleteIn(entry, keys[1:])
	}
}

// ScopesFor returns the last part of the scopes for a resource: read:<part>, and create, update and delete unless it is a
// singleton.
func ScopesFor(name string) string {
	return cmp.Or(resourceNamed(name).Scopes, strings.NewReplacer("-", "_", "/", "_").Replace(name))
}

// IDField returns the field with the id of an object of a resource.
func IDField(name string) string { return resourceNamed(name).ID }

// resourceNamed returns an entry of the table. A name that is not in it is a mistake in the program.
func resourceNamed(name string) Resource {
	found, ok := resources[name]
	if !ok {
		panic("no resource " + name + " in internal/auth0/resource.go")
	}
	found.ID = cmp.Or(found.ID, "id")
	return found
}

const managementPath = "/api/v2/"

// collection returns the route of a resource's list.
func collection(name string) string { return managementPath + name }

// object returns the route of one object.
func (r Resource) object(name string) string {
	if r.Singleton {
		return collection(name)
	}
	return collection(name) + "/{id}"
}

// update returns the method that updates an object.
func (r Resource) update() string {
	if r.Replace {
		return http.MethodPut
	}
	return http.MethodPatch
}

// written calls wrote, if there is one.
func (r Resource) written(s *Session, method string, document Document) {
	if r.wrote != nil {
		r.wrote(s, method, document)
	}
}

// JoinID returns the id of an object whose path has several parameters: the values in their order.
func JoinID(parts ...string) string { return strings.Join(parts, " ") }

// parametersOf returns how many parameters a route has.
func parametersOf(route string) int { return strings.Count(route, "{") }

// identify sets the id of an object whose path has several parameters, or which has no id of its own, to the one that finds it.
func (r Resource) identify(object Document, path []string) {
	switch own := object.String(r.ID); {
	case len(path) == 0 || object == nil:
	case r.Singleton:
		object[r.ID] = JoinID(path...)
	case own != "":
		object[r.ID] = JoinID(append(slices.Clone(path), own)...)
	}
}

// arguments returns the values for the parameters of a route from the id of an object.
func arguments(route, id string) []string {
	switch parameters := parametersOf(route); parameters {
	case 0:
		return nil
	case 1:
		return []string{id}
	default:
		return strings.SplitN(id, " ", parameters)
	}
}

// locate finds the object that a path below /api/v2 is about: its resource, its id, and the part of the path behind it. It returns
// ok = false for a list, and for the path of nothing in the table.
func (t resourceTable) locate(path string) (resource, id string, rest []string, ok bool) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		unescaped, err := url.PathUnescape(segment)
		if err != nil {
			return "", "", nil, false
		}
		segments[i] = unescaped
	}
	longest := 0
	for name, candidate := range t {
		template := strings.Split(strings.TrimPrefix(candidate.object(name), managementPath), "/")
		values, matches := match(template, segments)
		if !matches || len(template) <= longest {
			continue
		}
		longest, ok = len(template), true
		resource, id, rest = name, JoinID(values...), segments[len(template):]
		if len(values) == 0 {
			id = name
		}
	}
	return resource, id, rest, ok
}

// match compares the beginning of a path with a template, and returns the values of its parameters.
func match(template, segments []string) (values []string, ok bool) {
	if len(segments) < len(template) {
		return nil, false
	}
	for i, part := range template {
		switch {
		case strings.HasPrefix(part, "{"):
			values = append(values, segments[i])
		case part != segments[i]:
			return nil, false
		}
	}
	return values, true
}
