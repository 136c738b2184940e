package user

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

func TestRandomPasswordMeetsEveryPolicy(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		password := randomPassword(60)
		if len(password) != 60 || seen[password] {
			t.Fatalf("%d characters, or a password for the second time", len(password))
		}
		seen[password] = true
		for _, class := range []string{`[a-z]`, `[A-Z]`, `[0-9]`, `[!@#$%^&*]`} {
			if !regexp.MustCompile(class).MatchString(password) {
				t.Fatalf("%s is missing", class)
			}
		}
		for i := range len(password) - 1 {
			if password[i] == password[i+1] || password[i]+1 == password[i+1] || password[i]-1 == password[i+1] {
				t.Fatal("a repetition or a sequence")
			}
		}
	}
	if len(randomPassword(0)) < 40 {
		t.Error("a short password")
	}
}

func TestCoarse(t *testing.T) {
	for count, want := range map[string]int64{"0": 0, "1": 1, "2": 2, "4": 2, "5": 5, "9": 5, "10": 10, "19": 10, "20": 20, "49": 20, "50": 50, "99": 50, "12345": 10000, "x": 0, "-3": 0} {
		if have := coarse(json.Number(count)); have != want {
			t.Errorf("%s logins show as %d, want %d", count, have, want)
		}
	}
	if coarse(nil) != 0 {
		t.Error("a user who never signed in has logins")
	}
}

func TestExempt(t *testing.T) {
	for provider, row := range map[string]struct{ left, managed []string }{
		"auth0":         {nil, []string{"email", "name", "password"}},
		"email":         {[]string{"email", "password"}, []string{"name"}},
		"google-oauth2": {[]string{"email", "name", "picture", "password"}, []string{"blocked", "app_metadata"}},
		"waad":          {[]string{"nickname"}, []string{"user_metadata"}},
	} {
		fields, keeper := exempt(auth0.Document{"identities": []any{map[string]any{"provider": provider, "connection": "c"}}})
		for _, field := range row.left {
			if !slices.Contains(fields, field) {
				t.Errorf("%s is not left to %s", field, provider)
			}
		}
		for _, field := range row.managed {
			if slices.Contains(fields, field) {
				t.Errorf("%s is left to %s", field, provider)
			}
		}
		if len(row.left) > 0 && !strings.Contains(keeper, "connection c") {
			t.Errorf("the keeper is %q", keeper)
		}
	}
}
