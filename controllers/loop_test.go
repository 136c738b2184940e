package controllers_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
	"github.com/auth0-operator/auth0-operator/test/inprocess"
)

const namespace = inprocess.Namespace

// world is Kubernetes and Auth0 in this process, and the reconcile loop of every kind: a step takes milliseconds. The API server is
// a fake, so what depends on a real one is tested in test/integration.
type world struct {
	*testing.T

	kube client.Client
	sim  *simulator.Server
	// place is where the fixtures are.
	place *fixtures.Place
	// loops are the loops by kind. Nothing runs them but the test.
	loops map[string]reconcile.Reconciler
	// queues are the work queues by kind, if the operator runs by itself.
	queues map[string]priorityqueue.PriorityQueue[reconcile.Request]
	// stop stops the operator, if it runs by itself.
	stop func()
	// writes are the writes of the operator to the API server.
	writes inprocess.Writes
	// repeats lets Auth0 refuse every write with an error that repeats what was sent.
	repeats atomic.Bool
	// logs are the logs of the loops, and recorder has their Events.
	logs     bytes.Buffer
	recorder *events.FakeRecorder
	// settings changes the spec of the tenant before its creation.
	settings func(*v1alpha1.Auth0TenantSpec)
	// clock is the operator's.
	clock *laterClock
	// calls counts the calls to Auth0, and lost is the one that is lost, nil for none.
	calls atomic.Int64
	lost  atomic.Pointer[lost]
}

// lost is a call to Auth0 whose connection breaks: the one with this number, before or after its effect.
type lost struct {
	at    int64
	after bool
}

// RoundTrip implements http.RoundTripper: it carries a call to the simulator without a network, whose deadlines would need a machine
// that has time.
func (w *world) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	call, planned := w.calls.Add(1), w.lost.Load()
	isLost := planned != nil && planned.at == call
	if isLost && !planned.after {
		return nil, io.ErrUnexpectedEOF
	}
	answer, isDropped := w.serve(request)
	if isLost || isDropped {
		return nil, io.ErrUnexpectedEOF
	}
	return answer.Result(), nil
}

// serve lets the simulator answer, and reports whether it dropped the connection.
func (w *world) serve(request *http.Request) (answer *httptest.ResponseRecorder, isDropped bool) {
	defer func() {
		if err := recover(); err != nil {
			isDropped = true
			if err != http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares so, too.
				panic(err)
			}
		}
	}()
	answer = httptest.NewRecorder()
	if w.repeats.Load() && request.Method != http.MethodGet && strings.HasPrefix(request.URL.Path, "/api/v2/") {
		repeat(answer, request)
		return answer, false
	}
	w.sim.ServeHTTP(answer, request)
	return answer, false
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := newWorldWith(t, inprocess.StartSimulator(t, simulator.Options{}))
	w.build(nil)
	w.connect()
	return w
}

// newWorldWith returns a world without an operator.
func newWorldWith(t *testing.T, sim *simulator.Server) *world {
	t.Helper()
	w := &world{T: t, sim: sim, clock: &laterClock{}, recorder: events.NewFakeRecorder(1000)}
	w.kube = inprocess.NewClient(t, controllers.All(), &w.writes)
	w.place = &fixtures.Place{Namespace: namespace, OperatorID: inprocess.ClientID, Kube: w.kube, Dashboard: sim.Dashboard}
	w.place.Begin()
	return w
}

// build makes the loops of an operator, and returns its drift detection. batches may be nil.
func (w *world) build(batches *batch.Batches) ([]engine.Kind, *drift.Detection) {
	w.Helper()
	deps := inprocess.NewDeps(w.kube, w.clock)
	deps.Pool.Transport = func(http.RoundTripper) http.RoundTripper { return w }
	if deps.Batches = batches; batches != nil {
		batches.Client, batches.Pool, batches.Clock, batches.Events = w.kube, deps.Pool, w.clock, events.NewFakeRecorder(1000)
	}
	kinds := controllers.All()
	w.loops = map[string]reconcile.Reconciler{}
	for _, kind := range kinds {
		w.loops[kind.Name] = kind.Loop(deps, w.recorder, kinds)
	}
	return kinds, deps.DriftDetection
}

