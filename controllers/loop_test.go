package controllers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	namespace    = "auth0"
	clientID     = "operator"
	clientSecret = "of the operator"
)

// world is Kubernetes and Auth0 in this process, and the reconcile loop of every kind: a step takes milliseconds. The API server is
// a fake, so what depends on a real one is tested in test/integration.
type world struct {
	*testing.T

	kube client.Client
	sim  *simulator.Server
	// loops are the loops by kind. Nothing runs them but the test.
	loops map[string]reconcile.Reconciler
	// writes are the writes of the operator to the API server.
	writes []string
	mishap mishap
	// calls counts the calls to Auth0, and lost is the one that is lost, nil for none.
	calls atomic.Int64
	lost  atomic.Pointer[lost]
}

// lost is a call to Auth0 whose connection breaks: the one with this number, before or after its effect.
type lost struct {
	at    int64
	after bool
}

// lose wraps the handler of the simulator.
func (w *world) lose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		call, planned := w.calls.Add(1), w.lost.Load()
		isLost := planned != nil && planned.at == call
		if isLost && planned.after {
			next.ServeHTTP(httptest.NewRecorder(), request)
		}
		if isLost {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(response, request)
	})
}

// mishap is a write to the API server that fails: the one with this number, before or after its effect. 0 means none.
type mishap struct {
	at    int
	after bool
}

var errMishap = errors.New("the API server does not answer")

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, loops: map[string]reconcile.Reconciler{}}
	sim, err := simulator.Start(simulator.Options{ClientID: clientID, ClientSecret: clientSecret, Wrap: w.lose})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	w.sim = sim
	kinds := controllers.All()
	w.kube = w.newClient(kinds)
	deps := engine.Deps{
		Client: w.kube, Reader: w.kube, Pool: auth0.NewPool(clock.RealClock{}, auth0.NewMetrics(prometheus.NewRegistry())),
		Hasher: &secret.Hasher{Client: w.kube, Namespace: namespace}, Clock: clock.RealClock{}, Workers: 1,
		Outputs: secret.NewExpectations(), Health: engine.NewHealth(), DriftDetection: &drift.Detection{}, Deletions: engine.NewDeletions(),
	}
	for _, kind := range kinds {
		w.loops[kind.Name] = kind.Loop(deps, events.NewFakeRecorder(1000), kinds)
	}
	w.connect()
	return w
}

// newClient returns a client of a fake API server with the indexes of the cache.
func (w *world) newClient(kinds []engine.Kind) client.Client {
	scheme, err := operator.Scheme()
	if err != nil {
		w.Fatal(err)
	}
	build := fake.NewClientBuilder().WithScheme(scheme)
	indexes := engine.IndexesOf(kinds)
	for _, kind := range kinds {
		build = build.WithStatusSubresource(kind.New())
		for _, index := range []string{reference.TenantIndex, reference.InputIndex, reference.ObjectIndex, reference.NameIndex, reference.IDIndex} {
			build = build.WithIndex(kind.New(), index, func(object client.Object) []string { return indexes(object.(v1alpha1.Object))[index] })
		}
	}
	return interceptor.NewClient(build.Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			return w.write("patch", object, func() error { return c.Patch(ctx, object, patch, options...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, object runtime.ApplyConfiguration, options ...client.ApplyOption) error {
			return w.write("apply", object, func() error { return c.Apply(ctx, object, options...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, _ string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			return w.write("patch status of", object, func() error { return c.Status().Patch(ctx, object, patch, options...) })
		},
	})
}

// write makes a write of the operator and records it, or fails in its place.
func (w *world) write(verb string, object any, do func() error) error {
	w.writes = append(w.writes, fmt.Sprintf("%s %T", verb, object))
	isMishap := len(w.writes) == w.mishap.at
	if isMishap && !w.mishap.after {
		return errMishap
	}
	if err := do(); err != nil || !isMishap {
		return err
	}
	return errMishap
}

// connect creates the tenant of the samples.
func (w *world) connect() {
	w.Helper()
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "auth0-credentials"}, Type: v1alpha1.CredentialsSecretType,
		Data: map[string][]byte{"domain": []byte(w.sim.Domain), "clientId": []byte(clientID), "clientSecret": []byte(clientSecret)},
	})
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "auth0-ca"}, Data: map[string]string{"ca.crt": string(w.sim.CA)}})
	w.create(&v1alpha1.Auth0Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "main", Generation: 1},
		Spec: v1alpha1.Auth0TenantSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: "auth0-credentials"},
			CABundle:             &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "auth0-ca"},
		},
	})
	w.requireReady("Auth0Tenant", "main")
}

