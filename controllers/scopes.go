package controllers

import (
	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// writes reports whether an object changes anything in Auth0.
func writes[O v1alpha1.Managed](object O) bool {
	return object.GetManagedSpec().ManagementPolicy != v1alpha1.ManagementPolicyObserve
}

// updates reports whether an object changes what it created or adopted.
func updates[O v1alpha1.Managed](object O) bool {
	return writes(object) && object.GetManagedSpec().ManagementPolicy != v1alpha1.ManagementPolicyCreateOnly
}

// lifecycleScopes are the scopes to read, create, update and delete a resource of the Management API.
func lifecycleScopes[O v1alpha1.Managed](resource string) []engine.Scope[O] {
	deletes := func(object O) bool {
		return writes(object) && object.GetManagedSpec().DeletionPolicy != v1alpha1.DeletionPolicyRetain
	}
	return []engine.Scope[O]{
		{Name: "read:" + resource},
		{Name: "create:" + resource, Needed: writes[O]},
		{Name: "update:" + resource, Needed: updates[O]},
		{Name: "delete:" + resource, Needed: deletes},
	}
}

// countScope is the scope to count, before a deletion, the undeclared data that Auth0 deletes with the object. An object whose
// policy retains it does not need the scope.
func countScope[O v1alpha1.Managed](name string) engine.Scope[O] {
	return engine.Scope[O]{Name: name, Needed: func(object O) bool { return object.GetDeletionTimestamp() != nil }}
}
