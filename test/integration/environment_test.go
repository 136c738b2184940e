package integration

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/fixtures"
)

const (
	operatorClientID     = "OperatorClientOperatorClient0001"
	operatorClientSecret = "planted-operator-client-secret-0123456789"
	connection           = "Username-Password-Authentication"
	tenantName           = "main"
	// patience is how long a test waits for something that takes moments, even on a machine with ten times as much to do as it can.
	patience = 5 * time.Minute
	// shortestPause is the first pause between checks of a condition, longestPause the last. These checks are most of the API
	// server's load, so a pause is also checkShare times as long as the check took, up to busyPause: an expensive check, or one on a
	// busy machine, leaves the time to what it waits for.
	shortestPause = 10 * time.Millisecond
	longestPause  = 160 * time.Millisecond
	checkShare    = 8
	busyPause     = 2 * time.Second
)

// environment is the cluster, tenant and operator of one test.
type environment struct {
	*testing.T
	ctx       context.Context
	namespace string
	sim       *simulator.Server
	// place is where the fixtures of files are.
	place *fixtures.Place
	// kube is an administrator's access to the API server. config is the operators' access.
	kube    client.Client
	config  *rest.Config
	stop    func()
	metrics *prometheus.Registry
	// shardSelector selects the tenants that operators serve which start from now on. Empty means all.
	shardSelector string
	// everywhere makes the operators serve all namespaces, in a cluster for this test alone.
	everywhere bool
	// leaderElection makes the operator one of several replicas.
	leaderElection bool
	// clock is the operators' clock. Nil means the machine's.
	clock clock.WithTickerAndDelayedExecution
	// wrapAuth0 wraps the transport of the operators' calls to Auth0. It may be nil.
	wrapAuth0 func(http.RoundTripper) http.RoundTripper
	// workers is the number of workers of operators that start from now on. 0 means 4.
	workers int
}

// newEnvironment creates a namespace, a new tenant, a Ready Auth0Tenant, and an operator that serves it.
func newEnvironment(t *testing.T, options ...func(*simulator.Options)) *environment {
	t.Helper()
	e := newBareEnvironment(t, options...)
	e.create(e.tenant())
	e.startAtRest()
	return e
}

// newUnwatchedEnvironment is newEnvironment with a tenant whose changes by others cause no reconciliation.
func newUnwatchedEnvironment(t *testing.T) *environment {
	t.Helper()
	e := newBareEnvironment(t)
	tenant := e.tenant()
	tenant.Spec.Watch = v1alpha1.WatchPolicyNone
	e.create(tenant)
	e.startAtRest()
	return e
}

// startAtRest starts the operator, and waits until it has compared the tenant once.
func (e *environment) startAtRest() {
	e.Helper()
	e.startOperator()
	e.eventuallyReady(e.tenant())
	e.eventually(func() error {
		if e.counter("auth0_operator_full_resyncs_total") == 0 {
			return fmt.Errorf("the first resync has not ended")
		}
		return nil
	})
	e.sim.ResetRequests()
}

// newBareEnvironment creates an environment without an Auth0Tenant and without an operator.
func newBareEnvironment(t *testing.T, options ...func(*simulator.Options)) *environment {
	t.Helper()
	return newEnvironmentIn(t, cluster, kube, options...)
}

// newEnvironmentIn creates a bare environment in a cluster that other tests may not share.
func newEnvironmentIn(t *testing.T, cluster *controlplane.ControlPlane, kube client.Client, options ...func(*simulator.Options)) *environment {
	t.Helper()
	settings := simulator.Options{ClientID: operatorClientID, ClientSecret: operatorClientSecret}
	for _, option := range options {
		option(&settings)
	}
	sim, err := simulator.Start(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	e := &environment{T: t, ctx: t.Context(), sim: sim, kube: kube, config: cluster.Config}
	e.namespace = e.newNamespace(nil)
	e.place = &fixtures.Place{Namespace: e.namespace, OperatorID: operatorClientID, Kube: kube, Dashboard: sim.Dashboard}
	e.place.Begin()
	e.create(e.credentials("credentials"))
	e.create(e.caBundle())
	return e
}

func (e *environment) newNamespace(labels map[string]string) string {
	e.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}
	e.create(namespace)
	return namespace.Name
}

// startOperator runs the operator until the test ends or stopOperator is called.
func (e *environment) startOperator(namespaces ...string) {
	e.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e.metrics = prometheus.NewRegistry()
	namespaces = append(namespaces, e.namespace)
	if e.everywhere {
		namespaces = nil
	}
	manager, err := operator.New(ctx, e.config, operator.Options{
		Namespace:       e.namespace,
		WatchNamespaces: namespaces,
		TenantSelector:  e.shardSelector,
		LeaderElection:  e.leaderElection,
		Workers:         cmp.Or(e.workers, 4),
		MetricsAddress:  "0",
		HealthAddress:   "0",
		Metrics:         e.metrics,
		Clock:           e.clock,
		RESTMapper:      resources,
		WrapAuth0:       e.wrapAuth0,
	})
	if err != nil {
		cancel()
		e.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	e.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			e.Errorf("the operator ended with: %v", err)
		}
	})
	e.Cleanup(e.stop)
}

