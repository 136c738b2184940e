// Package resourceserver defines Auth0ResourceServer: APIs.
package resourceserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Definition defines Auth0ResourceServer.
var Definition = engine.Definition[*v1alpha1.Auth0ResourceServer]{
	Resource:       "resource-servers",
	Noun:           "API",
	Scopes:         scopes(),
	Fields:         semantics,
	Desired:        desired,
	LateInitialize: lateInitialize,
	ExactLists:     exactLists,
	DelayRemoval:   delayRemoval,
	Check:          check,
	Warnings:       warnings,
	Explain:        explain,
	Declares:       declares,
	Describe:       describe,
	Observe:        observe,
	Find:           find,
	Intent:         intent,
	SecretFields:   secretFields,
	CheckSecret:    checkSecret,
	Export:         export,
	RetainReason:   retainReason,
	Protects:       protects,
	Population:     population,
	Reset:          reset,
	Gives:          gives,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	Keyed:    map[string]string{"scopes": "value"},
	Replaced: []string{"subject_type_authorization"},
	Kept:     []string{"identifier", "name"},
	Cleared: map[string]any{
		"signing_alg": "RS256", "token_lifetime": json.Number("86400"), "token_lifetime_for_web": json.Number("7200"),
		"token_dialect": "access_token", "enforce_policies": false, "allow_offline_access": false,
		"allow_online_access": false, "allow_online_access_with_ephemeral_sessions": false,
		"skip_consent_for_verifiable_first_party_clients": false,
		"subject_type_authorization.user.policy":          "allow_all",
		"subject_type_authorization.client.policy":        "require_client_grant",
	},
}

func scopes() []engine.Scope[*v1alpha1.Auth0ResourceServer] {
	return append(engine.LifecycleScopes[*v1alpha1.Auth0ResourceServer](auth0.ScopesFor("resource-servers")), engine.CountScope[*v1alpha1.Auth0ResourceServer]("read:client_grants"))
}

func secretFields(api *v1alpha1.Auth0ResourceServer) map[string]v1alpha1.SecretKeyReference {
	if api.Spec.SigningSecretRef == nil {
		return nil
	}
	return map[string]v1alpha1.SecretKeyReference{"signing_secret": *api.Spec.SigningSecretRef}
}

func check(api *v1alpha1.Auth0ResourceServer) error {
	if api.Spec.TokenEncryption == nil {
		return nil
	}
	if block, _ := pem.Decode([]byte(api.Spec.TokenEncryption.EncryptionKey.PEM)); block == nil {
		return errors.New("spec.tokenEncryption.encryptionKey.pem: it cannot be read as PEM; copy the public key whole, from -----BEGIN to the last dash")
	}
	return nil
}

func desired(api *v1alpha1.Auth0ResourceServer, _ reference.Values) auth0.Document {
	desired := fields.FromSpec(api.Spec)
	delete(desired, "signing_secret_ref")
	if api.Spec.Scopes != nil {
		desired["scopes"] = desired.Object("scopes")["items"]
	}
	if key := desired.Object("token_encryption").Object("encryption_key"); key != nil && key["kid"] == nil {
		sum := sha256.Sum256([]byte(key.String("pem")))
		key["kid"] = hex.EncodeToString(sum[:8])
	}
	return desired
}

// lateInitialize copies values that Auth0 does not return again or sets itself.
func lateInitialize(_ *v1alpha1.Auth0ResourceServer, desired, have auth0.Document) {
	if key, known := desired.Object("token_encryption").Object("encryption_key"), have.Object("token_encryption").Object("encryption_key"); key != nil && known != nil {
		visible := maps.Clone(key)
		delete(visible, "pem")
		if visible.String("kid") == known.String("kid") && visible.String("alg") == known.String("alg") && visible.String("name") == known.String("name") {
			desired["token_encryption"] = have["token_encryption"]
		}
	}
	if proof := desired.Object("proof_of_possession"); proof != nil && proof["required_for"] == nil {
		if set := have.Object("proof_of_possession")["required_for"]; set != nil {
			proof["required_for"] = set
		}
	}
}

// exactLists returns the scopes if the operator must remove those that others added.
func exactLists(api *v1alpha1.Auth0ResourceServer) []string {
	if scopes := api.Spec.Scopes; scopes != nil && scopes.Mode == v1alpha1.ListModeExact {
		return []string{"scopes"}
	}
	return nil
}

