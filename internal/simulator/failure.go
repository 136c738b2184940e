package simulator

import (
	"net/http"
	"strings"
)

// failure is an answer that is not a success. Handlers return it as their error.
type failure struct {
	status int
	body   any // a doc is sent as JSON, a string as plain text
	header http.Header
	// unmetered answers carry no rate-limit headers, because Auth0 gives them before it counts the request.
	unmetered bool
}

func (f *failure) Error() string {
	if d, ok := f.body.(doc); ok {
		return str(d, "message") + str(d, "error_description")
	}
	return http.StatusText(f.status)
}

// with adds a header to the answer.
func (f *failure) with(key, value string) *failure {
	if f.header == nil {
		f.header = http.Header{}
	}
	f.header.Set(key, value)
	return f
}

// apiError is an error in the Management API's envelope. code is "" for the many without an errorCode.
func apiError(status int, code, message string) *failure {
	body := doc{"statusCode": status, "error": http.StatusText(status), "message": message}
	if code != "" {
		body["errorCode"] = code
	}
	return &failure{status: status, body: body}
}

// oauthError is an error in the Authentication API's envelope.
func oauthError(status int, code, description string) *failure {
	return &failure{status: status, body: doc{"error": code, "error_description": description}}
}

// invalid is a request that does not fit its schema; where is Payload, Path or Query.
func invalid(where, problem string) *failure {
	code := map[string]string{"Payload": "invalid_body", "Path": "invalid_uri", "Query": "invalid_query_string"}[where]
	f := apiError(http.StatusBadRequest, code, where+" validation error: "+problem)
	f.unmetered = true
	return f
}

// invalidBody is a request whose body fits its schema but makes no sense.
func invalidBody(message string) *failure {
	return apiError(http.StatusBadRequest, "invalid_body", message)
}

func notFound() *failure { return apiError(http.StatusNotFound, "", "Not Found") }

func unauthorized(message string) *failure {
	f := apiError(http.StatusUnauthorized, "", message)
	if message == "Missing authentication" {
		f = f.with("WWW-Authenticate", "Bearer")
	} else {
		f.body.(doc)["attributes"] = doc{"error": message}
	}
	f.unmetered = true
	return f
}

func insufficientScope(wanted []string) *failure {
	f := apiError(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: "+strings.Join(wanted, ","))
	f.unmetered = true
	return f
}

// insufficientScopes is for the operations that need several scopes at once.
func insufficientScopes(wanted []string) *failure {
	f := apiError(http.StatusForbidden, "insufficient_scope", "Insufficient scope; expected all of: "+strings.Join(wanted, ", ")+".")
	f.unmetered = true
	return f
}

// notSimulated rejects what Auth0 supports and the simulator does not.
func notSimulated(method, path string) *failure {
	f := apiError(http.StatusNotImplemented, "not_simulated", "The simulator does not implement "+method+" "+path)
	f.unmetered = true
	return f
}
