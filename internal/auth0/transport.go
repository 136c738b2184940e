package auth0

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/semaphore"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/lease"
)

// callTimeout bounds one call, from the first byte sent to the last byte read.
const callTimeout = ratelimit.CallTimeout

// call travels in the context of a request from the Session to the transport and back.
type call struct {
	method string
	// route is the templated path: /api/v2/users/{id}.
	route string
	// routeClass is the class of the route, if it differs from that of its path.
	routeClass ratelimit.RouteClass
	// token authorises the call; empty for calls that need none.
	token string
	// streamed leaves the body of a successful answer to the caller, who reads it as it arrives.
	streamed bool
	// raw keeps the answer as received, instead of its JSON.
	raw bool
	// err is why the call failed, nil for a successful answer.
	err error
	// body is the JSON of a successful answer.
	body Answer
	// answer is the body of a successful answer, as received; only with raw.
	answer []byte
}

type callKey struct{}

// transport sends all calls. It waits for the rate limit, counts, keeps the answer, and turns a failed answer into an *Error
// before the SDK can retry it, sleep on it, or lose half of it.
type transport struct {
	base    http.RoundTripper
	limiter *ratelimit.Limiter
	metrics *Metrics
	tenant  string
	// reading bounds how much of the tenant's answers is read at the same time.
	reading *semaphore.Weighted
	// ownClientID is the operator's own application, which no call may change.
	ownClientID string
	// released refuses every call: this instance no longer serves the tenant.
	released atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	current, ok := request.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, fmt.Errorf("call to %s without a route", request.URL.Path)
	}
	response, err := t.call(request, current)
	current.err = err
	return response, err
}

// call sends one request.
func (t *transport) call(request *http.Request, current *call) (*http.Response, error) {
	route := request.Method + " " + current.route
	if err := checkPath(request.Method, current.route, request.URL, t.ownClientID); err != nil {
		return nil, err
	}
	to := cmp.Or(current.routeClass, ratelimit.RouteClassOf(request.Method, current.route))
	permit, err := t.permit(request.Context(), to, route)
	if err != nil {
		return nil, err
	}
	if current.token != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+current.token)
	}
	response, failed, err := t.bounded(request, current, permit.Timeout)
	now := t.limiter.Clock().Now()
	if errors.Is(err, lease.ErrLost) {
		t.limiter.Return(permit)
		return nil, lease.ErrLost
	}
	if errors.Is(err, errReading) {
		t.metrics.count(t.tenant, request.Method, current.route, response.StatusCode)
		t.limiter.Abandon(permit, now)
		return nil, &Error{Class: ClassUnavailable, Route: route, Message: errReading.Error()}
	}
	if large, ok := errors.AsType[*tooLarge](err); ok {
		t.metrics.count(t.tenant, request.Method, current.route, response.StatusCode)
		t.limiter.Observe(permit, response.Header, nil, now)
		return nil, &Error{Class: ClassTooLarge, Status: response.StatusCode, Route: route, Message: large.message}
	}
	if err != nil {
		err = unreachable(request, route, err)
		t.metrics.count(t.tenant, request.Method, current.route, 0)
		t.judge(permit, err, now)
		return nil, redact(request, err)
	}
	t.metrics.count(t.tenant, request.Method, current.route, response.StatusCode)
	logr.FromContextOrDiscard(request.Context()).V(1).Info("called Auth0", "route", route, "status", response.StatusCode)
	if failed != nil {
		t.limiter.Observe(permit, response.Header, failed, now)
		return nil, redact(request, failed)
	}
	t.limiter.Observe(permit, response.Header, nil, now)
	return response, nil
}

// permit waits until the call may be made.
func (t *transport) permit(ctx context.Context, to ratelimit.RouteClass, route string) (*ratelimit.Permit, error) {
	if t.released.Load() {
		return nil, ratelimit.ErrReleased
	}
	permit, err := t.limiter.Acquire(ctx, to, route)
	return permit, waited(err)
}

// bounded is exchange with a timeout. If the answer is streamed, only the headers must arrive in time.
func (t *transport) bounded(request *http.Request, current *call, timeout time.Duration) (*http.Response, *Error, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	timer := time.AfterFunc(timeout, func() { cancel(context.DeadlineExceeded) }) //nolint:forbidigo // The network has its own time.
	response, failed, err := t.exchange(request.WithContext(ctx), current)
	timer.Stop()
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		err = context.DeadlineExceeded
	}
	if err != nil || failed != nil || !current.streamed {
		cancel(nil)
		return response, failed, err
	}
	response.Body = cancelling{response.Body, cancel}
	return response, nil, nil
}

// judge reports a call without an answer to the breaker. A cancelled call says nothing about the tenant.
func (t *transport) judge(permit *ratelimit.Permit, err error, now time.Time) {
	if failed, ok := errors.AsType[*Error](err); ok {
		t.limiter.Observe(permit, nil, failed, now)
		return
	}
	t.limiter.Abandon(permit, now)
}

// cancelling is a body that cancels its request when it is closed.
type cancelling struct {
	io.ReadCloser

	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (c cancelling) Close() error {
	c.cancel(nil)
	return c.ReadCloser.Close()
}

// exchange sends the request and stores the answer in the call, or returns the failure. It does not read a streamed answer.
func (t *transport) exchange(request *http.Request, current *call) (*http.Response, *Error, error) {
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	succeeded := response.StatusCode < http.StatusMultipleChoices
	if current.streamed && succeeded {
		return response, nil, nil
	}
	defer func() { _ = response.Body.Close() }()
	if !succeeded {
		return response, t.readError(request, response, current), nil
	}
	to := cmp.Or(current.routeClass, ratelimit.RouteClassOf(request.Method, current.route))
	err = t.readBody(request.Context(), to, response, boundsOf(request.Method, current.route), func(content []byte) {
		if current.raw {
			current.answer = content
		} else {
			current.body = parseBody(content)
		}
	})
	// The HTTP client requires a body, and the SDK must not parse it again.
	response.Body = http.NoBody
	if err == nil && !current.isJSON() {
		// Something between the operator and Auth0 answers in its place.
		return response, &Error{Class: ClassUnavailable, Route: request.Method + " " + current.route, Message: request.URL.Host + " answers with something that is not JSON"}, nil
	}
	return response, nil, err
}

// isJSON reports whether the answer is JSON, or empty.
func (c *call) isJSON() bool {
	if c.raw {
		return len(c.answer) == 0 || json.Valid(c.answer)
	}
	return c.body.size == 0 || c.body.err == nil
}

// readError reads as much of a failed answer as explains the failure. If the rest is cut off, or is not JSON, the status decides
// the class.
func (t *transport) readError(request *http.Request, response *http.Response, current *call) *Error {
	content, _ := io.ReadAll(io.LimitReader(response.Body, mostError))
	return newError(request.Method+" "+current.route, response, content, t.limiter.Clock().Now())
}
