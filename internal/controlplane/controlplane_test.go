package controlplane

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// childVariable makes the test binary start a control plane, tell its processes, and wait to be killed.
const childVariable = "AUTH0_OPERATOR_CONTROLPLANE_CHILD"

var widgets = schema.GroupVersionResource{Group: "test.auth0-operator.io", Version: "v1", Resource: "widgets"}

// shared is the control plane of all tests that do no harm to it.
var shared *ControlPlane

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		beChild()
	}
	os.Exit(runWithShared(m))
}

func runWithShared(m *testing.M) int {
	started := time.Now()
	var err error
	shared, err = Start(context.Background(), Options{CRDDirs: []string{"testdata/crds"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		stopping := time.Now()
		if err := shared.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Printf("control plane stopped in %s\n", time.Since(stopping).Round(time.Millisecond))
	}()
	fmt.Printf("control plane started in %s\n", time.Since(started).Round(time.Millisecond))
	return m.Run()
}

func TestGarbageCollection(t *testing.T) {
	requireControllerManager(t)
	client, namespace := connect(t, shared.Config), newNamespace(t)
	owner := createConfigMap(t, namespace, "owner")
	createConfigMap(t, namespace, "dependent", metav1.OwnerReference{
		APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID,
	})

	must(t, client.CoreV1().ConfigMaps(namespace).Delete(t.Context(), owner.Name, metav1.DeleteOptions{}))

	eventually(t, "the dependent is gone", func() error { return configMapGone(t, namespace, "dependent") })
}

// A kind from Options.CRDDirs is known to the garbage collector from the start.
func TestGarbageCollectionOfACustomKind(t *testing.T) {
	requireControllerManager(t)
	namespace := newNamespace(t)
	client, err := dynamic.NewForConfig(shared.Config)
	must(t, err)
	widget := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "test.auth0-operator.io/v1", "kind": "Widget", "metadata": map[string]any{"name": "owner"},
	}}
	widget, err = client.Resource(widgets).Namespace(namespace).Create(t.Context(), widget, metav1.CreateOptions{})
	must(t, err)
	createConfigMap(t, namespace, "dependent", metav1.OwnerReference{
		APIVersion: widget.GetAPIVersion(), Kind: widget.GetKind(), Name: widget.GetName(), UID: widget.GetUID(),
	})

	must(t, client.Resource(widgets).Namespace(namespace).Delete(t.Context(), "owner", metav1.DeleteOptions{}))

	eventually(t, "the dependent is gone", func() error { return configMapGone(t, namespace, "dependent") })
}

func TestNamespaceDeletion(t *testing.T) {
	requireControllerManager(t)
	client, namespace := connect(t, shared.Config), newNamespace(t)
	createConfigMap(t, namespace, "content")

	must(t, client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}))

	eventually(t, "the namespace is gone", func() error {
		_, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		return goneOr(err)
	})
}

func TestRBACOfAServiceAccount(t *testing.T) {
	admin, namespace := connect(t, shared.Config), newNamespace(t)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	_, err := admin.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{})
	must(t, err)
	config, _, err := shared.ServiceAccountConfig(t.Context(), namespace, "robot")
	must(t, err)
	robot := connect(t, config)
	list := func() error {
		_, err := robot.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
		return err
	}

	if err := list(); !apierrors.IsForbidden(err) {
		t.Fatalf("without a role: got %v, want 403 Forbidden", err)
	}

	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "robot"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: namespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"},
	}
	_, err = admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
	must(t, err)
	eventually(t, "the role lets it in", list)
}

func TestServiceAccountThatDoesNotExist(t *testing.T) {
	_, _, err := shared.ServiceAccountConfig(t.Context(), metav1.NamespaceDefault, "nobody")
	if !apierrors.IsNotFound(err) {
		t.Fatalf("got %v, want not found", err)
	}
}

func TestKubectl(t *testing.T) {
	version := kubectl(t, shared.KubeconfigFile, "version", "--output=json")
	var answer struct {
		ClientVersion, ServerVersion struct{ GitVersion string }
	}
	must(t, json.Unmarshal([]byte(version), &answer))
	if answer.ClientVersion != answer.ServerVersion || !strings.HasPrefix(answer.ClientVersion.GitVersion, "v1.") {
		t.Errorf("kubectl and API server must have one release version, got %s", version)
	}
}

func TestKubectlAsAUser(t *testing.T) {
	content, err := shared.KubeconfigFor("jane", "developers")
	must(t, err)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(file, content, 0o600))

	who := kubectl(t, file, "auth", "whoami", "--output=json")

	if !strings.Contains(who, `"jane"`) || !strings.Contains(who, `"developers"`) {
		t.Errorf("want user jane in group developers, got %s", who)
	}
}

func TestInstallCRDsRefusesAnEmptyDirectory(t *testing.T) {
	err := shared.InstallCRDs(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "make generate") {
		t.Fatalf("got %v, want a hint at make generate", err)
	}
}

func TestRestartAndStop(t *testing.T) {
	c, err := Start(t.Context(), Options{WithoutControllerManager: true})
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	if c.Config.Host == shared.Config.Host {
		t.Fatalf("two control planes on one address, %s", c.Config.Host)
	}
	client := connect(t, c.Config)
	note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "note"}}
	_, err = client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(t.Context(), note, metav1.CreateOptions{})
	must(t, err)

	must(t, c.RestartAPIServer(t.Context()))
	_, err = client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(t.Context(), "note", metav1.GetOptions{})
	must(t, err)

	must(t, c.Stop())
	must(t, c.Stop())
	if exists(c.scratch.dir) {
		t.Errorf("Stop left %s behind", c.scratch.dir)
	}
	if err := c.RestartAPIServer(t.Context()); err == nil {
		t.Error("a stopped control plane must not restart")
	}
}

