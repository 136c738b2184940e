package secret

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestWhatKubernetesFindsInASecretStaysThere makes Kubernetes refuse the first character of a client secret.
func TestWhatKubernetesFindsInASecretStaysThere(t *testing.T) {
	output := Output{Owner: &v1alpha1.Auth0Client{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}, Name: "web"}
	err := output.explain(apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Secret").GroupKind(), "web", field.ErrorList{
		field.Invalid(field.NewPath("data").Key(".dockerconfigjson"), "<secret contents redacted>", "invalid character 'Q' looking for beginning of value"),
		field.Invalid(field.NewPath("metadata", "labels"), "a b", "a valid label must be an empty string or …"),
	}))
	if strings.Contains(err.Error(), "'Q'") {
		t.Errorf("a character of the data is quoted: %v", err)
	}
	for _, says := range []string{"data[.dockerconfigjson]: not what a Secret of this type holds", "a valid label must be"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("the message does not say %q: %v", says, err)
		}
	}
}
