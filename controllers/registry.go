// Package controllers adapts each kind to its part of the Auth0 API, and contains the token controller.
//
// An adapter converts between spec, Auth0's JSON and status, and makes one call per operation. The loop around it is in
// internal/engine. It may import the packages of internal/engine and below, but neither internal/operator nor
// internal/plugin. Start with [All], the list of kinds, then read the adapter of Auth0Role, the smallest one.
package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/tokens"
)

// All lists the kinds that the operator serves.
func All() []engine.Kind {
	return []engine.Kind{
		tenantKind(),
		engine.RegisterRemote[v1alpha1.Auth0Client]("Auth0Client", clientAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0ClientList{} }),
		engine.RegisterRemote[v1alpha1.Auth0ClientGrant]("Auth0ClientGrant", clientGrantAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0ClientGrantList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Organization]("Auth0Organization", organizationAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0OrganizationList{} }),
		engine.RegisterRemote[v1alpha1.Auth0ResourceServer]("Auth0ResourceServer", resourceServerAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0ResourceServerList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Connection]("Auth0Connection", connectionAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0ConnectionList{} }),
		engine.RegisterRemote[v1alpha1.Auth0Role]("Auth0Role", roleAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0RoleList{} }),
		engine.RegisterRemote[v1alpha1.Auth0User]("Auth0User", userAdapter{}, func() client.ObjectList { return &v1alpha1.Auth0UserList{} }),
		tokens.NewKind(signInOf),
	}
}
