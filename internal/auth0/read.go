package auth0

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
)

// pageSize is how many objects a page of a list has.
const pageSize = 100

const (
	// mostCheckpoints bounds how many pages a list has, and mostCollected how many bytes of it are kept at the same time.
	mostCheckpoints = 10_000
	mostCollected   = 16 << 20
)

// listPage is a page of a list.
type listPage struct {
	objects []Document
	// isEmpty reports whether Auth0 returned no objects.
	isEmpty bool
	// next is where the next page begins, "" if there is none.
	next string
	// size is the size of the answer in bytes.
	size int
	// route is the route of the call, for messages.
	route string
}

// reader reads a page of a list. The first page begins at "".
type reader func(ctx context.Context, from string) (listPage, error)

// pages reads a list page by page. It ends if there is no next page, at an empty page, and at a page that it read before.
func pages(ctx context.Context, read reader) iter.Seq2[listPage, error] {
	return func(yield func(listPage, error) bool) {
		from, known := "", map[string]bool{"": true}
		for {
			page, err := read(ctx, from)
			from = page.next
			if !yield(page, err) || err != nil || known[from] || page.isEmpty {
				return
			}
			if known[from] = true; len(known) > mostCheckpoints {
				yield(listPage{}, &Error{Class: ClassTooLarge, Route: page.route, Message: fmt.Sprintf("the list has more than %d pages", mostCheckpoints)})
				return
			}
		}
	}
}

// collect reads a list to its end, and keeps the results of keep.
func collect[T any](ctx context.Context, read reader, keep func(Document) T) ([]T, error) {
	var kept []T
	size := 0
	for page, err := range pages(ctx, read) {
		if err != nil {
			return nil, err
		}
		if size += page.size; size > mostCollected {
			return nil, &Error{Class: ClassTooLarge, Route: page.route, Message: fmt.Sprintf("the list is larger than %d MiB", mostCollected>>20)}
		}
		for _, object := range page.objects {
			kept = append(kept, keep(object))
		}
	}
	return kept, nil
}

// whole keeps the whole object.
func whole(object Document) Document { return object }

// field keeps one string of an object.
func field(name string) func(Document) string {
	return func(object Document) string { return object.String(name) }
}

// paged reads a list page by page. items is the field of a page with the objects.
func (s *Session) paged(paging Paging, items string, request Request) reader {
	switch paging {
	case Checkpoints:
		return s.checkpoints(items, request)
	case Offsets, Search:
		return s.offsets(items, request)
	case SinglePage:
	}
	return s.singlePage(items, request)
}

// singlePage reads a list in one call.
func (s *Session) singlePage(items string, request Request) reader {
	return func(ctx context.Context, _ string) (listPage, error) {
		answer, err := s.Do(ctx, request)
		read := parseItems
		if items == "" {
			read = func(answer Answer, _ string, err error) ([]Document, error) { return parseList(answer, err) }
		}
		objects, err := read(answer, items, err)
		return listPage{objects: objects, isEmpty: len(objects) == 0, size: answer.size, route: request.Route}, err
	}
}

// checkpoints reads a list from one checkpoint to the next. The query may contain take.
func (s *Session) checkpoints(items string, request Request) reader {
	return func(ctx context.Context, from string) (listPage, error) {
		query := url.Values{"take": {strconv.Itoa(pageSize)}}
		if from != "" {
			query.Set("from", from)
		}
		answer, err := s.Do(ctx, request.with(query))
		page, err := parseObject(answer, err)
		objects := page.Objects(items)
		return listPage{objects, len(objects) == 0, page.String("next"), answer.size, request.Route}, err
	}
}

// mostOffsets bounds how many pages a list with offsets has: Auth0 refuses offsets beyond 1000 records.
const mostOffsets = 10

// offsets reads a list by the numbers of its pages.
func (s *Session) offsets(items string, request Request) reader {
	return func(ctx context.Context, from string) (listPage, error) {
		// Anything that is not a number means the first page.
		number, _ := strconv.Atoi(from)
		answer, err := s.Do(ctx, request.with(url.Values{
			"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(pageSize)}, "include_totals": {"true"},
		}))
		found, err := parseObject(answer, err)
		objects := found.Objects(items)
		page := listPage{objects: objects, isEmpty: len(objects) == 0, size: answer.size, route: request.Route}
		if len(objects) >= pageSize && number+1 < mostOffsets && !isLast(found, number, len(objects)) {
			page.next = strconv.Itoa(number + 1)
		}
		return page, err
	}
}

// isLast reports whether a page is the last one according to the total, which saves a call for an empty page after a full one.
func isLast(answer Document, page, records int) bool {
	total, ok := answer["total"].(json.Number)
	count, err := total.Int64()
	return ok && err == nil && int64(page*pageSize+records) >= count
}

func parseObject(answer Answer, err error) (Document, error) {
	if err != nil {
		return nil, err
	}
	object, err := answer.object()
	if err != nil {
		return nil, err
	}
	return object, checkAnswer(object)
}

// parseList reads a bare JSON array of objects.
func parseList(answer Answer, err error) ([]Document, error) {
	if err != nil {
		return nil, err
	}
	return answer.list()
}

// named returns the objects with a value in a field: Auth0's filters match more than requested.
func named(objects []Document, field, value string) []Document {
	return slices.DeleteFunc(objects, func(object Document) bool { return object.String(field) != value })
}

// parseItems reads the objects of one page.
func parseItems(answer Answer, field string, err error) ([]Document, error) {
	page, err := parseObject(answer, err)
	return page.Objects(field), err
}
