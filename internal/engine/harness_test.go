package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/inprocess"
)

// The tests of this package run kinds that never ship: Go types and definitions of a few lines. They show what the loop does for
// a kind of their sort, with a fake API server and the simulator in this process.

const namespace = inprocess.Namespace

// base is an object of a kind of these tests.
type base struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   spec   `json:"spec"`
	Status status `json:"status"`
}

// listOf is the list of a kind of these tests.
type listOf[O any] struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []O `json:"items"`
}

// spec declares settings in Auth0's names.
type spec struct {
	v1alpha1.ManagedSpec `json:",inline"`

	Settings map[string]any                         `json:"settings,omitempty"`
	Secrets  map[string]v1alpha1.SecretKeyReference `json:"secrets,omitempty"`
	Parent   *v1alpha1.ObjectReference              `json:"parent,omitempty"`
	Entries  []entry                                `json:"entries,omitempty"`
}

// entry is an entry of a list, with a value from a Secret.
type entry struct {
	Name           string                       `json:"name"`
	ValueSecretRef *v1alpha1.SecretKeyReference `json:"valueSecretRef,omitempty"`
}

type status struct {
	v1alpha1.ManagedStatus `json:",inline"`

	ID   string `json:"id,omitempty"`
	List string `json:"list,omitempty"`
}

func (b *base) IsSuspended() bool                         { return b.Spec.Suspend }
func (b *base) GetCommonStatus() *v1alpha1.CommonStatus   { return &b.Status.CommonStatus }
func (b *base) GetManagedSpec() *v1alpha1.ManagedSpec     { return &b.Spec.ManagedSpec }
func (b *base) GetManagedStatus() *v1alpha1.ManagedStatus { return &b.Status.ManagedStatus }
func (b *base) GetIdentity() v1alpha1.Identity            { return v1alpha1.Identity{ID: b.Status.ID} }
func (b *base) body() *base                               { return b }
func (b *base) settings() auth0.Document {
	encoded, _ := json.Marshal(b.Spec.Settings)
	document, _ := auth0.ParseDocument(encoded)
	return document
}

// object is an object of any kind of these tests.
type object interface {
	v1alpha1.Managed
	body() *base
}

// copyOf copies an object through JSON.
func copyOf[O any](from *O) *O {
	encoded, err := json.Marshal(from)
	to := new(O)
	if err == nil {
		err = json.Unmarshal(encoded, to)
	}
	if err != nil {
		panic(err)
	}
	return to
}

// define completes the definition of a kind of these tests.
func define[O object](definition engine.Definition[O]) engine.Definition[O] {
	if definition.Desired == nil {
		definition.Desired = func(object O, _ reference.Values) auth0.Document { return object.body().settings() }
	}
	if definition.Observe == nil {
		definition.Observe = func(object O, have auth0.Document) { object.body().Status.ID = have.String("id") }
	}
	if definition.SecretFields == nil {
		definition.SecretFields = func(object O) map[string]v1alpha1.SecretKeyReference { return object.body().Spec.Secrets }
	}
	return definition
}

// world is Kubernetes and Auth0 in this process, and the loops of some kinds. Nothing runs them but the test.
type world struct {
	*testing.T

	kube  client.Client
	sim   *simulator.Server
	loops map[string]reconcile.Reconciler
	kinds []engine.Kind
	// writes are the writes of the operator to the API server.
	writes   inprocess.Writes
	recorder *events.FakeRecorder
	created  int64
	auth0    *auth0Side
}

// auth0Side sees every call to the Management API before the simulator.
type auth0Side struct {
	mu    sync.Mutex
	calls []string
	// answer answers a call in the place of the simulator, if it returns true.
	answer func(http.ResponseWriter, *http.Request) bool
	// loses makes the call with this number fail, before or after its effect; 0 means none.
	loses int
	after bool
}

