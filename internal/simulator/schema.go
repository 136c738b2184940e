package simulator

import (
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// schema describes what a request may hold. Schemas are written in a small language, one property a line:
//
//	name! string len=1..128 pattern=^\S*$ # What the property is; error messages repeat it.
//	tags  array<string> len=..10 unique
//	grant object?
//	  id  string format=client-id
//
// "!" requires the property, "?" after the type allows null. Types are string, integer, number, boolean, object,
// array, array<type>, any, and several of them with "|" between. len=a..b bounds a string or an array, range=a..b a number; enum=a,b,c lists what is allowed.
// Lines indented below an object (or an array of objects) are its properties, and others are refused unless it says open.
// An object without such lines holds anything.
type schema struct {
	name, kind, about   string
	required, nullable  bool
	open, unique        bool
	min, max            float64 // bounds of range=
	minLen, maxLen      int
	format              string
	pattern             *regexp.Regexp
	enum                []string
	items               *schema
	properties          []*schema
	propertiesByName    map[string]*schema
	additionalAdvice    string // appended to the list of refused properties
	describesProperties bool
}

// objectOf reads the properties of an object.
func objectOf(text string) *schema {
	root := &schema{kind: "object", describesProperties: true, min: math.Inf(-1), max: math.Inf(1), maxLen: -1}
	type level struct {
		indent int
		owner  *schema
	}
	levels := []level{{-1, root}}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		line = strings.ReplaceAll(line, "\t", "  ")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for levels[len(levels)-1].indent >= indent {
			levels = levels[:len(levels)-1]
		}
		p := parseProperty(line)
		owner := levels[len(levels)-1].owner
		owner.add(p)
		inner := p
		for inner.items != nil {
			inner = inner.items
		}
		levels = append(levels, level{indent, inner})
	}
	return root
}

// arrayOf is a body that is an array of objects.
func arrayOf(options, properties string) *schema {
	s := parseProperty("body array<object> " + options)
	s.name = ""
	inner := objectOf(properties)
	inner.name = ""
	s.items = inner
	return s
}

func (s *schema) add(p *schema) {
	if s.propertiesByName == nil {
		s.propertiesByName = map[string]*schema{}
	}
	s.describesProperties = true
	s.properties = append(s.properties, p)
	s.propertiesByName[p.name] = p
}

// extend returns the schema with further properties.
func (s *schema) extend(text string) *schema {
	out := objectOf("")
	out.open, out.additionalAdvice = s.open, s.additionalAdvice
	for _, p := range append(append([]*schema{}, s.properties...), objectOf(text).properties...) {
		out.add(p)
	}
	return out
}

// advise returns the schema with words of advice for refused properties.
func (s *schema) advise(advice string) *schema {
	s.additionalAdvice = advice
	return s
}

// without returns the schema without some properties: a PATCH usually takes fewer than a POST.
func (s *schema) without(names ...string) *schema {
	out := objectOf("")
	out.open, out.additionalAdvice = s.open, s.additionalAdvice
	for _, p := range s.properties {
		if !contains(names, p.name) {
			out.add(p)
		}
	}
	return out
}

// optional returns the schema with no top-level property required.
func (s *schema) optional() *schema {
	out := objectOf("")
	out.open, out.additionalAdvice = s.open, s.additionalAdvice
	for _, p := range s.properties {
		loose := *p
		loose.required = false
		out.add(&loose)
	}
	return out
}

// notNull returns the schema with null refused for some top-level properties: a POST takes it for fewer than a PATCH.
func (s *schema) notNull(names ...string) *schema {
	out := objectOf("")
	out.open, out.additionalAdvice = s.open, s.additionalAdvice
	for _, p := range s.properties {
		strict := *p
		strict.nullable = p.nullable && !contains(names, p.name)
		out.add(&strict)
	}
	return out
}

