package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// Auth0 serves some fields of an object at routes of their own: the parts of its resource. The loop sees one document, which is
// joined when it is read, and divided when it is sent. Only the parts that the spec declares, or declared before, are read and
// written. See docs/decisions/0041-composites.md.
//
// Where PUT updates an object or a part, the operator sends what it just read, with the differences: nothing that nobody declared
// is lost. See docs/decisions/0038-resource-shapes.md.

// ownRoute is the route of the object itself, in the place of the field of a part.
const ownRoute = ""

// parts returns the parts of the resource, by field.
func (d *Definition[O]) parts() map[string]auth0.Part { return auth0.PartsOf(d.Resource) }

// routeOf returns the part that contains a path, or ownRoute.
func (d *Definition[O]) routeOf(path string) string {
	field, _, _ := strings.Cut(path, ".")
	if _, isPart := d.parts()[field]; isPart {
		return field
	}
	return ownRoute
}

// withoutParts returns a copy of a document as the creation sends it and as lists show it.
func (d *Definition[O]) withoutParts(document auth0.Document) auth0.Document {
	own := document.Clone()
	for field := range d.parts() {
		delete(own, field)
	}
	return own
}

// routes returns the routes of what the object declares, or declared before. The deletion of an object needs none of its parts.
func (w *objectSync[O]) routes() []string {
	isSingleton := w.Definition.isSingleton()
	if len(w.Definition.parts()) == 0 || w.object.GetDeletionTimestamp() != nil && !isSingleton {
		return []string{ownRoute}
	}
	status := w.object.GetManagedStatus()
	paths := slices.Concat(slices.Collect(maps.Keys(w.desired)), status.ManagedFields, slices.Collect(maps.Keys(w.secretValues)))
	for _, applied := range status.AppliedSecrets {
		paths = append(paths, applied.Field)
	}
	routes := w.routesOf(paths)
	if !isSingleton && !slices.Contains(routes, ownRoute) {
		routes = append([]string{ownRoute}, routes...)
	}
	return routes
}

// routesOf returns the routes of some paths, each once, ownRoute first.
func (w *objectSync[O]) routesOf(paths []string) []string {
	routes := make([]string, len(paths))
	for i, path := range paths {
		routes[i] = w.Definition.routeOf(path)
	}
	slices.Sort(routes)
	return slices.Compact(routes)
}

// get reads the object by its id in status, with its parts.
func (w *objectSync[O]) get(ctx context.Context) (auth0.Document, error) {
	w.isRead = map[string]bool{}
	return w.readRoutes(ctx, auth0.Document{}, w.routes())
}

// readRoutes returns what is known of the object, with some routes read again.
func (w *objectSync[O]) readRoutes(ctx context.Context, have auth0.Document, routes []string) (auth0.Document, error) {
	have = maps.Clone(have)
	for _, route := range routes {
		if err := w.readRoute(ctx, have, w.Definition.ID(w.object), route); err != nil {
			return nil, err
		}
	}
	return have, nil
}

// joinParts adds to what a list shows of the object the parts that no list shows.
func (w *objectSync[O]) joinParts(ctx context.Context, have auth0.Document) error {
	for _, route := range w.routes() {
		if route == ownRoute || w.isRead[route] {
			continue
		}
		if err := w.readRoute(ctx, have, w.idOf(have), route); err != nil {
			return err
		}
	}
	return nil
}

// readRoute reads into a document what Auth0 has at a route of the object with an id.
func (w *objectSync[O]) readRoute(ctx context.Context, have auth0.Document, id, route string) error {
	if w.isRead == nil {
		w.isRead = map[string]bool{}
	}
	if route != ownRoute {
		value, err := w.session.GetPart(ctx, w.Definition.Resource, id, route)
		have[route], w.isRead[route] = value, err == nil
		return err
	}
	own, err := w.session.Get(ctx, w.Definition.Resource, id)
	if isOptional, _ := auth0.IsOptional(w.Definition.Resource); isOptional {
		w.isAbsent = auth0.ClassOf(err) == auth0.ClassNotFound
	}
	if err != nil && !w.isAbsent {
		return err
	}
	w.replaceOwn(have, own)
	w.isRead[ownRoute] = true
	return nil
}

// replaceOwn replaces all of a document but its parts.
func (w *objectSync[O]) replaceOwn(have, own auth0.Document) {
	maps.DeleteFunc(have, func(field string, _ any) bool { return w.Definition.routeOf(field) == ownRoute })
	maps.Copy(have, own)
}

// divideByRoute splits a patch by the routes to which it is sent. Each entry of a part with a key has its own.
func (w *objectSync[O]) divideByRoute(patch auth0.Document) (own auth0.Document, parts []auth0.Document) {
	own = auth0.Document{}
	for _, field := range slices.Sorted(maps.Keys(patch)) {
		part, isPart := w.Definition.parts()[field]
		entries := patch.Object(field)
		switch {
		case !isPart:
			own[field] = patch[field]
		case part.Key == "" || entries == nil:
			parts = append(parts, auth0.Document{field: patch[field]})
		default:
			for _, name := range slices.Sorted(maps.Keys(entries)) {
				parts = append(parts, auth0.Document{field: map[string]any{name: entries[name]}})
			}
		}
	}
	return own, parts
}

// calls divides a patch into the calls that it needs, in order.
func (w *objectSync[O]) calls(patch auth0.Document) []auth0.Document {
	own, parts := w.divideByRoute(patch)
	return append(w.fields.Split(own), parts...)
}

