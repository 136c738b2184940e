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

// Transport returns a transport on which no request that changes something leaves while the fence is closed. It goes right
// before the one that sends: whatever takes time before a request leaves must have been before the fence is asked.
func (f *Fence) Transport(base http.RoundTripper, changes func(*http.Request) bool) http.RoundTripper {
	return transport{base: base, fence: f, changes: changes}
}

type transport struct {
	base    http.RoundTripper
	fence   *Fence
	changes func(*http.Request) bool
}

// WrappedRoundTripper lets client-go cancel what is under way in the transport below.
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

// mayLeave is Check for a request. One whose time is over does not leave either: after a pause, the timer of its context may
// go off late.
func (f *Fence) mayLeave(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return f.Check(ctx)
}

// withFencedBody has the fence asked once more when the body is sent: a new connection takes time, and a request that is sent
// again on another one does not come through here a second time. A server does not act on half a request.
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

// IsWrite reports whether a request may change something where it goes.
func IsWrite(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead
}

// IsKubernetesWrite reports whether a request to the Kubernetes API changes something that only the leader may change. The
// Lease itself, Events, which tell of what was done before, and questions about rights are free.
func IsKubernetesWrite(request *http.Request) bool {
	return IsWrite(request) && !slices.ContainsFunc(free, func(path *regexp.Regexp) bool { return path.MatchString(request.URL.Path) })
}

var free = []*regexp.Regexp{
	regexp.MustCompile(`^/apis/(coordination|events|authentication|authorization)\.k8s\.io/`),
	regexp.MustCompile(`^/api/v1/namespaces/[^/]+/events(/|$)`),
}
