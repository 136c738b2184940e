// Package client defines Auth0Client: applications.
package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// mostClientJSON is the limit, in bytes, of a field with free JSON.
const mostClientJSON = 64 << 10

// Definition defines Auth0Client.
var Definition = engine.Definition[*v1alpha1.Auth0Client]{
	Resource:         "clients",
	Noun:             "application",
	Scopes:           scopes(),
	Fields:           semantics,
	Desired:          desired,
	LateInitialize:   lateInitialize,
	Check:            check,
	Warnings:         warnings,
	ID:               idOf,
	Observe:          observe,
	InitializeStatus: initializeStatus,
	Find:             find,
	MarkerField:      "client_metadata." + engine.MarkerKey,
	Intent:           intent,
	NamesRepeat:      true,
	FindByMarker:     findByMarker,
	SecretFields:     secretFields,
	CheckSecret:      checkSecret,
	Inputs:           inputs,
	OutputSecrets:    outputSecrets,
	Publish:          publish,
	OutputConfigMap:  outputConfigMap,
	PublicValues:     publicValues,
	Prepare:          prepare,
	Create:           create,
	Finishes:         finishes,
	Finish:           finish,
	NextAt:           nextAt,
	AffectedBy:       affectedBy,
	Export:           export,
	Protects:         protects,
	Reset:            reset,
	Gives:            gives,
	Holds:            holds,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	Merged: []string{"client_metadata"},
	Replaced: []string{
		"addons", "default_organization", "encryption_key", "express_configuration", "fedcm_login", "jwt_configuration", "mobile",
		"my_organization_configuration", "native_social_login", "oidc_logout", "refresh_token", "session_transfer", "token_exchange", "token_quota",
	},
	CreateOnly: []string{"resource_server_identifier"},
	UpdateOnly: []string{"client_secret"},
	Shown:      []string{"client_secret"},
	Cleared:    clearedClient,
	// Auth0 does not document its default grant types for each type of application, and it rejects null for the other fields.
	Kept: []string{"grant_types", "client_metadata." + engine.MarkerKey, "app_type", "third_party_security_mode", "redirection_policy"},
}

// clearedClient clears the fields that have no other way: objects for which Auth0's API accepts null but not {}, and fields that
// take Auth0's default or an empty value instead of null. See docs/decisions/0029-cleared-forms.md.
var clearedClient = map[string]any{
	"is_token_endpoint_ip_header_trusted":   false,
	"is_first_party":                        true,
	"oidc_conformant":                       false,
	"sso":                                   false,
	"sso_disabled":                          false,
	"cross_origin_authentication":           false,
	"custom_login_page_on":                  true,
	"require_pushed_authorization_requests": false,
	"require_proof_of_possession":           false,

	"description":               "",
	"logo_uri":                  "",
	"initiate_login_uri":        "",
	"custom_login_page":         "",
	"custom_login_page_preview": "",
	"form_template":             "",

	"callbacks":           []any{},
	"allowed_logout_urls": []any{},
	"allowed_origins":     []any{},
	"web_origins":         []any{},
	"client_aliases":      []any{},
	"allowed_clients":     []any{},

	"default_organization":          nil,
	"encryption_key":                nil,
	"express_configuration":         nil,
	"my_organization_configuration": nil,
	"session_transfer":              nil,
	"token_exchange":                nil,
	"token_quota":                   nil,

	"native_social_login.apple.enabled":    false,
	"native_social_login.facebook.enabled": false,
	"native_social_login.google.enabled":   false,
	"fedcm_login.google.is_enabled":        false,
	"oidc_logout.backchannel_logout_urls":  []any{},

	"refresh_token.rotation_type":                "non-rotating",
	"refresh_token.expiration_type":              "non-expiring",
	"refresh_token.leeway":                       json.Number("0"),
	"refresh_token.token_lifetime":               json.Number("2592000"),
	"refresh_token.infinite_token_lifetime":      true,
	"refresh_token.idle_token_lifetime":          json.Number("1296000"),
	"refresh_token.infinite_idle_token_lifetime": true,
}

