package auth0

import (
	"testing"
	"testing/synctest"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestIDOfARecreatedDatabase looks a database up before it exists, and after each creation and deletion.
func TestIDOfARecreatedDatabase(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitNone)
	synctest.Test(t, func(t *testing.T) {
		session, _ := s.session()
		requireID := func(want string) {
			t.Helper()
			if id, err := session.DatabaseConnectionID(t.Context(), "customers"); id != want || err != nil {
				t.Errorf("got %q, %v; want %q", id, err, want)
			}
		}
		requireID("")
		created, err := session.Create(t.Context(), "connections", Document{"name": "customers", "strategy": "auth0"})
		if err != nil {
			t.Fatal(err)
		}
		requireID(created.String("id"))
		if err := session.Delete(t.Context(), "connections", created.String("id")); err != nil {
			t.Fatal(err)
		}
		requireID("")
	})
}
