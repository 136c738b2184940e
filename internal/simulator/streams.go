package simulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventStream sends events to a destination.
type eventStream struct {
	ID         string
	Doc        doc
	Secrets    doc // of the destination; never shown
	Deliveries *table[*delivery]
}

// delivery is the outcome of sending an event.
type delivery struct {
	Doc doc
}

// retries are the pauses before the second, third and fourth attempt.
var retries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

const streamsPath = "/api/v2/event-streams"

var (
	streamPath     = objectOf(`id! string format=event-stream-id # Unique identifier for the event stream.`)
	streamCreation = objectOf(`
name string len=1..128 # Name of the event stream.
subscriptions array<object> # List of event types subscribed to in this stream.
  event_type string enum=` + strings.Join(eventTypes, ",") + `
destination! object
  type! string enum=webhook,eventbridge,action
  configuration! object open
status string enum=enabled,disabled # Indicates whether the event stream is actively forwarding events.
`)
	streamChange   = streamCreation.optional()
	deliveryFilter = queryOf(checkpointParameters, `
statuses string # Comma-separated list of statuses by which to filter
event_types string # Comma-separated list of event types by which to filter
date_from string
date_to string
`)
)

// eventStreams send events to webhooks and partners.
func eventStreams() resource {
	return &collection[*eventStream]{
		path: "event-streams", title: "an event stream", scopes: "event_streams", inPath: streamPath,
		table:    func(c *call) (*table[*eventStream], error) { return c.Streams, nil },
		doc:      func(s *eventStream) doc { return s.Doc },
		id:       identifier{field: "id", new: func(*call) string { return longID("est_") }},
		list:     &operation{query: queryOf(checkpointParameters)},
		get:      &operation{},
		create:   &operation{body: streamCreation},
		update:   &operation{body: streamChange},
		remove:   &operation{},
		more:     streamRoutes(),
		items:    "eventStreams",
		defaults: doc{"status": "enabled"},
		unique:   []unique{{fields: []string{"name"}, message: "An event stream with this name already exists."}},
		limit:    maxStreams,
		full: func() *failure {
			return apiError(http.StatusConflict, "", "The maximum number of event streams has been reached.")
		},
		timestamps: true,
		missing:    noStream,
		build:      buildStream,
	}
}

func streamRoutes() []*route {
	const one = streamsPath + "/{id}"
	return []*route{
		post(one+"/test", http.StatusAccepted, "update:event_streams").pathOf(streamPath).
			bodyOf(objectOf("event_type! string enum=" + strings.Join(eventTypes, ",") + "\ndata object")).does(testStream),
		get(one+"/deliveries", "read:event_deliveries", "read:event_streams").pathOf(streamPath).queryOf(deliveryFilter).
			does(listDeliveries),
		get(one+"/deliveries/{event_id}", "read:event_deliveries", "read:event_streams").pathOf(streamPath).does(getDelivery),
		post(one+"/redeliver", http.StatusAccepted, "update:event_deliveries", "update:event_streams").pathOf(streamPath).
			bodyOf(objectOf("date_from string\ndate_to string\nstatuses array<string>\nevent_types array<string>")).does(redeliverAll),
		post(one+"/redeliver/{event_id}", http.StatusAccepted, "update:event_deliveries", "update:event_streams").
			pathOf(streamPath).does(redeliverOne),
		get(one+"/stats", "read:event_streams", "read:event_deliveries").pathOf(streamPath).does(streamStats),
	}
}

func noStream() *failure {
	return apiError(http.StatusNotFound, "", "The requested stream does not exist.")
}

func (c *call) stream() (*eventStream, error) {
	if s, ok := c.Streams.Get(c.params["id"]); ok {
		return s, nil
	}
	return nil, noStream()
}

