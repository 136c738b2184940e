package engine

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// isMirrored tells whether the mirror of the tenant looks after an object that is Ready, so that it needs no timer.
func (w *work[O]) isMirrored() bool { return w.memory != nil && w.Adapter.ID(w.object) != "" }

// isSettled tells whether an object is Ready as it is declared now, and nobody asked for a look at it.
func (r *Remote[O]) isSettled(object O) bool {
	status := object.GetCommonStatus()
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	current := status.ObservedGeneration == object.GetGeneration()
	return current && ready != nil && ready.Status == metav1.ConditionTrue &&
		object.GetDeletionTimestamp() == nil && !object.IsSuspended() && !Requested(object) && r.Adapter.ID(object) != ""
}

// attempt passes over an object with what a list showed of it, if that is all there is to the pass, and else with a read.
func (r *Remote[O]) attempt(ctx context.Context, pass *Pass[O]) Outcome {
	key := client.ObjectKeyFromObject(pass.Object)
	if r.memory == nil {
		return r.work(pass).run(ctx)
	}
	known, shown := r.memory.mark(key), r.memory.take(key)
	if shown != nil && known.serial == 0 && r.isSettled(pass.Object) {
		outcome, ok := r.passListed(ctx, pass, shown)
		if ok && !outcome.ended() {
			r.memory.show(key, shown)
		}
		if ok {
			return outcome
		}
		pass.Object = pass.saved.DeepCopyObject().(O)
		// Something differs, so that it does not rest.
		r.memory.setMark(key, auth0.PriorityPeriodic)
		known = r.memory.mark(key)
	}
	if known.serial != 0 {
		auth0.ReservationOf(ctx).RaisePriority(known.priority)
	}
	outcome := r.work(pass).run(ctx)
	if outcome.ended() {
		r.memory.clearMark(key, known)
	}
	return outcome
}

// passListed passes over an object with what a list showed of it. It gives up before anything is written to Auth0.
func (r *Remote[O]) passListed(ctx context.Context, pass *Pass[O], shown auth0.Document) (Outcome, bool) {
	w := r.work(pass)
	w.listed = true
	ctx = auth0.WithListed(ctx, r.Adapter.(Mirrored).Resource(), r.Adapter.ID(pass.Object), shown)
	outcome, err := w.apply(ctx)
	if errors.Is(err, auth0.ErrListed) {
		return Outcome{}, false
	}
	return w.conclude(outcome, err), true
}

// rests tells whether nothing calls for a read: the object is as declared as far as anybody knows. After a restart nothing
// is known, and what is Ready is left to the first pass of the mirror.
func (w *work[O]) rests() bool {
	if w.memory == nil || w.listed || w.object.GetManagedStatus().RecheckAt != nil || len(w.secrets) > 0 || !w.isSettled(w.object) || w.memory.mark(client.ObjectKeyFromObject(w.object)).serial != 0 {
		return false
	}
	before, known := w.memory.lesson(w.object.GetUID())
	if known {
		return before.desired == w.desiredHash && !w.seesToMore()
	}
	// What an object writes to Kubernetes, no list of Auth0's tells about: its Secret may have gone while nobody looked.
	return !w.publishes() && !w.finishes() && !w.Mirrors.missed(w.tenant.UID, w.object)
}

func (w *work[O]) publishes() bool {
	_, publishes := w.Adapter.(Publisher[O])
	return publishes || w.outputConfigMap() != nil
}

// seesToMore reports whether a pass sees to more than that the object is in sync with Auth0.
func (w *work[O]) seesToMore() bool {
	_, withholds := w.Adapter.(Withholder[O])
	return w.publishes() || withholds || w.finishes()
}

// rest ends a pass over an object that rests.
func (w *work[O]) rest() Outcome {
	if _, known := w.memory.lesson(w.object.GetUID()); !known {
		w.memory.learn(w.object.GetUID(), lesson{desired: w.desiredHash})
	}
	ready := meta.FindStatusCondition(w.object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	return Done(ready.Reason, ready.Message, 0)
}

// learn remembers what an object was brought in line with.
func (w *work[O]) learn() {
	if w.memory != nil {
		w.memory.learn(w.object.GetUID(), lesson{desired: w.desiredHash, at: w.Clock.Now().UnixNano()})
	}
}

// hashDesired makes a hash of what is desired, the lists beside it included.
func (w *work[O]) hashDesired() uint64 {
	type list struct {
		Field string
		Mode  v1alpha1.ListMode
		Want  []string
	}
	var lists []list
	if lister, ok := w.Adapter.(Lister[O]); ok {
		for _, one := range lister.Lists(w.tools()) {
			lists = append(lists, list{one.Field, one.Mode, one.Want})
		}
	}
	sum := fnv.New64a()
	// What came from JSON can become JSON, and Hash.Write never fails.
	_ = json.NewEncoder(sum).Encode([]any{w.desired, lists})
	return sum.Sum64()
}

// hasMembers tells whether a list is compared from the other side: who is on it. An exact list is not, as what is too much
// on it would show only by asking for every entry there could be.
func (r *Remote[O]) hasMembers(list List) bool {
	mirrored, ok := r.Adapter.(Mirrored)
	exact := list.Declared && list.Mode == v1alpha1.ListModeExact
	return ok && !exact && auth0.HasRoster(mirrored.Resource(), list.Field)
}

// unlisted leaves out the lists that the mirror compares by itself.
func (w *work[O]) unlisted(lists []List) []List {
	if !w.listed {
		return lists
	}
	return slices.DeleteFunc(lists, w.hasMembers)
}
