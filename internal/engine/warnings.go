package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// Warner is a Handler that finds likely mistakes that Auth0 may accept.
type Warner[O v1alpha1.Object] interface {
	// Warnings say what is likely wrong, on which field, and what to do.
	Warnings(O) []string
}

// Warnings implements Warner with the warnings of the kind.
func (r *Remote[O]) Warnings(object O) []string {
	if r.Definition.Warnings != nil {
		return r.Definition.Warnings(object)
	}
	return nil
}

// warn records an Event for each warning that the object did not have at its last reconciliation.
func (r *Reconciler[O]) warn(ctx context.Context, reconciliation *Reconciliation[O]) {
	warnings := annotationWarnings(r.Kind, reconciliation.Object)
	if warner, ok := r.Handler.(Warner[O]); ok {
		warnings = append(warnings, warner.Warnings(reconciliation.Object)...)
	}
	name := client.ObjectKeyFromObject(reconciliation.Object)
	before, _ := r.warned.Load(name)
	known, _ := before.([]string)
	for _, warning := range warnings {
		if !slices.Contains(known, warning) {
			reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, warning)
		}
	}
	if len(warnings) == 0 {
		r.warned.Delete(name)
		return
	}
	r.warned.Store(name, warnings)
}

// annotations are the ones that people set on objects of this group. For each kind that has the annotation, the function says
// what an object lacks for it to take effect, "" for nothing.
var annotations = map[string]map[string]func(v1alpha1.Object) string{
	v1alpha1.AnnotationReconcileRequestedAt: {"": lacksNothing},
	v1alpha1.AnnotationRotatePassword:       {"Auth0User": lacksGeneratedPassword},
	v1alpha1.AnnotationInvite:               {"Auth0User": lacksInvitation},
	v1alpha1.AnnotationUnblock:              {"Auth0User": lacksNothing},
	v1alpha1.AnnotationRotateSecret:         {"Auth0Client": lacksOutputSecret},
	v1alpha1.AnnotationRotateKey:            {"Auth0Client": lacksKeyPair},
	v1alpha1.AnnotationConfirmDeletion:      {"Auth0Tenant": lacksNothing},
	v1alpha1.AnnotationDeletable:            {"Auth0Tenant": lacksNothing},
	v1alpha1.AnnotationAdoptableBy:          {},
}

// annotationPrefix is the prefix of the operator's annotations.
const annotationPrefix = "auth0-operator.io/"

// annotationWarnings say which of the operator's annotations are misspelt, or have no effect on the object.
func annotationWarnings(kind string, object v1alpha1.Object) []string {
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(object.GetAnnotations())) {
		if !strings.HasPrefix(name, annotationPrefix) {
			if meant := misspeltPrefix(name); meant != "" {
				warnings = append(warnings, fmt.Sprintf("the annotation %s has no effect; you may mean %s: correct it", name, meant))
			}
			continue
		}
		kinds, known := annotations[name]
		lacks := kinds[""]
		if lacks == nil {
			lacks = kinds[kind]
		}
		switch {
		case name == v1alpha1.AnnotationAdoptableBy:
			warnings = append(warnings, fmt.Sprintf("the annotation %s has no effect here: it goes on a Secret; move it there", name))
		case !known:
			warnings = append(warnings, fmt.Sprintf("there is no annotation %s; an %s takes %s: correct it, or remove it", name, kind, strings.Join(annotationsOf(kind), ", ")))
		case lacks == nil:
			warnings = append(warnings, fmt.Sprintf("the annotation %s has no effect on an %s, but on %s; remove it", name, kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")))
		case lacks(object) != "":
			warnings = append(warnings, fmt.Sprintf("the annotation %s has no effect without %s; add that, or remove the annotation", name, lacks(object)))
		}
	}
	return warnings
}

// misspeltPrefix returns the operator's annotation that one with another prefix was likely meant to be, "" if none.
func misspeltPrefix(name string) string {
	prefix, rest, _ := strings.Cut(name, "/")
	meant := annotationPrefix + rest
	if _, known := annotations[meant]; !known || !strings.Contains(strings.ToLower(prefix), "auth0") {
		return ""
	}
	return meant
}

// annotationsOf returns the annotations that have a meaning on objects of a kind.
func annotationsOf(kind string) []string {
	var names []string
	for name, kinds := range annotations {
		if kinds[""] != nil || kinds[kind] != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func lacksNothing(v1alpha1.Object) string { return "" }

func lacksGeneratedPassword(object v1alpha1.Object) string {
	if user, ok := object.(*v1alpha1.Auth0User); ok && (user.Spec.Password == nil || user.Spec.Password.Generate == nil) {
		return "spec.password.generate"
	}
	return ""
}

func lacksInvitation(object v1alpha1.Object) string {
	if user, ok := object.(*v1alpha1.Auth0User); ok && user.Spec.Invitation == nil {
		return "spec.invitation"
	}
	return ""
}

func lacksOutputSecret(object v1alpha1.Object) string {
	if application, ok := object.(*v1alpha1.Auth0Client); ok && application.Spec.OutputSecret == nil {
		return "spec.outputSecret"
	}
	return ""
}

func lacksKeyPair(object v1alpha1.Object) string {
	application, ok := object.(*v1alpha1.Auth0Client)
	if ok && !hasGeneratedKey(application) {
		return "spec.clientAuthenticationMethods.privateKeyJwt.generate"
	}
	return ""
}

func hasGeneratedKey(application *v1alpha1.Auth0Client) bool {
	methods := application.Spec.ClientAuthenticationMethods
	return methods != nil && methods.PrivateKeyJWT != nil && methods.PrivateKeyJWT.Generate != nil
}
