package engine

import (
	"os"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestAnnotationWarnings lists annotations that do nothing on an object.
func TestAnnotationWarnings(t *testing.T) {
	user := func(name string) *v1alpha1.Auth0User {
		return &v1alpha1.Auth0User{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{name: "now"}}}
	}
	invited := user(v1alpha1.AnnotationInvite)
	invited.Spec.Invitation = &v1alpha1.UserInvitation{}
	role := &v1alpha1.Auth0Role{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationUnblock: "now"}}}
	for _, row := range []struct {
		name, kind string
		object     v1alpha1.Object
		want       string
	}{
		{"misspelt", "Auth0User", user("auth0-operator.io/rotate_password"), "there is no annotation auth0-operator.io/rotate_password; an Auth0User takes auth0-operator.io/invite,"},
		{"of another kind", "Auth0User", user(v1alpha1.AnnotationRotateKey), "has no effect on an Auth0User, but on Auth0Client"},
		{"of a kind without any", "Auth0Role", role, "has no effect on an Auth0Role, but on Auth0User"},
		{"without its field", "Auth0User", user(v1alpha1.AnnotationInvite), "has no effect without spec.invitation"},
		{"without a generated password", "Auth0User", user(v1alpha1.AnnotationRotatePassword), "has no effect without spec.password.generate"},
		{"of Secrets", "Auth0User", user(v1alpha1.AnnotationAdoptableBy), "it goes on a Secret"},
		{"with a misspelt prefix", "Auth0User", user("auth0operator.io/invite"), "you may mean auth0-operator.io/invite: correct it"},
		{"of a tool of Auth0's", "Auth0User", user("auth0.com/team"), ""},
		{"with its field", "Auth0User", invited, ""},
		{"of all", "Auth0User", user(v1alpha1.AnnotationReconcileRequestedAt), ""},
		{"somebody else's", "Auth0User", user("example.com/rotate-key"), ""},
	} {
		got := strings.Join(annotationWarnings(row.kind, row.object), "\n")
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestEveryAnnotationIsKnown reads the annotations of the API, so that none of them counts as misspelt.
func TestEveryAnnotationIsKnown(t *testing.T) {
	for _, file := range []string{"condition_types.go", "reference_types.go"} {
		source, err := os.ReadFile("../../api/v1alpha1/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`Annotation\w+ += "(auth0-operator\.io/[^"]+)"`).FindAllSubmatch(source, -1) {
			if _, known := annotations[string(found[1])]; !known {
				t.Errorf("%s has the annotation %s, which internal/engine/warnings.go does not know", file, found[1])
			}
		}
	}
}
