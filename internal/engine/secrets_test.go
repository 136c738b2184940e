package engine

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// connectionLike has an object that is replaced whole.
var connectionLike = Fields{Replaced: []string{"options"}}

func TestSecretsTravelWithWhatIsReplaced(t *testing.T) {
	values := map[string]any{"options.configuration.KEY": "plain", "password": "p"}
	have := document(t, `{"options":{"configuration":{"KEY":"masked"},"theirs":1}}`)

	changed := document(t, `{}`)
	connectionLike.includeSecrets(changed, have, values)
	if want := document(t, `{"options":{"configuration":{"KEY":"plain"},"theirs":1},"password":"p"}`); !sameJSON(want, changed) {
		t.Errorf("a value that changed: %v", changed)
	}
	for path := range values {
		if !connectionLike.carries(changed, path) {
			t.Errorf("the patch carries %s: %v", path, changed)
		}
	}

	other := document(t, `{"name":"x"}`)
	connectionLike.restoreSecrets(other, values)
	if want := document(t, `{"name":"x"}`); !sameJSON(want, other) {
		t.Errorf("a patch of something else got values: %v", other)
	}
	masked := document(t, `{"options":{"configuration":{"KEY":"masked"},"theirs":2}}`)
	connectionLike.restoreSecrets(masked, values)
	if want := document(t, `{"options":{"configuration":{"KEY":"plain"},"theirs":2}}`); !sameJSON(want, masked) {
		t.Errorf("what was read masked is written back: %v", masked)
	}
	if have.Object("options").Object("configuration").String("KEY") != "masked" {
		t.Error("what was read has changed")
	}
}

func TestSetIn(t *testing.T) {
	object := document(t, `{"branding":{"logo":"l","colors":{"primary":"p","page":"q"}}}`)
	setIn(object, splitPath("branding.colors.primary"), nil)
	setIn(object, splitPath("branding.colors.page"), nil)
	setIn(object, splitPath("missing.nested"), nil)
	setIn(object, splitPath("new.nested"), "n")
	if want := document(t, `{"branding":{"logo":"l"},"new":{"nested":"n"}}`); !sameJSON(want, object) {
		t.Errorf("got %v", object)
	}
}

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
