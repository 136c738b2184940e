// Package engine contains the reconcile loop of all kinds.
//
// reconcile.go has the whole path of one reconciliation, top-down; the steps are in the other files. [Reconciler] is the loop: it
// fetches the object, handles suspension and deletion, calls the kind's [Handler], writes the status and schedules the next
// reconciliation. [Remote] is the Handler of every kind that represents an object in Auth0. Such a kind is a [Definition]. The
// result of a reconciliation is an [Outcome], the only source of conditions and of ctrl.Result. Reconciling an unchanged object
// again writes nothing, neither to Auth0 nor to the API server.
//
// Drift detection and batching take part through the two interfaces in hooks.go. Without them, every step makes its own calls.
//
// It may import internal/auth0, internal/reference, internal/secret and the packages below them, but no kind: it must not
// import controllers. Start with reconcile.go, then read [Definition].
package engine
