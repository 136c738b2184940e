// Package e2e tests what users install: the built binary, with the token and permissions of the chart's ServiceAccount,
// against a real API server and the simulator, with every sample. It uses the programs and manifests, not the Go packages
// of the operator.
package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/render"
)

const (
	// tenantNamespace is where the samples go, and guestNamespace where those go that use a tenant of another namespace.
	tenantNamespace = "auth0"
	guestNamespace  = "shop"
	// patience is how long anything may take, even on a machine with ten times as much to do as it can. All of it together takes
	// seconds.
	patience = 5 * time.Minute
)

// TestClusterWide installs the operator for all namespaces, under the admission policies of the chart.
func TestClusterWide(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, policies...)
	i.whenReady = i.checkPolicies
	i.play()
}

// TestNamespaced installs it for two namespaces: by Roles in these, and nothing cluster-wide.
func TestNamespaced(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "--set", "watchNamespaces={"+tenantNamespace+","+guestNamespace+"}")
	i.whenDeleting, i.whenStuck = i.deleteGuestNamespace, i.lendRights
	i.play()
}

// installation is an operator installed by the chart.
type installation struct {
	*testing.T
	cluster *controlplane.ControlPlane
	kube    client.Client
	auth0   *auth0
	// chart is what Helm applied.
	chart []*unstructured.Unstructured
	// replicas are those that were started.
	replicas []*controlplane.Program
	// samples are those of our kinds, and inputs what they refer to.
	samples, inputs []*unstructured.Unstructured
	// stalled are the reasons of the samples that cannot become Ready, by kind and name.
	stalled map[string]string
	// deleted says when a namespace was.
	deleted map[string]time.Time
	// whenReady is done when all samples are Ready.
	whenReady func()
	// whenDeleting is done when all samples are being deleted and suspended, whenStuck when none is suspended any more.
	whenDeleting, whenStuck func()
	// events are those of the time before the namespaces went.
	events []eventsv1.Event
}

// play goes through the life of the samples, and looks at the rights in the end.
func (i *installation) play() {
	i.apply(i.samples)
	i.checkHealth("not looked at yet", always(status.InProgressStatus, "Progressing"))
	i.startReplica(newestAPIServer)
	i.awaitAll("waiting", isWaiting)
	i.checkHealth("waiting for a Secret, or a tenant", always(status.InProgressStatus, "Progressing"))
	i.apply(i.inputs)
	i.awaitAll("Ready", i.isReady)
	i.checkHealth("Ready", i.healthy)
	i.checkSecondApply()
	i.checkOutputs()
	if i.whenReady != nil {
		i.whenReady()
	}
	i.changeAll()
	i.replaceOutput()
	i.shutOut()
	i.handOver()
	i.deleteAll()
	i.checkEvents()
	user := "system:serviceaccount:" + render.Namespace + ":" + render.Release
	checkRights(i.T, i.cluster.AuditFile, user, rolesOf(i.T, i.chart, render.Release), i.deleted)
}

