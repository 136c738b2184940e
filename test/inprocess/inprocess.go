// Package inprocess provides Kubernetes and Auth0 for tests of the reconcile loops in one process: a fake API server, and the
// simulator. A step takes milliseconds. What depends on a real API server is tested in test/integration.
package inprocess

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	// Namespace has the operator, the tenant, and all objects.
	Namespace = "auth0"
	// ClientID is the operator's application.
	ClientID     = "operator"
	clientSecret = "of the operator"
)

// ErrLostWrite is the error of a write that failed as planned.
var ErrLostWrite = errors.New("the API server does not answer")

// StartSimulator starts a simulator until the end of the test. It has the operator's application.
func StartSimulator(t *testing.T, options simulator.Options) *simulator.Server {
	t.Helper()
	options.ClientID, options.ClientSecret = ClientID, clientSecret
	sim, err := simulator.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return sim
}

// Writes records the writes of the operator to the API server, and lets one fail.
type Writes struct {
	mu    sync.Mutex
	made  []string
	loses int
	after bool
}

// Reset forgets the writes. The write with the number loses then fails, before or after its effect; 0 means none.
func (w *Writes) Reset(loses int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made, w.loses, w.after = nil, loses, after
}

// Made returns the writes since the last Reset, such as "patch *v1alpha1.Auth0Role".
func (w *Writes) Made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.made
}

// begin records a write, and reports whether it fails before and after its effect.
func (w *Writes) begin(write string) (failsBefore, failsAfter bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made = append(w.made, write)
	isLost := len(w.made) == w.loses
	return isLost && !w.after, isLost && w.after
}

func (w *Writes) make(write string, do func() error) error {
	failsBefore, failsAfter := w.begin(write)
	if failsBefore {
		return ErrLostWrite
	}
	if err := do(); err != nil || !failsAfter {
		return err
	}
	return ErrLostWrite
}

// NewClient returns a client of a fake API server that has the kinds, with the indexes of the operator's cache.
func NewClient(t *testing.T, kinds []engine.Kind, writes *Writes) client.Client {
	t.Helper()
	// Few kinds: the fake API server makes a table of all kinds of the scheme at each write.
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	build, indexes := fake.NewClientBuilder().WithScheme(scheme), engine.IndexesOf(kinds)
	for _, kind := range kinds {
		scheme.AddKnownTypes(v1alpha1.SchemeGroupVersion, kind.New(), kind.NewList())
		build = build.WithStatusSubresource(kind.New())
		for _, index := range []string{reference.TenantIndex, reference.InputIndex, reference.ObjectIndex, reference.NameIndex, reference.IDIndex} {
			build = build.WithIndex(kind.New(), index, func(object client.Object) []string { return indexes(object.(v1alpha1.Object))[index] })
		}
	}
	return interceptor.NewClient(build.Build(), interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			return writes.make(verbOf("patch", object), func() error { return c.Patch(ctx, object, patch, options...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, object runtime.ApplyConfiguration, options ...client.ApplyOption) error {
			return writes.make(verbOf("apply", object), func() error { return c.Apply(ctx, object, options...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, _ string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			return writes.make(verbOf("patch status of", object), func() error { return c.Status().Patch(ctx, object, patch, options...) })
		},
	})
}

func verbOf(verb string, object any) string { return fmt.Sprintf("%s %T", verb, object) }

// NewDeps returns the dependencies of the loops.
func NewDeps(kube client.Client, now clock.WithTickerAndDelayedExecution) engine.Deps {
	metrics := auth0.NewMetrics(prometheus.NewRegistry())
	pool := auth0.NewPool(now, metrics)
	return engine.Deps{
		Client: kube, Reader: kube, Pool: pool, Metrics: metrics, Clock: now, Workers: 1,
		DriftDetection: &drift.Detection{Client: kube, Pool: pool, Clock: now, Metrics: metrics},
		Hasher:         &secret.Hasher{Client: kube, Namespace: Namespace},
		Outputs:        secret.NewExpectations(), Health: engine.NewHealth(), Deletions: engine.NewDeletions(),
	}
}

// TenantOf returns the Auth0Tenant main of a simulator, and what must exist before it.
func TenantOf(sim *simulator.Server) (tenant *v1alpha1.Auth0Tenant, before []client.Object) {
	named := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: Namespace, Name: name, Generation: 1}
	}
	before = []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}},
		&corev1.Secret{
			ObjectMeta: named("auth0-credentials"), Type: v1alpha1.CredentialsSecretType,
			Data: map[string][]byte{"domain": []byte(sim.Domain), "clientId": []byte(ClientID), "clientSecret": []byte(clientSecret)},
		},
		&corev1.ConfigMap{ObjectMeta: named("auth0-ca"), Data: map[string]string{"ca.crt": string(sim.CA)}},
	}
	return &v1alpha1.Auth0Tenant{
		ObjectMeta: named("main"),
		Spec: v1alpha1.Auth0TenantSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: "auth0-credentials"},
			CABundle:             &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "auth0-ca"},
		},
	}, before
}
