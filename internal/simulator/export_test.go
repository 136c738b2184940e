package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// StartWithTestCollections starts a simulator that also has collections that exist in tests only, each for features that
// the real ones may not have.
func StartWithTestCollections(options Options) (*Server, error) {
	return start(options, append(collections(), testCollections()...))
}

func testCollections() []resource {
	none := func() *failure { return apiError(http.StatusNotFound, "inexistent_thing", "There is no such thing.") }
	all := func(body string) (get, create, update, replace, remove *operation) {
		return &operation{query: queryOf(fieldParameters)}, &operation{body: objectOf(body)}, &operation{body: objectOf(body).optional()},
			&operation{body: objectOf(body)}, &operation{strict: true}
	}
	boxes := &collection[doc]{
		path: "test/boxes", title: "a box", scopes: "roles", missing: none, items: "boxes", linked: true, timestamps: true,
		id:      identifier{field: "box_id", new: func(*call) string { return shortID("box_") }},
		list:    &operation{query: queryOf(offsetParameters, checkpointParameters, fieldParameters, "name string\ncolors array<string>"), perPage: 2},
		filters: map[string]string{"name": "name", "colors": "color"},
		merged:  []string{"labels"}, hidden: []string{"lock.code"}, masked: []string{"lock.owner.phone"},
		defaults: doc{"color": "white"},
		unique:   []unique{{fields: []string{"name", "color"}, code: "box_exists", message: "{name} is {color} already."}},
		limit:    map[RateLimit]int{RateLimitFree: 3},
	}
	boxes.get, boxes.create, boxes.update, _, boxes.remove = all(
		"name! string len=1..\ncolor string\nlabels object?\nlock object\n  code string\n  owner object open\ntags array<string>?")
	// Children with ids of their own, below an object.
	books := &collection[doc]{
		path: "test/boxes/{id}/books", title: "a book", scopes: "roles", missing: none, list: &operation{},
		id: identifier{field: "id", param: "book", new: func(*call) string { return longID("bok_") }},
	}
	books.get, books.create, books.update, _, _ = all("title! string")
	books.remove = &operation{}
	// Grandchildren whose id the path says.
	pages := &collection[doc]{
		path: "test/boxes/{id}/books/{book}/pages", title: "a page", scopes: "roles", missing: none,
		id: identifier{field: "number", param: "number"}, list: &operation{},
	}
	pages.get, _, _, pages.replace, pages.remove = all("text! string")
	// A singleton that is not always there.
	light := &collection[doc]{
		path: "test/light", title: "the light", scopes: "roles", missing: none, unique: []unique{{code: "lit", message: "There is a light."}},
		variant: &variant{by: "kind", of: "bulb", fixed: []string{"gas"}, schemas: map[string]*schema{
			"gas": objectOf("flow! integer"), "led": objectOf("watts! integer range=1..9"),
		}},
	}
	light.get, light.create, light.update, light.replace, light.remove = all("kind! string enum=gas,led\nbulb! object")
	light.update.body = light.update.body.without("kind")
	// One document for each pair of values in the path.
	texts := &collection[doc]{
		path: "test/texts/{prompt}/{language}", title: "a text", scopes: "roles", missing: none, defaults: doc{},
		inPath: objectOf("prompt! string enum=login,signup\nlanguage! string len=2..2"),
	}
	texts.get, _, _, texts.replace, texts.remove = all("title string")
	// Documents below objects that are more.
	notes := &collection[doc]{
		path: "organizations/{id}/notes", title: "a note", scopes: "organizations", missing: none, list: &operation{},
		id: identifier{field: "id", param: "note", new: func(*call) string { return longID("not_") }},
	}
	notes.get, notes.create, _, _, _ = all("text! string")
	return []resource{boxes, books, pages, light, texts, notes}
}

// Incomplete are mistakes in the collections, the real ones and those of the tests.
func Incomplete() []string {
	all := map[string]resource{}
	for _, r := range append(collections(), testCollections()...) {
		all[r.where()] = r
	}
	var out []string
	for _, path := range sortedKeys(all) {
		for _, problem := range all[path].(interface {
			incomplete(map[string]resource) []string
		}).incomplete(all) {
			out = append(out, path+": "+problem)
		}
		for _, r := range all[path].routes() {
			for _, scope := range r.scopes {
				if !slices.Contains(managementScopes, scope) {
					out = append(out, path+": Auth0 has no scope "+scope)
				}
			}
		}
	}
	return out
}

func (k *collection[R]) incomplete(all map[string]resource) []string {
	var row R
	_, plain := any(row).(doc)
	parent, hasParent := all[parentOf(k.path)].(interface{ param() string })
	pages := k.list != nil && k.list.query != nil && (k.list.query.propertiesByName["page"] != nil || k.list.query.propertiesByName["take"] != nil)
	problems := map[string]bool{
		"title and scopes are needed":                     k.title == "" || k.scopes == "",
		"missing is needed, what is absent must be said":  k.missing == nil && (k.id.field != "" || k.defaults == nil),
		"a list with pages needs items":                   pages && k.items == "",
		"objects that are more need table, doc and build": !plain && (k.table == nil || k.doc == nil || k.build == nil),
		"a POST needs a body":                             k.create != nil && k.create.body == nil,
		"a PATCH needs a body":                            k.update != nil && k.update.body == nil,
		"a PUT needs a body":                              k.replace != nil && k.replace.body == nil,
		"a singleton has no list":                         k.list != nil && k.id.field == "",
		"what it belongs to is named otherwise there":     hasParent && k.table == nil && !strings.Contains(k.path, "/{"+parent.param()+"}"),
	}
	var out []string
	for _, problem := range sortedKeys(problems) {
		if problems[problem] {
			out = append(out, problem)
		}
	}
	return out
}
