package auth0

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Document is a JSON object in Auth0's field names. Numbers are json.Number, so that none loses precision.
type Document map[string]any

// ParseDocument reads a JSON object.
func ParseDocument(data []byte) (Document, error) {
	var document Document
	if err := decode(data, &document); err != nil {
		return nil, fmt.Errorf("parse JSON object: %w", err)
	}
	return document, nil
}

// ParseValue reads any JSON value in the form in which Documents hold it.
func ParseValue(data []byte) (any, error) {
	var value any
	if err := decode(data, &value); err != nil {
		return nil, fmt.Errorf("parse JSON value: %w", err)
	}
	return value, nil
}

func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// Clone returns a copy that shares only immutable values with the original; never nil.
func (d Document) Clone() Document {
	clone := make(Document, len(d))
	for key, value := range d {
		clone[key] = cloneValue(value)
	}
	return clone
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return map[string]any(Document(value).Clone())
	case Document:
		return map[string]any(value.Clone())
	case []any:
		clone := make([]any, len(value))
		for i, item := range value {
			clone[i] = cloneValue(item)
		}
		return clone
	}
	return value
}

// String returns the string in a field, or "" if there is none.
func (d Document) String(field string) string {
	value, _ := d[field].(string)
	return value
}

// Bool returns the boolean in a field, or false if there is none.
func (d Document) Bool(field string) bool {
	value, _ := d[field].(bool)
	return value
}

// Object returns the object in a field, or nil if there is none.
func (d Document) Object(field string) Document {
	switch value := d[field].(type) {
	case map[string]any:
		return value
	case Document:
		return value
	}
	return nil
}

// Objects returns the objects in a list, without other values.
func (d Document) Objects(field string) []Document {
	list, _ := d[field].([]any)
	objects := make([]Document, 0, len(list))
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Strings returns the strings in a list, without other values.
func (d Document) Strings(field string) []string {
	list, _ := d[field].([]any)
	texts := make([]string, 0, len(list))
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
