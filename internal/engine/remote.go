package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

const (
	// scopeRetry is how soon to check again for a missing scope: it costs at most one token per minute and tenant.
	scopeRetry = time.Minute
	// outageRetry is when to retry after Auth0 refused the operator's own credentials; the tenant reports that, too.
	outageRetry = 30 * time.Second
	// longestMarkerRemoval is how long an object that stays in Auth0 waits for the rate limit to remove its marker.
	longestMarkerRemoval = 15 * time.Minute
	// deletionPoll is how soon to check again whether an object may be deleted.
	deletionPoll = 10 * time.Second
)

// Remote is the Handler of every kind that represents an object in Auth0.
type Remote[O v1alpha1.Managed] struct {
	Adapter Adapter[O]
	Deps
	kind  Kind
	kinds []Kind
	// claims are the claims of objects that carry no marker in Auth0.
	claims *claims
	// New returns an empty object.
	New      func() O
	snapshot snapshot[O]
	batcher  batcher[O]
}

// objectSync is what one reconciliation of a remote object needs.
type objectSync[O v1alpha1.Managed] struct {
	*Remote[O]
	reconciliation *Reconciliation[O]
	object         O
	tenant         *v1alpha1.Auth0Tenant
	session        *auth0.Session
	fields         fields.Semantics
	resync         time.Duration
	// shown is what a list showed of the object. It takes the place of a read, and nothing is written on its strength: a list may
	// lag behind. nil means that the object is read.
	shown auth0.Document
	// drifted means that others changed the object in Auth0.
	drifted bool
	// references are the resolved references of the spec.
	references reference.Values
	// desired is the spec in Auth0's names, with the owner's marker, without the values of secrets.
	desired auth0.Document
	// desiredHash is a hash of the desired document, and of the lists beside it, for drift detection.
	desiredHash uint64
	// secretValues are all values that come from Secrets, by path; secrets are the values that changed since they were last sent.
	secretValues, secrets map[string]any
	// applied are the hashes of all such values.
	applied []v1alpha1.AppliedSecret
	// unshown are paths whose values Auth0 accepted and does not show.
	unshown map[string]bool
	// unapplied are differences that Auth0 accepted and did not apply, and notApplied those of earlier reconciliations.
	unapplied  []fields.Change
	notApplied []v1alpha1.Difference
	// failure is Auth0's refusal of a part of the object, and failed are the changes in that part; refusals counts all such
	// answers.
	failure  *auth0.Error
	failed   []fields.Change
	refusals int
	// unlinked says which link is set later, when its referent exists.
	unlinked error
	// exempt says which fields are left alone, and why.
	exempt string
	// permissions are what the tenant allows the object to do.
	permissions reference.Permissions
}

// Forget implements Forgetter.
func (r *Remote[O]) Forget(name types.NamespacedName) {
	r.snapshot.forget(name)
}

func (r *Remote[O]) newSync(reconciliation *Reconciliation[O]) *objectSync[O] {
	return &objectSync[O]{Remote: r, reconciliation: reconciliation, object: reconciliation.Object, fields: r.Adapter.Fields(), resync: drift.DefaultResync, notApplied: notAppliedBefore(reconciliation.Object)}
}

func (w *objectSync[O]) run(ctx context.Context) Outcome {
	if !isSeen(w.object) {
		w.object.GetManagedStatus().Claims = ""
	}
	outcome, err := w.apply(ctx)
	if err == nil {
		// The claim stays until the object has what it declares, whatever fails.
		w.object.GetManagedStatus().Claims = ""
	}
	w.explainSecrets(ctx, err)
	return w.outcomeFor(outcome, err)
}

func (w *objectSync[O]) outcomeFor(outcome Outcome, err error) Outcome {
	if err != nil {
		return w.explain(err)
	}
	if w.drifted && outcome.state == done {
		w.Metrics.CountCorrected(reference.TenantKey(w.object).String(), w.kind.Name)
	}
	return outcome
}

