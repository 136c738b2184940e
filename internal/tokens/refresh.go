package tokens

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// continueFamily refreshes the token family when that is due, and writes its tokens to the output Secret.
func (w *tokenSync) continueFamily(ctx context.Context) (engine.Outcome, error) {
	if err := w.reconciliation.AddFinalizer(ctx); err != nil {
		return engine.Outcome{}, err
	}
	err := w.userExists(ctx)
	if err == nil && !w.isDue() {
		err := w.reviewRules(ctx)
		return w.done(w.family.Tokens), errors.Join(err, w.publish(ctx))
	}
	if err == nil {
		var refreshed auth0.TokenSet
		if refreshed, err = w.refreshed(ctx); err == nil {
			return w.deliver(ctx, refreshed)
		}
	}
	// The current token may still be valid.
	if errPublish := w.publish(ctx); errPublish != nil {
		return engine.Outcome{}, errPublish
	}
	if w.family.Lost != "" || w.family.Tokens.RefreshToken == "" || isAnswerLost(err) {
		return w.signInAgain(ctx, err)
	}
	return engine.Outcome{}, err
}

// publish writes the tokens of the family to the output Secret if they differ.
func (w *tokenSync) publish(ctx context.Context) error {
	if w.family.Tokens.AccessToken == "" {
		return nil
	}
	w.show(w.family.Tokens)
	return w.write(ctx, w.family.Tokens, w.output.Put)
}

// refreshed refreshes the token family and returns its new tokens.
func (w *tokenSync) refreshed(ctx context.Context) (auth0.TokenSet, error) {
	if engine.Requested(w.token) {
		// A reconcile request counts even if this attempt gets no answer.
		w.family.Lost = ""
	}
	if err := w.refusedForGood(); err != nil {
		return auth0.TokenSet{}, err
	}
	if err := w.settleUnanswered(ctx); err != nil {
		return auth0.TokenSet{}, err
	}
	return w.refresh(ctx)
}

// isDue reports whether to refresh the token family: the token is old enough, the spec asks for another, or an answer is missing
// and the leeway is short. A refused refresh token stays due, so that every reconciliation reports it. That makes no call.
func (w *tokenSync) isDue() bool {
	family := w.family
	if family.Tokens.AccessToken == "" || family.Lost != "" || family.Exchange != nil && !family.Exchange.IsSignIn {
		return true
	}
	mayChange := w.token.Spec.ManagementPolicy != v1alpha1.ManagementPolicyCreateOnly
	asksForAnother := mayChange && w.request.Grant == auth0.GrantRefreshToken && family.Asked != w.asked
	return asksForAnother || !w.Clock.Now().Before(w.renewal(family.Tokens))
}

// refusedForGood returns the reason why the token family cannot continue, or nil.
func (w *tokenSync) refusedForGood() error {
	switch family := w.family; {
	case family.Lost != "":
		return &auth0.Error{Class: auth0.ClassForbidden, Status: http.StatusForbidden, Code: codeInvalidGrant, Message: family.Lost}
	case family.Tokens.RefreshToken == "":
		return problem.Stalled(v1alpha1.ReasonNotRenewable, "the sign-in gave no refresh token, so the token cannot be renewed; sign in again with the scope %s, for an API that allows offline access and an application with the grant type refresh_token", scopeOffline)
	}
	return nil
}

// signInAgain signs in again if the operator can. Otherwise a person must. If the sign-in gave no refresh token, the error waits
// until the token expires.
func (w *tokenSync) signInAgain(ctx context.Context, why error) (engine.Outcome, error) {
	if w.canRepeat() {
		return w.startFamily(ctx)
	}
	if w.family.Tokens.RefreshToken == "" && w.Clock.Now().Before(w.family.Tokens.ExpiresAt) {
		return w.done(w.family.Tokens), nil
	}
	return engine.Outcome{}, why
}

