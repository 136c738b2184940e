package auth0

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// The limits of an answer, in bytes. Auth0's own answers are far smaller. A larger one comes from a server that is broken or
// hostile, and one process serves all tenants.
const (
	mostObject = 2 << 20
	mostList   = 4 << 20
	mostError  = 64 << 10
)

// The limits of the values in an answer: one value takes a hundred bytes of memory, however short it is in JSON.
const (
	mostObjectValues = 25_000
	mostListValues   = 100_000
)

// Answer is the JSON value of an answer of the Management API.
type Answer struct {
	value any
	// size is the size in bytes, as received; 0 for an answer without a body.
	size int
	// err says why the answer is not JSON.
	err error
}

// parseBody reads the JSON value of an answer, once.
func parseBody(content []byte) Answer {
	if len(content) == 0 {
		return Answer{err: io.EOF}
	}
	value, err := ParseValue(content)
	return Answer{value, len(content), err}
}

// object returns the value as an object.
func (b Answer) object() (Document, error) {
	if b.err != nil {
		return nil, b.err
	}
	object, ok := b.value.(map[string]any)
	if !ok {
		return nil, errors.New("the answer is no JSON object")
	}
	return object, nil
}

// list returns the value as a list of objects.
func (b Answer) list() ([]Document, error) {
	if b.err != nil {
		return nil, b.err
	}
	items, ok := b.value.([]any)
	if !ok {
		return nil, errors.New("the answer is no JSON array")
	}
	list := make([]Document, len(items))
	for i, item := range items {
		if list[i], ok = item.(map[string]any); !ok {
			return nil, errors.New("the answer is no JSON array of objects")
		}
	}
	return list, nil
}

// bounds limit how much of an answer is read.
type bounds struct{ bytes, values int }

// boundsOf returns the bounds of a successful answer to a call.
func boundsOf(method, route string) bounds {
	if method == http.MethodGet && !strings.HasSuffix(route, "}") {
		return bounds{mostList, mostListValues}
	}
	return bounds{mostObject, mostObjectValues}
}

// tooLarge is the error of an answer that exceeds its bounds.
type tooLarge struct{ message string }

func (e *tooLarge) Error() string { return e.message }

// readBody reads an answer to its end, within the bounds, and passes it on while the budget is held. A larger answer fails with
// *tooLarge.
func (t *transport) readBody(ctx context.Context, to ratelimit.RouteClass, response *http.Response, most bounds, use func([]byte)) error {
	expected := int64(most.bytes)
	if response.ContentLength >= 0 {
		expected = min(expected, response.ContentLength)
	}
	if err := acquire(ctx, t.reading, expected); err != nil {
		return err
	}
	defer t.reading.Release(expected)
	part, err := beginReading(ctx, t.limiter.IsResponsive(to), expected, response.Body)
	if err != nil {
		return err
	}
	defer part.end()
	content, err := io.ReadAll(io.LimitReader(response.Body, int64(most.bytes)+1))
	switch {
	case part.isRefused():
		return errReading
	case err != nil:
		return err
	case len(content) > most.bytes:
		return &tooLarge{fmt.Sprintf("the answer is larger than %d KiB", most.bytes>>10)}
	case countValues(content) > most.values:
		return &tooLarge{fmt.Sprintf("the answer holds more than %d values", most.values)}
	}
	use(content)
	return nil
}

// countValues returns the maximum number of values in a JSON text, without parsing it.
func countValues(text []byte) int {
	count, quoted, escaped := 1, false, false
	for _, char := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && char == '\\':
			escaped = true
		case char == '"':
			quoted = !quoted
		case !quoted && (char == ',' || char == '[' || char == '{' || char == ':'):
			count++
		}
	}
	return count
}

// Size returns approximately how many bytes of memory a document takes.
func (d Document) Size() int { return sizeOf(map[string]any(d)) }

func sizeOf(value any) int {
	const each = 100
	size := each
	switch value := value.(type) {
	case string:
		size += len(value)
	case Document:
		return sizeOf(map[string]any(value))
	case map[string]any:
		for key, item := range value {
			size += len(key) + sizeOf(item)
		}
	case []any:
		for _, item := range value {
			size += sizeOf(item)
		}
	}
	return size
}