// prepare collects everything that the reconciliation needs, and fails if something is missing. It makes calls only for a token,
// and for the access that an object outside of the tenant's namespace is about to give.
func (w *objectSync[O]) prepare(ctx context.Context) error {
	tenant, err := reference.UsableTenant(ctx, w.Client, w.object)
	if err != nil {
		return err
	}
	w.tenant, w.resync = tenant, ResyncInterval(tenant)
	if checker, ok := w.Adapter.(Checker[O]); ok {
		if err := checker.Check(w.object); err != nil {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s", err)
		}
	}
	if err := w.resolve(ctx); err != nil {
		return err
	}
	if !w.observes() {
		if err := w.awaitNamed(ctx); err != nil {
			return err
		}
	}
	if err := w.openSession(ctx); err != nil {
		return err
	}
	if err := w.permit(ctx); err != nil {
		return err
	}
	w.desired = w.Adapter.Desired(w.object, w.references)
	w.desiredHash = w.hashDesired()
	if w.observes() {
		return w.recallUnshown(ctx)
	}
	if err := w.refuseProtected(w.desired, w.session.ClientID()); err != nil {
		return err
	}
	if err := w.prepareOutputs(ctx); err != nil {
		return err
	}
	if err := w.readSecrets(ctx); err != nil {
		return err
	}
	return w.recallUnshown(ctx)
}

// prepareOutputs prepares the Secrets that the object writes, and what its kind writes before it reads Auth0.
func (w *objectSync[O]) prepareOutputs(ctx context.Context) error {
	if err := w.keepOutputs(ctx); err != nil {
		return err
	}
	if err := w.tryConfigMap(ctx); err != nil {
		return err
	}
	if preparer, ok := w.Adapter.(Preparer[O]); ok {
		return preparer.Prepare(ctx, w.req())
	}
	return nil
}

// resolve resolves the references. An object that is about to be created does not wait for its links.
func (w *objectSync[O]) resolve(ctx context.Context) (err error) {
	links, others := []reference.Reference{}, []reference.Reference{}
	for _, ref := range w.refersTo() {
		if ref.Link && w.Adapter.ID(w.object) == "" && !w.observes() {
			links = append(links, ref)
		} else {
			others = append(others, ref)
		}
	}
	if w.references, err = reference.Resolve(ctx, w.Client, w.object, others); err != nil {
		return err
	}
	linked, err := reference.Resolve(ctx, w.Client, w.object, links)
	if known, ok := errors.AsType[*problem.Problem](err); ok && !known.Stalled {
		w.unlinked = err
		return nil
	}
	maps.Copy(w.references, linked)
	return err
}

// refersTo lists the objects of this group that the object refers to, besides its tenant.
func (w *objectSync[O]) refersTo() []reference.Reference {
	if referrer, ok := w.Adapter.(Referrer[O]); ok {
		return referrer.References(w.object)
	}
	return nil
}

// lateInitialize adds to the desired document what Auth0 has and keeps.
func (w *objectSync[O]) lateInitialize(have auth0.Document) {
	if initializer, ok := w.Adapter.(LateInitializer[O]); ok {
		initializer.LateInitialize(w.object, w.desired, have)
	}
}

func (w *objectSync[O]) observes() bool {
	return w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

func (w *objectSync[O]) req() Request[O] {
	return Request[O]{Deps: w.Deps, Object: w.object, Session: w.session, References: w.references, reconciliation: w.reconciliation, retainReason: w.retainReason}
}

// openSession opens a session with the scopes of the kind. It refuses writes if only a list showed the object.
func (w *objectSync[O]) openSession(ctx context.Context) (err error) {
	if w.session, err = w.Session(ctx, w.tenant); err != nil {
		return err
	}
	if w.shown != nil {
		w.session = w.session.ReadOnly()
	}
	return w.requireScopes(ctx)
}

func (w *objectSync[O]) requireScopes(ctx context.Context) error {
	needed := needs(w.Adapter, w.object)
	granted, err := w.session.Scopes(ctx)
	if err != nil || len(lists.Without(needed, granted)) == 0 {
		return err
	}
	w.session.Renew()
	if granted, err = w.session.Scopes(ctx); err != nil {
		return err
	}
	if missing := lists.Without(needed, granted); len(missing) > 0 {
		return missingScope(w.session, missing)
	}
	return nil
}

// readSecrets reads the values that come from Secrets, and keeps the ones that changed since they were last sent.
func (w *objectSync[O]) readSecrets(ctx context.Context) error {
	adapter, ok := w.Adapter.(SecretFields[O])
	if !ok {
		return nil
	}
	w.secretValues, w.secrets = map[string]any{}, map[string]any{}
	for field, ref := range adapter.SecretFields(w.object) {
		if w.fields.Declares(w.desired, field) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s is both declared and taken from a Secret; remove one of the two", field)
		}
		value, err := secret.Value(ctx, w.Reader, w.object.GetNamespace(), ref)
		if err != nil {
			return err
		}
		hash, err := w.Hasher.Hash(ctx, string(w.object.GetUID())+"/"+field, value)
		if err != nil {
			return err
		}
		w.applied = append(w.applied, v1alpha1.AppliedSecret{Field: field, Hash: hash})
		w.secretValues[field] = value
		if w.refusedBefore(&w.applied[len(w.applied)-1]) || !w.mustSend(field, hash) {
			continue
		}
		w.secrets[field] = value
		if err := w.checkSecret(ctx, field, value, ref); err != nil {
			return err
		}
	}
	if len(w.secrets) > 0 && w.managed() {
		// A person changed a Secret, which the object does not show.
		ratelimit.ReservationOf(ctx).RaisePriority(ratelimit.PriorityEdited)
	}
	return nil
}

