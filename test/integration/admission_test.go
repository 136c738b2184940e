package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestInvalidManifestsAreRefused applies each file of testdata/invalid. Its first line says why it must be refused.
func TestInvalidManifestsAreRefused(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no invalid manifests: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(content), "\n")
			reason, ok := strings.CutPrefix(first, "# refused: ")
			if !ok {
				t.Fatalf("%s does not begin with \"# refused: \"", file)
			}
			err = createManifest(t, content)
			if err == nil {
				t.Fatal("the API server accepted it")
			}
			if !strings.Contains(err.Error(), reason) {
				t.Errorf("refused, but not because of %q: %v", reason, err)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("the refusal quotes a key: %v", err)
			}
		})
	}
}

func createManifest(t *testing.T, content []byte) error {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, object); err != nil {
		t.Fatal(err)
	}
	object.SetNamespace("default")
	return kube.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// TestImmutableFields shows that what cannot change in Auth0 cannot change in the spec, and that the refusal tells the way
// out.
func TestImmutableFields(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("user"), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(), Connection: connection, Email: new("ada@example.com"),
	}}
	token := tokenFixture.object(e, "token").(*v1alpha1.Auth0Token)
	api := newResourceServer(e, "api", ordersAPI)
	grant := clientGrantFixture.object(e, "grant").(*v1alpha1.Auth0ClientGrant)
	member := memberFixture.object(e, "member").(*v1alpha1.Auth0User)
	customers := &v1alpha1.Auth0Connection{ObjectMeta: e.meta("customers"), Spec: v1alpha1.Auth0ConnectionSpec{
		ManagedSpec: e.managedSpec(), Name: "customers", Strategy: "auth0",
	}}
	e.create(customers)
	e.create(member)
	e.create(user)
	e.create(token)
	e.create(api)
	e.create(grant)
	for _, row := range []struct {
		name   string
		object client.Object
		edit   func()
		reason string
	}{
		{"connection of a user", user, func() { user.Spec.Connection = "other" }, "create another Auth0User there and delete this one"},
		{"connection of a user by reference", member, func() { member.Spec.ConnectionRef.Name = "other" }, "create another Auth0User there and delete this one"},
		{"connection of a user by the other way", member, func() { member.Spec.ConnectionRef, member.Spec.Connection = nil, "members" }, "create another Auth0User there and delete this one"},
		{"name of a connection", customers, func() { customers.Spec.Name = "other" }, "create another Auth0Connection, move its users, and delete this one"},
		{"strategy of a connection", customers, func() { customers.Spec.Strategy = "oidc" }, "create another Auth0Connection with the other strategy"},
		{"tenant of a user", user, func() { user.Spec.TenantRef.Name = "other" }, "delete the object and create it in the other tenant"},
		{"identifier of an API", api, func() { api.Spec.Identifier = "urn:other" }, "create another Auth0ResourceServer"},
		{"application of a grant", grant, func() { grant.Spec.ClientRef.Name = "other" }, "clientRef is immutable"},
		{"API of a grant", grant, func() { grant.Spec.ResourceServerRef, grant.Spec.Audience = nil, new("urn:other") }, "resourceServerRef is immutable"},
		{"subject type of a grant", grant, func() { grant.Spec.SubjectType = new("user") }, "subjectType is immutable"},
		{"Secret of a token", token, func() { token.Spec.OutputSecret.Name = "other" }, "create another object for another Secret"},
	} {
		t.Run(row.name, func(t *testing.T) {
			e.get(row.object)
			row.edit()
			err := kube.Update(t.Context(), row.object)
			if err == nil || !strings.Contains(err.Error(), row.reason) {
				t.Errorf("want a refusal that says %q, got: %v", row.reason, err)
			}
		})
	}
}
