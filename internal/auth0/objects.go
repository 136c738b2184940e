package auth0

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The methods below serve every resource of the table in resource.go. path are the values for the parameters of a resource's path, such
// as the organization of a discovery domain. The id of an object below it contains them, too: JoinID.

// Get reads an object.
func (s *Session) Get(ctx context.Context, resource, id string) (Document, error) {
	route := resourceNamed(resource).object(resource)
	answer, err := s.Do(ctx, Request{Method: http.MethodGet, Route: route, Args: arguments(route, id)})
	if err != nil {
		return nil, err
	}
	document, err := answer.object()
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", resource, id, err)
	}
	err = checkAnswer(document)
	resourceNamed(resource).identify(document, pathOf(resource, id))
	return document, err
}

// pathOf returns the values for the parameters of a resource's path from the id of an object.
func pathOf(resource, id string) []string {
	args := arguments(resourceNamed(resource).object(resource), id)
	return args[:min(len(args), parametersOf(resource))]
}

// Create creates an object, and returns what the answer shows of it. An object with the same natural key is a conflict.
func (s *Session) Create(ctx context.Context, resource string, document Document, path ...string) (Document, error) {
	return s.write(ctx, resource, path, Request{Method: http.MethodPost, Route: collection(resource), Args: path, Body: document})
}

// CreateSingleton creates an object that Auth0 lacks until it is first written.
func (s *Session) CreateSingleton(ctx context.Context, resource, id string, document Document) (Document, error) {
	path, route := pathOf(resource, id), collection(resourceNamed(resource).Creates)
	return s.write(ctx, resource, path, post(route, document, path[:parametersOf(route)]...))
}

// Update merges a patch into an object, and returns the whole object, nil if the answer is empty. Null clears a field. If the resource Replaces its objects,
// the patch must be the whole object as it shall be.
func (s *Session) Update(ctx context.Context, resource, id string, patch Document) (Document, error) {
	described := resourceNamed(resource)
	route := described.object(resource)
	return s.write(ctx, resource, pathOf(resource, id), Request{Method: described.update(), Route: route, Args: arguments(route, id), Body: patch})
}

// Delete deletes an object. If there is none, it succeeds or fails with ClassNotFound.
func (s *Session) Delete(ctx context.Context, resource, id string) error {
	route := resourceNamed(resource).object(resource)
	_, err := s.Do(ctx, Request{Method: http.MethodDelete, Route: route, Args: arguments(route, id)})
	resourceNamed(resource).written(s, http.MethodDelete, nil)
	return err
}

// write creates or updates an object.
func (s *Session) write(ctx context.Context, resource string, path []string, request Request) (Document, error) {
	answer, err := s.Do(ctx, request)
	if err == nil && answer.size == 0 && request.Method != http.MethodPost {
		resourceNamed(resource).written(s, request.Method, nil)
		return nil, nil
	}
	document, err := parseObject(answer, err)
	resourceNamed(resource).identify(document, path)
	resourceNamed(resource).written(s, request.Method, document)
	return document, err
}

// Find returns the objects whose fields have these values, on all pages. Auth0 narrows the list by the fields that it filters by; for a
// resource without filters, the whole list is read. Below a parent that does not exist, there are none.
func (s *Session) Find(ctx context.Context, resource string, values map[string]string, path ...string) ([]Document, error) {
	described := resourceNamed(resource)
	if described.ByName != "" {
		return s.findByName(ctx, described, values["name"])
	}
	query := url.Values{}
	for field, value := range values {
		if parameter, ok := described.Filters[field]; ok {
			query.Set(parameter, value)
		}
	}
	found, err := collect(ctx, s.list(resource, query, path...), whole)
	if len(path) > 0 && ClassOf(err) == ClassNotFound {
		return nil, nil
	}
	for field, value := range values {
		found = named(found, field, value)
	}
	return found, err
}

// findByName reads the object with a name.
func (s *Session) findByName(ctx context.Context, resource Resource, name string) ([]Document, error) {
	found, err := parseObject(s.Do(ctx, Request{Method: http.MethodGet, Route: collection(resource.ByName), Args: []string{name}}))
	switch {
	case ClassOf(err) == ClassNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []Document{found}, nil
}

// List returns all objects of a resource, on all pages, with these fields; none means whole objects. For APIs and roles, Auth0
// returns only the first 1000.
func (s *Session) List(ctx context.Context, resource string, fields ...string) ([]Document, error) {
	query := url.Values{}
	if len(fields) > 0 {
		query.Set("fields", strings.Join(fields, ","))
		query.Set("include_fields", "true")
	}
	return collect(ctx, s.list(resource, query), whole)
}

// All is List for callers that no reconciliation waits for.
func (s *Session) All(ctx context.Context, resource string) ([]Document, error) {
	return collect(ctx, fairly(s, s.list(resource, nil)), whole)
}

// list reads the objects of a resource that match a query, page by page.
func (s *Session) list(resource string, query url.Values, path ...string) reader {
	described := resourceNamed(resource)
	read := s.paged(described.Paging, described.Items, get(collection(resource), path...).with(query).with(described.Query))
	return func(ctx context.Context, from string) (listPage, error) {
		page, err := read(ctx, from)
		if described.Omit != nil {
			page.objects = slices.DeleteFunc(page.objects, described.Omit)
		}
		for _, object := range page.objects {
			described.identify(object, path)
		}
		return page, err
	}
}
