package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is a rule that makes matching requests go wrong. It has exactly one effect: Status, Delay, Drop, Ignore or Refuse.
//
// As JSON for POST /_sim/faults:
//
//	{"method":"POST","route":"/api/v2/users","times":1,"status":503,"body":{"any":"JSON"},"headers":{"Retry-After":"1"}}
//	{"route":"/oauth/token","delay":"2s"}
//	{"method":"PATCH","drop":"after"}
//	{"method":"PATCH","route":"/api/v2/roles/{id}","ignore":["description"]}
type Fault struct {
	// Method that it matches; any if empty.
	Method string `json:"method,omitempty"`
	// Route that it matches, templated ("/api/v2/users/{id}"); any if empty.
	Route string `json:"route,omitempty"`
	// Times that it applies before it is used up; until cleared if 0.
	Times int `json:"times,omitempty"`

	// Status answers with this status, without the request having an effect.
	Status int `json:"status,omitempty"`
	// Body of that answer: any JSON, or a JSON string for plain text. Auth0's usual error envelope if absent.
	Body json.RawMessage `json:"body,omitempty"`
	// Headers of that answer.
	Headers map[string]string `json:"headers,omitempty"`

	// Delay lets the request wait, on the simulator's clock, before it is carried out.
	Delay Duration `json:"delay,omitempty"`

	// Drop closes the connection without an answer: DropBefore the effect or DropAfter it.
	Drop Drop `json:"drop,omitempty"`

	// Ignore are fields of the payload that the server drops without an error. With "*", the request does nothing.
	Ignore []string `json:"ignore,omitempty"`

	// Refuse are fields of the payload that the server rejects as a violation of the schema. A request without them succeeds.
	Refuse []string `json:"refuse,omitempty"`
}

// Drop says when a connection is dropped.
type Drop string

const (
	// DropBefore drops the request before it has an effect.
	DropBefore Drop = "before"
	// DropAfter carries the request out, and drops the answer.
	DropAfter Drop = "after"
)

// Duration is written in JSON as text, like "1m30s".
type Duration time.Duration

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads a duration from text.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf(`a duration is text like "1m30s", not %s`, data)
	}
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 {
		return fmt.Errorf(`a duration is text like "1m30s", not %q`, text)
	}
	*d = Duration(value)
	return nil
}

// validate says what is wrong with the rule.
func (f *Fault) validate(routes *router) error {
	if err := f.validateEffect(); err != nil {
		return err
	}
	switch {
	case f.Times < 0:
		return fmt.Errorf(`"times" is 0 (until cleared) or more, not %d`, f.Times)
	case f.Route != "" && !routes.knows(f.Route):
		return fmt.Errorf(`no route %q; routes are templated, like "/api/v2/users/{id}"`, f.Route)
	case f.Method != "" && f.Method != strings.ToUpper(f.Method):
		return fmt.Errorf(`"method" is in capitals, not %q`, f.Method)
	}
	return nil
}

// validateEffect says what is wrong with what the rule does.
func (f *Fault) validateEffect() error {
	effects := 0
	for _, set := range []bool{f.Status != 0, f.Delay != 0, f.Drop != "", len(f.Ignore) > 0, len(f.Refuse) > 0} {
		if set {
			effects++
		}
	}
	switch {
	case effects != 1:
		return errors.New(`a fault has exactly one of "status", "delay", "drop", "ignore" and "refuse"`)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf(`"status" is from 200 to 599, not %d`, f.Status)
	case f.Drop != "" && f.Drop != DropBefore && f.Drop != DropAfter:
		return fmt.Errorf(`"drop" is "before" or "after", not %q`, f.Drop)
	case f.Status == 0 && (len(f.Body) > 0 || len(f.Headers) > 0):
		return errors.New(`"body" and "headers" go with "status"`)
	case len(f.Body) > 0 && !json.Valid(f.Body):
		return errors.New(`"body" is JSON`)
	}
	return nil
}

// faults are the active rules.
type faults struct {
	mu    sync.Mutex
	rules []Fault
}

func (f *faults) add(rules ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, rules...)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

func (f *faults) all() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.rules...)
}

// take returns the first matching rule, and counts the use.
func (f *faults) take(method, route string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, rule := range f.rules {
		if rule.Method != "" && rule.Method != method || rule.Route != "" && rule.Route != route {
			continue
		}
		switch rule.Times {
		case 0:
		case 1:
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
		default:
			f.rules[i].Times--
		}
		return rule, true
	}
	return Fault{}, false
}

// answer is what a rule with a status answers.
func (f *Fault) answer() *failure {
	out := apiError(f.Status, "", http.StatusText(f.Status))
	if len(f.Body) > 0 {
		var body any
		must(json.Unmarshal(f.Body, &body)) // validated when the rule was taken in
		out.body = body
	}
	for key, value := range f.Headers {
		out = out.with(key, value)
	}
	out.unmetered = true
	return out
}
