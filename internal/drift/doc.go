// Package drift detects what others change in Auth0. It is an informer for the objects of a tenant: it follows the tenant's log
// or events, and compares everything with lists periodically. It requests reconciliations, and writes nothing. Begin with
// Detection in detection.go; Snapshot is what is known of the objects of a kind, and Kind is what a kind must be able to do.
package drift
