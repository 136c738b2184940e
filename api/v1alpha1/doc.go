// Package v1alpha1 holds the kinds of auth0-operator.io/v1alpha1.
//
// Fields carry Auth0's own names, in camelCase. A field that is not set is not managed; one that is set is enforced; one
// that was set and is removed is cleared in Auth0. The comments are the reference that `kubectl explain` shows.
//
// +kubebuilder:object:generate=true
// +groupName=auth0-operator.io
package v1alpha1
