package auth0

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func parse(t *testing.T, text string) Document {
	t.Helper()
	document, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestChangesInTheLog(t *testing.T) {
	s := &Session{}
	s.credentials.Application.ID = "ours"
	call := func(client, path, body, answer string) string {
		return fmt.Sprintf(`{"type":"sapi","client_id":%q,"details":{"request":{"method":"patch","path":%q,"body":%s},"response":{"body":%s}}}`, client, path, body, answer)
	}
	for _, row := range []struct {
		name, entry string
		want        []Change
	}{
		{"another's call", call("", "/api/v2/users/auth0%7C1", "{}", "{}"), []Change{{Resource: "users", ID: "auth0|1"}}},
		{"our own call", call("ours", "/api/v2/users/auth0%7C1", "{}", "{}"), nil},
		{"something beside an object", call("x", "/api/v2/users/auth0%7C1/roles", "{}", "{}"), []Change{{Resource: "users", ID: "auth0|1"}}},
		{"a creation", call("x", "/api/v2/users", "{}", `{"id":"1"}`), nil},
		{"another creates an application", `{"type":"sapi","client_id":"x","details":{"request":{"method":"post","path":"/api/v2/clients"},"response":{"body":{"client_id":"new"}}}}`, []Change{{Resource: "clients", ID: "new", Created: true}}},
		{"we create an application", `{"type":"sapi","client_id":"ours","details":{"request":{"method":"post","path":"/api/v2/clients"},"response":{"body":{"client_id":"new"}}}}`, nil},
		{"members of a role", call("x", "/api/v2/roles/rol_1/users", `{"users":["auth0|1","auth0|2"]}`, "{}"), []Change{{Resource: "roles", ID: "rol_1"}, {Resource: "users", ID: "auth0|1"}, {Resource: "users", ID: "auth0|2"}}},
		{"members of an organization", call("x", "/api/v2/organizations/org_1/members", `{"members":["auth0|1"]}`, "{}"), []Change{{Resource: "organizations", ID: "org_1"}, {Resource: "users", ID: "auth0|1"}}},
		{"roles of a member", call("x", "/api/v2/organizations/org_1/members/auth0%7C1/roles", `{"roles":["rol_1"]}`, "{}"), []Change{{Resource: "organizations", ID: "org_1"}, {Resource: "users", ID: "auth0|1"}}},
		{"our own members", call("ours", "/api/v2/organizations/org_1/members", `{"members":["auth0|1"]}`, "{}"), nil},
		{"an API by its identifier", call("x", "/api/v2/resource-servers/https%3A%2F%2Forders%2F", "{}", `{"id":"6560"}`), []Change{{Resource: "resource-servers", ID: "https://orders/"}, {Resource: "resource-servers", ID: "6560"}}},
		{"a user's own change", `{"type":"scp","client_id":"x","user_id":"auth0|1"}`, []Change{{Resource: "users", ID: "auth0|1"}}},
		{"another deletes a user", `{"type":"sapi","client_id":"x","details":{"request":{"method":"delete","path":"/api/v2/users/auth0%7C1"}}}`, []Change{{Resource: "users", ID: "auth0|1", Deleted: true}}},
		{"we delete a user", `{"type":"sapi","client_id":"ours","details":{"request":{"method":"delete","path":"/api/v2/users/auth0%7C1"}}}`, []Change{{Resource: "users", ID: "auth0|1", Deleted: true, Own: true}}},
		{"we delete something of a user", `{"type":"sapi","client_id":"ours","details":{"request":{"method":"delete","path":"/api/v2/users/auth0%7C1/roles"}}}`, nil},
		{"a sign-in", `{"type":"s","client_id":"x","user_id":"auth0|1"}`, nil},
	} {
		if got := s.changesInEntry(parse(t, row.entry)); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestChangesInEvents(t *testing.T) {
	s := &Session{}
	s.credentials.Application.ID = "ours"
	for _, row := range []struct {
		name, event string
		want        []Change
	}{
		{"a user", `{"type":"user.updated","data":{"object":{"user_id":"auth0|1"},"context":{"client":{"client_id":"x"}}}}`, []Change{{Resource: "users", ID: "auth0|1"}}},
		{"ours", `{"type":"user.updated","data":{"object":{"user_id":"auth0|1"},"context":{"client":{"client_id":"ours"}}}}`, nil},
		{"a deletion", `{"type":"user.deleted","data":{"object":{"user_id":"auth0|1"},"context":{"client":{"client_id":"ours"}}}}`, []Change{{Resource: "users", ID: "auth0|1", Deleted: true, Own: true}}},
		{"a creation", `{"type":"user.created","data":{"object":{"user_id":"auth0|1"}}}`, nil},
		{"a member", `{"type":"organization.member.added","data":{"object":{"organization":{"id":"org_1"},"user":{"user_id":"auth0|1"}}}}`, []Change{{Resource: "organizations", ID: "org_1"}, {Resource: "users", ID: "auth0|1"}}},
		{"a member's role", `{"type":"organization.member.role.deleted","data":{"object":{"organization":{"id":"org_1"},"user":{"user_id":"auth0|1"},"role":{"id":"rol_1"}}}}`, []Change{{Resource: "organizations", ID: "org_1"}, {Resource: "users", ID: "auth0|1"}}},
		{"a connection of an organization", `{"type":"organization.connection.added","data":{"object":{"organization":{"id":"org_1"},"connection":{"id":"con_1"}}}}`, []Change{{Resource: "organizations", ID: "org_1"}}},
		{"a group", `{"type":"group.updated","data":{"object":{"id":"grp_1"}}}`, nil},
	} {
		if got := s.changesInEvent(parse(t, row.event)); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func TestSearchesFitIntoAURL(t *testing.T) {
	for _, length := range []int{1, 30, 200, 5000} {
		ids := make([]string, 250)
		for i := range ids {
			ids[i] = fmt.Sprintf("auth0|%0*d", length, i)
		}
		n := fitting(ids)
		query := ""
		for _, id := range ids[:n] {
			query += url.QueryEscape(orID(id))
		}
		if n < 1 || n > pageSize || n > 1 && len(query) > longestQuery {
			t.Errorf("%d ids of length %d take %d bytes", n, length, len(query))
		}
	}
}

func TestLogTime(t *testing.T) {
	at, ok := LogTime("90020261125171500123456000000000000000000000000000000001")
	if want := time.Date(2026, 11, 25, 17, 15, 0, 0, time.UTC); !ok || !at.Equal(want) {
		t.Errorf("got %v %v, want %v", at, ok, want)
	}
	if _, ok := LogTime("5f1e"); ok {
		t.Error("an id of another form has a time")
	}
}

// TestALogThatFilledMeanwhile writes more to the log than one read takes. The read does not leave the rest for later, because
// even more could arrive until then.
func TestALogThatFilledMeanwhile(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		const interval, n = 30 * time.Second, 3 * mostLogPages * 100
		session, _ := s.session()
		if _, err := session.Create(t.Context(), "users", someUser(0)); err != nil {
			t.Fatal(err)
		}
		tail := NewLogTail("", interval)
		if _, _, err := tail.Read(t.Context(), session, time.Now()); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			s.Dashboard("PATCH", "/api/v2/users/"+url.PathEscape("auth0|0"), map[string]any{"nickname": strconv.Itoa(i)})
		}
		elapse(2 * interval)
		heard := 0
		for began := time.Now(); time.Since(began) < interval; {
			changes, pause, err := tail.Read(t.Context(), session, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			heard += len(changes)
			elapse(pause)
		}
		if heard < n {
			t.Errorf("heard of %d changes of %d", heard, n)
		}
		if reads := s.count("GET /api/v2/logs"); reads > n/(pageSize-overlap)+10 {
			t.Errorf("%d reads for %d entries", reads, n)
		}
	})
}

// TestTheLogOfMuchOfOurOwn follows a log that the operator's own creations fill, two entries each, at the pace of a self-service
// plan: hardly any page is read in vain, and an edit in the dashboard is noticed as early as ever.
func TestTheLogOfMuchOfOurOwn(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		const interval, n = 30 * time.Second, 1000
		session, _ := s.session()
		var mu sync.Mutex
		edited := map[string]time.Time{}
		edit := func(i int) {
			id := "auth0|" + strconv.Itoa(i)
			mu.Lock()
			edited[id] = time.Now()
			mu.Unlock()
			s.Dashboard("PATCH", "/api/v2/users/"+url.PathEscape(id), map[string]any{"nickname": "edited"})
		}
		var group sync.WaitGroup
		group.Go(func() {
			for i := range n {
				if _, err := session.Create(t.Context(), "users", someUser(i)); err != nil {
					t.Error(err)
				}
				if i%97 == 0 {
					edit(i)
				}
				elapse(300*time.Millisecond - 2*s.latency)
			}
		})
		tail, began := NewLogTail("", interval), time.Now()
		for time.Since(began) < n*300*time.Millisecond+2*interval {
			changes, pause, err := tail.Read(t.Context(), session, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			for _, change := range changes {
				if late := time.Since(edited[change.ID]); late > interval+time.Second {
					t.Errorf("the edit of %s was heard of %s late", change.ID, late)
				}
				delete(edited, change.ID)
			}
			mu.Unlock()
			elapse(pause)
		}
		group.Wait()
		if len(edited) > 0 {
			t.Errorf("%d edits were never heard of", len(edited))
		}
		entries := 2*n + n/97 + 1
		if reads := s.count("GET /api/v2/logs"); reads > entries/(pageSize-overlap)+5 {
			t.Errorf("%d reads for %d entries", reads, entries)
		}
	})
}