// bootstrap starts a token family with a refresh token that was issued elsewhere.
func (w *tokenSync) bootstrap(ctx context.Context) (engine.Outcome, error) {
	if err := w.claim(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if pause := w.family.Exchange.busy(w.process, w.Clock.Now()); pause > 0 {
		return engine.Outcome{}, inFlight(pause)
	}
	bootstrapped := &tokenFamily{
		Source: w.grantSource, Tokens: auth0.TokenSet{RefreshToken: w.request.RefreshToken}, SignedInAt: w.Clock.Now(), Predecessor: w.family.issuedFamily(),
	}
	if err := w.save(ctx, bootstrapped); err != nil {
		return engine.Outcome{}, err
	}
	return w.continueFamily(ctx)
}

// signIn starts a token family with a code or a password.
func (w *tokenSync) signIn(ctx context.Context) (engine.Outcome, error) {
	if w.request.Grant == auth0.GrantAuthorizationCode {
		if err := w.claim(ctx); err != nil {
			return engine.Outcome{}, err
		}
	}
	issued, err := w.redeem(ctx, true, func(ctx context.Context) (auth0.TokenSet, error) {
		return w.session.IssueToken(ctx, w.request)
	})
	if err != nil {
		return engine.Outcome{}, w.noteRefusal(err)
	}
	return w.deliver(ctx, issued)
}

// refresh exchanges the refresh token for new tokens.
func (w *tokenSync) refresh(ctx context.Context) (auth0.TokenSet, error) {
	request := auth0.TokenRequest{Application: w.request.Application, Grant: auth0.GrantRefreshToken, RefreshToken: w.family.Tokens.RefreshToken}
	if w.request.Grant == auth0.GrantRefreshToken {
		request.Audience, request.Scopes = w.request.Audience, w.request.Scopes
	}
	return w.redeem(ctx, false, func(ctx context.Context) (auth0.TokenSet, error) {
		issued, err := w.session.IssueToken(ctx, request)
		if isRefusal(err) && w.family.mayReplayPrevious(w.Clock.Now()) {
			request.RefreshToken = w.family.Previous
			return w.session.IssueToken(ctx, request)
		}
		return issued, err
	})
}

// longestAttempt bounds an exchange, so that another process knows when it is over.
const longestAttempt = 10 * time.Second

// leewayWait is the timeout of an exchange. It leaves time to repeat a refresh within the leeway, and a repeated refresh ends
// with the leeway.
func (w *tokenSync) leewayWait(this exchange) time.Duration {
	rules := w.family.Rules
	if this.IsSignIn || !w.family.RulesKnown || !rules.Rotating || rules.Leeway == 0 {
		return longestAttempt
	}
	left := this.Began.Add(rules.Leeway).Sub(w.Clock.Now())
	return min(longestAttempt, max(rules.Leeway/3, time.Second), left)
}

// redeem makes a request that may use up its credential: a sign-in, which starts a token family, or a refresh. It records the
// exchange before it sends the request, and saves the answer before it does anything else.
func (w *tokenSync) redeem(ctx context.Context, isSignIn bool, ask func(context.Context) (auth0.TokenSet, error)) (auth0.TokenSet, error) {
	defer w.Fence.Exchange()()
	now := w.Clock.Now()
	if pause := w.family.Exchange.busy(w.process, now); pause > 0 {
		return auth0.TokenSet{}, inFlight(pause)
	}
	// A workload's token may be about to expire.
	ratelimit.ReservationOf(ctx).RaisePriority(ratelimit.PriorityNew)
	if err := w.session.AwaitsTokens(ctx); err != nil {
		return auth0.TokenSet{}, err
	}
	w.readRules(ctx)
	before := *w.family
	this := exchange{By: w.process, Began: now, IsSignIn: isSignIn}
	if earlier := before.Exchange; earlier != nil && earlier.IsSignIn == isSignIn {
		this.Began = earlier.Began
	}
	leewayWait := w.leewayWait(this)
	this.Until = now.Add(leewayWait)
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), leewayWait)
	defer cancel()
	trying := before
	trying.Exchange = &this
	if err := w.save(ctx, &trying); err != nil {
		return auth0.TokenSet{}, err
	}
	issued, err := ask(asking)
	if err != nil {
		return auth0.TokenSet{}, w.settleFailure(ctx, before, this, err)
	}
	next := before.next(issued, this.Began)
	if isSignIn {
		next = &tokenFamily{Source: w.grantSource, Tokens: issued, SignedInAt: now, RefreshedAt: now, Rules: before.Rules, RulesKnown: before.RulesKnown}
	}
	next.Asked = w.asked
	return next.Tokens, w.saveAnswer(ctx, &unsavedFamily{next, &this})
}