// checkSecret refuses a value that Auth0 does not accept, and warns of one that is likely a mistake.
func (w *objectSync[O]) checkSecret(ctx context.Context, field, value string, ref v1alpha1.SecretKeyReference) error {
	checker, ok := w.Adapter.(SecretChecker[O])
	if !ok {
		return nil
	}
	wrong, warning := checker.CheckSecret(w.object, field, value)
	if wrong != "" {
		return problem.Stalled(v1alpha1.ReasonSecretInvalid, "the value in Secret %s, key %s, %s", ref.Name, ref.Key, wrong)
	}
	if warning != "" {
		w.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, fmt.Sprintf("the value in Secret %s, key %s, %s", ref.Name, ref.Key, warning))
	}
	return nil
}

// refusedBefore reports whether Auth0 refused a secret value already: another attempt would cost a call for the same answer. A
// person who changed the rules instead can request a reconciliation.
func (w *objectSync[O]) refusedBefore(applied *v1alpha1.AppliedSecret) bool {
	for _, before := range w.object.GetManagedStatus().AppliedSecrets {
		if before.Field == applied.Field && before.Hash == applied.Hash && before.Refused != "" && !Requested(w.object) {
			applied.Refused = before.Refused
			w.failure = &auth0.Error{Class: auth0.ClassInvalid, Message: before.Refused}
			return true
		}
	}
	return false
}

// rememberRefused records that Auth0 refused the secret values that were sent.
func (w *objectSync[O]) rememberRefused(failed *auth0.Error) {
	status := w.object.GetManagedStatus()
	for i := range w.applied {
		if _, sent := w.secrets[w.applied[i].Field]; sent {
			w.applied[i].Refused = failed.Name(strings.TrimSuffix(failed.Message, "."))
			status.AppliedSecrets = withSecret(status.AppliedSecrets, w.applied[i])
		}
	}
}

func withSecret(all []v1alpha1.AppliedSecret, one v1alpha1.AppliedSecret) []v1alpha1.AppliedSecret {
	all = slices.DeleteFunc(slices.Clone(all), func(before v1alpha1.AppliedSecret) bool { return before.Field == one.Field })
	return append(all, one)
}

// mustSend reports whether a secret value has not been sent yet. If the key of the hashes was lost, it is unknown whether the
// value changed. It then counts as sent, because sending it could undo a change that a person made since.
func (w *objectSync[O]) mustSend(field, hash string) bool {
	for _, before := range w.object.GetManagedStatus().AppliedSecrets {
		if before.Field == field {
			return before.Refused != "" || before.Hash != hash && secret.SameKey(before.Hash, hash)
		}
	}
	return true
}

// known reads the object by its id in status, nil if there is none. Without an id, or if a list showed the object, it makes no
// call.
func (w *objectSync[O]) known(ctx context.Context) (auth0.Document, error) {
	if w.shown != nil {
		return w.shown, nil
	}
	id := w.Adapter.ID(w.object)
	if id == "" {
		return nil, nil
	}
	have, err := w.session.Get(ctx, w.Adapter.Resource(), id)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return nil, nil
	}
	return have, err
}

// remember records in status what was done, so that it is not done again.
func (w *objectSync[O]) remember(have auth0.Document) {
	w.reconciliation.found = true
	w.Adapter.Observe(w.object, have)
	status := w.object.GetManagedStatus()
	// Fields that Auth0 did not clear must still be cleared.
	left := slices.DeleteFunc(slices.Concat(w.unapplied, w.failed), func(one fields.Change) bool { return one.IsBeside })
	status.ManagedFields = lists.Union(w.fields.Paths(w.desired), fields.PathsOf(left))
	status.AppliedSecrets = slices.DeleteFunc(slices.Clone(w.applied), func(applied v1alpha1.AppliedSecret) bool {
		_, unsent := w.secrets[applied.Field]
		return unsent && applied.Refused == ""
	})
	w.noteDifferences()
	status.Creating = ""
}

