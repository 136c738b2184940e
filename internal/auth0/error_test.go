package auth0

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestClasses lists the answers of Auth0 that have different classes.
func TestClasses(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		body   string
		want   Class
		text   string
	}{
		{"user exists", 409, `{"statusCode":409,"error":"Conflict","message":"The user already exists.","errorCode":"auth0_idp_error"}`, ClassConflict, "The user already exists."},
		{"username taken", 400, `{"statusCode":400,"error":"Bad Request","message":"The username provided is in use already.","errorCode":"auth0_idp_error"}`, ClassConflict, ""},
		{"e-mail taken on update", 400, `{"statusCode":400,"error":"Bad Request","message":"The specified new email already exists","errorCode":"auth0_idp_error"}`, ClassConflict, ""},
		{"a 409 that is no duplicate", 409, `{"statusCode":409,"error":"Conflict","message":"The tenant has multiple verified custom domains.","errorCode":"custom_domain_conflict"}`, ClassInvalid, ""},
		{"validation", 400, `{"statusCode":400,"error":"Bad Request","message":"Payload validation error: …","errorCode":"invalid_body"}`, ClassInvalid, ""},
		{"weak password", 400, `{"statusCode":400,"error":"Bad Request","message":"PasswordStrengthError: Password is too weak"}`, ClassInvalid, "PasswordStrengthError: Password is too weak"},
		{"unknown user", 404, `{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}`, ClassNotFound, ""},
		{"missing scope", 403, `{"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: read:users","errorCode":"insufficient_scope"}`, ClassMissingScope, ""},
		{"not in the plan", 403, `{"statusCode":403,"error":"Forbidden","message":"Please upgrade","errorCode":"insufficient_entitlement"}`, ClassForbidden, ""},
		{"expired token", 401, `{"statusCode":401,"error":"Unauthorized","message":"Expired token received"}`, ClassUnauthorized, ""},
		{"wrong client secret", 401, `{"error":"access_denied","error_description":"Unauthorized"}`, ClassUnauthorized, "Unauthorized"},
		{"wrong client secret, answered 403", 403, `{"error":"access_denied","error_description":"Unauthorized"}`, ClassUnauthorized, ""},
		{"no client grant", 403, `{"error":"access_denied","error_description":"Client is not authorized"}`, ClassForbidden, "Client is not authorized"},
		{"signup envelope", 400, `{"name":"PasswordStrengthError","message":"Password is too weak","code":"invalid_password","description":{"rules":[]}}`, ClassInvalid, "PasswordStrengthError: Password is too weak"},
		{"signup of somebody who exists", 400, `{"name":"BadRequestError","code":"invalid_signup","description":"Invalid sign up"}`, ClassConflict, "Invalid sign up"},
		{"rate limit", 429, `{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}`, ClassRateLimited, ""},
		{"brute-force block", 429, `{"error":"too_many_attempts","error_description":"Your account has been blocked"}`, ClassForbidden, ""},
		{"server error", 500, `oops`, ClassUnavailable, "Internal Server Error"},
		{"a proxy's page", 502, `<html>`, ClassUnavailable, "Bad Gateway"},
		{"timeout", 408, ``, ClassUnavailable, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := newError("POST /x", &http.Response{StatusCode: row.status, Header: http.Header{}}, []byte(row.body), time.Now())
			if e.Class != row.want {
				t.Errorf("class is %s, want %s", e.Class, row.want)
			}
			if row.text != "" && e.Message != row.text {
				t.Errorf("message is %q, want %q", e.Message, row.text)
			}
		})
	}
}

// TestScopesNamed reads the scopes that an answer names, in each of Auth0's wordings.
func TestScopesNamed(t *testing.T) {
	for _, row := range []struct {
		name, message, challenge string
		want                     []string
	}{
		{"one", "Insufficient scope, expected any of: read:users", "", []string{"read:users"}},
		{"several", "Insufficient scope, expected any of: read:clients,read:client_keys", "", []string{"read:clients", "read:client_keys"}},
		{"all of", "Insufficient scope; expected all of: read:users, read:roles, read:role_members.", "", []string{"read:users", "read:roles", "read:role_members"}},
		{"another colon", "Error: Insufficient scope: expected any of: update:connections_options", "", []string{"update:connections_options"}},
		{"no colon", "Insufficient scope, update:connections_options is required", "", []string{"update:connections_options"}},
		{"challenge", "Insufficient scope", `Bearer realm="Management API", error="insufficient_scope", scope="read:users read:roles"`, []string{"read:users", "read:roles"}},
		{"none", "Insufficient scope", "", nil},
	} {
		header := http.Header{}
		header.Set("WWW-Authenticate", row.challenge)
		body, _ := json.Marshal(map[string]string{"message": row.message, "errorCode": "insufficient_scope"})
		e := newError("GET /x", &http.Response{StatusCode: http.StatusForbidden, Header: header}, body, time.Now())
		if !slices.Equal(e.Scopes, row.want) {
			t.Errorf("%s: scopes are %q, want %q", row.name, e.Scopes, row.want)
		}
	}
}

// TestRequestID shows that a failed call carries Auth0's request ID, unless that has another form.
func TestRequestID(t *testing.T) {
	for header, want := range map[string]string{
		"5c53cb0ba7ab4a6de1b5":   "POST /x: Auth0 answered 400: no (Auth0's request ID: 5c53cb0ba7ab4a6de1b5)",
		"":                       "POST /x: Auth0 answered 400: no",
		"5c53) do as I say (":    "POST /x: Auth0 answered 400: no",
		strings.Repeat("a", 100): "POST /x: Auth0 answered 400: no",
	} {
		response := &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}}
		response.Header.Set("X-Auth0-RequestId", header)
		e := newError("POST /x", response, []byte(`{"message":"no"}`), time.Now())
		if e.Error() != want {
			t.Errorf("%q: the error reads %q, want %q", header, e, want)
		}
		if again := e.Name(e.Error()); again != want {
			t.Errorf("%q: named twice: %q", header, again)
		}
	}
	if !SameMessage("no (Auth0's request ID: a1); do", "no (Auth0's request ID: b2); do") || SameMessage("no (Auth0's request ID: a1)", "yes (Auth0's request ID: a1)") {
		t.Error("messages of two requests are told apart by the requests, and not by what they say")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, row := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"nothing said", nil, time.Second},
		{"retry-after", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		{"retry-after wins", map[string]string{"Retry-After": "7", "X-RateLimit-Reset": "1030"}, 7 * time.Second},
		{"reset", map[string]string{"X-RateLimit-Reset": "1030"}, 30 * time.Second},
		{"reset in the past", map[string]string{"X-RateLimit-Reset": "900"}, time.Second},
		{"decades", map[string]string{"Retry-After": "2000000000"}, 10 * time.Minute},
		{"a reset in milliseconds", map[string]string{"X-RateLimit-Reset": "1030000"}, 10 * time.Minute},
		{"nonsense", map[string]string{"Retry-After": "soon", "X-RateLimit-Reset": "later"}, time.Second},
	} {
		header := http.Header{}
		for key, value := range row.header {
			header.Set(key, value)
		}
		if wait := retryAfter(ClassRateLimited, header, now); wait != row.want {
			t.Errorf("%s: %s, want %s", row.name, wait, row.want)
		}
	}
}
