package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	// DependantsPoll is how soon to check again whether an object that is being deleted is still needed. Watches notice at once
	// when the last dependant is deleted.
	DependantsPoll = time.Minute
	// dependantsNamed is how many dependants a message names.
	dependantsNamed = 5
)

// watchReferents requeues an object when a referent becomes usable, or represents something else in Auth0.
func watchReferents(build *builder.Builder, deps Deps, kind Kind, all []Kind) *builder.Builder {
	look := func(key func(client.Object) (namespace, value string)) handler.EventHandler {
		return enqueueBy(deps.Client, kind.NewList, reference.ObjectIndex, ratelimit.PriorityNew, key, isNoUse)
	}
	for _, other := range all {
		referent, ok := other.New().(v1alpha1.Referent)
		ok = ok && kind.indexed.CanMean(other.Name)
		if ok && kind.indexed.References != nil {
			build = build.Watches(referent, look(other.key), builder.WithPredicates(usefulnessChanged()))
		}
		if ok && kind.indexed.Names != nil && other.indexed.Declares != nil {
			build = build.Watches(referent, look(other.nameKey), builder.WithPredicates(usefulnessChanged()))
		}
	}
	return build
}

// nameKey is the key in reference.ObjectIndex of the objects that name an object of the kind.
func (k Kind) nameKey(object client.Object) (namespace, value string) {
	return "", reference.NameKey(k.Name, reference.TenantKey(object.(v1alpha1.Managed)), k.indexed.Declares(object))
}

// AwaitNamed waits for the objects that declare what an object names, until they are in Auth0 or cannot be. Names that no object
// declares are left to Auth0.
func AwaitNamed(ctx context.Context, reader client.Client, kinds []Kind, tenant *v1alpha1.Auth0Tenant, names []reference.Named) error {
	for _, named := range names {
		declared, err := declarers(ctx, reader, kinds, named.Kind, reference.NameKey(named.Kind, client.ObjectKeyFromObject(tenant), named.Name))
		if err != nil {
			return fmt.Errorf("%s: find who declares %s: %w", named.Field, named.Name, err)
		}
		if err := reference.Await(ctx, reader, tenant, named, declared); err != nil {
			return err
		}
	}
	return nil
}

// declarers lists the objects of a kind that declare a name, by its key in reference.NameIndex.
func declarers(ctx context.Context, reader client.Reader, kinds []Kind, kind, key string) ([]client.Object, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == kind })
	if i < 0 || kinds[i].indexed.Declares == nil {
		return nil, nil
	}
	list := kinds[i].NewList()
	err := reader.List(ctx, list, client.MatchingFields{reference.NameIndex: key}, client.UnsafeDisableDeepCopy)
	return objectsIn(list), err
}

// awaitNamed waits for the objects that declare what the object names.
func (w *objectSync[O]) awaitNamed(ctx context.Context) error {
	if w.Definition.Names == nil {
		return nil
	}
	return AwaitNamed(ctx, w.Client, w.kinds, w.tenant, w.Definition.Names(w.object))
}

// key is the key of an object of the kind in reference.ObjectIndex.
func (k Kind) key(object client.Object) (namespace, value string) {
	return "", reference.ObjectKey(k.Name, client.ObjectKeyFromObject(object))
}

// usefulnessChanged passes the changes of an object after which its referrers can continue, must act, or must report another
// cause of their wait.
func usefulnessChanged() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := e.ObjectOld.(v1alpha1.Referent), e.ObjectNew.(v1alpha1.Referent)
			return before.GetIdentity() != after.GetIdentity() || reference.IsReady(before) != reference.IsReady(after) ||
				!reference.IsReady(after) && reference.NotReady(before) != reference.NotReady(after)
		},
	}
}

// isNoUse reports whether an object does not wait for a changed one: the object is Ready, and the changed one is not.
func isNoUse(changed, object client.Object, _ func()) bool {
	return reference.IsReady(object.(v1alpha1.Object)) && !reference.IsReady(changed.(v1alpha1.Object))
}

// WatchReady requeues objects of a kind when one of another kind becomes Ready as it is declared, or represents something else in
// Auth0. concerned returns these objects.
func WatchReady(other v1alpha1.Referent, concerned func(v1alpha1.Referent) []types.NamespacedName) Watch {
	update := func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		before, after := e.ObjectOld.(v1alpha1.Referent), e.ObjectNew.(v1alpha1.Referent)
		if !reference.IsReady(after) || reference.IsReady(before) && before.GetIdentity() == after.GetIdentity() {
			return
		}
		for _, name := range concerned(after) {
			queue.Add(reconcile.Request{NamespacedName: name})
		}
	}
	return func(build *builder.Builder, _ Deps, _ Kind, _ []Kind) *builder.Builder {
		return build.Watches(other, handler.Funcs{UpdateFunc: update})
	}
}

// watchReferrers requeues an object that is being deleted when an object that refers to it, or names what it declares, is deleted
// or stops doing so.
func watchReferrers(build *builder.Builder, deps Deps, kind Kind, all []Kind) *builder.Builder {
	for _, other := range all {
		if _, managed := other.New().(v1alpha1.Managed); !managed || kind.Name != "Auth0Tenant" && !other.indexed.CanMean(kind.Name) {
			continue
		}
		build = build.Watches(other.New(), handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, referrer client.Object) []reconcile.Request {
			leaving := leavingReferents(ctx, deps.Client, kind, other.referencesOf(referrer))
			return append(leaving, leavingDeclarers(ctx, deps.Client, kind, other.indexed.NameKeys(referrer))...)
		}), builder.WithPredicates(referencesDropped()))
	}
	return build
}

