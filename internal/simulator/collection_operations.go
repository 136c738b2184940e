package simulator

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// rows are the objects at the path of the call.
func (k *collection[R]) rows(c *call) (*table[R], error) {
	if k.table != nil {
		return k.table(c)
	}
	if parent, ok := c.resources[parentOf(k.path)]; ok {
		if err := parent.exists(c); err != nil {
			return nil, err
		}
	}
	rows, _ := any(c.documents(c.filled(k.path))).(*table[R]) // only a document has no table of its own
	return rows, nil
}

// parentOf is the path of the collection to whose objects those of a path belong, or "".
func parentOf(path string) string {
	i := strings.LastIndex(path, "/{")
	return path[:max(i, 0)]
}

// filled is a path with the values of its parameters.
func (c *call) filled(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if name := strings.Trim(segment, "{}"); name != segment {
			segments[i] = url.PathEscape(c.params[name])
		}
	}
	return strings.Join(segments, "/")
}

// documents are the objects of the plain collection at a path. A read must not add it.
func (c *call) documents(path string) *table[doc] {
	rows, ok := c.Documents[path]
	if !ok {
		rows = newTable[doc]()
		if c.request.Method != http.MethodGet {
			c.Documents[path] = rows
		}
	}
	return rows
}

// find is the object that the path names, where it is, and under which key.
func (k *collection[R]) find(c *call) (rows *table[R], key string, row R, err error) {
	if rows, err = k.rows(c); err != nil {
		return nil, "", row, err
	}
	key = k.keyIn(c)
	row, ok := rows.Get(key)
	if ok {
		return rows, key, row, nil
	}
	if k.id.field == "" && k.defaults != nil {
		row, err = k.made(c, row, clone(k.defaults))
		return rows, key, row, err
	}
	return rows, key, row, k.missing()
}

func (k *collection[R]) keyIn(c *call) string {
	switch {
	case k.id.field == "":
		return ""
	case k.key != nil:
		return k.key(c)
	}
	return c.params[k.param()]
}

func (k *collection[R]) exists(c *call) error {
	_, _, _, err := k.find(c)
	return err
}

// document is the document of an object.
func (k *collection[R]) document(row R) doc {
	if k.doc != nil {
		return k.doc(row)
	}
	d, _ := any(row).(doc)
	return d
}

// made is the object with a new document.
func (k *collection[R]) made(c *call, before R, d doc) (R, error) {
	if k.build != nil {
		return k.build(c, before, d)
	}
	row, _ := any(d).(R)
	return row, nil
}

// shown is an object as answers show it.
func (k *collection[R]) shown(c *call, row R) doc {
	if k.show != nil {
		return k.show(c, row)
	}
	out := k.document(row)
	for _, path := range k.hidden {
		out = edited(out, strings.Split(path, "."), func(d doc, key string) { delete(d, key) })
	}
	for _, path := range k.masked {
		out = edited(out, strings.Split(path, "."), func(d doc, key string) { d[key] = "********" })
	}
	return out
}

// edited is a copy of d in which what a path leads to, if it is there, was changed.
func edited(d doc, path []string, change func(d doc, key string)) doc {
	if !has(d, path[0]) {
		return d
	}
	out := clone(d)
	if len(path) == 1 {
		change(out, path[0])
	} else if inner := object(d, path[0]); inner != nil {
		out[path[0]] = edited(inner, path[1:], change)
	}
	return out
}

// answer is the answer to a write.
func (k *collection[R]) answer(c *call, row R) doc {
	if c.also == nil {
		return k.shown(c, row)
	}
	return patch(k.shown(c, row), c.also)
}

func (k *collection[R]) doList(c *call) (any, error) {
	rows, err := k.rows(c)
	if err != nil {
		return nil, err
	}
	match, err := k.matching(c)
	if err != nil {
		return nil, err
	}
	found := rows.Where(match)
	if k.linked {
		c.linkHeader(len(found))
	}
	c.unfiltered = k.unfiltered
	show := k.shown
	if k.listed != nil {
		show = k.listed
	}
	render := func(row R) doc { return show(c, row) }
	switch {
	case c.checkpointed(), c.knows("take") && !c.knows("per_page"):
		return checkpoint(c, k.items, found, render, k.mark)
	case c.knows("per_page"):
		return offset(c, k.items, found, render)
	}
	out := make([]any, len(found))
	for i, row := range found {
		out[i] = render(row)
	}
	return out, nil
}

// matching reports whether the list of a call has an object.
func (k *collection[R]) matching(c *call) (func(R) bool, error) {
	more := func(R) bool { return true }
	if k.match != nil {
		var err error
		if more, err = k.match(c); err != nil {
			return nil, err
		}
	}
	return func(row R) bool {
		d := k.document(row)
		for param, field := range k.filters {
			if wanted, given := c.query[param]; given && !isOneOf(d[field], wanted) {
				return false
			}
		}
		return more(row)
	}, nil
}

// isOneOf reports whether a value is the wanted one, or one of several.
func isOneOf(value, wanted any) bool {
	if several, ok := wanted.([]any); ok {
		return slices.Contains(several, value)
	}
	return value == wanted
}

func (k *collection[R]) doGet(c *call) (any, error) {
	_, _, row, err := k.find(c)
	if err != nil {
		return nil, err
	}
	if !c.knows("fields") {
		return k.shown(c, row), nil
	}
	return c.fields(k.shown(c, row)), nil
}

