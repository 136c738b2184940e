package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// query is a search for users, in the part of Lucene's syntax that Auth0's search v3 takes.
type query interface {
	matches(profile doc) bool
	// candidates are ids among which all matches are found, if the query says so much. index may be nil.
	candidates(index *userIndex) (ids []string, ok bool)
}

type (
	everything struct{}
	either     []query
	both       []query
	negation   struct{ query }
	exists     struct{ field string }
	equals     struct{ field, value string }
	wildcard   struct{ field, prefix, suffix, middle string }
	between    struct {
		field                  string
		low, high              string // "*" is open
		includeLow, includeTop bool
	}
)

func (everything) matches(doc) bool                       { return true }
func (everything) candidates(*userIndex) ([]string, bool) { return nil, false }

func (q either) matches(p doc) bool {
	return slices.ContainsFunc(q, func(one query) bool { return one.matches(p) })
}

func (q either) candidates(index *userIndex) (ids []string, ok bool) {
	for _, one := range q {
		more, ok := one.candidates(index)
		if !ok {
			return nil, false
		}
		ids = append(ids, more...)
	}
	return ids, true
}

func (q both) matches(p doc) bool {
	return !slices.ContainsFunc(q, func(one query) bool { return !one.matches(p) })
}

func (q both) candidates(index *userIndex) ([]string, bool) {
	for _, one := range q {
		if ids, ok := one.candidates(index); ok {
			return ids, true
		}
	}
	return nil, false
}

func (q negation) matches(p doc) bool                     { return !q.query.matches(p) }
func (q negation) candidates(*userIndex) ([]string, bool) { return nil, false }

func (q exists) matches(p doc) bool                     { return anyValue(p, q.field, func(any) bool { return true }) }
func (q exists) candidates(*userIndex) ([]string, bool) { return nil, false }

func (q equals) matches(p doc) bool {
	same := func(v any) bool { return textOf(v) == q.value }
	if folds(q.field) {
		same = func(v any) bool { return strings.EqualFold(textOf(v), q.value) }
	}
	return anyValue(p, q.field, same)
}

func (q equals) candidates(index *userIndex) ([]string, bool) {
	switch {
	case q.field == "user_id":
		return []string{q.value}, true
	case q.field == "email" && index != nil && q.value == strings.ToLower(q.value):
		var ids []string
		for _, u := range index.byEmail[q.value] {
			ids = append(ids, u.ID)
		}
		return ids, true
	}
	return nil, false
}

func (q wildcard) matches(p doc) bool {
	return anyValue(p, q.field, func(v any) bool {
		text := fold(textOf(v), q.field)
		return len(text) >= len(q.prefix)+len(q.suffix) && strings.HasPrefix(text, fold(q.prefix, q.field)) &&
			strings.HasSuffix(text, fold(q.suffix, q.field)) && strings.Contains(text, fold(q.middle, q.field))
	})
}

func (q wildcard) candidates(*userIndex) ([]string, bool) { return nil, false }

func (q between) matches(p doc) bool {
	return anyValue(p, q.field, func(v any) bool {
		return (q.low == "*" || compareText(v, q.low) > 0 || q.includeLow && compareText(v, q.low) == 0) &&
			(q.high == "*" || compareText(v, q.high) < 0 || q.includeTop && compareText(v, q.high) == 0)
	})
}

func (q between) candidates(*userIndex) ([]string, bool) { return nil, false }

// compareText orders a value against a bound in a query: as numbers if it is one.
func compareText(v any, bound string) int {
	if n, ok := v.(float64); ok {
		m, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			return 1
		}
		return compareValues(n, m)
	}
	return strings.Compare(fmt.Sprint(v), bound)
}

// foldedFields are searched without regard to case.
var foldedFields = []string{"email", "name", "given_name", "family_name", "nickname"}

func folds(field string) bool { return field == "" || slices.Contains(foldedFields, field) }

func fold(text, field string) string {
	if folds(field) {
		return strings.ToLower(text)
	}
	return text
}

