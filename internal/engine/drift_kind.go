package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// listLag is how long a list may lag behind: an object that was synced within this time is not compared with it.
	listLag = time.Minute
	// listCall is about how many objects one call lists.
	listCall = 100
	// mostKept limits the size of a document that waits in memory for something else, in bytes.
	mostKept = 128 << 10
)

// kindDriftDetector detects drift of the objects of one kind, for all tenants.
type kindDriftDetector[O v1alpha1.Managed] struct {
	*Remote[O]
	store *drift.Snapshot
}

// enqueue requeues an object. Before the queue opens, it does nothing: the queue then receives all objects.
func (k *kindDriftDetector[O]) enqueue(priority ratelimit.Priority, key types.NamespacedName) {
	k.kind.queue.lookLater(reconcile.Request{NamespacedName: key}, priority)
}

func (k *kindDriftDetector[O]) Resource() string { return k.Definition.Resource }

// each visits the objects of a tenant. The visitor must not change them.
func (k *kindDriftDetector[O]) each(ctx context.Context, tenant types.NamespacedName, visit func(O)) error {
	list := k.kind.NewList()
	if err := k.Client.List(ctx, list, client.MatchingFields{reference.TenantIndex: tenant.String()}, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	return partial.Visit(ctx, k.Client, list, visit)
}

func (k *kindDriftDetector[O]) Changed(ctx context.Context, tenant *drift.Detector, ids map[string]bool) {
	for id := range ids {
		list := k.kind.NewList()
		index := client.MatchingFields{reference.IDIndex: reference.IDKeyIn(tenant.Tenant, id)}
		if err := k.Client.List(ctx, list, index, client.UnsafeDisableDeepCopy); err != nil {
			logger(ctx).Error(err, "find what was changed", "objects", k.kind.Name)
			return
		}
		for _, object := range objectsIn(list) {
			k.read(client.ObjectKeyFromObject(object), ratelimit.PriorityNew)
		}
	}
}

// read requests a read of an object.
func (k *kindDriftDetector[O]) read(key types.NamespacedName, priority ratelimit.Priority) {
	k.store.MarkDirty(key, priority)
	k.enqueue(priority, key)
}

// expectedObjects are the objects to compare, by their id in Auth0.
type expectedObjects struct {
	byID map[string][]types.NamespacedName
	// expectedEntries are the expected members, by list.
	expectedEntries map[auth0.MemberList]expectedEntry
}

// expectedEntry are the ids that should have an entry.
type expectedEntry map[string]map[string]bool

func (p expectedObjects) add(memberList auth0.MemberList, id, entry string) {
	if p.expectedEntries[memberList] == nil {
		p.expectedEntries[memberList] = expectedEntry{}
	}
	if p.expectedEntries[memberList][entry] == nil {
		p.expectedEntries[memberList][entry] = map[string]bool{}
	}
	p.expectedEntries[memberList][entry][id] = true
}

// found removes an id that has the entry.
func (b expectedEntry) found(id, entry string) {
	delete(b[entry], id)
	if len(b[entry]) == 0 {
		delete(b, entry)
	}
}

// ids returns all expected ids.
func (b expectedEntry) ids() map[string]bool {
	ids := map[string]bool{}
	for _, of := range b {
		maps.Copy(ids, of)
	}
	return ids
}

func (k *kindDriftDetector[O]) Plan(ctx context.Context, session *auth0.Session, tenant types.NamespacedName, requested bool) (drift.Resync, error) {
	if err := k.forgetDeleted(ctx); err != nil {
		return drift.Resync{}, err
	}
	all := expectedObjects{byID: map[string][]types.NamespacedName{}, expectedEntries: map[auth0.MemberList]expectedEntry{}}
	err := k.each(ctx, tenant, func(object O) {
		if !k.isReadyAsDeclared(object) {
			if requested {
				k.read(client.ObjectKeyFromObject(object), ratelimit.PriorityPeriodic)
			}
			return
		}
		id := k.Definition.ID(object)
		all.byID[id] = append(all.byID[id], client.ObjectKeyFromObject(object))
		for _, list := range k.memberLists(ctx, session, object) {
			for _, entry := range list.Want {
				all.add(list.Members(entry), id, entry)
			}
		}
	})
	calls := (len(all.byID) + listCall - 1) / listCall
	for _, expectedEntries := range all.expectedEntries {
		calls += (len(expectedEntries.ids()) + listCall - 1) / listCall
	}
	return drift.Resync{Calls: calls, Run: func(ctx context.Context, pace *drift.Pace) error {
		if err := k.compareMembers(ctx, session, pace, all); err != nil {
			return err
		}
		return k.readAll(ctx, all, k.compareObjects(ctx, session, pace, all))
	}}, err
}

// forgetDeleted drops what is known of objects that no longer exist.
func (k *kindDriftDetector[O]) forgetDeleted(ctx context.Context) error {
	list := k.kind.NewList()
	if err := k.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	present := map[types.UID]bool{}
	for _, object := range objectsIn(list) {
		present[object.GetUID()] = true
	}
	k.store.KeepOnly(present)
	if k.Definition.Imports != nil {
		k.Batches.KeepOnly(present)
	}
	return nil
}

// isNoList reports whether Auth0 gives no list, and would give none at a retry.
func isNoList(err error) bool {
	classes := []auth0.Class{auth0.ClassInvalid, auth0.ClassForbidden, auth0.ClassMissingScope, auth0.ClassNotFound, auth0.ClassTooLarge}
	return slices.Contains(classes, auth0.ClassOf(err))
}

// readAll requests a read of every object if Auth0 does not give the list.
func (k *kindDriftDetector[O]) readAll(ctx context.Context, all expectedObjects, err error) error {
	if !isNoList(err) {
		return err
	}
	logger(ctx).Info("Auth0 gives no list; each object is read instead", "objects", k.kind.Name, "error", err.Error())
	for _, keys := range all.byID {
		for _, key := range keys {
			k.read(key, ratelimit.PriorityPeriodic)
		}
	}
	return nil
}

// memberLists returns the lists beside an object that are compared from the other side, by their members.
func (k *kindDriftDetector[O]) memberLists(ctx context.Context, session *auth0.Session, object O) []lists.List {
	if k.Definition.Lists == nil {
		return nil
	}
	all := k.Definition.Lists(k.comparison(ctx, session, object, object).req())
	return slices.DeleteFunc(all, func(list lists.List) bool { return list.Idle() || !isComparedByMembers(list) })
}

// comparison returns the objectSync of an object that is only compared.
func (k *kindDriftDetector[O]) comparison(ctx context.Context, session *auth0.Session, object, after O) *objectSync[O] {
	w := k.newSync(&Reconciliation[O]{Object: after, saved: object})
	w.session = session
	w.references = reference.Known(ctx, k.Client, object, w.refersTo())
	return w
}

// compareMembers finds the objects that should have an entry and lack it. If Auth0 does not give the list of members, it takes
// all of them.
func (k *kindDriftDetector[O]) compareMembers(ctx context.Context, session *auth0.Session, pace *drift.Pace, all expectedObjects) error {
	for memberList, missing := range all.expectedEntries {
		asked := k.Clock.Now()
		err := k.findMembers(ctx, session, pace, memberList, missing)
		if err != nil && !isNoList(err) {
			return err
		}
		if err != nil {
			logger(ctx).Info("Auth0 gives no list of members; each object is read instead", "objects", k.kind.Name, "list", memberList.String(), "error", err.Error())
		}
		for id := range missing.ids() {
			for _, key := range all.byID[id] {
				if _, ok := k.comparable(ctx, key, asked, pace); ok {
					k.read(key, ratelimit.PriorityPeriodic)
				}
			}
		}
	}
	return nil
}

// findMembers removes the objects that have an entry from missing. It gives up a list that needs more calls than reading each
// object.
func (k *kindDriftDetector[O]) findMembers(ctx context.Context, session *auth0.Session, pace *drift.Pace, memberList auth0.MemberList, missing expectedEntry) error {
	calls, most := 0, len(missing.ids())
	for members, err := range session.Members(ctx, memberList, slices.Collect(maps.Keys(missing))) {
		if err != nil {
			return err
		}
		for id, entries := range members {
			for _, entry := range entries {
				missing.found(id, entry)
			}
		}
		if err := pace.Step(ctx); err != nil {
			return err
		}
		calls++
		if len(missing) == 0 || calls >= most {
			break
		}
	}
	return nil
}

// compareObjects compares every object with what lists show of it.
func (k *kindDriftDetector[O]) compareObjects(ctx context.Context, session *auth0.Session, pace *drift.Pace, all expectedObjects) error {
	ids := make([]string, 0, len(all.byID))
	for id := range all.byID {
		ids = append(ids, id)
	}
	asked := k.Clock.Now()
	for shown, err := range session.Listed(ctx, k.Resource(), ids) {
		if err != nil {
			return err
		}
		for _, one := range shown {
			for _, key := range all.byID[one.ID] {
				k.compareOne(ctx, session, pace, key, one.Document, asked)
			}
		}
		if err := k.store.Drained(ctx, k.Clock); err != nil {
			return err
		}
		if err := pace.Step(ctx); err != nil {
			return err
		}
		asked = k.Clock.Now()
	}
	return nil
}

// compareOne requests a reconciliation of an object that would change something: with what the list shows, or with a read.
func (k *kindDriftDetector[O]) compareOne(ctx context.Context, session *auth0.Session, pace *drift.Pace, key types.NamespacedName, shown auth0.Document, asked time.Time) {
	object, ok := k.comparable(ctx, key, asked, pace)
	if !ok {
		return
	}
	switch k.compare(ctx, session, object, shown) {
	case same:
	case news:
		if shown.Size() > mostKept {
			// The document would wait in memory with many others.
			k.read(key, ratelimit.PriorityPeriodic)
			return
		}
		k.store.Show(key, shown)
		k.enqueue(ratelimit.PriorityPeriodic, key)
	case differs:
		k.read(key, ratelimit.PriorityPeriodic)
	}
}

// comparable returns an object as it is now, if what a list showed at a time can be compared with it and nothing else requires a
// read. In a requested comparison, it requests a read of an object that was synced shortly before the request: the list may lag
// behind, and something may have changed since.
func (k *kindDriftDetector[O]) comparable(ctx context.Context, key types.NamespacedName, asked time.Time, pace *drift.Pace) (O, bool) {
	object := newObject[O]()
	if k.store.DirtyMark(key).Serial != 0 {
		return object, false
	}
	if err := k.Client.Get(ctx, key, object); err != nil || !k.isReadyAsDeclared(object) {
		return object, false
	}
	isRecent := k.store.SyncedSince(object.GetUID(), asked.Add(-listLag))
	isOfThisResync := k.store.SyncedSince(object.GetUID(), pace.Began.Add(-1))
	if isRecent && pace.Requested && !isOfThisResync {
		k.read(key, ratelimit.PriorityPeriodic)
	}
	return object, !isRecent
}

// difference is the result of comparing an object with a list.
type difference int

const (
	// same: a reconciliation would do nothing.
	same difference = iota
	// news: a reconciliation would change nothing in Auth0 as far as the list shows, but has something else to do.
	news
	// differs: the object is out of sync, or not on the list.
	differs
)

// compare predicts from a list what a reconciliation of an object would do. It makes no call.
func (k *kindDriftDetector[O]) compare(ctx context.Context, session *auth0.Session, object O, shown auth0.Document) difference {
	if shown == nil {
		return differs
	}
	after := object.DeepCopyObject().(O)
	w := k.comparison(ctx, session, object, after)
	w.shown = shown
	w.desired = k.Definition.Desired(after, w.references)
	if err := w.recallUnshown(ctx); err != nil {
		return differs
	}
	w.takeSecretsAsApplied()
	if len(w.routes()) > 1 {
		// No list shows the parts.
		return differs
	}
	if err := w.compareSecrets(ctx, shown); err != nil {
		return differs
	}
	switch after.GetManagedSpec().ManagementPolicy {
	case v1alpha1.ManagementPolicyObserve:
		return news
	case v1alpha1.ManagementPolicyCreateOnly:
		k.Definition.Observe(after, shown)
	default:
		w.leaveAlone(shown)
		w.lateInitialize(shown)
		w.addMarker()
		if len(w.pending(shown)) > 0 || !w.hasReached(shown) {
			return differs
		}
		w.remember(shown)
		if w.hasFurtherSteps() || len(w.lists()) > 0 || w.placeOf() != nil {
			return news
		}
	}
	if equality.Semantic.DeepEqual(object, after) {
		return same
	}
	return news
}

// takeSecretsAsApplied treats the values of secrets as applied: a change of a Secret triggers its own reconciliation.
func (w *objectSync[O]) takeSecretsAsApplied() {
	w.applied = w.object.GetManagedStatus().AppliedSecrets
	if w.Definition.SecretFields != nil {
		w.secretValues, w.secrets = map[string]any{}, map[string]any{}
		for field := range w.Definition.SecretFields(w.object) {
			w.secretValues[field] = nil
		}
	}
}
