package tokens

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// renewalPercentage is the last part of a token's lifetime, in which it is renewed. Renewals of tokens that were issued together
// spread over the lifetime divided by jitterShare.
const (
	renewalPercentage = 20
	jitterShare       = 10
)

// renewal is when a token is renewed.
func (w *tokenSync) renewal(held auth0.TokenSet) time.Time {
	if w.token.Spec.ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly {
		return held.ExpiresAt
	}
	lifetime := held.ExpiresAt.Sub(held.IssuedAt)
	before := lifetime * renewalPercentage / 100
	switch spec := w.token.Spec; {
	case spec.RenewBefore != nil:
		before = min(spec.RenewBefore.Duration, lifetime/2)
	case spec.RenewBeforePercentage != nil:
		before = lifetime * time.Duration(*spec.RenewBeforePercentage) / 100
	}
	at := held.ExpiresAt.Add(-before - w.jitter(lifetime/jitterShare, held.IssuedAt))
	if idle := w.family.Rules.IdleLifetime; idle > 0 && w.family.continues(w.grantSource) && w.family.Tokens.RefreshToken != "" {
		// An unused refresh token may expire before the access token does.
		if unused := w.family.RefreshedAt.Add(idle / 2); unused.Before(at) {
			return unused
		}
	}
	return at
}

// jitter is a duration below limit, always the same for the same token.
func (w *tokenSync) jitter(limit time.Duration, issuedAt time.Time) time.Duration {
	seed := fnv.New32a()
	// Hash.Write never fails.
	_, _ = fmt.Fprint(seed, w.token.UID, issuedAt.Unix())
	return time.Duration(float64(limit) * float64(seed.Sum32()) / (1 << 32))
}

// show reports the token in status.
func (w *tokenSync) show(held auth0.TokenSet) {
	status := &w.token.Status
	status.Audience = cmp.Or(held.Audience, w.request.Audience)
	status.Subject, status.Organization = held.Subject, held.Organization
	status.Scopes = slices.Compact(slices.Sorted(slices.Values(held.Scopes)))
	status.IssuedAt = timeOf(held.IssuedAt)
	status.ExpiresAt = timeOf(held.ExpiresAt)
	status.RenewsAt = nil
	if w.isRenewable() {
		status.RenewsAt = timeOf(w.renewal(held))
	}
	status.Differences = nil
	status.Device = nil
	w.tellGranted(held)
	w.reportFamily()
}

// isRenewable reports whether the operator can renew the token without a new code or refresh token from a person.
func (w *tokenSync) isRenewable() bool {
	return !w.keepsFamily() || w.canRepeat() || w.family.Tokens.RefreshToken != ""
}

// tellGranted reports in status whether Auth0 granted all requested scopes.
func (w *tokenSync) tellGranted(held auth0.TokenSet) {
	asked, granted := w.request.Scopes, held.Scopes
	if audience := w.request.Audience; audience != "" && held.Audience != "" && audience != held.Audience {
		w.report(v1alpha1.ConditionScopesGranted, metav1.ConditionFalse, v1alpha1.ReasonPartiallyGranted, fmt.Sprintf(
			"the token is for %s: Auth0 does not refresh this sign-in for %s; add a refresh token policy to the application (Auth0 Dashboard → (the application) → Settings → Multi-Resource Refresh Token)", held.Audience, audience))
		return
	}
	if len(asked) == 0 {
		meta.RemoveStatusCondition(&w.token.Status.Conditions, v1alpha1.ConditionScopesGranted)
		return
	}
	missing := slices.DeleteFunc(slices.Clone(asked), func(scope string) bool { return slices.Contains(granted, scope) })
	if len(missing) == 0 {
		w.report(v1alpha1.ConditionScopesGranted, metav1.ConditionTrue, v1alpha1.ReasonAllGranted, "all requested scopes were granted")
		return
	}
	message := fmt.Sprintf("Auth0 did not grant %s; see that the API has these scopes, and that the user or the application may have them", strings.Join(missing, ", "))
	if slices.Contains(missing, scopeOffline) {
		message += "; " + scopeOffline + " takes an API that allows offline access and an application with the grant type refresh_token"
	}
	w.report(v1alpha1.ConditionScopesGranted, metav1.ConditionFalse, v1alpha1.ReasonPartiallyGranted, message)
}

func (w *tokenSync) report(condition string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&w.token.Status.Conditions, metav1.Condition{
		Type: condition, Status: status, Reason: reason, Message: message, ObservedGeneration: w.token.Generation,
	})
}

func (w *tokenSync) done(held auth0.TokenSet) engine.Outcome {
	w.show(held)
	message := "Secret " + w.output.Name + " holds a valid token"
	now := w.Clock.Now()
	again := held.ExpiresAt.Sub(now)
	if renews := w.renewal(held); w.isRenewable() && now.Before(renews) {
		again = renews.Sub(now)
	}
	lifetime := held.ExpiresAt.Sub(held.IssuedAt)
	if before := w.token.Spec.RenewBefore; before != nil && before.Duration > lifetime/2 {
		return engine.Stall(v1alpha1.ReasonInvalidSpec, fmt.Sprintf(
			"spec.renewBefore is %s of a lifetime of %s, more than half of it; half is used instead: lower renewBefore, or raise the API's token lifetime", before.Duration, lifetime),
			again)
	}
	if safe := meta.FindStatusCondition(w.token.Status.Conditions, v1alpha1.ConditionRefreshTokenReplaySafe); safe != nil && safe.Status != metav1.ConditionTrue {
		// Somebody may change the application's settings.
		again = min(again, w.resync)
	}
	return engine.DoneUntil(v1alpha1.ReasonReconciled, message, again)
}

func (w *tokenSync) observe(held *auth0.TokenSet) engine.Outcome {
	if held == nil || !w.Clock.Now().Before(held.ExpiresAt) {
		w.token.Status.Subject = ""
		return engine.Done(v1alpha1.ReasonObserved, "managementPolicy Full would issue a token into Secret "+w.output.Name, w.resync)
	}
	w.show(*held)
	return engine.Done(v1alpha1.ReasonObserved, "Secret "+w.output.Name+" holds a valid token", w.resync)
}

// count counts an issued token in status and metrics.
func (w *tokenSync) count(issued auth0.TokenSet) {
	status := &w.token.Status
	if status.Issued == nil {
		status.Issued = &v1alpha1.IssuedTokens{}
	}
	month := MonthOf(w.Clock.Now())
	if status.Issued.Month != month {
		status.Issued.Month, status.Issued.ThisMonth = month, 0
	}
	status.Issued.Total++
	status.Issued.ThisMonth++
	status.Quotas = nil
	for _, quota := range issued.Quota {
		status.Quotas = append(status.Quotas, v1alpha1.TokenQuota{
			Of: quota.Of, Period: quota.Period, Limit: quota.Limit, Remaining: quota.Remaining, ResetsAt: *timeOf(quota.ResetsAt),
		})
	}
	w.forgetRefusal()
	w.session.CountToken(w.token.Namespace, w.token.Name, w.request.Grant)
}

// MonthOf is the month of a time in UTC, such as 2026-11: Auth0 counts tokens by it.
func MonthOf(t time.Time) string { return t.UTC().Format("2006-01") }

func timeOf(t time.Time) *metav1.Time { return &metav1.Time{Time: t.Truncate(time.Second)} }
