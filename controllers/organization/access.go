package organization

import (
	"context"
	"fmt"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
)

// gives implements Definition.Gives: client grants for the Management API that applications may use for the organization.
func gives(ctx context.Context, req engine.Request[*v1alpha1.Auth0Organization]) ([]engine.Access, error) {
	var given []engine.Access
	for i, item := range organizationGrants(req.Object) {
		id := req.References.ID(orgGrantField(i), item.ClientGrantID)
		if slices.Contains(req.Object.Status.ClientGrants, id) {
			continue
		}
		grant, err := req.Session.Get(ctx, "client-grants", id)
		switch {
		case auth0.ClassOf(err) == auth0.ClassNotFound:
			// Auth0 refuses the assignment, too.
		case err != nil:
			return nil, err
		case req.Session.IsManagementAPI(grant.String("audience")):
			given = append(given, rbac.OfGrant(fmt.Sprintf("spec.clientGrants.items[%d]", i), grant))
		}
	}
	return given, nil
}
