package lists

import (
	"slices"
	"testing"
)

func TestListPlan(t *testing.T) {
	for _, row := range []struct {
		name                   string
		list                   List
		managed, have          []string
		wantMissing, wantExtra []string
	}{
		{"additive leaves what others added", List{Declared: true, Want: []string{"a", "b"}}, nil, []string{"b", "x"}, []string{"a"}, nil},
		{"additive removes what it added", List{Declared: true, Want: []string{"a"}}, []string{"a", "b"}, []string{"a", "b", "x"}, nil, []string{"b"}},
		{"exact removes the rest", List{Declared: true, Mode: "Exact", Want: []string{"a"}}, nil, []string{"a", "x"}, nil, []string{"x"}},
		{"exact and empty removes all", List{Declared: true, Mode: "Exact"}, nil, []string{"x"}, nil, []string{"x"}},
		{"not declared any more takes back what it added", List{}, []string{"a"}, []string{"a", "x"}, nil, []string{"a"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.list.Managed = &row.managed
			missing, surplus := row.list.Plan(row.have)
			if !slices.Equal(missing, row.wantMissing) || !slices.Equal(surplus, row.wantExtra) {
				t.Errorf("missing %v, surplus %v; want %v, %v", missing, surplus, row.wantMissing, row.wantExtra)
			}
		})
	}
}
