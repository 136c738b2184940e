package simulator

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

func contains(items []string, wanted string) bool { return slices.Contains(items, wanted) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// table keeps rows by id, in the order in which they were added.
type table[T any] struct {
	rows  map[string]entry[T]
	order []place // may hold places of rows that are gone; tidied when those outnumber the rows
	next  uint64
}

type entry[T any] struct {
	seq uint64
	row T
}

type place struct {
	id  string
	seq uint64
}

func newTable[T any]() *table[T] { return &table[T]{rows: map[string]entry[T]{}} }

// Get returns the row with that id.
func (t *table[T]) Get(id string) (T, bool) {
	e, ok := t.rows[id]
	return e.row, ok
}

// Has reports whether a row has that id.
func (t *table[T]) Has(id string) bool {
	_, ok := t.rows[id]
	return ok
}

// Len is the number of rows.
func (t *table[T]) Len() int { return len(t.rows) }

// Put adds a row at the end, or replaces it where it is.
func (t *table[T]) Put(id string, row T) {
	e, known := t.rows[id]
	if !known {
		t.next++
		e.seq = t.next
		t.order = append(t.order, place{id, e.seq})
	}
	e.row = row
	t.rows[id] = e
}

// Delete removes a row, and reports whether it was there.
func (t *table[T]) Delete(id string) bool {
	if !t.Has(id) {
		return false
	}
	delete(t.rows, id)
	if len(t.order) > 2*len(t.rows)+64 {
		t.order = slices.DeleteFunc(t.order, func(p place) bool { return t.rows[p.id].seq != p.seq })
	}
	return true
}

// All yields the rows in order.
func (t *table[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, p := range t.order {
			if e, ok := t.rows[p.id]; ok && e.seq == p.seq && !yield(p.id, e.row) {
				return
			}
		}
	}
}

// Where returns the rows that satisfy keep, in order; all of them if keep is nil.
func (t *table[T]) Where(keep func(T) bool) []T {
	out := []T{}
	for _, row := range t.All() {
		if keep == nil || keep(row) {
			out = append(out, row)
		}
	}
	return out
}

// First returns the first row that satisfies keep.
func (t *table[T]) First(keep func(T) bool) (T, bool) {
	for _, row := range t.All() {
		if keep(row) {
			return row, true
		}
	}
	var none T
	return none, false
}

type savedRow[T any] struct {
	ID  string
	Row T
}

// MarshalJSON writes the rows in order.
func (t *table[T]) MarshalJSON() ([]byte, error) {
	rows := make([]savedRow[T], 0, len(t.rows))
	for id, row := range t.All() {
		rows = append(rows, savedRow[T]{id, row})
	}
	return json.Marshal(rows)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *table[T]) UnmarshalJSON(data []byte) error {
	var rows []savedRow[T]
	if err := json.Unmarshal(data, &rows); err != nil {
		return err
	}
	*t = *newTable[T]()
	for _, r := range rows {
		t.Put(r.ID, r.Row)
	}
	return nil
}
