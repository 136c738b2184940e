// Package reference resolves references: to tenants, with the permission to use them, to other objects, and to the Secrets
// and ConfigMaps of tenants. It also protects objects in use from deletion.
//
// It may import api/v1alpha1, internal/partial and internal/problem, but does not call Auth0.
package reference
