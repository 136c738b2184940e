package secret

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// ourPrefix is the prefix of the operator's own types, labels and annotations.
const ourPrefix = "auth0-operator.io/"

// annotationAdoptedBy says which object writes into a Secret that existed before: kind, name and UID.
const annotationAdoptedBy = ourPrefix + "adopted-by"

// isOurs reports whether the type of a Secret is one of the operator's own: for credentials, or for its internal data.
func isOurs(kind corev1.SecretType) bool { return strings.HasPrefix(string(kind), ourPrefix) }

// grantsAccess reports whether Secrets of a type grant access to Kubernetes itself.
func grantsAccess(kind corev1.SecretType) bool {
	return kind == corev1.SecretTypeServiceAccountToken || strings.HasPrefix(string(kind), "bootstrap.kubernetes.io/")
}

// reserved says what a Secret is for if no passwords and tokens may be written into it, "" if they may.
func reserved(secret *corev1.Secret) string {
	switch {
	case secret.Type == v1alpha1.CredentialsSecretType:
		return "the credentials of an Auth0Tenant"
	case isOurs(secret.Type), secret.Name == hashKeySecret:
		return "the operator alone"
	case grantsAccess(secret.Type):
		return "access to Kubernetes"
	}
	return ""
}

// isWrittenByUs reports whether the operator wrote a Secret or ConfigMap, or part of it, for an object, whose spec chose the
// contents.
func isWrittenByUs(secret client.Object) bool {
	for _, owner := range secret.GetOwnerReferences() {
		if strings.HasPrefix(owner.APIVersion, ourPrefix) {
			return true
		}
	}
	return secret.GetLabels()[LabelManagedBy] == managedBy || secret.GetAnnotations()[annotationAdoptedBy] != ""
}