// skip ends a reconciliation of an object that needs no read.
func (w *objectSync[O]) skip() Outcome {
	ready := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	return Done(ready.Reason, ready.Message, 0)
}

func (w *objectSync[O]) done(message string) Outcome {
	if !w.isTaken() {
		w.noteDifferences()
		return w.refused()
	}
	if w.unlinked != nil {
		return FromError(w.unlinked, w.resync).NotReady()
	}
	return w.ready(v1alpha1.ReasonReconciled, message+w.exempt)
}

// ready ends a reconciliation of an object that is in sync.
func (w *objectSync[O]) ready(reason, message string) Outcome {
	again := w.resync
	if w.snapshot.recordSync(w) {
		again = 0
	}
	if next := w.nextAt(); !next.IsZero() && (again == 0 || next.Sub(w.Clock.Now()) < again) {
		return DoneUntil(reason, message, next.Sub(w.Clock.Now()))
	}
	return Done(reason, message, again)
}

// nextAt is when the object must be reconciled again in any case, the zero time if there is no such time.
func (w *objectSync[O]) nextAt() time.Time {
	var next time.Time
	if scheduler, ok := w.Adapter.(Scheduler[O]); ok {
		next = scheduler.NextAt(w.object)
	}
	if at := w.object.GetManagedStatus().RecheckAt; at != nil && !w.observes() && (next.IsZero() || at.Time.Before(next)) {
		next = at.Time
	}
	return next
}

func (w *objectSync[O]) stall(reason, format string, args ...any) Outcome {
	return Stall(reason, fmt.Sprintf(format, args...), w.resync)
}

// explain turns an error into an Outcome, in the kind's words if it has any.
func (w *objectSync[O]) explain(err error) Outcome {
	var failed *auth0.Error
	if !errors.As(err, &failed) {
		return FromError(err, w.resync)
	}
	if explainer, ok := w.Adapter.(Explainer[O]); ok && w.session != nil {
		if explained := explainer.Explain(w.req(), failed); explained != nil {
			w.noteRefusal(explained, failed)
			return FromError(explained, w.resync).WithRequestID(failed)
		}
	}
	if explained := w.explainMarker(failed); explained != nil {
		return FromError(explained, w.resync).WithRequestID(failed)
	}
	return FromAuth0(failed, w.session, w.resync, w.Clock.Now())
}

// explainMarker reports that the object's metadata in Auth0 is full, so that the marker does not fit. It returns nil if Auth0
// refused something else.
func (w *objectSync[O]) explainMarker(failed *auth0.Error) error {
	metadata, key, marked := strings.Cut(w.markerField(), ".")
	full := strings.Contains(failed.Message, "Too many properties") || strings.Contains(failed.Message, "too many properties")
	if !marked || failed.Class != auth0.ClassInvalid || !full || !strings.Contains(failed.Message, metadata) {
		return nil
	}
	return problem.Stalled(v1alpha1.ReasonRejected,
		"%s is full: beside the keys that are there, the operator needs room for its own key %s, by which it knows what this object holds (Auth0 says: %s); remove a key in Auth0, or from the spec",
		metadata, key, strings.TrimSuffix(failed.Message, "."))
}

// explainSecrets adds to an error which rule a secret value breaks that Auth0 just refused.
func (w *objectSync[O]) explainSecrets(ctx context.Context, err error) {
	explainer, ok := w.Adapter.(SecretExplainer[O])
	failed, refused := errors.AsType[*auth0.Error](err)
	if !ok || !refused || failed.Class != auth0.ClassInvalid || failed.Route == "" {
		return
	}
	for field, value := range w.secrets {
		if text, ok := value.(string); ok {
			if why := explainer.ExplainSecret(ctx, w.req(), field, text, failed); why != "" {
				failed.Message += ": " + why
			}
		}
	}
}

// noteRefusal records a refusal of the secret values that were sent.
func (w *objectSync[O]) noteRefusal(explained error, failed *auth0.Error) {
	if known, ok := errors.AsType[*problem.Problem](explained); ok && known.Secret {
		w.rememberRefused(failed)
	}
}

