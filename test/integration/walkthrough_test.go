package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

const (
	walkthroughDir = "../../config/samples/walkthrough"
	// walkthroughLimit is how long the whole set-up may take on a busy machine; alone it takes some seconds.
	walkthroughLimit = 2 * time.Minute
)

// TestWalkthrough sets a whole tenant up by one directory of manifests, applied in any order and never touched again, and
// takes it down in any order. In the end nothing is left in Auth0.
func TestWalkthrough(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("order %d", seed), func(t *testing.T) {
			t.Parallel()
			// The orders are the same each time.
			random := rand.New(rand.NewPCG(seed, 5))
			e := newWalkthrough(t)
			e.startOperator()
			objects := e.walkthroughObjects()
			random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
			for _, object := range objects {
				e.create(object)
			}
			e.requireWalkthrough(objects)

			random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
			for _, object := range objects {
				e.delete(object)
			}
			e.requireNothingLeft(objects)
		})
	}
	t.Run("the namespace goes", func(t *testing.T) {
		t.Parallel()
		e := newWalkthrough(t)
		e.startOperator()
		objects := e.walkthroughObjects()
		for _, object := range objects {
			e.create(object)
		}
		e.requireWalkthrough(objects)
		e.delete(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.namespace}})
		e.requireNothingLeft(objects)
	})
}

// newWalkthrough is an environment with what the walkthrough takes for granted: the credentials, and the simulator's CA.
func newWalkthrough(t *testing.T) *environment {
	t.Helper()
	e := newBareEnvironment(t)
	e.create(e.credentials("auth0-credentials"))
	e.create(&corev1.ConfigMap{ObjectMeta: e.meta("auth0-ca"), Data: map[string]string{"ca.crt": string(e.sim.CA)}})
	return e
}

// walkthroughObjects reads the manifests as kubectl does.
func (e *environment) walkthroughObjects() []client.Object {
	e.Helper()
	files, err := filepath.Glob(filepath.Join(walkthroughDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		e.Fatalf("no manifests in %s: %v", walkthroughDir, err)
	}
	var objects []client.Object
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			e.Fatal(err)
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			object := &unstructured.Unstructured{}
			if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
				e.Fatalf("%s: %v", file, err)
			}
			object.SetNamespace(e.namespace)
			objects = append(objects, object)
		}
	}
	return objects
}

// requireWalkthrough waits until all is Ready, and holds Auth0 against what the manifests say.
func (e *environment) requireWalkthrough(objects []client.Object) {
	e.Helper()
	e.within(walkthroughLimit, func() error {
		for _, object := range objects {
			if err := e.readyOrWhy(object); err != nil {
				return err
			}
		}
		return nil
	})
	e.requireWalkthroughInAuth0()
	e.requireWalkthroughTokens()
}

// readyOrWhy says why an object of ours is not Ready.
func (e *environment) readyOrWhy(object client.Object) error {
	kind := object.GetObjectKind().GroupVersionKind()
	if kind.Group != v1alpha1.SchemeGroupVersion.Group {
		return nil
	}
	typed, err := kube.Scheme().New(kind)
	if err != nil {
		return err
	}
	ours := typed.(v1alpha1.Object)
	if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), ours); err != nil {
		return err
	}
	status := ours.GetCommonStatus()
	if status.ObservedGeneration != ours.GetGeneration() || !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		return fmt.Errorf("%s %s is not Ready: %+v", kind.Kind, object.GetName(), status.Conditions)
	}
	return nil
}