// settleFailure records what a failed exchange means for the token family. An error that leaves the effect open keeps the
// exchange on record.
func (w *tokenSync) settleFailure(ctx context.Context, before tokenFamily, this exchange, err error) error {
	failed, ok := errors.AsType[*auth0.Error](err)
	if !ok || failed.Unanswered || failed.Status >= http.StatusInternalServerError {
		return err
	}
	after := before
	if isRefusal(err) {
		after.Exchange = nil
		if !this.IsSignIn {
			after.Lost = failed.Name(strings.TrimSuffix(w.withoutClientID(failed).Message, "."))
		}
	}
	return errors.Join(w.saveAnswer(ctx, &unsavedFamily{&after, &this}), err)
}

// isRefusal reports whether Auth0 refused the code, password or refresh token.
func isRefusal(err error) bool {
	failed, ok := errors.AsType[*auth0.Error](err)
	return ok && failed.Code == codeInvalidGrant
}

// codeInvalidGrant is Auth0's error code for a password, a code or a refresh token that it does not accept.
const codeInvalidGrant = "invalid_grant"

func inFlight(pause time.Duration) error {
	return problem.Waiting(v1alpha1.ReasonRefreshInFlight, "another replica of the operator began to refresh the token; waiting until it has answered or given up").Again(pause)
}

// readRules reads the application's settings for refresh tokens. If it cannot, the reconciliation continues without them.
func (w *tokenSync) readRules(ctx context.Context) {
	rules, known, err := w.session.RefreshRules(ctx, w.request.Application.ID)
	if err == nil && known {
		w.family.Rules, w.family.RulesKnown = rules, true
	}
}

// reviewRules reads the settings again if they were not safe, or if a person requests it.
func (w *tokenSync) reviewRules(ctx context.Context) error {
	before, requested := *w.family, engine.Requested(w.token)
	if before.Tokens.RefreshToken == "" || before.isReplayable() && !requested {
		return nil
	}
	if requested {
		w.session.ForgetRefreshRules(w.request.Application.ID)
	}
	w.readRules(ctx)
	if w.family.Rules == before.Rules && w.family.RulesKnown == before.RulesKnown {
		return nil
	}
	return w.save(ctx, w.family)
}

// claim ensures that no other object uses the same code or refresh token. The second use would end the first one's sign-in.
func (w *tokenSync) claim(ctx context.Context) error {
	mine := w.name()
	w.releaseClaim(w.initialCredentialHash)
	if holder, taken := w.claims.LoadOrStore(w.initialCredentialHash, mine); taken && holder != mine {
		if err := w.Client.Get(ctx, holder.(types.NamespacedName), &v1alpha1.Auth0Token{}); !apierrors.IsNotFound(err) {
			return errors.Join(err, claimed(holder.(types.NamespacedName)))
		}
		w.claims.Store(w.initialCredentialHash, mine)
	}
	var users v1alpha1.Auth0TokenList
	if err := w.Client.List(ctx, &users, client.MatchingFields{reference.InputIndex: usedInput(w.initialCredentialHash)}); err != nil {
		return fmt.Errorf("find who uses the same refresh token: %w", err)
	}
	for i := range users.Items {
		if users.Items[i].UID != w.token.UID {
			return claimed(client.ObjectKeyFromObject(&users.Items[i]))
		}
	}
	w.token.Status.AppliedSecrets = []v1alpha1.AppliedSecret{{Field: used, Hash: w.initialCredentialHash}}
	return w.reconciliation.Save(ctx)
}

// releaseClaim releases what this object used before, except one hash.
func (w *tokenSync) releaseClaim(except string) {
	for _, before := range w.token.Status.AppliedSecrets {
		if before.Field == used && before.Hash != except {
			w.claims.CompareAndDelete(before.Hash, w.name())
		}
	}
}

// used is the field in status.appliedSecrets that records a used code or refresh token.
const used = "used"

func claimed(by types.NamespacedName) error {
	return problem.Stalled(v1alpha1.ReasonConflict, "Auth0Token %s uses the same code or refresh token: delete this object, or sign in again for it. If you delete %s instead, without spec.deletionPolicy: Retain, the user must sign in again", by, by)
}

