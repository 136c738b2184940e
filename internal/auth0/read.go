package auth0

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// read reads an object by id.
func (s *Session) read(ctx context.Context, resource, id string, fetch func(context.Context) (jsonBody, error)) (Document, error) {
	answer, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	document, err := answer.object()
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", resource, id, err)
	}
	return document, checkAnswer(document)
}

var (
	pageSize = 100
	yes      = true
)

const (
	// mostCheckpoints bounds how many pages a list has, and mostCollected how many bytes of it are kept at the same time.
	mostCheckpoints = 10_000
	mostCollected   = 16 << 20
)

// listPage is a page of a list.
type listPage struct {
	objects []Document
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
			if !yield(page, err) || err != nil || known[from] || len(page.objects) == 0 {
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

// checkpoint returns where a page begins, nil for the first.
func checkpoint(from string) *string {
	if from == "" {
		return nil
	}
	return &from
}

func parseObject(answer jsonBody, err error) (Document, error) {
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
func parseList(answer jsonBody, err error) ([]Document, error) {
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
func parseItems(answer jsonBody, field string, err error) ([]Document, error) {
	page, err := parseObject(answer, err)
	return page.Objects(field), err
}
