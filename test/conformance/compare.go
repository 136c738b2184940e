package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"sort"
	"strings"
)

// ids maps what the recording calls a thing to what the simulator calls it.
type ids map[string]string

// translate puts the simulator's names in place of the recording's.
func (m ids) translate(text string) string {
	if len(m) == 0 {
		return text
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { // longest first, and always in the same order
		if len(names[i]) != len(names[j]) {
			return len(names[i]) > len(names[j])
		}
		return names[i] < names[j]
	})
	pairs := make([]string, 0, 2*len(names))
	for _, name := range names {
		pairs = append(pairs, name, m[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

var (
	idForm    = regexp.MustCompile(`^([a-z]+_[A-Za-z0-9]{16}|[a-z]+_[A-Za-z0-9]{22}|[0-9a-f]{24}|[a-zA-Z0-9-]+\|([0-9a-f]{24}|dev_[A-Za-z0-9]{16})|[A-Za-z0-9]{32}|900[0-9]{53}|[a-z0-9-]{36})$`)
	timeForm  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
	idInText  = regexp.MustCompile(`[a-z]+_[A-Za-z0-9]{22}|[a-z]+_[A-Za-z0-9]{16}|[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9]{32}`)
	redaction = regexp.MustCompile(`\[[A-Z-]*REDACTED\]`)
)

// secretKeys are keys whose values differ every time.
var secretKeys = map[string]bool{
	"client_secret": true, "cert": true, "pkcs7": true, "next": true, "ticket": true, "recovery_code": true, "kid": true, "token": true,
	"ip": true, "verification_txt": true, "access_token": true, "id_token": true, "refresh_token": true, "invitation_url": true,
	"ticket_id": true, "duration": true, "signing_secret": true, "device_code": true, "user_code": true, "location": true,
	"thumbprint": true, "fingerprint": true, "provisioning_ticket_url": true,
}

// verdict is how an answer compares with the recorded one.
type verdict struct {
	status, shape, values bool
	differences           []string
}

// comparison compares one answer with the recorded one, and learns ids from it.
type comparison struct {
	ids    ids
	seen   map[string]bool // ids of the simulator that the cassette has brought about
	list   bool            // the answer is a list, which may hold things of the tenant that the cassette did not make
	others bool            // it does
	verdict
}

// compare holds an answer against the recorded one.
func (c *comparison) compare(recorded Interaction, status int, answer string) {
	c.status = status == recorded.Status
	if !c.status {
		c.differ("status %d, recorded %d: %.300s", status, recorded.Status, answer)
	}
	c.shape, c.values = true, true
	c.list = recorded.Method == http.MethodGet
	var want, got any
	wantErr, gotErr := json.Unmarshal([]byte(recorded.Answer), &want), json.Unmarshal([]byte(answer), &got)
	switch {
	case recorded.Answer == "" && answer == "":
	case wantErr != nil || gotErr != nil:
		c.text(recorded.Answer, strings.TrimSpace(answer))
	default:
		c.walk("", "", want, got)
	}
}

func (c *comparison) text(want, got string) {
	if want != got {
		c.shape, c.values = false, false
		c.differ("text %.200q, recorded %.200q", got, want)
	}
}

func (c *comparison) differ(format string, args ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, args...))
}

func (c *comparison) shapeDiffers(format string, args ...any) {
	c.shape, c.values = false, false
	c.differ(format, args...)
}

func (c *comparison) walk(path, key string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			c.shapeDiffers("%s is %s, recorded an object", path, kind(got))
			return
		}
		c.object(path, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok {
			c.shapeDiffers("%s is %s, recorded an array", path, kind(got))
			return
		}
		c.array(path, key, w, g)
	default:
		c.value(path, key, want, got)
	}
}

func (c *comparison) object(path string, want, got map[string]any) {
	var lists, rest []string // lists before totals, which depend on them
	for _, key := range sortedKeys(want) {
		if _, isList := want[key].([]any); isList {
			lists = append(lists, key)
		} else {
			rest = append(rest, key)
		}
	}
	for _, key := range append(lists, rest...) {
		g, ok := got[key]
		switch {
		case c.dependsOnOthers(path, key):
		case !ok:
			c.shapeDiffers("%s.%s is missing", path, key)
		default:
			c.walk(path+"."+key, key, want[key], g)
		}
	}
	for _, key := range sortedKeys(got) {
		if _, ok := want[key]; !ok && !c.dependsOnOthers(path, key) {
			c.shapeDiffers("%s.%s is not in the recording: %.60v", path, key, got[key])
		}
	}
}

// dependsOnOthers reports whether a property of a page depends on things in the tenant that the cassette did not make.
func (c *comparison) dependsOnOthers(path, key string) bool {
	return path == "" && c.others && (key == "total" || key == "length" || key == "next")
}

// identity is what names an item of a list.
func identity(item any) (string, bool) {
	object, ok := item.(map[string]any)
	if !ok {
		return "", false
	}
	for _, key := range []string{"id", "client_id", "user_id", "connection_id", "log_id"} {
		if id, ok := object[key].(string); ok {
			return id, true
		}
	}
	return "", false
}

// array compares arrays. Of a list, only what the cassette has brought about is compared, in any order, if there is more.
func (c *comparison) array(path, key string, want, got []any) {
	if c.list && strings.Count(path, ".") <= 1 && !strings.Contains(path, "[") && (c.hasForeignItems(want, false) || c.hasForeignItems(got, true)) {
		c.others = true
		c.known(path, want, got)
		return
	}
	if key == "enabled_clients" {
		want, got = c.clients(want), c.ours(got)
	}
	if len(want) != len(got) {
		c.values = false
		c.differ("%s has %d items, recorded %d", path, len(got), len(want))
	}
	for i := range min(len(want), len(got)) {
		c.walk(fmt.Sprintf("%s[%d]", path, i), key, want[i], got[i])
	}
}

// clients and ours reduce lists of applications, which may name others of the tenant, to those of the cassette.
func (c *comparison) clients(ids []any) (out []any) {
	for _, id := range ids {
		if text, _ := id.(string); c.ids[text] != "" {
			out = append(out, id)
		}
	}
	return out
}

func (c *comparison) ours(ids []any) (out []any) {
	for _, id := range ids {
		if text, _ := id.(string); c.seen[text] {
			out = append(out, id)
		}
	}
	return out
}

// hasForeignItems reports whether a list, the simulator's or the recorded one, has items that the cassette has not made.
func (c *comparison) hasForeignItems(items []any, simulated bool) bool {
	for _, item := range items {
		id, ok := identity(item)
		if ok && (simulated && !c.seen[id] || !simulated && c.ids[id] == "") {
			return true
		}
	}
	return false
}

func (c *comparison) known(path string, want, got []any) {
	ours := map[string]any{}
	for _, item := range got {
		if id, ok := identity(item); ok {
			ours[id] = item
		}
	}
	for i, item := range want {
		id, _ := identity(item)
		name := c.ids[id]
		if name == "" {
			continue
		}
		if ours[name] == nil {
			c.values = false
			c.differ("%s lacks the item %s", path, id)
			continue
		}
		c.walk(fmt.Sprintf("%s[%d]", path, i), "", item, ours[name])
	}
}

func (c *comparison) value(path, key string, want, got any) {
	if kind(want) != kind(got) {
		c.shapeDiffers("%s is %s (%.60v), recorded %s (%.60v)", path, kind(got), got, kind(want), want)
		return
	}
	w, isText := want.(string)
	g, _ := got.(string)
	switch {
	case key == "next" && isText && w != "":
		c.ids[w] = g
	case reflect.DeepEqual(want, got), secretKeys[key], isText && redaction.MatchString(w):
		c.learn(w, g)
	case isText && c.sameText(w, g):
	default:
		c.values = false
		c.differ("%s is %.160v, recorded %.160v", path, got, want)
	}
}

// sameText reports whether two texts differ only in what is different every time: times, ids, the name of the tenant.
func (c *comparison) sameText(want, got string) bool {
	return timeForm.MatchString(want) && timeForm.MatchString(got) || c.sameID(want, got) || c.normal(want) == c.normal(got)
}

// sameID reports whether two ids stand for the same thing, as far as is known, and remembers it.
func (c *comparison) sameID(want, got string) bool {
	if known, ok := c.ids[want]; ok {
		return known == got
	}
	if !idForm.MatchString(want) || !idForm.MatchString(got) || len(want) != len(got) {
		return false
	}
	c.learn(want, got)
	return true
}

func (c *comparison) learn(want, got string) {
	if !idForm.MatchString(want) || !idForm.MatchString(got) {
		return
	}
	c.ids[want], c.seen[got] = got, true
	if provider, bare, ok := strings.Cut(want, "|"); ok && strings.HasPrefix(got, provider+"|") {
		c.ids[bare] = strings.TrimPrefix(got, provider+"|")
	}
}

// normal takes out of a text what is different every time: ids, and the name of the tenant.
func (c *comparison) normal(text string) string {
	text = hostForm.ReplaceAllString(c.ids.translate(text), "TENANT")
	return idInText.ReplaceAllString(text, "ID")
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
