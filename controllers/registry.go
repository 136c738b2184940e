// Package controllers lists the kinds that the operator serves. Each has a package of its own: its Definition, and its special
// steps if it has any. The loop around it is in internal/engine.
//
// A kind converts between spec, Auth0's JSON and status. It may import the packages of internal/engine and below, but neither
// internal/operator nor internal/plugin. Start with [All], then read the package of Auth0Role, the smallest one.
package controllers

import (
	k8sclient "sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers/client"
	"github.com/auth0-operator/auth0-operator/controllers/clientgrant"
	"github.com/auth0-operator/auth0-operator/controllers/connection"
	"github.com/auth0-operator/auth0-operator/controllers/organization"
	"github.com/auth0-operator/auth0-operator/controllers/resourceserver"
	"github.com/auth0-operator/auth0-operator/controllers/role"
	"github.com/auth0-operator/auth0-operator/controllers/tenant"
	"github.com/auth0-operator/auth0-operator/controllers/user"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/tokens"
)

// All lists the kinds that the operator serves.
func All() []engine.Kind {
	return []engine.Kind{
		tenant.Kind(),
		engine.RegisterRemote[v1alpha1.Auth0Client]("Auth0Client", client.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0ClientList{} }),
		engine.RegisterRemote[v1alpha1.Auth0ClientGrant]("Auth0ClientGrant", clientgrant.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0ClientGrantList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Organization]("Auth0Organization", organization.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0OrganizationList{} }),
		engine.RegisterRemote[v1alpha1.Auth0ResourceServer]("Auth0ResourceServer", resourceserver.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0ResourceServerList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Connection]("Auth0Connection", connection.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0ConnectionList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Role]("Auth0Role", role.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0RoleList{} }),
		engine.RegisterRemote[v1alpha1.Auth0User]("Auth0User", user.Adapter{}, func() k8sclient.ObjectList { return &v1alpha1.Auth0UserList{} }),
		tokens.NewKind(user.SignInOf),
	}
}
