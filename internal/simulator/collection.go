package simulator

import (
	"net/http"
	"strings"
)

// collection is a resource of the Management API, written down as data: where it is, which operations it has, what it takes, what
// is unique in it. Routes, scopes, validation, paging, errors and the tenant's state follow from it. Hooks hold what is special
// about it. R is what the tenant keeps for an object: its document, or a struct with more than the API shows.
type collection[R any] struct {
	// path below /api/v2/. A parameter in it, like {id} in organizations/{id}/invitations, has the name that it has in the collection
	// before it. The object that it names must exist, and these are deleted with it.
	path string
	// title names an object with its article, as the tenant's log does: a log stream.
	title string
	// scopes is the object of the usual scopes: log_streams for read:log_streams.
	scopes string
	// id names the objects. A collection without it is a singleton: one object at the path itself.
	id identifier
	// inPath is the schema of the path's parameters. By default they are not empty.
	inPath *schema

	// The operations that Auth0 has. The others answer 404.
	list, get, create, update, replace, remove *operation
	// more are the routes of operations that only this resource has.
	more []*route

	// items is what a page of the list calls the objects.
	items string
	// filters are parameters of the list, and the fields that must equal them, or be among them.
	filters map[string]string
	// linked lists have a Link header.
	linked bool
	// unfiltered fields are listed although the parameter fields leaves them out.
	unfiltered []string
	// mark names an object in a checkpoint, in the order of the list; the position does if it is nil.
	mark func(R) string

	// defaults are the fields that a new object has unless they are given; a singleton has them before the first write.
	defaults doc
	// unique are the fields by which objects differ.
	unique []unique
	// limit is how many objects a plan allows, and full the error beyond it (too_many_entities by default).
	limit map[RateLimit]int
	full  func() *failure
	// variant is an object whose schema depends on another field.
	variant *variant
	// timestamps gives objects created_at and updated_at.
	timestamps bool
	// merged are fields that a PATCH changes key by key. A change replaces any other field as a whole.
	merged []string
	// hidden and masked are dotted paths of what answers leave out, or show as asterisks.
	hidden, masked []string
	// missing is the error about an object that does not exist.
	missing func() *failure

	// Hooks. R is its zero value where there is no object yet.

	// table is where the objects are, if they are more than documents.
	table func(*call) (*table[R], error)
	// doc is the document of an object that is more.
	doc func(R) doc
	// key is the id of the object that the path names, if that can be another of its names.
	key func(*call) string
	// check refuses a write whose result would be d, before it is held against unique and limit.
	check func(c *call, before R, d doc) error
	// build makes the object from its new document.
	build func(c *call, before R, d doc) (R, error)
	// counts reports whether an object counts against the limit.
	counts func(R) bool
	// release refuses a deletion.
	release func(*call, R) error
	// changed acts on what was done: created, updated or deleted.
	changed func(c *call, what string, row R)
	// match is what else a list asks for.
	match func(*call) (func(R) bool, error)
	// show is the document that answers show, and listed the one in lists, if that differs.
	show, listed func(*call, R) doc
}

// identifier is how the objects of a collection are named.
type identifier struct {
	field string             // in the document
	param string             // in the path; id if empty
	new   func(*call) string // makes one; nil where a POST or the path says it
}

// operation is something that can be done with a collection. Empty fields stand for the usual.
type operation struct {
	status int
	scopes []string // any of them
	group  string   // of rate limits
	log    string   // the description in the tenant's log
	query  *schema
	body   *schema
	// perPage is how many objects a page of the list has.
	perPage int
	// strict deletions need something to delete.
	strict bool
	// does replaces what the operation usually does.
	does func(*call) (any, error)
}

// unique are fields that no two objects share. message may name them in braces. Without fields, there is one object at most.
type unique struct {
	fields        []string
	code, message string
}

// variant is the object at of, whose schema the field by decides. Where it is fixed, it never changes.
type variant struct {
	by, of  string
	schemas map[string]*schema
	fixed   []string
}

// sameFields are filters whose parameters have the names of their fields.
func sameFields(names ...string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = name
	}
	return out
}

// resource is a collection of any objects.
type resource interface {
	where() string
	routes() []*route
	// exists is an error unless the object that the path names exists.
	exists(*call) error
}

func (k *collection[R]) where() string { return k.path }

func (k *collection[R]) routes() []*route {
	all := managementPrefix + k.path
	one := all
	if k.id.field != "" {
		one += "/{" + k.param() + "}"
	}
	var out []*route
	add := func(o *operation, r *route, verb string, do func(*call) (any, error)) {
		if o != nil {
			out = append(out, k.route(o, r, verb, do))
		}
	}
	add(k.list, get(all), "read", k.doList)
	add(k.create, post(all, http.StatusCreated), "create", k.doCreate)
	add(k.get, get(one), "read", k.doGet)
	add(k.update, change(one), "update", k.doUpdate)
	add(k.replace, put(one), "update", k.doReplace)
	add(k.remove, remove(one), "delete", k.doRemove)
	return append(out, k.more...)
}

// route completes the route of an operation.
func (k *collection[R]) route(o *operation, r *route, verb string, do func(*call) (any, error)) *route {
	r.scopes, r.group, r.query, r.body, r.perPage = o.scopes, o.group, o.query, o.body, o.perPage
	if r.scopes == nil {
		r.scopes = []string{verb + ":" + k.scopes}
	}
	if strings.Contains(r.path, "{") {
		r.inPath = k.inPath
		if r.inPath == nil {
			r.inPath = parametersOf(r.path)
		}
	}
	if r.method != http.MethodGet {
		r.log = firstOf(o.log, strings.ToUpper(verb[:1])+verb[1:]+" "+k.title)
	}
	if r.method == http.MethodPost && k.variant != nil {
		r.check = func(c *call) error { return k.variant.check(nil, c.body) }
	}
	if o.status != 0 {
		r.status = o.status
	}
	r.handle = do
	if o.does != nil {
		r.handle = o.does
	}
	return r
}

func (k *collection[R]) param() string { return firstOf(k.id.param, "id") }

// parametersOf is the schema of a path's parameters, none of which may be empty.
func parametersOf(path string) *schema {
	var lines []string
	for segment := range strings.SplitSeq(path, "/") {
		if name := strings.Trim(segment, "{}"); name != segment {
			lines = append(lines, name+"! string len=1..")
		}
	}
	return objectOf(strings.Join(lines, "\n"))
}
