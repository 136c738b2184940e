package engine

import (
	"context"
	"maps"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// Deps are the dependencies that all kinds share.
type Deps struct {
	// Client reads the kinds of this group from the cache, and Secrets and ConfigMaps from the API server.
	Client client.Client
	// Reader reads from the API server.
	Reader client.Reader
	Pool   *auth0.Pool
	Hasher *secret.Hasher
	// Outputs records the operator's writes to output Secrets.
	Outputs *secret.Expectations
	Clock   clock.WithTicker
	// Fence refuses calls when another replica may lead; nil without leader election.
	Fence *lease.Fence
	// RecheckAfter is how long after a repeated attempt to check whether the earlier one took effect late.
	RecheckAfter time.Duration
	// DriftDetection watches the tenants.
	DriftDetection *drift.Detection
	// Metrics count calls and differences.
	Metrics *auth0.Metrics
	Batches *batch.Batches
	// Health tracks the running reconciliations.
	Health *Health
	// Workers is how many objects of a kind are reconciled at once. As many workers again are reserved for tenants that answer
	// while others do not.
	Workers int
	// Deletions counts the deletions in protected tenants.
	Deletions *Deletions
	// IsClusterWide reports whether the operator serves all namespaces, and may read cluster-scoped objects.
	IsClusterWide bool
	// NamespaceLabels is nil if the operator serves all namespaces.
	NamespaceLabels *NamespaceLabels
	// Shard selects the tenants that this instance serves, by their labels; nil means all.
	Shard labels.Selector
}

// Session returns the session of a tenant. The tenant's own reconciliation keeps it open and up to date. After a restart, the
// first caller opens it.
func (d *Deps) Session(ctx context.Context, owner *v1alpha1.Auth0Tenant) (*auth0.Session, error) {
	return tenants.Session(ctx, d.Reader, d.Pool, owner)
}

// stopServing stops all work on an object that this instance does not serve, or no longer serves.
func (d *Deps) stopServing(object v1alpha1.Object, key reservationKey) {
	d.Pool.Limiters.Forget(key)
	if _, managed := object.(v1alpha1.Managed); !managed {
		d.Pool.Release(client.ObjectKeyFromObject(object).String())
	}
}

const (
	firstRetry   = time.Second
	longestRetry = 5 * time.Minute
)

// Kind is a kind in the registry.
type Kind struct {
	Name string
	// Scopes are all scopes of the Management API that objects of the kind may need.
	Scopes []string
	// NewList returns an empty list of the kind.
	NewList func() client.ObjectList
	// New returns an empty object of the kind.
	New func() v1alpha1.Object

	indexed reference.Indexed
	queue   *queueOf
	loop    func(Deps, events.EventRecorder, []Kind) reconcile.Reconciler
	setup   func(context.Context, ctrl.Manager, Deps, []Kind) error
	// resource is the name of the kind in the paths of the Management API, if it is watched for drift.
	resource string
	export   func(context.Context, *auth0.Session, auth0.Document, Names) (v1alpha1.Managed, error)
	// apply runs the Handler for one object, without the loop around it.
	apply func(context.Context, Deps, []Kind, v1alpha1.Object) Outcome
}

// References lists the objects of this group that an object refers to, besides its tenant.
func (k Kind) References(object v1alpha1.Managed) []reference.Reference {
	return k.indexed.AllReferences(object)
}

// Names lists the things in Auth0 that a whole object names by their names there.
func (k Kind) Names(object v1alpha1.Managed) []reference.Named {
	if k.indexed.Names == nil {
		return nil
	}
	return k.indexed.Names(object)
}

// IsNamed reports whether objects may name one of the kind by its name in Auth0.
func (k Kind) IsNamed() bool { return k.indexed.Declares != nil }

// Loop returns the loop of the kind without a manager, for callers that decide themselves when it runs.
func (k Kind) Loop(deps Deps, recorder events.EventRecorder, all []Kind) reconcile.Reconciler {
	return k.loop(deps, recorder, all)
}

// OpenQueue returns the work queue of the kind, for callers that run its loop themselves. They must shut it down.
func (k Kind) OpenQueue() priorityqueue.PriorityQueue[reconcile.Request] {
	return k.queue.open(k.Name, newRetries()).(workQueue)
}

// Requeue requeues an object of the kind. Before the manager starts, it does nothing: at the start, all objects are queued.
func (k Kind) Requeue(name client.ObjectKey) { k.queue.look(name.String()) }

// Setup starts the loop of the kind with the manager. all are the kinds of the registry.
func (k Kind) Setup(ctx context.Context, manager ctrl.Manager, deps Deps, all []Kind) error {
	return k.setup(ctx, manager, deps, all)
}

// IndexesOf returns a function that returns the values of an object of the kinds in each index of the cache.
func IndexesOf(kinds []Kind) func(v1alpha1.Object) map[string][]string {
	byType := map[reflect.Type]reference.Indexed{}
	for _, kind := range kinds {
		byType[reflect.TypeOf(kind.New())] = kind.indexed
	}
	return func(object v1alpha1.Object) map[string][]string { return byType[reflect.TypeOf(object)].Values(object) }
}

// NewKind makes a Kind of a Definition.
func NewKind[O v1alpha1.Managed](definition Definition[O]) Kind {
	defined := definition.withDefaults()
	remote := &Remote[O]{Definition: defined, claims: newClaims(), pauses: newPauses(), assembledLists: newAssembledLists()}
	var watches []Watch
	var looks *kindDriftDetector[O]
	remote.snapshot = noSnapshot[O]{remote}
	// Children have a list for each parent, so that each is read.
	if !auth0.IsSingleton(defined.Resource) && defined.Path == nil {
		looks = &kindDriftDetector[O]{Remote: remote, store: drift.NewSnapshot()}
		remote.snapshot = looks
	}
	if defined.OutputConfigMap != nil {
		watches = append(watches, WatchConfigMaps)
	}
	kind := Register(defined.scopeNames(), defined.indexed(), func(deps Deps, kind Kind, all []Kind) Handler[O] {
		remote.Deps, remote.kind, remote.kinds = deps, kind, all
		remote.batcher = batcherOf(defined, deps)
		if looks != nil {
			deps.DriftDetection.Add(looks)
		}
		return remote
	}, watches...)
	if defined.Export != nil {
		kind.resource, kind.export = defined.Resource, exportWith(defined)
	}
	return kind
}

// Register makes a Kind of a Handler. A change of a Secret, ConfigMap or object that an object names, according to indexed,
// triggers a reconciliation of the object.
func Register[O v1alpha1.Object](scopes []string, indexed reference.Indexed, newHandler func(Deps, Kind, []Kind) Handler[O], watches ...Watch) Kind {
	name := nameOf[O]()
	newList := func() client.ObjectList { return newListOf(name) }
	kind := Kind{
		Name: name, Scopes: scopes, NewList: newList, indexed: indexed, queue: &queueOf{},
		New: func() v1alpha1.Object { return newObject[O]() },
	}
	kind.apply = func(ctx context.Context, deps Deps, all []Kind, object v1alpha1.Object) Outcome {
		return newHandler(deps, kind, all).Apply(ctx, &Reconciliation[O]{Object: object.(O), saved: object.(O)})
	}
	newLoop := func(deps Deps, recorder events.EventRecorder, all []Kind) *Reconciler[O] {
		return &Reconciler[O]{
			Events: recorder, workers: ratelimit.NewWorkers(loopWorkers(deps)),
			Handler: newHandler(deps, kind, all), Kind: name, begun: newBegun(), queue: kind.queue, kinds: all, Deps: deps, indexes: kind.indexed.Values,
		}
	}
	kind.loop = func(deps Deps, recorder events.EventRecorder, all []Kind) reconcile.Reconciler {
		return newLoop(deps, recorder, all)
	}
	kind.setup = func(ctx context.Context, manager ctrl.Manager, deps Deps, all []Kind) error {
		if err := reference.Index(ctx, manager.GetFieldIndexer(), newObject[O](), indexed); err != nil {
			return err
		}
		loop := newLoop(deps, manager.GetEventRecorder("auth0-operator"), all)
		deps.Health.add(loop.queue)
		build := ctrl.NewControllerManagedBy(manager).
			Named(name).
			Watches(newObject[O](), enqueueItself(loop.begun), builder.WithPredicates(changed())).
			WatchesMetadata(&corev1.Secret{}, enqueueBy(deps.Client, newList, reference.InputIndex, ratelimit.PriorityEdited, inputKey(reference.SecretInput), wroteItself(deps, name)))
		if _, managed := any(newObject[O]()).(v1alpha1.Managed); managed {
			build = build.Watches(&v1alpha1.Auth0Tenant{}, enqueueBy(deps.Client, newList, reference.TenantIndex, ratelimit.PriorityPeriodic, tenantKey), builder.WithPredicates(usabilityChanged()))
		}
		if _, isTenant := any(newObject[O]()).(*v1alpha1.Auth0Tenant); isTenant {
			deps.Pool.Changed = loop.queue.look
		}
		for _, watch := range append(watches, watchReferents, watchReferrers, watchNamespaces) {
			build = watch(build, deps, kind, all)
		}
		return build.WithOptions(controller.Options{
			MaxConcurrentReconciles: loopWorkers(deps),
			SkipNameValidation:      new(true),
			NewQueue:                loop.queue.open,
			LogConstructor:          logged(manager.GetLogger(), name),
			RateLimiter:             newRetries(),
		}).Complete(loop)
	}
	return kind
}

// newRetries returns the delays between retries of an object whose reconciliation fails.
func newRetries() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, longestRetry)
}

