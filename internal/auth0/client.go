package auth0

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0/go-auth0/management"
)

// Request is one call of the Management API.
type Request struct {
	Method string
	// Route is the template of the path: /api/v2/roles/{id}/permissions. Metrics, logs, errors and rate limits name the call by it.
	Route string
	// Args are the values of the path parameters, in order. They need no escaping.
	Args  []string
	Query url.Values
	// Body is encoded as JSON; nil sends no body.
	Body any
	// form is sent instead of Body.
	form *form
}

// form is an encoded form.
type form struct {
	contentType string
	content     []byte
}

// newSDK returns the SDK's client for a domain. It sends through base, which authorises each call, so the SDK's own token never
// leaves the process. Retries are off: each would be a call that the rate limiter does not know.
func newSDK(domain string, base http.RoundTripper) *management.Management {
	sdk, err := management.New(domain,
		management.WithClient(&http.Client{Transport: base}),
		management.WithStaticToken("replaced by the transport"),
		management.WithNoRetries(),
	)
	if err != nil {
		panic("a valid domain is refused: " + err.Error())
	}
	return sdk
}

// Do makes a call of the Management API, and returns the answer. It replaces a token that Auth0 refuses once: the token may have
// been revoked, or lack a scope that was granted after it was issued. A failed call is an *Error.
func (s *Session) Do(ctx context.Context, request Request) (Answer, error) {
	if request.Method != http.MethodGet && s.isReadOnly {
		return Answer{}, ErrReadOnly
	}
	token, err := s.managementToken(ctx)
	if err != nil {
		return Answer{}, err
	}
	answer, err := s.send(ctx, request, token.AccessToken)
	class := ClassOf(err)
	if class != ClassUnauthorized && class != ClassMissingScope || !s.token.forget(token.AccessToken) {
		return answer, err
	}
	if token, err = s.managementToken(ctx); err != nil {
		return Answer{}, err
	}
	return s.send(ctx, request, token.AccessToken)
}

// send makes a call with a token.
func (s *Session) send(ctx context.Context, request Request, token string) (Answer, error) {
	current := &call{method: request.Method, route: request.Route, token: token}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, callKey{}, current), callTimeout)
	defer cancel()
	encoded, err := s.encode(ctx, request)
	if err != nil {
		return Answer{}, unsendable(request.Method, request.Route, err)
	}
	response, err := s.sdk.Do(encoded)
	if current.err != nil {
		// The SDK returns the error of the context instead, if that has ended meanwhile.
		err = current.err
	}
	if err != nil {
		return Answer{}, asError(ctx, request.Method+" "+request.Route, err)
	}
	return current.body, response.Body.Close()
}

// encode builds the HTTP request of a call.
func (s *Session) encode(ctx context.Context, request Request) (*http.Request, error) {
	parts, err := fill(request.Route, request.Args)
	if err != nil {
		return nil, err
	}
	address := s.sdk.URI(parts...)
	if len(request.Query) > 0 {
		address += "?" + request.Query.Encode()
	}
	if request.form == nil {
		return s.sdk.NewRequest(ctx, request.Method, address, request.Body)
	}
	encoded, err := http.NewRequestWithContext(ctx, request.Method, address, bytes.NewReader(request.form.content))
	if err == nil {
		encoded.Header.Set("Content-Type", request.form.contentType)
	}
	return encoded, err
}

// fill returns the parts of a route's path below /api/v2/, with arguments in the place of its parameters.
func fill(route string, args []string) ([]string, error) {
	path, isManagement := strings.CutPrefix(route, managementPath)
	parameters := strings.Count(path, "{")
	if !isManagement || parameters != len(args) {
		return nil, fmt.Errorf("route %s takes %d arguments, not %d", route, parameters, len(args))
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i], args = args[0], args[1:]
		}
	}
	return parts, nil
}

// get, post and remove describe the usual calls.
func get(route string, args ...string) Request {
	return Request{Method: http.MethodGet, Route: route, Args: args}
}

func post(route string, body any, args ...string) Request {
	return Request{Method: http.MethodPost, Route: route, Args: args, Body: body}
}

func remove(route string, body any, args ...string) Request {
	return Request{Method: http.MethodDelete, Route: route, Args: args, Body: body}
}

// with adds parameters to the query, but changes none.
func (r Request) with(query url.Values) Request {
	all := url.Values{}
	maps.Copy(all, query)
	maps.Copy(all, r.Query)
	r.Query = all
	return r
}

// run makes a call whose answer contains nothing of interest.
func (s *Session) run(ctx context.Context, request Request) error {
	_, err := s.Do(ctx, request)
	return err
}
