package docs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/program"
)

// guide is a page whose manifests and commands are run as they stand, in their order: with the cluster and the tenant of a
// reader who has got so far.
type guide struct {
	page string
	// connects tells that the page itself connects the tenant; elsewhere that is done.
	connects bool
	// from is the heading where the reader begins, with nothing but a cluster.
	from string
	// samples are what the reader has applied before, below config/samples.
	samples []string
	// prepare makes what else the page takes for granted.
	prepare func(*reader)
	// then is what to look at after the block with these words, in place of all being Ready.
	then map[string]func(*reader)
	// renews names the Secret that the block with these words has changed.
	renews map[string]string
}

var guides = []guide{
	{page: "docs/guides/first-user.md", samples: []string{"walkthrough"}, then: map[string]func(*reader){
		`"K. Johnson"`:                   (*reader).requireJohnson,
		"no-such-role":                   func(r *reader) { r.eventually(r.has("katherine", v1alpha1.ReasonRoleNotFound)) },
		"kubectl delete auth0user kathe": func(r *reader) { r.requireUsers("katherine@example.com", 0) },
	}},
	{page: "docs/guides/invite-a-user.md", renews: map[string]string{"auth0-operator.io/invite": "hedy-invitation"}},
	{page: "docs/guides/sign-up-a-user.md", prepare: (*reader).makeApplication},
	{page: "docs/guides/passwords.md", samples: []string{"walkthrough"}, renews: map[string]string{"rotate-password": "mary-login"}},
	{page: "docs/guides/unblock-a-user.md", samples: []string{"auth0user/minimal.yaml"}, then: map[string]func(*reader){
		"unblock": (*reader).requireUnblocked,
	}},
	{page: "docs/guides/set-up-an-application.md"},
	{page: "docs/guides/tokens.md", prepare: (*reader).makeAPI},
	{page: "docs/guides/rotate-everything.md", samples: []string{"walkthrough", "auth0client/private-key.yaml"}, renews: map[string]string{
		"rotate-password": "mary-login", "rotate-secret": "orders-worker-application", "rotate-key": "billing-auth0",
		"delete secret orders-worker-token": "orders-worker-token",
	}},
	{page: "docs/guides/take-over-a-tenant.md", prepare: (*reader).makeAPI},
	{page: "docs/guides/many-tenants.md", prepare: func(r *reader) {
		r.shell("kubectl create namespace shop-production")
		r.makeCredentials("shop-production")
	}},
	{page: "docs/guides/run-at-scale.md"},
	{page: "docs/guides/argo-cd.md", prepare: (*reader).makeArgoCD},
	{page: "docs/guides/flux.md", samples: []string{"auth0user/minimal.yaml"}},
	{page: "docs/guides/troubleshooting.md", samples: []string{"auth0user/minimal.yaml"}},
	{page: "docs/reference/status.md", samples: []string{"auth0user/minimal.yaml"}},
	{page: "docs/security.md", then: map[string]func(*reader){"ResourceQuota": (*reader).requireQuotaOfAllKinds}},
	{page: "docs/upgrades.md"},
	{page: "docs/guides/simulator.md", connects: true},
	// The last: it takes the kinds away in the end.
	{page: "README.md", connects: true, from: "## Install", then: map[string]func(*reader){
		"kubectl delete -k config/crd": func(r *reader) { r.requireUsers("ada@example.com", 0) },
	}},
}

// notRun are pages with blocks that nothing here can run, and why.
var notRun = map[string]string{
	"CONTRIBUTING.md":                 "it is about make",
	"charts/auth0-operator/README.md": "it is about Helm, which test/e2e runs",
	"docs/guides/observe.md":          "it takes Pods that run",
}

// elsewhere are commands that need more than a cluster and Auth0, or are not everywhere. That make knows its targets, a test
// above holds; the chart and Helm are held by test/e2e, the simulator by its own tests.
var elsewhere = []string{"make", "go", "docker", "helm", "curl", "jq"}

// TestPagesAreRun wants every page with something to run among the guides, or a reason why it is not.
func TestPagesAreRun(t *testing.T) {
	for page, content := range pages(t) {
		isGuide := slices.ContainsFunc(guides, func(g guide) bool { return g.page == page })
		if _, excused := notRun[page]; len(runnable(content)) > 0 && !isGuide && !excused {
			t.Errorf("%s has blocks that nobody runs: add it to guides", page)
		}
	}
}

// TestGuides follows each guide to the letter.
func TestGuides(t *testing.T) {
	r := newReader(t)
	content := pages(t)
	for _, g := range guides {
		t.Run(filepath.Base(g.page), func(t *testing.T) { r.as(t).follow(g, content[g.page]) })
	}
}

