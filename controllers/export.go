package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// fillSpec is the reverse of documentOf: it copies the fields of a document for which the spec has a field. It skips empty
// values, which mean the same as absent ones.
func fillSpec(settings any, have auth0.Document, verbatim ...string) error {
	encoded, err := json.Marshal(camelObject(have, verbatim))
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, settings)
}

func camelObject(object map[string]any, verbatim []string) map[string]any {
	renamed := make(map[string]any, len(object))
	for key, value := range object {
		if !slices.Contains(verbatim, key) {
			value = camelValue(value, verbatim)
		}
		if !isEmpty(value) {
			renamed[camel(key)] = value
		}
	}
	return renamed
}

func camelValue(value any, verbatim []string) any {
	switch value := value.(type) {
	case map[string]any:
		return camelObject(value, verbatim)
	case auth0.Document:
		return camelObject(value, verbatim)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = camelValue(item, verbatim)
		}
		return items
	}
	return value
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// camel turns app_type into appType.
func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// without is a copy of a document without some of its fields.
func withoutFields(have auth0.Document, fields ...string) auth0.Document {
	rest := maps.Clone(have)
	for _, field := range fields {
		delete(rest, field)
	}
	return rest
}

// withoutMark is metadata without the ownership marker.
func withoutMark(metadata auth0.Document) map[string]any {
	return withoutFields(metadata, userMark)
}

// Export implements engine.Exporter.
func (clientAdapter) Export(_ context.Context, session *auth0.Session, have auth0.Document, names engine.Names, c *v1alpha1.Auth0Client) (bool, error) {
	id := have.String("client_id")
	if have.Bool("global") || id == session.ClientID() {
		return false, nil
	}
	settings := have.Clone()
	settings["client_metadata"] = withoutMark(have.Object("client_metadata"))
	if err := fillSpec(&c.Spec.ClientSettings, settings, "addons", "client_metadata", "scopes"); err != nil {
		return false, err
	}
	c.Spec.ClientID = &id
	if grants := texts(have["grant_types"]); len(grants) > 0 {
		c.Spec.GrantTypes = exportedGrantTypes(c, grants)
	}
	if organization := have.Object("default_organization"); organization != nil {
		c.Spec.DefaultOrganization = &v1alpha1.ClientDefaultOrganization{Flows: texts(organization["flows"])}
		c.Spec.DefaultOrganization.OrganizationRef, c.Spec.DefaultOrganization.OrganizationID = refOrID(names, "Auth0Organization", organization.String("organization_id"))
	}
	for i, linked := range linkedClients(c) {
		application := &c.Spec.ExpressConfiguration.LinkedClients[i]
		application.ClientRef, application.ClientID = refOrID(names, "Auth0Client", valueOf(linked.ClientID))
	}
	return true, nil
}

// refOrID refers to an exported object, or names the ID of one that is not exported.
func refOrID(names engine.Names, kind, id string) (*v1alpha1.ObjectReference, *string) {
	if ref := names.Ref(kind, id); ref != nil {
		return ref, nil
	}
	return nil, &id
}

// Export implements engine.Exporter.
func (resourceServerAdapter) Export(_ context.Context, _ *auth0.Session, have auth0.Document, _ engine.Names, api *v1alpha1.Auth0ResourceServer) (bool, error) {
	if have.Bool("is_system") {
		return false, nil
	}
	// Auth0 does not return the keys again.
	settings := withoutFields(have, "token_encryption", "signing_secret")
	settings["scopes"] = map[string]any{"mode": string(v1alpha1.ListModeExact), "items": have["scopes"]}
	if len(have.Objects("scopes")) == 0 {
		delete(settings, "scopes")
	}
	err := fillSpec(&api.Spec, settings)
	if lifetime, web := api.Spec.TokenLifetime, api.Spec.TokenLifetimeForWeb; lifetime != nil && web != nil && *web > *lifetime {
		// This is Auth0's default, which its API does not accept.
		api.Spec.TokenLifetimeForWeb = nil
	}
	return true, err
}

// Export implements engine.Exporter.
func (roleAdapter) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, role *v1alpha1.Auth0Role) (bool, error) {
	if err := fillSpec(&role.Spec, have); err != nil {
		return false, err
	}
	permissions, err := session.RolePermissions(ctx, have.String("id"))
	if err != nil || len(permissions) == 0 {
		return true, err
	}
	role.Spec.Permissions = &v1alpha1.RolePermissions{Mode: v1alpha1.ListModeExact, Items: exportedPermissions(names, permissions)}
	return true, nil
}

