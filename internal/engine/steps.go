package engine

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Some objects reach the declared state a while after they were written: Auth0 builds the code of an action, and verifies a custom
// domain once its DNS record exists. See docs/decisions/0042-steps.md.

// Step is a state that an object must reach in Auth0 before it is Ready. What Auth0 shows of the object says whether it has.
type Step[O v1alpha1.Managed] struct {
	// Condition is the type of the condition that is True once the object has the state: "Verified".
	Condition string
	// Pending says what is missing, from what Auth0 shows of the object; nil if nothing is. It makes no call.
	Pending func(object O, have auth0.Document) *Pending
	// Advance makes the call that continues, such as a verification. It must be harmless to repeat: its answer can be lost. It
	// returns the object if the answer shows all of it, nil otherwise. nil means that Auth0 proceeds without a call.
	Advance func(ctx context.Context, req Request[O], have auth0.Document) (auth0.Document, error)
}

// Pending says why an object does not have a state yet.
type Pending struct {
	// Reason and Message are those of the condition, and of Ready. The message says what a person must do, if anything.
	Reason, Message string
	// After is when to check again for the first time. The longer it takes, the rarer the operator checks: up to every 15 minutes.
	After time.Duration
	// Proceeds means that Auth0 is at work, so that Advance is not called.
	Proceeds bool
	// Failed means that Auth0 gave up and a person must act. Advance is not called.
	Failed bool
}

const (
	// longestPause is the longest delay between two checks of a step.
	longestPause = 15 * time.Minute
	// mostPauses limits how many pauses are kept.
	mostPauses = 10_000
)

// followUp does the work that is left once the object and its lists are in sync.
func (w *objectSync[O]) followUp(ctx context.Context, have auth0.Document) error {
	if w.finishes() {
		if err := w.Definition.Finish(ctx, w.req(), have); err != nil {
			return err
		}
	}
	if !w.isTaken() {
		return nil
	}
	if err := w.takeSteps(ctx, have); err != nil {
		return err
	}
	return w.assemble(ctx)
}

// takeSteps brings the object into the states of its steps, in their order. It returns a problem if that takes longer.
func (w *objectSync[O]) takeSteps(ctx context.Context, have auth0.Document) error {
	for i, step := range w.Definition.Steps {
		pending := step.Pending(w.object, have)
		if pending != nil && !pending.Proceeds && !pending.Failed && step.Advance != nil {
			var err error
			if have, err = w.advance(ctx, step, have); err != nil {
				return err
			}
			pending = step.Pending(w.object, have)
		}
		w.reportStep(step, pending)
		if pending != nil {
			w.reportSteps(have, w.Definition.Steps[i+1:])
			return w.pauseFor(step, pending)
		}
	}
	return nil
}

// advance makes the call of a step, and returns the object as it is then.
func (w *objectSync[O]) advance(ctx context.Context, step Step[O], have auth0.Document) (auth0.Document, error) {
	advanced, err := step.Advance(ctx, w.req(), have)
	if err == nil && advanced == nil {
		advanced, err = w.get(ctx)
	}
	w.wroteUpdate(ctx, have, advanced, err)
	if err == nil {
		w.Definition.Observe(w.object, advanced)
	}
	return advanced, err
}

// hasReached reports whether a document shows the states of all steps.
func (w *objectSync[O]) hasReached(have auth0.Document) bool {
	for _, step := range w.Definition.Steps {
		if step.Pending(w.object, have) != nil {
			return false
		}
	}
	return true
}

// awaitsSteps reports whether the steps of an object were begun, and not all done. Under managementPolicy CreateOnly, nothing else is
// changed after the creation.
func (w *objectSync[O]) awaitsSteps() bool {
	for _, step := range w.Definition.Steps {
		if meta.IsStatusConditionFalse(w.object.GetCommonStatus().Conditions, step.Condition) {
			return true
		}
	}
	return false
}

// reportSteps sets the conditions of steps, without any call.
func (w *objectSync[O]) reportSteps(have auth0.Document, steps []Step[O]) {
	for _, step := range steps {
		w.reportStep(step, step.Pending(w.object, have))
	}
}

// reportStep sets the condition of a step. Its time is that of the first check of what is declared now.
func (w *objectSync[O]) reportStep(step Step[O], pending *Pending) {
	conditions, generation := &w.object.GetCommonStatus().Conditions, w.object.GetGeneration()
	condition := metav1.Condition{
		Type: step.Condition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReconciled,
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(w.Clock.Now()),
	}
	if pending != nil {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, pending.Reason, pending.Message
		if before := meta.FindStatusCondition(*conditions, step.Condition); before != nil && before.ObservedGeneration != generation {
			meta.RemoveStatusCondition(conditions, step.Condition)
		}
	}
	meta.SetStatusCondition(conditions, condition)
}

// pauseFor returns the problem that a step is not done, and remembers when to check again.
func (w *objectSync[O]) pauseFor(step Step[O], pending *Pending) error {
	wait := longestPause
	if !pending.Failed {
		since := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, step.Condition).LastTransitionTime
		wait = min(max(pending.After, w.Clock.Since(since.Time)/2), longestPause)
	}
	w.pauses.Add(w.object.GetUID(), pause{until: w.Clock.Now().Add(wait), of: w.declaration()}, wait)
	if pending.Failed {
		return problem.Stalled(pending.Reason, "%s", pending.Message).Again(wait)
	}
	return problem.Waiting(pending.Reason, "%s", pending.Message).Again(wait).Breaking()
}

// pause is how long nothing is to be checked of an object, as long as it is declared so.
type pause struct {
	until time.Time
	of    declaration
}

// declaration identifies what an object declares, and the last change that was noticed in Auth0.
type declaration struct {
	generation int64
	hash       uint64
	serial     uint64
}

func (w *objectSync[O]) declaration() declaration {
	return declaration{w.object.GetGeneration(), w.desiredHash, w.snapshot.serial(w.object)}
}

// idle returns the outcome of a reconciliation that needs no call, nil if it needs one: nothing can have changed since the last one.
func (w *objectSync[O]) idle() *Outcome {
	if w.snapshot.isInSync(w) {
		return new(w.skip())
	}
	known, ok := w.pauses.Get(w.object.GetUID())
	if !ok || known.(pause).of != w.declaration() || Requested(w.object) || w.shown != nil || len(w.secrets) > 0 || w.recheckDue() {
		return nil
	}
	if left := known.(pause).until.Sub(w.Clock.Now()); left > 0 {
		return new(NoStatusChange(left))
	}
	return nil
}

func newPauses() *cache.LRUExpireCache { return cache.NewLRUExpireCache(mostPauses) }
