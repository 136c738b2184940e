package auth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Class says how to handle a failed call.
type Class string

const (
	// ClassNotFound means: the object does not exist.
	ClassNotFound Class = "NotFound"
	// ClassExpired means: Auth0 no longer keeps the requested data.
	ClassExpired Class = "Expired"
	// ClassConflict means: an object with that identity exists already.
	ClassConflict Class = "Conflict"
	// ClassInvalid means: Auth0 refuses the request; the same request will be refused again.
	ClassInvalid Class = "Invalid"
	// ClassUnauthorized means: the credentials or the token are not accepted.
	ClassUnauthorized Class = "Unauthorized"
	// ClassMissingScope means: the token lacks a scope.
	ClassMissingScope Class = "MissingScope"
	// ClassForbidden means: the tenant or its plan does not allow it.
	ClassForbidden Class = "Forbidden"
	// ClassRateLimited means: a limit is reached; Error.After says when to continue.
	ClassRateLimited Class = "RateLimited"
	// ClassQuota means: the token quota of the application or organization is used up, or the maximum number of import jobs runs;
	// Error.After says when to continue. It does not delay other calls.
	ClassQuota Class = "Quota"
	// ClassUntrusted means: the certificate of the domain is not trusted; nothing was sent.
	ClassUntrusted Class = "Untrusted"
	// ClassUnavailable means: Auth0 could not be reached, broke the connection, or answered with a server error. It is unknown
	// whether the call took effect.
	ClassUnavailable Class = "Unavailable"
	// ClassTooLarge means: the call succeeded, but the answer exceeds its bounds.
	ClassTooLarge Class = "TooLarge"
	// ClassCircuitOpen means: the tenant is unavailable, so the call was not made.
	ClassCircuitOpen Class = "CircuitOpen"
)

// Error is a failed call to Auth0. Its text never contains a secret: it consists of Auth0's own message and the route.
type Error struct {
	Class Class
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Code is Auth0's `errorCode` (Management API) or `error` (Authentication API), if it sent one.
	Code string
	// Message is Auth0's message, or the cause of a broken connection.
	Message string
	// Route is the call, with its path templated: `PATCH /api/v2/users/{id}`.
	Route string
	// RequestID identifies the request in Auth0's own logs, "" if the answer had none.
	RequestID string
	// Scopes are scopes of which the token lacks at least one; only with ClassMissingScope, and if Auth0 named them.
	Scopes []string
	// After is how long to wait before the next call; only with ClassRateLimited and ClassQuota.
	After time.Duration
	// Unanswered means that the request was sent to the Authentication API and no answer came: it may have taken effect.
	Unanswered bool
}

// Error implements error.
func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %s", e.Route, e.Message)
	}
	return e.Name(fmt.Sprintf("%s: Auth0 answered %d: %s", e.Route, e.Status, e.Message))
}

// Name adds the request ID to a message, by which Auth0's support finds the request.
func (e *Error) Name(message string) string {
	if e.RequestID == "" || strings.Contains(message, e.RequestID) {
		return message
	}
	return message + " (Auth0's request ID: " + e.RequestID + ")"
}

// IsOutage implements ratelimit.Failure.
func (e *Error) IsOutage() bool { return e.Class == ClassUnavailable || e.Class == ClassUntrusted }

// RateLimit implements ratelimit.Failure.
func (e *Error) RateLimit() (ratelimit.Refusal, bool) {
	return ratelimit.Refusal{Message: e.Message, After: e.After}, e.Class == ClassRateLimited
}

// waited gives the error of a call that was not made, because it would have to wait, its class.
func waited(err error) error {
	wait, ok := errors.AsType[*ratelimit.Wait](err)
	switch {
	case !ok:
		return err
	case wait.Unavailable:
		return &Error{Class: ClassCircuitOpen, Route: wait.Route, Message: wait.Message}
	}
	return &Error{Class: ClassRateLimited, Route: wait.Route, Message: wait.Message, After: wait.After}
}

// requestName matches what Name adds.
var requestName = regexp.MustCompile(` \(Auth0's request ID: [^()]*\)`)

// SameMessage reports whether two messages differ only in the request ID: a repeated refusal is not news.
func SameMessage(a, b string) bool {
	return requestName.ReplaceAllString(a, "") == requestName.ReplaceAllString(b, "")
}

// ClassOf returns the class of a failed call, or "" if err is not one.
func ClassOf(err error) Class {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Class
	}
	return ""
}

// IsQueryRefused reports whether Auth0 refused a search because of the form of the searched value.
func IsQueryRefused(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && failed.Class == ClassInvalid && (failed.Code == "invalid_query_string" || failed.Code == "invalid_uri")
}

// After returns how long to wait after a failed call, 0 if that is unknown.
func After(err error) time.Duration {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.After
	}
	return 0
}

// errorBody is an error in any of the envelopes that Auth0 uses.
type errorBody struct {
	Message          string          `json:"message"`
	ErrorCode        string          `json:"errorCode"`
	Error            string          `json:"error"`
	ErrorDescription string          `json:"error_description"`
	Name             string          `json:"name"`
	Code             string          `json:"code"`
	Description      json.RawMessage `json:"description"`
	// Policy lists the rules of a password policy, one per line, in answers to sign-ups.
	Policy string `json:"policy"`
}