func exportedPermissions(names engine.Names, permissions []auth0.Permission) []v1alpha1.Permission {
	items := make([]v1alpha1.Permission, len(permissions))
	for i, permission := range permissions {
		items[i].Name = permission.Name
		items[i].ResourceServerRef, items[i].Audience = refOrID(names, apiByIdentifier, permission.Audience)
	}
	return items
}

// apiByIdentifier is the key in Names for APIs by identifier, as permissions and grants name them.
const apiByIdentifier = "identifier"

// Export implements engine.Exporter.
func (clientGrantAdapter) Export(_ context.Context, session *auth0.Session, have auth0.Document, names engine.Names, grant *v1alpha1.Auth0ClientGrant) (bool, error) {
	client, audience := have.String("client_id"), have.String("audience")
	if have.Bool("is_system") || client == session.ClientID() {
		return false, nil
	}
	settings := withoutFields(have, "client_id", "audience")
	if err := fillSpec(&grant.Spec, settings); err != nil {
		return false, err
	}
	if !have.Bool("allow_all_scopes") {
		// An empty list is a declaration, too.
		grant.Spec.Scopes = append([]string{}, have.Strings("scope")...)
	}
	if grant.Spec.DefaultFor == nil {
		grant.Spec.ClientRef, grant.Spec.ClientID = refOrID(names, "Auth0Client", client)
	}
	if audience == session.ManagementAudience() {
		grant.Spec.ManagementAPI = new(true)
	} else {
		grant.Spec.ResourceServerRef, grant.Spec.Audience = refOrID(names, apiByIdentifier, audience)
	}
	return true, nil
}

// Export implements engine.Exporter. Secrets in the options of an identity provider stay in Auth0, unmanaged.
func (connectionAdapter) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, c *v1alpha1.Auth0Connection) (bool, error) {
	settings := withoutFields(have, "options", "enabled_clients")
	settings["metadata"] = withoutMark(have.Object("metadata"))
	if err := fillSpec(&c.Spec, settings, "metadata"); err != nil {
		return false, err
	}
	if err := exportOptions(have, c); err != nil {
		return false, err
	}
	enabled, err := session.EnabledClients(ctx, have.String("id"))
	if err != nil || len(enabled) == 0 {
		return true, err
	}
	c.Spec.EnabledClients = &v1alpha1.EnabledClients{
		Mode: v1alpha1.ListModeExact, ExcludeOperator: !slices.Contains(enabled, session.ClientID()),
	}
	for _, id := range enabled {
		if id == session.ClientID() {
			continue
		}
		var item v1alpha1.EnabledClient
		item.ClientRef, item.ClientID = refOrID(names, "Auth0Client", id)
		c.Spec.EnabledClients.Items = append(c.Spec.EnabledClients.Items, item)
	}
	return true, nil
}

func exportOptions(have auth0.Document, c *v1alpha1.Auth0Connection) error {
	options := have.Object("options")
	if len(options) == 0 {
		return nil
	}
	if have.String("strategy") == "auth0" {
		database := withoutFields(options, "configuration", "customScripts")
		c.Spec.Database = &v1alpha1.DatabaseOptions{}
		return fillSpec(c.Spec.Database, database)
	}
	encoded, err := json.Marshal(withoutSecrets(options))
	c.Spec.Options = &apiextensionsv1.JSON{Raw: encoded}
	return err
}

// withoutSecrets removes what is, or may be, a secret of an identity provider.
func withoutSecrets(options map[string]any) map[string]any {
	rest := map[string]any{}
	for key, value := range options {
		name := strings.ToLower(key)
		if slices.ContainsFunc([]string{"secret", "password", "token", "key", "configuration"}, func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		if nested, ok := value.(map[string]any); ok {
			value = withoutSecrets(nested)
		}
		rest[key] = value
	}
	return rest
}

// Export implements engine.Exporter.
func (organizationAdapter) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, organization *v1alpha1.Auth0Organization) (bool, error) {
	settings := have.Clone()
	settings["metadata"] = withoutMark(have.Object("metadata"))
	if err := fillSpec(&organization.Spec, settings, "metadata"); err != nil {
		return false, err
	}
	id := have.String("id")
	connections, err := session.OrganizationConnections(ctx, id)
	if err != nil {
		return false, err
	}
	for _, connection := range connections {
		var item v1alpha1.OrganizationConnection
		if err := fillSpec(&item, withoutFields(connection, "connection_id")); err != nil {
			return false, err
		}
		item.ConnectionRef, item.ConnectionID = refOrID(names, "Auth0Connection", connection.String("connection_id"))
		if organization.Spec.Connections == nil {
			organization.Spec.Connections = &v1alpha1.OrganizationConnections{Mode: v1alpha1.ListModeExact}
		}
		organization.Spec.Connections.Items = append(organization.Spec.Connections.Items, item)
	}
	return true, exportOrganizationGrants(ctx, session, id, names, organization)
}

