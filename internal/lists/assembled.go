package lists

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Entry is an entry of an ordered list that Auth0 replaces whole.
type Entry struct {
	ID string
	// Value is the entry as Auth0 accepts it in a write.
	Value auth0.Document
}

// Place is where an object puts its entry in a list that many objects make up: by order, and then by name and namespace.
type Place struct {
	Entry

	// List identifies the list in Auth0, such as a trigger.
	List            string
	Order           int
	Name, Namespace string
}

// SortPlaces sorts places in the order of their list.
func SortPlaces(places []Place) {
	slices.SortFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.ID, b.ID))
	})
}

// Assemble returns the list with the entries of all places in their order, and without the entries that are gone. The entries that
// others added keep their places, or are removed from an exact list.
func Assemble(have []Entry, places []Place, gone map[string]bool, exact bool) []Entry {
	declared, left := map[string]bool{}, []Entry{}
	for _, place := range places {
		declared[place.ID] = true
		left = append(left, place.Entry)
	}
	if exact {
		return left
	}
	var all []Entry
	for _, entry := range have {
		switch {
		case declared[entry.ID] && len(left) > 0:
			all, left = append(all, left[0]), left[1:]
		case !declared[entry.ID] && !gone[entry.ID]:
			all = append(all, entry)
		}
	}
	return append(all, left...)
}

// SameEntries reports whether Auth0 has the wanted entries in their order, each with the wanted values.
func SameEntries(want, have []Entry) bool {
	return slices.EqualFunc(want, have, func(wanted, found Entry) bool {
		for field, value := range wanted.Value {
			if !reflect.DeepEqual(value, found.Value[field]) {
				return false
			}
		}
		return wanted.ID == found.ID
	})
}