// showDestination is a destination without its secrets, and what Auth0 adds.
func (c *call) showDestination(given doc) (shown, secrets doc, err error) {
	configuration := object(given, "configuration")
	switch str(given, "type") {
	case "webhook":
		endpoint := str(configuration, "webhook_endpoint")
		if !strings.HasPrefix(endpoint, "https://") {
			return nil, nil, invalid("Payload", "'String does not match pattern ^https://: "+endpoint+"' on property destination.configuration.webhook_endpoint.")
		}
		authorization := object(configuration, "webhook_authorization")
		if !contains([]string{"basic", "bearer", "custom_header"}, str(authorization, "method")) {
			return nil, nil, invalid("Payload", "'No enum match for: "+str(authorization, "method")+"' on property destination.configuration.webhook_authorization.method.")
		}
		configuration = patch(configuration, doc{"webhook_authorization": omit(authorization, "token", "password", "header_value")})
		return patch(given, doc{"configuration": configuration}), authorization, nil
	case "eventbridge":
		source := fmt.Sprintf("aws.partner/auth0.com/%s-%s/auth0.events", c.tenantName(), newUUID())
		return patch(given, doc{"configuration": patch(configuration, doc{"aws_partner_event_source": source})}), nil, nil
	}
	return given, nil, nil
}

func newUUID() string {
	h := random(32, "0123456789abcdef")
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// buildStream keeps the secrets of the destination apart.
func buildStream(c *call, before *eventStream, d doc) (*eventStream, error) {
	after := &eventStream{ID: str(d, "id"), Deliveries: newTable[*delivery]()}
	if before != nil {
		*after = *before
	}
	after.Doc = d
	if !has(c.body, "destination") {
		return after, nil
	}
	if before != nil && str(object(d, "destination"), "type") != str(object(before.Doc, "destination"), "type") {
		return nil, invalidBody("The destination type cannot be changed")
	}
	var err error
	d["destination"], after.Secrets, err = c.showDestination(object(d, "destination"))
	return after, err
}

// sampleUser is what a test event is about.
func sampleUser() doc {
	profile := doc{
		"email": "john.doe@gmail.com", "email_verified": false, "name": "John Doe", "username": "johndoe", "given_name": "John",
		"family_name": "Doe", "phone_number": "+15555555555", "phone_verified": false,
	}
	at := "2025-02-01T12:34:56Z"
	return patch(profile, doc{
		"user_id": "auth0|507f1f77bcf86cd799439020", "created_at": at, "updated_at": at, "last_login": at, "logins_count": 42,
		"last_ip": "10.0.0.1", "blocked": false, "nickname": "John Doe", "multifactor": []any{"sample"},
		"app_metadata": doc{"plan": "pro"}, "user_metadata": doc{"hobby": "skydiving"},
		"picture": "https://secure.gravatar.com/avatar/15626c5e0c749cb912f9d1ad48dba440?s=480&r=pg&d=https%3A%2F%2Fssl.gstatic.com%2Fs2%2Fprofiles%2Fimages%2Fsilhouette80.png",
		"identities": []any{doc{
			"provider": "auth0", "isSocial": false, "connection": "Username-Password-Authentication",
			"user_id": "507f1f77bcf86cd799439020", "profileData": profile,
		}},
	})
}

func testStream(c *call) (any, error) {
	s, err := c.stream()
	if err != nil {
		return nil, err
	}
	id := longID("evt_")
	var about any = sampleUser()
	if data := object(c.body, "data"); data != nil {
		about = data
	}
	body := doc{
		"id": id, "specversion": "1.0", "source": "urn:auth0:" + c.tenantName(), "type": c.body["event_type"],
		"time": timestamp(c.now), "data": doc{"object": about}, "a0purpose": "test", "a0stream": s.ID, "a0tenant": c.tenantName(),
	}
	return c.deliver(s, body).Doc, nil
}

// deliverToStreams passes an event to the streams that subscribe to it.
func (c *call) deliverToStreams(body doc) {
	for _, s := range c.Streams.All() {
		wants := slices.ContainsFunc(list(s.Doc, "subscriptions"), func(v any) bool { return v.(doc)["event_type"] == body["type"] })
		if wants && str(s.Doc, "status") == "enabled" {
			c.deliver(s, patch(body, doc{"a0stream": s.ID}))
		}
	}
}

// deliver starts a delivery, which continues after the request.
func (c *call) deliver(s *eventStream, body doc) *delivery {
	d := &delivery{Doc: doc{
		"id": body["id"], "event_stream_id": s.ID, "event_type": body["type"], "status": "pending", "attempts": []any{}, "event": body,
	}}
	s.Deliveries.Put(str(d.Doc, "id"), d)
	if str(object(s.Doc, "destination"), "type") == "webhook" {
		endpoint := str(object(object(s.Doc, "destination"), "configuration"), "webhook_endpoint")
		go c.attempt(c.tenant, s, str(d.Doc, "id"), endpoint, s.Secrets, body)
	}
	return d
}

// attempt sends an event to a webhook, up to four times, and notes the outcome. Only addresses of this machine are called.
func (s *Server) attempt(t *tenant, stream *eventStream, id, endpoint string, secrets, body doc) {
	for i := 0; ; i++ {
		status, err := s.post(endpoint, secrets, body)
		outcome := doc{"status": "success", "timestamp": timestamp(s.clock.Now()), "duration": 20.5}
		if err != nil {
			outcome = doc{"status": "failed", "timestamp": timestamp(s.clock.Now()), "duration": 20.5, "error_message": shortened(err.Error())}
		}
		last := err == nil || i >= len(retries) || status >= 400 && status < 500
		s.mu.Lock()
		if t != s.tenant { // the tenant was reset
			s.mu.Unlock()
			return
		}
		s.noteAttempt(stream, id, outcome, last)
		s.mu.Unlock()
		if last || s.ended.Err() != nil {
			return
		}
		s.clock.Sleep(s.ended, retries[i])
	}
}

// shortened is an error as deliveries show it.
func shortened(message string) string {
	const most = 50
	if len(message) <= most {
		return message
	}
	return message[:most] + " ..."
}

func (s *Server) noteAttempt(stream *eventStream, id string, outcome doc, last bool) {
	d, ok := stream.Deliveries.Get(id)
	if !ok {
		return
	}
	after := &delivery{Doc: patch(d.Doc, doc{"attempts": append(slices.Clone(list(d.Doc, "attempts")), outcome)})}
	if last {
		after.Doc["status"] = map[string]string{"success": "success", "failed": "failed"}[str(outcome, "status")]
	}
	stream.Deliveries.Put(id, after)
}

// webhooks calls receivers on this machine without checking their certificates.
var webhooks = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // see above
}

