package user

import (
	"context"
	"fmt"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
)

// userDefaults are the values that Auth0 sets itself on a user.
var userDefaults = map[string]func(have auth0.Document) string{
	"name":     func(have auth0.Document) string { return have.String("email") },
	"nickname": func(have auth0.Document) string { name, _, _ := strings.Cut(have.String("email"), "@"); return name },
}

// export implements Definition.Export. Users are taken over by id.
func export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, u *v1alpha1.Auth0User) (bool, error) {
	settings := fields.Without(have, "email_verified", "user_id")
	for field, byDefault := range userDefaults {
		if have.String(field) == byDefault(have) {
			delete(settings, field)
		}
	}
	if strings.HasPrefix(have.String("picture"), "https://s.gravatar.com/") {
		delete(settings, "picture")
	}
	settings["user_metadata"] = engine.WithoutMarker(have.Object("user_metadata"))
	settings["app_metadata"] = engine.WithoutMarker(have.Object("app_metadata"))
	if err := fields.ToSpec(&u.Spec, settings, "user_metadata", "app_metadata"); err != nil {
		return false, err
	}
	id := have.String("user_id")
	u.Spec.UserID = &id
	identities := have.Objects("identities")
	if len(identities) == 0 {
		return false, fmt.Errorf("user %s has no identity", id)
	}
	connection := identities[0].String("connection")
	if ref := names.Ref(engine.ConnectionByName, connection); ref != nil {
		u.Spec.ConnectionRef = ref
	} else {
		u.Spec.Connection = connection
	}
	return true, exportUserLists(ctx, session, id, names, u)
}

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
		u.Spec.Permissions = &v1alpha1.UserPermissions{Items: rbac.Exported(names, permissions)}
	}
	organizations, err := session.UserOrganizations(ctx, id)
	if err != nil || len(organizations) == 0 {
		return err
	}
	u.Spec.Organizations = &v1alpha1.UserOrganizations{}
	for _, organization := range organizations {
		var item v1alpha1.UserOrganization
		item.OrganizationRef, item.OrganizationID = names.RefOrID("Auth0Organization", organization)
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
