package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/plugin"
)

// kubectlAuth0 runs the plugin as a person does, and returns what it prints.
func (e *environment) kubectlAuth0(args ...string) (string, error) {
	e.Helper()
	var out, progress bytes.Buffer
	command := plugin.Command(&out, &progress)
	command.SetArgs(append(args, "--kubeconfig", cluster.KubeconfigFile, "--namespace", e.namespace))
	err := command.ExecuteContext(e.ctx)
	return out.String(), err
}

// TestPluginStatus shows the page on a tenant: what is ready, what waits, what needs a person.
func TestPluginStatus(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	seedOrders(e)
	ready, waiting, stalled := newUser(e, "ada", "ada@example.com"), newUser(e, "bob", "bob@example.com"), newUser(e, "eve", "eve@example.com")
	waiting.Spec.Roles = &v1alpha1.UserRoles{Items: []v1alpha1.UserRole{{Name: new("no-such-role")}}}
	stalled.Spec.AppMetadata = map[string]apiextensionsv1.JSON{"user_id": {Raw: []byte(`"x"`)}}
	for _, user := range []*v1alpha1.Auth0User{ready, waiting, stalled} {
		e.create(user)
	}
	e.eventuallyReady(ready)
	e.eventuallyReconciling(waiting, v1alpha1.ReasonRoleNotFound)
	e.eventuallyStalled(stalled, v1alpha1.ReasonInvalidSpec)
	e.sim.ResetRequests()
	page, err := e.kubectlAuth0("status")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		e.sim.Domain, "Auth0User", "Action required:\n  Auth0User " + e.namespace + "/eve\n    InvalidSpec: spec.appMetadata",
		"Waiting (no action needed):\n  Auth0User " + e.namespace + "/bob\n    RoleNotFound",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not say %q:\n%s", part, page)
		}
	}
	e.requireCalls("status", 0)
}

// requireDeletionIsSaid waits for the one Event that says what a deletion waits for, and looks for the object on the page of its
// tenant.
func (e *environment) requireDeletionIsSaid(object v1alpha1.Object, reason string) {
	e.Helper()
	said := func() (count int) {
		for _, event := range e.events(object) {
			if strings.HasPrefix(event, reason+": waits to be deleted: ") {
				count++
			}
		}
		return count
	}
	e.eventually(func() error {
		if said() == 0 {
			return fmt.Errorf("no Event says that the deletion waits: %q", e.events(object))
		}
		return nil
	})
	e.reconcile(object)
	if count := said(); count != 1 {
		e.Errorf("%d Events say that the deletion waits", count)
	}
	page, err := e.kubectlAuth0("status")
	if err != nil {
		e.Fatal(err)
	}
	isSaid := regexp.MustCompile(" " + e.namespace + "/" + object.GetName() + `\b[^\n]*\n +being deleted for [0-9ms]+; ` + reason + ": ")
	if !isSaid.MatchString(page) {
		e.Errorf("the page does not say that %s waits to be deleted:\n%s", object.GetName(), page)
	}
}

// TestTheDeletionOfATenantThatWaitsIsSaid deletes a tenant that is in use.
func TestTheDeletionOfATenantThatWaitsIsSaid(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	e.create(user)
	e.eventuallyReady(user)
	tenant := e.tenant()
	e.get(tenant)
	e.delete(tenant)
	e.requireDeletionIsSaid(tenant, v1alpha1.ReasonInUse)
	e.get(tenant)
	if ready := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonInUse || ready.Status != metav1.ConditionTrue {
		t.Errorf("Ready of a tenant in use is %+v", ready)
	}
	e.deleteAndWait(user)
	e.eventuallyGone(tenant)
}

// TestEveryKindHasAColumnOfDeletions looks at what kubectl get shows of each kind.
func TestEveryKindHasAColumnOfDeletions(t *testing.T) {
	files, err := filepath.Glob("../../config/crd/bases/*_auth0*.yaml")
	if err != nil || len(files) < len(controllers.All()) {
		t.Fatalf("%d CustomResourceDefinitions, %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(content, &crd); err != nil {
			t.Fatal(err)
		}
		want := apiextensionsv1.CustomResourceColumnDefinition{Name: "Deleting", Type: "date", JSONPath: ".metadata.deletionTimestamp"}
		if !slices.Contains(crd.Spec.Versions[0].AdditionalPrinterColumns, want) {
			t.Errorf("kubectl get %s does not show what is being deleted", crd.Spec.Names.Plural)
		}
	}
}

