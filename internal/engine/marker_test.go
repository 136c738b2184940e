package engine

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

func TestOwnerFits(t *testing.T) {
	object := &v1alpha1.Auth0User{ObjectMeta: metav1.ObjectMeta{
		Namespace: strings.Repeat("s", 63), Name: strings.Repeat("n", 253), UID: "6a2f41a3-c54c-fce8-32d2-0324e1c32e22",
	}}
	mark := Owner(object)
	if len(mark) != longestMarker || !strings.HasPrefix(mark, object.Namespace+"/nnn") || !strings.HasSuffix(mark, "n~/"+string(object.UID)) {
		t.Errorf("%d characters: %s", len(mark), mark)
	}
	object.Name = "ada"
	if mark := Owner(object); mark != object.Namespace+"/ada/"+string(object.UID) {
		t.Errorf("a name that fits is cut: %s", mark)
	}
}
