package auth0

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ids come from specs and from answers, and become parts of paths. The SDK escapes them, but not "." and "..": a server or proxy
// that resolves these would apply the call to something else. So every call is checked against its route before it is sent.

// errWrongPath is the error of a request that does not match its route.
var errWrongPath = errors.New("its path is not that of the route")

// checkPath fails unless a request goes to its route, has a usable id for every parameter, and does not change the operator's own
// application.
func checkPath(method, route string, address *url.URL, ownClientID string) error {
	template, path := strings.Split(route, "/"), strings.Split(address.EscapedPath(), "/")
	if len(template) != len(path) {
		return unsendable(method, route, errWrongPath)
	}
	for i, segment := range template {
		if !strings.HasPrefix(segment, "{") {
			if path[i] != segment {
				return unsendable(method, route, errWrongPath)
			}
			continue
		}
		id, err := url.PathUnescape(path[i])
		if err == nil {
			err = checkID(id)
		}
		if err != nil {
			return unsendable(method, route, err)
		}
		if method != http.MethodGet && template[i-1] == "clients" && id == ownClientID {
			return unsendable(method, route, errors.New("it would change the operator's own application"))
		}
	}
	return nil
}

// checkAnswer fails if an answer contains an invalid id.
func checkAnswer(answer Document) error {
	for _, field := range []string{"id", "client_id", "user_id"} {
		id := answer.String(field)
		if id == "" {
			continue
		}
		if err := checkID(id); err != nil {
			return &Error{Class: ClassInvalid, Message: "the answer of Auth0 cannot be used, as " + err.Error()}
		}
	}
	return nil
}

// unsendable returns the error of a call that is not made.
func unsendable(method, route string, why error) error {
	return &Error{Class: ClassInvalid, Route: method + " " + route, Message: fmt.Sprintf("%s %s was not sent: %v", method, route, why)}
}

// checkID says why an id cannot be part of a path, nil if it can.
func checkID(id string) error {
	isSeparator := func(char rune) bool { return char == '/' || char == '\\' || unicode.IsControl(char) }
	switch {
	case id == "":
		return errors.New("an id is empty")
	case id == "." || id == ".." || !utf8.ValidString(id) || strings.ContainsFunc(id, isSeparator):
		return fmt.Errorf("%q cannot be the id of anything in Auth0", id)
	}
	return nil
}