func scopes() []engine.Scope[*v1alpha1.Auth0Client] {
	writes := func(c *v1alpha1.Auth0Client) bool { return c.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve }
	withKeys := func(c *v1alpha1.Auth0Client) bool { return writes(c) && hasKeys(c) }
	return []engine.Scope[*v1alpha1.Auth0Client]{
		{Name: "read:clients"},
		{Name: "create:clients", Needed: func(c *v1alpha1.Auth0Client) bool { return writes(c) && c.Spec.ClientID == nil }},
		{Name: "update:clients", Needed: writes},
		{Name: "delete:clients", Needed: func(c *v1alpha1.Auth0Client) bool {
			return writes(c) && c.Spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain
		}},
		{Name: "read:client_keys", Needed: func(c *v1alpha1.Auth0Client) bool { return writes(c) && holdsSecret(c) }},
		{Name: "update:client_keys", Needed: func(c *v1alpha1.Auth0Client) bool {
			return writes(c) && (c.Spec.ClientSecret != nil || rotatesSecret(c))
		}},
		{Name: "read:client_credentials", Needed: withKeys},
		{Name: "create:client_credentials", Needed: withKeys},
		{Name: "update:client_credentials", Needed: withKeys},
		{Name: "delete:client_credentials", Needed: withKeys},
	}
}

// linkedClients are the applications linked to one in the Okta Integration Network.
func linkedClients(c *v1alpha1.Auth0Client) []v1alpha1.ClientLinkedClient {
	if c.Spec.ExpressConfiguration == nil {
		return nil
	}
	return c.Spec.ExpressConfiguration.LinkedClients
}

func linkedClientField(i int) string {
	return fmt.Sprintf("spec.expressConfiguration.linkedClients[%d].clientRef", i)
}

const defaultOrganizationRef = "spec.defaultOrganization.organizationRef"

func secretFields(c *v1alpha1.Auth0Client) map[string]v1alpha1.SecretKeyReference {
	if c.Spec.ClientSecret == nil {
		return nil
	}
	return map[string]v1alpha1.SecretKeyReference{"client_secret": c.Spec.ClientSecret.SecretRef}
}

// outputSecrets implements Definition.OutputSecrets.
func outputSecrets(c *v1alpha1.Auth0Client) []string {
	if c.Spec.OutputSecret == nil {
		return nil
	}
	return []string{c.Spec.OutputSecret.Name}
}

// outputConfigMap implements Definition.OutputConfigMap.
func outputConfigMap(c *v1alpha1.Auth0Client) *v1alpha1.OutputConfigMap {
	return c.Spec.OutputConfigMap
}

// publicValues implements Definition.PublicValues.
func publicValues(req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) map[string]string {
	values := map[string]string{"domain": req.Session.LoginDomain(), "clientId": have.String("client_id")}
	if len(req.Object.Spec.OutputConfigMap.Data) > 0 {
		addDomains(values, req.Session)
	}
	return values
}

// inputs names the output Secret and the Secrets with public keys.
func inputs(c *v1alpha1.Auth0Client) []string {
	names := outputSecrets(c)
	for _, key := range privateKeyJWT(c).Credentials {
		if key.SecretRef != nil {
			names = append(names, key.SecretRef.Name)
		}
	}
	return names
}

// hasKeys reports whether the application has public keys, or had keys that must be deleted.
func hasKeys(c *v1alpha1.Auth0Client) bool {
	return c.Spec.ClientAuthenticationMethods != nil || len(c.Status.Credentials) > 0
}

// rotatesSecret reports whether the client secret has a rotation schedule or a pending rotation.
func rotatesSecret(c *v1alpha1.Auth0Client) bool {
	return c.Spec.RotateSecretEvery != nil || secretRotationAsked(c) || c.Status.SecretRotation != nil && c.Status.SecretRotation.Replacing != ""
}

func check(c *v1alpha1.Auth0Client) error {
	if declared, known := c.Spec.ClientID, c.Status.ClientID; declared != nil && known != "" && *declared != known {
		return fmt.Errorf("spec.clientId names %s, and this object holds %s; remove it, or declare the other application by another Auth0Client", *declared, known)
	}
	if output, from := c.Spec.OutputSecret, c.Spec.ClientSecret; output != nil && from != nil && output.Name == from.SecretRef.Name {
		return fmt.Errorf("spec.outputSecret.name and spec.clientSecret.secretRef.name are both %q; the credentials would overwrite what they are made of", output.Name)
	}
	if err := CheckAddons(c.Spec.Addons); err != nil {
		return err
	}
	if tokens := c.Spec.JWTConfiguration; tokens != nil {
		if err := fields.CheckSize("spec.jwtConfiguration.scopes", fields.JSONSize(tokens.Scopes), mostClientJSON); err != nil {
			return err
		}
	}
	return checkRotation(c)
}