// connect creates the tenant of the fixtures.
func (w *world) connect() {
	w.Helper()
	tenant, before := inprocess.TenantOf(w.sim)
	for _, object := range before {
		w.create(object)
	}
	if w.settings != nil {
		w.settings(&tenant.Spec)
	}
	w.create(tenant)
	w.requireReady(tenant)
}

func (w *world) create(object client.Object) {
	w.Helper()
	if err := w.kube.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
	w.enqueue(object)
}

// prepare makes what the objects of a fixture need.
func (w *world) prepare(f fixtures.Files) {
	w.Helper()
	f.Prepare(w.place, func(object client.Object) {
		w.declare(object)
		if managed, ok := object.(v1alpha1.Managed); ok {
			w.requireReady(managed)
		}
	})
}

// apply creates the object of a file.
func (w *world) apply(f fixtures.Files, file string) v1alpha1.Managed {
	w.Helper()
	object := f.Object(file, "one")
	w.declare(object)
	return object
}

// declare creates an object as an API server does: a fake one gives no UID, counts no generations, and leaves stringData.
func (w *world) declare(object client.Object) {
	w.Helper()
	object.SetNamespace(namespace)
	object.SetUID(types.UID("uid-of-" + object.GetName()))
	object.SetGeneration(1)
	if values, ok := object.(*corev1.Secret); ok {
		values.Data = map[string][]byte{}
		for key, value := range values.StringData {
			values.Data[key] = []byte(value)
		}
	}
	w.create(object)
}

// edit changes an object.
func (w *world) edit(object v1alpha1.Managed, change func(v1alpha1.Managed)) {
	w.Helper()
	w.get(object)
	change(object)
	object.SetGeneration(object.GetGeneration() + 1)
	if err := w.kube.Update(w.Context(), object); err != nil {
		w.Fatal(err)
	}
	w.enqueue(object)
}

// request asks for a reconciliation that reads Auth0.
func (w *world) request(object v1alpha1.Managed) {
	w.Helper()
	w.get(object)
	annotations := object.GetAnnotations()
	annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now"
	object.SetAnnotations(annotations)
	if err := w.kube.Update(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(object client.Object) {
	w.Helper()
	if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		w.Fatal(err)
	}
}

// kindOf is the kind of an object.
func kindOf(object v1alpha1.Object) string {
	return reflect.TypeOf(object).Elem().Name()
}

// reconcile runs the loop of an object once, or lets the operator run for a second.
func (w *world) reconcile(object v1alpha1.Object) {
	w.Helper()
	if w.queues != nil {
		<-time.After(time.Second)
		return
	}
	ctx := logr.NewContext(w.Context(), funcr.New(w.log, funcr.Options{Verbosity: 10}))
	_, err := w.loops[kindOf(object)].Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	if err != nil && !errors.Is(err, inprocess.ErrLostWrite) {
		w.Logf("%s %s: %v", kindOf(object), object.GetName(), err)
	}
}

// log keeps a line of the logs.
func (w *world) log(prefix, line string) { w.logs.WriteString(prefix + " " + line + "\n") }

// mostReconciles is how many reconciliations a step may take, and mostSeconds how long if the operator runs by itself.
const (
	mostReconciles = 6
	mostSeconds    = 600
)

// steps is how often to reconcile an object until it is as wanted.
func (w *world) steps() int {
	if w.queues != nil {
		return mostSeconds
	}
	return mostReconciles
}

// requireReady reconciles an object until it is Ready.
func (w *world) requireReady(object v1alpha1.Object) {
	w.Helper()
	w.requireCondition(object, v1alpha1.ConditionReady, func(*metav1.Condition) bool { return true })
}

// requireStalled reconciles an object until it is Stalled for a reason, with a message that contains these words.
func (w *world) requireStalled(object v1alpha1.Object, reason, words string) {
	w.Helper()
	w.requireCondition(object, v1alpha1.ConditionStalled, func(stalled *metav1.Condition) bool {
		return stalled.Reason == reason && strings.Contains(stalled.Message, words)
	})
}

// requireCondition reconciles an object until a condition of its generation is true, and is the one that is wanted.
func (w *world) requireCondition(object v1alpha1.Object, name string, isWanted func(*metav1.Condition) bool) {
	w.Helper()
	for range w.steps() {
		w.reconcile(object)
		w.get(object)
		found := meta.FindStatusCondition(object.GetCommonStatus().Conditions, name)
		if found != nil && found.Status == metav1.ConditionTrue && found.ObservedGeneration == object.GetGeneration() && isWanted(found) {
			return
		}
	}
	w.Fatalf("%s %s is not %s as wanted: %+v", kindOf(object), object.GetName(), name, object.GetCommonStatus().Conditions)
}

// requireGone deletes an object, and reconciles it until it is gone.
func (w *world) requireGone(object v1alpha1.Object) {
	w.Helper()
	if err := w.kube.Delete(w.Context(), object); err != nil {
		w.Fatal(err)
	}
	for range w.steps() {
		w.reconcile(object)
		if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(object), object); apierrors.IsNotFound(err) {
			return
		}
	}
	w.Fatalf("%s %s is not gone: %+v", kindOf(object), object.GetName(), object.GetCommonStatus())
}