func (s *Server) post(endpoint string, secrets, body doc) (int, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return 0, err
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return 0, fmt.Errorf("Post %q: the simulator calls nobody but this machine", endpoint) //nolint:staticcheck // as net/http writes it
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(s.ended), http.MethodPost, endpoint, bytes.NewReader(mustJSON(body))) //nolint:gosec // same
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	switch str(secrets, "method") {
	case "bearer":
		request.Header.Set("Authorization", "Bearer "+str(secrets, "token"))
	case "basic":
		request.SetBasicAuth(str(secrets, "username"), str(secrets, "password"))
	case "custom_header":
		request.Header.Set(str(secrets, "header_key"), str(secrets, "header_value"))
	}
	response, err := webhooks.Do(request) //nolint:gosec // to this machine only, see above
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		return response.StatusCode, fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return response.StatusCode, nil
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	must(err)
	return data
}

func listDeliveries(c *call) (any, error) {
	s, err := c.stream()
	if err != nil {
		return nil, err
	}
	split := func(key string) []string {
		return strings.FieldsFunc(str(c.query, key), func(r rune) bool { return r == ',' })
	}
	statuses, types := split("statuses"), split("event_types")
	found := s.Deliveries.Where(func(d *delivery) bool {
		return str(d.Doc, "status") != "success" &&
			(len(statuses) == 0 || contains(statuses, str(d.Doc, "status"))) &&
			(len(types) == 0 || contains(types, str(d.Doc, "event_type")))
	})
	answer, err := checkpoint(c, "deliveries", found, showDelivery, nil)
	if page, ok := answer.(doc); ok && len(found) > 0 && page["next"] == nil && !has(c.query, "from") {
		page["next"] = encodeCheckpoint("#" + strconv.Itoa(len(found)))
	}
	return answer, err
}

