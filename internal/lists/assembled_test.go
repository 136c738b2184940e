package lists

import (
	"slices"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

func entriesOf(ids ...string) []Entry {
	entries := make([]Entry, len(ids))
	for i, id := range ids {
		entries[i] = Entry{ID: id}
	}
	return entries
}

// TestAssemble: declared entries have their order, and those of others keep their places.
func TestAssemble(t *testing.T) {
	places := []Place{{Entry: Entry{ID: "c"}, Order: 2, Name: "b"}, {Entry: Entry{ID: "b"}, Order: 2, Name: "a"}, {Entry: Entry{ID: "a"}, Order: 1, Name: "z"}}
	SortPlaces(places)
	for _, row := range []struct {
		name       string
		have, want []string
		exact      bool
	}{
		{"new", nil, []string{"a", "b", "c"}, false},
		{"others stay", []string{"x", "y"}, []string{"x", "y", "a", "b", "c"}, false},
		{"the declared order in the same places", []string{"c", "x", "a", "b"}, []string{"a", "x", "b", "c"}, false},
		{"what is gone is removed", []string{"a", "gone", "b", "c"}, []string{"a", "b", "c"}, false},
		{"a second time", []string{"a", "x", "b", "c"}, []string{"a", "x", "b", "c"}, false},
		{"twice in Auth0", []string{"a", "a", "b", "b", "c"}, []string{"a", "b", "c"}, false},
		{"exact", []string{"x", "c", "y"}, []string{"a", "b", "c"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := Assemble(entriesOf(row.have...), places, map[string]bool{"gone": true}, row.exact)
			var ids []string
			for _, entry := range got {
				ids = append(ids, entry.ID)
			}
			if !slices.Equal(ids, row.want) {
				t.Errorf("%v, want %v", ids, row.want)
			}
		})
	}
}

// TestSameEntries: order, ids and wanted values count; what else Auth0 shows of an entry does not.
func TestSameEntries(t *testing.T) {
	want := []Entry{{ID: "a", Value: auth0.Document{"ref": "a", "display_name": "A"}}, {ID: "b"}}
	for name, row := range map[string]struct {
		have []Entry
		same bool
	}{
		"the same, with more fields": {[]Entry{{ID: "a", Value: auth0.Document{"ref": "a", "display_name": "A", "created_at": "now"}}, {ID: "b"}}, true},
		"another value":              {[]Entry{{ID: "a", Value: auth0.Document{"ref": "a", "display_name": "Z"}}, {ID: "b"}}, false},
		"a value is missing":         {[]Entry{{ID: "a", Value: auth0.Document{"ref": "a"}}, {ID: "b"}}, false},
		"another order":              {[]Entry{want[1], want[0]}, false},
		"fewer":                      {want[:1], false},
	} {
		if same := SameEntries(want, row.have); same != row.same {
			t.Errorf("%s: %t", name, same)
		}
	}
}
