// Package lists keeps the lists beside an object in Auth0, such as the roles of a user, as the spec declares them. Begin with
// List.Converge in list.go.
package lists
