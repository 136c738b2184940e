package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// searchIndex is what the user search sees: the users as they were some time ago.
type searchIndex struct {
	delay time.Duration

	mu      sync.Mutex // searches move changes from pending to users, and may run side by side
	users   *table[*user]
	all     []*user // the users in order, until one changes
	pending []indexChange
}

type indexChange struct {
	due  time.Time
	id   string
	user *user // nil: removed
}

func newSearchIndex(delay time.Duration) *searchIndex {
	return &searchIndex{delay: delay, users: newTable[*user]()}
}

func (x *searchIndex) update(before, after *user, now time.Time) {
	change := indexChange{due: now.Add(x.delay), user: after}
	if after != nil {
		change.id = after.ID
	} else {
		change.id = before.ID
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.delay <= 0 {
		x.apply(change)
		return
	}
	x.pending = append(x.pending, change)
}

func (x *searchIndex) apply(change indexChange) {
	x.all = nil
	if change.user == nil {
		x.users.Delete(change.id)
	} else {
		x.users.Put(change.id, change.user)
	}
}

// find returns the users that a query matches and the search can see by now. known suggests where to look; it may be nil.
func (x *searchIndex) find(q query, known *userIndex, now time.Time) []*user {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.pending) > 0 && !x.pending[0].due.After(now) {
		x.apply(x.pending[0])
		x.pending = x.pending[1:]
	}
	if x.delay > 0 {
		known = nil // it knows of changes that the search must not see yet
	}
	if ids, ok := q.candidates(known); ok {
		slices.Sort(ids)
		var out []*user
		for _, id := range slices.Compact(ids) {
			if u, ok := x.users.Get(id); ok && q.matches(u.Doc) {
				out = append(out, u)
			}
		}
		return out
	}
	if x.all == nil {
		x.all = x.users.Where(nil)
	}
	if _, ok := q.(everything); ok {
		return x.all
	}
	out := []*user{}
	for _, u := range x.all {
		if q.matches(u.Doc) {
			out = append(out, u)
		}
	}
	return out
}

var userSearchQuery = queryOf(offsetParameters, fieldParameters, `
sort string pattern=^(([a-zA-Z0-9_\.\[\]]+))\:(1|-1)$ # Field to sort by. Use field:order where order is 1 for ascending and -1 for descending. e.g. created_at:1
connection string # Connection filter. Only applies when using search_engine=v1. To filter by connection with search_engine=v2|v3, use q=identities.connection:"connection_name"
q string # Query in Lucene query string syntax. Some query types cannot be used on metadata fields, for details see Searchable Fields.
search_engine string enum=v1,v2,v3 # The version of the search engine
primary_order boolean # If true (default), results are returned in a deterministic order. If false, results may be returned in a non-deterministic order, which can enhance performance for complex queries targeting a small number of users.
`)

// searchUsers is GET /users.
func searchUsers(c *call) (any, error) {
	if engine := str(c.query, "search_engine"); engine != "" && engine != "v3" {
		return nil, notSimulated("search_engine", engine)
	}
	if field := str(c.query, "sort"); strings.HasPrefix(field, "user_metadata") || strings.HasPrefix(field, "app_metadata") {
		return nil, apiError(http.StatusBadRequest, "invalid_query_string", "Users cannot be sorted by metadata")
	}
	q, err := parseQuery(str(c.query, "q"))
	if err != nil {
		return nil, apiError(http.StatusBadRequest, "invalid_query_string", err.Error())
	}
	start, _, limit := c.window(0)
	if start+limit > maxOffset {
		return nil, apiError(http.StatusBadRequest, "invalid_paging", "You can only page through the first 1000 records. "+
			"See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation")
	}
	found := c.index.search.find(q, &c.index, c.now)
	if order := str(c.query, "sort"); order != "" {
		found = sorted(found, order)
	}
	out := []any{}
	for i := start; i < min(start+limit, len(found)); i++ {
		out = append(out, c.fields(found[i].Doc))
	}
	if !truth(c.query, "include_totals") {
		return out, nil
	}
	return doc{"start": start, "limit": limit, "length": len(out), "users": out, "total": len(found)}, nil
}

// sorted orders users by a field of the profile; order is "field:1" or "field:-1".
func sorted(users []*user, order string) []*user {
	field, direction, _ := strings.Cut(order, ":")
	out := slices.Clone(users)
	slices.SortStableFunc(out, func(a, b *user) int {
		n := compareValues(at(a.Doc, field), at(b.Doc, field))
		if direction == "-1" {
			return -n
		}
		return n
	})
	return out
}

// compareValues orders two values of the same kind; what is missing comes first.
func compareValues(a, b any) int {
	switch x := a.(type) {
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case string:
		if y, ok := b.(string); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if x {
				return 1
			}
			return -1
		}
		return 0
	}
	return cmp.Compare(typeOf(a), typeOf(b))
}