func parseProperty(line string) *schema {
	rule, about, _ := strings.Cut(line, " # ")
	words := strings.Fields(rule)
	if len(words) < 2 {
		panic("schema: " + strconv.Quote(line) + " needs a name and a type")
	}
	s := newSchema(words[1])
	s.name, s.about = strings.TrimSuffix(words[0], "!"), strings.TrimSpace(about)
	s.required = strings.HasSuffix(words[0], "!")
	for _, word := range words[2:] {
		s.apply(word)
	}
	return s
}

func newSchema(kind string) *schema {
	s := &schema{kind: strings.TrimSuffix(kind, "?"), min: math.Inf(-1), max: math.Inf(1), maxLen: -1}
	s.nullable = strings.HasSuffix(kind, "?")
	if inner, ok := strings.CutPrefix(s.kind, "array<"); ok {
		s.kind, s.items = "array", newSchema(strings.TrimSuffix(inner, ">"))
	}
	return s
}

func (s *schema) apply(word string) {
	key, value, _ := strings.Cut(word, "=")
	switch key {
	case "open":
		s.innermost().open = true
	case "unique":
		s.unique = true
	case "len":
		low, high := bounds(value)
		s.minLen = int(math.Max(low, 0))
		if !math.IsInf(high, 1) {
			s.maxLen = int(high)
		}
	case "range":
		s.min, s.max = bounds(value)
	case "format":
		s.innermost().format = value
	case "pattern":
		s.innermost().pattern = regexp.MustCompile(value)
	case "enum":
		s.innermost().enum = strings.Split(value, ",")
	case "itemlen":
		s.items.apply("len=" + value)
	default:
		panic("schema: unknown option " + word)
	}
}

// innermost is what the items of (arrays of) arrays are, or the schema itself.
func (s *schema) innermost() *schema {
	for s.items != nil {
		s = s.items
	}
	return s
}

func bounds(text string) (low, high float64) {
	from, to, found := strings.Cut(text, "..")
	low, high = math.Inf(-1), math.Inf(1)
	if from != "" {
		low, _ = strconv.ParseFloat(from, 64)
	}
	if to != "" {
		high, _ = strconv.ParseFloat(to, 64)
	}
	if !found {
		panic("schema: bounds are written low..high, not " + text)
	}
	return low, high
}

// check returns the first thing wrong with v, in Auth0's words, or "".
func (s *schema) check(v any) string { return s.at("", v) }

func (s *schema) at(path string, v any) string {
	if v == nil && s.nullable {
		return ""
	}
	if found := typeOf(v); !s.accepts(found) {
		return s.problem(path, "Expected type %s but found type %s", s.kind, found)
	}
	switch value := v.(type) {
	case string:
		return s.checkString(path, value)
	case float64:
		return s.checkNumber(path, value)
	case []any:
		return s.checkArray(path, value)
	case doc:
		return s.checkObject(path, value)
	}
	return ""
}

func (s *schema) accepts(found string) bool {
	return s.kind == "any" || s.kind == found || s.kind == "number" && found == "integer" ||
		strings.Contains(s.kind, "|") && contains(strings.Split(s.kind, "|"), found)
}

func (s *schema) checkString(path, v string) string {
	length := utf8.RuneCountInString(v)
	switch {
	case len(s.enum) > 0 && !contains(s.enum, v):
		return s.problem(path, "No enum match for: %s", v)
	case length < s.minLen:
		return s.problem(path, "String is too short (%d chars), minimum %d", length, s.minLen)
	case s.maxLen >= 0 && length > s.maxLen:
		return s.problem(path, "String is too long (%d chars), maximum %d", length, s.maxLen)
	case s.pattern != nil && !s.pattern.MatchString(v):
		return s.problem(path, "String does not match pattern %s: %s", s.pattern, v)
	case s.format != "" && !formats[s.format](v):
		return s.problem(path, "Object didn't pass validation for format %s: %s", s.format, v)
	}
	return ""
}

func (s *schema) checkNumber(path string, v float64) string {
	switch {
	case v < s.min:
		return s.problem(path, "Value %v is less than minimum %v", v, s.min)
	case v > s.max:
		return s.problem(path, "Value %v is greater than maximum %v", v, s.max)
	}
	return ""
}