func TestRunStopsAProgramGently(t *testing.T) {
	c, err := Start(t.Context(), Options{WithoutControllerManager: true, LogDir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	log := filepath.Join(c.LogDir, "sh.log")

	_, err = c.Run("/bin/sh", "-c", "trap 'echo bye; exit' TERM; echo hello; while :; do sleep 0.1; done")
	must(t, err)
	eventually(t, "the program runs", func() error { return contains(log, "hello") })
	must(t, c.Stop())

	must(t, contains(log, "bye"))
	if _, err := c.Run("/bin/sh"); err == nil {
		t.Error("a stopped control plane must not start programs")
	}
}

func TestWaitTellsThatAProgramEnded(t *testing.T) {
	c, err := Start(t.Context(), Options{WithoutControllerManager: true})
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })

	_, err = c.Run("/bin/sh", "-c", "echo out of ideas; exit 3")
	must(t, err)

	if err := c.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "out of ideas") {
		t.Fatalf("got %v, want the end of the program's log", err)
	}
}

// Nothing outlives a test that was killed, and the next start removes its directory.
func TestKilledParentLeavesNothing(t *testing.T) {
	child := startChild(t)

	must(t, child.command.Process.Kill())

	_ = child.command.Wait()
	for _, pid := range child.Processes {
		eventually(t, fmt.Sprintf("process %d is gone", pid), func() error { return processGone(pid) })
	}
	must(t, os.Chtimes(child.Directory, time.Time{}, time.Now().Add(-time.Hour)))
	sweepScratch()
	if exists(child.Directory) {
		t.Errorf("%s is left behind", child.Directory)
	}
	if !exists(shared.scratch.dir) {
		t.Error("the directory of a running control plane was removed")
	}
}

func TestFailedStartShowsTheLog(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", fakeAssets(t, "etcd", "kube-apiserver", "kubectl"))

	_, err := Start(t.Context(), Options{})

	if err == nil || !strings.Contains(err.Error(), "cannot go on like this") {
		t.Fatalf("got %v, want what the component printed", err)
	}
}

func TestAssetsNamesWhatIsMissing(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", fakeAssets(t, "etcd", "kube-apiserver"))
	command := exec.CommandContext(t.Context(), "go", "-C", "../../hack/controlplane", "run", "./build")

	output, err := command.CombinedOutput()

	if err == nil || !strings.Contains(string(output), "has no kubectl") {
		t.Fatalf("got %v, %s; want an error that names kubectl", err, output)
	}
}

// fakeAssets makes a directory with programs that complain and fail.
func fakeAssets(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		script := []byte("#!/bin/sh\necho cannot go on like this; exit 3\n")
		must(t, os.WriteFile(filepath.Join(dir, name), script, 0o700))
	}
	return dir
}

// child is a process that has started a control plane and told about it.
type child struct {
	command   *exec.Cmd
	Directory string
	Processes []int
}

func startChild(t *testing.T) *child {
	t.Helper()
	c := &child{command: exec.CommandContext(t.Context(), os.Args[0])}
	c.command.Env = append(os.Environ(), childVariable+"=1")
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	must(t, err)
	must(t, c.command.Start())
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	must(t, err)
	must(t, json.Unmarshal(line, c))
	return c
}

// beChild never returns.
func beChild() {
	c, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if _, err := c.Run("/bin/sh", "-c", "while :; do sleep 0.1; done"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	about := child{Directory: c.scratch.dir}
	running := []*component{c.etcd, c.apiServer, c.controllerManager}
	for _, program := range c.programs {
		running = append(running, program.process)
	}
	for _, component := range running {
		if component != nil {
			about.Processes = append(about.Processes, component.command.Process.Pid)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(about)
	select {}
}

// processGone takes a zombie, whose new parent has not looked after it yet, for gone: its command line is empty.
func processGone(pid int) error {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	commandLine, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err == nil && len(commandLine) == 0 {
		return nil
	}
	return fmt.Errorf("it still runs: %s", commandLine)
}

// contains returns nil if the text is in the file.
func contains(file, text string) error {
	content, err := os.ReadFile(file)
	if err == nil && !strings.Contains(string(content), text) {
		err = fmt.Errorf("no %q in %s: %s", text, file, content)
	}
	return err
}

func requireControllerManager(t *testing.T) {
	t.Helper()
	if !shared.HasControllerManager {
		t.Skip("KUBEBUILDER_ASSETS has no kube-controller-manager")
	}
}

func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	namespace, err := connect(t, shared.Config).CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	must(t, err)
	return namespace.Name
}

func createConfigMap(t *testing.T, namespace, name string, owners ...metav1.OwnerReference) *corev1.ConfigMap {
	t.Helper()
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owners}}
	configMap, err := connect(t, shared.Config).CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap, metav1.CreateOptions{})
	must(t, err)
	return configMap
}

func configMapGone(t *testing.T, namespace, name string) error {
	t.Helper()
	_, err := connect(t, shared.Config).CoreV1().ConfigMaps(namespace).Get(t.Context(), name, metav1.GetOptions{})
	return goneOr(err)
}

// goneOr turns the error of a read into nil if it says that the object does not exist.
func goneOr(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	default:
		return errors.New("it is still there")
	}
}

func connect(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	return client
}

func kubectl(t *testing.T, kubeconfig string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), shared.Kubectl, append([]string{"--kubeconfig", kubeconfig}, args...)...)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}

// eventually polls until check returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited too long until %s: %v", what, err)
		case <-ticker.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