func newInstallation(t *testing.T, values ...string) *installation {
	t.Helper()
	i := &installation{T: t, auth0: newAuth0(t), deleted: map[string]time.Time{}}
	var err error
	i.cluster, err = controlplane.Start(t.Context(), controlplane.Options{Audit: true})
	i.must(err)
	t.Cleanup(func() {
		if t.Failed() {
			i.showLogs()
		}
		if err := i.cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme, err := operator.Scheme()
	i.must(err)
	i.kube, err = client.New(i.cluster.Config, client.Options{Scheme: scheme})
	i.must(err)
	i.namespace(tenantNamespace, nil)
	i.namespace(guestNamespace, map[string]string{"auth0": "allowed", "environment": "staging"})
	// As in config/default: whatever the chart brings must meet the restricted Pod Security Standard.
	i.namespace(render.Namespace, map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"})
	i.install(values)
	i.auth0.read(t, "testdata/stalled.yaml", &i.stalled)
	i.readSamples()
	return i
}

// install applies the chart, and takes a warning for an error.
func (i *installation) install(values []string) {
	i.Helper()
	manifests, err := render.Template(i.Context(), values...)
	i.must(err)
	i.chart, err = render.Objects(manifests)
	i.must(err)
	i.kubectl(string(manifests), "apply", "--warnings-as-errors", "--filename", "-")
	i.kubectl("", "wait", "--for=condition=Established", "crd", "--all")
}

// client-go streams lists from an API server of today, which takes the right to watch only; from others it needs to list.
const (
	newestAPIServer = "KUBE_FEATURE_WatchListClient=true"
	olderAPIServer  = "KUBE_FEATURE_WatchListClient=false"
)

// startReplica runs the manager as the Deployment would, but for the ports, which may be taken on this machine.
func (i *installation) startReplica(environment string) {
	i.Helper()
	binary := filepath.Join(i.TempDir(), fmt.Sprintf("manager-%d", len(i.replicas)))
	script := fmt.Sprintf("#!/bin/sh\nexport %s\nexec '%s' \"$@\"\n", environment, manager)
	i.must(os.WriteFile(binary, []byte(script), 0o700))
	_, kubeconfig, err := i.cluster.ServiceAccountConfig(i.Context(), render.Namespace, render.Release)
	i.must(err)
	file := filepath.Join(i.TempDir(), "kubeconfig")
	i.must(os.WriteFile(file, kubeconfig, 0o600))
	args := append(i.arguments(), "--kubeconfig="+file, "--namespace="+render.Namespace,
		"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0")
	replica, err := i.cluster.Run(binary, args...)
	i.must(err)
	i.replicas = append(i.replicas, replica)
}

// arguments are those of the chart's Deployment.
func (i *installation) arguments() []string {
	i.Helper()
	for _, object := range i.chart {
		if object.GetKind() != "Deployment" {
			continue
		}
		containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		i.must(err)
		args, _, err := unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
		i.must(err)
		return args
	}
	i.Fatal("the chart has no Deployment")
	return nil
}

// apply applies objects as kubectl apply does, in no order that would help: what refers to something waits for it. It
// returns what kubectl says of each.
func (i *installation) apply(objects []*unstructured.Unstructured) string {
	i.Helper()
	list := map[string]any{"apiVersion": "v1", "kind": "List", "items": objects}
	manifests, err := json.Marshal(list)
	i.must(err)
	return i.kubectl(string(manifests), "apply", "--filename", "-")
}

// awaitAll waits until all samples are in a state, and tells which are not.
func (i *installation) awaitAll(what string, in func(kind string, object v1alpha1.Object) bool) {
	i.Helper()
	i.eventually(func() error {
		var missing []string
		for _, sample := range i.samples {
			object := i.typed(sample)
			if err := i.kube.Get(i.Context(), client.ObjectKeyFromObject(sample), object); err != nil {
				return err
			}
			if !in(sample.GetKind(), object) {
				missing = append(missing, describe(sample, object))
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("not %s:\n  %s", what, strings.Join(missing, "\n  "))
		}
		return nil
	})
}

// isReady reports whether an object is in sync, or stalled where it can be nothing else.
func (i *installation) isReady(kind string, object v1alpha1.Object) bool {
	i.approve(object)
	ready := readyOf(object)
	if reason, ok := i.stalled[kind+"/"+object.GetName()]; ok {
		return ready.Reason == reason
	}
	return ready.Status == metav1.ConditionTrue && ready.Reason != v1alpha1.ReasonSuspended
}

// approve does what the status of a token by device code asks of a person.
func (i *installation) approve(object v1alpha1.Object) {
	i.Helper()
	token, ok := object.(*v1alpha1.Auth0Token)
	if !ok || token.Status.Device == nil {
		return
	}
	// A code that was approved already is none any more, until status says so.
	_ = i.auth0.ApproveDevice(simulator.DeviceApproval{UserCode: token.Status.Device.UserCode, UserID: i.auth0.someUser(i.T)})
}

// isWaiting reports whether an object waits for something, and does so by itself.
func isWaiting(_ string, object v1alpha1.Object) bool {
	return meta.IsStatusConditionTrue(object.GetCommonStatus().Conditions, v1alpha1.ConditionReconciling)
}

func isSuspended(_ string, object v1alpha1.Object) bool {
	return readyOf(object).Reason == v1alpha1.ReasonSuspended
}

// readyOf is the condition Ready if it speaks of the object as it is now.
func readyOf(object v1alpha1.Object) metav1.Condition {
	common := object.GetCommonStatus()
	ready := meta.FindStatusCondition(common.Conditions, v1alpha1.ConditionReady)
	if ready == nil || common.ObservedGeneration != object.GetGeneration() {
		return metav1.Condition{}
	}
	return *ready
}

func describe(sample *unstructured.Unstructured, object v1alpha1.Object) string {
	conditions, _ := json.Marshal(object.GetCommonStatus().Conditions)
	return fmt.Sprintf("%s %s/%s: %s", sample.GetKind(), sample.GetNamespace(), sample.GetName(), conditions)
}

// typed is an empty object of the kind of a sample, as the registry has it.
func (i *installation) typed(sample *unstructured.Unstructured) v1alpha1.Object {
	i.Helper()
	for _, kind := range controllers.All() {
		if kind.Name == sample.GetKind() {
			return kind.New()
		}
	}
	i.Fatalf("%s is not in the registry", sample.GetKind())
	return nil
}

// checkOutputs wants each output Secret that a sample names, owned by the object, unless the sample is to leave it behind.
func (i *installation) checkOutputs() {
	i.Helper()
	outputs := 0
	for _, sample := range i.samples {
		for _, name := range outputsIn(sample.Object["spec"]) {
			outputs++
			var output corev1.Secret
			i.must(i.kube.Get(i.Context(), client.ObjectKey{Namespace: sample.GetNamespace(), Name: name}, &output))
			owner := metav1.GetControllerOf(&output)
			if owner == nil || owner.Kind != sample.GetKind() || owner.Name != sample.GetName() || len(output.Data) == 0 {
				i.Errorf("Secret %s/%s has %d keys and is owned by %v, not by %s %s", output.Namespace, name, len(output.Data), owner, sample.GetKind(), sample.GetName())
			}
		}
	}
	if outputs == 0 {
		i.Error("no sample has an output Secret")
	}
}

// outputsIn finds the names under outputSecret, wherever in a spec.
func outputsIn(value any) []string {
	var names []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			names = append(names, outputsIn(item)...)
		}
	case map[string]any:
		if output, ok := value["outputSecret"].(map[string]any); ok {
			names = append(names, output["name"].(string))
		}
		for _, item := range value {
			names = append(names, outputsIn(item)...)
		}
	}
	return names
}

// changeAll suspends and resumes every sample, twice: all of them follow, and say so.
func (i *installation) changeAll() {
	i.Helper()
	for range 2 {
		i.suspendAll(true)
		i.awaitAll("Suspended", isSuspended)
		i.checkHealth("Suspended", i.suspended)
		i.suspendAll(false)
		i.awaitAll("Ready again", i.isReady)
	}
}

func (i *installation) suspendAll(suspend bool) {
	i.Helper()
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"suspend":%t}}`, suspend))
	for _, sample := range i.samples {
		i.must(client.IgnoreNotFound(i.kube.Patch(i.Context(), sample.DeepCopy(), patch)))
	}
}

// replaceOutput has an output Secret change that somebody made immutable: another takes its place.
func (i *installation) replaceOutput() {
	i.Helper()
	for _, sample := range i.samples {
		if _, machine, _ := unstructured.NestedMap(sample.Object, "spec", "clientCredentials"); !machine {
			continue
		}
		name, _, _ := unstructured.NestedString(sample.Object, "spec", "outputSecret", "name")
		output := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: sample.GetNamespace(), Name: name}}
		i.must(i.kube.Patch(i.Context(), output, client.RawPatch("application/merge-patch+json", []byte(`{"immutable":true}`))))
		before := output.UID
		i.must(i.kube.Patch(i.Context(), sample.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"outputSecret":{"data":{"other":"{{ .accessToken }}"}}}}`))))
		i.eventually(func() error {
			if err := i.kube.Get(i.Context(), client.ObjectKeyFromObject(output), output); err != nil || output.UID == before || len(output.Data["other"]) == 0 {
				return fmt.Errorf("Secret %s/%s was not replaced: %w", output.Namespace, output.Name, err)
			}
			return nil
		})
		return
	}
	i.Fatal("no sample is a token for a machine")
}

