// Package tenants connects to Auth0 tenants: it reads the credentials that an Auth0Tenant names, and opens the tenant's session.
// Begin with Session and Connect in connect.go.
package tenants