func (e *environment) stopOperator() { e.stop() }

func (e *environment) restartOperator() {
	e.Helper()
	e.stop()
	e.startOperator()
}

func (e *environment) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: e.namespace, Name: name}
}

func (e *environment) tenant() *v1alpha1.Auth0Tenant {
	return &v1alpha1.Auth0Tenant{ObjectMeta: e.meta(tenantName), Spec: v1alpha1.Auth0TenantSpec{
		CredentialsSecretRef: v1alpha1.SecretReference{Name: "credentials"},
		CABundle:             &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "ca"},
	}}
}

// caBundle holds the certificate authority of the simulator.
func (e *environment) caBundle() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: e.meta("ca"), Data: map[string]string{"ca.crt": string(e.sim.CA)}}
}

func (e *environment) secret(name string, values map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: e.meta(name), StringData: values}
}

// credentials is a Secret with the operator's access to the tenant.
func (e *environment) credentials(name string) *corev1.Secret {
	secret := e.secret(name, map[string]string{"domain": e.sim.Domain, "clientId": operatorClientID, "clientSecret": operatorClientSecret})
	secret.Type = v1alpha1.CredentialsSecretType
	return secret
}

func (e *environment) managedSpec() v1alpha1.ManagedSpec {
	return v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: tenantName}}
}

func (e *environment) create(object client.Object) {
	e.Helper()
	if err := e.kube.Create(e.ctx, object); err != nil {
		e.Fatalf("create %T: %v", object, err)
	}
}

func (e *environment) get(object client.Object) {
	e.Helper()
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object); err != nil {
		e.Fatalf("get %T: %v", object, err)
	}
}

// change edits the newest version of an object, as a person would.
func change[O client.Object](e *environment, object O, edit func(O)) {
	e.Helper()
	e.get(object)
	before := object.DeepCopyObject().(O)
	edit(object)
	if err := e.kube.Patch(e.ctx, object, client.MergeFrom(before)); err != nil {
		e.Fatalf("change %T: %v", object, err)
	}
}

// delete deletes an object and does not wait.
func (e *environment) delete(object client.Object) {
	e.Helper()
	if err := e.kube.Delete(e.ctx, object); err != nil {
		e.Fatalf("delete %T: %v", object, err)
	}
}

// deleteAndWait deletes an object and waits until it is gone.
func (e *environment) deleteAndWait(object client.Object) {
	e.Helper()
	e.delete(object)
	e.eventuallyGone(object)
}

func (e *environment) eventuallyGone(object client.Object) {
	e.Helper()
	e.eventually(func() error {
		err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), object)
		if err == nil {
			status, _ := json.Marshal(object)
			return fmt.Errorf("%T %s is still there: %s", object, object.GetName(), status)
		}
		return client.IgnoreNotFound(err)
	})
}

// eventually polls until the condition holds.
func (e *environment) eventually(condition func() error) {
	e.Helper()
	e.within(patience, condition)
}

// within polls until the condition holds. It is for conditions that take longer than a moment.
func (e *environment) within(limit time.Duration, condition func() error) {
	e.Helper()
	deadline := time.Now().Add(limit)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		begun := time.Now()
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			e.Fatalf("not within %s: %v", limit, err)
		}
		<-time.After(max(pause, min(checkShare*time.Since(begun), busyPause)))
	}
}