func (a *auth0Side) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		path, isManagement := strings.CutPrefix(request.URL.Path, "/api/v2/")
		if !isManagement {
			next.ServeHTTP(response, request)
			return
		}
		a.mu.Lock()
		a.calls = append(a.calls, request.Method+" "+path)
		isLost := len(a.calls) == a.loses
		a.mu.Unlock()
		if isLost && a.after {
			a.serve(httptest.NewRecorder(), request, next)
		}
		if isLost {
			panic(http.ErrAbortHandler)
		}
		a.serve(response, request, next)
	})
}

func (a *auth0Side) serve(response http.ResponseWriter, request *http.Request, next http.Handler) {
	if a.answer == nil || !a.answer(response, request) {
		next.ServeHTTP(response, request)
	}
}

func newWorld(t *testing.T, kinds ...engine.Kind) *world {
	t.Helper()
	return newWorldAt(t, clock.RealClock{}, kinds...)
}

// newWorldAt is newWorld with a clock for the loops.
func newWorldAt(t *testing.T, now clock.WithTickerAndDelayedExecution, kinds ...engine.Kind) *world {
	t.Helper()
	w := &world{T: t, loops: map[string]reconcile.Reconciler{}, kinds: append(controllers.All(), kinds...), auth0: &auth0Side{}, recorder: events.NewFakeRecorder(10_000)}
	w.sim = inprocess.StartSimulator(t, simulator.Options{Wrap: w.auth0.wrap})
	w.kube = inprocess.NewClient(t, w.kinds, &w.writes)
	deps := inprocess.NewDeps(w.kube, now)
	deps.Workers = 8
	for _, kind := range w.kinds {
		w.loops[kind.Name] = kind.Loop(deps, w.recorder, w.kinds)
		t.Cleanup(w.loops[kind.Name].(interface{ OpenQueue() func() }).OpenQueue())
	}
	w.connect()
	return w
}

// connect creates the Auth0Tenant main.
func (w *world) connect() {
	w.Helper()
	tenant, before := inprocess.TenantOf(w.sim)
	for _, object := range append(before, tenant) {
		w.create(object)
	}
	w.reconcile("Auth0Tenant", "main")
	w.forgetCalls()
}

func (w *world) create(object client.Object) {
	w.Helper()
	if err := w.kube.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

// declare creates an object with these settings. Each is a second older than the next.
func (w *world) declare(object object, name string, settings map[string]any) {
	w.Helper()
	w.created++
	body := object.body()
	body.ObjectMeta = metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID("uid-of-" + name), Generation: 1,
		CreationTimestamp: metav1.Unix(1_700_000_000+w.created, 0),
	}
	body.Spec.TenantRef = v1alpha1.TenantReference{Name: "main"}
	body.Spec.Settings = settings
	w.create(object)
}

// edit changes an object as a person does.
func (w *world) edit(object object, change func(*spec)) {
	w.Helper()
	w.read(object)
	change(&object.body().Spec)
	object.SetGeneration(object.GetGeneration() + 1)
	if err := w.kube.Update(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

// read reads an object again.
func (w *world) read(object object) {
	w.Helper()
	if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		w.Fatal(err)
	}
}

// reconcile runs the loop of a kind once.
func (w *world) reconcile(kind, name string) ctrl.Result {
	w.Helper()
	ctx := logr.NewContext(w.Context(), logr.Discard())
	result, err := w.loops[kind].Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
	if err != nil && !errors.Is(err, inprocess.ErrLostWrite) {
		w.Logf("%s %s: %v", kind, name, err)
	}
	return result
}

// look reconciles an object once, and returns its condition Ready.
func (w *world) look(object object) metav1.Condition {
	w.Helper()
	w.reconcile(w.kindOf(object), object.GetName())
	w.read(object)
	if ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}

func (w *world) kindOf(object object) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", object), "*engine_test.")
}

// mostReconciles is how many reconciliations a step may take.
const mostReconciles = 6

