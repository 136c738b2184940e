package auth0

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// sessionWith opens a session to a server that answers with handle, and issues any token.
func sessionWith(t *testing.T, handle http.HandlerFunc) *Session {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"planted-management-token","expires_in":86400,"scope":"read:roles"}`)
	})
	mux.HandleFunc("/", handle)
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	metrics := NewMetrics(prometheus.NewRegistry())
	credentials := Credentials{
		Domain: strings.TrimPrefix(server.URL, "https://"), CABundle: string(authority),
		Application: Application{ID: "ours", Secret: "planted-client-secret"},
	}
	session := newSession(credentials, "default/main", newTestLimiter(nil).Limiter, metrics)
	t.Cleanup(session.close)
	return session
}

// TestAnswersAreBounded checks that the bounds of an answer limit what is read.
func TestAnswersAreBounded(t *testing.T) {
	text := func(size int) string { return `{"id":"rol_1","name":"` + strings.Repeat("x", size) + `"}` }
	values := func(count int) string { return `{"id":"rol_1","all":[` + strings.Repeat("{},", count) + `{}]}` }
	for _, row := range []struct {
		name, answer string
		want         Class
		says         string
	}{
		{"a large one", text(1 << 20), "", ""},
		{"one beyond 2 MiB", text(2 << 20), ClassTooLarge, "larger than 2048 KiB"},
		{"one of 16 MiB", text(16 << 20), ClassTooLarge, "larger than 2048 KiB"},
		{"many values", values(10_000), "", ""},
		{"more values", values(30_000), ClassTooLarge, "more than 25000 values"},
		{"signs in a text are no values", `{"id":"rol_1","name":"` + strings.Repeat(`,[{:\"`, 20_000) + `"}`, "", ""},
		{"nothing but opening brackets", strings.Repeat("[", 1<<20), ClassTooLarge, "more than 25000 values"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := sessionWith(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, row.answer) })
			_, err := s.Get(t.Context(), "roles", "rol_1")
			if ClassOf(err) != row.want || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v (class %q), want class %q", err, ClassOf(err), row.want)
			}
		})
	}
}

// TestLargeAnswersKeepNoMemory reads the largest possible answers for many objects at once.
func TestLargeAnswersKeepNoMemory(t *testing.T) {
	answer := bytes.Repeat([]byte("x"), 16<<20)
	s := sessionWith(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
	var mu sync.Mutex
	var most uint64
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			_, err := s.Get(context.Background(), "roles", "rol_1")
			if class := ClassOf(err); class != ClassTooLarge && class != ClassRateLimited {
				t.Errorf("got %v", err)
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			mu.Lock()
			defer mu.Unlock()
			most = max(most, memory.HeapInuse)
		})
	}
	all.Wait()
	if used := most >> 20; used > 128 {
		t.Errorf("40 answers of 16 MiB took %d MiB", used)
	}
}

// TestSlowAnswersKeepNobodyFromReading fills the budget for reading with answers that never end.
func TestSlowAnswersKeepNobodyFromReading(t *testing.T) {
	t.Parallel()
	other := sessionWith(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"rol_1"}`) })
	if _, err := other.Get(t.Context(), "roles", "rol_1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var began, all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for range mostReadPerProcess / mostReadPerTenant {
		slow := sessionWith(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "rol_0") {
				_, _ = io.WriteString(w, `{"id":"rol_0"}`)
				return
			}
			_, _ = io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			began.Done()
			<-r.Context().Done()
		})
		if _, err := slow.Get(ctx, "roles", "rol_0"); err != nil {
			t.Fatal(err)
		}
		for range mostReadPerTenant / mostObject {
			began.Add(1)
			all.Go(func() {
				if role, err := slow.Get(ctx, "roles", "rol_1"); err == nil {
					t.Errorf("got %v", role)
				}
			})
		}
	}
	began.Wait()
	soon, stop := context.WithTimeout(t.Context(), 2*ratelimit.SlowAnswer)
	defer stop()
	if _, err := other.Get(soon, "roles", "rol_1"); err != nil {
		t.Errorf("a tenant that answers at once waits for slow ones: %v", err)
	}
}