// intent records what distinguishes the API from another one with the same identifier.
func intent(desired auth0.Document) auth0.Document {
	note := auth0.Document{"identifier": desired["identifier"]}
	if name, declared := desired["name"]; declared {
		note["name"] = name
	}
	if len(desired.Objects("scopes")) <= rbac.MostRecordedScopes && desired["scopes"] != nil {
		note["scopes"] = desired["scopes"]
	}
	return note
}

func describe(have auth0.Document) string {
	return fmt.Sprintf("API %s (%s)", have.String("identifier"), have.String("id"))
}

func observe(api *v1alpha1.Auth0ResourceServer, have auth0.Document) {
	api.Status.ID = have.String("id")
	api.Status.Identifier = have.String("identifier")
	api.Status.System = have.Bool("is_system")
	forgetRemoved(api, have)
}

func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0ResourceServer], wanted auth0.Document) ([]auth0.Document, error) {
	return req.Session.Find(ctx, "resource-servers", map[string]string{"identifier": wanted.String("identifier")})
}

// protects implements Definition.Protects. The settings of the Management API can lock the operator out.
func protects(session *auth0.Session, _ []string, have auth0.Document) string {
	if session.IsManagementAudience(have.String("identifier")) {
		return "the Management API, by which the operator works"
	}
	return ""
}

// reset implements Definition.Reset.
func reset(api *v1alpha1.Auth0ResourceServer) {
	api.Status.RemovingScopes = nil
}

// retainReason retains Auth0's own APIs.
func retainReason(_ *auth0.Session, have auth0.Document) string {
	if have.Bool("is_system") {
		return "Auth0's own"
	}
	return ""
}

// explain gives common errors of APIs a reason and a remedy.
func explain(req engine.Request[*v1alpha1.Auth0ResourceServer], failed *auth0.Error) error {
	api := req.Object
	if api.Status.System && failed.Code == "operation_not_supported" {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec,
			"%s is Auth0's own: only the token lifetimes, skipConsentForVerifiableFirstPartyClients, subjectTypeAuthorization, proofOfPossession and authorizationPolicy can change; remove the rest (Auth0 says: %s)",
			api.Spec.Identifier, failed.Message)
	}
	return nil
}

// declares implements Definition.Declares.
func declares(api *v1alpha1.Auth0ResourceServer) string {
	return api.Spec.Identifier
}

// population implements Definition.Population. Deleting an API deletes its client grants.
func population(ctx context.Context, session *auth0.Session, have auth0.Document) (engine.Population, error) {
	count, err := session.CountClientGrants(ctx, have.String("identifier"))
	return engine.Population{
		Count: count, One: "a client grant that no object declares", Many: "client grants that no object declares", Loss: "Auth0 deletes them with it",
		Kind: "Auth0ClientGrant", Has: func(o v1alpha1.Managed) bool {
			return o.(*v1alpha1.Auth0ClientGrant).Status.Audience == have.String("identifier")
		},
	}, err
}

// export implements Definition.Export.
func export(_ context.Context, _ *auth0.Session, have auth0.Document, _ engine.Names, api *v1alpha1.Auth0ResourceServer) (bool, error) {
	if have.Bool("is_system") {
		return false, nil
	}
	// Auth0 does not return the keys again.
	settings := fields.Without(have, "token_encryption", "signing_secret")
	settings["scopes"] = map[string]any{"mode": string(v1alpha1.ListModeExact), "items": have["scopes"]}
	if len(have.Objects("scopes")) == 0 {
		delete(settings, "scopes")
	}
	err := fields.ToSpec(&api.Spec, settings)
	if lifetime, web := api.Spec.TokenLifetime, api.Spec.TokenLifetimeForWeb; lifetime != nil && web != nil && *web > *lifetime {
		// This is Auth0's default, which its API does not accept.
		api.Spec.TokenLifetimeForWeb = nil
	}
	return true, err
}

// gives implements Definition.Gives. An object that holds the Management API decides who gets tokens for it.
func gives(_ context.Context, req engine.Request[*v1alpha1.Auth0ResourceServer]) ([]engine.Access, error) {
	if !req.Session.IsManagementAPI(req.Object.Spec.Identifier) {
		return nil, nil
	}
	return []engine.Access{{Field: "spec.identifier", Scopes: rbac.AllScopes()}}, nil
}
