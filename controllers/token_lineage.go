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

// A lineage is what follows from one sign-in: refresh token after refresh token. It is kept in a Secret of its own beside the
// output Secret, as workloads must not use it. docs/decisions/0015-refresh-lineage.md says why nothing here can get lost.
const (
	lineageSuffix = "-refresh-token"
	lineageKey    = "lineage"
	// lineageType tells the Secret from those that are for workloads.
	lineageType = "auth0-operator.io/refresh-token"
)

// lineageSecret is the name of the Secret.
func lineageSecret(token *v1alpha1.Auth0Token) string {
	return token.Spec.OutputSecret.Name + lineageSuffix
}

// lineage is what the operator remembers of a sign-in.
type lineage struct {
	// Source is what the sign-in was made of.
	Source source `json:"source"`
	// Tokens are the newest that Auth0 issued, with the refresh token to use next.
	Tokens auth0.TokenSet `json:"tokens"`
	// Asked is what they were asked for.
	Asked string `json:"asked,omitempty"`
	// Previous is the refresh token before, until the next has proved itself by being used.
	Previous string `json:"previous,omitempty"`
	// SignedInAt is when the lineage began. RefreshedAt is when the request was sent that brought Tokens: Auth0 replaced
	// Previous no earlier.
	SignedInAt  time.Time `json:"signedInAt"`
	RefreshedAt time.Time `json:"refreshedAt"`
	// Lost is Auth0's answer to the refresh token if it does not accept it any more.
	Lost string `json:"lost,omitempty"`

	// Rules are the application's settings, as far as they could be read.
	Rules      auth0.RefreshRules `json:"rules"`
	RulesKnown bool               `json:"rulesKnown,omitempty"`

	// Attempt is a request that may be on its way, or whose answer did not get here.
	Attempt *attempt `json:"attempt,omitempty"`
	// Device is a sign-in that a person is to approve.
	Device *deviceFlow `json:"device,omitempty"`
	// Former is the lineage that this one is to replace, until this one has brought tokens: a person may have made a mistake.
	Former *lineage `json:"former,omitempty"`
}

// source says what tokens come from, as digests: the spec, and what works once.
type source struct {
	Base string `json:"base"`
	Seed string `json:"seed,omitempty"`
}

// attempt is a request that may use up what it is made with.
type attempt struct {
	// By is the process that makes it, which gives up at Until.
	By    string    `json:"by"`
	Until time.Time `json:"until"`
	// Began is when the first of the requests was sent whose effect is not known.
	Began time.Time `json:"began"`
	// Begins tells a sign-in, which begins another lineage, from a refresh.
	Begins bool `json:"begins,omitempty"`
	// TookEffect is what the tenant's log said later: the refresh token was replaced, by one that nobody has.
	TookEffect bool `json:"tookEffect,omitempty"`
}

// is tells whether two are the same, one of them read back from the Secret.
func (a *attempt) is(other attempt) bool {
	return a != nil && a.By == other.By && a.Until.Equal(other.Until)
}

// busy is how long another process may still be at it.
func (a *attempt) busy(process string, now time.Time) time.Duration {
	if a == nil || a.By == process {
		return 0
	}
	return max(0, a.Until.Sub(now))
}

// isAlive tells whether there are tokens, whatever they come from.
func (l *lineage) isAlive() bool { return l.Tokens.AccessToken+l.Tokens.RefreshToken != "" }

// continues tells whether the tokens are of this source. One that is gone after it was used is not held against them.
func (l *lineage) continues(from source) bool {
	return l.isAlive() && l.Source.Base == from.Base && (from.Seed == "" || from.Seed == l.Source.Seed)
}

// proven is the newest lineage that has brought tokens; nil if there is none.
func (l *lineage) proven() *lineage {
	if l.Tokens.AccessToken != "" {
		return l
	}
	return l.Former
}

// replaced tells whether a lineage began with a refresh token that was replaced since, or may have been.
func (l *lineage) replaced(seed string) bool {
	return l != nil && l.Source.Seed == seed && (!l.RulesKnown || l.Rules.Rotating)
}

// mayReplayPrevious tells whether Auth0 still takes the refresh token before the newest. Outside the leeway it would revoke the
// whole lineage instead.
func (l *lineage) mayReplayPrevious(now time.Time) bool {
	return l.Previous != "" && l.RulesKnown && now.Before(l.RefreshedAt.Add(l.Rules.Leeway))
}