// showDelivery is a delivery as it is read later: the event in it is a little shorter than it was.
func showDelivery(d *delivery) doc {
	event := patch(omit(object(d.Doc, "event"), "a0purpose"), doc{"source": "urn:auth0:"})
	data := object(event, "data")
	if about, ok := data["object"].(doc); ok {
		about = omit(about, "multifactor")
		if identities := list(about, "identities"); identities != nil {
			short := []any{}
			for _, identity := range identities {
				short = append(short, pick(identity.(doc), "connection", "provider", "user_id"))
			}
			about["identities"] = short
		}
		event["data"] = patch(data, doc{"object": about})
	}
	return patch(d.Doc, doc{"event": event})
}

func (c *call) delivery() (*eventStream, *delivery, error) {
	s, err := c.stream()
	if err != nil {
		return nil, nil, err
	}
	d, ok := s.Deliveries.Get(c.params["event_id"])
	if !ok {
		return nil, nil, apiError(http.StatusNotFound, "", "The requested event does not exist.")
	}
	return s, d, nil
}

func getDelivery(c *call) (any, error) {
	_, d, err := c.delivery()
	if err != nil {
		return nil, err
	}
	return showDelivery(d), nil
}

// again repeats failed deliveries.
func (c *call) again(s *eventStream, d *delivery) {
	attempts := append(slices.Clone(list(d.Doc, "attempts")), doc{"status": "retrying", "timestamp": timestamp(c.now)})
	event := object(d.Doc, "event")
	c.deliver(s, event)
	s.Deliveries.Put(str(d.Doc, "id"), &delivery{Doc: patch(d.Doc, doc{"attempts": attempts})})
}

func redeliverAll(c *call) (any, error) {
	s, err := c.stream()
	if err != nil {
		return nil, err
	}
	for _, d := range s.Deliveries.Where(func(d *delivery) bool { return str(d.Doc, "status") == "failed" }) {
		c.again(s, d)
	}
	return doc{}, nil
}

func redeliverOne(c *call) (any, error) {
	s, d, err := c.delivery()
	if err != nil {
		return nil, err
	}
	c.again(s, d)
	return doc{}, nil
}

// streamStats counts deliveries over the last two weeks, by day.
func streamStats(c *call) (any, error) {
	s, err := c.stream()
	if err != nil {
		return nil, err
	}
	const days = 15
	first := c.now.Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	var buckets, good, bad []any
	totals := map[string]int{}
	for day := range days {
		start := first.AddDate(0, 0, day)
		count := map[string]int{}
		for _, d := range s.Deliveries.All() {
			if strings.HasPrefix(str(object(d.Doc, "event"), "time"), start.Format(time.DateOnly)) {
				count[str(d.Doc, "status")]++
			}
		}
		buckets, good, bad = append(buckets, timestamp(start)), append(good, count["success"]), append(bad, count["failed"])
		totals["success"], totals["failed"] = totals["success"]+count["success"], totals["failed"]+count["failed"]
	}
	hour := c.now.Truncate(time.Hour)
	return doc{
		"id": s.ID, "name": s.Doc["name"], "buckets": buckets,
		"window": doc{
			"date_from": timestamp(hour.AddDate(0, 0, 1-days)), "date_to": timestamp(hour.Add(time.Hour)),
			"bucket_interval": doc{"scale_factor": 86400},
		},
		"metrics": []any{
			doc{"name": "auth0.event_streams.successful_deliveries", "window_total": totals["success"], "type": "sum", "data": good},
			doc{"name": "auth0.event_streams.failed_deliveries", "window_total": totals["failed"], "type": "sum", "data": bad},
		},
	}, nil
}