// revoke revokes the refresh token. If the Secret with the credentials is missing, it removes the object all the same.
func (w *tokenSync) revoke(ctx context.Context) engine.Outcome {
	err := w.revokeFamily(ctx)
	known, isProblem := errors.AsType[*problem.Problem](err)
	switch {
	case err == nil:
		return w.leave(ctx, "revoked the refresh token, if there was one")
	case isProblem && known.Reason == v1alpha1.ReasonSecretNotFound:
		return w.leave(ctx, "the refresh token was not revoked, and is valid until it expires: "+known.Message)
	case auth0.ClassOf(err) == auth0.ClassUnauthorized:
		return engine.Stall(v1alpha1.ReasonInvalidCredentials, fmt.Sprintf(
			"Auth0 refuses the credentials of %s, so the refresh token cannot be revoked; correct them, or %s", credentialsName(w.token), doNotRevoke), w.resync)
	case auth0.ClassOf(err) == auth0.ClassInvalid, auth0.ClassOf(err) == auth0.ClassForbidden:
		return engine.Stall(v1alpha1.ReasonGrantRefused, fmt.Sprintf("Auth0 does not revoke the refresh token (%v); %s", err, doNotRevoke), w.resync)
	case isProblem:
		held := *known
		held.Message += "; or " + doNotRevoke
		return engine.FromError(&held, w.resync)
	}
	return w.explain(err)
}

// doNotRevoke says how to delete an object whose refresh token cannot be revoked.
const doNotRevoke = "set spec.revokeOnDelete to false, and the sign-in is left as it is"

func (w *tokenSync) revokeFamily(ctx context.Context) error {
	w.familyStore = familyStore{}
	if err := w.openFamily(ctx); err != nil || !w.family.isAlive() {
		return err
	}
	tenant, err := reference.UsableTenant(ctx, w.Client, w.token)
	if err != nil {
		return err
	}
	if w.session, err = w.Session(ctx, tenant); err != nil {
		return err
	}
	application, err := w.readApplication(ctx)
	if err != nil {
		return err
	}
	for family := w.family; family != nil && family.Tokens.RefreshToken != ""; family = family.Predecessor {
		if err := w.session.RevokeToken(ctx, application, family.Tokens.RefreshToken); err != nil {
			return err
		}
	}
	return nil
}

// reportFamily reports in status how the token is renewed, and whether a lost answer is safe.
func (w *tokenSync) reportFamily() {
	status := &w.token.Status
	family := w.family
	if !family.continues(w.grantSource) {
		status.RefreshToken = nil
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionRefreshTokenReplaySafe)
		return
	}
	if family.Tokens.RefreshToken == "" {
		status.RefreshToken = nil
		w.report(v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionFalse, v1alpha1.ReasonNoRefreshToken,
			fmt.Sprintf("the sign-in gave no refresh token: the token cannot be renewed and expires at %s; sign in with the scope %s, for an API that allows offline access and an application with the grant type refresh_token",
				family.Tokens.ExpiresAt.UTC().Format(time.RFC3339), scopeOffline))
		return
	}
	status.RefreshToken = family.status(w.familyStore.Name)
	if family.Source.InitialCredential != "" {
		status.AppliedSecrets = []v1alpha1.AppliedSecret{{Field: used, Hash: w.initialCredentialHash}}
	}
	application := w.applicationName()
	switch {
	case !family.RulesKnown:
		w.report(v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "whether a refresh token survives an answer that gets lost cannot be known: grant the operator's application the scope read:clients")
	case !family.isReplayable():
		w.report(v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionFalse, v1alpha1.ReasonNoLeeway,
			fmt.Sprintf("refresh tokens of application %s rotate without a leeway: if an answer of Auth0's gets lost, the user must sign in again; set its Rotation Overlap Period (Auth0 Dashboard → Settings) to 60 seconds", application))
	default:
		w.report(v1alpha1.ConditionRefreshTokenReplaySafe, metav1.ConditionTrue, v1alpha1.ReasonReplayAllowed, "a refresh can be repeated if Auth0's answer gets lost")
	}
}

// status is the state of the token family that status shows.
func (l *tokenFamily) status(secretName string) *v1alpha1.RefreshTokenStatus {
	status := &v1alpha1.RefreshTokenStatus{SecretName: secretName}
	if l.RulesKnown {
		status.Rotating, status.Leeway = new(l.Rules.Rotating), &metav1.Duration{Duration: l.Rules.Leeway}
		if l.Rules.Lifetime > 0 {
			status.EndsAt = timeOf(l.SignedInAt.Add(l.Rules.Lifetime))
		}
	}
	return status
}