// referencesOf lists everything that an object refers to, including its tenant.
func (k Kind) referencesOf(object client.Object) []reference.Reference {
	tenant := reference.Reference{Field: "spec.tenantRef", Kind: "Auth0Tenant", Key: reference.TenantKey(object.(v1alpha1.Managed))}
	return append(k.indexed.AllReferences(object), tenant)
}

// leavingReferents returns the referents of a kind that are being deleted.
func leavingReferents(ctx context.Context, reader client.Reader, kind Kind, references []reference.Reference) []reconcile.Request {
	var leaving []reconcile.Request
	for _, ref := range references {
		if ref.Kind != kind.Name {
			continue
		}
		referent := kind.New()
		if reader.Get(ctx, ref.Key, referent) == nil && referent.GetDeletionTimestamp() != nil {
			leaving = append(leaving, reconcile.Request{NamespacedName: ref.Key})
		}
	}
	return leaving
}

// leavingDeclarers returns the objects of a kind that are being deleted and declare one of the names, which are keys in
// reference.NameIndex.
func leavingDeclarers(ctx context.Context, reader client.Reader, kind Kind, names []string) []reconcile.Request {
	var leaving []reconcile.Request
	for _, name := range names {
		// No object of another kind declares a name of that kind.
		declared, err := declarers(ctx, reader, []Kind{kind}, kind.Name, name)
		if err != nil {
			logr.FromContextOrDiscard(ctx).Error(err, "find who declares a name", "key", name)
		}
		for _, object := range declared {
			if object.GetDeletionTimestamp() != nil {
				leaving = append(leaving, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
			}
		}
	}
	return leaving
}

// referencesDropped passes deletions, and changes of the spec: EnqueueRequestsFromMapFunc sees the references before and after.
func referencesDropped() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration()
		},
	}
}

// Dependants names the objects that need an object of the given kind, as Kind namespace/name. Only objects with the operator's
// finalizer count, because only they may have something to delete in Auth0. Objects of another tenant, or of a namespace that the
// tenant does not admit, do not count: anybody can write a reference and a finalizer.
func Dependants(ctx context.Context, reader client.Reader, kinds []Kind, kind string, referent v1alpha1.Object) ([]string, error) {
	key := client.ObjectKeyFromObject(referent)
	admission, err := admissionTo(ctx, reader, referent)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, other := range kinds {
		if _, managed := other.New().(v1alpha1.Managed); !managed || kind != "Auth0Tenant" && (other.indexed.References == nil || !other.indexed.CanMean(kind)) {
			continue
		}
		list := other.NewList()
		if err := reader.List(ctx, list, dependantsOf(kind, key)); err != nil {
			return nil, fmt.Errorf("find each %s that refers to %s %s: %w", other.Name, kind, key, err)
		}
		holders := slices.DeleteFunc(objectsIn(list), func(object client.Object) bool { return !other.holds(object, kind, key) })
		if connection, ok := referent.(*v1alpha1.Auth0Connection); ok && other.Name == "Auth0User" {
			// Auth0 deletes the users of a connection with it.
			named := other.NewList()
			if err := reader.List(ctx, named, client.MatchingFields{reference.ObjectIndex: reference.NameKey(kind, reference.TenantKey(connection), connection.Spec.Name)}); err != nil {
				return nil, fmt.Errorf("find each %s that names connection %s: %w", other.Name, connection.Spec.Name, err)
			}
			holders = append(holders, objectsIn(named)...)
		}
		for _, object := range holders {
			if !controllerutil.ContainsFinalizer(object, v1alpha1.Finalizer) {
				continue
			}
			admitted, err := admission.Admits(ctx, object.(v1alpha1.Managed))
			if err != nil {
				return nil, err
			}
			if admitted {
				names = append(names, other.Name+" "+client.ObjectKeyFromObject(object).String())
			}
		}
	}
	return names, nil
}

// admissionTo returns the Admission that decides which objects may depend on an object: those of its tenant.
func admissionTo(ctx context.Context, reader client.Reader, referent v1alpha1.Object) (*reference.Admission, error) {
	if tenant, ok := referent.(*v1alpha1.Auth0Tenant); ok {
		return reference.NewAdmission(reader, tenant), nil
	}
	return reference.AdmissionOf(ctx, reader, reference.TenantKey(referent.(v1alpha1.Managed)))
}

func dependantsOf(kind string, key client.ObjectKey) client.MatchingFields {
	if kind == "Auth0Tenant" {
		return client.MatchingFields{reference.TenantIndex: key.String()}
	}
	return client.MatchingFields{reference.ObjectIndex: reference.ObjectKey(kind, key)}
}

// holds reports whether an object prevents the deletion of what it refers to: weak references do not.
func (k Kind) holds(object client.Object, kind string, key client.ObjectKey) bool {
	return slices.ContainsFunc(k.referencesOf(object), func(ref reference.Reference) bool {
		return ref.Kind == kind && ref.Key == key && !ref.Weak
	})
}

// InUse names the dependants of an object that is being deleted.
func InUse(dependants []string) string {
	if len(dependants) == 1 {
		return dependants[0] + " still refers to this object, which is deleted once that one is gone"
	}
	named := dependants[:min(len(dependants), dependantsNamed)]
	message := fmt.Sprintf("%d objects still refer to this object, which is deleted once they are gone: %s", len(dependants), strings.Join(named, ", "))
	if len(dependants) > len(named) {
		message += ", …"
	}
	return message
}