func exportOrganizationGrants(ctx context.Context, session *auth0.Session, id string, names engine.Names, organization *v1alpha1.Auth0Organization) error {
	grants, err := session.OrganizationClientGrants(ctx, id)
	if err != nil || len(grants) == 0 {
		return err
	}
	organization.Spec.ClientGrants = &v1alpha1.OrganizationClientGrants{Mode: v1alpha1.ListModeExact}
	for _, grant := range grants {
		var item v1alpha1.OrganizationClientGrant
		item.ClientGrantRef, item.ClientGrantID = refOrID(names, "Auth0ClientGrant", grant)
		organization.Spec.ClientGrants.Items = append(organization.Spec.ClientGrants.Items, item)
	}
	return nil
}

// userDefaults are the values that Auth0 sets itself on a user.
var userDefaults = map[string]func(have auth0.Document) string{
	"name":     func(have auth0.Document) string { return have.String("email") },
	"nickname": func(have auth0.Document) string { name, _, _ := strings.Cut(have.String("email"), "@"); return name },
}

// Export implements engine.Exporter. Users are taken over by id.
func (userAdapter) Export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, u *v1alpha1.Auth0User) (bool, error) {
	settings := withoutFields(have, "email_verified", "user_id")
	for field, byDefault := range userDefaults {
		if have.String(field) == byDefault(have) {
			delete(settings, field)
		}
	}
	if strings.HasPrefix(have.String("picture"), "https://s.gravatar.com/") {
		delete(settings, "picture")
	}
	settings["user_metadata"] = withoutMark(have.Object("user_metadata"))
	settings["app_metadata"] = withoutMark(have.Object("app_metadata"))
	if err := fillSpec(&u.Spec, settings, "user_metadata", "app_metadata"); err != nil {
		return false, err
	}
	id := have.String("user_id")
	u.Spec.UserID = &id
	identities := have.Objects("identities")
	if len(identities) == 0 {
		return false, fmt.Errorf("user %s has no identity", id)
	}
	connection := identities[0].String("connection")
	if ref := names.Ref(connectionByName, connection); ref != nil {
		u.Spec.ConnectionRef = ref
	} else {
		u.Spec.Connection = connection
	}
	return true, exportUserLists(ctx, session, id, names, u)
}

// connectionByName is the key in Names for connections by name, as users name them.
const connectionByName = "connection"

func exportUserLists(ctx context.Context, session *auth0.Session, id string, names engine.Names, u *v1alpha1.Auth0User) error {
	roles, err := session.UserRoles(ctx, id)
	if err != nil {
		return err
	}
	if len(roles) > 0 {
		u.Spec.Roles = &v1alpha1.UserRoles{}
		for _, role := range roles {
			u.Spec.Roles.Items = append(u.Spec.Roles.Items, exportedRole(names, role))
		}
	}
	permissions, err := session.UserPermissions(ctx, id)
	if err != nil {
		return err
	}
	if len(permissions) > 0 {
		u.Spec.Permissions = &v1alpha1.UserPermissions{Items: exportedPermissions(names, permissions)}
	}
	organizations, err := session.UserOrganizations(ctx, id)
	if err != nil || len(organizations) == 0 {
		return err
	}
	u.Spec.Organizations = &v1alpha1.UserOrganizations{}
	for _, organization := range organizations {
		var item v1alpha1.UserOrganization
		item.OrganizationRef, item.OrganizationID = refOrID(names, "Auth0Organization", organization)
		u.Spec.Organizations.Items = append(u.Spec.Organizations.Items, item)
	}
	return nil
}

func exportedRole(names engine.Names, role auth0.Role) v1alpha1.UserRole {
	if ref := names.Ref("Auth0Role", role.ID); ref != nil {
		return v1alpha1.UserRole{RoleRef: ref}
	}
	return v1alpha1.UserRole{Name: &role.Name}
}

// exportedGrantTypes are the grant types of an application. Auth0 also gives client_credentials to applications that cannot use
// it. The export leaves that out, and the operator leaves it in Auth0.
func exportedGrantTypes(c *v1alpha1.Auth0Client, grants []string) *v1alpha1.ClientGrantTypes {
	kind, method := valueOf(c.Spec.AppType), valueOf(c.Spec.TokenEndpointAuthMethod)
	isPublic := kind == "spa" || method == "none" || kind == "native" && method == "" && c.Spec.ClientAuthenticationMethods == nil
	if !isPublic || !slices.Contains(grants, "client_credentials") {
		return &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: grants}
	}
	return &v1alpha1.ClientGrantTypes{Items: slices.DeleteFunc(slices.Clone(grants), func(grant string) bool { return grant == "client_credentials" })}
}
