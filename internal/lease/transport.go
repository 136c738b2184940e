package lease

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// Transport returns a transport that sends no request that changes something while the fence is closed. It must wrap the sending
// transport directly: everything that delays a request must happen before the fence is checked.
func (f *Fence) Transport(base http.RoundTripper, changes func(*http.Request) bool) http.RoundTripper {
	return transport{base: base, fence: f, changes: changes}
}

type transport struct {
	base    http.RoundTripper
	fence   *Fence
	changes func(*http.Request) bool
}

// WrappedRoundTripper lets client-go cancel requests in the transport below.
func (t transport) WrappedRoundTripper() http.RoundTripper { return t.base }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !t.changes(request) {
		return t.base.RoundTrip(request)
	}
	check := func() error { return t.fence.mayLeave(request.Context()) }
	if err := check(); err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	defer t.fence.Exchange()()
	return t.base.RoundTrip(withFencedBody(request, check))
}

// mayLeave is Check for a request. It also refuses a request whose deadline has passed: after a pause, the timer of its context
// may fire late.
func (f *Fence) mayLeave(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return f.Check(ctx)
}

// withFencedBody checks the fence again when the body is sent: a new connection takes time, and a retry on another connection
// does not pass the transport a second time. A server does not act on half a request.
func withFencedBody(request *http.Request, check func() error) *http.Request {
	if request.Body == nil || request.Body == http.NoBody {
		return request
	}
	fenced := *request
	fenced.Body = fencedBody{request.Body, check}
	if again := request.GetBody; again != nil {
		fenced.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, fmt.Errorf("read the request once more: %w", err)
			}
			return fencedBody{body, check}, nil
		}
	}
	return &fenced
}

type fencedBody struct {
	io.ReadCloser

	check func() error
}

// Read implements io.Reader.
func (b fencedBody) Read(p []byte) (int, error) {
	if err := b.check(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// IsWrite reports whether a request may change something at its destination.
func IsWrite(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead
}

// IsKubernetesWrite reports whether a request to the Kubernetes API changes something that only the leader may change. The Lease
// itself, Events, which report what was done before, and token and access reviews are exempt.
func IsKubernetesWrite(request *http.Request) bool {
	return IsWrite(request) && !slices.ContainsFunc(free, func(path *regexp.Regexp) bool { return path.MatchString(request.URL.Path) })
}

var free = []*regexp.Regexp{
	regexp.MustCompile(`^/apis/(coordination|events|authentication|authorization)\.k8s\.io/`),
	regexp.MustCompile(`^/api/v1/namespaces/[^/]+/events(/|$)`),
}
