package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxEvents = 20000
	// heartbeat is how often a quiet stream of events says that it is still there, and streamLifetime when it ends: Auth0
	// drops these connections every few minutes.
	heartbeat      = 15 * time.Second
	streamLifetime = 5 * time.Minute
)

// eventTypes are the types of events in streams.
var eventTypes = []string{
	"user.created", "user.updated", "user.deleted", "organization.created", "organization.updated", "organization.deleted",
	"organization.member.added", "organization.member.deleted", "organization.member.role.assigned",
	"organization.member.role.deleted", "organization.connection.added", "organization.connection.updated",
	"organization.connection.removed", "connection.created", "connection.updated", "connection.deleted",
	"group.created", "group.updated", "group.deleted", "group.member.added", "group.member.deleted",
}

// maxStreams is how many connections a plan has for events.
var maxStreams = map[RateLimit]int{RateLimitFree: 1, RateLimitSelfService: 4, RateLimitEnterprise: 8}

// hub keeps the events of the tenant, and wakes the listeners.
type hub struct {
	mu        sync.Mutex
	events    []event
	next      uint64        // offset of the next event
	changed   chan struct{} // closed and replaced when there is something new
	closed    bool
	listeners int
}

type event struct {
	offset uint64
	at     time.Time
	body   doc
}

func newHub() *hub { return &hub{next: 1, changed: make(chan struct{})} }

func (h *hub) add(at time.Time, body doc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event{h.next, at, body})
	h.next++
	if len(h.events) > maxEvents {
		h.events = slices.Clone(h.events[maxEvents/10:])
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

// close ends all streams, because their tenant no longer exists.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	close(h.changed)
	h.changed = make(chan struct{})
}

// since returns the events from an offset on, and a channel to wait on if there are none.
func (h *hub) since(offset uint64) (found []event, changed <-chan struct{}, closed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if first := h.oldest(); offset < h.next {
		found = slices.Clone(h.events[max(offset, first)-first:]) // offsets are consecutive
	}
	return found, h.changed, h.closed
}

// oldest is the first offset that is still there.
func (h *hub) oldest() uint64 {
	if len(h.events) == 0 {
		return h.next
	}
	return h.events[0].offset
}

// emit sends an event about an object to listeners and event streams.
func (c *call) emit(kind string, object any) {
	context := doc{"tenant": doc{"tenant_id": c.tenantName()}}
	if o, ok := c.Clients.Get(c.callerID()); ok {
		context["client"] = doc{"client_id": o.ID, "name": o.Doc["name"], "metadata": doc{}}
	}
	context["request"] = doc{"method": c.request.Method, "path": c.request.URL.Path, "ip": c.ip(), "user_agent": c.request.UserAgent()}
	body := doc{
		"id": longID("evt_"), "source": "urn:auth0:" + c.tenantName(), "specversion": "1.0", "type": kind,
		"time": timestamp(c.now), "a0tenant": c.tenantName(), "data": doc{"object": object, "context": context},
	}
	c.hub.add(c.now, body)
	c.deliverToStreams(body)
}

var eventQuery = queryOf(`
from string # Opaque token representing position in the stream. If not provided, stream will start from the latest events.
from_timestamp string format=date-time # RFC-3339 timestamp indicating where to start streaming events from.
event_type array<string> enum=` + strings.Join(eventTypes, ",") + ` # Event type(s) to listen for.
`)

func eventRoutes() []*route {
	stream := get("/api/v2/events", "read:events").queryOf(eventQuery).checked(checkEvents)
	stream.open = openEvents
	return []*route{stream}
}

// start is the offset that a request wants events from.
func (c *call) eventsFrom(h *hub) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := firstOf(str(c.query, "from"), c.request.Header.Get("Last-Event-ID"))
	switch {
	case text != "":
		last, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, invalid("Query", "'Object didn't pass validation for format offset: "+text+"' on property from.")
		}
		if last+1 < h.oldest() {
			return 0, apiError(http.StatusGone, "", "The requested offset has expired")
		}
		return last + 1, nil
	case str(c.query, "from_timestamp") != "":
		since, _ := time.Parse(time.RFC3339, str(c.query, "from_timestamp")) // its form was checked
		for _, e := range h.events {
			if !e.at.Before(since) {
				return e.offset, nil
			}
		}
	}
	return h.next, nil
}

// currentHub is the hub of the tenant as it is now.
func (s *Server) currentHub() *hub {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tenant.hub
}

func checkEvents(c *call) error {
	_, err := c.eventsFrom(c.currentHub())
	return err
}

// openEvents takes one of the plan's connections for events.
func openEvents(c *call) (func(http.ResponseWriter), error) {
	h := c.currentHub()
	next, err := c.eventsFrom(h)
	if err != nil {
		return nil, err
	}
	if limit, limited := maxStreams[c.options.RateLimit]; !h.enter(limit, limited) {
		return nil, apiError(http.StatusForbidden, "too_many_connections", "The maximum number of concurrent connections has been reached")
	}
	return func(w http.ResponseWriter) {
		defer h.leave()
		c.sendEvents(w, h, next)
	}, nil
}

// sendEvents sends events as they happen (server-sent events), until the client leaves or the connection is old.
func (c *call) sendEvents(w http.ResponseWriter, h *hub, next uint64) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	types := texts(c.query, "event_type")
	started, lastSign := c.clock.Now(), c.clock.Now()
	for {
		found, changed, closed := h.since(next)
		for _, e := range found {
			next = e.offset + 1
			if len(types) == 0 || contains(types, str(e.body, "type")) {
				writeEvent(w, e)
			}
		}
		if now := c.clock.Now(); len(found) > 0 || now.Sub(lastSign) >= heartbeat {
			lastSign = now
			_, _ = fmt.Fprint(w, ":\n\n")
		}
		if flush.Flush() != nil || closed || c.clock.Now().Sub(started) >= streamLifetime {
			return
		}
		if !c.awaitEvents(changed) {
			return
		}
	}
}

// awaitEvents waits for something to do on a stream; false if there will be nothing.
func (c *call) awaitEvents(changed <-chan struct{}) bool {
	moved := c.clock.moved()
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	select {
	case <-changed:
	case <-moved:
	case <-timer.C:
	case <-c.request.Context().Done():
		return false
	case <-c.ended.Done():
		return false
	}
	return true
}

func (h *hub) enter(limit int, limited bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limited && h.listeners >= limit {
		return false
	}
	h.listeners++
	return true
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners--
}

func writeEvent(w http.ResponseWriter, e event) {
	body := patch(e.body, doc{"a0stream": "est_events"})
	data := mustJSON(doc{"offset": strconv.FormatUint(e.offset, 10), "event": body})
	_, _ = fmt.Fprintf(w, "event: %s\nid: %d\ndata: %s\n\n", str(e.body, "type"), e.offset, data)
}
