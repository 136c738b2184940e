package fields

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// userLike has one field of each special type.
var userLike = Semantics{
	Merged:     []string{"app_metadata"},
	CreateOnly: []string{"connection"},
	WriteOnly:  []string{"verify_email"},
	With:       map[string][]string{"email": {"email_verified", "verify_email"}, "password": {"blocked"}},
	Cleared:    map[string]any{"blocked": false},
	Kept:       []string{"email"},
	FoldCase:   []string{"email"},
	Apart:      [][]string{{"username"}, {"email", "email_verified", "verify_email"}, {"password"}},
	Alone:      []string{"password"},
}

func document(t *testing.T, text string) auth0.Document {
	t.Helper()
	parsed, err := auth0.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestSetsInAnotherOrder(t *testing.T) {
	fields := Semantics{Sets: []string{"scope"}}
	for _, row := range []struct {
		name, desired, have string
		same                bool
	}{
		{"words", `{"scope":"name email"}`, `{"scope":"email name"}`, true},
		{"words with commas", `{"scope":"name,email"}`, `{"scope":"email name"}`, true},
		{"another word", `{"scope":"name email"}`, `{"scope":"name phone"}`, false},
		{"a word less", `{"scope":"name email"}`, `{"scope":"name"}`, false},
		{"a list", `{"scope":["a","b"]}`, `{"scope":["b","a"]}`, true},
		{"nothing", `{"scope":"name"}`, `{}`, false},
	} {
		if changes := fields.Diff(document(t, row.desired), document(t, row.have), nil); (len(changes) == 0) != row.same {
			t.Errorf("%s: same is %t, want %t", row.name, len(changes) == 0, row.same)
		}
	}
}

// keyedLike has a list whose entries are separate fields.
var keyedLike = Semantics{Keyed: map[string]string{"scopes": "value"}}

func TestPatchOfKeyedLists(t *testing.T) {
	for _, row := range []struct {
		name          string
		desired, have string
		managed       []string
		want          string
	}{
		{"entries in another order", `{"scopes":[{"value":"a"},{"value":"b"}]}`, `{"scopes":[{"value":"b"},{"value":"a"}]}`, nil, `{}`},
		{"what others added stays", `{"scopes":[{"value":"a"}]}`, `{"scopes":[{"value":"theirs","description":"x"},{"value":"a"}]}`, nil, `{}`},
		{"an entry is missing", `{"scopes":[{"value":"a"}]}`, `{"scopes":[{"value":"theirs"}]}`, nil, `{"scopes":[{"value":"theirs"},{"value":"a"}]}`},
		{"there is no list yet", `{"scopes":[{"value":"a"}]}`, `{}`, nil, `{"scopes":[{"value":"a"}]}`},
		{"an entry differs", `{"scopes":[{"value":"a","description":"x"}]}`, `{"scopes":[{"value":"a"},{"value":"theirs"}]}`, nil,
			`{"scopes":[{"value":"theirs"},{"value":"a","description":"x"}]}`},
		{"an entry is no longer declared", `{"scopes":[]}`, `{"scopes":[{"value":"a.b"},{"value":"theirs"}]}`, []string{`scopes.a\.b`}, `{"scopes":[{"value":"theirs"}]}`},
		{"the list is no longer declared", `{}`, `{"scopes":[{"value":"a"}]}`, []string{"scopes.a"}, `{"scopes":[]}`},
		{"an entry is gone already", `{}`, `{"scopes":[]}`, []string{"scopes.a"}, `{}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			desired, have := document(t, row.desired), document(t, row.have)
			patch := keyedLike.Patch(desired, have, keyedLike.Diff(desired, have, row.managed), nil)
			if difference := cmp.Diff(document(t, row.want), patch); difference != "" {
				t.Errorf("(-want +got)\n%s", difference)
			}
			if !sameJSON(have, document(t, row.have)) {
				t.Errorf("what was read was changed: %v", have)
			}
		})
	}
}

func TestPatch(t *testing.T) {
	for _, row := range []struct {
		name          string
		desired, have string
		managed       []string
		want          string
	}{
		{"nothing differs", `{"name":"Ada"}`, `{"name":"Ada","nickname":"a"}`, nil, `{}`},
		{"a value differs", `{"name":"Ada"}`, `{"name":"Bob"}`, nil, `{"name":"Ada"}`},
		{"a value is missing", `{"name":"Ada"}`, `{}`, nil, `{"name":"Ada"}`},
		{"what is not declared is left alone", `{}`, `{"name":"Bob"}`, nil, `{}`},
		{"what was declared is cleared", `{}`, `{"name":"Bob"}`, []string{"name"}, `{"name":null}`},
		{"what is gone already is not cleared", `{}`, `{}`, []string{"name"}, `{}`},
		{"what null does not clear", `{}`, `{"blocked":true}`, []string{"blocked"}, `{"blocked":false}`},
		{"what is clear already", `{}`, `{"blocked":false}`, []string{"blocked"}, `{}`},
		{"what cannot be cleared", `{}`, `{"email":"a@b.c"}`, []string{"email"}, `{}`},
		{"case does not count where it does not", `{"email":"a@b.c"}`, `{"email":"A@B.c"}`, nil, `{}`},
		{"created once", `{"connection":"db"}`, `{}`, nil, `{}`},
		{"companions travel with their field", `{"email":"a@b.c","email_verified":true,"verify_email":false}`, `{"email":"x@b.c","email_verified":true}`, nil,
			`{"email":"a@b.c","email_verified":true,"verify_email":false}`},
		{"companions stay without their field", `{"email":"a@b.c","email_verified":true,"verify_email":false}`, `{"email":"a@b.c","email_verified":false}`, nil,
			`{"email_verified":true}`},
		{"metadata by top-level key", `{"app_metadata":{"a":1,"b":{"c":[1,2]}}}`, `{"app_metadata":{"a":1,"b":{"c":[1]},"theirs":1}}`, nil,
			`{"app_metadata":{"b":{"c":[1,2]}}}`},
		{"a metadata key is cleared", `{"app_metadata":{"a":1}}`, `{"app_metadata":{"a":1,"b":2,"theirs":3}}`, []string{"app_metadata.a", "app_metadata.b"},
			`{"app_metadata":{"b":null}}`},
		{"all metadata keys are cleared, theirs stay", `{}`, `{"app_metadata":{"a":1,"theirs":3}}`, []string{"app_metadata.a"},
			`{"app_metadata":{"a":null}}`},
		{"a metadata key with a dot", `{"app_metadata":{"a.b":1}}`, `{"app_metadata":{"a.b":2}}`, nil, `{"app_metadata":{"a.b":1}}`},
		{"numbers by value", `{"n":1.0,"m":1e3}`, `{"n":1,"m":1000}`, nil, `{}`},
		{"a number is no string", `{"n":1}`, `{"n":"1"}`, nil, `{"n":1}`},
		{"digits beyond a double do not differ forever", `{"n":12345678901234567}`, `{"n":12345678901234568}`, nil, `{}`},
		{"a number without end does no harm", `{"n":1e999999999}`, `{"n":1}`, nil, `{"n":1e999999999}`},
		{"order of keys does not count", `{"o":{"a":1,"b":2}}`, `{"o":{"b":2,"a":1}}`, nil, `{}`},
		{"null is absent", `{"o":{"a":null}}`, `{"o":{}}`, nil, `{}`},
		{"an object is no list", `{"o":{}}`, `{"o":[]}`, nil, `{"o":{}}`},
		{"a list is no string", `{"o":"x"}`, `{"o":["x"]}`, nil, `{"o":"x"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			desired := document(t, row.desired)
			patch := userLike.Patch(desired, nil, userLike.Diff(desired, document(t, row.have), row.managed), nil)
			if difference := cmp.Diff(map[string]any(document(t, row.want)), map[string]any(patch)); difference != "" {
				t.Errorf("-want +got:\n%s", difference)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	parts := userLike.Split(document(t, `{"name":"n","password":"p","email":"e","email_verified":true,"username":"u","blocked":true}`))
	want := []auth0.Document{
		{"username": "u"},
		{"email": "e", "email_verified": true},
		{"password": "p"},
		{"name": "n", "blocked": true},
	}
	if difference := cmp.Diff(want, parts); difference != "" {
		t.Errorf("-want +got:\n%s", difference)
	}
	parts = userLike.Split(document(t, `{"name":"n","email":"e","username":"u"}`))
	if difference := cmp.Diff([]auth0.Document{{"username": "u"}, {"email": "e", "name": "n"}}, parts); difference != "" {
		t.Errorf("-want +got:\n%s", difference)
	}
	if parts := userLike.Split(auth0.Document{}); len(parts) != 0 {
		t.Errorf("an empty patch takes the calls %v: Auth0 refuses one", parts)
	}
}

// TestReplacedObjects shows that a patch of an object that Auth0 replaces whole erases no unmanaged value.
func TestReplacedObjects(t *testing.T) {
	fields := Semantics{Replaced: []string{"options"}, Sets: []string{"callbacks"}, Cleared: map[string]any{"options": nil}}
	have := document(t, `{"options":{"passwordPolicy":"good","mfa":{"active":true,"enroll":true},"a.b":1},"callbacks":["x","y"]}`)
	for _, row := range []struct{ name, want, managed, patch string }{
		{"nothing differs", `{"options":{"mfa":{"active":true}},"callbacks":["y","x"]}`, ``, `{}`},
		{"a text where a list may be, too", `{"callbacks":"x"}`, ``, `{"callbacks":"x"}`},
		{"a value deep inside", `{"options":{"mfa":{"active":false}}}`, ``, `{"options":{"passwordPolicy":"good","mfa":{"active":false,"enroll":true},"a.b":1}}`},
		{"a value that is not there yet", `{"options":{"validation":{"username":{"min":3}}}}`, ``,
			`{"options":{"passwordPolicy":"good","mfa":{"active":true,"enroll":true},"a.b":1,"validation":{"username":{"min":3}}}}`},
		{"a value that is no longer declared", `{}`, `options.mfa.enroll`, `{"options":{"passwordPolicy":"good","mfa":{"active":true},"a.b":1}}`},
		{"the last value of an object", `{}`, `options.mfa.active options.mfa.enroll`, `{"options":{"passwordPolicy":"good","a.b":1}}`},
		{"an object that is declared to be empty", `{"options":{"mfa":{}}}`, `options.mfa.active options.mfa.enroll`, `{"options":{"passwordPolicy":"good","mfa":{},"a.b":1}}`},
		{"an empty object with Auth0's defaults", `{"options":{"mfa":{}}}`, `options.mfa`, `{}`},
		{"all is declared to be empty", `{"options":{}}`, `options.mfa.enroll`, `{"options":{}}`},
		{"the last value of all", `{}`, `options.mfa.active options.mfa.enroll options.a\.b options.passwordPolicy`, `{"options":null}`},
		{"a key with a dot", `{"options":{"a.b":2}}`, `options.a\.b`, `{"options":{"passwordPolicy":"good","mfa":{"active":true,"enroll":true},"a.b":2}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := document(t, row.want)
			got := fields.Patch(want, have, fields.Diff(want, have, strings.Fields(row.managed)), nil)
			if difference := cmp.Diff(map[string]any(document(t, row.patch)), map[string]any(got)); difference != "" {
				t.Errorf("-want +got:\n%s", difference)
			}
		})
	}
	if have.Object("options").Object("mfa")["enroll"] != true {
		t.Error("the patch changed what was read")
	}
}
