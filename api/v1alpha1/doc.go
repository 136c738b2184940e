// Package v1alpha1 contains the API types of auth0-operator.io/v1alpha1, one file per kind. The root types, which are alike, are
// generated from these files by hack/kinds.
//
// Fields have Auth0's names in camelCase. The operator enforces fields that are set, ignores fields that were never set,
// and clears a field in Auth0 when it is removed. The comments are what `kubectl explain` shows.
//
// It imports Kubernetes packages only, so that other programs can use the types. Start with [ManagedSpec] and
// [ManagedStatus], the common parts of all kinds, then read [Auth0Role], the smallest kind.
//
// +kubebuilder:object:generate=true
// +groupName=auth0-operator.io
package v1alpha1
