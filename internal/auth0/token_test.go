package auth0

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

func jwtOf(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
}

func TestTokenSetTakesItsTimesFromTheToken(t *testing.T) {
	now := time.Unix(5000, 0)
	for _, row := range []struct {
		name            string
		answer          string
		issued, expires int64
		scopes          []string
	}{
		{"claims count", `{"access_token":"` + jwtOf(`{"iat":4000,"exp":4600,"scope":"a b"}`) + `","token_type":"Bearer","expires_in":600}`, 4000, 4600, []string{"a", "b"}},
		{"the answer's scope counts before the claim", `{"access_token":"` + jwtOf(`{"iat":4000,"exp":4600,"scope":"a b"}`) + `","expires_in":600,"scope":"a"}`, 4000, 4600, []string{"a"}},
		{"an opaque token", `{"access_token":"opaque","expires_in":600,"scope":"a"}`, 5000, 5600, []string{"a"}},
		{"claims that make no sense", `{"access_token":"` + jwtOf(`{"iat":4000,"exp":1}`) + `","expires_in":600}`, 5000, 5600, nil},
	} {
		set, err := parseTokenSet([]byte(row.answer), now)
		if err != nil {
			t.Fatal(err)
		}
		if set.IssuedAt.Unix() != row.issued || set.ExpiresAt.Unix() != row.expires || !slices.Equal(set.Scopes, row.scopes) {
			t.Errorf("%s: %d to %d with %v", row.name, set.IssuedAt.Unix(), set.ExpiresAt.Unix(), set.Scopes)
		}
	}
	for _, answer := range []string{``, `{}`, `{"access_token":""}`, `<html>`} {
		if _, err := parseTokenSet([]byte(answer), now); ClassOf(err) != ClassUnavailable {
			t.Errorf("answer %q: %v", answer, err)
		}
	}
}

// TestWhomAnOpaqueTokenIsFor checks that the ID token names the subject of an opaque token.
func TestWhomAnOpaqueTokenIsFor(t *testing.T) {
	answer := `{"access_token":"opaque","id_token":"` + jwtOf(`{"sub":"auth0|ada","iat":1,"exp":2}`) + `","expires_in":600}`
	set, err := parseTokenSet([]byte(answer), time.Unix(5000, 0))
	if err != nil || set.Subject != "auth0|ada" || set.ExpiresAt.Unix() != 5600 {
		t.Errorf("%+v, %v", set, err)
	}
}

// issuer counts what it issues.
type issuer struct {
	mu     sync.Mutex
	issued int
	age    time.Duration
}

func (i *issuer) issue(context.Context) (TokenSet, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	at := time.Now().Add(-i.age)
	return TokenSet{AccessToken: fmt.Sprint("token-", i.issued), IssuedAt: at, ExpiresAt: at.Add(24 * time.Hour)}, nil
}

func TestManagementTokenIsIssuedOnceForAll(t *testing.T) {
	source := &issuer{}
	token := newManagementToken(clock.RealClock{}, nil, source.issue)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { _, _ = token.get(t.Context()) })
	}
	all.Wait()
	if source.issued != 1 {
		t.Errorf("%d tokens were issued for 50 callers", source.issued)
	}
}

func TestManagementTokenIsRenewedAhead(t *testing.T) {
	source := &issuer{age: 23 * time.Hour}
	token := newManagementToken(clock.RealClock{}, nil, source.issue)
	for range 2 {
		if _, err := token.get(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if source.issued != 2 {
		t.Errorf("a token with an hour left of a day was used again")
	}
}

func TestRefusedTokenIsReplacedUnlessYoung(t *testing.T) {
	for age, want := range map[time.Duration]bool{0: false, 2 * time.Minute: true} {
		source := &issuer{age: age}
		token := newManagementToken(clock.RealClock{}, nil, source.issue)
		first, _ := token.get(t.Context())
		if another := token.forget(first.AccessToken); another != want {
			t.Errorf("a refused token of %s: another one is %v, want %v", age, another, want)
		}
		if !token.forget("an older one") {
			t.Errorf("a token that was replaced already: no other one")
		}
	}
}