// requireCount fails unless Auth0 has this many things of the fixture.
func (w *world) requireCount(f fixtures.Files, want int) {
	w.Helper()
	if count := len(f.IDs(w.place)); count != want {
		w.Errorf("Auth0 has %d, want %d; %+v", count, want, w.lost.Load())
	}
}

// require fails unless the object is Ready, Auth0 has what its file says exactly once, and a second reconciliation writes nothing,
// neither to Kubernetes nor to Auth0.
func (w *world) require(f fixtures.Files, object v1alpha1.Managed) {
	w.Helper()
	w.requireReady(object)
	if err := f.Check(w.place, object); err != nil {
		w.Error(err)
	}
	w.requireCount(f, 1)
	w.reconcile(object)
	w.requireNoWrites(object)
}

// requireNoWrites reconciles an object once more, which must write nothing.
func (w *world) requireNoWrites(object v1alpha1.Object) {
	w.Helper()
	w.writes.Reset(0, false)
	w.sim.ResetRequests()
	w.reconcile(object)
	if len(w.writes.Made()) > 0 {
		w.Errorf("another reconciliation writes %v", w.writes.Made())
	}
	w.requireNoWritesToAuth0()
}

// requireNoWritesToAuth0 fails if a call was to change something.
func (w *world) requireNoWritesToAuth0() {
	w.Helper()
	if report := w.sim.Requests(); report.Writes() > 0 {
		w.Errorf("it calls Auth0 to change something: %+v", report.ByRoute)
	}
}

// TestEveryKindHasItsFiles names the files that a kind lacks, and those that no test reads.
func TestEveryKindHasItsFiles(t *testing.T) {
	for _, kind := range controllers.All() {
		// A token is nothing in Auth0 that a file could describe: see the fixtures in test/integration.
		if _, managed := kind.New().(v1alpha1.Managed); !managed || kind.Name == "Auth0Token" {
			continue
		}
		if _, ok := fixtures.All()[kind.Name]; !ok {
			t.Errorf("%s has no fixture: add the folder %s with %s and invalid-<what>.yaml; package test/fixtures says what they contain",
				kind.Name, fixtures.FolderOf(kind.Name), strings.Join(fixtures.Required, ", "))
		}
	}
	for name, f := range fixtures.All() {
		missing, unknown := f.Lacks()
		if len(missing) > 0 {
			t.Errorf("%s lacks %v; package test/fixtures says what they contain", name, missing)
		}
		if len(unknown) > 0 {
			t.Errorf("no test reads %v of %s", unknown, name)
		}
	}
}

