package engine

import (
	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Writes reports whether an object changes anything in Auth0.
func Writes[O v1alpha1.Managed](object O) bool {
	return object.GetManagedSpec().ManagementPolicy != v1alpha1.ManagementPolicyObserve
}

// Updates reports whether an object changes what it created or adopted.
func Updates[O v1alpha1.Managed](object O) bool {
	return Writes(object) && object.GetManagedSpec().ManagementPolicy != v1alpha1.ManagementPolicyCreateOnly
}

// LifecycleScopes are the scopes to read, create, update and delete a resource of the Management API.
func LifecycleScopes[O v1alpha1.Managed](resource string) []Scope[O] {
	deletes := func(object O) bool {
		return Writes(object) && object.GetManagedSpec().DeletionPolicy != v1alpha1.DeletionPolicyRetain
	}
	return []Scope[O]{
		{Name: "read:" + resource},
		{Name: "create:" + resource, Needed: Writes[O]},
		{Name: "update:" + resource, Needed: Updates[O]},
		{Name: "delete:" + resource, Needed: deletes},
	}
}

// SingletonScopes are the scopes to read and update a resource of which each tenant has one object. Its deletion is an update.
func SingletonScopes[O v1alpha1.Managed](resource string) []Scope[O] {
	return []Scope[O]{{Name: "read:" + resource}, {Name: "update:" + resource, Needed: Updates[O]}}
}

// CountScope is the scope to count, before a deletion, the undeclared data that Auth0 deletes with the object. An object whose
// policy retains it does not need the scope.
func CountScope[O v1alpha1.Managed](name string) Scope[O] {
	return Scope[O]{Name: name, Needed: func(object O) bool { return object.GetDeletionTimestamp() != nil }}
}

// ScopesIf limits scopes to objects that meet a condition.
func ScopesIf[O v1alpha1.Managed](condition func(O) bool, scopes []Scope[O]) []Scope[O] {
	for i, scope := range scopes {
		scopes[i].Needed = func(object O) bool {
			return condition(object) && (scope.Needed == nil || scope.Needed(object))
		}
	}
	return scopes
}
