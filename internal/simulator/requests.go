package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Report counts the requests since the start, or since the counts were last zeroed.
type Report struct {
	Total   int     `json:"total"`
	ByRoute []Count `json:"byRoute"`
}

// Count is the number of requests with one method, route and status.
type Count struct {
	Method string `json:"method"`
	// Route is templated, like /api/v2/users/{id}; the path itself where no route matched.
	Route string `json:"route"`
	// Status of the answer; 0 if the connection was dropped by a fault.
	Status int `json:"status"`
	Count  int `json:"count"`
}

// Count is the number of requests with that method and route; an empty one means any.
func (r Report) Count(method, route string) int {
	return r.sum(func(c Count) bool {
		return (method == "" || c.Method == method) && (route == "" || c.Route == route)
	})
}

// Writes is the number of calls of the Management API other than GET.
func (r Report) Writes() int {
	return r.sum(func(c Count) bool { return c.Method != http.MethodGet && strings.HasPrefix(c.Route, "/api/v2/") })
}

func (r Report) sum(keep func(Count) bool) (n int) {
	for _, c := range r.ByRoute {
		if keep(c) {
			n += c.Count
		}
	}
	return n
}

// requests counts what was asked.
type requests struct {
	mu     sync.Mutex
	counts map[Count]int // keys have no Count
}

func (r *requests) record(method, route string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[Count]int{}
	}
	r.counts[Count{Method: method, Route: route, Status: status}]++
}

func (r *requests) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = nil
}

func (r *requests) report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Report{ByRoute: []Count{}}
	for key, n := range r.counts {
		key.Count = n
		out.Total += n
		out.ByRoute = append(out.ByRoute, key)
	}
	slices.SortFunc(out.ByRoute, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return out
}