// FromAuth0 turns a failed call into an Outcome, by its class alone.
func FromAuth0(failed *auth0.Error, session *auth0.Session, resync time.Duration, now time.Time) Outcome {
	return outcomeOf(failed, session, resync, now).WithRequestID(failed)
}

func outcomeOf(failed *auth0.Error, session *auth0.Session, resync time.Duration, now time.Time) Outcome {
	switch failed.Class {
	case auth0.ClassRateLimited:
		return waitForLimit(failed, now)
	case auth0.ClassCircuitOpen:
		return Wait(v1alpha1.ReasonTenantUnavailable, failed.Message, 0)
	case auth0.ClassUnauthorized:
		return Wait(v1alpha1.ReasonTenantNotReady, "Auth0 refuses the operator's credentials; see the Auth0Tenant", outageRetry)
	case auth0.ClassMissingScope:
		return FromError(scopeMissed(session, failed), resync)
	case auth0.ClassUntrusted:
		return Stall(v1alpha1.ReasonCertificateUntrusted, Untrusted(failed), resync)
	case auth0.ClassTooLarge:
		return Stall(v1alpha1.ReasonResponseTooLarge, fmt.Sprintf("%s: %s; make the object in Auth0 smaller", failed.Route, failed.Message), resync)
	case auth0.ClassInvalid, auth0.ClassForbidden:
		if failed.Status == 0 {
			return Stall(v1alpha1.ReasonRejected, failed.Message, resync)
		}
		return Stall(v1alpha1.ReasonRejected, fmt.Sprintf("Auth0 refuses this: %s (%s, %d)", strings.TrimSuffix(failed.Message, "."), failed.Route, failed.Status), resync)
	case auth0.ClassUnavailable:
		return Retry(v1alpha1.ReasonTenantUnavailable, failed)
	default:
		return Retry(v1alpha1.ReasonProgressingWithRetry, failed)
	}
}

// Untrusted says what to do about a certificate that is not trusted.
func Untrusted(failed *auth0.Error) string {
	return failed.Message + "; if the domain is served with a certificate of your own authority, name it in spec.caBundle of the Auth0Tenant"
}

// waitForLimit reports that an object waits for the rate limit, and roughly until when. Its reservation requeues it; the delay of
// the Outcome is a fallback. The time in the message is coarse, so that repeating it does not change the status.
func waitForLimit(failed *auth0.Error, now time.Time) Outcome {
	what, wait := "waiting for Auth0's rate limit", failed.After
	if failed.Status == 0 {
		what = failed.Message
	}
	message := what + "; resuming within a minute"
	if wait > time.Minute {
		at := now.Add(wait).UTC().Truncate(coarse).Add(coarse)
		message = what + "; going on at about " + at.Format("15:04 UTC, 2 January")
	}
	return Wait(v1alpha1.ReasonRateLimited, message, wait+wait/2+time.Minute)
}

// coarse is the precision of the time in that message.
const coarse = 5 * time.Minute

func missingScope(session *auth0.Session, scopes []string) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonMissingScope,
		"missing scopes: %s; grant them to the application %s in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications",
		quoted(scopes), session.ClientID()).Again(scopeRetry)
}

// scopeMissed is missingScope for a call that Auth0 refused, although all scopes of the kind are granted.
func scopeMissed(session *auth0.Session, failed *auth0.Error) *problem.Problem {
	if len(failed.Scopes) > 0 {
		return missingScope(session, failed.Scopes)
	}
	return problem.Stalled(v1alpha1.ReasonMissingScope,
		"%s takes a scope that the application %s lacks (Auth0 says: %s); grant it in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications",
		failed.Route, session.ClientID(), failed.Message).Again(scopeRetry)
}

// quoted joins names for a message.
func quoted(names []string) string { return strings.Join(names, ", ") }

// ResyncInterval is how often to compare the objects of a tenant with Auth0.
func ResyncInterval(tenant *v1alpha1.Auth0Tenant) time.Duration {
	if interval := tenant.Spec.ResyncInterval; interval != nil {
		return interval.Duration
	}
	return drift.DefaultResync
}

func (w *objectSync[O]) event(ctx context.Context, reason, message string) {
	w.reconciliation.Event(ctx, corev1.EventTypeNormal, reason, message)
}

// Pause implements Pauser.
func (r *Remote[O]) Pause(reconciliation *Reconciliation[O]) {
	r.batcher.pause(r.newSync(reconciliation))
}

func deref(outcome *Outcome) Outcome { return ptr.Deref(outcome, Outcome{}) }
