package integration

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// access is all by which the operator has access to its tenant.
func (e *environment) access() map[string]any {
	e.Helper()
	global := e.dashboardList(clientsPath + "?is_global=true")[0]["client_id"].(string)
	return map[string]any{
		"application": e.client(operatorClientID),
		"global":      e.client(global),
		"grant":       e.dashboardList(grantsRoute + "?client_id=" + operatorClientID),
		"api":         e.apis(e.managementAPI()),
	}
}

func (e *environment) managementAPI() string { return "https://" + e.sim.Domain + "/api/v2/" }

// ownApplication declares the operator's own application, with everything that would do harm.
func ownApplication(e *environment, name string) *v1alpha1.Auth0Client {
	return &v1alpha1.Auth0Client{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ClientSpec{
		ManagedSpec: e.managedSpec(), ClientSettings: v1alpha1.ClientSettings{Name: "pwned"}, ClientID: new(operatorClientID),
		GrantTypes:   &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: []string{"password"}},
		OutputSecret: &v1alpha1.OutputSecret{Name: "stolen"},
	}}
}

// TestNobodyManagesTheOperatorsAccess has a namespace that the tenant admits reach for what the operator depends on: by id, by
// name, by a marker from before, without an update, and by deletion with a finalizer put on by hand.
func TestNobodyManagesTheOperatorsAccess(t *testing.T) {
	t.Parallel()
	e, elsewhere := newSharedEnvironment(t)
	// Otherwise the namespace is refused already as one that is not the tenant's.
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) {
		tenant.Spec.Delegations = []v1alpha1.Delegation{{
			Namespaces:          v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll},
			ManagementAPIScopes: []string{v1alpha1.AllManagementAPIScopes}, AdoptionPolicy: v1alpha1.AdoptionPolicyIfUnmanaged,
		}}
	})
	global := e.dashboardList(clientsPath + "?is_global=true")[0]["client_id"].(string)
	byID, createOnly, byName, allApplications := ownApplication(e, "by-id"), ownApplication(e, "create-only"), ownApplication(e, "by-name"), ownApplication(e, "global")
	createOnly.Spec.ManagementPolicy = v1alpha1.ManagementPolicyCreateOnly
	byName.Spec.ClientID, byName.Spec.Name = nil, e.client(operatorClientID)["name"].(string)
	allApplications.Spec.ClientID = &global
	grant := newGrant(e, "grant", operatorClientID, "", "read:users")
	grant.Spec.Audience, grant.Spec.ManagementAPI = nil, new(true)
	byAudience := newGrant(e, "by-audience", operatorClientID, e.managementAPI(), "read:users")
	api := newResourceServer(e, "management", e.managementAPI())
	api.Spec.ProofOfPossession = &v1alpha1.ProofOfPossession{Mechanism: "mtls", Required: true}
	before := e.access()
	for _, object := range []v1alpha1.Managed{byID, createOnly, byName, allApplications, grant, byAudience, api} {
		object = moved(e, object, elsewhere)
		mayAdopt(object)
		object.SetAnnotations(map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "first"})
		object.SetFinalizers([]string{v1alpha1.Finalizer})
		e.create(object)
		e.eventuallyStalled(object, v1alpha1.ReasonProtected, "no Kubernetes object may manage")
		annotateIt(v1alpha1.AnnotationRotateSecret)(e, object)
		e.eventuallyStalled(object, v1alpha1.ReasonProtected)
		e.deleteAndWait(object)
	}
	if difference := cmp.Diff(before, e.access()); difference != "" {
		t.Errorf("the operator's access changed (-before +after):\n%s", difference)
	}
	requireNoSecret(e, elsewhere, "stolen")
	e.reconcile(e.tenant())
	e.eventuallyReady(e.tenant())
}

func requireNoSecret(e *environment, namespace, name string) {
	e.Helper()
	if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: namespace, Name: name}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
		e.Errorf("Secret %s: %v", name, err)
	}
}

// TestAMarkerOnTheOperatorsApplicationProvesNothing has an object's mark be on the operator's own application, as if it had been
// taken over before.
func TestAMarkerOnTheOperatorsApplicationProvesNothing(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain} {
		own := ownApplication(e, "own-"+strings.ToLower(string(policy)))
		mayAdopt(own)
		own.Spec.DeletionPolicy, own.Spec.Suspend = policy, true
		own.Finalizers = []string{v1alpha1.Finalizer}
		e.create(own)
		e.dashboard("PATCH", clientsPath+"/"+operatorClientID, map[string]any{"client_metadata": map[string]any{"auth0_operator": holder(own)}})
		before := e.access()
		change(e, own, func(c *v1alpha1.Auth0Client) { c.Spec.Suspend = false })
		e.eventuallyStalled(own, v1alpha1.ReasonProtected)
		e.deleteAndWait(own)
		if difference := cmp.Diff(before, e.access()); difference != "" {
			t.Errorf("%s: the operator's access changed (-before +after):\n%s", policy, difference)
		}
		requireNoSecret(e, e.namespace, "stolen")
	}
}