// nameOf is the name of a kind.
func nameOf[O v1alpha1.Object]() string { return reflect.TypeFor[O]().Elem().Name() }

// newObject returns an empty object of a kind.
func newObject[O v1alpha1.Object]() O {
	return reflect.New(reflect.TypeFor[O]().Elem()).Interface().(O)
}

// groupScheme has all types of the group.
var groupScheme = sync.OnceValue(func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
})

// newListOf returns an empty list of a kind. A kind without a list type is a mistake in the program.
func newListOf(kind string) client.ObjectList {
	list, err := groupScheme().New(v1alpha1.SchemeGroupVersion.WithKind(kind + "List"))
	utilruntime.Must(err)
	return list.(client.ObjectList)
}

// loopWorkers is how many workers the loop of a kind has.
func loopWorkers(deps Deps) int { return 2 * max(deps.Workers, 1) }

// Watch adds a watch of its own to a kind.
type Watch func(build *builder.Builder, deps Deps, kind Kind, all []Kind) *builder.Builder

// changed passes the events that need a reconciliation: a change of the spec or the size, a request, a deletion. Changes of
// status are the operator's own and do not pass.
func changed() predicate.Predicate {
	return predicate.Or(
		predicate.GenerationChangedPredicate{},
		predicate.Funcs{
			CreateFunc:  func(event.CreateEvent) bool { return false },
			DeleteFunc:  func(event.DeleteEvent) bool { return false },
			GenericFunc: func(event.GenericEvent) bool { return false },
			UpdateFunc: func(e event.UpdateEvent) bool {
				return !maps.Equal(requestsOf(e.ObjectOld), requestsOf(e.ObjectNew)) || isRelabelledTenant(e) ||
					partial.Refusal(e.ObjectOld) != partial.Refusal(e.ObjectNew) ||
					e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero()
			},
		},
	)
}