func (s *schema) checkArray(path string, v []any) string {
	switch {
	case len(v) < s.minLen:
		return s.problem(path, "Array is too short (%d), minimum %d", len(v), s.minLen)
	case s.maxLen >= 0 && len(v) > s.maxLen:
		return s.problem(path, "Array is too long (%d), maximum %d", len(v), s.maxLen)
	}
	if s.items == nil {
		return ""
	}
	for i, item := range v {
		if p := s.items.at(fmt.Sprintf("%s[%d]", path, i), item); p != "" {
			return p
		}
	}
	if s.unique {
		for j := range v {
			for i := range j {
				if reflect.DeepEqual(v[i], v[j]) {
					return s.problem(path, "Array items are not unique (indexes %d and %d)", i, j)
				}
			}
		}
	}
	return ""
}

func (s *schema) checkObject(path string, v doc) string {
	if !s.describesProperties {
		return ""
	}
	if !s.open {
		var extra []string
		for _, key := range sortedKeys(v) {
			if s.propertiesByName[key] == nil {
				extra = append(extra, key)
			}
		}
		if len(extra) > 0 {
			return s.problem(path, "Additional properties not allowed: %s%s", strings.Join(extra, ","), s.additionalAdvice)
		}
	}
	for _, p := range s.properties {
		value, present := v[p.name]
		if !present {
			if p.required {
				return s.problem(path, "Missing required property: %s", p.name)
			}
			continue
		}
		if problem := p.at(join(path, p.name), value); problem != "" {
			return problem
		}
	}
	return ""
}

// problem puts a finding in Auth0's form: 'what' on property path (what the property is).
func (s *schema) problem(path, format string, args ...any) string {
	text := "'" + fmt.Sprintf(format, args...) + "'"
	if path != "" {
		text += " on property " + path
		if s.about != "" {
			text += " (" + strings.TrimSuffix(s.about, ".") + ")"
		}
	}
	return text + "."
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func typeOf(v any) string {
	switch value := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// fromText converts the text of a query or form parameter to the type that the schema asks for, where it can.
func (s *schema) fromText(values []string) any {
	text := values[len(values)-1]
	switch s.kind {
	case "integer", "number":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case "array":
		return anys(values)
	}
	return text
}

// fromForm converts parameters to a document. Parameters without a schema are kept as text.
func (s *schema) fromForm(form url.Values) doc {
	out := make(doc, len(form))
	for key, values := range form {
		if p := s.propertiesByName[key]; p != nil {
			out[key] = p.fromText(values)
		} else {
			out[key] = values[len(values)-1]
		}
	}
	return out
}

var (
	clientIDForm = regexp.MustCompile(`^[A-Za-z0-9_\-]{1,64}$`)
	roleIDForm   = regexp.MustCompile(`^rol_[A-Za-z0-9]{16}$`)
	streamIDForm = regexp.MustCompile(`^est_[A-Za-z0-9]{22}$`)
	connIDForm   = regexp.MustCompile(`^con_[A-Za-z0-9]{16}$`)
	orgIDForm    = regexp.MustCompile(`^org_[A-Za-z0-9]{16}$`)
	userIDForm   = regexp.MustCompile(`^[^|\s]+\|\S+$`)
)

// formats are the named forms of strings.
var formats = map[string]func(string) bool{
	"email": isEmail,
	"uri":   isURI,
	"absolute-https-uri-with-placeholders-or-empty": func(s string) bool { return s == "" || strings.HasPrefix(s, "https://") && isURI(s) },
	"client-id":       clientIDForm.MatchString,
	"role-id":         roleIDForm.MatchString,
	"event-stream-id": streamIDForm.MatchString,
	"connection-id":   connIDForm.MatchString,
	"organization-id": orgIDForm.MatchString,
	"user-id":         userIDForm.MatchString,
	"date-time": func(s string) bool {
		_, err := time.Parse(time.RFC3339, s)
		return err == nil
	},
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return false
	}
	local, domain, _ := strings.Cut(s, "@")
	return len(local) <= 64 && !strings.ContainsAny(s, ` "<>`) && strings.Contains(domain, ".")
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != ""
}
