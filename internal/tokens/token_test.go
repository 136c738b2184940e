package tokens

import (
	"fmt"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// TestRenewalsSpread checks that ten thousand tokens that were issued at once are due over hours, each always at the same time.
func TestRenewalsSpread(t *testing.T) {
	issued := time.Unix(1_800_000_000, 0)
	held := auth0.TokenSet{IssuedAt: issued, ExpiresAt: issued.Add(24 * time.Hour)}
	const tokens, minutes = 10_000, 144 // a tenth of a day
	perMinute := map[int64]int{}
	for i := range tokens {
		w := &tokenSync{family: &tokenFamily{}, token: &v1alpha1.Auth0Token{ObjectMeta: metav1.ObjectMeta{UID: types.UID(fmt.Sprint("uid-", i))}}}
		at := w.renewal(held)
		if !at.Equal(w.renewal(held)) {
			t.Fatal("the same token comes due at another time")
		}
		before := held.ExpiresAt.Sub(at)
		if least := 24 * time.Hour / 5; before < least || before > least+minutes*time.Minute {
			t.Fatalf("renewed %s before the expiry", before)
		}
		perMinute[int64(before/time.Minute)]++
	}
	for minute, count := range perMinute {
		if count > 2*tokens/minutes {
			t.Errorf("%d of %d tokens come due in minute %d", count, tokens, minute)
		}
	}
}

// TestNothingIsRememberedOfTheDeleted checks that the process, which may run for months, keeps nothing of a deleted object.
func TestNothingIsRememberedOfTheDeleted(t *testing.T) {
	h := &tokenHandler{
		Deps:      engine.Deps{Outputs: secret.NewExpectations()},
		failures:  &failures{of: map[types.NamespacedName]*failure{}},
		deletions: &userDeletions{},
	}
	token := &v1alpha1.Auth0Token{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one", UID: "uid"}}
	w := &tokenSync{tokenHandler: h, token: token, family: &tokenFamily{}}
	memories := map[string]*sync.Map{"unsaved": &h.unsaved, "polled": &h.polled, "deletions": &h.deletions.tokens}
	for _, memory := range memories {
		memory.Store(token.UID, true)
	}
	h.claims.Store("hash", w.name())
	memories["claims"] = &h.claims
	token.Status.AppliedSecrets = []v1alpha1.AppliedSecret{{Field: used, Hash: "hash"}}
	h.failures.asking(w.name(), failedRequest{})
	w.released("")
	for name, memory := range memories {
		memory.Range(func(key, _ any) bool {
			t.Errorf("%s still knows %v", name, key)
			return true
		})
	}
	if len(h.failures.of) > 0 {
		t.Errorf("what was refused is still known: %v", h.failures.of)
	}
}

// TestRenewalComesBeforeTheRefreshTokenDies checks that an idle refresh token is used before it expires.
func TestRenewalComesBeforeTheRefreshTokenDies(t *testing.T) {
	issued := time.Unix(1_800_000_000, 0)
	tokens := auth0.TokenSet{AccessToken: "a", RefreshToken: "r", IssuedAt: issued, ExpiresAt: issued.Add(30 * 24 * time.Hour)}
	w := &tokenSync{
		token:  &v1alpha1.Auth0Token{},
		family: &tokenFamily{Tokens: tokens, RefreshedAt: issued, Rules: auth0.RefreshRules{IdleLifetime: 15 * 24 * time.Hour}, RulesKnown: true},
	}
	if at := w.renewal(tokens); at.After(issued.Add(8 * 24 * time.Hour)) {
		t.Errorf("renewed at %s; the refresh token dies after 15 days without use", at)
	}
}

func TestRenewalMoments(t *testing.T) {
	issued := time.Unix(1_800_000_000, 0)
	held := auth0.TokenSet{IssuedAt: issued, ExpiresAt: issued.Add(10 * time.Hour)}
	for _, row := range []struct {
		name string
		spec v1alpha1.Auth0TokenSpec
		want time.Duration
	}{
		{"default", v1alpha1.Auth0TokenSpec{}, 2 * time.Hour},
		{"time", v1alpha1.Auth0TokenSpec{RenewBefore: &metav1.Duration{Duration: time.Hour}}, time.Hour},
		{"more than half", v1alpha1.Auth0TokenSpec{RenewBefore: &metav1.Duration{Duration: 9 * time.Hour}}, 5 * time.Hour},
		{"percentage", v1alpha1.Auth0TokenSpec{RenewBeforePercentage: new(int32(40))}, 4 * time.Hour},
	} {
		w := &tokenSync{family: &tokenFamily{}, token: &v1alpha1.Auth0Token{Spec: row.spec}}
		if before := held.ExpiresAt.Sub(w.renewal(held)); before < row.want || before > row.want+time.Hour {
			t.Errorf("%s: renewed %s before the expiry, want %s and up to an hour more", row.name, before, row.want)
		}
	}
}
