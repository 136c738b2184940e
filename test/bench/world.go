package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	operatorClientID  = "BenchOperatorBenchOperatorBench1"
	operatorNamespace = "auth0-operator-system"
	namespace         = "bench"
	tenantName        = "tenant"
	connection        = "Username-Password-Authentication"
	role              = "member"
	nickname          = "declared"
	// latency of every answer of Auth0's.
	latency = 50 * time.Millisecond
	// startLimit is how long things may take that take seconds.
	startLimit = time.Minute
	// creators is how many users are applied at once.
	creators     = 16
	pollInterval = 50 * time.Millisecond
)

// world is a cluster, a tenant and an operator of their own.
type world struct {
	settings
	cluster *controlplane.ControlPlane
	kube    client.Client
	sim     *simulator.Server
	users   *observer
	manager *controlplane.Program
	// edits counts what the harness itself wrote to users.
	edits int
	logs  string
}

// newWorld starts a cluster, and a tenant with the limits of a plan.
func newWorld(ctx context.Context, set settings, plan simulator.RateLimit, tenant map[string]any) (*world, error) {
	w := &world{settings: set, logs: set.logs}
	if err := w.begin(ctx, plan, tenant); err != nil {
		return nil, errors.Join(err, w.end(err))
	}
	return w, nil
}

func (w *world) begin(ctx context.Context, plan simulator.RateLimit, tenant map[string]any) (err error) {
	if w.logs == "" {
		if w.logs, err = os.MkdirTemp("", "bench-"); err != nil {
			return err
		}
	}
	if w.cluster, err = controlplane.Start(ctx, controlplane.Options{CRDDirs: []string{"config/crd/bases"}, LogDir: w.logs}); err != nil {
		return err
	}
	options := simulator.Options{ClientID: operatorClientID, ClientSecret: rand.Text(), RateLimit: plan, Latency: latency}
	w.sim, err = simulator.Start(options)
	if err != nil {
		return err
	}
	if _, err := w.dashboard(http.MethodPost, "/roles", map[string]any{"name": role}); err != nil {
		return err
	}
	scheme, err := operator.Scheme()
	if err != nil {
		return err
	}
	if w.kube, err = client.New(w.cluster.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	if err := w.createTenant(ctx, options.ClientSecret, tenant); err != nil {
		return err
	}
	w.users, err = observe(ctx, w.cluster.Config, scheme)
	return err
}

// createTenant makes the Auth0Tenant and what it needs. spec is added to its own.
func (w *world) createTenant(ctx context.Context, secret string, spec map[string]any) error {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.Secret{ObjectMeta: meta("credentials"), Type: v1alpha1.CredentialsSecretType, StringData: map[string]string{
			"domain": w.sim.Domain, "clientId": operatorClientID, "clientSecret": secret,
		}},
		&corev1.ConfigMap{ObjectMeta: meta("ca"), Data: map[string]string{"ca.crt": string(w.sim.CA)}},
		&v1alpha1.Auth0Tenant{ObjectMeta: meta(tenantName), Spec: v1alpha1.Auth0TenantSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: "credentials"},
			CABundle:             &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "ca"},
		}},
	}
	for _, object := range objects {
		if err := w.kube.Create(ctx, object); err != nil {
			return err
		}
	}
	return w.changeTenant(ctx, spec)
}

// changeTenant changes the spec of the Auth0Tenant.
func (w *world) changeTenant(ctx context.Context, spec map[string]any) error {
	return w.patch(ctx, &v1alpha1.Auth0Tenant{}, tenantName, map[string]any{"spec": spec})
}

func (w *world) patch(ctx context.Context, object client.Object, name string, change map[string]any) error {
	content, err := json.Marshal(change)
	if err != nil {
		return err
	}
	object.SetNamespace(namespace)
	object.SetName(name)
	return w.kube.Patch(ctx, object, client.RawPatch(types.MergePatchType, content))
}

// finish is for the end of a measurement: it returns its error, and what failed at the end.
func (w *world) finish(err error) error { return errors.Join(err, w.end(err)) }

// end stops everything. The logs stay if something failed, or if somebody wants them.
func (w *world) end(failed error) error {
	var err error
	if w.users != nil {
		w.users.stop()
	}
	if w.cluster != nil {
		err = w.cluster.Stop()
	}
	if w.sim != nil {
		err = errors.Join(err, w.sim.Close())
	}
	switch {
	case w.settings.logs != "":
		return err
	case failed != nil:
		fmt.Println("  the operator's log is " + filepath.Join(w.logs, "manager.log"))
		return err
	}
	return errors.Join(err, os.RemoveAll(w.logs))
}

// startOperator runs the operator, with the defaults of its other flags.
func (w *world) startOperator(flags ...string) (err error) {
	flags = append([]string{
		"--kubeconfig", w.cluster.KubeconfigFile, "--namespace", operatorNamespace,
		"--metrics-bind-address", "0", "--health-probe-bind-address", "0",
	}, flags...)
	if w.pprof != "" {
		flags = append(flags, "--pprof-bind-address", w.pprof)
	}
	w.manager, err = w.cluster.Run(operatorBinary, flags...)
	return err
}

