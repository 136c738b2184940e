// Package controllers lists the kinds that the operator serves. Each has a package of its own, from which hack/kinds generates the
// list: its Definition, and its special steps if it has any. The loop around it is in internal/engine.
//
// A kind converts between spec, Auth0's JSON and status. It may import the packages of internal/engine and below, but neither
// internal/operator nor internal/plugin. Start with [All], then read the package of Auth0Role, the smallest one.
package controllers
