package auth0

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

var (
	// refusedProperty matches the property that breaks a schema: 'Expected type …' on property options.scope (…).
	refusedProperty = regexp.MustCompile(`on property ([\w.\[\]-]+)`)
	// additionalProperties matches the properties that Auth0 does not know.
	additionalProperties = regexp.MustCompile(`Additional properties not allowed: ([\w,.-]+\w)(?:\.?' on property ([\w.\[\]-]+))?`)
	// listIndex matches the index in a list: callbacks[0].
	listIndex = regexp.MustCompile(`\[\d+\]`)
	// fieldName matches a word that may be the name of a field.
	fieldName = regexp.MustCompile(`\w+`)
)

// IsRefused reports whether Auth0 refused the contents of a request, so that another request may succeed.
func IsRefused(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && failed.Status != 0 && (failed.Class == ClassInvalid || failed.Class == ClassConflict || failed.Class == ClassForbidden)
}

// IsTooMuchAtOnce reports whether Auth0 refuses fields only because they were sent together: "Cannot update email and username
// simultaneously".
func (e *Error) IsTooMuchAtOnce() bool {
	return e.Class == ClassInvalid && strings.Contains(e.Message, "simultaneously")
}

// Refuses returns the paths of a request that Auth0's refusal names. A path is a field, or object.key. The refusal names it if it
// names something in it, or an object around it.
func (e *Error) Refuses(paths []string) []string {
	if e.Class != ClassInvalid && !e.IsNotEntitled() || e.Status == 0 {
		return nil
	}
	named := e.propertiesNamed()
	if found := pathsWhere(paths, func(path string) bool {
		return slices.ContainsFunc(named, func(name string) bool { return path == name || within(path, name) || within(name, path) })
	}); len(found) > 0 || len(named) > 0 {
		return found
	}
	words := fieldName.FindAllString(e.Message, -1)
	return pathsWhere(paths, func(path string) bool {
		key := path[strings.LastIndex(path, ".")+1:]
		return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, key) })
	})
}

// propertiesNamed returns the paths of the properties in the message.
func (e *Error) propertiesNamed() []string {
	var named []string
	for _, match := range additionalProperties.FindAllStringSubmatch(e.Message, -1) {
		for property := range strings.SplitSeq(match[1], ",") {
			named = append(named, strings.TrimPrefix(match[2]+"."+property, "."))
		}
	}
	if len(named) == 0 {
		for _, match := range refusedProperty.FindAllStringSubmatch(e.Message, -1) {
			named = append(named, strings.Trim(match[1], "."))
		}
	}
	for i, name := range named {
		named[i] = listIndex.ReplaceAllString(name, "")
	}
	return named
}

// within reports whether a path is below another one.
func within(path, other string) bool { return strings.HasPrefix(path, other+".") }

func pathsWhere(paths []string, is func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !is(path) })
}
