package auth0

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/utils/clock"
)

// refusing fails the test if anything is sent.
type refusing struct{ *testing.T }

func (r refusing) RoundTrip(request *http.Request) (*http.Response, error) {
	r.Errorf("%s %s was sent", request.Method, request.URL)
	return nil, errors.New("nothing is sent in this test")
}

func newUnsendingSession(t *testing.T) *Session {
	t.Helper()
	metrics := NewMetrics(noRegistry{})
	session := newSession(Credentials{Domain: "tenant.example.com", Application: Application{ID: "own"}}, "test", newTestLimiter(nil).Limiter, metrics)
	session.http.Transport.(*transport).base = refusing{t}
	session.token = newManagementToken(clock.RealClock{}, nil, func(context.Context) (TokenSet, error) { return TokenSet{AccessToken: "token"}, nil })
	return session
}

// TestIDsThatLeaveTheirPlaceInThePath calls all routes with ids that a server or proxy could resolve to another path.
func TestIDsThatLeaveTheirPlaceInThePath(t *testing.T) {
	t.Parallel()
	session, ctx := newUnsendingSession(t), t.Context()
	calls := map[string]func(id string) error{
		"read a user":     func(id string) error { _, err := session.Get(ctx, "users", id); return err },
		"delete a user":   func(id string) error { return session.Delete(ctx, "users", id) },
		"delete a role":   func(id string) error { return session.Delete(ctx, "roles", id) },
		"update a client": func(id string) error { _, err := session.Update(ctx, "clients", id, Document{}); return err },
		"rotate a secret": func(id string) error { _, err := session.RotateClientSecret(ctx, id); return err },
		"delete a key":    func(id string) error { return session.DeleteClientCredential(ctx, "client", id) },
		"list keys":       func(id string) error { _, err := session.ClientCredentials(ctx, id); return err },
		"delete a grant":  func(id string) error { return session.Delete(ctx, "client-grants", id) },
		"find by name": func(id string) error {
			_, err := session.Find(ctx, "organizations", map[string]string{"name": id})
			return err
		},
		"members":             func(id string) error { return session.RemoveOrganizationMembers(ctx, id, []string{"auth0|1"}) },
		"a member's roles":    func(id string) error { return session.RemoveMemberRoles(ctx, "org_1", id, []string{"rol_1"}) },
		"read a job":          func(id string) error { _, err := session.Job(ctx, id); return err },
		"lift blocks":         func(id string) error { return session.Unblock(ctx, id) },
		"enabled clients":     func(id string) error { _, err := session.EnabledClients(ctx, id); return err },
		"delete an API":       func(id string) error { return session.Delete(ctx, "resource-servers", id) },
		"an org's client":     func(id string) error { return session.RemoveOrganizationClientGrant(ctx, "org_1", id) },
		"an org's connection": func(id string) error { return session.RemoveOrganizationConnection(ctx, "org_1", id) },
	}
	for name, call := range calls {
		for _, id := range []string{"", ".", "..", "../clients/own", "a/b", `a\b`, "a\x00b", "a\nb", "a\x7fb", "\xff"} {
			if err := call(id); ClassOf(err) != ClassInvalid || !strings.Contains(err.Error(), "not sent") {
				t.Errorf("%s with the id %q: %v", name, id, err)
			}
		}
	}
}

// fixedAnswer answers every call with the same JSON.
type fixedAnswer string

func (a fixedAnswer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

// TestIDsInAnswers reads answers with ids that would lead a later call to another path.
func TestIDsInAnswers(t *testing.T) {
	t.Parallel()
	session, ctx := newUnsendingSession(t), t.Context()
	for _, id := range []string{".", "..", "a/../b"} {
		for _, field := range []string{"id", "client_id", "user_id"} {
			session.http.Transport.(*transport).base = fixedAnswer(fmt.Sprintf(`{%q: %q, "name": "x"}`, field, id))
			_, created := session.Create(ctx, "roles", Document{"name": "x"})
			_, read := session.Get(ctx, "clients", "client")
			for name, err := range map[string]error{"create": created, "read": read} {
				if ClassOf(err) != ClassInvalid || !strings.Contains(err.Error(), "cannot be the id") {
					t.Errorf("%s: an answer with %s %q: %v", name, field, id, err)
				}
			}
		}
	}
}

// TestIDsOfUsers accepts ids that real users have.
func TestIDsOfUsers(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"auth0|507f1f77bcf86cd799439011", "samlp|acme|jane.doe@example.com", "oauth2|x|a b%2F?#ü", "...", "a..b"} {
		if err := checkID(id); err != nil {
			t.Error(err)
		}
	}
}

// TestTheOwnApplicationIsNotChanged makes every call that changes an application, with the operator's own.
func TestTheOwnApplicationIsNotChanged(t *testing.T) {
	t.Parallel()
	session, ctx := newUnsendingSession(t), t.Context()
	_, updated := session.Update(ctx, "clients", "own", Document{})
	_, rotated := session.RotateClientSecret(ctx, "own")
	_, keyed := session.CreateClientCredential(ctx, "own", Document{})
	for name, err := range map[string]error{
		"update": updated, "rotate": rotated, "delete": session.Delete(ctx, "clients", "own"), "create a key": keyed,
		"change a key": session.UpdateClientCredential(ctx, "own", "cred", Document{}), "delete a key": session.DeleteClientCredential(ctx, "own", "cred"),
	} {
		if ClassOf(err) != ClassInvalid || !strings.Contains(err.Error(), "the operator's own application") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
