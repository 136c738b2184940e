// Package engine holds the one reconcile loop that every kind runs through.
//
// Reconciler is the loop: fetch, delete, suspend, hand over to the kind's Handler, write status, say when to come back.
// Remote is the Handler of every kind that stands for an object in Auth0; such a kind is an Adapter, a pure mapping and
// one remote call per verb. What a pass came to is an Outcome, the only source of conditions and of ctrl.Result.
//
// A second pass over an unchanged object writes nothing, neither to Auth0 nor to the API server.
package engine