// CheckAddons rejects add-ons that Auth0 does not have, and keys in plain text.
func CheckAddons(addons map[string]apiextensionsv1.JSON) error {
	if err := fields.CheckSize("spec.addons", fields.JSONSize(addons), mostClientJSON); err != nil {
		return err
	}
	known := auth0.AddonNames()
	for _, name := range slices.Sorted(maps.Keys(addons)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("spec.addons: Auth0 has no add-on %q; correct it: %s", name, strings.Join(known, ", "))
		}
		settings, err := auth0.ParseValue(addons[name].Raw)
		if err != nil {
			return fmt.Errorf("spec.addons.%s: %w; correct it", name, err)
		}
		if path := secret.PrivateKeyIn(name, settings); path != "" {
			return fmt.Errorf("spec.addons.%s holds a private key, which is now exposed: create a new one, and set it in Auth0 Dashboard → Applications → (the application) → Addons", path)
		}
	}
	return nil
}

func desired(c *v1alpha1.Auth0Client, references reference.Values) auth0.Document {
	desired := fields.FromSettings(c.Spec.ClientSettings, "addons", "client_metadata", "scopes")
	if organization := c.Spec.DefaultOrganization; organization != nil {
		if id := references.ID(defaultOrganizationRef, organization.OrganizationID); id != "" {
			desired["default_organization"] = map[string]any{"organization_id": id, "flows": fields.List(organization.Flows)}
		}
	}
	if linked := linkedClients(c); linked != nil {
		desired.Object("express_configuration")["linked_clients"] = linkedClientDocuments(linked, references)
	}
	if c.Spec.ClientAuthenticationMethods == nil && len(c.Status.Credentials) > 0 {
		// Clear it in the same call that sets the method replacing the keys.
		desired["client_authentication_methods"] = nil
	}
	if grants := c.Spec.GrantTypes; grants != nil && grants.Mode == v1alpha1.ListModeExact {
		desired["grant_types"] = fields.List(grants.Items)
	}
	return desired
}

// linkedClientDocuments are the linked applications that exist in Auth0.
func linkedClientDocuments(linked []v1alpha1.ClientLinkedClient, references reference.Values) []any {
	documents := make([]any, 0, len(linked))
	for i, application := range linked {
		if id := references.ID(linkedClientField(i), application.ClientID); id != "" {
			documents = append(documents, map[string]any{"client_id": id})
		}
	}
	return documents
}

// lateInitialize adds the declared grant types to those of the application. It removes those that it added earlier and that are
// no longer declared. Only the answer to a creation shows Auth0's default grant types.
func lateInitialize(c *v1alpha1.Auth0Client, desired, have auth0.Document) {
	if have == nil || c.Spec.GrantTypes != nil && c.Spec.GrantTypes.Mode == v1alpha1.ListModeExact {
		return
	}
	var want []string
	if c.Spec.GrantTypes != nil {
		want = c.Spec.GrantTypes.Items
	} else if len(c.Status.AddedGrantTypes) == 0 {
		return
	}
	current := fields.Texts(have["grant_types"])
	missing := slices.DeleteFunc(slices.Clone(want), func(grant string) bool { return slices.Contains(current, grant) })
	kept := slices.DeleteFunc(slices.Clone(current), func(grant string) bool {
		return slices.Contains(c.Status.AddedGrantTypes, grant) && !slices.Contains(want, grant)
	})
	desired["grant_types"] = fields.List(append(kept, missing...))
	if c.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve {
		// A removed grant type stays in status until it is gone from Auth0, because the write may fail.
		still := slices.DeleteFunc(slices.Clone(c.Status.AddedGrantTypes), func(grant string) bool {
			return !slices.Contains(want, grant) && !slices.Contains(current, grant)
		})
		c.Status.AddedGrantTypes = lists.Unique(append(still, missing...))
	}
}

// intent records the name, for people. The operator finds the application by its marker.
func intent(desired auth0.Document) auth0.Document {
	return auth0.Document{"name": desired["name"]}
}

func idOf(c *v1alpha1.Auth0Client) string {
	if c.Status.ClientID == "" && c.Spec.ClientID != nil {
		return *c.Spec.ClientID
	}
	return c.Status.ClientID
}

// initializeStatus shows the name of the application before it exists.
func initializeStatus(c *v1alpha1.Auth0Client) {
	c.Status.Name = cmp.Or(c.Status.Name, c.Spec.Name)
	if c.Status.ClientID == "" && c.Annotations[v1alpha1.AnnotationRotateSecret] != "" {
		c.Status.SecretRotation = &v1alpha1.ClientSecretRotation{LastHandledRequest: c.Annotations[v1alpha1.AnnotationRotateSecret]}
	}
}

func observe(c *v1alpha1.Auth0Client, have auth0.Document) {
	c.Status.ClientID = have.String("client_id")
	c.Status.Name = have.String("name")
}

