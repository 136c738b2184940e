package simulator

import (
	"maps"
	"strings"
)

// doc is a JSON object. Documents kept in the tenant are never changed in place, only replaced: anyone who got one under
// the lock may go on reading it without.
type doc = map[string]any

func clone(d doc) doc {
	if d == nil {
		return doc{}
	}
	return maps.Clone(d)
}

// pick returns the given keys of d that exist.
func pick(d doc, keys ...string) doc {
	out := make(doc, len(keys))
	for _, k := range keys {
		if v, ok := d[k]; ok {
			out[k] = v
		}
	}
	return out
}

// omit returns d without the given keys.
func omit(d doc, keys ...string) doc {
	out := clone(d)
	for _, k := range keys {
		delete(out, k)
	}
	return out
}

// str returns the string at key, or "".
func str(d doc, key string) string {
	s, _ := d[key].(string)
	return s
}

// truth returns the boolean at key, or false.
func truth(d doc, key string) bool {
	b, _ := d[key].(bool)
	return b
}

// object returns the object at key, or nil.
func object(d doc, key string) doc {
	o, _ := d[key].(doc)
	return o
}

// list returns the array at key, or nil.
func list(d doc, key string) []any {
	l, _ := d[key].([]any)
	return l
}

// number returns the number at key, or otherwise.
func number(d doc, key string, otherwise float64) float64 {
	if n, ok := d[key].(float64); ok {
		return n
	}
	return otherwise
}

// texts returns the strings among the items of the array at key.
func texts(d doc, key string) []string {
	var out []string
	for _, v := range list(d, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// anys turns strings into a JSON array.
func anys(items []string) []any {
	out := make([]any, len(items))
	for i, s := range items {
		out[i] = s
	}
	return out
}

// at follows a dotted path through nested objects.
func at(d doc, path string) any {
	var v any = d
	for key := range strings.SplitSeq(path, ".") {
		o, ok := v.(doc)
		if !ok {
			return nil
		}
		v = o[key]
	}
	return v
}

// patch lays changes over d, one key at a time; null removes a key.
func patch(d, changes doc) doc {
	out := clone(d)
	for k, v := range changes {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

// withDefaults returns d with those keys of defaults that it lacks.
func withDefaults(d, defaults doc) doc {
	out := clone(defaults)
	maps.Copy(out, d)
	return out
}
