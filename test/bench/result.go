package main

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// Result is what one scenario came to.
type Result struct {
	Scenario string `json:"scenario"`
	// Variant tells results of one scenario apart.
	Variant        string  `json:"variant,omitempty"`
	Objects        int     `json:"objects"`
	Calls          int     `json:"calls"`
	CallsPerObject float64 `json:"callsPerObject"`
	// CallsByRoute counts the calls by method and route.
	CallsByRoute             map[string]int `json:"callsByRoute"`
	APIServerWritesPerObject float64        `json:"apiServerWritesPerObject"`
	// APIServerWrites counts the writes by resource and verb.
	APIServerWrites map[string]int `json:"apiServerWrites"`
	TooManyRequests int            `json:"tooManyRequests"`
	Seconds         float64        `json:"seconds"`
	// FloorSeconds is the least time in which Auth0's limits let these calls through, and Ratio what it took of that.
	FloorSeconds float64 `json:"floorSeconds"`
	Ratio        float64 `json:"ratio"`
	// RSSMiB is the peak of the operator's process, since it started.
	RSSMiB     float64 `json:"rssMiB"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// Notes say what else was seen, and Broken which bounds were not held.
	Notes  []string `json:"notes,omitempty"`
	Broken []string `json:"broken,omitempty"`

	report simulator.Report
}

// reading is the state of all counters at one time.
type reading struct {
	at     time.Time
	cpu    time.Duration
	writes map[string]int
}

// between makes a result of two readings. The simulator's counts were zeroed at the first.
func between(name string, objects int, before, after reading, report simulator.Report, floor time.Duration) Result {
	r := Result{
		Scenario: name, Objects: objects, Calls: report.Total, report: report,
		CallsByRoute: map[string]int{}, APIServerWrites: map[string]int{},
		Seconds: rounded(after.at.Sub(before.at).Seconds()), FloorSeconds: rounded(floor.Seconds()),
		CPUSeconds: rounded((after.cpu - before.cpu).Seconds()),
	}
	for _, count := range report.ByRoute {
		r.CallsByRoute[count.Method+" "+count.Route] += count.Count
		if count.Status == http.StatusTooManyRequests {
			r.TooManyRequests += count.Count
		}
	}
	total := 0
	for key, count := range after.writes {
		if more := count - before.writes[key]; more > 0 {
			r.APIServerWrites[key] = more
			total += more
		}
	}
	r.CallsPerObject = perObject(r.Calls, objects)
	r.APIServerWritesPerObject = perObject(total, objects)
	if floor > 0 {
		r.Ratio = rounded(r.Seconds / floor.Seconds())
	}
	return r
}

func perObject(count, objects int) float64 {
	return math.Round(float64(count)/float64(objects)*1e4) / 1e4
}

func rounded(value float64) float64 { return math.Round(value*1e3) / 1e3 }

// note adds a remark.
func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// must holds a value against the most that it may be.
func (r *Result) must(what string, value, most float64) {
	if value > most {
		r.Broken = append(r.Broken, fmt.Sprintf("%s: %.4g, at most %.4g", what, value, most))
	}
}

// mustHold is a bound that is no number.
func (r *Result) mustHold(holds bool, format string, args ...any) {
	if !holds {
		r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
	}
}

// polls are the calls that listen for changes.
func (r *Result) polls() int {
	return r.report.Count(http.MethodGet, "/api/v2/logs") + r.report.Count(http.MethodGet, "/api/v2/events")
}
