package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SchemeGroupVersion is the group and version of every kind in this package.
var SchemeGroupVersion = schema.GroupVersion{Group: "auth0-operator.io", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&Auth0Client{}, &Auth0ClientList{},
		&Auth0ClientGrant{}, &Auth0ClientGrantList{},
		&Auth0Organization{}, &Auth0OrganizationList{},
		&Auth0ResourceServer{}, &Auth0ResourceServerList{},
		&Auth0Connection{}, &Auth0ConnectionList{},
		&Auth0Role{}, &Auth0RoleList{},
		&Auth0Tenant{}, &Auth0TenantList{},
		&Auth0Token{}, &Auth0TokenList{},
		&Auth0User{}, &Auth0UserList{},
	)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
