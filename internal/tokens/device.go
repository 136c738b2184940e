package tokens

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// deviceFlow is a sign-in that waits for a person's approval.
type deviceFlow struct {
	auth0.DeviceFlow

	// For is the grant source that the sign-in was started for.
	For grantSource `json:"for"`
	// Number counts the codes shown so far, including this one.
	Number int `json:"number"`
	// GaveUp is the reason for which no further code is shown, or empty. Said is Auth0's message.
	GaveUp string `json:"gaveUp,omitempty"`
	Said   string `json:"said,omitempty"`
}

const (
	// mostCodes is how many codes in a row may expire before the operator gives up.
	mostCodes = 4
	// slowDown is the increase of the interval that RFC 8628 demands.
	slowDown = 5 * time.Second
)

// isFor reports whether the sign-in is for this grant source and still waits for approval.
func (f *deviceFlow) isFor(asked grantSource) bool {
	return f != nil && f.For == asked && f.GaveUp == ""
}

// awaitApproval shows a person where to approve the sign-in, and polls for the approval.
func (w *tokenSync) awaitApproval(ctx context.Context) (engine.Outcome, error) {
	flow := w.family.Device
	if flow != nil && flow.GaveUp != "" && engine.Requested(w.token) {
		// A reconcile request counts even if Auth0 gives no code now.
		if err := w.saveDevice(ctx, nil); err != nil {
			return engine.Outcome{}, err
		}
		flow = nil
	}
	switch {
	case flow == nil || flow.For != w.grantSource:
		return w.showCode(ctx, 1)
	case flow.GaveUp != "":
		return engine.Outcome{}, flow.gaveUp()
	}
	pause := w.untilPoll(flow)
	if pause > 0 && meta.IsStatusConditionTrue(w.token.Status.Conditions, v1alpha1.ConditionStalled) {
		// Keep the stalled condition until the next poll.
		return engine.NoStatusChange(pause), nil
	}
	w.showDevice(flow)
	if pause > 0 {
		return engine.Outcome{}, pending(flow, pause)
	}
	return w.poll(ctx, flow)
}

// showCode starts a device flow and shows its code.
func (w *tokenSync) showCode(ctx context.Context, number int) (engine.Outcome, error) {
	started, err := w.session.StartDeviceFlow(ctx, w.request.Application, w.request.Audience, w.request.Scopes)
	if err != nil {
		return engine.Outcome{}, err
	}
	flow := &deviceFlow{DeviceFlow: started, For: w.grantSource, Number: number}
	if err := w.saveDevice(ctx, flow); err != nil {
		return engine.Outcome{}, err
	}
	w.polled.Store(w.token.UID, w.Clock.Now())
	w.showDevice(flow)
	w.reconciliation.Event(ctx, corev1.EventTypeNormal, v1alpha1.EventApprovalNeeded, fmt.Sprintf("to sign in, open %s and confirm the code %s", flow.VerificationURIComplete, flow.UserCode))
	return engine.Outcome{}, pending(flow, flow.Interval)
}

func (w *tokenSync) saveDevice(ctx context.Context, flow *deviceFlow) error {
	family := *w.family
	family.Device = flow
	return w.save(ctx, &family)
}

func (w *tokenSync) showDevice(flow *deviceFlow) {
	w.token.Status.Device = &v1alpha1.DeviceApproval{
		VerificationURIComplete: flow.VerificationURIComplete, VerificationURI: flow.VerificationURI,
		UserCode: flow.UserCode, ExpiresAt: *timeOf(flow.ExpiresAt),
	}
}

// untilPoll is the time until the next poll.
func (w *tokenSync) untilPoll(flow *deviceFlow) time.Duration {
	last, ok := w.polled.Load(w.token.UID)
	if !ok {
		return 0
	}
	return flow.Interval - w.Clock.Since(last.(time.Time))
}

// poll asks Auth0 whether the person has approved.
func (w *tokenSync) poll(ctx context.Context, flow *deviceFlow) (engine.Outcome, error) {
	w.polled.Store(w.token.UID, w.Clock.Now())
	request := w.request
	request.DeviceCode, request.Audience, request.Scopes = flow.DeviceCode, "", nil
	w.readRules(ctx)
	defer w.Fence.Exchange()()
	issued, err := w.session.IssueToken(context.WithoutCancel(ctx), request)
	failed, isAnswer := err.(*auth0.Error) //nolint:errorlint // IssueToken returns it unwrapped.
	switch {
	case err == nil:
		return w.approved(ctx, issued)
	case !isAnswer:
		return engine.Outcome{}, err
	case failed.Code == "authorization_pending":
		return engine.Outcome{}, pending(flow, flow.Interval)
	case failed.Code == "slow_down":
		slower := *flow
		slower.Interval += slowDown
		if err := w.saveDevice(ctx, &slower); err != nil {
			return engine.Outcome{}, err
		}
		return engine.Outcome{}, pending(&slower, slower.Interval)
	case failed.Code == "access_denied" && failed.Class != auth0.ClassUnauthorized:
		return w.giveUp(ctx, flow, v1alpha1.ReasonApprovalDenied, failed.Name(strings.TrimSuffix(failed.Message, ".")))
	case (failed.Code == "expired_token" || failed.Code == codeInvalidGrant) && flow.Number < mostCodes:
		return w.showCode(ctx, flow.Number+1)
	case failed.Code == "expired_token" || failed.Code == codeInvalidGrant:
		return w.giveUp(ctx, flow, v1alpha1.ReasonApprovalExpired, failed.Name(failed.Message))
	}
	return engine.Outcome{}, err
}

// approved starts the token family.
func (w *tokenSync) approved(ctx context.Context, issued auth0.TokenSet) (engine.Outcome, error) {
	now := w.Clock.Now()
	answer := &tokenFamily{Source: w.grantSource, Tokens: issued, Asked: w.asked, SignedInAt: now, RefreshedAt: now, Rules: w.family.Rules, RulesKnown: w.family.RulesKnown}
	if err := w.saveAnswer(ctx, &unsavedFamily{family: answer}); err != nil {
		return engine.Outcome{}, err
	}
	return w.deliver(ctx, issued)
}

func (w *tokenSync) giveUp(ctx context.Context, flow *deviceFlow, reason, said string) (engine.Outcome, error) {
	abandoned := *flow
	abandoned.GaveUp, abandoned.Said = reason, said
	if err := w.saveDevice(ctx, &abandoned); err != nil {
		return engine.Outcome{}, err
	}
	w.token.Status.Device = nil
	return engine.Outcome{}, abandoned.gaveUp()
}

func (f *deviceFlow) gaveUp() error {
	reason := f.GaveUp
	if reason == v1alpha1.ReasonApprovalDenied {
		return problem.Stalled(reason, "the sign-in was denied (%s); for another code, set the annotation %s to a new value", f.Said, v1alpha1.AnnotationReconcileRequestedAt)
	}
	return problem.Stalled(reason, "sign-in not approved after %d device codes; for another code, set the annotation %s to a new value", mostCodes, v1alpha1.AnnotationReconcileRequestedAt)
}

func pending(flow *deviceFlow, again time.Duration) error {
	return problem.Waiting(v1alpha1.ReasonApprovalPending, "to sign in, open %s and confirm the code %s until %s",
		flow.VerificationURIComplete, flow.UserCode, flow.ExpiresAt.UTC().Format("15:04 MST")).Again(again)
}
