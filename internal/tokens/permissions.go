package tokens

import (
	"context"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// permissions are the Management API scopes that the tenant allows the token's namespace.
func (w *tokenSync) permissions(ctx context.Context, tenant *v1alpha1.Auth0Tenant) (reference.Permissions, error) {
	permissions, err := reference.PermissionsOf(ctx, w.Client, tenant, w.token, "Auth0Token")
	if err != nil {
		return permissions, err
	}
	return permissions, permissions.Declare()
}

// mayIssue rejects a token for the Management API that the tenant does not allow.
func (w *tokenSync) mayIssue(permissions reference.Permissions) error {
	if !w.session.IsManagementAPI(w.request.Audience) {
		return nil
	}
	scopes := w.request.Scopes
	if len(scopes) == 0 {
		scopes = []string{v1alpha1.AllManagementAPIScopes}
	}
	return permissions.Give("the token's audience", scopes)
}