// isRelabelledTenant reports whether another instance may serve a tenant from now on.
func isRelabelledTenant(e event.UpdateEvent) bool {
	_, isTenant := e.ObjectNew.(*v1alpha1.Auth0Tenant)
	return isTenant && !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels())
}

// usabilityChanged passes the changes of a tenant after which its objects become usable, unusable, or can be deleted.
func usabilityChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.Auth0Tenant), e.ObjectNew.(*v1alpha1.Auth0Tenant)
		return usability(before) != usability(after) || before.Generation != after.Generation || isRelabelledTenant(e) ||
			before.Annotations[v1alpha1.AnnotationConfirmDeletion] != after.Annotations[v1alpha1.AnnotationConfirmDeletion] ||
			before.Status.CustomDomain != after.Status.CustomDomain
	}}
}

func usability(tenant *v1alpha1.Auth0Tenant) [2]bool {
	return [2]bool{
		reference.IsReachable(tenant),
		meta.IsStatusConditionFalse(tenant.Status.Conditions, v1alpha1.ConditionConnectionsEnabled),
	}
}

// wroteItself reports whether a Secret or ConfigMap is as an object of a kind wrote it: the object knows its contents.
func wroteItself(deps Deps, kind string) noNews {
	return func(changed, object client.Object, add func()) bool {
		return secret.WrittenFor(changed, kind, object) && deps.Outputs.Knows(changed, add)
	}
}

func objectsIn(list client.ObjectList) []client.Object {
	var found []client.Object
	// EachListItem fails only on objects that are no list; every registered list is one.
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		found = append(found, item.(client.Object))
		return nil
	})
	return found
}

func inputKey(input func(string) string) func(client.Object) (string, string) {
	return func(object client.Object) (string, string) { return object.GetNamespace(), input(object.GetName()) }
}

func tenantKey(object client.Object) (string, string) {
	return metav1.NamespaceAll, client.ObjectKeyFromObject(object).String()
}

// WatchConfigMaps requeues an object when a ConfigMap changes that it names.
func WatchConfigMaps(build *builder.Builder, deps Deps, kind Kind, _ []Kind) *builder.Builder {
	return build.WatchesMetadata(&corev1.ConfigMap{}, enqueueBy(deps.Client, kind.NewList, reference.InputIndex, ratelimit.PriorityEdited, inputKey(reference.ConfigMapInput), wroteItself(deps, kind.Name)))
}