// scenarios are what every kind must do with its files. test/integration has the same and more with a real API server.
var scenarios = map[string]func(*world, fixtures.Files){
	"minimal": func(w *world, f fixtures.Files) {
		if f.Variant != "" {
			return
		}
		object := w.apply(f, "minimal")
		w.require(f, object)
		w.requireGone(object)
		w.requireCount(f, 0)
	},
	"full": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		w.requireGone(object)
		w.requireCount(f, 0)
	},
	"changed": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		w.edit(object, func(o v1alpha1.Managed) { f.Apply(o, "changed") })
		w.require(f, object)
	},
	"changed before it is created": func(w *world, f fixtures.Files) { w.require(f, w.apply(f, "changed")) },
	"cleared": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		w.edit(object, func(o v1alpha1.Managed) { f.Apply(o, "cleared") })
		w.require(f, object)
	},
	"drift": func(w *world, f fixtures.Files) {
		object := w.apply(f, "full")
		w.require(f, object)
		f.Drift(w.place, object)
		w.request(object)
		w.require(f, object)
	},
	"invalid": func(w *world, f fixtures.Files) {
		object := w.apply(f, f.Invalid()[0].File)
		for _, invalid := range f.Invalid() {
			w.edit(object, func(o v1alpha1.Managed) { f.Apply(o, invalid.File) })
			w.sim.ResetRequests()
			w.requireStalled(object, invalid.Reason, invalid.Message)
			if invalid.Reason != v1alpha1.ReasonRejected {
				w.requireNoWritesToAuth0()
			}
			w.requireCount(f, 0)
		}
		w.edit(object, func(o v1alpha1.Managed) { f.Apply(o, "full") })
		w.require(f, object)
	},
	"existing": func(w *world, f fixtures.Files) {
		f.Exist(w.place)
		if f.NamesRepeat {
			f.Exist(w.place)
		}
		object := f.Object("full", "one")
		if f.NamesRepeat {
			object.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged
		}
		w.declare(object)
		w.requireStalled(object, f.ExistsReason, "")
		if f.NamesRepeat {
			w.requireCount(f, 2)
			return
		}
		w.edit(object, func(o v1alpha1.Managed) { o.GetManagedSpec().AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnmanaged })
		w.require(f, object)
	},
}

// TestFixtures runs the scenarios with the files of every kind.
func TestFixtures(t *testing.T) {
	for name, f := range fixtures.All() {
		for scenario, run := range scenarios {
			t.Run(name+"/"+scenario, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.prepare(f)
				run(w, f)
			})
		}
	}
}

// TestLostWrites lets each write to the API server fail once, before and after its effect, while an object is created and deleted.
// In the end Auth0 has the object exactly once, and then not at all.
func TestLostWrites(t *testing.T) {
	for name, f := range fixtures.All() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []bool{false, true} {
				for at := 1; ; at++ {
					w := newWorld(t)
					w.live(f, func() { w.writes.Reset(at, after) })
					if len(w.writes.Made()) < at {
						break
					}
				}
			}
		})
	}
}

// TestLostAnswers is TestLostWrites for the calls to Auth0.
func TestLostAnswers(t *testing.T) {
	for name, f := range fixtures.All() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []bool{false, true} {
				for at := int64(1); ; at++ {
					w := newWorld(t)
					w.live(f, func() { w.calls.Store(0); w.lost.Store(&lost{at, after}) })
					if w.calls.Load() < at {
						break
					}
				}
			}
		})
	}
}

// live runs the life of an object, with what it needs. begin is called before its creation.
func (w *world) live(f fixtures.Files, begin func()) {
	w.Helper()
	w.prepare(f)
	begin()
	object := w.apply(f, "full")
	w.requireReady(object)
	w.requireCount(f, 1)
	w.requireGone(object)
	w.requireCount(f, 0)
}
