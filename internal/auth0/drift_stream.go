package auth0

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	routeEvents = "/api/v2/events"
	// longestSilence ends a stream of events on which not even a heartbeat came.
	longestSilence = 2 * time.Minute
	// largestEvent bounds one event.
	largestEvent = 1 << 20
)

// Stream is an open connection on which Auth0 tells of changes.
type Stream struct {
	session *Session
	body    io.ReadCloser
}

// OpenStream asks for the events after an offset, or from now on if it is "". A stream ends after some minutes. An offset
// that Auth0 no longer keeps fails with ClassExpired, a connection too many with ClassForbidden.
func (s *Session) OpenStream(ctx context.Context, after string) (*Stream, error) {
	token, err := s.managementToken(ctx)
	if err != nil {
		return nil, err
	}
	current := &call{method: http.MethodGet, route: routeEvents, token: token.AccessToken, streamed: true}
	address := "https://" + s.credentials.Domain + routeEvents
	if after != "" {
		address += "?" + url.Values{"from": {after}}.Encode()
	}
	request, err := http.NewRequestWithContext(context.WithValue(ctx, callKey{}, current), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, invalidDomain(s.credentials.Domain)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := s.http.Do(request) //nolint:bodyclose // Stream.Close does.
	if err != nil {
		err = asError(ctx, http.MethodGet+" "+routeEvents, err)
		if routeClass := ClassOf(err); routeClass == ClassUnauthorized || routeClass == ClassMissingScope {
			s.token.forget(token.AccessToken)
		}
		return nil, err
	}
	return &Stream{session: s, body: response.Body}, nil
}

// Close ends the stream.
func (t *Stream) Close() { _ = t.body.Close() }

// Read reports the events as they come, with the offset after which to go on, until the stream ends.
func (t *Stream) Read(report func(offset string, changes []Change)) {
	silence := time.AfterFunc(longestSilence, t.Close)
	defer silence.Stop()
	lines := bufio.NewScanner(t.body)
	lines.Buffer(nil, largestEvent)
	for lines.Scan() {
		silence.Reset(longestSilence)
		// The lines besides data hold nothing that is not in the data as well, or are heartbeats.
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		message, err := ParseDocument([]byte(data))
		if err != nil {
			continue
		}
		report(message.String("offset"), t.session.changesInEvent(message.Object("event")))
	}
}