func (w *world) create(object client.Object) {
	w.Helper()
	if err := w.kube.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

// apply creates the object of a sample, with the Secrets that the sample has beside it.
func (w *world) apply(sample string) client.Object {
	w.Helper()
	content, err := os.ReadFile(filepath.Join("..", "config", "samples", sample))
	if err != nil {
		w.Fatal(err)
	}
	var kind struct{ Kind string }
	if err := yaml.Unmarshal(content, &kind); err != nil {
		w.Fatal(err)
	}
	object := newObject(w.T, kind.Kind)
	if err := yaml.UnmarshalStrict(content, object); err != nil {
		w.Fatal(err)
	}
	object.SetNamespace(namespace)
	object.SetUID(types.UID("uid-of-" + object.GetName()))
	// A fake API server does not count generations.
	object.SetGeneration(1)
	w.create(object)
	return object
}

func newObject(t *testing.T, kind string) v1alpha1.Object {
	t.Helper()
	for _, known := range controllers.All() {
		if known.Name == kind {
			return known.New()
		}
	}
	t.Fatalf("no kind %s", kind)
	return nil
}

// reconcile runs the loop of a kind once.
func (w *world) reconcile(kind, name string) {
	w.Helper()
	ctx := logr.NewContext(w.Context(), logr.Discard())
	_, err := w.loops[kind].Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
	if err != nil && !errors.Is(err, errMishap) {
		w.Logf("%s %s: %v", kind, name, err)
	}
}

// mostReconciles is how many reconciliations a step may take.
const mostReconciles = 6

// requireReady reconciles an object until it is Ready.
func (w *world) requireReady(kind, name string) {
	w.Helper()
	var ready *metav1.Condition
	for range mostReconciles {
		w.reconcile(kind, name)
		object := newObject(w.T, kind)
		if err := w.kube.Get(w.Context(), types.NamespacedName{Namespace: namespace, Name: name}, object); err != nil {
			w.Fatal(err)
		}
		if ready = meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady); ready != nil && ready.Status == metav1.ConditionTrue {
			return
		}
	}
	w.Fatalf("%s %s is not Ready: %+v", kind, name, ready)
}

// requireGone deletes an object, and reconciles it until it is gone.
func (w *world) requireGone(kind string, object client.Object) {
	w.Helper()
	if err := w.kube.Delete(w.Context(), object); err != nil {
		w.Fatal(err)
	}
	for range mostReconciles {
		w.reconcile(kind, object.GetName())
		if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(object), newObject(w.T, kind)); apierrors.IsNotFound(err) {
			return
		}
	}
	w.Fatalf("%s %s is not gone", kind, object.GetName())
}

// count is how many objects Auth0 has on a list.
func (w *world) count(path string) int {
	w.Helper()
	status, content := w.sim.Dashboard(http.MethodGet, "/api/v2/"+path, nil)
	var found []json.RawMessage
	if err := json.Unmarshal(content, &found); err != nil {
		w.Fatalf("GET %s: %d %s", path, status, content)
	}
	return len(found)
}

// minimal are the kinds with an object in Auth0, by their smallest sample, in the order in which they need each other.
var minimal = []struct{ kind, folder, path string }{
	{"Auth0ResourceServer", "auth0resourceserver", "resource-servers"},
	{"Auth0Role", "auth0role", "roles"},
	{"Auth0Client", "auth0client", "clients"},
	{"Auth0ClientGrant", "auth0clientgrant", "client-grants"},
	{"Auth0Connection", "auth0connection", "connections"},
	{"Auth0Organization", "auth0organization", "organizations"},
	{"Auth0User", "auth0user", "users"},
}

