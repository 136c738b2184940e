// Package rbac has what roles, users, APIs and client grants share: permissions, and the access to the Management API that they give.
//
// It may import internal/engine and the packages below it, but no kind.
package rbac

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

func apiField(field string, i int) string { return fmt.Sprintf("%s[%d].resourceServerRef", field, i) }

// Declared are the names of permissions in status.
func Declared(field string, permissions []v1alpha1.Permission, references reference.Values) []string {
	entries := make([]string, len(permissions))
	for i, permission := range permissions {
		entries[i] = permissionEntry(references.Name(apiField(field, i), permission.Audience), permission.Name)
	}
	return lists.Unique(entries)
}

// permissionEntry is the name of a permission in status. The name of a scope contains no space.
func permissionEntry(api, name string) string { return name + " " + api }

// EntriesOf are the names of permissions in status, as Auth0 has them.
func EntriesOf(permissions []auth0.Permission) []string {
	entries := make([]string, len(permissions))
	for i, permission := range permissions {
		entries[i] = permissionEntry(permission.Audience, permission.Name)
	}
	return entries
}

// Parse is the reverse of EntriesOf.
func Parse(entries []string) []auth0.Permission {
	permissions := make([]auth0.Permission, len(entries))
	for i, entry := range entries {
		name, api, _ := strings.Cut(entry, " ")
		permissions[i] = auth0.Permission{Audience: api, Name: name}
	}
	return permissions
}

// Explain explains an error about a permission that does not exist. It returns nil for any other error.
func Explain(session *auth0.Session, failed *auth0.Error) error {
	if failed.Code != "inexistent_resource_server_permission" {
		return nil
	}
	if strings.Contains(failed.Message, session.ManagementAudience()) {
		return problem.Stalled(v1alpha1.ReasonPermissionNotFound, "spec.permissions: %s; the Management API has the permissions that Auth0 gives it, and nobody can add some: correct the name",
			strings.TrimSuffix(failed.Message, "."))
	}
	return problem.Waiting(v1alpha1.ReasonPermissionNotFound, "spec.permissions: %s; add the permission to its API, or correct its name or the identifier of the API",
		strings.TrimSuffix(failed.Message, ".")).Breaking().Again(MissingRetry)
}

// Exported are the permissions of an exported object.
func Exported(names engine.Names, permissions []auth0.Permission) []v1alpha1.Permission {
	items := make([]v1alpha1.Permission, len(permissions))
	for i, permission := range permissions {
		items[i].Name = permission.Name
		items[i].ResourceServerRef, items[i].Audience = names.RefOrID(engine.APIByIdentifier, permission.Audience)
	}
	return items
}

// AllScopes is access to all scopes.
func AllScopes() []string { return []string{v1alpha1.AllManagementAPIScopes} }

// OfGrant is the access that a client grant for the Management API gives. field is the field that names the grant.
func OfGrant(field string, grant auth0.Document) engine.Access {
	if grant.Bool("allow_all_scopes") {
		return engine.Access{Field: field, Scopes: AllScopes()}
	}
	return engine.Access{Field: field, Scopes: grant.Strings("scope")}
}

// Given are the permissions of the Management API among all. field is their field in the spec.
func Given(session *auth0.Session, field string, permissions []v1alpha1.Permission, references reference.Values) []engine.Access {
	var given []engine.Access
	for i, permission := range permissions {
		if session.IsManagementAPI(references.Name(apiField(field, i), permission.Audience)) {
			given = append(given, engine.Access{Field: fmt.Sprintf("%s[%d]", field, i), Scopes: []string{permission.Name}})
		}
	}
	return given
}

// ManagementScopes are the permissions of the Management API among all.
func ManagementScopes(session *auth0.Session, permissions []auth0.Permission) []string {
	var scopes []string
	for _, permission := range permissions {
		if session.IsManagementAPI(permission.Audience) {
			scopes = append(scopes, permission.Name)
		}
	}
	return scopes
}

// OfRole is the access that a role gives, by its id. A role that does not exist gives none.
func OfRole(ctx context.Context, session *auth0.Session, field, id string) ([]engine.Access, error) {
	permissions, err := session.RolePermissions(ctx, id)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return nil, nil
	}
	return []engine.Access{{Field: field, Scopes: ManagementScopes(session, permissions)}}, err
}

// MostRecordedScopes bounds the recorded intent, so that it fits into status.
const MostRecordedScopes = 200

// RemovedScopes lists the scopes that a patch removes.
func RemovedScopes(have, patch auth0.Document) []string {
	if _, changes := patch["scopes"]; !changes {
		return nil
	}
	left := ScopeValues(patch)
	return slices.DeleteFunc(ScopeValues(have), func(value string) bool { return slices.Contains(left, value) })
}

// ScopeValues are the names of the scopes of an API.
func ScopeValues(api auth0.Document) []string {
	scopes := api.Objects("scopes")
	values := make([]string, len(scopes))
	for i, scope := range scopes {
		values[i] = scope.String("value")
	}
	return values
}

const resourceAPIs = "resource-servers"

// IsDeletedAPI reports whether a write deletes an API whose identifier is known.
func IsDeletedAPI(write drift.Write) bool {
	return write.Resource == resourceAPIs && write.Deleted() && write.Before.String("identifier") != ""
}

// LostScopes returns the scopes that a write removes from an API, and the identifier of the API.
func LostScopes(write drift.Write) (api string, lost []string) {
	api = write.Before.String("identifier")
	if write.Resource != resourceAPIs || write.After["scopes"] == nil {
		return api, nil
	}
	return api, RemovedScopes(write.Before, write.After)
}

// Lost returns a function that reports whether a write removes a permission, by its name in status. It returns nil if
// the write removes none.
func Lost(write drift.Write) func(entry string) bool {
	api, lost := LostScopes(write)
	switch {
	case IsDeletedAPI(write):
		return func(entry string) bool { return strings.HasSuffix(entry, " "+api) }
	case len(lost) > 0:
		return func(entry string) bool {
			return slices.ContainsFunc(lost, func(scope string) bool { return entry == permissionEntry(api, scope) })
		}
	}
	return nil
}

// MissingRetry is the pause before looking again for a role or permission that does not exist.
const MissingRetry = 2 * time.Minute
