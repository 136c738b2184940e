package client

import (
	"context"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// export implements Definition.Export.
func export(_ context.Context, session *auth0.Session, have auth0.Document, names engine.Names, c *v1alpha1.Auth0Client) (bool, error) {
	id := have.String("client_id")
	if have.Bool("global") || id == session.ClientID() {
		return false, nil
	}
	settings := have.Clone()
	settings["client_metadata"] = engine.WithoutMarker(have.Object("client_metadata"))
	if err := fields.ToSpec(&c.Spec.ClientSettings, settings, "addons", "client_metadata", "scopes"); err != nil {
		return false, err
	}
	c.Spec.ClientID = &id
	if grants := fields.Texts(have["grant_types"]); len(grants) > 0 {
		c.Spec.GrantTypes = exportedGrantTypes(c, grants)
	}
	if organization := have.Object("default_organization"); organization != nil {
		c.Spec.DefaultOrganization = &v1alpha1.ClientDefaultOrganization{Flows: fields.Texts(organization["flows"])}
		c.Spec.DefaultOrganization.OrganizationRef, c.Spec.DefaultOrganization.OrganizationID = names.RefOrID("Auth0Organization", organization.String("organization_id"))
	}
	for i, linked := range linkedClients(c) {
		application := &c.Spec.ExpressConfiguration.LinkedClients[i]
		application.ClientRef, application.ClientID = names.RefOrID("Auth0Client", ptr.Deref(linked.ClientID, ""))
	}
	return true, nil
}

// exportedGrantTypes are the grant types of an application. Auth0 also gives client_credentials to applications that cannot use
// it. The export leaves that out, and the operator leaves it in Auth0.
func exportedGrantTypes(c *v1alpha1.Auth0Client, grants []string) *v1alpha1.ClientGrantTypes {
	kind, method := ptr.Deref(c.Spec.AppType, ""), ptr.Deref(c.Spec.TokenEndpointAuthMethod, "")
	isPublic := kind == "spa" || method == "none" || kind == "native" && method == "" && c.Spec.ClientAuthenticationMethods == nil
	if !isPublic || !slices.Contains(grants, "client_credentials") {
		return &v1alpha1.ClientGrantTypes{Mode: v1alpha1.ListModeExact, Items: grants}
	}
	return &v1alpha1.ClientGrantTypes{Items: slices.DeleteFunc(slices.Clone(grants), func(grant string) bool { return grant == "client_credentials" })}
}
