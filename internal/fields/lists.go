package fields

import (
	"maps"
	"slices"
	"strings"
)

// Naming says how Auth0 calls the fields of a spec: in snake_case, with exceptions.
type Naming struct {
	// Renamed are the fields that Auth0 calls otherwise, by their name in the spec.
	Renamed map[string]string
	// Verbatim are the fields, by Auth0's name, whose content has the same names in the spec and in Auth0.
	Verbatim []string
}

// inAuth0 converts the names of fields, each inside the one before.
func (n Naming) inAuth0(names []string) []string {
	found := make([]string, len(names))
	isVerbatim := false
	for i, name := range names {
		renamed, isRenamed := n.Renamed[name]
		switch {
		case i == 0 && isRenamed:
			found[i] = renamed
		case isVerbatim:
			found[i] = name
		default:
			found[i] = Snake(name)
		}
		isVerbatim = isVerbatim || slices.Contains(n.Verbatim, found[i])
	}
	return found
}

// WithLists adds the lists without an order, as the CRD of a kind declares them, and the fields that identify their entries.
func (f Semantics) WithLists(kind string, naming Naming) Semantics {
	f.Sets, f.ListKeys = slices.Clone(f.Sets), maps.Clone(f.ListKeys)
	if f.ListKeys == nil {
		f.ListKeys = map[string]string{}
	}
	for path, key := range unorderedLists[kind] {
		// Lists with a mode have their entries in items.
		field := strings.Join(naming.inAuth0(strings.Split(strings.TrimSuffix(path, ".items"), ".")), ".")
		if f.Keyed[field] == "" {
			f.Sets = append(f.Sets, field)
		}
		if key != "" {
			f.ListKeys[field] = key
		}
	}
	for field := range f.ListKeys {
		if f.Keyed[field] == "" && !slices.Contains(f.Sets, field) {
			f.Sets = append(f.Sets, field)
		}
	}
	return f
}
