package auth0

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/auth0-operator/auth0-operator/internal/lease"
)

// callTimeout bounds one call, from the first byte sent to the last one read.
const callTimeout = 30 * time.Second

// largestAnswer bounds what is read of an answer.
const largestAnswer = 16 << 20

// call travels in the context of a request from a verb to the transport and back.
type call struct {
	method string
	// route is the templated path: /api/v2/users/{id}.
	route string
	// class of the route, if it is not that of its path.
	class class
	// token authorises the call; empty for calls that need none.
	token string
	// streamed leaves the body of a successful answer to the caller, who reads it as it comes.
	streamed bool
	// answered tells that a successful answer came, even one without a body.
	answered bool
	// answer is the body of a successful answer, as it came.
	answer []byte
}

type callKey struct{}

// transport is the one place through which every call leaves: it waits for the rate limit, counts, keeps the answer, and
// turns a failed answer into an *Error before the SDK can retry it, sleep on it, or lose half of it.
type transport struct {
	base     http.RoundTripper
	governor *Governor
	metrics  *Metrics
	tenant   string
	// gone refuses every call: the tenant is not ours any more.
	gone atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	current, ok := request.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, fmt.Errorf("call to %s without a route", request.URL.Path)
	}
	route := request.Method + " " + current.route
	to := cmp.Or(current.class, classOf(request.Method, current.route))
	permit, err := t.permit(request.Context(), to, route)
	if err != nil {
		return nil, err
	}
	if current.token != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+current.token)
	}
	response, content, err := t.exchange(request, current.streamed)
	if errors.Is(err, lease.ErrLost) {
		t.governor.unused(permit)
		return nil, lease.ErrLost
	}
	if err != nil {
		t.metrics.count(t.tenant, request.Method, current.route, 0)
		t.governor.observe(permit, nil, &Error{Class: ClassUnavailable}, time.Now())
		return nil, unreachable(request, route, err)
	}
	t.metrics.count(t.tenant, request.Method, current.route, response.StatusCode)
	logr.FromContextOrDiscard(request.Context()).V(1).Info("called Auth0", "route", route, "status", response.StatusCode)
	now := time.Now()
	if response.StatusCode >= http.StatusMultipleChoices {
		failed := newError(route, response, content, now)
		t.governor.observe(permit, response.Header, failed, now)
		return nil, failed
	}
	t.governor.observe(permit, response.Header, nil, now)
	current.answer, current.answered = content, true
	return response, nil
}

// permit waits until the call may be made.
func (t *transport) permit(ctx context.Context, to class, route string) (*permit, error) {
	if t.gone.Load() {
		return nil, errLetGo
	}
	return t.governor.acquire(ctx, to, route)
}

// exchange sends the request and reads the answer to its end, unless it is one that is streamed.
func (t *transport) exchange(request *http.Request, streamed bool) (*http.Response, []byte, error) {
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	if streamed && response.StatusCode < http.StatusMultipleChoices {
		return response, nil, nil
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return nil, nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(content))
	return response, content, nil
}
