package controllers

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

// A token family is what follows from one sign-in: refresh token after refresh token. It is kept in a Secret of its own beside the
// output Secret, as workloads must not use it. docs/decisions/0015-token-families.md says why nothing here can get lost.
const (
	familySuffix = "-refresh-token"
	familyKey    = "family"
	// familyType tells the Secret from those that are for workloads.
	familyType = "auth0-operator.io/refresh-token"
)

// familySecret is the name of the Secret.
func familySecret(token *v1alpha1.Auth0Token) string {
	return token.Spec.OutputSecret.Name + familySuffix
}

// tokenFamily is what the operator remembers of a sign-in.
type tokenFamily struct {
	// Source is what the sign-in was made of.
	Source grantSource `json:"source"`
	// Tokens are the newest that Auth0 issued, with the refresh token to use next.
	Tokens auth0.TokenSet `json:"tokens"`
	// Asked is what they were asked for.
	Asked string `json:"asked,omitempty"`
	// Previous is the refresh token before, until the next has proved itself by being used.
	Previous string `json:"previous,omitempty"`
	// SignedInAt is when the token family began. RefreshedAt is when the request was sent that brought Tokens: Auth0 replaced
	// Previous no earlier.
	SignedInAt  time.Time `json:"signedInAt"`
	RefreshedAt time.Time `json:"refreshedAt"`
	// Lost is Auth0's answer to the refresh token if it does not accept it any more.
	Lost string `json:"lost,omitempty"`

	// Rules are the application's settings, as far as they could be read.
	Rules      auth0.RefreshRules `json:"rules"`
	RulesKnown bool               `json:"rulesKnown,omitempty"`

	// Exchange is a request that may be on its way, or whose answer did not get here.
	Exchange *exchange `json:"attempt,omitempty"`
	// Device is a sign-in that a person is to approve.
	Device *deviceFlow `json:"device,omitempty"`
	// Predecessor is the token family that this one is to replace, until this one has brought tokens: a person may have made a mistake.
	Predecessor *tokenFamily `json:"former,omitempty"`
}

// grantSource says what tokens come from, as digests: the spec, and what works once.
type grantSource struct {
	Base              string `json:"base"`
	InitialCredential string `json:"seed,omitempty"`
}

// exchange is a request that may use up what it is made with.
type exchange struct {
	// By is the process that makes it, which gives up at Until.
	By    string    `json:"by"`
	Until time.Time `json:"until"`
	// Began is when the first of the requests was sent whose effect is not known.
	Began time.Time `json:"began"`
	// IsSignIn tells a sign-in, which begins another token family, from a refresh.
	IsSignIn bool `json:"begins,omitempty"`
	// TookEffect is what the tenant's log said later: the refresh token was replaced, by one that nobody has.
	TookEffect bool `json:"tookEffect,omitempty"`
}

// is reports whether two are the same, one of them read back from the Secret.
func (a *exchange) is(other exchange) bool {
	return a != nil && a.By == other.By && a.Until.Equal(other.Until)
}

// busy is how long another process may still be at it.
func (a *exchange) busy(process string, now time.Time) time.Duration {
	if a == nil || a.By == process {
		return 0
	}
	return max(0, a.Until.Sub(now))
}

// isAlive reports whether there are tokens, whatever they come from.
func (l *tokenFamily) isAlive() bool { return l.Tokens.AccessToken+l.Tokens.RefreshToken != "" }

// continues reports whether the tokens are of this source. One that is gone after it was used is not held against them.
func (l *tokenFamily) continues(from grantSource) bool {
	return l.isAlive() && l.Source.Base == from.Base && (from.InitialCredential == "" || from.InitialCredential == l.Source.InitialCredential)
}

// issuedFamily is the newest token family that has brought tokens; nil if there is none.
func (l *tokenFamily) issuedFamily() *tokenFamily {
	if l.Tokens.AccessToken != "" {
		return l
	}
	return l.Predecessor
}

// replaced reports whether a token family began with a refresh token that was replaced since, or may have been.
func (l *tokenFamily) replaced(initialCredential string) bool {
	return l != nil && l.Source.InitialCredential == initialCredential && (!l.RulesKnown || l.Rules.Rotating)
}

// mayReplayPrevious reports whether Auth0 still takes the refresh token before the newest. Outside the leeway it would revoke the
// whole token family instead.
func (l *tokenFamily) mayReplayPrevious(now time.Time) bool {
	return l.Previous != "" && l.RulesKnown && now.Before(l.RefreshedAt.Add(l.Rules.Leeway))
}

// isReplayable reports whether a refresh survives that its answer gets lost.
func (l *tokenFamily) isReplayable() bool {
	return l.RulesKnown && (!l.Rules.Rotating || l.Rules.Leeway > 0)
}

// mayRepeat reports whether Auth0 takes the newest refresh token again, whatever became of the attempt to use it.
func (l *tokenFamily) mayRepeat(now time.Time) bool {
	return l.RulesKnown && (!l.Rules.Rotating || now.Before(l.Exchange.Began.Add(l.Rules.Leeway)))
}

// next is the token family after an answer to a request that was sent at a time.
func (l *tokenFamily) next(answer auth0.TokenSet, sentAt time.Time) *tokenFamily {
	next := &tokenFamily{
		Source: l.Source, Tokens: answer, Previous: l.Tokens.RefreshToken, SignedInAt: l.SignedInAt, RefreshedAt: sentAt,
		Rules: l.Rules, RulesKnown: l.RulesKnown,
	}
	// An opaque token does not say whom it is for.
	next.Tokens.Subject = cmp.Or(answer.Subject, l.Tokens.Subject)
	if answer.RefreshToken == "" || answer.RefreshToken == l.Tokens.RefreshToken {
		// It does not rotate.
		next.Tokens.RefreshToken, next.Previous = l.Tokens.RefreshToken, ""
	}
	return next
}

// familyStore is the Secret of a token family as it was read or written last.
type familyStore struct {
	secret.Output
	current *corev1.Secret
}

// openFamily reads the token family. What Auth0 answered and could not be written down yet goes before what is stored.
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

// save writes a token family down, if nobody else did since it was read. Of two who try to begin a refresh, one fails here.
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

// unsavedFamily is a token family after an answer of Auth0's to an attempt; nil if none was noted, as with a device code, which gives
// nobody else an answer.
type unsavedFamily struct {
	family   *tokenFamily
	exchange *exchange
}

// isSuperseded reports whether another process went on with the stored token family. That it is gone means that no process did.
func (a *unsavedFamily) isSuperseded(stored familyStore, family *tokenFamily) bool {
	return a.exchange != nil && stored.current != nil && !family.Exchange.is(*a.exchange)
}

// answerTries and answerPause are how an answer is written down against all odds. If they do not do, it is kept in memory.
const (
	answerTries   = 5
	answerPause   = 200 * time.Millisecond
	answerTimeout = 15 * time.Second
)

// saveAnswer writes down what followed from an attempt, even if somebody touched the Secret meanwhile, but not over what
// another process did after this one was given up on.
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
		// If it cannot be read either, the next attempt to write fails again.
		_ = w.readFamily(ctx)
	}
}