// handOver starts a second replica, ends the first, and has the second do something.
func (i *installation) handOver() {
	i.Helper()
	i.startReplica(olderAPIServer)
	i.replicas[0].End()
	i.suspendAll(true)
	i.awaitAll("Suspended by the second replica", isSuspended)
	i.suspendAll(false)
	i.awaitAll("Ready by the second replica", i.isReady)
}

// deleteAll deletes the samples, tenants and all, and then the namespaces with the Secrets that the operator guards.
func (i *installation) deleteAll() {
	i.Helper()
	before := i.auth0.users(i.T)
	i.suspendAll(true)
	i.awaitAll("Suspended before they are deleted", isSuspended)
	// A tenant with spec.deletionProtection lets not so many go, and a connection not its people, without a word.
	i.kubectl("", "annotate", "auth0tenant", "--all", "--all-namespaces", "--overwrite",
		v1alpha1.AnnotationConfirmDeletion+"="+time.Now().Add(time.Minute).UTC().Format(time.RFC3339), v1alpha1.AnnotationDeletable+"=true")
	for _, sample := range i.samples {
		i.must(i.kube.Delete(i.Context(), sample.DeepCopy()))
	}
	i.checkHealth("being deleted", always(status.TerminatingStatus, ""))
	if i.whenDeleting != nil {
		i.whenDeleting()
	}
	i.suspendAll(false)
	if i.whenStuck != nil {
		i.whenStuck()
	}
	for _, sample := range i.samples {
		i.gone(sample)
	}
	if after := i.auth0.users(i.T); after >= before {
		i.Errorf("there were %d users in Auth0 before the samples were deleted, and %d after", before, after)
	}
	i.keepEvents()
	for _, name := range []string{tenantNamespace, guestNamespace} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if i.deleted[name].IsZero() {
			i.deleted[name] = time.Now()
			i.must(i.kube.Delete(i.Context(), namespace))
		}
		i.gone(namespace)
	}
}

