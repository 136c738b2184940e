package reference

import (
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestReferencesFollowFromTheFields checks the paths, kinds, namespaces and options of references, and what fields name.
func TestReferencesFollowFromTheFields(t *testing.T) {
	application := &v1alpha1.Auth0Client{}
	application.Namespace = "shop"
	application.Spec.DefaultOrganization = &v1alpha1.ClientDefaultOrganization{OrganizationRef: &v1alpha1.ObjectReference{Name: "acme", Namespace: "customers"}}
	application.Spec.ExpressConfiguration = &v1alpha1.ClientExpressConfiguration{LinkedClients: []v1alpha1.ClientLinkedClient{
		{ClientID: new("abc")}, {ClientRef: &v1alpha1.ObjectReference{Name: "portal"}},
	}}
	application.Spec.RefreshToken = &v1alpha1.ClientRefreshToken{Policies: []v1alpha1.ClientRefreshTokenPolicy{{Audience: "https://orders"}}}
	fields := FieldsOf(reflect.TypeFor[v1alpha1.Auth0Client]())
	if got, want := fields.References(application), []Reference{
		{Field: "spec.expressConfiguration.linkedClients[1].clientRef", Kind: "Auth0Client", Key: types.NamespacedName{Namespace: "shop", Name: "portal"}, Weak: true, Link: true},
		{Field: "spec.defaultOrganization.organizationRef", Kind: "Auth0Organization", Key: types.NamespacedName{Namespace: "customers", Name: "acme"}, Weak: true, Link: true},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("refers to %+v, want %+v", got, want)
	}
	if got, want := fields.Names(application), []Named{{Field: "spec.refreshToken.policies[0].audience", Kind: "Auth0ResourceServer", Name: "https://orders"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("names %+v, want %+v", got, want)
	}
	if got, want := fields.Kinds(), []string{"Auth0Client", "Auth0Organization", "Auth0ResourceServer"}; !slices.Equal(got, want) {
		t.Errorf("can mean %v, want %v", got, want)
	}
	if apis := FieldsOf(reflect.TypeFor[v1alpha1.Auth0ResourceServer]()); apis.Refer() || apis.Name() {
		t.Error("an API refers to something")
	}
}
