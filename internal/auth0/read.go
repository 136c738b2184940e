package auth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// listed is what a list showed of an object.
type listed struct {
	resource, id string
	document     Document
}

type listedKey struct{}

// ErrListed is the answer to a write under WithListed.
var ErrListed = errors.New("a list may lag behind: the object must be read before anything is written")

// WithListed has the object be read from what a list showed of it, and refuses to write anything.
func WithListed(ctx context.Context, resource, id string, document Document) context.Context {
	return context.WithValue(ctx, listedKey{}, &listed{resource, id, document})
}

func isListed(ctx context.Context) bool {
	_, ok := ctx.Value(listedKey{}).(*listed)
	return ok
}

// read is the seam through which every object is read by id: by a call, or from a list without any adapter noticing.
func (s *Session) read(ctx context.Context, resource, id string, fetch func(context.Context) ([]byte, error)) (Document, error) {
	if shown, ok := ctx.Value(listedKey{}).(*listed); ok && shown.resource == resource && shown.id == id {
		return shown.document, nil
	}
	answer, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	document, err := ParseDocument(answer)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", resource, id, err)
	}
	return document, nil
}

var (
	pageSize = 100
	yes      = true
)

// mostPages bounds a listing: Auth0 refuses offset paging beyond 1000 records.
const mostPages = 10

// allPages reads offset pages until one is not full. A page tells its items and how many records it was made of.
func allPages[T any](read func(page int) ([]T, int, error)) ([]T, error) {
	var all []T
	for page := range mostPages {
		items, records, err := read(page)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if records < pageSize {
			break
		}
	}
	return all, nil
}

// isLast tells by the total whether a page is the last, so that a full one need not be followed by an empty one.
func isLast(answer Document, page, records int) bool {
	total, ok := answer["total"].(json.Number)
	count, err := total.Int64()
	return ok && err == nil && int64(page*pageSize+records) >= count
}

// allCheckpoints reads checkpoint pages until there is no next. A next may lead to an empty page.
func allCheckpoints(read func(from string) (next string, err error)) error {
	for from := ""; ; {
		next, err := read(from)
		if err != nil || next == "" {
			return err
		}
		from = next
	}
}

// checkpoint is where a page begins, nil for the first.
func checkpoint(from string) *string {
	if from == "" {
		return nil
	}
	return &from
}

func parseObject(answer []byte, err error) (Document, error) {
	if err != nil {
		return nil, err
	}
	return ParseDocument(answer)
}

// parseList reads a bare JSON array of objects.
func parseList(answer []byte, err error) ([]Document, error) {
	if err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(answer, &raw); err != nil {
		return nil, fmt.Errorf("parse list: %w", err)
	}
	list := make([]Document, len(raw))
	for i, item := range raw {
		if list[i], err = ParseDocument(item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// named picks the objects that have a value in a field: filters of Auth0's match more than was asked for.
func named(objects []Document, field, value string) []Document {
	return slices.DeleteFunc(objects, func(object Document) bool { return object.String(field) != value })
}

// parseItems reads the objects of one page.
func parseItems(answer []byte, field string, err error) ([]Document, error) {
	page, err := parseObject(answer, err)
	return page.Objects(field), err
}