func textOf(v any) string {
	switch value := v.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// freeFields are where a term without a field is looked for.
var freeFields = []string{"email", "name", "given_name", "family_name", "nickname", "username", "user_id", "phone_number"}

// anyValue reports whether a value at a dotted path, through arrays too, satisfies a test.
func anyValue(p doc, field string, test func(any) bool) bool {
	if field == "" {
		return slices.ContainsFunc(freeFields, func(f string) bool { return anyAt(p, f, test) })
	}
	return anyAt(p, field, test)
}

func anyAt(v any, path string, test func(any) bool) bool {
	switch value := v.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return anyAt(item, path, test) })
	case doc:
		if path != "" {
			key, rest, _ := strings.Cut(path, ".")
			return anyAt(value[key], rest, test)
		}
	}
	return path == "" && test(v)
}

// parseQuery reads a query. An empty one matches everything.
func parseQuery(text string) (query, error) {
	p := &parser{rest: text}
	if p.done() || text == "*" {
		return everything{}, nil
	}
	q, err := p.alternatives("")
	switch {
	case err != nil:
		return nil, err
	case !p.done():
		return nil, fmt.Errorf("The query is not valid: unexpected %q", p.rest) //nolint:staticcheck // Auth0's messages are sentences
	}
	return q, nil
}

// parser reads a query from left to right.
type parser struct{ rest string }

func (p *parser) done() bool {
	p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
	return p.rest == ""
}

