package tokens

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// A token family is the chain of refresh tokens that follows from one sign-in. It has a Secret of its own beside the output
// Secret, because workloads must not use it. docs/decisions/0015-token-families.md explains why nothing in it can get lost.
const (
	familySuffix = "-refresh-token"
	familyKey    = "family"
	// familyType distinguishes the Secret from Secrets for workloads.
	familyType = "auth0-operator.io/refresh-token"
)

// familySecret is the name of the Secret.
func familySecret(token *v1alpha1.Auth0Token) string {
	return token.Spec.OutputSecret.Name + familySuffix
}

// tokenFamily is the state of a sign-in.
type tokenFamily struct {
	// Source identifies the grant that the sign-in used.
	Source grantSource `json:"source"`
	// Tokens are the newest that Auth0 issued, with the refresh token to use next.
	Tokens auth0.TokenSet `json:"tokens"`
	// Asked is a digest of the audience and scopes of the request for Tokens.
	Asked string `json:"asked,omitempty"`
	// Previous is the refresh token before the current one. Auth0 accepts it within the leeway.
	Previous string `json:"previous,omitempty"`
	// SignedInAt is when the family started. RefreshedAt is when the request for Tokens was sent: Auth0 replaced Previous no
	// earlier.
	SignedInAt  time.Time `json:"signedInAt"`
	RefreshedAt time.Time `json:"refreshedAt"`
	// Lost is Auth0's message if it no longer accepts the refresh token.
	Lost string `json:"lost,omitempty"`

	// Rules are the application's settings, if the operator could read them.
	Rules      auth0.RefreshRules `json:"rules"`
	RulesKnown bool               `json:"rulesKnown,omitempty"`

	// Exchange is a request that may be in flight, or whose answer got lost.
	Exchange *exchange `json:"exchange,omitempty"`
	// Device is a sign-in that waits for a person's approval.
	Device *deviceFlow `json:"device,omitempty"`
	// Predecessor is the family that this one replaces. It is kept until this one has tokens, because a person may have made a
	// mistake.
	Predecessor *tokenFamily `json:"predecessor,omitempty"`
}

// grantSource identifies where tokens come from, by digests of the spec and of the initial code or refresh token.
type grantSource struct {
	Base              string `json:"base"`
	InitialCredential string `json:"initialCredential,omitempty"`
}

// exchange is a request that may use up its code or refresh token.
type exchange struct {
	// By is the process that makes the request. It gives up at Until.
	By    string    `json:"by"`
	Until time.Time `json:"until"`
	// Began is when the first request with an unknown effect was sent.
	Began time.Time `json:"began"`
	// IsSignIn is true for a sign-in, which starts another token family, and false for a refresh.
	IsSignIn bool `json:"isSignIn,omitempty"`
	// TookEffect is true if the tenant's log shows that Auth0 replaced the refresh token. Nobody has the new one.
	TookEffect bool `json:"tookEffect,omitempty"`
}

// is reports whether two exchanges are the same. One may have been read back from the Secret.
func (a *exchange) is(other exchange) bool {
	return a != nil && a.By == other.By && a.Until.Equal(other.Until)
}

// busy is how long another process may still be waiting for its answer.
func (a *exchange) busy(process string, now time.Time) time.Duration {
	if a == nil || a.By == process {
		return 0
	}
	return max(0, a.Until.Sub(now))
}

// isAlive reports whether the family has tokens, of whatever source.
func (l *tokenFamily) isAlive() bool { return l.Tokens.AccessToken+l.Tokens.RefreshToken != "" }

// continues reports whether the tokens are of this source. A used code or refresh token may be missing from its Secret.
func (l *tokenFamily) continues(from grantSource) bool {
	return l.isAlive() && l.Source.Base == from.Base && (from.InitialCredential == "" || from.InitialCredential == l.Source.InitialCredential)
}

// issuedFamily is the newest family that has an access token, or nil.
func (l *tokenFamily) issuedFamily() *tokenFamily {
	if l.Tokens.AccessToken != "" {
		return l
	}
	return l.Predecessor
}

// replaced reports whether the family started with this refresh token and Auth0 has, or may have, replaced it.
func (l *tokenFamily) replaced(initialCredential string) bool {
	return l != nil && l.Source.InitialCredential == initialCredential && (!l.RulesKnown || l.Rules.Rotating)
}

// mayReplayPrevious reports whether Auth0 still accepts the previous refresh token. After the leeway, Auth0 would revoke the
// whole token family.
func (l *tokenFamily) mayReplayPrevious(now time.Time) bool {
	return l.Previous != "" && l.RulesKnown && now.Before(l.RefreshedAt.Add(l.Rules.Leeway))
}

// isReplayable reports whether a refresh can be repeated after its answer got lost.
func (l *tokenFamily) isReplayable() bool {
	return l.RulesKnown && (!l.Rules.Rotating || l.Rules.Leeway > 0)
}