// runnable are the blocks of a page to run: shell commands, and whole manifests.
func runnable(content string) []block {
	return slices.DeleteFunc(blocks(content), func(b block) bool { return b.info != "sh" && b.info != "yaml" })
}

const (
	// home is the namespace of the reader.
	home = "auth0"
	// operatorNamespace is where the operator keeps its key.
	operatorNamespace = "operator"
	// patience is how long anything may take, even on a machine with ten times as much to do as it can.
	patience = 5 * time.Minute

	// These are what the guide to the simulator has.
	operatorClientID     = "dev-operator"
	operatorClientSecret = "dev-secret"
)

// reader has a shell, a cluster with the operator, and a tenant.
type reader struct {
	*testing.T

	kube client.Client
	sim  *simulator.Server
	// directory is where the commands run: it has config and charts, as a checkout.
	directory string
	// ownValues are the reader's own, by the names that stand for them in the pages.
	ownValues map[string]string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	sim, err := simulator.Start(simulator.Options{ClientID: operatorClientID, ClientSecret: operatorClientSecret})
	must(t, err)
	t.Cleanup(func() { _ = sim.Close() })
	r := &reader{T: t, sim: sim, directory: t.TempDir(), ownValues: map[string]string{
		"example.eu.auth0.com": sim.Domain, "localhost:3443": sim.Domain, "YOUR_CLIENT_ID": operatorClientID, "YOUR_CLIENT_SECRET": operatorClientSecret,
		"THE_NEW_ONE": operatorClientSecret,
	}}
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{CRDDirs: []string{root + "/config/crd/bases"}})
	must(t, err)
	t.Cleanup(func() { _ = cluster.Stop() })
	r.setUpShell(cluster)
	scheme, err := operator.Scheme()
	must(t, err)
	r.kube, err = client.New(cluster.Config, client.Options{Scheme: scheme})
	must(t, err)
	r.shell("kubectl create namespace " + operatorNamespace + " && kubectl create namespace " + home)
	ctrl.SetLogger(logr.Discard())
	manager, err := operator.New(t.Context(), cluster.Config, operator.Options{
		Namespace: operatorNamespace, Workers: 4, MetricsAddress: "0", HealthAddress: "0", Metrics: prometheus.NewRegistry(),
	})
	must(t, err)
	go func() { _ = manager.Start(t.Context()) }()
	return r
}