// TestLoopOfEveryKind runs the life of an object of every kind: it becomes Ready, a second reconciliation writes nothing, and its
// deletion leaves nothing in Auth0.
func TestLoopOfEveryKind(t *testing.T) {
	for _, kind := range controllers.All() {
		isThere := slices.ContainsFunc(minimal, func(row struct{ kind, folder, path string }) bool { return row.kind == kind.Name })
		if _, managed := kind.New().(v1alpha1.Managed); managed && !isThere && kind.Name != "Auth0Token" {
			t.Errorf("minimal lacks %s", kind.Name)
		}
	}
	w := newWorld(t)
	before := map[string]int{}
	var objects []client.Object
	for _, row := range minimal {
		before[row.path] = w.count(row.path)
		object := w.apply(row.folder + "/minimal.yaml")
		w.requireReady(row.kind, object.GetName())
		if made := w.count(row.path) - before[row.path]; made != 1 {
			t.Errorf("%s: Auth0 has %d objects more", row.kind, made)
		}
		w.requireNoWrites(row.kind, object.GetName())
		objects = append(objects, object)
	}
	for i, row := range slices.Backward(minimal) {
		w.requireGone(row.kind, objects[i])
		if left := w.count(row.path); left != before[row.path] {
			t.Errorf("%s: Auth0 has %d objects after the deletion, %d before the creation", row.kind, left, before[row.path])
		}
	}
}

// requireNoWrites reconciles an object once more, which must write nothing, neither to Kubernetes nor to Auth0.
func (w *world) requireNoWrites(kind, name string) {
	w.Helper()
	w.writes = nil
	w.sim.ResetRequests()
	w.reconcile(kind, name)
	if len(w.writes) > 0 {
		w.Errorf("%s: a second reconciliation writes %v", kind, w.writes)
	}
	for _, call := range w.sim.Requests().ByRoute {
		if call.Method != http.MethodGet {
			w.Errorf("%s: a second reconciliation calls %s %s", kind, call.Method, call.Route)
		}
	}
}

// TestLostWrites lets each write to the API server fail once, before and after its effect, while an object is created and deleted.
// In the end Auth0 has the object exactly once, and then not at all.
func TestLostWrites(t *testing.T) {
	for _, row := range minimal {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			for _, after := range []bool{false, true} {
				for at := 1; ; at++ {
					w := newWorld(t)
					w.live(row.kind, func() { w.writes, w.mishap = nil, mishap{at, after} })
					if len(w.writes) < at {
						break
					}
				}
			}
		})
	}
}

// TestLostAnswers is TestLostWrites for the calls to Auth0.
func TestLostAnswers(t *testing.T) {
	for _, row := range minimal {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			for _, after := range []bool{false, true} {
				for at := int64(1); ; at++ {
					w := newWorld(t)
					w.live(row.kind, func() { w.calls.Store(0); w.lost.Store(&lost{at, after}) })
					if w.calls.Load() < at {
						break
					}
				}
			}
		})
	}
}

// live runs the life of an object of a kind, with what it needs. begin is called before its creation.
func (w *world) live(kind string, begin func()) {
	w.Helper()
	for _, row := range minimal {
		if row.kind != kind {
			w.requireReady(row.kind, w.apply(row.folder+"/minimal.yaml").GetName())
			continue
		}
		before := w.count(row.path)
		begin()
		object := w.apply(row.folder + "/minimal.yaml")
		w.requireReady(kind, object.GetName())
		if made := w.count(row.path) - before; made != 1 {
			w.Errorf("%+v %+v: Auth0 has %d objects more", w.mishap, w.lost.Load(), made)
		}
		w.requireGone(kind, object)
		if left := w.count(row.path) - before; left != 0 {
			w.Errorf("%+v %+v: %d objects are left", w.mishap, w.lost.Load(), left)
		}
		return
	}
}