// sendTo sends a patch that needs one call, and returns what is known of the object then.
func (w *objectSync[O]) sendTo(ctx context.Context, have, patch auth0.Document) (auth0.Document, error) {
	routes := w.routesOf(slices.Collect(maps.Keys(patch)))
	if routes[0] != ownRoute {
		return w.sendPartTo(ctx, have, patch, routes[0])
	}
	own, err := w.sendOwn(ctx, have, patch)
	switch {
	case err != nil:
		return nil, err
	case own == nil:
		// The answer shows nothing.
		own = w.fields.Merge(w.Definition.withoutParts(have), patch)
	case len(w.Definition.parts()) == 0:
		return own, nil
	}
	updated := maps.Clone(have)
	w.replaceOwn(updated, own)
	return updated, nil
}

// sendOwn sends a patch to the object's own route, and returns what the answer shows.
func (w *objectSync[O]) sendOwn(ctx context.Context, have, patch auth0.Document) (auth0.Document, error) {
	resource, id := w.Definition.Resource, w.Definition.ID(w.object)
	if _, isCreated := auth0.IsOptional(resource); isCreated && w.isAbsent {
		own, err := w.session.CreateSingleton(ctx, resource, id, patch)
		w.isAbsent = err != nil
		if auth0.ClassOf(err) != auth0.ClassConflict {
			return own, err
		}
		// Somebody else created it meanwhile.
		if have, err = w.readRoutes(ctx, have, []string{ownRoute}); err != nil {
			return nil, err
		}
	}
	body, err := w.bodyOf(ctx, have, patch)
	if err != nil {
		return nil, err
	}
	return w.session.Update(ctx, resource, id, body)
}

// sendPartTo sends the patch of a part. Auth0's answer is about this part alone: sendParts goes on with the others.
func (w *objectSync[O]) sendPartTo(ctx context.Context, have, patch auth0.Document, field string) (auth0.Document, error) {
	part, id := w.Definition.parts()[field], w.Definition.ID(w.object)
	updated := maps.Clone(have)
	if part.Key != "" {
		entries := updated.Object(field).Clone()
		for entry, value := range patch.Object(field) {
			if err := w.session.UpdateEntry(ctx, w.Definition.Resource, id, field, entry, value); err != nil {
				return nil, err
			}
			entries[entry] = value
		}
		updated[field] = map[string]any(entries)
		return updated, nil
	}
	value := patch[field]
	if part.Replace {
		whole, err := w.wholeOf(ctx, have, patch, field)
		if err != nil {
			return nil, err
		}
		value = whole[field]
	}
	if value == nil && part.List {
		value = []any{}
	}
	shown, err := w.session.UpdatePart(ctx, w.Definition.Resource, id, field, value)
	if err != nil {
		return nil, err
	}
	if shown == nil {
		shown = w.fields.Merge(have, patch)[field]
	}
	updated[field] = shown
	return updated, nil
}

// bodyOf returns what to send to the object's own route so that a patch takes effect.
func (w *objectSync[O]) bodyOf(ctx context.Context, have, patch auth0.Document) (auth0.Document, error) {
	if !auth0.Replaces(w.Definition.Resource) {
		return patch, nil
	}
	whole, err := w.wholeOf(ctx, have, patch, ownRoute)
	return auth0.Writable(w.Definition.Resource, whole), err
}

// wholeOf returns what Auth0 has at a route, with a patch. have is the object as far as it is known: what a list or the answer to
// a write shows may lack fields, so the route is read again in that case.
func (w *objectSync[O]) wholeOf(ctx context.Context, have, patch auth0.Document, route string) (auth0.Document, error) {
	if !w.isRead[route] {
		var err error
		if have, err = w.readRoutes(ctx, have, []string{route}); err != nil {
			return nil, err
		}
	}
	delete(w.isRead, route)
	whole := w.fields.Merge(have, patch)
	for path, value := range w.secretValues {
		if w.Definition.routeOf(path) != route {
			continue
		}
		// Auth0 does not show these values, or shows a mask in their place.
		w.fields.SetSecrets(whole, map[string]any{path: value})
		if value == nil {
			delete(whole, path)
		}
	}
	return whole, nil
}

// refuses returns the paths that Auth0 refuses with a call: those that its answer names, or all if the plan of the tenant lacks
// something that it does not name.
func (w *objectSync[O]) refuses(failed *auth0.Error, sent auth0.Document, changes []fields.Change) []string {
	if named := w.named(failed, sent, changes); len(named) > 0 || !failed.IsNotEntitled() {
		return named
	}
	return fields.PathsOf(changes)
}

// named returns the paths that Auth0's refusal of a call names. Auth0 names what is in a part without the name of the part.
func (w *objectSync[O]) named(failed *auth0.Error, sent auth0.Document, changes []fields.Change) []string {
	routes := w.routesOf(slices.Collect(maps.Keys(sent)))
	if len(routes) == 0 || routes[0] == ownRoute {
		return failed.Refuses(fields.PathsOf(changes))
	}
	whole := map[string]string{}
	for _, path := range fields.PathsOf(changes) {
		whole[strings.TrimPrefix(path, routes[0]+".")] = path
	}
	named := failed.Refuses(slices.Sorted(maps.Keys(whole)))
	for i, inside := range named {
		named[i] = whole[inside]
	}
	return named
}