// TestPluginPlan shows what applying would change, and that planning changes nothing.
func TestPluginPlan(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Name = new("Ada")
	e.create(user)
	e.eventuallyReady(user)
	e.dashboard("POST", "/api/v2/users", map[string]any{"connection": connection, "email": "grace@example.com", "password": "Some-Password-1", "name": "Grace"})
	e.sim.ResetRequests()
	before := snapshot(e, user)

	file := filepath.Join(t.TempDir(), "users.yaml")
	manifests := userManifest("ada", "ada@example.com", "Augusta") + "---\n" + userManifest("grace", "grace@example.com", "Grace") +
		"---\n" + userManifest("new", "new@example.com", "New") + "---\n" +
		strings.Replace(userManifest("hers", "grace@example.com", "Grace Hopper"), "spec:\n", "spec:\n  adoptionPolicy: IfUnmanaged\n", 1)
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := e.kubectlAuth0("plan", "-f", file, "--exit-code")
	if !errors.Is(err, plugin.ErrDiffers) {
		t.Errorf("the plan has differences, and the command ends with %v", err)
	}
	for _, part := range []string{
		"update    Auth0User " + e.namespace + "/ada\n          name: \"Ada\" → \"Augusta\"\n",
		"stall     Auth0User " + e.namespace + "/grace\n          AlreadyExists",
		"adopt     Auth0User " + e.namespace + "/hers\n          name: \"Grace\" → \"Grace Hopper\"\n",
		"create    Auth0User " + e.namespace + "/new\n",
		"1 create, 1 adopt, 1 update, 1 stall",
	} {
		if !strings.Contains(plan, part) {
			t.Errorf("the plan does not say %q:\n%s", part, plan)
		}
	}
	if writes := e.sim.Requests().Writes(); writes != 0 {
		t.Errorf("planning made %d writes", writes)
	}
	if after := snapshot(e, user); after["object"] != before["object"] {
		t.Error("planning changed the object")
	}
}

// TestPluginPlanOfTokens plans one that is there, one that is not, and one for which another has to be issued.
func TestPluginPlanOfTokens(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	tokens := []*v1alpha1.Auth0Token{}
	for _, name := range []string{"changed", "held", "new"} {
		token := tokenFixture.object(e, name).(*v1alpha1.Auth0Token)
		token.Spec.OutputSecret.Name = name
		tokens = append(tokens, token)
	}
	for _, token := range tokens[:2] {
		e.create(token)
		e.eventuallyReady(token)
	}
	e.sim.ResetRequests()
	tokenFixture.change(tokens[0])
	var manifests []byte
	for _, token := range tokens {
		manifest := &v1alpha1.Auth0Token{ObjectMeta: e.meta(token.Name), Spec: token.Spec}
		manifest.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("Auth0Token"))
		content, err := yaml.Marshal(manifest)
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(append(manifests, "---\n"...), content...)
	}
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	if err := os.WriteFile(file, manifests, 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := e.kubectlAuth0("plan", "-f", file)
	if err != nil {
		t.Fatal(err)
	}
	at := " Auth0Token " + e.namespace
	if want := "create   " + at + "/changed\nunchanged" + at + "/held\ncreate   " + at + "/new\n2 create, 1 unchanged\n"; plan != want {
		t.Errorf("the plan is\n%s, not\n%s", plan, want)
	}
	if issued := e.sim.Requests().Count("POST", "/oauth/token"); issued != 0 {
		t.Errorf("planning had %d tokens issued", issued)
	}
}

func userManifest(name, email, fullName string) string {
	return "apiVersion: auth0-operator.io/v1alpha1\nkind: Auth0User\nmetadata:\n  name: " + name + "\nspec:\n  tenantRef:\n    name: main\n  connection: " +
		connection + "\n  email: " + email + "\n  name: " + fullName + "\n"
}
