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
	// longestSilence ends a stream of events without even a heartbeat.
	longestSilence = 2 * time.Minute
	// largestEvent bounds the size of one event.
	largestEvent = 1 << 20
)

// Stream is an open connection on which Auth0 sends changes.
type Stream struct {
	session *Session
	body    io.ReadCloser
}

// OpenStream requests the events after an offset, or from now on if it is "". A stream ends after some minutes. An offset that
// Auth0 no longer keeps fails with ClassExpired, one connection too many with ClassForbidden.
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
		if class := ClassOf(err); class == ClassUnauthorized || class == ClassMissingScope {
			s.token.forget(token.AccessToken)
		}
		return nil, err
	}
	return &Stream{session: s, body: response.Body}, nil
}

// Close ends the stream.
func (t *Stream) Close() { _ = t.body.Close() }

// Read reports each event with the offset to continue after, until the stream ends.
func (t *Stream) Read(report func(offset string, changes []Change)) {
	silence := time.AfterFunc(longestSilence, t.Close) //nolint:forbidigo // The network has its own time.
	defer silence.Stop()
	lines := bufio.NewScanner(t.body)
	lines.Buffer(nil, largestEvent)
	for lines.Scan() {
		silence.Reset(longestSilence)
		// The other lines repeat what the data contains, or are heartbeats.
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
