package controllers

import (
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Roles and users share the code for permissions.

// permissionReferences are the APIs that permissions refer to. field is the field of the permissions in the spec.
func permissionReferences(object client.Object, field string, permissions []v1alpha1.Permission) []reference.Reference {
	var references []reference.Reference
	for i, permission := range permissions {
		if permission.ResourceServerRef != nil {
			references = append(references, reference.To(object, apiField(field, i), "Auth0ResourceServer", *permission.ResourceServerRef))
		}
	}
	return references
}

// permissionNames are the APIs that permissions name by their identifier.
func permissionNames(field string, permissions []v1alpha1.Permission) []reference.Named {
	var names []reference.Named
	for i, permission := range permissions {
		if permission.Audience != nil {
			names = append(names, reference.Named{Field: fmt.Sprintf("%s[%d].audience", field, i), Kind: "Auth0ResourceServer", Name: *permission.Audience})
		}
	}
	return names
}

func apiField(field string, i int) string { return fmt.Sprintf("%s[%d].resourceServerRef", field, i) }

// permissionEntries are the names of permissions in status.
func permissionEntries(field string, permissions []v1alpha1.Permission, references reference.Values) []string {
	entries := make([]string, len(permissions))
	for i, permission := range permissions {
		entries[i] = permissionEntry(references.Name(apiField(field, i), permission.Audience), permission.Name)
	}
	return unique(entries)
}

// permissionEntry is the name of a permission in status. The name of a scope contains no space.
func permissionEntry(api, name string) string { return name + " " + api }

func entriesOf(permissions []auth0.Permission) []string {
	entries := make([]string, len(permissions))
	for i, permission := range permissions {
		entries[i] = permissionEntry(permission.Audience, permission.Name)
	}
	return entries
}

func permissionsOf(entries []string) []auth0.Permission {
	permissions := make([]auth0.Permission, len(entries))
	for i, entry := range entries {
		name, api, _ := strings.Cut(entry, " ")
		permissions[i] = auth0.Permission{Audience: api, Name: name}
	}
	return permissions
}

// explainPermission explains an error about a permission that does not exist. It returns nil for any other error.
func explainPermission(session *auth0.Session, failed *auth0.Error) error {
	if failed.Code != "inexistent_resource_server_permission" {
		return nil
	}
	if strings.Contains(failed.Message, session.ManagementAudience()) {
		return problem.Stalled(v1alpha1.ReasonPermissionNotFound, "spec.permissions: %s; the Management API has the permissions that Auth0 gives it, and nobody can add some: correct the name",
			strings.TrimSuffix(failed.Message, "."))
	}
	return problem.Waiting(v1alpha1.ReasonPermissionNotFound, "spec.permissions: %s; add the permission to its API, or correct its name or the identifier of the API",
		strings.TrimSuffix(failed.Message, ".")).Breaking().Again(missingListEntryRetry)
}