// keepEvents adds the Events that there are to those of before.
func (i *installation) keepEvents() {
	i.Helper()
	var events eventsv1.EventList
	i.must(i.kube.List(i.Context(), &events))
	i.events = append(i.events, events.Items...)
}

// deleteGuestNamespace deletes a namespace with objects in it. The operator's RoleBinding goes with it, before the objects do.
func (i *installation) deleteGuestNamespace() {
	i.Helper()
	i.keepEvents()
	i.deleted[guestNamespace] = time.Now()
	i.kubectl("", "delete", "namespace", guestNamespace, "--wait=false")
	for _, object := range i.chart {
		if object.GetKind() == "RoleBinding" && object.GetNamespace() == guestNamespace {
			i.gone(object)
		}
	}
}

// lendRights gives the operator back the rights in a namespace that went first, as the chart's README says.
func (i *installation) lendRights() {
	i.Helper()
	i.kubectl("", "create", "clusterrole", "auth0-operator-removal", "--verb=get,list,watch,patch,create,delete",
		"--resource=*.auth0-operator.io,*.auth0-operator.io/status,secrets,configmaps,events.events.k8s.io")
	i.kubectl("", "create", "clusterrolebinding", "auth0-operator-removal", "--clusterrole=auth0-operator-removal",
		"--serviceaccount="+render.Namespace+":"+render.Release)
	i.gone(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: guestNamespace}})
	i.kubectl("", "delete", "clusterrolebinding,clusterrole", "auth0-operator-removal")
}

// checkEvents wants an Event about every sample.
func (i *installation) checkEvents() {
	i.Helper()
	told := map[string]bool{}
	for _, event := range i.events {
		if event.ReportingController == secret.FieldManager {
			told[event.Regarding.Kind+" "+event.Regarding.Namespace+"/"+event.Regarding.Name] = true
		}
	}
	for _, sample := range i.samples {
		if name := sample.GetKind() + " " + sample.GetNamespace() + "/" + sample.GetName(); !told[name] {
			i.Errorf("no Event tells of %s", name)
		}
	}
}

func (i *installation) gone(object client.Object) {
	i.Helper()
	i.eventually(func() error {
		current := object.DeepCopyObject().(client.Object)
		err := i.kube.Get(i.Context(), client.ObjectKeyFromObject(object), current)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		content, _ := json.Marshal(current)
		return fmt.Errorf("still there: %s", content)
	})
}

func (i *installation) namespace(name string, labels map[string]string) {
	i.Helper()
	i.must(i.kube.Create(i.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}))
}

// kubectl runs kubectl as the administrator.
func (i *installation) kubectl(input string, args ...string) string {
	i.Helper()
	command := exec.CommandContext(i.Context(), i.cluster.Kubectl, append([]string{"--kubeconfig", i.cluster.KubeconfigFile}, args...)...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	if err != nil {
		i.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

func (i *installation) must(err error) {
	i.Helper()
	if err != nil {
		i.Fatal(err)
	}
}

// eventually polls until the condition holds.
func (i *installation) eventually(condition func() error) {
	i.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			i.Fatalf("not within %s: %v", patience, err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// showLogs prints the end of what the replicas logged.
func (i *installation) showLogs() {
	const lines = 10
	for _, replica := range i.replicas {
		content, _ := os.ReadFile(replica.LogFile)
		log := strings.Split(strings.TrimSpace(string(content)), "\n")
		i.Logf("the end of %s:\n%s", filepath.Base(replica.LogFile), strings.Join(log[max(0, len(log)-lines):], "\n"))
	}
}