func (k *collection[R]) doCreate(c *call) (any, error) {
	rows, err := k.rows(c)
	if err != nil {
		return nil, err
	}
	var none R
	d := withDefaults(patch(doc{}, c.body), k.defaults)
	if k.check != nil {
		if err := k.check(c, none, d); err != nil {
			return nil, err
		}
	}
	if err := k.conflict(rows, nil, d); err != nil {
		return nil, err
	}
	if err := k.room(c, rows); err != nil {
		return nil, err
	}
	if k.id.new != nil {
		d[k.id.field] = k.id.new(c)
	}
	key := str(d, k.id.field)
	k.stamp(c, nil, d)
	row, err := k.made(c, none, d)
	if err != nil {
		return nil, err
	}
	return k.store(c, rows, key, row, "created"), nil
}

// store keeps an object, and answers with it.
func (k *collection[R]) store(c *call, rows *table[R], key string, row R, what string) doc {
	rows.Put(key, row)
	if k.changed != nil {
		k.changed(c, what, row)
	}
	return k.answer(c, row)
}

// stamp sets the times of an object.
func (k *collection[R]) stamp(c *call, before, d doc) {
	if !k.timestamps {
		return
	}
	d["created_at"], d["updated_at"] = timestamp(c.now), timestamp(c.now)
	if created, ok := before["created_at"]; ok {
		d["created_at"] = created
	}
}

func (k *collection[R]) room(c *call, rows *table[R]) error {
	err := room(rows, k.limit[c.options.RateLimit], k.counts)
	if err != nil && k.full != nil {
		return k.full()
	}
	return err
}

// conflict finds an object that has what is to be unique. before is the object itself, as it was; its own values do not conflict.
func (k *collection[R]) conflict(rows *table[R], before, d doc) error {
	for _, u := range k.unique {
		if before != nil && u.same(before, d) || len(u.fields) > 0 && len(pick(d, u.fields...)) == 0 {
			continue
		}
		if _, taken := rows.First(func(row R) bool { return u.same(k.document(row), d) }); taken {
			return u.failure(d)
		}
	}
	return nil
}

func (u unique) same(a, b doc) bool {
	return !slices.ContainsFunc(u.fields, func(field string) bool { return str(a, field) != str(b, field) })
}

func (u unique) failure(d doc) *failure {
	message := u.message
	for _, field := range u.fields {
		message = strings.ReplaceAll(message, "{"+field+"}", str(d, field))
	}
	return apiError(http.StatusConflict, u.code, message)
}

func (k *collection[R]) doUpdate(c *call) (any, error) {
	rows, key, row, err := k.find(c)
	if err != nil {
		return nil, err
	}
	before := k.document(row)
	d := patch(before, k.mergedInto(before, c.body))
	return k.rewrite(c, rows, key, row, d)
}

// mergedInto are the changes of a PATCH, whole fields each.
func (k *collection[R]) mergedInto(before, changes doc) doc {
	out := clone(changes)
	for _, name := range k.merged {
		if given, ok := changes[name].(doc); ok {
			out[name] = patch(object(before, name), given)
		}
	}
	return out
}

// doReplace is PUT, which makes an object where the path says its id.
func (k *collection[R]) doReplace(c *call) (any, error) {
	rows, key, row, err := k.find(c)
	if err != nil && (rows == nil || k.id.new != nil) {
		return nil, err
	}
	d := withDefaults(patch(doc{}, c.body), k.defaults)
	if k.id.field != "" {
		d[k.id.field] = key
	}
	return k.rewrite(c, rows, key, row, d)
}

// rewrite gives an object a new document.
func (k *collection[R]) rewrite(c *call, rows *table[R], key string, row R, d doc) (any, error) {
	before := k.document(row)
	if k.variant != nil {
		if err := k.variant.check(before, c.body); err != nil {
			return nil, err
		}
	}
	if k.check != nil {
		if err := k.check(c, row, d); err != nil {
			return nil, err
		}
	}
	if err := k.conflict(rows, before, d); err != nil {
		return nil, err
	}
	k.stamp(c, before, d)
	row, err := k.made(c, row, d)
	if err != nil {
		return nil, err
	}
	return k.store(c, rows, key, row, "updated"), nil
}

// doRemove deletes an object, and what belongs to it.
func (k *collection[R]) doRemove(c *call) (any, error) {
	rows, key, row, err := k.find(c)
	if rows == nil || err != nil && k.remove.strict {
		return nil, err
	}
	if !rows.Has(key) {
		return k.removed(c), nil
	}
	if k.release != nil {
		if err := k.release(c, row); err != nil {
			return nil, err
		}
	}
	rows.Delete(key)
	if key != "" {
		c.dropBelow(c.filled(k.path), key)
	}
	if k.changed != nil {
		k.changed(c, "deleted", row)
	}
	return k.removed(c), nil
}

// dropBelow deletes the documents that belong to an object.
func (t *tenant) dropBelow(path, key string) {
	start := path + "/" + url.PathEscape(key) + "/"
	maps.DeleteFunc(t.Documents, func(path string, _ *table[doc]) bool { return strings.HasPrefix(path, start) })
}

// removed is the answer to a deletion: nothing, or an empty object.
func (k *collection[R]) removed(c *call) any {
	if c.route.status == http.StatusNoContent {
		return nil
	}
	return doc{}
}

// check refuses an object that does not fit the schema of its kind, or the change of a fixed one.
func (v *variant) check(before, given doc) error {
	kind := firstOf(str(before, v.by), str(given, v.by))
	switch {
	case !has(given, v.of):
		return nil
	case before != nil && contains(v.fixed, kind) && !reflect.DeepEqual(before[v.of], given[v.of]):
		return invalidBody("The " + v.of + " of type " + kind + " cannot be changed")
	}
	if problem := v.schemas[kind].at(v.of, given[v.of]); problem != "" {
		return invalid("Payload", problem)
	}
	return nil
}
