package controllers

import (
	"github.com/auth0-operator/auth0-operator/controllers/user"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/tokens"
)

// tokenKind returns Auth0Token, which is no resource of the Management API, and needs to know how users sign in.
func tokenKind() engine.Kind { return tokens.NewKind(user.SignInOf) }