// take consumes a token if it comes next.
func (p *parser) take(token string) bool {
	if p.done() || !strings.HasPrefix(p.rest, token) {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

// word consumes an operator, which needs something after it that ends a word.
func (p *parser) word(operator string) bool {
	if p.done() || !strings.HasPrefix(p.rest, operator) {
		return false
	}
	after := p.rest[len(operator):]
	if after != "" && !strings.ContainsAny(after[:1], " \t(\"") {
		return false
	}
	p.rest = after
	return true
}

func (p *parser) ends() bool { return p.done() || p.rest[0] == ')' }

// alternatives reads terms joined by OR, or by nothing. field holds for terms that name none.
func (p *parser) alternatives(field string) (query, error) {
	var out either
	for {
		q, err := p.conjunction(field)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
		if p.word("OR") || p.take("||") {
			continue
		}
		if p.ends() {
			break
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

func (p *parser) conjunction(field string) (query, error) {
	var out both
	for {
		q, err := p.term(field)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
		if !p.word("AND") && !p.take("&&") && !p.startsNegation() {
			break
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// startsNegation reports whether NOT comes next: "a NOT b" means both.
func (p *parser) startsNegation() bool {
	return !p.done() && (strings.HasPrefix(p.rest, "NOT ") || strings.HasPrefix(p.rest, "-"))
}

var errIncomplete = errors.New("The query is not valid: it ends too early") //nolint:staticcheck // Auth0's messages are sentences

func (p *parser) term(field string) (query, error) {
	if p.done() {
		return nil, errIncomplete
	}
	switch {
	case p.word("NOT"), p.take("!"), p.take("-"):
		q, err := p.term(field)
		return negation{q}, err
	case p.take("+"):
		return p.term(field)
	case p.take("("):
		q, err := p.alternatives(field)
		if err == nil && !p.take(")") {
			err = errIncomplete
		}
		return q, err
	}
	if name, ok := p.field(); ok {
		return p.valueOf(name)
	}
	return p.value(field)
}

// field consumes "name:".
func (p *parser) field() (string, bool) {
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-[]", r)
	})
	if end <= 0 || p.rest[end] != ':' {
		return "", false
	}
	name := p.rest[:end]
	p.rest = p.rest[end+1:]
	return name, true
}

// valueOf reads what follows a field.
func (p *parser) valueOf(field string) (query, error) {
	if p.take("(") {
		q, err := p.alternatives(field)
		if err == nil && !p.take(")") {
			err = errIncomplete
		}
		return q, err
	}
	if field == "_exists_" {
		name, err := p.literal()
		return exists{name}, err
	}
	return p.value(field)
}

func (p *parser) value(field string) (query, error) {
	if p.done() {
		return nil, errIncomplete
	}
	switch p.rest[0] {
	case '[', '{':
		return p.span(field)
	case '"':
		text, err := p.quoted()
		return equals{field, text}, err
	case '>', '<':
		return p.comparison(field)
	}
	text, err := p.literal()
	if err != nil {
		return nil, err
	}
	return literalQuery(field, text)
}

// span reads a range: [low TO high], or with braces where a bound is excluded.
func (p *parser) span(field string) (query, error) {
	end := strings.IndexAny(p.rest, "]}")
	if end < 0 {
		return nil, errIncomplete
	}
	low, high, ok := strings.Cut(p.rest[1:end], " TO ")
	if !ok {
		return nil, errors.New("The query is not valid: a range is written [low TO high]") //nolint:staticcheck // Auth0's messages are sentences
	}
	q := between{
		field: field, low: strings.Trim(strings.TrimSpace(low), `"`), high: strings.Trim(strings.TrimSpace(high), `"`),
		includeLow: p.rest[0] == '[', includeTop: p.rest[end] == ']',
	}
	p.rest = p.rest[end+1:]
	return q, restricted(field)
}

func (p *parser) comparison(field string) (query, error) {
	greater := p.rest[0] == '>'
	p.rest = p.rest[1:]
	inclusive := p.take("=")
	text, err := p.literal()
	if err != nil {
		return nil, err
	}
	if greater {
		return between{field: field, low: text, high: "*", includeLow: inclusive}, restricted(field)
	}
	return between{field: field, low: "*", high: text, includeTop: inclusive}, restricted(field)
}

// restricted refuses ranges and wildcards where Auth0's search has none.
func restricted(field string) error {
	if strings.HasPrefix(field, "user_metadata") || strings.HasPrefix(field, "app_metadata") {
		return errors.New("The query is not valid: ranges and wildcards cannot be used on metadata") //nolint:staticcheck // Auth0's messages are sentences
	}
	return nil
}

func (p *parser) quoted() (string, error) {
	var out strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; c {
		case '\\':
			i++
			if i < len(p.rest) {
				out.WriteByte(p.rest[i])
			}
		case '"':
			p.rest = p.rest[i+1:]
			return out.String(), nil
		default:
			out.WriteByte(c)
		}
	}
	return "", errIncomplete
}

// literal reads up to a space or a parenthesis; a backslash escapes.
func (p *parser) literal() (string, error) {
	if p.done() {
		return "", errIncomplete
	}
	if p.rest[0] == '"' {
		return p.quoted()
	}
	var out strings.Builder
	i := 0
	for ; i < len(p.rest) && !strings.ContainsRune(" \t()", rune(p.rest[i])); i++ {
		if p.rest[i] == '\\' && i+1 < len(p.rest) {
			i++
		}
		out.WriteByte(p.rest[i])
	}
	p.rest = p.rest[i:]
	if out.Len() == 0 {
		return "", errIncomplete
	}
	return out.String(), nil
}

// minWildcard is how many characters must stand beside a wildcard.
const minWildcard = 3

func literalQuery(field, text string) (query, error) {
	if !strings.Contains(text, "*") {
		return equals{field, text}, nil
	}
	if text == "*" {
		return exists{field}, nil
	}
	if err := restricted(field); err != nil {
		return nil, err
	}
	parts := strings.Split(text, "*")
	if len(strings.Join(parts, "")) < minWildcard {
		return nil, fmt.Errorf("The query is not valid: wildcards need at least %d characters beside them", minWildcard) //nolint:staticcheck // Auth0's messages are sentences
	}
	q := wildcard{field: field, prefix: parts[0], suffix: parts[len(parts)-1]}
	if len(parts) == 3 {
		q.middle = parts[1]
	}
	return q, nil
}