func (e *environment) requireWalkthroughInAuth0() {
	e.Helper()
	clients := map[string]string{}
	for _, found := range e.dashboardList("/api/v2/clients?per_page=100") {
		clients[found["name"].(string)] = found["client_id"].(string)
	}
	if clients["Orders worker"] == "" || clients["Shop"] == "" {
		e.Fatalf("applications: %v", clients)
	}
	audiences := map[any]any{}
	for _, grant := range e.dashboardList("/api/v2/client-grants?per_page=100&client_id=" + clients["Orders worker"]) {
		audiences[grant["audience"]] = grant["scope"]
	}
	if fmt.Sprint(audiences["https://orders.example.com/"]) != "[read:orders write:orders]" ||
		fmt.Sprint(audiences["https://"+e.sim.Domain+"/api/v2/"]) != "[read:users]" {
		e.Errorf("grants of the worker: %v", audiences)
	}
	connection := e.dashboardList("/api/v2/connections?name=customers")[0]
	if enabled := fmt.Sprint(connection["enabled_clients"]); !strings.Contains(enabled, clients["Orders worker"]) || !strings.Contains(enabled, clients["Shop"]) {
		e.Errorf("the connection is enabled for %s, not for %v", enabled, clients)
	}
	for _, name := range []string{"grace", "mary", "hedy"} {
		e.requireInDatabase(name, "customers")
	}
	grace := &v1alpha1.Auth0User{ObjectMeta: e.meta("grace")}
	e.get(grace)
	if roles := namesIn(e.dashboardList(userPath(grace.Status.UserID) + "/roles")); roles != "order-clerk" {
		e.Errorf("roles of grace: %s", roles)
	}
	organization := &v1alpha1.Auth0Organization{ObjectMeta: e.meta("acme")}
	e.get(organization)
	member := "/api/v2/organizations/" + organization.GetIdentity().ID + "/members/" + strings.TrimPrefix(userPath(grace.Status.UserID), "/api/v2/users/")
	if roles := namesIn(e.dashboardList(member + "/roles")); roles != "order-viewer" {
		e.Errorf("roles of grace at acme: %s", roles)
	}
}

func (e *environment) requireInDatabase(name, connection string) {
	e.Helper()
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta(name)}
	e.get(user)
	identities, _ := e.user(user.Status.UserID)["identities"].([]any)
	if len(identities) != 1 || identities[0].(map[string]any)["connection"] != connection {
		e.Errorf("identities of %s: %v", name, identities)
	}
}

func namesIn(list []map[string]any) string {
	names := make([]string, len(list))
	for i, item := range list {
		names[i], _ = item["name"].(string)
	}
	return strings.Join(names, " ")
}

// requireWalkthroughTokens reads the tokens that were issued to declared applications.
func (e *environment) requireWalkthroughTokens() {
	e.Helper()
	for name, want := range map[string]string{"orders-worker-token": "@clients", "mary-session": "auth0|"} {
		secret := &corev1.Secret{ObjectMeta: e.meta(name)}
		e.get(secret)
		claims, err := e.verify(string(secret.Data["accessToken"]), "https://orders.example.com/")
		if err != nil {
			e.Fatalf("Secret %s: %v", name, err)
		}
		if subject := fmt.Sprint(claims["sub"]); !strings.Contains(subject, want) {
			e.Errorf("Secret %s holds a token of %s", name, subject)
		}
	}
}

// requireNothingLeft waits until all objects are gone, and fails if anything of them is left in Auth0.
func (e *environment) requireNothingLeft(objects []client.Object) {
	e.Helper()
	e.within(walkthroughLimit, func() error {
		for _, object := range objects {
			current := object.DeepCopyObject().(client.Object)
			err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(object), current)
			if err == nil {
				conditions, _, _ := unstructured.NestedSlice(current.(*unstructured.Unstructured).Object, "status", "conditions")
				return fmt.Errorf("%s %s is still there: %v", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), conditions)
			}
			if client.IgnoreNotFound(err) != nil {
				return err
			}
		}
		return nil
	})
	for path, ours := range map[string]func(map[string]any) bool{
		"/api/v2/users":                      func(map[string]any) bool { return true },
		"/api/v2/organizations":              func(map[string]any) bool { return true },
		"/api/v2/roles":                      func(map[string]any) bool { return true },
		"/api/v2/resource-servers":           func(found map[string]any) bool { return found["is_system"] != true },
		"/api/v2/connections?name=customers": func(map[string]any) bool { return true },
		"/api/v2/client-grants?per_page=100": func(found map[string]any) bool { return found["client_id"] != operatorClientID },
		"/api/v2/clients?per_page=100":       func(found map[string]any) bool { return found["name"] == "Shop" || found["name"] == "Orders worker" },
	} {
		for _, found := range e.dashboardList(path) {
			if ours(found) {
				e.Errorf("%s is left: %v", path, found)
			}
		}
	}
}