// mayRepeat reports whether Auth0 accepts the newest refresh token again, even if the lost exchange took effect.
func (l *tokenFamily) mayRepeat(now time.Time) bool {
	return l.RulesKnown && (!l.Rules.Rotating || now.Before(l.Exchange.Began.Add(l.Rules.Leeway)))
}

// next is the family after a refresh that was sent at sentAt.
func (l *tokenFamily) next(answer auth0.TokenSet, sentAt time.Time) *tokenFamily {
	next := &tokenFamily{
		Source: l.Source, Tokens: answer, Previous: l.Tokens.RefreshToken, SignedInAt: l.SignedInAt, RefreshedAt: sentAt,
		Rules: l.Rules, RulesKnown: l.RulesKnown,
	}
	// An opaque token does not contain its subject.
	next.Tokens.Subject = cmp.Or(answer.Subject, l.Tokens.Subject)
	if answer.RefreshToken == "" || answer.RefreshToken == l.Tokens.RefreshToken {
		// The refresh token does not rotate.
		next.Tokens.RefreshToken, next.Previous = l.Tokens.RefreshToken, ""
	}
	return next
}

// familyStore is the Secret of a token family as last read or written.
type familyStore struct {
	secret.Output
	current *corev1.Secret
}

// openFamily reads the token family. An answer of Auth0 that could not be saved yet takes precedence over the stored family.
func (w *tokenSync) openFamily(ctx context.Context) error {
	w.familyStore = familyStore{Output: secret.Output{Client: w.Client, Owner: w.token, Name: familySecret(w.token), Type: familyType, Internal: true}}
	if w.token.Spec.ClientCredentials != nil {
		return nil
	}
	if err := w.readFamily(ctx); err != nil {
		return err
	}
	unsaved, ok := w.unsaved.Load(w.token.UID)
	if !ok {
		return nil
	}
	return w.saveAnswer(ctx, unsaved.(*unsavedFamily))
}

func (w *tokenSync) readFamily(ctx context.Context) error {
	current, err := w.familyStore.Get(ctx)
	if err != nil {
		return err
	}
	family := &tokenFamily{}
	if current == nil {
		w.familyStore.current, w.family = nil, family
		return nil
	}
	if err := json.Unmarshal(current.Data[familyKey], family); err != nil {
		return problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s is corrupted; restore it, or delete it to start with a new sign-in", w.token.Namespace, w.familyStore.Name)
	}
	w.familyStore.current, w.family = current, family
	return nil
}

// save writes the token family if nobody else has since it was read. If two processes start a refresh, one of them fails here.
func (w *tokenSync) save(ctx context.Context, family *tokenFamily) error {
	encoded, err := json.Marshal(family)
	if err != nil {
		return fmt.Errorf("encode token family: %w", err)
	}
	written, err := w.familyStore.Swap(ctx, w.familyStore.current, map[string][]byte{familyKey: encoded})
	if err != nil {
		return err
	}
	w.familyStore.current, w.family = written, family
	return nil
}

// unsavedFamily is a token family after Auth0's answer to an exchange. exchange is nil for a device code, which needs no record:
// nobody else can use it.
type unsavedFamily struct {
	family   *tokenFamily
	exchange *exchange
}

// isSuperseded reports whether another process has continued the stored token family. A deleted Secret does not count.
func (a *unsavedFamily) isSuperseded(stored familyStore, family *tokenFamily) bool {
	return a.exchange != nil && stored.current != nil && !family.Exchange.is(*a.exchange)
}

// answerTries and answerPause bound the attempts to save an answer. After the last one, the answer stays in memory.
const (
	answerTries   = 5
	answerPause   = 200 * time.Millisecond
	answerTimeout = 15 * time.Second
)

// saveAnswer saves the result of an exchange, even if somebody has changed the Secret meanwhile. It does not overwrite the result
// of another process that took over after this one's time was up.
func (w *tokenSync) saveAnswer(ctx context.Context, answer *unsavedFamily) error {
	ctx, cancel := context.WithTimeout(lease.Recording(context.WithoutCancel(ctx)), answerTimeout)
	defer cancel()
	w.unsaved.Store(w.token.UID, answer)
	for try := 1; ; try++ {
		if answer.isSuperseded(w.familyStore, w.family) {
			w.unsaved.Delete(w.token.UID)
			return apierrors.NewConflict(corev1.Resource("secrets"), w.familyStore.Name, errors.New("another process went on with the token family"))
		}
		err := w.save(ctx, answer.family)
		if err == nil {
			w.unsaved.Delete(w.token.UID)
			return nil
		}
		if try == answerTries {
			return err
		}
		<-w.Clock.After(answerPause)
		// If the read fails as well, the next write fails again.
		_ = w.readFamily(ctx)
	}
}
