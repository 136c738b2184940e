package simulator

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	offsetParameters = `
page integer range=0.. # Page index of the results to return. First page is 0.
per_page integer range=0..100 # Number of results per page. Defaults to 50.
include_totals boolean # Return results inside an object that contains the total result count (true) or as a direct array of results (false, default).
`
	checkpointParameters = `
from string # Optional Id from which to start selection.
take integer range=1..100 # Number of results per page. Defaults to 50.
`
	fieldParameters = `
fields string pattern=^((?:[\w.\-]+,?)*)$ # Comma-separated list of fields to include or exclude (based on value provided for include_fields) in the result. Leave empty to retrieve all fields.
include_fields boolean # Whether specified fields are to be included (true) or excluded (false).
`
)

// queryOf makes the schema of a query. Auth0 ignores parameters that it does not know.
func queryOf(parts ...string) *schema {
	return openObjectOf(strings.Join(parts, "\n"))
}

// openObjectOf makes the schema of an object that may have properties that are not in it.
func openObjectOf(lines string) *schema {
	s := objectOf(lines)
	s.open = true
	return s
}

const maxOffset = 1000

// page answers a list: as one page of an object with totals, as a bare array, or, where the route knows from and take,
// from a checkpoint. name is what the object calls the items.
func page[T any](c *call, name string, items []T, render func(T) doc) (any, error) {
	if c.checkpointed() {
		return checkpoint(c, name, items, render, nil)
	}
	return offset(c, name, items, render)
}

func (c *call) checkpointed() bool {
	return c.knows("take") && (c.query["take"] != nil || c.query["from"] != nil)
}

// knows reports whether the query of the route has a parameter.
func (c *call) knows(parameter string) bool {
	s := c.route.query
	return s != nil && s.propertiesByName[parameter] != nil
}

// window is the part of a list that page and per_page ask for.
func (c *call) window(total int) (start, end, limit int) {
	limit = int(number(c.query, "per_page", 0))
	if limit == 0 {
		limit = c.route.perPage
	}
	if limit == 0 {
		limit = 50
	}
	start = int(math.Min(number(c.query, "page", 0), 1e6)) * limit
	return start, min(start+limit, total), limit
}

func offset[T any](c *call, name string, items []T, render func(T) doc) (any, error) {
	start, end, limit := c.window(len(items))
	if start+limit > maxOffset && start >= maxOffset {
		return nil, apiError(http.StatusBadRequest, "invalid_paging", fmt.Sprintf("Requesting page %d exceeds the allowed maximum "+
			"of %d records. To fetch results beyond %d, use the checkpoint pagination method.", start/limit, maxOffset, maxOffset))
	}
	out := []any{}
	for i := start; i < end; i++ {
		out = append(out, c.fields(render(items[i])))
	}
	if !truth(c.query, "include_totals") {
		return out, nil
	}
	return doc{"start": start, "limit": limit, "total": len(items), name: out}, nil
}

// checkpoint answers one page from a checkpoint. id names an item in the checkpoint; the position does if it is nil.
func checkpoint[T any](c *call, name string, items []T, render func(T) doc, id func(T) string) (any, error) {
	take := int(number(c.query, "take", 50))
	start := 0
	if from := str(c.query, "from"); from != "" {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(from, "="))
		position, known := afterCheckpoint(string(raw), items, id)
		if err != nil || !known {
			return nil, invalid("Query", "'Invalid checkpoint' on property from (Optional Id from which to start selection).")
		}
		start = position
	}
	end := min(start+take, len(items))
	out := []any{}
	for i := start; i < end; i++ {
		out = append(out, c.fields(render(items[i])))
	}
	answer := doc{name: out}
	if end < len(items) {
		mark := "#" + strconv.Itoa(end)
		if id != nil {
			mark = id(items[end-1])
		}
		answer["next"] = encodeCheckpoint(mark)
	}
	return answer, nil
}

func encodeCheckpoint(mark string) string { return base64.RawURLEncoding.EncodeToString([]byte(mark)) }

// afterCheckpoint is the position of the item that follows a mark: "#" and a position, or "time,id", by which the items
// are in order. What a mark names may be gone by now.
func afterCheckpoint[T any](mark string, items []T, id func(T) string) (position int, known bool) {
	if text, ok := strings.CutPrefix(mark, "#"); ok && id == nil {
		n, err := strconv.Atoi(text)
		return min(n, len(items)), err == nil && n >= 0
	}
	if id == nil || !strings.Contains(mark, ",") {
		return 0, false
	}
	for i, item := range items {
		if id(item) == mark {
			return i + 1, true
		}
	}
	for i, item := range items {
		if id(item) > mark {
			return i, true
		}
	}
	return len(items), true
}

// fieldNames are what the query's fields name.
func (c *call) fieldNames() []string {
	return strings.FieldsFunc(str(c.query, "fields"), func(r rune) bool { return r == ',' })
}

// fields reduces d to what the query's fields and include_fields ask for.
func (c *call) fields(d doc) doc {
	listed := c.fieldNames()
	if len(listed) == 0 {
		return d
	}
	if include, given := c.query["include_fields"].(bool); given && !include {
		return omit(d, listed...)
	}
	return pick(d, append(listed, c.unfiltered...)...)
}

// linkHeader adds the Link header with the first, next and last page, which some lists have.
func (c *call) linkHeader(total int) {
	if c.checkpointed() {
		return
	}
	start, end, limit := c.window(total)
	current := start / limit
	link := func(page int, rel string) string {
		q := c.request.URL.Query()
		q.Set("page", strconv.Itoa(page))
		q.Set("per_page", strconv.Itoa(limit))
		u := url.URL{Scheme: "http", Host: c.Domain, Path: c.request.URL.Path, RawQuery: q.Encode()}
		return "<" + u.String() + `>; rel="` + rel + `"`
	}
	links := []string{link(0, "first")}
	if end < total {
		links = append(links, link(current+1, "next"))
	}
	c.header.Set("Link", strings.Join(append(links, link(max(0, (total-1)/limit), "last")), ", "))
}
