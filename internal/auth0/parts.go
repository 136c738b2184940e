package auth0

import (
	"context"
	"fmt"
)

// Part is a top-level field of an object that Auth0 serves at a route of its own, such as a setting of the attack protection. The
// rest of the object is at the resource's own route.
type Part struct {
	// Path is the path of the part below /api/v2, with the parameters of the object's own route.
	Path string
	// Replace means that PUT updates the part, with the whole value, instead of PATCH.
	Replace bool
	// List means that the part is a JSON array.
	List bool
	// Key means that Auth0 lists the entries of the part at its path, and that each is written at Path/{entry}. It is the field of
	// an entry with its name. The part is an object with an entry for each name.
	Key string
	// ReadOnly are the fields of the part that Auth0 sets itself: it shows them, and refuses them in a write.
	ReadOnly []string
}

// PartsOf returns the parts of a resource, by their field.
func PartsOf(resource string) map[string]Part { return resourceNamed(resource).Parts }

// GetPart reads a part of an object, without its read-only fields. It returns nil if Auth0 has nothing there, or the plan lacks it.
func (s *Session) GetPart(ctx context.Context, resource, id, field string) (any, error) {
	part := PartsOf(resource)[field]
	route := collection(part.Path)
	answer, err := s.Do(ctx, get(route, arguments(route, id)...))
	switch {
	case ClassOf(err) == ClassNotFound || IsNotEntitled(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	value, err := part.parse(answer)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", part.Path, err)
	}
	return value, nil
}

// UpdatePart writes a part of an object. It returns the part as the answer shows it, nil if the
// answer shows nothing.
func (s *Session) UpdatePart(ctx context.Context, resource, id, field string, value any) (any, error) {
	part := PartsOf(resource)[field]
	route := collection(part.Path)
	request := Request{Method: part.update(), Route: route, Args: arguments(route, id), Body: value}
	answer, err := s.Do(ctx, request)
	if err != nil || answer.size == 0 {
		return nil, err
	}
	return part.parse(answer)
}

// UpdateEntry writes an entry of a part with a Key.
func (s *Session) UpdateEntry(ctx context.Context, resource, id, field, entry string, value any) error {
	part := PartsOf(resource)[field]
	route := collection(part.Path)
	args := append(arguments(route, id), entry)
	return s.run(ctx, Request{Method: part.update(), Route: route + "/{" + part.Key + "}", Args: args, Body: value})
}

// update returns the method that updates the part.
func (p Part) update() string { return Resource{Replace: p.Replace}.update() }

// parse returns the value of a part.
func (p Part) parse(answer Answer) (any, error) {
	switch {
	case p.Key != "":
		list, err := answer.list()
		entries := map[string]any{}
		for _, entry := range list {
			entries[entry.String(p.Key)] = p.visible(entry)
		}
		return entries, err
	case p.List:
		return answer.value, answer.err
	}
	object, err := answer.object()
	return p.visible(object), err
}

// visible returns an object without the fields that Auth0 sets itself.
func (p Part) visible(object Document) map[string]any {
	visible := object.Clone()
	delete(visible, p.Key)
	for _, field := range p.ReadOnly {
		delete(visible, field)
	}
	return visible
}
