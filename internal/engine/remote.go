package engine

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/reference"
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
	Definition *Definition[O]
	Deps
	kind  Kind
	kinds []Kind
	// claims are the claims of objects that carry no marker in Auth0.
	claims *claims
	// pauses are the pauses of objects that wait for a step, by uid.
	pauses *cache.LRUExpireCache
	// assembledLists are the lists that objects make up together.
	assembledLists *assembledLists
	snapshot       snapshot[O]
	batcher        batcher[O]
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
	// isRead are the routes of the object that were read, and not written since: its parts by field, and ownRoute.
	isRead map[string]bool
	// isAbsent means that Auth0 lacks the tenant's only object until it is first written.
	isAbsent bool
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
	// shownSecrets are the secret values that Auth0 showed, which may be someone else's.
	shownSecrets []string
	// differing are the secret values that Auth0 shows and that are not the declared ones.
	differing []fields.Change
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
	return &objectSync[O]{Remote: r, reconciliation: reconciliation, object: reconciliation.Object, fields: r.Definition.Fields, resync: drift.DefaultResync, notApplied: notAppliedBefore(reconciliation.Object)}
}

func (w *objectSync[O]) run(ctx context.Context) Outcome {
	if !isSeen(w.object) {
		w.object.GetManagedStatus().Claims = ""
	}
	ctx = auth0.WithSecrets(ctx, w.knownSecrets)
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
		outcome = w.explain(err)
	} else if w.drifted && outcome.state == done {
		w.Metrics.CountCorrected(reference.TenantKey(w.object).String(), w.kind.Name)
	}
	if outcome.state != interrupted && outcome.state != noStatusChange {
		w.setConditions()
	}
	return outcome
}

// setConditions sets the conditions of the kind.
func (w *objectSync[O]) setConditions() {
	if w.Definition.Conditions == nil || w.Definition.ID(w.object) == "" {
		return
	}
	for _, condition := range w.Definition.Conditions(w.object) {
		condition.ObservedGeneration = w.object.GetGeneration()
		meta.SetStatusCondition(&w.object.GetCommonStatus().Conditions, condition)
	}
}

func (w *objectSync[O]) req() Request[O] {
	return Request[O]{Deps: w.Deps, Object: w.object, Session: w.session, References: w.references, reconciliation: w.reconciliation, path: w.Definition.Path, retainReason: w.retainReason}
}

// known reads the object by its id in status, nil if there is none. Without an id, or if a list showed the object, it makes no
// call.
func (w *objectSync[O]) known(ctx context.Context) (auth0.Document, error) {
	if w.shown != nil {
		return w.shown, nil
	}
	if w.Definition.ID(w.object) == "" {
		return nil, nil
	}
	have, err := w.get(ctx)
	if auth0.ClassOf(err) == auth0.ClassNotFound && !w.Definition.isSingleton() {
		return nil, nil
	}
	return have, err
}

// remember records in status what was done, so that it is not done again.
func (w *objectSync[O]) remember(have auth0.Document) {
	w.reconciliation.found = true
	w.Definition.Observe(w.object, have)
	status := w.object.GetManagedStatus()
	// Fields that Auth0 did not clear must still be cleared.
	left := slices.DeleteFunc(slices.Concat(w.unapplied, w.failed), func(one fields.Change) bool { return one.IsBeside || one.IsSecret })
	status.ManagedFields = lists.Union(w.fields.Paths(w.desired), fields.PathsOf(left))
	status.AppliedSecrets = slices.DeleteFunc(slices.Clone(w.applied), func(applied v1alpha1.AppliedSecret) bool {
		_, unsent := w.secrets[applied.Field]
		return unsent && applied.Refused == ""
	})
	w.forgetFormerValues()
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
	if w.Definition.NextAt != nil {
		next = w.Definition.NextAt(w.object)
	}
	if at := w.object.GetManagedStatus().RecheckAt; at != nil && !w.observes() && (next.IsZero() || at.Time.Before(next)) {
		next = at.Time
	}
	return next
}

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
