package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// logDelay is how long an entry may take to appear in the tenant's log.
const logDelay = 2 * time.Minute

// settleUnanswered decides whether to repeat a refresh whose answer got lost. Within the leeway, the operator may send the same
// refresh token again. After it, a replaced token would end the whole sign-in, so the operator sends it only if the tenant's log
// shows that Auth0 did not replace it.
func (w *tokenSync) settleUnanswered(ctx context.Context) error {
	lost, now := w.family.Exchange, w.Clock.Now()
	switch pause := lost.busy(w.process, now); {
	case lost == nil, lost.IsSignIn:
		return nil
	case lost.TookEffect:
		return w.answerLost()
	case pause > 0:
		return inFlight(pause)
	}
	// Cached settings are not good enough to send a token again.
	w.session.ForgetRefreshRules(w.request.Application.ID)
	w.readRules(ctx)
	switch {
	case w.family.mayRepeat(now):
		return nil
	case w.signsInByPassword():
		return w.answerLost()
	case now.Sub(lost.Began) > auth0.LogKept:
		return w.maybeReplaced("too long ago for the tenant's log")
	case now.Before(lost.Until.Add(logDelay)):
		return problem.Waiting(v1alpha1.ReasonRefreshResponseLost, "Auth0's answer to a refresh got lost; waiting until the tenant's log shows whether the refresh token was replaced, as sending a replaced one again would end the sign-in").
			Again(lost.Until.Add(logDelay).Sub(now))
	}
	return w.askTheLog(ctx)
}

// askTheLog deletes the record of a refresh that never happened, and records that one took effect.
func (w *tokenSync) askTheLog(ctx context.Context) error {
	family := *w.family
	refreshed, known, err := w.session.WasRefreshed(ctx, w.request.Application.ID, family.Tokens.Subject, family.Exchange.Began)
	switch {
	case err != nil:
		return err
	case !known:
		return w.maybeReplaced("the operator's application may not read the tenant's log; grant it the scope read:logs, and the operator looks")
	case !refreshed:
		w.family.Exchange = nil
		return nil
	}
	took := *family.Exchange
	took.TookEffect = true
	family.Exchange = &took
	return errors.Join(w.save(ctx, &family), w.answerLost())
}

func (w *tokenSync) answerLost() error {
	return problem.Stalled(v1alpha1.ReasonRefreshResponseLost,
		"Auth0's answer to a refresh at %s got lost, and %s: nobody has the next refresh token, so the sign-in cannot go on: sign in again and put the new %s into Secret %s",
		w.lostAt(), w.leewayIsOver(), w.initialCredentialName(), w.initialCredentialSecret())
}

func (w *tokenSync) maybeReplaced(unknown string) error {
	return problem.Stalled(v1alpha1.ReasonRefreshResponseLost,
		"Auth0's answer to a refresh at %s got lost, and %s; the refresh token may have been replaced (%s), and sending it again could end the sign-in. Otherwise sign in again and put the new %s into Secret %s",
		w.lostAt(), w.leewayIsOver(), unknown, w.initialCredentialName(), w.initialCredentialSecret())
}

func (w *tokenSync) lostAt() string { return w.family.Exchange.Began.UTC().Format(time.RFC3339) }

func (w *tokenSync) leewayIsOver() string {
	if !w.family.RulesKnown {
		return "the leeway of the application is not known (grant the operator's application the scope read:clients)"
	}
	return fmt.Sprintf("the leeway of %s is over", w.family.Rules.Leeway)
}

// initialCredentialIsRedeemed returns an error if Auth0 has replaced the initial refresh token or code, so that sending it again
// would be a replay. That happens when the spec names another application, or when somebody deleted the Secret of the token
// family.
func (w *tokenSync) initialCredentialIsRedeemed() error {
	switch {
	case w.grantSource.InitialCredential == "":
		return nil
	case w.request.Grant == auth0.GrantRefreshToken && w.family.issuedFamily().replaced(w.grantSource.InitialCredential):
		return problem.Stalled(v1alpha1.ReasonRefreshTokenRefused,
			"the %s in Secret %s was used by another application, and replaced since: name that one again, or sign in to application %s and put the new %s there",
			w.initialCredentialName(), w.initialCredentialSecret(), w.applicationName(), w.initialCredentialName())
	case !w.family.isAlive() && w.began():
		return problem.Stalled(v1alpha1.ReasonRefreshTokenSecretDeleted,
			"Secret %s, which held the next refresh token, was deleted, and the %s in Secret %s was used: restore the former, or sign in again and put the new %s into the latter",
			w.familyStore.Name, w.initialCredentialName(), w.initialCredentialSecret(), w.initialCredentialName())
	}
	return nil
}

// began reports whether status shows a sign-in with the current code or refresh token, which Auth0 has replaced since.
func (w *tokenSync) began() bool {
	status := w.token.Status
	if status.RefreshToken == nil {
		return false
	}
	if rotating := status.RefreshToken.Rotating; w.request.Grant == auth0.GrantRefreshToken && rotating != nil && !*rotating {
		return false
	}
	return slices.ContainsFunc(status.AppliedSecrets, func(s v1alpha1.AppliedSecret) bool {
		// Hashes with different keys cannot be compared. Assume that it was used: a replay would be worse.
		return s.Field == used && (s.Hash == w.initialCredentialHash || !secret.SameKey(s.Hash, w.initialCredentialHash))
	})
}

// isAnswerLost reports whether the refresh token must not be sent any more because its successor got lost.
func isAnswerLost(err error) bool {
	known, ok := errors.AsType[*problem.Problem](err)
	return ok && known.Stalled && known.Reason == v1alpha1.ReasonRefreshResponseLost
}