// setUpShell has commands find kubectl and its plugin, the cluster, and the simulator's certificate as one of an authority
// that everybody trusts, like Auth0's.
func (r *reader) setUpShell(cluster *controlplane.ControlPlane) {
	r.Helper()
	checkout, err := filepath.Abs(root)
	must(r.T, err)
	for _, name := range []string{"config", "charts"} {
		must(r.T, os.Symlink(filepath.Join(checkout, name), filepath.Join(r.directory, name)))
	}
	programs := r.TempDir()
	must(r.T, os.Symlink(cluster.Kubectl, filepath.Join(programs, "kubectl")))
	for _, name := range elsewhere {
		must(r.T, os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"), 0o700))
	}
	authority := filepath.Join(r.directory, "ca.pem")
	must(r.T, os.WriteFile(authority, r.sim.CA, 0o600))
	r.Setenv("SSL_CERT_FILE", authority)
	r.Setenv("KUBECONFIG", cluster.KubeconfigFile)
	plugin, err := program.Build(r.Context(), "kubectl-auth0")
	must(r.T, err)
	must(r.T, os.Symlink(plugin, filepath.Join(programs, "kubectl-auth0")))
	r.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	r.shell("kubectl config set-context --current --namespace " + home)
}

// as is the reader in a test of one page.
func (r *reader) as(t *testing.T) *reader {
	t.Helper()
	following := *r
	following.T, following.ownValues = t, maps.Clone(r.ownValues)
	return &following
}

// follow runs the blocks of a page, and looks after each what came of it.
func (r *reader) follow(g guide, content string) {
	r.Helper()
	blocks := runnable(content[max(0, strings.Index(content, g.from)):])
	r.requireWords(g, blocks)
	r.sim.Reset()
	if g.from == "" {
		r.Cleanup(r.cleanUp)
	} else {
		r.shell("kubectl delete namespace auth0")
	}
	if !g.connects {
		r.makeCredentials(home)
		r.shell("kubectl apply -f config/samples/walkthrough/tenant.yaml")
	}
	for _, sample := range g.samples {
		r.shell("kubectl apply -f config/samples/" + sample)
	}
	if g.prepare != nil {
		g.prepare(r)
	}
	r.eventually(r.allReady)
	for _, block := range blocks {
		r.run(g, block)
	}
}

// cleanUp deletes what there is at the end of a page.
func (r *reader) cleanUp() {
	r.Helper()
	r.shell("kubectl delete auth0 --all --all-namespaces --timeout=60s")
	r.shell("kubectl delete deployment,secret --all && kubectl delete configmap auth0-ca")
}

// requireWords wants the words after which there is something to look at in some block.
func (r *reader) requireWords(g guide, blocks []block) {
	r.Helper()
	for _, words := range slices.Concat(slices.Collect(maps.Keys(g.then)), slices.Collect(maps.Keys(g.renews))) {
		if !slices.ContainsFunc(blocks, func(b block) bool { return strings.Contains(b.text, words) }) {
			r.Fatalf("no block has the words %q", words)
		}
	}
}

// run runs a block: everything is Ready then, unless there is something else to look at.
func (r *reader) run(g guide, block block) {
	r.Helper()
	renewed := map[string]string{}
	for words, name := range g.renews {
		if strings.Contains(block.text, words) {
			renewed[name] = r.secret(name)
		}
	}
	if block.info == "yaml" {
		r.apply(g.page, block)
	} else {
		r.shell(block.text)
	}
	look := func(r *reader) { r.eventually(r.allReady) }
	for words, then := range g.then {
		if strings.Contains(block.text, words) {
			look = then
		}
	}
	look(r)
	for name, before := range renewed {
		r.eventually(func() error {
			if now := r.secret(name); now == "" || now == before {
				return fmt.Errorf("Secret %s is as it was", name)
			}
			return nil
		})
	}
}

// apply applies a manifest, but for kinds of other people's.
func (r *reader) apply(page string, block block) {
	r.Helper()
	for _, object := range decode(r.T, page, block) {
		if isForeign(object) {
			continue
		}
		content, err := json.Marshal(object)
		must(r.T, err)
		r.shell("kubectl apply -f - <<'EOF'\n" + string(content) + "\nEOF")
	}
}

// shell runs commands as they are typed. Every one must succeed.
func (r *reader) shell(commands string) {
	r.Helper()
	for name, value := range r.ownValues {
		commands = strings.ReplaceAll(commands, name, value)
	}
	// A test that is over is cleaned up after.
	command := exec.CommandContext(context.WithoutCancel(r.Context()), "bash", "-euo", "pipefail", "-c", commands)
	command.Dir = r.directory
	if output, err := command.CombinedOutput(); err != nil {
		r.Fatalf("%v\n%s\n%s", err, commands, output)
	}
}

// allReady wants every object of ours to be Ready.
func (r *reader) allReady() error {
	return r.each(func(kind string, object v1alpha1.Object) error {
		if ready := readyOf(object); ready.Status != metav1.ConditionTrue {
			return fmt.Errorf("%s %s/%s is not Ready: %s: %s", kind, object.GetNamespace(), object.GetName(), ready.Reason, ready.Message)
		}
		return nil
	})
}

// has wants an object not to be Ready, for a reason.
func (r *reader) has(name, reason string) func() error {
	return func() error {
		return r.each(func(_ string, object v1alpha1.Object) error {
			if ready := readyOf(object); object.GetName() == name && (ready.Reason != reason || ready.Status == metav1.ConditionTrue) {
				return fmt.Errorf("%s has the reason %s, not %s", name, ready.Reason, reason)
			}
			return nil
		})
	}
}

// each goes through all objects of ours.
func (r *reader) each(look func(kind string, object v1alpha1.Object) error) error {
	for _, kind := range controllers.All() {
		list := kind.NewList()
		if err := r.kube.List(r.Context(), list); apierrors.IsNotFound(err) {
			return nil // the kinds were taken away
		} else if err != nil {
			return err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error { return look(kind.Name, item.(v1alpha1.Object)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// readyOf is the condition Ready of an object as it is now.
func readyOf(object v1alpha1.Object) metav1.Condition {
	ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return metav1.Condition{Message: "it was not looked at yet"}
	}
	return *ready
}

// secret identifies a Secret and what it holds, "" if there is none. A token that is issued twice in one second is the same
// token, so its value does not show that its Secret is another one.
func (r *reader) secret(name string) string {
	r.Helper()
	var secret corev1.Secret
	err := r.kube.Get(r.Context(), client.ObjectKey{Namespace: home, Name: name}, &secret)
	must(r.T, client.IgnoreNotFound(err))
	if err != nil {
		return ""
	}
	return fmt.Sprint(secret.UID, secret.Data)
}

// makeCredentials makes what a tenant takes.
func (r *reader) makeCredentials(namespace string) {
	r.Helper()
	create := "kubectl --namespace " + namespace + " create "
	r.shell(create + "configmap auth0-ca --from-file=ca.crt=$SSL_CERT_FILE")
	r.shell(create + "secret generic auth0-credentials --type=auth0-operator.io/credentials --from-literal=domain=example.eu.auth0.com --from-literal=clientId=YOUR_CLIENT_ID --from-literal=clientSecret=YOUR_CLIENT_SECRET")
}

// eventually polls until the condition holds.
func (r *reader) eventually(condition func() error) {
	r.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("not within %s: %v", patience, err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// administer makes a call as an administrator does in the dashboard, and takes the answer apart.
func (r *reader) administer(method, path string, body, answer any) {
	r.Helper()
	status, content := r.sim.Dashboard(method, "/api/v2"+path, body)
	if status >= http.StatusBadRequest {
		r.Fatalf("%s %s: %d %s", method, path, status, content)
	}
	if answer != nil {
		must(r.T, json.Unmarshal(content, answer))
	}
}

// makeApplication makes the application through which people sign up.
func (r *reader) makeApplication() {
	r.Helper()
	var application struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	r.administer(http.MethodPost, "/clients", map[string]any{"name": "shop", "app_type": "regular_web", "grant_types": []string{"client_credentials"}}, &application)
	var connections []struct{ ID string }
	r.administer(http.MethodGet, "/connections", nil, &connections)
	for _, connection := range connections {
		r.administer(http.MethodPatch, "/connections/"+connection.ID+"/clients", []any{map[string]any{"client_id": application.ID, "status": true}}, nil)
	}
	r.ownValues["YOUR_APPLICATION_CLIENT_ID"], r.ownValues["YOUR_APPLICATION_CLIENT_SECRET"] = application.ID, application.Secret
}

// makeAPI makes an API that an application may call, whose credentials are in a Secret.
func (r *reader) makeAPI() {
	r.Helper()
	r.makeApplication()
	r.administer(http.MethodPost, "/resource-servers", map[string]any{"name": "Orders", "identifier": "https://orders.example.com/"}, nil)
	r.administer(http.MethodPost, "/client-grants", map[string]any{
		"client_id": r.ownValues["YOUR_APPLICATION_CLIENT_ID"], "audience": "https://orders.example.com/", "scope": []string{},
	}, nil)
	r.administer(http.MethodPost, "/users", map[string]any{"connection": "Username-Password-Authentication", "email": "ada@example.com", "password": "Example-Only-1906!"}, nil)
	r.shell("kubectl create secret generic orders-worker-credentials --from-literal=clientId=YOUR_APPLICATION_CLIENT_ID --from-literal=clientSecret=YOUR_APPLICATION_CLIENT_SECRET")
}

// makeArgoCD makes what Argo CD's own installation brings.
func (r *reader) makeArgoCD() {
	r.Helper()
	r.shell("kubectl create namespace argocd\nkubectl --namespace argocd create configmap argocd-cm")
}

func (r *reader) requireUsers(email string, want int) []map[string]any {
	r.Helper()
	var users []map[string]any
	r.administer(http.MethodGet, "/users-by-email?email="+email, nil, &users)
	if len(users) != want {
		r.Fatalf("there are %d users %s, not %d", len(users), email, want)
	}
	return users
}

func (r *reader) requireJohnson() {
	r.Helper()
	r.eventually(r.allReady)
	user := r.requireUsers("katherine@example.com", 1)[0]
	metadata, _ := user["app_metadata"].(map[string]any)
	if user["name"] != "K. Johnson" || metadata["plan"] != nil {
		r.Errorf("the user is %v", user)
	}
}

func (r *reader) requireUnblocked() {
	r.Helper()
	r.eventually(func() error {
		user := &v1alpha1.Auth0User{}
		must(r.T, r.kube.Get(r.Context(), client.ObjectKey{Namespace: home, Name: "ada"}, user))
		if user.Status.LastHandledUnblock == "" {
			return errors.New("status.lastHandledUnblock is empty")
		}
		return nil
	})
}

// requireQuotaOfAllKinds wants the quota of the page to count every kind.
func (r *reader) requireQuotaOfAllKinds() {
	r.Helper()
	r.eventually(func() error {
		var quota corev1.ResourceQuota
		if err := r.kube.Get(r.Context(), client.ObjectKey{Namespace: "default", Name: "auth0"}, &quota); err != nil {
			return err
		}
		for _, kind := range controllers.All() {
			resource := corev1.ResourceName("count/" + strings.ToLower(kind.Name) + "s." + v1alpha1.SchemeGroupVersion.Group)
			if _, counted := quota.Status.Used[resource]; !counted {
				return fmt.Errorf("%s is not counted: %v", resource, quota.Status)
			}
		}
		return nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
