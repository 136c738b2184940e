package fields

import (
	"slices"
	"testing"
)

// connectionLike has an object that is replaced whole.
var connectionLike = Semantics{Replaced: []string{"options"}}

func TestSecretsTravelWithWhatIsReplaced(t *testing.T) {
	values := map[string]any{"options.configuration.KEY": "plain", "password": "p"}
	have := document(t, `{"options":{"configuration":{"KEY":"masked"},"theirs":1}}`)

	changed := document(t, `{}`)
	connectionLike.includeSecrets(changed, nil, have, values)
	if want := document(t, `{"options":{"configuration":{"KEY":"plain"},"theirs":1},"password":"p"}`); !sameJSON(want, changed) {
		t.Errorf("a value that changed: %v", changed)
	}
	for path := range values {
		if !connectionLike.Carries(changed, path) {
			t.Errorf("the patch carries %s: %v", path, changed)
		}
	}

	other := document(t, `{"name":"x"}`)
	connectionLike.RestoreSecrets(other, values)
	if want := document(t, `{"name":"x"}`); !sameJSON(want, other) {
		t.Errorf("a patch of something else got values: %v", other)
	}
	masked := document(t, `{"options":{"configuration":{"KEY":"masked"},"theirs":2}}`)
	connectionLike.RestoreSecrets(masked, values)
	if want := document(t, `{"options":{"configuration":{"KEY":"plain"},"theirs":2}}`); !sameJSON(want, masked) {
		t.Errorf("what was read masked is written back: %v", masked)
	}
	if have.Object("options").Object("configuration").String("KEY") != "masked" {
		t.Error("what was read has changed")
	}
}

func TestSetIn(t *testing.T) {
	object := document(t, `{"branding":{"logo":"l","colors":{"primary":"p","page":"q"}}}`)
	Set(object, SplitPath("branding.colors.primary"), nil)
	Set(object, SplitPath("branding.colors.page"), nil)
	Set(object, SplitPath("missing.nested"), nil)
	Set(object, SplitPath("new.nested"), "n")
	if want := document(t, `{"branding":{"logo":"l"},"new":{"nested":"n"}}`); !sameJSON(want, object) {
		t.Errorf("got %v", object)
	}
}

// TestWithoutSecretsThatAreNotShown: a document without the value stays as it is.
func TestWithoutSecretsThatAreNotShown(t *testing.T) {
	shown := document(t, `{"name":"x","list":[{"name":"a","value":"secret"}]}`)
	paths := slices.Values([]string{"password", "list.[name=a].value", "list.[name=b].value", "credentials.token"})
	if want := document(t, `{"name":"x","list":[{"name":"a"}]}`); !sameJSON(want, WithoutSecrets(shown, paths)) {
		t.Errorf("got %v", WithoutSecrets(shown, paths))
	}
	if left := WithoutSecretLists(shown, []string{"other.[name].value"}); !sameJSON(shown, left) {
		t.Errorf("a document without the list lost %v", left)
	}
}