// find returns the application with this object's marker, for a creation whose answer got lost. If the object may adopt, it also
// looks for applications by name and prefers those without an owner.
func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], wanted auth0.Document) ([]auth0.Document, error) {
	all, err := listClients(ctx, req.Session)
	if err != nil {
		return nil, err
	}
	spec, ours := req.Object.Spec, engine.Owner(req.Object)
	byName := spec.AdoptionPolicy == v1alpha1.AdoptionPolicyIfUnmanaged || spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
	var free, held []auth0.Document
	for _, client := range all {
		switch marker := client.Object("client_metadata").String(engine.MarkerKey); {
		case marker == ours:
			return wholeClients(ctx, req.Session, []auth0.Document{client})
		case !byName || client["name"] != wanted["name"]:
		case marker == "":
			free = append(free, client)
		default:
			held = append(held, client)
		}
	}
	if len(free) > 0 {
		return wholeClients(ctx, req.Session, free)
	}
	return wholeClients(ctx, req.Session, held)
}

// wholeClients reads the full application if the list has one. Of several, only the IDs matter.
func wholeClients(ctx context.Context, session *auth0.Session, listed []auth0.Document) ([]auth0.Document, error) {
	if len(listed) != 1 {
		return listed, nil
	}
	client, err := session.Get(ctx, "clients", listed[0].String("client_id"))
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return nil, nil
	}
	return []auth0.Document{client}, err
}

// listClients lists applications with the fields that identify them. Auth0 does not filter the list by any of these.
func listClients(ctx context.Context, session *auth0.Session) ([]auth0.Document, error) {
	return session.List(ctx, "clients", "client_id", "name", "client_metadata")
}

// findByMarker implements Definition.FindByMarker.
func findByMarker(ctx context.Context, session *auth0.Session, marker string) ([]auth0.Document, error) {
	all, err := listClients(ctx, session)
	return slices.DeleteFunc(all, func(client auth0.Document) bool {
		return client.Object("client_metadata").String(engine.MarkerKey) != marker
	}), err
}

func create(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], desired auth0.Document) (auth0.Document, error) {
	if id := req.Object.Spec.ClientID; id != nil {
		return nil, problem.Stalled(v1alpha1.ReasonClientNotFound,
			"spec.clientId: there is no application %q in tenant %s; delete this object and create one with the right id, or without to have the application created", *id, req.Session.Domain())
	}
	if err := withCredentials(ctx, req, desired); err != nil {
		return nil, err
	}
	if desired["client_authentication_methods"] == nil {
		// Null removes old keys, and a new application has none.
		delete(desired, "client_authentication_methods")
	}
	return req.Session.Create(ctx, "clients", desired)
}

// protects implements Definition.Protects. The operator's credentials control the tenant, and the global client belongs to all
// applications.
func protects(_ *auth0.Session, operators []string, have auth0.Document) string {
	switch id := have.String("client_id"); {
	case slices.Contains(operators, id):
		return fmt.Sprintf("the operator's own application (%s)", id)
	case have.Bool("global"):
		return fmt.Sprintf("the tenant's global client (%s)", id)
	}
	return ""
}

// reset implements Definition.Reset. The rotation schedule starts again. Handled requests stay handled.
func reset(c *v1alpha1.Auth0Client) {
	c.Status.Credentials, c.Status.AddedGrantTypes, c.Status.KeyPair = nil, nil, nil
	if rotation := c.Status.SecretRotation; rotation != nil {
		c.Status.SecretRotation = &v1alpha1.ClientSecretRotation{LastHandledRequest: rotation.LastHandledRequest}
	}
}

// finishes reports whether the application has public keys to reconcile or a secret to rotate.
func finishes(c *v1alpha1.Auth0Client) bool { return hasKeys(c) || rotatesSecret(c) }

// finish reconciles the public keys and rotates the secret.
func finish(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) error {
	c := req.Object
	if rotatesSecret(c) {
		if err := rotateSecret(ctx, req, have); err != nil {
			return err
		}
	}
	switch {
	case !hasKeys(c):
		return nil
	case generatedKey(c) != nil:
		return rotateKey(ctx, req, have)
	}
	c.Status.KeyPair = nil
	wanted, err := declaredCredentials(ctx, req)
	if err != nil {
		return err
	}
	return keepCredentials(ctx, req, have, wanted)
}

// nextAt is the time of the next rotation of a secret or key.
func nextAt(c *v1alpha1.Auth0Client) time.Time {
	if c.Spec.ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly {
		return time.Time{}
	}
	if secretAt := rotatesAt(c); !secretAt.IsZero() {
		return secretAt
	}
	return keyChangesAt(c)
}

// affectedBy implements Definition.AffectedBy. An application loses a deleted default organization.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0Client) bool {
	if write.Resource != "organizations" || !write.Deleted() {
		return nil
	}
	return func(c *v1alpha1.Auth0Client) bool { return c.Spec.DefaultOrganization != nil }
}
