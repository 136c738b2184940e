package fields

import (
	"slices"
	"strings"
)

// WithLists adds the lists without an order, as the CRD of a kind declares them. renamed are the fields that Auth0 calls otherwise, by
// their path in the spec: it has "options" where the spec of a connection has "database".
func (f Semantics) WithLists(kind string, renamed map[string]string) Semantics {
	f.Sets = slices.Clone(f.Sets)
	for _, path := range unorderedLists[kind] {
		// Lists with a mode have their entries in items.
		if field := pathInAuth0(strings.TrimSuffix(path, ".items"), renamed); f.Keyed[field] == "" {
			f.Sets = append(f.Sets, field)
		}
	}
	return f
}

// pathInAuth0 is the path of a field of the spec in Auth0's documents.
func pathInAuth0(path string, renamed map[string]string) string {
	first, rest, nested := strings.Cut(path, ".")
	name, isRenamed := renamed[first]
	if !isRenamed {
		name = Snake(first)
	}
	if !nested {
		return name
	}
	return name + "." + Snake(rest)
}
