// Package controllers lists the kinds that the operator serves. Each has a package of its own: its Definition, and its special
// steps if it has any. The loop around it is in internal/engine.
//
// A kind converts between spec, Auth0's JSON and status. It may import the packages of internal/engine and below, but neither
// internal/operator nor internal/plugin. Start with [All], then read the package of Auth0Role, the smallest one.
package controllers

import (
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
		engine.NewKind(client.Definition),
		engine.NewKind(clientgrant.Definition),
		engine.NewKind(organization.Definition),
		engine.NewKind(resourceserver.Definition),
		engine.NewKind(connection.Definition),
		engine.NewKind(role.Definition),
		engine.NewKind(user.Definition),
		tokens.NewKind(user.SignInOf),
	}
}