// TestWhatIsNotJSONIsNoAnswer reads a page from a proxy in front of Auth0.
func TestWhatIsNotJSONIsNoAnswer(t *testing.T) {
	s := sessionWith(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>Sign in to the network</html>")
	})
	if _, err := s.Get(t.Context(), "roles", "rol_1"); ClassOf(err) != ClassUnavailable || !strings.Contains(err.Error(), "something that is not JSON") {
		t.Errorf("got %v (class %q)", err, ClassOf(err))
	}
}

// TestListsEnd reads lists that would never end.
func TestListsEnd(t *testing.T) {
	for _, row := range []struct {
		name string
		// next and client return the contents of a page.
		next   func(page int) string
		client func(page int) string
		calls  int
		want   Class
	}{
		{"a next that repeats", func(int) string { return "again" }, func(int) string { return `{"client_id":"a"}` }, 2, ""},
		{"pages in a circle", func(page int) string { return fmt.Sprint(page % 3) }, func(int) string { return `{"client_id":"a"}` }, 4, ""},
		{"empty pages", func(page int) string { return fmt.Sprint(page) }, func(int) string { return "" }, 1, ""},
		{"no end", func(page int) string { return fmt.Sprint(page) }, func(int) string {
			return `{"client_id":"` + strings.Repeat("x", 1<<20) + `"}`
		}, 16, ClassTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := 0
			s := sessionWith(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				_, _ = fmt.Fprintf(w, `{"clients":[%s],"next":%q}`, row.client(calls), row.next(calls))
			})
			_, err := s.List(t.Context(), "clients")
			if ClassOf(err) != row.want || calls != row.calls {
				t.Errorf("%d calls and %v, want %d calls and class %q", calls, err, row.calls, row.want)
			}
		})
	}
}

// TestNoSecretIsQuoted reads answers of a server that sends requests back.
func TestNoSecretIsQuoted(t *testing.T) {
	var echo func(http.ResponseWriter, *http.Request)
	s := sessionWith(t, func(w http.ResponseWriter, r *http.Request) { echo(w, r) })
	refuse := func(w http.ResponseWriter, message string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"message":%q,"errorCode":%q}`, message, message)
	}
	for _, row := range []struct {
		name string
		echo func(http.ResponseWriter, *http.Request)
		call func() error
	}{
		{"the token", func(w http.ResponseWriter, r *http.Request) { refuse(w, r.Header.Get("Authorization")) },
			func() error { _, err := s.Get(t.Context(), "roles", "rol_1"); return err }},
		{"a password", func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			refuse(w, string(content))
		}, func() error {
			_, err := s.Create(t.Context(), "users", Document{"email": "a@b.example", "password": "planted-\"password\""})
			return err
		}},
		{"the options of a connection", func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			refuse(w, string(content))
		}, func() error {
			_, err := s.Update(t.Context(), "connections", "con_1", Document{"options": map[string]any{"client_secret": "planted-options-secret"}})
			return err
		}},
		{"the form of a token request", func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			refuse(w, string(content))
		}, func() error {
			return s.RevokeToken(t.Context(), Application{ID: "app", Secret: "planted-app-secret"}, "planted refresh&token")
		}},
		{"a status line", func(w http.ResponseWriter, r *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = fmt.Fprintf(connection, "HTTP/1.1 %s\r\n\r\n", r.Header.Get("Authorization"))
			_ = connection.Close()
		}, func() error { _, err := s.Get(t.Context(), "roles", "rol_1"); return err }},
		{"an escape sequence", func(w http.ResponseWriter, _ *http.Request) { refuse(w, "gone\x1b[2J") },
			func() error { _, err := s.Get(t.Context(), "roles", "rol_1"); return err }},
	} {
		t.Run(row.name, func(t *testing.T) {
			echo = row.echo
			err := row.call()
			if err == nil {
				t.Fatal("the call succeeded")
			}
			if text := err.Error(); strings.Contains(text, "planted") || strings.Contains(text, "\x1b") {
				t.Errorf("the message is %q", text)
			}
		})
	}
}
