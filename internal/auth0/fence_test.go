package auth0

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// TestNothingThatChangesSomethingPassesTheFence makes calls of every kind while another replica may lead. None reaches Auth0,
// none counts as a failure of the tenant, and none uses the rate limit.
func TestNothingThatChangesSomethingPassesTheFence(t *testing.T) {
	s := newTestTenant(t, simulator.RateLimitFree)
	synctest.Test(t, func(t *testing.T) {
		session, limiter := s.session()
		if _, err := session.Scopes(t.Context()); err != nil {
			t.Fatal(err)
		}
		closed := lease.New(15*time.Second, 10*time.Second)
		session.transport.base = closed.Transport(s, lease.IsWrite)
		before := s.made()
		application := Application{ID: "client", Secret: "secret"}
		for range 20 {
			for name, call := range map[string]func(context.Context) error{
				"create": func(ctx context.Context) error { _, err := session.Create(ctx, "users", someUser(1)); return err },
				"update": func(ctx context.Context) error {
					_, err := session.Update(ctx, "roles", "rol_1", Document{"name": "a"})
					return err
				},
				"delete": func(ctx context.Context) error { return session.Delete(ctx, "users", "auth0|1") },
				"add to a list": func(ctx context.Context) error {
					return session.AddOrganizationMembers(ctx, "org_1", []string{"auth0|1"})
				},
				"import": func(ctx context.Context) error {
					_, err := session.ImportUsers(ctx, "con_1", "batch", []byte("[]"))
					return err
				},
				"rotate a secret": func(ctx context.Context) error { _, err := session.RotateClientSecret(ctx, "other"); return err },
				"invite": func(ctx context.Context) error {
					_, err := session.PasswordTicket(ctx, Document{"user_id": "auth0|1"})
					return err
				},
				"sign up": func(ctx context.Context) error { _, err := session.SignUp(ctx, someUser(1)); return err },
				"refresh": func(ctx context.Context) error {
					_, err := session.IssueToken(ctx, TokenRequest{Application: application, Grant: GrantRefreshToken, RefreshToken: "one"})
					return err
				},
				"device code": func(ctx context.Context) error {
					_, err := session.StartDeviceFlow(ctx, application, "", nil)
					return err
				},
				"revoke": func(ctx context.Context) error { return session.RevokeToken(ctx, application, "one") },
			} {
				if err := call(t.Context()); !errors.Is(err, lease.ErrLost) || ClassOf(err) != "" {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if made := s.made() - before; made > 0 {
			t.Errorf("%d calls were made", made)
		}
		if outage := limiter.Outage(); outage != nil {
			t.Errorf("the tenant is taken for unavailable: %v", outage)
		}
		began := time.Now()
		if _, err := session.List(t.Context(), "roles"); err != nil || time.Since(began) > time.Second {
			t.Errorf("a read took %s: %v", time.Since(began), err)
		}
	})
}