// eventuallyReady waits until the current generation of the object is Ready.
func (e *environment) eventuallyReady(object v1alpha1.Object) {
	e.Helper()
	e.eventuallyCondition(object, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
}

// eventuallyStalled waits until the object is Stalled with a message that contains these words, and returns the message.
func (e *environment) eventuallyStalled(object v1alpha1.Object, reason string, words ...string) string {
	e.Helper()
	return e.eventuallyCondition(object, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, words...)
}

// eventuallyReconciling waits until the object is Reconciling with a message that contains these words, and returns the message.
func (e *environment) eventuallyReconciling(object v1alpha1.Object, reason string, words ...string) string {
	e.Helper()
	return e.eventuallyCondition(object, v1alpha1.ConditionReconciling, metav1.ConditionTrue, reason, words...)
}

// eventuallyCondition also waits for the words, because the same reason may first be there for an earlier cause.
func (e *environment) eventuallyCondition(object v1alpha1.Object, kind string, status metav1.ConditionStatus, reason string, words ...string) string {
	e.Helper()
	var message string
	e.eventually(func() error {
		e.get(object)
		checkInvariants(e, object)
		condition := meta.FindStatusCondition(object.GetCommonStatus().Conditions, kind)
		if condition == nil || condition.Status != status || reason != "" && condition.Reason != reason || condition.ObservedGeneration != object.GetGeneration() {
			return fmt.Errorf("%T %s: no %s=%s %s of generation %d: %+v", object, object.GetName(), kind, status, reason, object.GetGeneration(), object.GetCommonStatus())
		}
		if kind == v1alpha1.ConditionReady && status == metav1.ConditionTrue && len(abnormal(object)) > 0 {
			return fmt.Errorf("%T %s is Ready, and %v", object, object.GetName(), abnormal(object))
		}
		message = condition.Message
		for _, part := range words {
			if !strings.Contains(message, part) {
				return fmt.Errorf("%T %s: %s %s does not say %q: %s", object, object.GetName(), kind, condition.Reason, part, message)
			}
		}
		return nil
	})
	return message
}

// abnormal lists the conditions that exist only while something is in progress or wrong.
func abnormal(object v1alpha1.Object) []metav1.Condition {
	var found []metav1.Condition
	for _, condition := range object.GetCommonStatus().Conditions {
		if condition.Type == v1alpha1.ConditionReconciling || condition.Type == v1alpha1.ConditionStalled {
			found = append(found, condition)
		}
	}
	return found
}

// checkInvariants checks every status that a test sees against the rules of kstatus.
func checkInvariants(e *environment, object v1alpha1.Object) {
	e.Helper()
	status := object.GetCommonStatus()
	if len(status.Conditions) == 0 {
		return
	}
	if meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady) == nil {
		e.Errorf("%T %s has conditions but not Ready: %+v", object, object.GetName(), status.Conditions)
	}
	found := abnormal(object)
	if len(found) > 1 {
		e.Errorf("%T %s is Reconciling and Stalled at once: %+v", object, object.GetName(), found)
	}
	for _, condition := range found {
		if condition.Status != metav1.ConditionTrue {
			e.Errorf("%T %s keeps %s=%s instead of dropping it", object, object.GetName(), condition.Type, condition.Status)
		}
	}
	if meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled) && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		e.Errorf("%T %s is Ready and Stalled at once", object, object.GetName())
	}
}

// reconcile requests a reconciliation of an object, and waits for it.
func (e *environment) reconcile(object v1alpha1.Object) {
	e.Helper()
	token := fmt.Sprint(time.Now().UnixNano())
	copied := object.DeepCopyObject().(v1alpha1.Object)
	change(e, copied, func(o v1alpha1.Object) {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.AnnotationReconcileRequestedAt] = token
		o.SetAnnotations(annotations)
	})
	e.eventually(func() error {
		e.get(object)
		checkInvariants(e, object)
		if handled := object.GetCommonStatus().LastHandledReconcileAt; handled != token {
			return fmt.Errorf("%T %s: the request %s is not handled; status %+v", object, object.GetName(), token, object.GetCommonStatus())
		}
		return nil
	})
}

// dashboard edits the tenant without the operator, and returns Auth0's answer.
func (e *environment) dashboard(method, path string, body any) map[string]any {
	e.Helper()
	status, answer := e.sim.Dashboard(method, path, body)
	if status >= 300 {
		e.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	var document map[string]any
	if bytes.HasPrefix(answer, []byte("{")) {
		if err := json.Unmarshal(answer, &document); err != nil {
			e.Fatal(err)
		}
	}
	return document
}

// dashboardList reads a list from the tenant.
func (e *environment) dashboardList(path string) []map[string]any {
	e.Helper()
	status, answer := e.sim.Dashboard("GET", path, nil)
	if status >= 300 {
		e.Fatalf("GET %s: %d %s", path, status, answer)
	}
	var list []map[string]any
	if err := json.Unmarshal(answer, &list); err != nil {
		e.Fatalf("GET %s: %s: %v", path, answer, err)
	}
	return list
}

// calls counts the calls to Auth0, except those by which the operator watches the tenant.
func calls(report simulator.Report) int {
	return report.Total - report.Count("GET", "/api/v2/logs") - report.Count("GET", "/api/v2/events")
}

// requireCalls fails unless the operator made this number of calls to Auth0 since the last reset, except those by which it
// watches.
func (e *environment) requireCalls(what string, want int) {
	e.Helper()
	if requests := e.sim.Requests(); calls(requests) != want {
		e.Errorf("%s takes %d calls, want %d: %+v", what, calls(requests), want, requests.ByRoute)
	}
	e.sim.ResetRequests()
}

// events returns the Events of an object, as "Reason: note".
func (e *environment) events(object client.Object) []string {
	e.Helper()
	var list eventsv1.EventList
	if err := e.kube.List(e.ctx, &list, client.InNamespace(e.namespace)); err != nil {
		e.Fatal(err)
	}
	var found []string
	for _, event := range list.Items {
		if event.Regarding.UID == object.GetUID() {
			found = append(found, event.Reason+": "+event.Note)
		}
	}
	return found
}

// journal is a log that can be read while it is written.
type journal struct {
	mu     sync.Mutex
	text   bytes.Buffer
	copyTo io.Writer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.copyTo != nil {
		_, _ = j.copyTo.Write(p)
	}
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
