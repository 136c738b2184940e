package organization

import (
	"context"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// export implements Definition.Export.
func export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, organization *v1alpha1.Auth0Organization) (bool, error) {
	settings := have.Clone()
	settings["metadata"] = engine.WithoutMarker(have.Object("metadata"))
	if err := fields.ToSpec(&organization.Spec, settings, "metadata"); err != nil {
		return false, err
	}
	id := have.String("id")
	connections, err := session.OrganizationConnections(ctx, id)
	if err != nil {
		return false, err
	}
	for _, connection := range connections {
		var item v1alpha1.OrganizationConnection
		if err := fields.ToSpec(&item, fields.Without(connection, "connection_id")); err != nil {
			return false, err
		}
		item.ConnectionRef, item.ConnectionID = names.RefOrID("Auth0Connection", connection.String("connection_id"))
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
		item.ClientGrantRef, item.ClientGrantID = names.RefOrID("Auth0ClientGrant", grant)
		organization.Spec.ClientGrants.Items = append(organization.Spec.ClientGrants.Items, item)
	}
	return nil
}
