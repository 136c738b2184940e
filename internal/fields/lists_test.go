package fields

import "testing"

// TestListsWithoutOrder checks that a list is compared as its CRD declares it: the type of the list is its only description.
func TestListsWithoutOrder(t *testing.T) {
	applications := Semantics{}.WithLists("Auth0Client", Naming{})
	databases := Semantics{Sets: []string{"options.scope"}}.WithLists("Auth0Connection", Naming{Renamed: map[string]string{"database": "options"}})
	apis := Semantics{Keyed: map[string]string{"scopes": "value"}}.WithLists("Auth0ResourceServer", Naming{})
	streams := Semantics{}.WithLists("Auth0LogStream", Naming{Verbatim: []string{"sink"}})
	for _, row := range []struct {
		name string
		of   Semantics
		path string
		want bool
	}{
		{"set", applications, "allowed_clients", true},
		{"set in an object", applications, "default_organization.flows", true},
		{"list with a mode", applications, "grant_types", true},
		{"list whose order matters", applications, "callbacks", false},
		{"list that Auth0 calls otherwise", databases, "options.password_dictionary.dictionary", true},
		{"list of a free option", databases, "options.scope", true},
		{"entries with a key of their own", apis, "scopes", false},
		{"entries with a type", apis, "authorization_details", true},
		{"list in an object with Auth0's names", streams, "sink.httpCustomHeaders", true},
		{"kind without lists", Semantics{}.WithLists("Auth0Role", Naming{}), "name", false},
	} {
		if got := row.of.Equal(row.path, []any{"a", "b"}, []any{"b", "a"}); got != row.want {
			t.Errorf("%s: the order of %s matters: %v", row.name, row.path, !got)
		}
	}
}