// isReplayable tells whether a refresh survives that its answer gets lost.
func (l *lineage) isReplayable() bool {
	return l.RulesKnown && (!l.Rules.Rotating || l.Rules.Leeway > 0)
}

// mayRepeat tells whether Auth0 takes the newest refresh token again, whatever became of the attempt to use it.
func (l *lineage) mayRepeat(now time.Time) bool {
	return l.RulesKnown && (!l.Rules.Rotating || now.Before(l.Attempt.Began.Add(l.Rules.Leeway)))
}

// next is the lineage after an answer to a request that was sent at a time.
func (l *lineage) next(answer auth0.TokenSet, sentAt time.Time) *lineage {
	next := &lineage{
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

// vault is the Secret of a lineage as it was read or written last.
type vault struct {
	secret.Output
	current *corev1.Secret
}

// openVault reads the lineage. What Auth0 answered and could not be written down yet goes before what is stored.
func (w *tokenSync) openVault(ctx context.Context) error {
	w.vault = vault{Output: secret.Output{Client: w.Client, Owner: w.token, Name: lineageSecret(w.token), Type: lineageType, Internal: true}}
	if w.token.Spec.ClientCredentials != nil {
		return nil
	}
	if err := w.readLineage(ctx); err != nil {
		return err
	}
	unsaved, ok := w.unsaved.Load(w.token.UID)
	if !ok {
		return nil
	}
	return w.saveAnswer(ctx, unsaved.(*answered))
}

func (w *tokenSync) readLineage(ctx context.Context) error {
	current, err := w.vault.Get(ctx)
	if err != nil {
		return err
	}
	line := &lineage{}
	if current == nil {
		w.vault.current, w.line = nil, line
		return nil
	}
	if err := json.Unmarshal(current.Data[lineageKey], line); err != nil {
		return problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s is corrupted; restore it, or delete it to start with a new sign-in", w.token.Namespace, w.vault.Name)
	}
	w.vault.current, w.line = current, line
	return nil
}

// save writes a lineage down, if nobody else did since it was read. Of two who try to begin a refresh, one fails here.
func (w *tokenSync) save(ctx context.Context, line *lineage) error {
	encoded, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode lineage: %w", err)
	}
	written, err := w.vault.Swap(ctx, w.vault.current, map[string][]byte{lineageKey: encoded})
	if err != nil {
		return err
	}
	w.vault.current, w.line = written, line
	return nil
}

// answered is a lineage after an answer of Auth0's to an attempt; nil if none was noted, as with a device code, which gives
// nobody else an answer.
type answered struct {
	line    *lineage
	attempt *attempt
}

// isOvertaken tells whether another process went on with the stored lineage. That it is gone means that no process did.
func (a *answered) isOvertaken(stored vault, line *lineage) bool {
	return a.attempt != nil && stored.current != nil && !line.Attempt.is(*a.attempt)
}

// answerTries and answerPause are how an answer is written down against all odds. If they do not do, it is kept in memory.
const (
	answerTries   = 5
	answerPause   = 200 * time.Millisecond
	answerTimeout = 15 * time.Second
)

// saveAnswer writes down what followed from an attempt, even if somebody touched the Secret meanwhile, but not over what
// another process did after this one was given up on.
func (w *tokenSync) saveAnswer(ctx context.Context, answer *answered) error {
	ctx, cancel := context.WithTimeout(lease.Recording(context.WithoutCancel(ctx)), answerTimeout)
	defer cancel()
	w.unsaved.Store(w.token.UID, answer)
	for try := 1; ; try++ {
		if answer.isOvertaken(w.vault, w.line) {
			w.unsaved.Delete(w.token.UID)
			return apierrors.NewConflict(corev1.Resource("secrets"), w.vault.Name, errors.New("another process went on with the lineage"))
		}
		err := w.save(ctx, answer.line)
		if err == nil {
			w.unsaved.Delete(w.token.UID)
			return nil
		}
		if try == answerTries {
			return err
		}
		<-w.Clock.After(answerPause)
		// If it cannot be read either, the next attempt to write fails again.
		_ = w.readLineage(ctx)
	}
}