// requireReady reconciles an object until it is Ready.
func (w *world) requireReady(object object) {
	w.Helper()
	var ready metav1.Condition
	for range mostReconciles {
		if ready = w.look(object); ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.GetGeneration() {
			return
		}
	}
	w.Fatalf("%s is not Ready: %+v", object.GetName(), ready)
}

// requireReason reconciles an object once, which must then not be Ready for a reason.
func (w *world) requireReason(object object, reason string) string {
	w.Helper()
	ready := w.look(object)
	if ready.Status == metav1.ConditionTrue || ready.Reason != reason {
		w.Fatalf("%s: Ready is %s for %s (%s), want %s", object.GetName(), ready.Status, ready.Reason, ready.Message, reason)
	}
	return ready.Message
}

// requireGone deletes an object, and reconciles it until it is gone.
func (w *world) requireGone(object object) {
	w.Helper()
	if err := client.IgnoreNotFound(w.kube.Delete(w.Context(), object)); err != nil {
		w.Fatal(err)
	}
	for range mostReconciles {
		err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return
		}
		w.reconcile(w.kindOf(object), object.GetName())
	}
	w.Fatalf("%s is not gone: %+v", object.GetName(), object.GetCommonStatus().Conditions)
}

func (w *world) forgetCalls() {
	w.auth0.mu.Lock()
	defer w.auth0.mu.Unlock()
	w.auth0.calls = nil
}

// requireCalls checks which calls the operator made since the last check.
func (w *world) requireCalls(want ...string) {
	w.Helper()
	w.auth0.mu.Lock()
	defer w.auth0.mu.Unlock()
	if !slices.Equal(w.auth0.calls, want) {
		w.Errorf("calls: %v, want %v", w.auth0.calls, want)
	}
	w.auth0.calls = nil
}

// inAuth0 reads a document as a person does in the dashboard.
func (w *world) inAuth0(path string) auth0.Document {
	w.Helper()
	status, content := w.sim.Dashboard(http.MethodGet, "/api/v2/"+path, nil)
	document, err := auth0.ParseDocument(content)
	if err != nil || status != http.StatusOK {
		w.Fatalf("GET %s: %d %s", path, status, content)
	}
	return document
}

// changeInAuth0 changes a document as a person does in the dashboard.
func (w *world) changeInAuth0(path string, change map[string]any) {
	w.Helper()
	if status, content := w.sim.Dashboard(http.MethodPatch, "/api/v2/"+path, change); status != http.StatusOK {
		w.Fatalf("PATCH %s: %d %s", path, status, content)
	}
}

// everyMishap runs a life of an object once for each write to Kubernetes and for each call to Auth0 in it, which fails before or
// after its effect. life calls mishap before it begins.
func everyMishap(t *testing.T, life func(t *testing.T, mishap func(*world)) *world) {
	t.Helper()
	for _, isAfter := range []bool{false, true} {
		for _, inAuth0 := range []bool{false, true} {
			for at, happens := 1, true; happens; at++ {
				t.Run(fmt.Sprintf("in Auth0 %t, after its effect %t, number %d", inAuth0, isAfter, at), func(t *testing.T) {
					w := life(t, func(w *world) { w.mishapAt(at, inAuth0, isAfter) })
					happens = inAuth0 && len(w.auth0.calls) >= at || !inAuth0 && len(w.writes.Made()) >= at
				})
			}
		}
	}
}

// mishapAt lets the write or the call with a number fail, before or after its effect.
func (w *world) mishapAt(at int, inAuth0, isAfter bool) {
	w.forgetCalls()
	if inAuth0 {
		w.auth0.loses, w.auth0.after = at, isAfter
		at = 0
	}
	w.writes.Reset(at, isAfter)
}

// differs reports whether a list that shows an object so requests a read of it.
func (w *world) differs(kind string, object object, shown auth0.Document) bool {
	w.Helper()
	handler := w.loops[kind].(interface{ Inner() any }).Inner()
	return handler.(interface {
		Differs(t *testing.T, object any, shown auth0.Document) bool
	}).Differs(w.T, object, shown)
}
