// Package fields compares documents of Auth0 field by field, and renders the differences as the patch that Auth0 accepts. It is
// pure: it makes no call. Begin with Semantics in diff.go; path.go has the paths of nested values, secrets.go the values that
// Auth0 does not return.
package fields