// TestTheOperatorsApplicationMayBeObserved looks at it, and publishes nothing; and shows in a plan that more is refused.
func TestTheOperatorsApplicationMayBeObserved(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	own := ownApplication(e, "own")
	own.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	e.create(own)
	e.eventuallyReady(own)
	if own.Status.ClientID != operatorClientID || own.Status.Owned != nil || len(own.Status.Differences) == 0 {
		t.Errorf("what was observed: %+v", own.Status)
	}
	requireNoSecret(e, e.namespace, "stolen")
	before := e.access()
	change(e, own, func(c *v1alpha1.Auth0Client) { mayAdopt(c) })
	setPolicy(e, own, v1alpha1.ManagementPolicyFull)
	e.eventuallyStalled(own, v1alpha1.ReasonProtected)
	e.deleteAndWait(own)
	if difference := cmp.Diff(before, e.access()); difference != "" {
		t.Errorf("the operator's access changed (-before +after):\n%s", difference)
	}

	file := filepath.Join(t.TempDir(), "own.yaml")
	manifest := "apiVersion: auth0-operator.io/v1alpha1\nkind: Auth0Client\nmetadata: {name: own}\nspec: {tenantRef: {name: main}, name: mine, adoptionPolicy: IfUnmanaged, clientId: " + operatorClientID + "}\n"
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := e.kubectlAuth0("plan", "-f", file)
	if err != nil || !strings.Contains(plan, "stall") || !strings.Contains(plan, v1alpha1.ReasonProtected) {
		t.Errorf("the plan (%v):\n%s", err, plan)
	}
}

// TestApplicationsOfOtherTenantsAreNotTakenOver has two Auth0Tenants reach the same tenant by applications of their own. One
// that an Auth0Client created stays its own.
func TestApplicationsOfOtherTenantsAreNotTakenOver(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	created := newMachine(e, "created")
	created.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "created"}
	e.create(created)
	e.eventuallyReady(created)
	theirs := e.dashboard("POST", clientsPath, map[string]any{"name": "theirs", "app_type": "non_interactive"})
	output := e.secret("created", nil)
	e.get(output)
	for name, id := range map[string][2]string{
		"created-access": {created.Status.ClientID, string(output.Data["clientSecret"])},
		"theirs-access":  {theirs["client_id"].(string), theirs["client_secret"].(string)},
	} {
		access := e.credentials(name)
		access.StringData["clientId"], access.StringData["clientSecret"] = id[0], id[1]
		e.create(access)
	}
	for _, application := range []string{created.Status.ClientID, theirs["client_id"].(string)} {
		e.dashboard("POST", grantsRoute, map[string]any{"client_id": application, "audience": e.managementAPI(), "scope": []string{"read:clients"}})
	}
	for _, name := range []string{"created", "theirs"} {
		tenant := e.tenant()
		tenant.Name, tenant.Spec.CredentialsSecretRef.Name = name, name+"-access"
		e.create(tenant)
		e.eventuallyReady(tenant)
	}

	application := ownApplication(e, "application")
	application.Spec.ClientID = new(theirs["client_id"].(string))
	grant := newGrant(e, "grant", theirs["client_id"].(string), e.managementAPI(), "read:users")
	for _, object := range []v1alpha1.Managed{application, grant} {
		mayAdopt(object)
		e.create(object)
		e.eventuallyStalled(object, v1alpha1.ReasonProtected)
		e.deleteAndWait(object)
	}
	if name := e.client(theirs["client_id"].(string))["name"]; name != "theirs" {
		t.Errorf("the application of another Auth0Tenant is called %v", name)
	}
	change(e, created, func(c *v1alpha1.Auth0Client) { c.Spec.Description = new("still served") })
	e.eventuallyReady(created)
}

// TestTheOperatorStaysEnabled has an object that holds a connection leave the operator's application out of an exact list.
func TestTheOperatorStaysEnabled(t *testing.T) {
	for name, without := range map[string]func(*v1alpha1.Auth0Connection){
		"excludeOperator": func(c *v1alpha1.Auth0Connection) { c.Spec.EnabledClients.ExcludeOperator = true },
		"nothing":         func(c *v1alpha1.Auth0Connection) { c.Spec.EnabledClients = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			object := declaredConnection(e, func(spec *v1alpha1.Auth0ConnectionSpec) { spec.EnabledClients.Mode = v1alpha1.ListModeExact })
			e.eventuallyReady(object)
			change(e, object, without)
			e.eventuallyReady(object)
			if enabled := e.enabledClients(e.connectionOf(object)); !slices.Contains(enabled, operatorClientID) {
				t.Errorf("the connection is enabled for %v", enabled)
			}
		})
	}
}

// TestASystemAPI adopts one of Auth0's own APIs by which the operator does not work.
func TestASystemAPI(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	identifier := "https://" + e.sim.Domain + "/me/"
	e.dashboard(http.MethodPost, apisRoute, map[string]any{"identifier": identifier})
	api := newResourceServer(e, "my-account", identifier)
	api.Spec.TokenLifetime = new(int64(900))
	mayAdopt(api)
	e.create(api)
	e.eventuallyReady(api)
	if lifetime := e.api(api.Status.ID)["token_lifetime"]; lifetime != 900.0 {
		t.Errorf("token_lifetime is %v", lifetime)
	}
	change(e, api, func(api *v1alpha1.Auth0ResourceServer) { api.Spec.AllowOfflineAccess = new(false) })
	e.eventuallyStalled(api, v1alpha1.ReasonInvalidSpec, "remove the rest")
	e.deleteAndWait(api)
	if left := e.apis(identifier); len(left) != 1 {
		t.Errorf("Auth0's own API is gone: %v", left)
	}
}