// awaitTenant waits until the tenant is Ready.
func (w *world) awaitTenant(ctx context.Context) error {
	return w.poll(ctx, startLimit, "the tenant is Ready", func() (bool, error) {
		var tenant v1alpha1.Auth0Tenant
		err := w.kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: tenantName}, &tenant)
		return isReady(&tenant), err
	})
}

func (w *world) stopOperator() {
	w.manager.End()
	w.manager = nil
}

// apply creates users, many at once, as kubectl or a GitOps tool does.
func (w *world) apply(ctx context.Context, from, to int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var work sync.WaitGroup
	for range creators {
		work.Go(func() {
			for number := range numbers {
				if err := w.kube.Create(ctx, user(number)); err != nil {
					cancel(err)
				}
			}
		})
	}
	for number := from; number < to && ctx.Err() == nil; number++ {
		numbers <- number
	}
	close(numbers)
	work.Wait()
	return context.Cause(ctx)
}

func userName(number int) string { return fmt.Sprintf("user-%05d", number) }

// user is one with a role.
func user(number int) *v1alpha1.Auth0User {
	return &v1alpha1.Auth0User{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: userName(number)},
		Spec: v1alpha1.Auth0UserSpec{
			ManagedSpec: v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: tenantName}},
			Connection:  connection,
			Email:       new(userName(number) + "@example.com"),
			Nickname:    new(nickname),
			Roles:       &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new(role)}}},
		},
	}
}

// edit changes the spec of a user.
func (w *world) edit(ctx context.Context, number int, spec map[string]any) error {
	w.edits++
	return w.patch(ctx, &v1alpha1.Auth0User{}, userName(number), map[string]any{"spec": spec})
}

// userID is the id of a user in Auth0.
func (w *world) userID(ctx context.Context, number int) (string, error) {
	var found v1alpha1.Auth0User
	err := w.kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: userName(number)}, &found)
	return found.Status.UserID, err
}

// auth0User is a user as Auth0 has it. It costs no call.
func (w *world) auth0User(id string) (map[string]any, error) {
	return w.dashboard(http.MethodGet, "/users/"+url.PathEscape(id), nil)
}

// dashboard does what an administrator does in Auth0's dashboard. It costs no call.
func (w *world) dashboard(method, path string, body any) (map[string]any, error) {
	status, content := w.sim.Dashboard(method, "/api/v2"+path, body)
	if status >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("the simulator answers %s %s with %d: %s", method, path, status, content)
	}
	var answer map[string]any
	err := json.Unmarshal(content, &answer)
	return answer, err
}

// awaitReady waits until that many users are Ready.
func (w *world) awaitReady(ctx context.Context, count int, limit time.Duration) error {
	return w.poll(ctx, limit, fmt.Sprintf("%d users are Ready", count), func() (bool, error) { return w.users.ready() >= count, nil })
}

const (
	// quiet is how long Auth0 must not be called until the operator is taken to be at rest.
	quiet = 10 * time.Second
	// quietPolls is how often it may be polled meanwhile; more are a log that is being caught up with.
	quietPolls = 2
)

// awaitQuiet waits until the operator is at rest, and returns when it came to it.
func (w *world) awaitQuiet(ctx context.Context, limit time.Duration) (time.Time, error) {
	calls, polls, since := -1, 0, time.Now()
	err := w.poll(ctx, limit, "the operator is at rest", func() (bool, error) {
		now := Result{report: w.sim.Requests()}
		if others := now.report.Total - now.polls(); others != calls || now.polls() > polls+quietPolls {
			calls, polls, since = others, now.polls(), time.Now()
		}
		return time.Since(since) >= quiet, nil
	})
	return since, err
}

// poll waits for a condition, and for no longer than the operator runs.
func (w *world) poll(ctx context.Context, limit time.Duration, what string, condition func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not after %s: %s; %d users are Ready", limit, what, w.users.ready()))
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if w.manager != nil {
			if err := w.manager.Failure(); err != nil {
				return err
			}
		}
		held, err := condition()
		if err != nil || held {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// read zeroes the simulator's counts and reads all others.
func (w *world) read(ctx context.Context) (reading, error) {
	now := reading{at: time.Now()}
	var err error
	if w.manager != nil {
		if now.cpu, err = cpuOf(w.manager.PID()); err != nil {
			return now, err
		}
	}
	now.writes, err = apiServerWrites(ctx, w.cluster.Config)
	w.edits = 0
	w.sim.ResetRequests()
	return now, err
}

// result measures what happened since a reading. ended is when it was over.
func (w *world) result(ctx context.Context, name string, objects int, before reading, ended time.Time) (Result, error) {
	report := w.sim.Requests()
	edits := w.edits
	after, err := w.read(ctx)
	if err != nil {
		return Result{}, err
	}
	after.at = ended
	after.writes["auth0users PATCH"] -= edits
	r := between(name, objects, before, after, report, w.sim.Floor(report))
	r.RSSMiB, err = peakOf(w.manager.PID())
	return r, err
}