// message combines the parts of Auth0's message. Answers to sign-ups name a broken rule separately; the Management API writes
// both in one line.
func (b errorBody) message(status int) string {
	message := firstOf(b.ErrorDescription, b.Message, text(b.Description), b.Error, http.StatusText(status))
	if strings.HasPrefix(b.Name, "Password") {
		message = b.Name + ": " + message
	}
	if b.Policy != "" {
		message += "; the policy: " + strings.Join(strings.Fields(b.Policy), " ")
	}
	return message
}

// newError reads a failed answer.
func newError(route string, response *http.Response, content []byte, now time.Time) *Error {
	var body errorBody
	// An answer that is not JSON, such as a proxy's page, is classified by its status alone.
	_ = json.Unmarshal(content, &body)
	e := &Error{
		Status:  response.StatusCode,
		Code:    firstOf(body.ErrorCode, body.Code),
		Message: body.message(response.StatusCode),
		Route:   route,
	}
	if id := response.Header.Get(headerRequestID); requestID.MatchString(id) {
		e.RequestID = id
	}
	if e.Code == "" && body.Error != http.StatusText(response.StatusCode) {
		e.Code = body.Error
	}
	e.Class = classify(e)
	if e.Class == ClassMissingScope {
		e.Scopes = scopesNamed(response.Header, body.Message)
	}
	if e.Class == ClassRateLimited && isApart(response.Header, e.Message) {
		e.Class = ClassQuota
	}
	if e.Class == ClassRateLimited || e.Class == ClassQuota {
		e.After = retryAfter(e.Class, response.Header, now)
	}
	return e
}

const headerRequestID = "X-Auth0-RequestId"

var (
	// requestID is the form of Auth0's request IDs: 5c53cb0ba7ab4a6de1b5.
	requestID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	// scopeName is the form of the scopes of the Management API.
	scopeName = regexp.MustCompile(`\b(?:create|read|update|delete|blacklist):[a-z][a-z0-9_]*`)
	// challengedScope is the scope in a bearer token challenge (RFC 6750, section 3).
	challengedScope = regexp.MustCompile(`(?i)\bscope="([^"]*)"`)
)

// scopesNamed returns the scopes that an answer names as missing: those of the challenge in its header, or else those in the
// message, whatever its wording.
func scopesNamed(header http.Header, message string) []string {
	if challenge := challengedScope.FindStringSubmatch(header.Get("WWW-Authenticate")); challenge != nil {
		message = challenge[1]
	}
	return scopeName.FindAllString(message, -1)
}

// isApart reports whether a 429 is about a limit that delays no other calls: on tokens, or on running import jobs.
func isApart(header http.Header, message string) bool {
	return isQuota(header) || strings.HasSuffix(message, "quota exceeded") || strings.Contains(message, "active import users jobs")
}

func classify(e *Error) Class {
	switch {
	case e.Code == "too_many_attempts", e.Code == "slow_down":
		// A user or an address is blocked, or a device polls too fast: no wait for the rate limit would help.
		return ClassForbidden
	case e.Status == http.StatusTooManyRequests:
		return ClassRateLimited
	case e.Status >= http.StatusInternalServerError || e.Status == http.StatusRequestTimeout:
		return ClassUnavailable
	case e.Status == http.StatusNotFound:
		return ClassNotFound
	case e.Status == http.StatusGone:
		return ClassExpired
	case e.Status == http.StatusUnauthorized || e.Code == "access_denied" && e.Message == "Unauthorized":
		return ClassUnauthorized
	case e.Status == http.StatusForbidden && e.Code == "insufficient_scope":
		return ClassMissingScope
	case e.Status == http.StatusForbidden:
		return ClassForbidden
	case meansTaken(e):
		return ClassConflict
	}
	return ClassInvalid
}

// meansTaken reports whether another object has the requested identity. Not every 409 means that, and two kinds of 400 do.
func meansTaken(e *Error) bool {
	if e.Status == http.StatusConflict {
		return e.Code != "custom_domain_conflict"
	}
	switch e.Code {
	case "invalid_signup", "user_exists", "username_exists":
		return true
	}
	return strings.HasPrefix(e.Message, "The username provided is in use already") ||
		strings.HasPrefix(e.Message, "The specified new email already exists")
}

// longestAfter bounds how long an answer can delay calls.
var longestAfter = map[Class]time.Duration{ClassRateLimited: ratelimit.LongestBlock, ClassQuota: 24 * time.Hour}

// retryAfter returns how long to wait before the next call, at least a second.
func retryAfter(class Class, header http.Header, now time.Time) time.Duration {
	return min(max(ratelimit.RetryAfter(header, now), time.Second), longestAfter[class])
}

// text returns the value of a JSON string, or any other JSON unchanged.
func text(raw json.RawMessage) string {
	var value string
	if json.Unmarshal(raw, &value) == nil {
		return value
	}
	return string(raw)
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
